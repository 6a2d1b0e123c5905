package living

import (
	"strings"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// describe plans profiles, interests, agreements, rates, vacancies and what people write to the secretariat.
func (t *tenant) describe() error {
	if err := t.profiles(); err != nil {
		return err
	}
	for _, i := range t.story.Interests {
		who := network.Actor{Person: t.people[i.Who]}
		tie := network.Interest{Root: t.root, Organisation: t.orgs[i.Organisation], Kind: "other", About: i.Text}
		if i.Who == "industry" {
			tie.Kind = "employment"
		}
		if _, err := t.network.DeclareInterest(t.ctx, who, tie); err != nil {
			return err
		}
	}
	for _, as := range []string{"coordinator", "regional", "chair", "clinician", "patient", "lead", "steward"} {
		t.at(t.office(t.end, -120, t.zone), "confirm ties", func() error {
			return t.network.ConfirmInterests(t.ctx, network.Actor{Person: t.people[as]}, t.root)
		})
	}
	if err := t.rates(); err != nil {
		return err
	}
	t.agreements()
	t.adverts()
	t.feedback()
	return nil
}

// profiles lets people say what they know, and lead patients what drives them.
func (t *tenant) profiles() error {
	say := func(who network.PersonID, p profile) error {
		var parts []network.ProfilePart
		add := func(part network.Part, v network.Visibility, value ...string) {
			if s := strings.Join(value, "\n"); s != "" {
				parts = append(parts, network.ProfilePart{Part: part, Value: s, Lang: t.lang, Visibility: v})
			}
		}
		add(network.About, network.Public, p.About)
		add(network.Drivers, network.Public, p.Drivers)
		add(network.FieldsPart, network.Public, p.Fields...)
		add(network.Genes, network.Public, p.Genes...)
		add(network.Diseases, network.Public, p.Diseases...)
		add(network.Methods, network.Public, p.Methods...)
		add(network.Competences, network.Public, p.Competences...)
		add(network.Languages, network.NetworkOnly, p.Languages...)
		return t.network.SaveProfile(t.ctx, network.Actor{Person: who}, parts)
	}
	if err := say(t.people["clinician"], t.story.Experts[0]); err != nil {
		return err
	}
	if err := say(t.people["lead"], t.story.Leads[0]); err != nil {
		return err
	}
	done := map[network.PersonID]bool{}
	for i := range 45 {
		who := pick(t.world, append(t.pool[network.Care], t.pool[network.Academia]...))
		if !done[who] {
			if err := say(who, t.story.Experts[i%len(t.story.Experts)]); err != nil {
				return err
			}
		}
		done[who] = true
	}
	for i, p := range t.story.Leads[1:] { // registered, without a seat
		who, err := t.person(t.name(), t.root)
		if err != nil {
			return err
		}
		if err := say(who, p); err != nil {
			return err
		}
		if i%2 == 0 {
			t.pool[network.Patient] = append(t.pool[network.Patient], who)
		}
	}
	return nil
}

func (t *tenant) rates() error {
	currency := map[string]string{"sv": "SEK", "nb": "NOK"}[t.lang]
	for _, r := range []network.Rate{{Code: "meeting", Amount: 152_500}, {Code: "hour", Amount: 45_000}} {
		r.Currency = currency
		if err := t.network.SetRate(t.ctx, t.first, t.root, r); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenant) agreements() {
	for _, a := range t.story.Agreements {
		t.at(t.office(t.end, -a.Days/4-30, t.zone), "agreement", func() error {
			_, err := t.network.AddAgreement(t.ctx, t.first, network.Agreement{Network: t.root, Kind: network.Partnership, Title: a.Title, Text: a.Text, Lang: t.lang,
				Parties: []network.OrganisationID{t.orgs[a.Party]}, Visibility: network.Public,
				To: midnight(t.end.AddDate(0, 0, a.Days), t.zone), Review: midnight(t.end.AddDate(0, 0, a.Review), t.zone)})
			return err
		})
	}
}

// adverts leaves some seats empty, and seeks somebody for them.
func (t *tenant) adverts() {
	for _, a := range t.story.Adverts {
		t.at(t.office(t.end, -60, t.zone), "a seat is left", func() error { return t.vacate(a) })
	}
}

func (t *tenant) vacate(a advertLine) error {
	b := t.bodies[a.Body]
	if b == nil {
		return absent("body", a.Body)
	}
	seats, err := t.seats(b.ID)
	if err != nil {
		return err
	}
	for i := len(seats) - 1; i >= 0; i-- {
		s := seats[i]
		if s.Sector != a.Sector || !s.Role.Votes() || s.Role == network.Chair || t.signsIn(s.Person) {
			continue
		}
		if s.Person != "" && s.To.IsZero() || s.To.After(t.now) {
			if err := t.network.End(t.ctx, b.coordinator, s.Holding, t.now.Add(time.Hour), ""); err != nil {
				return err
			}
		}
		t.left[s.ID] = true
		t.at(t.office(t.end, -18, t.zone), "advertise", func() error { return t.advertise(b, s.ID, a) })
		return nil
	}
	return absent("seat to leave in", a.Body)
}

func (t *tenant) advertise(b *body, seat network.SeatID, a advertLine) error {
	id, err := t.network.Advertise(t.ctx, b.coordinator, seat, network.Vacancy{Text: t.text(a.Text), Takes: t.text(t.story.Takes), Paid: true,
		LastDay: midnight(t.end.AddDate(0, 0, a.Days+1), t.zone)})
	if err != nil {
		return err
	}
	came := map[network.PersonID]bool{} // nobody comes forward twice
	for i, text := range t.story.Forward {
		t.at(t.office(t.now, 3+4*i, t.zone), "come forward", func() error {
			who := pick(t.world, t.pool[network.Patient])
			for came[who] {
				who = pick(t.world, t.pool[network.Patient])
			}
			came[who] = true
			_, err := t.network.ComeForward(t.ctx, network.Actor{Person: who}, id, network.Candidate{Text: text, Lang: t.lang})
			return err
		})
	}
	return nil
}

func (t *tenant) feedback() {
	give := func(kind forum.FeedbackKind, f feedback) {
		t.at(t.office(t.end, -f.Ago, t.zone), "feedback", func() error {
			r := forum.Feedback{Root: t.root, Kind: kind, Page: f.Page, Text: f.Text, Lang: t.lang}
			if kind == forum.AboutQuestion {
				r.Mail = "nyfiken@example.org"
			}
			number, err := t.forum.GiveFeedback(t.ctx, network.Actor{}, r)
			if err != nil || f.Answer == "" {
				return err
			}
			t.at(t.office(t.now, 2, t.zone), "answer feedback", func() error { return t.answerFeedback(number, f.Answer) })
			return nil
		})
	}
	for _, f := range t.story.Faults {
		give(forum.AboutFault, f)
	}
	for _, f := range t.story.Asks {
		give(forum.AboutQuestion, f)
	}
}

func (t *tenant) answerFeedback(number, answer string) error {
	all, err := t.forum.AllFeedback(t.ctx, t.first, t.root, forum.AboutFault, "", "", 50)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.Case == number {
			return t.forum.AnswerFeedback(t.ctx, t.first, t.root, f.ID, forum.FeedbackDone, answer, f.Version)
		}
	}
	return absent("feedback", number)
}

// talk plans news, questions and discussion, and who follows what.
func (t *tenant) talk() error {
	for _, as := range []string{"lead", "clinician"} {
		for _, b := range []string{"rare", "sjeldne"} {
			if b := t.bodies[b]; b != nil {
				if err := t.forum.FollowBody(t.ctx, network.Actor{Person: t.people[as]}, b.ID); err != nil {
					return err
				}
			}
		}
	}
	for _, p := range t.story.News {
		t.at(t.office(t.end, -p.Ago, t.zone), "news", func() error { return t.publish(forum.News, network.Public, p) })
	}
	for _, p := range t.story.Questions {
		t.at(t.office(t.end, -p.Ago, t.zone), "question", func() error { return t.publish(forum.Question, network.NetworkOnly, p) })
	}
	return nil
}

// publish writes a post to where the story says: a body, or the nation.
func (t *tenant) publish(kind forum.PostKind, v network.Visibility, p post) error {
	in := forum.Posting{Kind: kind, Title: p.Title, Text: p.Text, Lang: t.lang, Visibility: v, Network: t.root}
	who, b := t.first, t.bodies[p.Where]
	var of []network.PersonID
	if b != nil {
		in.Network, in.Body, who = b.Network, b.ID, b.coordinator
		seats, err := t.seats(b.ID)
		if err != nil {
			return err
		}
		for _, s := range seats {
			if s.Person != "" {
				of = append(of, s.Person)
			}
		}
	}
	if kind != forum.News && len(of) > 0 {
		who = network.Actor{Person: pick(t.world, of)}
	}
	id, err := t.forum.Write(t.ctx, who, in)
	if err != nil {
		return err
	}
	t.comments(who, id, of, p.Comments, kind == forum.Question)
	return nil
}

// comments plans what is written under a post. The last but one comment answers a question.
func (t *tenant) comments(asker network.Actor, id forum.PostID, of []network.PersonID, texts []string, answered bool) {
	for i, text := range texts {
		t.at(t.office(t.now, 1+i, t.zone), "comment", func() error {
			who := asker
			if last := i == len(texts)-1 && len(texts) > 1; !last && len(of) > 0 {
				who = network.Actor{Person: pick(t.world, of)}
			}
			c, err := t.forum.Comment(t.ctx, who, id, text, t.lang)
			if err == nil && answered && i == max(0, len(texts)-2) {
				err = t.forum.Answered(t.ctx, asker, id, c)
			}
			return err
		})
	}
}

// talkOf plans the discussion of a topic.
func (t *tenant) talkOf(r *raised) {
	if len(r.Posts) == 0 {
		return
	}
	t.after(r, 3, "discuss", func() error {
		people := append(t.pool[network.Care], t.people["clinician"])
		who := network.Actor{Person: pick(t.world, people)}
		id, err := t.forum.Write(t.ctx, who, forum.Posting{Topic: r.id, Kind: forum.Discussion, Title: r.Title, Text: r.Posts[0], Lang: t.lang, Visibility: network.NetworkOnly})
		if err == nil {
			t.comments(who, id, people, r.Posts[1:], false)
		}
		return err
	})
}

// evidence lays some of the story's evidence beside a topic.
func (t *tenant) evidence(r *raised) error {
	for _, e := range t.story.Evidence {
		if r.origin != nil || !t.chance(45) { // a lifted topic brought its own
			continue
		}
		id, err := t.forum.AddEvidence(t.ctx, r.body.coordinator, r.id, forum.Citing{Ref: e.Ref, Title: e.Title, Level: e.Level})
		if err != nil {
			return err
		}
		if t.chance(50) {
			v, err := t.version("topic_evidence", string(id))
			if err != nil {
				return err
			}
			if err := t.forum.ReviewEvidence(t.ctx, r.body.coordinator, id, v, e.Level); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tenant) merge(r *raised) error {
	to := t.topics[r.Into]
	if to == nil {
		return absent("topic", r.Into)
	}
	return t.forum.Merge(t.ctx, r.body.coordinator, r.id, to.id)
}

// tellAll plans what time itself does, and that people read what they are told.
func (t *tenant) tellAll() {
	if len(t.tenants) == 0 { // once, for both countries
		for day := t.now; day.Before(t.end); day = day.AddDate(0, 0, 7) {
			t.at(day, "time", t.tend)
		}
		t.at(t.end.Add(-time.Hour), "time", t.tend)
	}
	t.at(t.end.AddDate(0, 0, -6), "read notices", func() error {
		return t.db.Write(t.ctx, func(tx *storage.Tx) error {
			for _, as := range Roles {
				if t.people[as] == "" {
					continue
				}
				if err := t.notices.MarkRead(t.ctx, tx, string(t.people[as])); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (t *tenant) tend() error {
	if err := t.network.Remind(t.ctx, network.Clock()); err != nil {
		return err
	}
	if err := t.forum.TopicsDue(t.ctx); err != nil {
		return err
	}
	if err := t.plans.Due(t.ctx); err != nil {
		return err
	}
	for _, in := range t.tenants {
		if err := in.carryProcedures(); err != nil {
			return err
		}
	}
	if err := t.learning.Due(t.ctx); err != nil {
		return err
	}
	_, err := t.forum.RemindReviews(t.ctx, 60*24*time.Hour)
	return err
}
