package notice

import (
	"context"
	"crypto/tls"
	"errors"
	"mime"
	"net"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/samverk/samverk/fault"
)

// server is where mail is handed over.
type server struct {
	host     string
	port     int
	tls      bool // from the first byte; else STARTTLS, or nothing on this machine
	user     string
	password string                                                               // the file
	trust    *tls.Config                                                          // nil: the system's
	dial     func(ctx context.Context, network, address string) (net.Conn, error) // nil: net's
}

// patience is how long the server may take for one mail.
const patience = 30 * time.Second

func parseServer(o Options) (*server, error) {
	if o.Server == "" {
		return nil, nil //nolint:nilnil // no server is a fine way to run
	}
	u, err := url.Parse(o.Server)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, fault.New(fault.Invalid, "the mail server's address can't be read").Where("server").
			Do("write it as smtp://user@mail.example.org:587 or smtps://user@mail.example.org:465")
	}
	if _, inside := u.User.Password(); inside {
		return nil, fault.New(fault.Invalid, "the mail server's address has a password in it").Where("server").
			Do("put the password alone into a file that only samverk's user may read, and name the file")
	}
	if a, err := mail.ParseAddress(o.From); err != nil || a.Address != o.From {
		return nil, fault.New(fault.Invalid, "the sender's address is missing or can't be read").Where("from").
			Do("write it as samverk@example.org")
	}
	s := &server{host: u.Hostname(), port: 587, tls: u.Scheme == "smtps", user: u.User.Username(), password: o.Password}
	if s.tls {
		s.port = 465
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil {
			return nil, fault.New(fault.Invalid, "the mail server's port is no number").Where("server")
		}
	}
	if (s.user == "") != (s.password == "") {
		return nil, fault.New(fault.Invalid, "the mail server needs both a user and a file with the password, or neither").Where("server")
	}
	return s, nil
}

// name is the server as a status page shows it.
func (s *server) name() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// here tells whether the server is this machine, where nothing needs to be hidden on the way.
func (s *server) here() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip != nil && ip.IsLoopback()
}

// client prepares a connection that conn is told of.
func (s *server) client(conn *net.Conn) (*gomail.Client, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.trust != nil {
		trust = s.trust.Clone()
	}
	trust.ServerName = s.host
	o := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(patience), gomail.WithTLSConfig(trust), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (c net.Conn, err error) {
			if s.dial != nil {
				c, err = s.dial(ctx, network, address)
			} else {
				c, err = (&net.Dialer{}).DialContext(ctx, network, address)
			}
			if err != nil {
				return nil, err
			}
			*conn = c
			if s.tls {
				c = tls.Client(c, trust)
			}
			return c, c.SetDeadline(time.Now().Add(patience)) // go-mail sets none for the greeting
		}),
	}
	switch {
	case s.tls:
		o = append(o, gomail.WithSSL())
	case s.here():
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.user != "" {
		password, err := readPassword(s.password)
		if err != nil {
			return nil, err
		}
		o = append(o, gomail.WithSMTPAuthCustom(&signIn{user: s.user, password: password, host: s.host}))
	}
	return gomail.NewClient(s.host, o...)
}

// readPassword reads it each time, so that it can be changed while samverk runs.
func readPassword(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "the mail server's password can't be read").In(file)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// signIn gives user and password in the form that the server offers. Both forms refuse a connection that is not encrypted,
// unless it stays on this machine.
type signIn struct {
	user, password, host string
	smtp.Auth
}

// Start chooses.
func (a *signIn) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if slices.Contains(server.Auth, "PLAIN") {
		a.Auth = smtp.PlainAuth("", a.user, a.password, a.host, false)
	} else {
		a.Auth = smtp.LoginAuth(a.user, a.password, a.host, false)
	}
	return a.Auth.Start(server)
}

// connection is a session with the server, opened when it is first needed.
type connection struct {
	client *gomail.Client
	conn   net.Conn
}

// open connects unless that is done.
func (c *connection) open(ctx context.Context, s *server) error {
	if c.client != nil {
		return nil
	}
	client, err := s.client(&c.conn)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		c.drop()
		return err
	}
	c.client = client
	return nil
}

// send hands over one mail. After anything but a plain answer the connection is not used again.
func (c *connection) send(ctx context.Context, m *gomail.Msg) verdict {
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err := c.client.Send(m)
	if m.IsDelivered() {
		if err != nil {
			c.drop()
		}
		return verdict{state: "sent", said: brief(m.ServerResponse())}
	}
	return c.refused(err)
}

// refused tells a refusal of this mail from a trouble that may pass.
func (c *connection) refused(err error) verdict {
	said := verdict{said: "the connection broke"}
	var e *gomail.SendError
	if !errors.As(err, &e) || e.ErrorCode() == 0 {
		c.drop()
		if err != nil {
			said.said = brief(err.Error())
		}
		return said
	}
	words, _, _ := strings.Cut(e.Error(), ", affected ")
	said.said = brief(words)
	if e.ErrorCode() == 421 { // it hangs up
		c.drop()
	}
	if e.ErrorCode() >= 500 && (e.Reason == gomail.ErrSMTPRcptTo || e.Reason == gomail.ErrSMTPData || e.Reason == gomail.ErrSMTPDataClose) {
		said.state = "bounced"
	}
	return said
}

// close takes leave of the server.
func (c *connection) close() {
	if c.client != nil {
		_ = c.client.Close() // what was sent is settled
	}
	c.drop()
}

// drop cuts the connection; the next mail opens another.
func (c *connection) drop() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
	c.client, c.conn = nil, nil
}

// brief keeps the beginning of what a server said, as one line.
func brief(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	for len(s) > 300 {
		_, size := utf8.DecodeLastRuneInString(s[:300])
		s = s[:300-size]
	}
	return s
}

// message writes a mail as it goes out: the same bytes each time.
func (n *Notices) message(m outgoing) (*gomail.Msg, error) {
	g := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	from, err := mail.ParseAddress(n.options.From)
	if err != nil {
		return nil, err
	}
	g.FromMailAddress(&mail.Address{Name: n.options.Name, Address: from.Address})
	to, err := Address(m.to.Mail)
	if err != nil {
		return nil, err
	}
	g.ToMailAddress(&mail.Address{Address: to})
	g.Subject(m.subject)
	g.SetDateWithValue(m.made)
	g.SetMessageIDWithValue(m.id + "@" + n.senderDomain())
	g.SetGenHeader("Auto-Submitted", "auto-generated")
	g.SetGenHeader("Content-Language", m.to.Lang)
	if m.digest {
		g.SetGenHeader("List-Unsubscribe", "<"+n.at("/account")+">")
	}
	g.SetBodyString(gomail.TypeTextPlain, m.body)
	return g, attach(g, m)
}

// attach adds an invitation as another form of the text, which mail programs show with buttons (RFC 6047), and
// anything else as a file.
func attach(g *gomail.Msg, m outgoing) error {
	if m.attach == nil {
		return nil
	}
	g.SetBoundary("part-" + m.id)
	kind, _, err := mime.ParseMediaType(m.attach.Type)
	if err != nil {
		return err
	}
	if kind == "text/calendar" {
		g.AddAlternativeString(gomail.ContentType(m.attach.Type), string(m.attach.Body))
		return nil
	}
	return g.AttachReader(m.attach.Name, strings.NewReader(string(m.attach.Body)), gomail.WithFileContentType(gomail.ContentType(m.attach.Type)))
}
