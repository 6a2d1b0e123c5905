package testkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EachDatabase runs a test on a new SQLite file and on a new PostgreSQL database.
func EachDatabase(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite names a database file that doesn't exist yet.
func SQLite(t testing.TB) string { return filepath.Join(t.TempDir(), "samverk.db") }

// Postgres makes an empty database, gone when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	s, err := start()
	if errors.Is(err, errAbsent) && os.Getenv("SAMVERK_REQUIRE_POSTGRES") != "1" {
		t.Skip("PostgreSQL isn't installed here (initdb and postgres in PATH, /usr/lib/postgresql/*/bin or SAMVERK_PG_BIN); " +
			"SAMVERK_REQUIRE_POSTGRES=1 makes this a failure")
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	if err := s.admin(`CREATE DATABASE ` + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.admin(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return s.dsn(name)
}

// HavePostgres tells whether Postgres would not skip the test.
func HavePostgres() bool {
	_, err := start()
	return !errors.Is(err, errAbsent)
}

// Main runs a package's tests and stops the server they used; give its result to os.Exit.
func Main(m *testing.M) int {
	defer stop()
	return m.Run()
}

var errAbsent = errors.New("PostgreSQL isn't installed")

// server is a PostgreSQL of our own that listens on a socket in its folder only.
type server struct {
	dir       string
	process   *exec.Cmd
	log       *bytes.Buffer
	databases atomic.Int64
}

var (
	startOnce sync.Once
	running   *server
	startErr  error
)

func start() (*server, error) {
	startOnce.Do(func() { running, startErr = newServer() })
	return running, startErr
}

func stop() {
	if running == nil {
		return
	}
	// SIGINT is PostgreSQL's "fast" shutdown.
	_ = running.process.Process.Signal(syscall.SIGINT)
	_ = running.process.Wait()
	_ = os.RemoveAll(running.dir)
}

func newServer() (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "samverk-pg-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, log: &bytes.Buffer{}}
	if err := s.run(bin); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("starting PostgreSQL: %w\n%s", err, s.log)
	}
	return s, nil
}

func (s *server) run(bin string) error {
	as, err := s.owner()
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "samverk", "-A", "trust",
		"-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	initdb.SysProcAttr = as
	initdb.Dir = s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// What survives a power cut is PostgreSQL's own business; without fsync tests are quick.
	s.process = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200")
	s.process.SysProcAttr = as
	s.process.Dir = s.dir
	s.process.Stdout, s.process.Stderr = s.log, s.log
	if err := startBound(s.process); err != nil {
		return err
	}
	return s.ready()
}

// owner makes the folder the server's own and says as whom it must run.
func (s *server) owner() (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2, os.Chown(s.dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// ready waits until the server takes connections.
func (s *server) ready() error {
	var err error
	for range 600 {
		if err = s.admin(`SELECT 1`); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	return err
}

func (s *server) dsn(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("samverk"), Path: "/" + database,
		RawQuery: url.Values{"host": {s.dir}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

func (s *server) admin(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, s.dsn("postgres"))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

// binaries finds the folder that holds initdb and postgres.
func binaries() (string, error) {
	places := []string{os.Getenv("SAMVERK_PG_BIN")}
	if p, err := exec.LookPath("initdb"); err == nil {
		places = append(places, filepath.Dir(p))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.Reverse(debian) // the newest first, near enough
	for _, p := range append(places, debian...) {
		if p != "" && exists(filepath.Join(p, "initdb")) && exists(filepath.Join(p, "postgres")) {
			return p, nil
		}
	}
	return "", errAbsent
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
