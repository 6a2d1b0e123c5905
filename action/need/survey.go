package need

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

const surveyColumns = `s.id, s.case_number, s.root, s.network, s.title, s.text, s.lang, s.visibility, s.person, s.created, s.propose_until, s.rank_until, s.version`

func scanSurvey(row interface{ Scan(...any) error }) (s Survey, err error) {
	var created, propose, rank int64
	err = row.Scan(&s.ID, &s.Case, &s.Root, &s.Network, &s.Title, &s.Text, &s.Lang, &s.Visibility, &s.By, &created, &propose, &rank, &s.Version)
	s.Created, s.ProposeUntil, s.RankUntil = storage.Time(created), storage.Time(propose), storage.Time(rank)
	return s, err
}

// Begin begins a survey in a network: for its coordinators.
func (r *Room) Begin(ctx context.Context, who network.Actor, in Survey) (s Survey, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, ok := r.network.Tree().Network(in.Network)
		if !ok || !a.Registered(n.Root) {
			return network.Absent()
		}
		if !a.Coordinates(n.ID) {
			return denied()
		}
		s = in
		s.Root, s.By, s.Created, s.Version = n.Root, who.Person, r.db.Now(), 1
		if err := s.check(); err != nil {
			return err
		}
		if s.Case, err = r.forum.NextCase(ctx, tx, s.Root); err != nil {
			return err
		}
		id, err := r.db.NewID()
		if err != nil {
			return err
		}
		s.ID = SurveyID(id)
		_, err = tx.Exec(ctx, `INSERT INTO need_survey (id, root, network, body, case_number, title, text, lang, visibility, person, created, propose_until, rank_until, version)
			VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)`, s.ID, s.Root, s.Network, s.Case, s.Title, s.Text, s.Lang, s.Visibility, s.By, s.Created, s.ProposeUntil, s.RankUntil)
		return err
	})
	return s, err
}

func (s *Survey) check() error {
	s.Title, s.Text = line(s.Title), text(s.Text)
	switch {
	case !s.ProposeUntil.After(s.Created):
		return fault.New(fault.Invalid, "the time for proposals is over already").Where("propose").Say("need.past")
	case !s.RankUntil.After(s.ProposeUntil):
		return fault.New(fault.Invalid, "ranking ends before it begins").Where("rank").Say("need.order")
	}
	return cmp.Or(needed("title", s.Title, titleLength), short("text", s.Text, textLength), oneOf("lang", s.Lang, "sv", "nb", "en"),
		oneOf("visibility", s.Visibility, network.Public, network.NetworkOnly))
}

// Extend moves the days of a survey that isn't closed, later only.
func (r *Room) Extend(ctx context.Context, who network.Actor, root network.ID, id SurveyID, version int64, propose, rank time.Time) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		s, err := r.survey(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		now := r.db.Now()
		switch {
		case !a.Coordinates(s.Network):
			return denied()
		case s.Version != version:
			return stale()
		case s.Phase(now) == Closed:
			return fault.New(fault.Conflict, "the survey is closed").Say("need.closed")
		case propose.Before(s.ProposeUntil) || s.Phase(now) == Ranking && !propose.Equal(s.ProposeUntil):
			return fault.New(fault.Invalid, "days are moved later only").Where("propose").Say("need.later")
		case rank.Before(s.RankUntil):
			return fault.New(fault.Invalid, "days are moved later only").Where("rank").Say("need.later")
		case !rank.After(propose):
			return fault.New(fault.Invalid, "ranking ends before it begins").Where("rank").Say("need.order")
		}
		_, err = tx.Exec(ctx, `UPDATE need_survey SET propose_until = $2, rank_until = $3, version = version + 1 WHERE id = $1`, s.ID, propose, rank)
		return err
	})
}

