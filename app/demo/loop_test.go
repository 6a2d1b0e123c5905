package demo

import (
	"bufio"
	"context"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/web/webtest"
)

// demonstrated makes the demonstration as `samverk demo` does, the walk in the terminal included, and serves it.
func demonstrated(t *testing.T) (dir, url string) {
	t.Helper()
	if testing.Short() {
		t.Skip("makes the demonstration")
	}
	dir = filepath.Join(t.TempDir(), "node")
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Run(ctx, Options{Addr: "127.0.0.1:0", Dir: dir, Seed: 1, Out: w})
		ended <- err
		w.CloseWithError(err)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		t.Log(lines.Text())
		if _, at, ok := strings.Cut(lines.Text(), "The same in the browser: "); ok {
			url = at
			break
		}
	}
	if url == "" {
		t.Fatal(lines.Err())
	}
	go func() { _, _ = io.Copy(io.Discard, r) }() // it tells what to try next
	return dir, url
}

// The whole loop on the pages that people use, from a question over a withdrawal and a decision to a refusal: as /walk leads through it, and
// once more with a topic, a draft and a meeting of one's own. With no script running, and in a browser.
func TestTheLoopOnThePages(t *testing.T) {
	dir, url := demonstrated(t)
	for _, by := range []struct {
		name    string
		halfway bool // once is enough
		visitor func(*testing.T) webtest.Visitor
	}{
		{"without scripts", true, func(t *testing.T) webtest.Visitor { return webtest.Plain(t, url) }},
		{"in a browser", false, func(t *testing.T) webtest.Visitor { return webtest.Open(t).Visitor(url) }},
	} {
		t.Run(by.name, func(t *testing.T) {
			l := &loop{T: t, Visitor: by.visitor(t), dir: dir, url: url}
			if by.halfway {
				l.halfway()
			}
			l.asWalked()
			l.fromATopic()
			l.research()
		})
	}
}

// loop is somebody's way through it.
type loop struct {
	*testing.T
	webtest.Visitor
	dir, url string
}

func (l *loop) open(address string) { // of the national node, unless it says otherwise
	l.Helper()
	if strings.HasPrefix(address, "/") {
		address = l.url + address
	}
	l.Visitor.Go(l.T, address)
}
func (l *loop) press(name string)       { l.Helper(); l.Visitor.Press(l.T, name) }
func (l *loop) set(label, value string) { l.Helper(); l.Visitor.Set(l.T, label, value) }
func (l *loop) choose(label string)     { l.Helper(); l.Visitor.Choose(l.T, label) }
func (l *loop) page() string            { l.Helper(); return l.Visitor.Text(l.T, "main") }
func (l *loop) step(name string)        { l.Helper(); l.open("/walk?lang=en"); l.press(name) }

// says makes sure that the page says something.
func (l *loop) says(texts ...string) {
	l.Helper()
	page := l.page()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			l.Fatalf("%s doesn't say %q:\n%s", l.At(l.T), text, page)
		}
	}
}

// be signs in as somebody of the demonstration.
func (l *loop) be(name string) {
	l.Helper()
	l.open("/walk?lang=en")
	if strings.Contains(l.Visitor.Text(l.T, "header"), "Sign out") {
		l.press("Sign out")
	}
	l.open("/sign-in?lang=en")
	l.press("Sign in as " + name)
}

var (
	answered = regexp.MustCompile(`([0-9,]+) of ([0-9,]+) people counted for care carry it`)
	allowed  = regexp.MustCompile(`Allowed in .* by decision (20[0-9]{2}-[0-9]+)`)
	numbered = regexp.MustCompile(`Number (20[0-9]{2}-[0-9]+)`)
)

// answer reads what the clinician is told: how many carry it of how many who are counted, and by which decision.
func (l *loop) answer() (carry, counted int, decision string) {
	l.Helper()
	page := l.page()
	a, d := answered.FindStringSubmatch(page), allowed.FindStringSubmatch(page)
	if a == nil || d == nil {
		l.Fatalf("%s: no answer\n%s", l.At(l.T), page)
	}
	number := func(s string) int {
		n, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
		if err != nil {
			l.Fatal(err)
		}
		return n
	}
	return number(a[1]), number(a[2]), d[1]
}

