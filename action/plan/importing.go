package plan

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/sheet"
	"github.com/samverk/samverk/storage"
)

// Columns are those of a file of measures, out and in: their names for programs, and what people write above them. docs/formats.md.
var Columns = []sheet.Column{
	{Key: "case", Names: []string{"Diarienummer", "Ärendenummer", "Saksnummer", "Case number"}},
	{Key: "what", Names: []string{"Åtgärd", "Tiltak", "Measure", "Vad", "Hva"}, Needed: true},
	{Key: "why", Names: []string{"Varför", "Hvorfor", "Why", "Begrunnelse", "Motivering"}},
	{Key: "priority", Names: []string{"Prioritet", "Priority"}},
	{Key: "owner", Names: []string{"Ansvarig", "Ansvarlig", "Owner", "Ägare", "Eier"}, Needed: true},
	{Key: "region", Names: []string{"Region", "Regionalt nätverk", "Regionalt nettverk"}},
	{Key: "area", Names: []string{"Område", "Area"}},
	{Key: "goal", Names: []string{"Mål", "Goal"}},
	{Key: "partners", Names: []string{"Parter", "Partners", "Samverkar med", "Samarbeider med"}},
	{Key: "start", Names: []string{"Start", "Börjar", "Begynner", "Starts"}, Needed: true},
	{Key: "due", Names: []string{"Klar senast", "Frist", "Due", "Slutdatum", "Ferdig innen"}, Needed: true},
	{Key: "target", Names: []string{"Måltal", "Måltall", "Target"}},
	{Key: "indicator", Names: []string{"Indikator", "Indicator"}},
}

// priorities are what people write for them.
var priorities = []sheet.Column{
	{Key: "1", Names: []string{"hög", "høy", "high", "first"}},
	{Key: "2", Names: []string{"medel", "middels", "medium", "normal"}},
	{Key: "3", Names: []string{"låg", "lav", "low", "later"}},
}

// mostLines is how many measures a file brings at most.
const mostLines = 2000

// Limits bound a file of measures.
var Limits = sheet.Limits{Bytes: 4 << 20, Unpacked: 32 << 20, Rows: mostLines + 20, Columns: 40, Cells: 80_000, Cell: textLength}

// Line is a row of a file of measures, as it was read. Days are kept as days, names as they were written.
type Line struct {
	Row       int    `json:"row"`
	What      string `json:"what"`
	Why       string `json:"why,omitempty"`
	Priority  int    `json:"priority,omitempty"`
	Owner     string `json:"owner"`
	Region    string `json:"region,omitempty"`
	Area      string `json:"area,omitempty"`
	Goal      string `json:"goal,omitempty"`
	Partners  string `json:"partners,omitempty"`
	Start     string `json:"start"`
	Due       string `json:"due"`
	Target    string `json:"target,omitempty"`
	Indicator string `json:"indicator,omitempty"`
}

// read reads a file's lines, and what is wrong with how they are written. A row with a case number that is in the plan is passed over: it
// was exported from here, and is changed on its own page.
func read(file io.Reader, known map[string]bool, zone *time.Location) (lines []Line, passed int, rd *sheet.Reader, err error) {
	table, err := sheet.Open(file, Limits)
	if err != nil {
		return nil, 0, nil, err
	}
	rd = table.Under(Columns)
	for row := range rd.Rows {
		if number := rd.Text("case"); number != "" {
			if known[strings.ToUpper(number)] {
				passed++
			} else {
				rd.Wrong("case", fault.New(fault.Invalid, "no measure of the plan has that number").Say("plan.import.case"))
			}
			continue
		}
		l := Line{Row: row.Number, What: rd.Text("what"), Why: rd.Text("why"), Owner: rd.Text("owner"), Region: rd.Text("region"), Area: rd.Text("area"), Goal: rd.Text("goal"),
			Partners: rd.Text("partners"), Start: rd.Text("start"), Due: rd.Text("due"), Target: rd.Text("target"), Indicator: rd.Text("indicator")}
		rd.Day("start", zone)
		rd.Day("due", zone)
		if p := rd.One("priority", priorities); p != "" {
			l.Priority = int(p[0] - '0')
		}
		if len(lines) >= mostLines {
			return nil, 0, nil, fault.New(fault.Invalid, "there are more than %d measures", mostLines).Where("file").Say("plan.import.many", mostLines)
		}
		lines = append(lines, l)
	}
	return lines, passed, rd, nil
}

// Preview is a file that was read and judged.
type Preview struct {
	ID       string // of the draft; "" when something is wrong: then nothing is kept
	Name     string // of the file
	Lines    []Line
	Passed   int      // rows that are here already
	Unknown  []string // columns that nobody asked for
	Others   []string // sheets that were not read
	Problems []sheet.Problem
	More     int // problems beyond those
}