// Surveys lists the newest surveys of a tenant that the reader sees, at most 100.
func (r *Room) Surveys(ctx context.Context, who network.Actor, root network.ID) (out []Survey, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		where, args := a.Where("s.", "", []any{root})
		rows, err := tx.Query(ctx, `SELECT `+surveyColumns+` FROM need_survey s WHERE s.root = $1 AND `+where+` ORDER BY s.rank_until DESC, s.id LIMIT 100`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		for rows.Next() {
			s, err := scanSurvey(rows)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	return out, err
}

// SurveyView is a survey with what its phase lets be seen.
type SurveyView struct {
	Survey
	Phase     Phase
	Proposals []Proposal
	Mine      []ProposalID // the reader's own ranking, the most needed first
	MySector  network.Sector
	MyRegion  network.ID
	Ranked    int // people so far
	Result    Result
	May       bool // propose or rank now
	Leads     bool
}

// Survey shows a survey. The result is there once it is closed.
func (r *Room) Survey(ctx context.Context, who network.Actor, root network.ID, id SurveyID) (v SurveyView, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		v = SurveyView{}
		s, err := r.survey(ctx, tx, a, root, id)
		if err != nil {
			return err
		}
		v.Survey, v.Phase = s, s.Phase(r.db.Now())
		v.May, v.Leads = a.Registered(s.Root) && v.Phase != Closed, a.Coordinates(s.Network)
		if v.Proposals, err = r.proposals(ctx, tx, id); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM need_ranking WHERE survey = $1`, id).Scan(&v.Ranked); err != nil {
			return err
		}
		ballots, err := r.ballots(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, b := range ballots {
			if b.person == who.Person && who.Person != "" {
				v.Mine, v.MySector, v.MyRegion = b.ranked, b.sector, b.region
			}
		}
		if v.Phase == Closed {
			v.Result = count(v.Proposals, ballots)
		}
		return nil
	})
	return v, err
}

func (r *Room) survey(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id SurveyID) (Survey, error) {
	s, err := scanSurvey(tx.QueryRow(ctx, `SELECT `+surveyColumns+` FROM need_survey s WHERE s.id = $1 AND s.root = $2`, id, root))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !a.Sees(s.Scope()) {
		return s, network.Absent()
	}
	return s, err
}

func (r *Room) proposals(ctx context.Context, tx *storage.Tx, id SurveyID) (out []Proposal, err error) {
	rows, err := tx.Query(ctx, `SELECT id, title, text, lang, at FROM need_proposal WHERE survey = $1 ORDER BY id LIMIT $2`, id, mostProposals)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Proposal
		var at int64
		if err := rows.Scan(&p.ID, &p.Title, &p.Text, &p.Lang, &at); err != nil {
			return nil, err
		}
		p.At = storage.Time(at)
		out = append(out, p)
	}
	return out, rows.Err()
}

// mostProposals is how many a survey holds: more can't be ranked by anybody.
const mostProposals = 200

// Propose adds something that may be needed. Whoever is registered in the tenant may, while it is time.
func (r *Room) Propose(ctx context.Context, who network.Actor, root network.ID, survey SurveyID, p Proposal) (id ProposalID, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		s, err := r.taking(ctx, tx, a, root, survey, Proposing)
		if err != nil {
			return err
		}
		p.Title, p.Text = line(p.Title), text(p.Text)
		if p.Lang == "" {
			p.Lang = s.Lang
		}
		if err := cmp.Or(needed("title", p.Title, titleLength), short("text", p.Text, textLength), oneOf("lang", p.Lang, "sv", "nb", "en")); err != nil {
			return err
		}
		all, err := r.proposals(ctx, tx, survey)
		if err != nil {
			return err
		}
		if len(all) >= mostProposals {
			return fault.New(fault.Conflict, "there are %d proposals already", len(all)).Where("title").Say("need.many", len(all))
		}
		if slices.ContainsFunc(all, func(x Proposal) bool { return network.Fold(x.Title) == network.Fold(p.Title) }) {
			return fault.New(fault.Conflict, "it is proposed already").Where("title").Say("need.twice")
		}
		x, err := r.db.NewID()
		if err != nil {
			return err
		}
		id = ProposalID(x)
		_, err = tx.Exec(ctx, `INSERT INTO need_proposal (id, survey, title, text, lang, person, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`, id, survey, p.Title, p.Text, p.Lang, who.Person, r.db.Now())
		return err
	})
	return id, err
}

// taking finds a survey that takes part now, for somebody who may.
func (r *Room) taking(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, id SurveyID, in Phase) (Survey, error) {
	s, err := r.survey(ctx, tx, a, root, id)
	switch {
	case err != nil:
		return s, err
	case !a.Registered(s.Root):
		return s, denied()
	case s.Phase(r.db.Now()) != in:
		return s, fault.New(fault.Conflict, "the survey is %s now", s.Phase(r.db.Now())).Say("need.phase." + string(in))
	}
	return s, nil
}

// Rank keeps what somebody needs most, in their order, in the place of what they ranked before. region is a network of the tenant, or "".
func (r *Room) Rank(ctx context.Context, who network.Actor, root network.ID, survey SurveyID, sector network.Sector, region network.ID, ranked []ProposalID) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		s, err := r.taking(ctx, tx, a, root, survey, Ranking)
		if err != nil {
			return err
		}
		all, err := r.proposals(ctx, tx, survey)
		if err != nil {
			return err
		}
		if err := r.checkRanking(s, sector, region, ranked, all); err != nil {
			return err
		}
		if err := unrank(ctx, tx, survey, who.Person); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO need_ranking (survey, person, sector, region) VALUES ($1, $2, $3, $4)`, survey, who.Person, sector, region)
		for i, p := range ranked {
			if err == nil {
				_, err = tx.Exec(ctx, `INSERT INTO need_ranked (survey, person, place, proposal) VALUES ($1, $2, $3, $4)`, survey, who.Person, i+1, p)
			}
		}
		return err
	})
}

