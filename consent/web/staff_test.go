package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func (h *house) steward() *browser {
	b := h.browser()
	b.as = "steward"
	return b
}

// What came on paper is registered with who and where, and the list names nobody.
func TestFromPaper(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := newHouse(t, dsn, nil)
		s := h.steward()
		s.get("/consent/register")
		s.says("No form is in force", "Nothing is registered yet")
		old := h.enact(14, model(t)).String()
		h.pass(3 * 24 * time.Hour)
		f := model(t)
		f.Version = "2"
		h.enact(15, f)
		s.post("/consent/register", "form", old)
		s.is("/consent/register", 400)
		s.says("Nobody here has that number", "Write where the paper is", "Write the day")
		s.post("/consent/register", "form", old, "individual", "canary-bo", "day", "2026-12-04", "document", "archive 4", "q.research", "yes")
		s.is("/consent/register", 400)
		s.says("Choose at least one disease")
		s.post("/consent/register", "form", old, "individual", "canary-bo", "day", "2026-12-06", "document", "archive 4", "q.care", "yes")
		s.says("That form wasn’t in force then")
		if h.counts("canary-bo", care) {
			t.Fatal("counted by what was refused")
		}
		s.post("/consent/register", "form", old, "individual", "canary-bo", "day", "2026-12-04", "document", "archive 4, binder 12", "q.care", "yes")
		s.is("/consent/register", 200)
		s.says("Registered. The receipt’s number is 2026-000001", "archive 4, binder 12", "Version 1", "Olga Olsson")
		s.silent("canary")
		if !h.counts("canary-bo", care) {
			t.Error("what was registered isn't obeyed")
		}
		who, _ := h.people.Lookup("canary-bo")
		history := must(h.consents.History(t.Context(), who.Number))(t)
		if len(history) != 1 || history[0].Document != "archive 4, binder 12" || history[0].By != "Olga Olsson (steward)" || history[0].Form != old {
			t.Error(history)
		}
		s.post("/consent/register", "what", "withdraw", "form", old, "individual", "canary-bo", "day", "2026-12-06", "document", "letter 7")
		s.says("2026-000002", "letter 7")
		if h.counts("canary-bo", care) {
			t.Error("a withdrawal on paper isn't obeyed")
		}

		// For a child with several guardians staff say which one signed.
		s.post("/consent/register", "form", old, "individual", "child", "who", "guardian", "day", "2026-12-04", "document", "a", "q.care", "yes")
		s.says("no guardian who may choose now")
		first := h.guardian("pid-mother", "child")
		h.guardian("pid-father", "child")
		digest := h.consents.InForce().Digest.String()
		s.post("/consent/register", "form", digest, "individual", "child", "who", "guardian", "day", "2026-12-06", "document", "a", "q.care", "yes")
		s.says("several guardians", "Guardian 1, since 6\u00a0December\u00a02026")
		s.post("/consent/register", "form", digest, "individual", "child", "who", "guardian", "guardian", first, "day", "2026-12-06", "document", "a", "q.care", "yes")
		s.says("2026-000003")
		if !h.counts("child", care) {
			t.Error("a guardian's paper isn't obeyed")
		}
	})
}

// A look at somebody needs a reason, and is in the ledger before anything is shown.
func TestLooks(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	digest := h.enact(14, model(t)).String()
	h.link("pid-bo", "canary-bo")
	h.patient("pid-bo").post("/my/me/choices", "form", digest, "q.care", "yes")
	s := h.steward()
	s.get("/consent/individuals")
	s.post("/consent/individuals", "individual", "canary-bo")
	s.is("/consent/individuals", 400)
	s.says("Write why you need to see it")
	s.silent("2026-000001")
	s.post("/consent/individuals", "individual", "nobody", "why", "A letter from them")
	s.is("/consent/individuals", 400)
	if len(h.looks) != 0 {
		t.Error("a look at nobody is recorded")
	}
	s.post("/consent/individuals", "individual", "canary-bo", "why", "A letter from them")
	s.is("/consent/individuals", 200)
	s.says("2026-000001", "It is written in the log that you looked: A letter from them", ">The patient<")
	s.silent(">You<")
	who, _ := h.people.Lookup("canary-bo")
	about := must(h.accesses.About(t.Context(), who.Number, h.Now(), 10))(t)
	leaves := must(h.log.Index.List(t.Context(), ledger.Filter{Kind: ledger.Access}))(t)
	if len(about) != 1 || about[0].Person != "steward" || len(leaves) != 1 || leaves[0].Private != about[0].Commitment() {
		t.Error(about, leaves)
	}
	unlogged := newHouse(t, testkit.SQLite(t), func(o *consentweb.Options) { o.Looked = nil })
	s = unlogged.steward()
	s.post("/consent/individuals", "individual", "canary-bo", "why", "A letter")
	s.is("/consent/individuals", 503)
}

