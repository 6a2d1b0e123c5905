package forum

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

func TestFeedback(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		give := func(f Feedback) error { _, err := w.GiveFeedback(ctx, network.Actor{}, f); return err }
		broken := Feedback{Root: w.root, Kind: AboutFault, Page: "/topics", Text: "Knappen har ingen tekst.", Mail: "anne@example.org", Lang: "nb"}
		for name, wrong := range map[string]Feedback{
			"no text":            {Root: w.root, Kind: AboutFault, Text: " \n"},
			"too long":           {Root: w.root, Kind: AboutFault, Text: strings.Repeat("å", feedbackTextLimit+1)},
			"no address":         {Root: w.root, Kind: AboutFault, Text: "?", Mail: "Anne <anne@example.org>"},
			"two lines":          {Root: w.root, Kind: AboutFault, Text: "?", Mail: "anne@example.org\r\nBcc: x@example.org"},
			"question, no reply": {Root: w.root, Kind: AboutQuestion, Text: "Hvem?"},
			"no kind":            {Root: w.root, Text: "?"},
		} {
			if err := give(wrong); fault.KindOf(err) != fault.Invalid || err == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.is(fault.NotFound, give(Feedback{Root: w.west.network, Kind: AboutFault, Text: "En region er ingen leietaker."}))
		number := got(w.GiveFeedback(ctx, w.plain, broken))(t)
		if number != "NO-2026-0001" {
			t.Errorf("number %s", number)
		}
		w.ok(give(Feedback{Root: w.root, Kind: AboutQuestion, Text: "Når møtes dere?", Mail: "per@example.org"}))
		for _, who := range []network.Actor{{}, w.plain, w.other, w.west.chair} {
			_, err := w.AllFeedback(ctx, who, w.root, AboutFault, "", "", 10)
			w.is(fault.NotFound, err)
		}
		all := got(w.AllFeedback(ctx, w.coord, w.root, AboutFault, "", "", 10))(t)
		if len(all) != 1 || all[0].Person != w.plain.Person || all[0].Mail != broken.Mail {
			t.Fatalf("feedback %+v", all)
		}
		id := all[0].ID
		_, err := w.FeedbackOf(ctx, w.other, w.root, id)
		w.is(fault.NotFound, err)
		w.is(fault.NotFound, w.AnswerFeedback(ctx, w.plain, w.root, id, FeedbackDone, "ja", 1))
		w.is(fault.Invalid, w.AnswerFeedback(ctx, w.coord, w.root, id, FeedbackDone, " ", 1))
		w.is(fault.Invalid, w.AnswerFeedback(ctx, w.coord, w.root, id, "lost", "ja", 1))
		w.ok(w.AnswerFeedback(ctx, w.coord, w.root, id, FeedbackDone, "Knappen heter nå «Søk».", 1))
		w.is(fault.Conflict, w.AnswerFeedback(ctx, w.coord, w.root, id, FeedbackOpen, "", 1))
		public := got(w.PublicFaults(ctx, w.root, 10))(t)
		if len(public) != 1 || public[0].Text != "" || public[0].Mail != "" || public[0].Person != "" || public[0].Answer != "Knappen heter nå «Søk»." || public[0].Case != number {
			t.Errorf("public %+v", public)
		}
		if told := got(w.Waiting(ctx, w.plain, w.root))(t).Notices; len(told) != 1 || told[0].Key != "notice.fault.answered" {
			t.Errorf("told %+v", told)
		}
		if told := got(w.Waiting(ctx, w.coord, w.root))(t).Notices; len(told) != 2 {
			t.Errorf("the coordinator is told %+v", told)
		}
	})
}

// One sender who sends all they may shuts the form for nobody else: not for another address, not for who is signed in at theirs.
func TestFeedbackOfOneSenderIsBounded(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		give := func(who network.Actor, from string) error {
			_, err := w.GiveFeedback(ctx, who, Feedback{Root: w.root, Kind: AboutFault, Text: "?", From: netip.MustParseAddr(from)})
			return err
		}
		sent := 0
		for give(network.Actor{}, "2001:db8::1") == nil && sent < 300 {
			sent++
		}
		if sent < 5 || sent > 100 {
			t.Errorf("one sender may send %d", sent)
		}
		w.is(fault.Unavailable, give(network.Actor{}, "2001:db8::2")) // of the same subscriber
		w.ok(give(network.Actor{}, "2001:db8:1::1"))
		w.ok(give(network.Actor{}, "203.0.113.9"))
		w.ok(give(w.plain, "2001:db8::1"))
		w.forward(25 * time.Hour)
		w.ok(give(network.Actor{}, "2001:db8::1"))
	})
}

// Nor does somebody with some hundreds of addresses, within the hour. What came in is listed a page at a time.
func TestFeedbackOfManyShutsNoForm(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	give := func(from string) error {
		_, err := w.GiveFeedback(ctx, network.Actor{}, Feedback{Root: w.root, Kind: AboutFault, Text: "?", From: netip.MustParseAddr(from)})
		return err
	}
	sent := 0
	for i := range 320 {
		if give(fmt.Sprintf("2001:db8:%x::1", i)) == nil {
			sent++
		}
	}
	w.ok(give("203.0.113.9"))
	seen, before := 0, ""
	for {
		page := got(w.AllFeedback(ctx, w.coord, w.root, AboutFault, "", before, 25))(t)
		if seen += len(page); len(page) < 25 {
			break
		}
		before = page[len(page)-1].ID
	}
	if sent != 320 || seen != sent+1 {
		t.Errorf("%d were sent, %d are listed", sent, seen)
	}
}