// asWalked follows /walk, from its first step to its last.
func (l *loop) asWalked() {
	l.step("Ask as Henrik")
	carry, counted, by := l.answer()

	l.step("To the patients’ page in Umeå")
	l.press("Be the patient Alva Lind")
	l.choose("No") // the first question of the form is care's
	l.press("Save my choices")
	l.says("This has stopped: care.", "it can't be recalled", "Count me when care asks: No, withdrawn")

	l.step("Ask as Henrik")
	if one, of, again := l.answer(); one != carry-1 || of != counted-1 || again != by {
		l.Errorf("%d of %d by %s; after a withdrawal %d of %d by %s", carry, counted, by, one, of, again)
	}
	l.ledger(by)
	l.silence()

	l.step("As Karin Alm, read the draft")
	l.says("would have been answered otherwise", "Clinician Granåsens sjukhus")
	number := l.record()
	l.close()
	for _, name := range []string{"Karin Alm", "Elin Stålnacke"} {
		l.step("Approve the minutes as " + name)
		l.press("Approve the minutes")
	}
	l.obeyed(number)
	l.step("Ask as Henrik")
	l.refused(number, "Vårdens frågor ställs av laboratorierna")
	l.putBack(carry, counted)
}

// record records the decision that was prepared.
func (l *loop) record() (number string) {
	l.Helper()
	l.step("Record the decision as Karin Alm")
	l.press("Record the decision")
	l.says("Quorate:", "care-frequency-", "Vårdens frågor ställs av laboratorierna")
	number = l.number()
	l.press("Yes, record the decision")
	l.says("Waits for approval")
	return number
}

func (l *loop) close() {
	l.Helper()
	l.step("Close the meeting as Karin Alm")
	l.press("Close the meeting")
	l.press("Close the meeting")
}

// halfway stops in the middle, and puts everything back: nothing that was begun waits for anybody after that.
func (l *loop) halfway() {
	l.record()
	decision := l.At(l.T)
	l.step("Put everything back")
	l.open(decision)
	if page := l.page(); strings.Contains(page, "Waits for approval") || strings.Contains(page, "In force") {
		l.Errorf("the decision wasn't taken back:\n%s", page)
	}
	l.record()
	l.close()
	minutes := l.At(l.T)
	l.step("Approve the minutes as Karin Alm")
	l.press("Approve the minutes")
	l.open("/walk?lang=en")
	if strings.Contains(l.page(), "Approve the minutes as Karin Alm") {
		l.Error("who approved the minutes is asked to approve them")
	}
	l.step("Put everything back")
	l.open(minutes)
	l.says("Approved and sealed")
}

// silence cuts a region off: it is named, and the total is not of all.
func (l *loop) silence() {
	l.Helper()
	l.step("Cut off Lund")
	l.step("Ask as Henrik")
	l.says("6 of 7 regions answered.", "Not in any number here: Lund.", "Lund Could not be reached")
	l.step("Connect Lund again")
	l.step("Ask as Henrik")
	l.says("All 7 regions answered.")
}

// ledger reads the log as the patient and as anybody, and verifies it from outside.
func (l *loop) ledger(by string) {
	l.step("See the uses in Umeå")
	l.says("decision "+by+" No", "decision "+by+" Yes, 1 of ")
	region, _, _ := strings.Cut(l.At(l.T), "/my/")
	l.open(region + "/my/me")
	l.press("Check a use yourself") // the last one: she had withdrawn
	l.says("Were you counted? No", "By decision "+by, "Checked when this page was shown")
	l.open(region + "/ledger?lang=en")
	l.says("samverk ledger verify --log " + region + "/ledger --key ")
	log, err := app.OpenLog(filepath.Join(l.dir, regionsName, "umea"), "")
	if err != nil {
		l.Fatal(err)
	}
	if r, err := log.Verify(l.Context()); err != nil || r.Kinds["use"] == 0 {
		l.Errorf("the ledger: %+v, %v", r, err)
	}
}

func (l *loop) number() string {
	l.Helper()
	found := numbered.FindStringSubmatch(l.page())
	if found == nil {
		l.Fatalf("the decision has no number\n%s", l.page())
	}
	return found[1]
}

// obeyed waits until all regions obey a decision, which takes them a few seconds.
func (l *loop) obeyed(number string) {
	l.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		l.open("/walk?lang=en")
		if page := l.page(); strings.Contains(page, "Clinicians are not answered any more: decision "+number) && strings.Contains(page, "7 of 7 regions obey it") {
			return
		}
		if time.Now().After(end) {
			l.Fatalf("the regions don't obey decision %s\n%s", number, l.page())
		}
	}
}

// refused reads a refusal, which says nothing but which decision it follows from, and the decision.
func (l *loop) refused(number, title string) {
	l.Helper()
	l.says("None of 7 regions answered.", "Not answered in Göteborg,", "by decision "+number)
	if answered.MatchString(l.page()) {
		l.Errorf("a refusal with a number\n%s", l.page())
	}
	l.press("decision " + number)
	l.says("In force", title, "Quorate:", "Approved by Karin Alm and Elin Stålnacke")
}