// Read reads a file of measures for a plan and judges every row. With nothing wrong it keeps a draft, to be looked at and taken in.
func (r *Room) Read(ctx context.Context, who network.Actor, id ID, name string, file io.Reader) (p Preview, err error) {
	data, err := io.ReadAll(io.LimitReader(file, Limits.Bytes+1))
	if err != nil {
		return p, fault.Wrap(fault.Invalid, err, "the file can't be read").Where("file").Say("sheet.unread")
	}
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		at, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		p = Preview{Name: line(name)}
		known := map[string]bool{}
		numbers, err := r.numbers(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, n := range numbers {
			known[n] = true
		}
		zone := r.network.Zone(at.Network)
		lines, passed, rd, err := read(strings.NewReader(string(data)), known, zone)
		if err != nil {
			return inFile(err)
		}
		p.Lines, p.Passed, p.Unknown = lines, passed, rd.Unknown
		j, err := r.judging(ctx, tx, at, lines)
		if err != nil {
			return err
		}
		for _, l := range lines {
			_, wrong, err := j.line(ctx, tx, l)
			if err != nil {
				return err
			}
			for _, e := range wrong {
				rd.WrongAt(sheet.Row{Number: l.Row}, e.At, e)
			}
		}
		p.Problems, p.More = rd.Problems()
		p.Problems = once(p.Problems)
		if len(p.Problems) > 0 || len(lines) == 0 {
			return nil
		}
		if p.ID, err = r.db.NewID(); err != nil {
			return err
		}
		b, err := json.Marshal(lines)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "a draft can't be kept")
		}
		_, err = tx.Exec(ctx, `INSERT INTO plan_import (id, plan, person, at, name, lines) VALUES ($1, $2, $3, $4, $5, $6)`, p.ID, id, who.Person, r.db.Now(), p.Name, string(b))
		return err
	})
	return p, err
}

// inFile says that what is wrong is the file as a whole.
func inFile(err error) error {
	if f, ok := err.(*fault.Error); ok { //nolint:errorlint // it was made a line before
		return f.Where("file")
	}
	return err
}

// once leaves one problem for each cell: that a date can't be read is said once, not that it lacks too.
func once(all []sheet.Problem) []sheet.Problem {
	type cell struct {
		row int
		key string
	}
	seen := map[cell]bool{}
	return slices.DeleteFunc(all, func(p sheet.Problem) bool {
		c := cell{p.Row, p.Key}
		twice := seen[c]
		seen[c] = true
		return twice
	})
}