// A form is written, checked, kept, read by those who may, and put in force by a decision.
func TestForms(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	s, public := h.steward(), h.browser()
	public.get("/n/se/forms")
	public.says("No form is in force")
	public.silent("Write a new version", "Drafts")
	s.get("/n/se/forms/new")
	s.says("New version of the form", "Räkna med mig när vården frågar")
	fields := fieldsOf(s.body)
	s.post("/n/se/forms/new", append(fields, "do", "check")...)
	s.says("The form holds")
	s.post("/n/se/forms/new", append(fields, "do", "add")...)
	s.says("Question 6")
	s.post("/n/se/forms/new", append(fieldsOf(s.body), "do", "check")...)
	s.is("/n/se/forms/new", 400)
	s.says("Write the text in Norwegian", "Give question 6 a short name")
	s.post("/n/se/forms/new", append(fieldsOf(s.body), "q5.drop", "yes", "do", "check")...)
	s.says("The form holds")
	s.post("/n/se/forms/new", append(change(fields, "q1.scope", "health"), "do", "check")...)
	s.is("/n/se/forms/new", 400)
	s.says("The questions don’t fit together")
	s.post("/n/se/forms/new", append(change(fields, "title.nb", ""), "do", "save")...)
	s.is("/n/se/forms/new", 400)
	s.says("Write the text in Norwegian")

	s.post("/n/se/forms/new", append(fields, "do", "save")...)
	digest := must(model(t).Digest())(t).String()
	s.is("/n/se/forms/"+digest, 200)
	s.says("Draft", digest[:4]+" "+digest[4:8], "cardiovascular diseases")
	s.silent("(steward)") // a name is enough; the id is for the record
	s.get("/n/se/forms/" + digest + "/preview")
	s.says("Count me when care asks", "epilepsy")
	s.get("/n/se/forms")
	s.says("/n/se/forms/" + digest)
	public.get("/n/se/forms")
	public.silent(digest)
	for _, path := range []string{"/n/se/forms/" + digest, "/n/se/forms/" + digest + "/preview", "/n/se/forms/x", "/n/dk/forms"} {
		if public.get(path); public.last.StatusCode != 404 {
			t.Error(path, public.last.StatusCode)
		}
	}
	if s.get("/n/no/forms/" + digest); s.last.StatusCode != 404 {
		t.Error("a form is shown under another country's network")
	}

	h.enact(14, model(t))
	public.get("/n/se/forms/" + digest)
	public.says("In force", "The steering group", "13 for and 2 against")
	public.silent("New version of this", "Olga")
	public.get("/n/se/forms/" + digest + "?format=json")
	var f consent.Form
	f, err := consent.ParseForm([]byte(public.body))
	ok(t, err)
	if must(f.Digest())(t).String() != digest {
		t.Error("what is given isn't what the digest is of")
	}
	h.pass(time.Hour)
	f.Version = "2"
	h.enact(15, f)
	public.get("/n/se/forms?format=csv")
	public.says("superseded", "force", "2026-15")
	s.get("/n/se/forms/new")
	s.says(`name="version" type="text" value="3"`)
	s.get("/n/se/forms/new?from=" + mandate.Digest{1}.String())
	s.is("/n/se/forms/new", 404)
	for _, lang := range []string{"sv", "nb", "en"} {
		s.lang = lang
		for _, path := range []string{"/n/se/forms", "/n/se/forms/" + digest, "/n/se/forms/" + digest + "/preview", "/n/se/forms/new", "/consent/register", "/consent/individuals"} {
			s.get(path)
			if left := append(webtest.Leftovers(webtest.Visible(s.body)), webtest.Misnamed(s.body)...); len(left) > 0 || s.last.StatusCode != 200 {
				t.Error(path, lang, s.last.StatusCode, left)
			}
		}
	}
}

var (
	tag       = regexp.MustCompile(`<(input|textarea|select)([^>]*)>(?:\n([^<]*)</textarea>)?`)
	attribute = regexp.MustCompile(` (name|value|type)="([^"]*)"`)
	option    = regexp.MustCompile(`<option value="([^"]*)" selected`)
	unescape  = strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&#43;", "+")
)

// fieldsOf are the fields of a page's form as a browser would send them, but for boxes and buttons.
func fieldsOf(page string) (pairs []string) {
	_, page, _ = strings.Cut(page, `<form class="smv-form"`)
	page, _, _ = strings.Cut(page, "</form>")
	for _, m := range tag.FindAllStringSubmatchIndex(page, -1) {
		attributes := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(page[m[4]:m[5]], -1) {
			attributes[a[1]] = a[2]
		}
		switch page[m[2]:m[3]] {
		case "textarea":
			attributes["value"] = page[m[6]:m[7]]
		case "select":
			rest, _, _ := strings.Cut(page[m[1]:], "</select>")
			if o := option.FindStringSubmatch(rest); o != nil {
				attributes["value"] = o[1]
			}
		}
		if attributes["type"] != "checkbox" {
			pairs = append(pairs, attributes["name"], unescape.Replace(attributes["value"]))
		}
	}
	return pairs
}