func (l *loop) putBack(carry, counted int) {
	l.Helper()
	l.step("Put everything back")
	l.step("Ask as Henrik")
	if c, of, _ := l.answer(); c != carry || of != counted {
		l.Errorf("put back it is %d of %d, not %d of %d", c, of, carry, counted)
	}
}

// fromATopic does by hand what the demonstration had prepared: a patients' representative raises a topic, the chair prepares it and writes a
// draft, the coordinator plans a meeting, and those who came vote.
func (l *loop) fromATopic() {
	const title = "Ska färre få ställa vårdens frågor?"
	l.step("Ask as Henrik")
	carry, counted, _ := l.answer()

	l.be("Elin Stålnacke")
	l.open("/n/se/topics/new?all=1")
	l.set("What is it about", title)
	l.set("Why does it matter", "Ju färre som frågar, desto lättare är det att följa vem som gör det.")
	l.set("To which group", "Steering group")
	l.choose("I raise it as a patient")
	l.choose("Everybody")
	l.press("Raise the topic")
	l.press("Raise it all the same") // there are topics like it
	topic := strings.TrimPrefix(strings.Split(l.At(l.T), "?")[0], l.url)

	l.be("Karin Alm")
	l.open(topic)
	l.press("Do without patients’ input")
	l.set("Why", "Patienternas företrädare har själva rest frågan.")
	l.press("Do without")
	l.press("It is prepared")
	l.press("Write a draft of a policy")
	l.press("Questions of care within the country, version")
	for range 3 { // rules
		l.Untick(l.T, "Clinician")
	}
	l.press("Save the draft")
	l.says("Anyone signed in as a laboratory geneticist in health care may ask", "had the draft been in force then", "Clinician Granåsens sjukhus")

	l.be("Maja Lindqvist")
	l.open("/n/se/meetings/new")
	l.set("Group", "Steering group")
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		l.Fatal(err)
	}
	now := time.Now().In(zone)
	l.set("Day", now.Format(time.DateOnly))
	l.set("Time of day", now.Format("15:04"))
	l.set("Minutes", "30")
	l.press("Save")
	meeting := l.At(l.T)
	l.set("Topic", title)
	l.press("Put the topic on")
	l.press("Send the convocation")
	l.choose("Karin Alm")
	l.choose("Elin Stålnacke")
	l.PressAt(l.T, "Whoever leads, and at least one more", "Save")
	l.press("Open the meeting")
	l.says("The meeting can’t decide just now")
	came := []string{"Karin Alm", "Mehmet Fors", "Matilda Lindholm", "Isak Sundin", "Elsa Granath", "Goran Bäckman", "Kerstin Dahl", "Amir Rahimi", "Oskar Thelin", "Elin Stålnacke", "Moa Nyberg"}
	for _, name := range came {
		l.press("Came " + name)
	}
	l.says("The meeting is quorate")
	l.press(title)
	item := l.At(l.T)

	l.be("Elin Stålnacke") // who votes herself
	l.open(item)
	l.press("For")

	l.be("Karin Alm")
	l.open(item)
	l.set("Title", "Bara laboratorierna frågar")
	l.set("Text of the decision", "Bara laboratoriegenetiker får ställa vårdens frågor.")
	l.set("How we decide", "A vote, seat by seat")
	l.choose("Vårdens frågor inom landet (care-frequency-")
	l.press("Everybody else for")
	l.press("Record the decision")
	number := l.number()
	l.says("Quorate: 11 of 18 seats", "11 for")
	l.press("Yes, record the decision")
	l.open(meeting)
	l.press("Close the meeting")
	l.press("Close the meeting")
	minutes := l.At(l.T)
	l.press("Approve the minutes")
	l.be("Elin Stålnacke")
	l.open(minutes)
	l.press("Approve the minutes")
	l.says("Sealed")
	l.obeyed(number)

	l.step("Ask as Henrik")
	l.refused(number, "Bara laboratorierna frågar")
	l.putBack(carry, counted)
}

// research asks as a researcher: for research, which another decision allows, and for care, which none does.
func (l *loop) research() {
	l.step("Ask for research as Nora Haddad")
	l.says("You ask as: researcher at Granåsens universitet (påhittat)", "Counted for research", "policy research-")
	by := allowed.FindStringSubmatch(l.page())
	if by == nil || answered.MatchString(l.page()) {
		l.Fatalf("no answer by a decision, or one for care\n%s", l.page())
	}
	l.press("decision " + by[1])
	l.says("In force", "Forskning med etikprövning får fråga")
	l.open("/ask?lang=en")
	l.set("Variant, gene or region", commonVariant)
	l.set("What is it for?", "Care")
	l.press("Ask all regions")
	l.says("None of 7 regions answered.", "They follow decisions", "by decision ")
}