func (r *Room) numbers(ctx context.Context, tx *storage.Tx, id ID) (out []string, err error) {
	err = each(ctx, tx, `SELECT case_number FROM measure WHERE plan = $1`, id, func(row interface{ Scan(...any) error }) error {
		var s string
		err := row.Scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

// judging judges lines of a file against what is here, read once.
type judging struct {
	r             *Room
	f             frame
	zone          *time.Location
	people        map[string][]network.PersonID // by name
	organisations map[string]network.OrganisationID
	regions       map[string]network.ID
}

// plain is a name as it is compared.
func plain(s string) string { return strings.ToLower(line(s)) }

func (r *Room) judging(ctx context.Context, tx *storage.Tx, p Plan, lines []Line) (j *judging, err error) {
	j = &judging{r: r, zone: r.network.Zone(p.Network), people: map[string][]network.PersonID{}, organisations: map[string]network.OrganisationID{}, regions: map[string]network.ID{}}
	if j.f, err = r.frame(ctx, tx, p); err != nil {
		return nil, err
	}
	orgs, err := r.network.Organisations(ctx, tx, p.Root)
	if err != nil {
		return nil, err
	}
	for _, o := range orgs {
		for _, name := range []string{o.Name.SV, o.Name.NB, o.Name.EN} {
			if name != "" && o.Closed.IsZero() {
				j.organisations[plain(name)] = o.ID
			}
		}
	}
	for _, n := range r.network.Tree().Down(p.Network) {
		for _, name := range []string{n.Name.SV, n.Name.NB, n.Name.EN, n.Slug} {
			if name != "" {
				j.regions[plain(name)] = n.ID
			}
		}
	}
	var names []string
	for _, l := range lines {
		names = append(names, line(l.Owner))
	}
	slices.Sort(names)
	for some := range slices.Chunk(slices.Compact(names), 500) {
		if err := j.named(ctx, tx, some); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// named finds whom names name: people registered in the tenant.
func (j *judging) named(ctx context.Context, tx *storage.Tx, names []string) error {
	in, args := places([]any{j.f.plan.Root}, names)
	rows, err := tx.Query(ctx, `SELECT DISTINCT p.id, p.name FROM person p JOIN membership m ON m.person = p.id JOIN network n ON n.id = m.network
		WHERE n.root = $1 AND p.erased = 0 AND p.name IN (`+in+`) ORDER BY p.name, p.id`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id network.PersonID
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		j.people[name] = append(j.people[name], id)
	}
	return rows.Err()
}

// line judges a line as a measure: all that is wrong with it, at the columns where it stands.
func (j *judging) line(ctx context.Context, tx *storage.Tx, l Line) (m Measure, wrong []*fault.Error, err error) {
	in, wrong := j.task(l)
	m, more, err := j.r.judge(ctx, tx, j.f, in)
	return m, append(wrong, more...), err
}

// task finds what a line's names name.
func (j *judging) task(l Line) (in Task, wrong []*fault.Error) {
	unknown := func(field, s string) {
		wrong = append(wrong, fault.New(fault.Invalid, "%.40q is not known here", s).Where(field).Say("plan.import.unknown", s))
	}
	in = Task{What: l.What, Why: l.Why, Priority: l.Priority, Target: l.Target, Indicator: l.Indicator}
	if t, e := time.ParseInLocation(time.DateOnly, l.Start, j.zone); e == nil {
		in.Start = t
	}
	if t, e := time.ParseInLocation(time.DateOnly, l.Due, j.zone); e == nil {
		in.Due = t.AddDate(0, 0, 1)
	}
	if l.Owner != "" {
		found := j.people[line(l.Owner)]
		switch len(found) {
		case 0:
			unknown("owner", l.Owner)
		case 1:
			in.Owner = found[0]
		default:
			wrong = append(wrong, fault.New(fault.Invalid, "several have that name").Where("owner").Say("plan.import.several", l.Owner))
		}
	}
	if l.Region != "" {
		id, ok := j.regions[plain(l.Region)]
		if !ok {
			unknown("region", l.Region)
		} else if id != j.f.plan.Network {
			in.Region = id
		}
	}
	if l.Area != "" {
		if i := slices.IndexFunc(j.f.areas, func(a Area) bool { return plain(a.Title) == plain(l.Area) }); i < 0 {
			unknown("area", l.Area)
		} else {
			in.Area = j.f.areas[i].ID
		}
	}
	if l.Goal != "" {
		if i := slices.IndexFunc(j.f.goals, func(g Goal) bool { return plain(g.Title) == plain(l.Goal) }); i < 0 {
			unknown("goal", l.Goal)
		} else {
			in.Goal = j.f.goals[i].ID
		}
	}
	for _, name := range strings.Split(l.Partners, ";") {
		if name = line(name); name == "" {
			continue
		}
		if id, ok := j.organisations[plain(name)]; ok {
			in.Partners = append(in.Partners, id)
		} else {
			unknown("partners", name)
		}
	}
	return in, wrong
}

// Draft reads a draft that its reader made.
func (r *Room) Draft(ctx context.Context, who network.Actor, id ID, draft string) (p Preview, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if _, err := r.kept(ctx, tx, a, id); err != nil {
			return err
		}
		p, err = r.draft(ctx, tx, a, id, draft)
		return err
	})
	return p, err
}

func (r *Room) draft(ctx context.Context, tx *storage.Tx, a network.Access, id ID, draft string) (p Preview, err error) {
	var text string
	err = tx.QueryRow(ctx, `SELECT name, lines FROM plan_import WHERE id = $1 AND plan = $2 AND person = $3`, draft, id, a.Actor.Person).Scan(&p.Name, &text)
	if noRow(err) {
		return p, network.Absent()
	}
	if err != nil {
		return p, err
	}
	p.ID = draft
	if err := json.Unmarshal([]byte(text), &p.Lines); err != nil {
		return p, fault.Wrap(fault.Internal, err, "a draft can't be read")
	}
	return p, nil
}

// TakeIn makes all of a draft's lines measures, in one transaction in which each is judged again; or none of them.
func (r *Room) TakeIn(ctx context.Context, who network.Actor, id ID, draft string) (made int, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		made = 0
		at, err := r.kept(ctx, tx, a, id)
		if err != nil {
			return err
		}
		p, err := r.draft(ctx, tx, a, id, draft)
		if err != nil {
			return err
		}
		j, err := r.judging(ctx, tx, at, p.Lines)
		if err != nil {
			return err
		}
		owners := map[network.PersonID]int{}
		for _, l := range p.Lines {
			in, wrong := j.task(l)
			m, more, err := r.judge(ctx, tx, j.f, in)
			if err != nil {
				return err
			}
			if len(wrong)+len(more) > 0 {
				return fault.New(fault.Conflict, "row %d can't be taken in any more", l.Row).OnLine(int64(l.Row)).Say("plan.import.changed", l.Row)
			}
			if err := r.insert(ctx, tx, who, &m, "measure.imported"); err != nil {
				return err
			}
			if err := r.link(ctx, tx, a, &m, in); err != nil {
				return err
			}
			owners[m.Owner]++
			made++
		}
		if _, err := tx.Exec(ctx, `DELETE FROM plan_import WHERE id = $1`, draft); err != nil {
			return err
		}
		for owner, n := range owners {
			if owner == who.Person {
				continue
			}
			if err := r.tell(ctx, tx, owner, notice.Notice{Key: "notice.plan.owners", Args: []string{notice.Count(n), at.Title}, Link: r.path(at.Root, "plans/"+string(id))}); err != nil {
				return err
			}
		}
		return r.network.Record(ctx, tx, who, at.Root, string(id), "plan.imported", map[string]string{"file": p.Name, "measures": itoa(made)})
	})
	return made, err
}

// sweep deletes drafts that nobody took in for a day.
func (r *Room) sweep(ctx context.Context, tx *storage.Tx, now time.Time) error {
	_, err := tx.Exec(ctx, `DELETE FROM plan_import WHERE at < $1`, now.Add(-24*time.Hour))
	return err
}