func change(pairs []string, name, value string) []string {
	out := append([]string(nil), pairs...)
	for i := 0; i < len(out); i += 2 {
		if out[i] == name {
			out[i+1] = value
		}
	}
	return out
}

// Every route × every kind of reader: nothing but what the table says.
func TestWhoMayWhat(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), func(o *consentweb.Options) { o.As = []consentweb.Persona{{Individual: "anna"}} })
	h.link("pid-bo", "canary-bo")
	patient, nobody, member, steward := h.patient("pid-bo"), h.browser(), h.browser(), h.steward()
	member.as = "member"
	fill := strings.NewReplacer("{for}", "me", "{network}", "se", "{provider}", "strong", "{digest}", "new", "{number}", "1", "{index}", "1", "{id}", "1")
	for _, one := range h.table.Routes() {
		path := fill.Replace(one.Pattern)
		if !strings.HasPrefix(path, "/my") && !strings.HasPrefix(path, "/consent") && !strings.HasPrefix(path, "/n/") {
			continue
		}
		for name, b := range map[string]*browser{"nobody": nobody, "member": member, "steward": steward, "patient": patient} {
			if name == "patient" && (strings.Contains(path, "/sign-") || one.Method == "POST") {
				continue
			}
			if one.Method == "GET" {
				b.get(path)
			} else {
				b.post(path)
			}
			status, at := b.last.StatusCode, b.last.Request.URL.Path
			var fine bool
			switch one.Who {
			case route.Patient:
				fine = name == "patient" && status < 500 || name != "patient" && (at == "/my/sign-in" || status == 401)
			case route.Steward, route.Coordinator:
				fine = name == "steward" && status < 500 || name == "member" && status == 404 || (name == "nobody" || name == "patient") && (at == "/sign-in" || status == 401)
			case route.Anyone:
				fine = status < 500
			}
			if !fine {
				t.Errorf("%s as %s: %d at %s", one, name, status, at)
			}
		}
	}
}

// Without what the pages are given there is nobody whom they let in.
func TestDenyByDefault(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), func(o *consentweb.Options) {
		o.Steward, o.Editor, o.Network, o.Uses, o.Prove, o.Decision = nil, nil, nil, nil, nil, nil
	})
	s := h.steward()
	for _, path := range []string{"/consent/register", "/consent/individuals", "/n/se/forms", "/n/se/forms/new"} {
		if s.get(path); s.last.StatusCode != 404 {
			t.Error(path, s.last.StatusCode)
		}
	}
	h.link("pid-anna", "anna")
	digest := h.enact(14, model(t)).String()
	anna := h.patient("pid-anna")
	anna.says("The log can’t be shown just now")
	anna.post("/my/me/choices", "form", digest, "q.care", "yes")
	anna.post("/my/me/withdraw")
	anna.says("can’t be shown just now. Answers that were given")
	anna.silent("had not been used")
	if anna.get("/my/me/uses/1"); anna.last.StatusCode != 404 {
		t.Error(anna.last.StatusCode)
	}
}

func TestModels(t *testing.T) {
	for _, country := range []string{"SE", "NO"} {
		if f, there := consentweb.Model(country); !there || f.Country != country {
			t.Error(country, there)
		}
	}
	if _, there := consentweb.Model("../SE"); there {
		t.Error("a model outside the models")
	}
}

// Every code that rooms beneath say has its words here.
func TestEveryFaultIsSaid(t *testing.T) {
	words, err := lang.Read(os.DirFS("."))
	ok(t, err)
	said, codes := regexp.MustCompile(`Say\("([a-z.]*[a-z])"`), 0
	for _, room := range []string{".", "..", "../counted", "../../individual", "../../account/openid"} {
		for _, file := range must(filepath.Glob(filepath.Join(room, "*.go")))(t) {
			for _, m := range said.FindAllSubmatch(must(os.ReadFile(file))(t), -1) {
				codes++
				if key := "fault." + string(m[1]); !words["en"].Has(key) {
					t.Errorf("%s: no message %s", file, key)
				}
			}
		}
	}
	wrong := regexp.MustCompile(`(?:wrong|check)\("([a-z]+)"`)
	for _, m := range wrong.FindAllSubmatch(must(os.ReadFile("../form.go"))(t), -1) {
		if key := "fault.consent.form." + string(m[1]); !words["en"].Has(key) {
			t.Errorf("no message %s", key)
		}
	}
	if codes < 25 {
		t.Errorf("only %d codes were found", codes)
	}
}