func (r *Room) checkRanking(s Survey, sector network.Sector, region network.ID, ranked []ProposalID, all []Proposal) error {
	if len(ranked) == 0 || len(ranked) > Places {
		return fault.New(fault.Invalid, "one to %d proposals are ranked", Places).Where("place-1").Say("need.places", Places)
	}
	for i, p := range ranked {
		if slices.Contains(ranked[:i], p) {
			return fault.New(fault.Invalid, "a proposal is ranked twice").Where("place-" + string(rune('1'+i))).Say("need.same")
		}
		if !slices.ContainsFunc(all, func(x Proposal) bool { return x.ID == p }) {
			return fault.New(fault.Invalid, "there is no such proposal").Where("place-" + string(rune('1'+i))).Say("need.choose")
		}
	}
	if region != "" {
		if n, ok := r.network.Tree().Network(region); !ok || n.Root != s.Root {
			return fault.New(fault.Invalid, "there is no such region").Where("region").Say("need.choose")
		}
	}
	return oneOf("sector", sector, network.Sectors...)
}

func unrank(ctx context.Context, tx *storage.Tx, survey SurveyID, p network.PersonID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM need_ranked WHERE survey = $1 AND person = $2`, survey, p); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM need_ranking WHERE survey = $1 AND person = $2`, survey, p)
	return err
}

// ballot is one person's ranking.
type ballot struct {
	person network.PersonID
	sector network.Sector
	region network.ID
	ranked []ProposalID
}

func (r *Room) ballots(ctx context.Context, tx *storage.Tx, id SurveyID) (out []ballot, err error) {
	rows, err := tx.Query(ctx, `SELECT k.person, k.sector, k.region, d.proposal FROM need_ranking k JOIN need_ranked d ON d.survey = k.survey AND d.person = k.person
		WHERE k.survey = $1 ORDER BY k.person, d.place`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b ballot
		var p ProposalID
		if err := rows.Scan(&b.person, &b.sector, &b.region, &p); err != nil {
			return nil, err
		}
		if n := len(out); n == 0 || out[n-1].person != b.person {
			out = append(out, b)
		}
		last := &out[len(out)-1]
		last.ranked = append(last.ranked, p)
	}
	return out, rows.Err()
}
