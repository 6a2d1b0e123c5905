package ledger

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Asked narrows what was asked. What is empty doesn't.
type Asked struct {
	Kinds                                          []Kind
	Organisation, Role, Purpose, Question, Dataset string

	From, To time.Time // days, by UTC: from the first, and before the second
	Before   uint64    // an index: what came before it
	Limit    int       // of List: at most and by default 100
}

// Sum is how many leaves there are of a day, an organisation or whatever they were summed up by.
type Sum struct {
	Day          time.Time // its beginning
	Kind         Kind
	Organisation string
	Role         string
	Purpose      string
	Question     string
	Dataset      string
	Times        uint64
}

// By is what leaves are summed up by.
type By string

// What leaves can be summed up by.
const (
	ByDay          By = "day"
	ByMonth        By = "month" // Day is its first
	ByKind         By = "kind"
	ByOrganisation By = "organisation"
	ByRole         By = "role"
	ByPurpose      By = "purpose"
	ByQuestion     By = "question"
	ByDataset      By = "dataset"
)

// mostSums bounds a list of sums.
const mostSums = 50_000

// dayOf counts days from 1970, by UTC.
func dayOf(t time.Time) int64 {
	return int64(math.Floor(float64(t.Unix()) / (24 * 60 * 60)))
}

func startOf(day int64) time.Time { return time.Unix(day*24*60*60, 0).UTC() }

// monthOf is the first day of a day's month.
func monthOf(day int64) int64 {
	t := startOf(day)
	return dayOf(t.AddDate(0, 0, 1-t.Day()))
}

// sums are how many leaves there are of something, and where the first and the last are.
type sums struct{ times, first, last uint64 }

// addParties adds leaves to the sums of each organisation, and what they name to the values that lists can be narrowed to.
func addParties(ctx context.Context, tx *storage.Tx, leaves []Entry, day int64) error {
	type party struct {
		day          int64
		kind         Kind
		organisation string
	}
	type value struct {
		kind Kind
		By
		is string
	}
	added, named := map[party]*sums{}, map[value]bool{}
	for _, e := range leaves {
		day = max(day, dayOf(e.Time))
		of := party{day, e.Kind, e.Organisation}
		if added[of] == nil {
			added[of] = &sums{first: e.Index}
		}
		added[of].times, added[of].last = added[of].times+1, e.Index
		for by, is := range map[By]string{ByOrganisation: e.Organisation, ByRole: e.Role, ByPurpose: e.Purpose, ByQuestion: e.Question, ByDataset: e.Dataset} {
			named[value{e.Kind, by, is}] = true
		}
	}
	for of, s := range added {
		if _, err := tx.Exec(ctx, `INSERT INTO ledger_party (day, month, kind, organisation, times, first, last) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (day, kind, organisation) DO UPDATE SET times = ledger_party.times + excluded.times, last = excluded.last`,
			of.day, monthOf(of.day), of.kind, of.organisation, s.times, s.first, s.last); err != nil {
			return err
		}
	}
	for v := range named {
		if _, err := tx.Exec(ctx, `INSERT INTO ledger_value (kind, field, value) VALUES ($1, $2, $3) ON CONFLICT (kind, field, value) DO NOTHING`, v.kind, v.By, v.is); err != nil {
			return err
		}
	}
	return nil
}

// addDays adds leaves to the days' sums, and the months'. A clock that went back stays on its latest day, so that a day's leaves lie together.
func addDays(ctx context.Context, tx *storage.Tx, leaves []Entry) error {
	var day int64
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(day), 0) FROM ledger_day`).Scan(&day); err != nil {
		return err
	}
	day0 := day
	type row struct {
		table string
		Sum
	}
	added := map[row]*sums{}
	var order []row
	for _, e := range leaves {
		day = max(day, dayOf(e.Time))
		for table, at := range map[string]int64{"ledger_day": day, "ledger_month": monthOf(day)} {
			of := row{table, Sum{Day: startOf(at), Kind: e.Kind, Organisation: e.Organisation, Role: e.Role, Purpose: e.Purpose, Question: e.Question, Dataset: e.Dataset}}
			s := added[of]
			if s == nil {
				s = &sums{first: e.Index}
				added[of] = s
				order = append(order, of)
			}
			s.times, s.last = s.times+1, e.Index
		}
	}
	if err := addParties(ctx, tx, leaves, day0); err != nil {
		return err
	}
	for _, of := range order {
		s := added[of]
		_, err := tx.Exec(ctx, `INSERT INTO `+of.table+` (day, kind, organisation, role, purpose, question, dataset, times, first, last)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (day, kind, organisation, role, purpose, question, dataset) DO UPDATE SET times = `+of.table+`.times + excluded.times, last = excluded.last`,
			dayOf(of.Day), of.Kind, of.Organisation, of.Role, of.Purpose, of.Question, of.Dataset, s.times, s.first, s.last)
		if err != nil {
			return err
		}
	}
	return nil
}

// where is a condition on ledger_leaf or ledger_day: on the columns that both have.
func (q Asked) where() (cond string, args []any) {
	var all []string
	and := func(c string, arg any) {
		args = append(args, arg)
		all = append(all, c+" $"+strconv.Itoa(len(args)))
	}
	for _, c := range []struct{ column, value string }{
		{"organisation", q.Organisation}, {"role", q.Role}, {"purpose", q.Purpose}, {"question", q.Question}, {"dataset", q.Dataset},
	} {
		if c.value != "" {
			and(c.column+" =", c.value)
		}
	}
	if len(q.Kinds) > 0 {
		var kinds []string
		for _, k := range q.Kinds {
			kinds = append(kinds, strconv.Itoa(int(k)))
		}
		all = append(all, "kind IN ("+strings.Join(kinds, ", ")+")")
	}
	if len(all) == 0 {
		return "1 = 1", nil
	}
	return strings.Join(all, " AND "), args
}

// days is the condition on ledger_day with the period.
func (q Asked) days() (cond string, args []any) {
	cond, args = q.where()
	from, to := int64(0), int64(math.MaxInt32)
	if !q.From.IsZero() {
		from = dayOf(q.From)
	}
	if !q.To.IsZero() {
		to = dayOf(q.To)
	}
	n := len(args)
	return cond + " AND day >= $" + strconv.Itoa(n+1) + " AND day < $" + strconv.Itoa(n+2), append(args, from, to)
}

// Sums counts leaves, in the order of what they are summed up by. It follows the log first.
func (x *Index) Sums(ctx context.Context, q Asked, by ...By) (out []Sum, err error) {
	if len(by) == 0 {
		return nil, fault.New(fault.Internal, "nothing to sum up by")
	}
	if err := x.Follow(ctx); err != nil {
		return nil, err
	}
	from, args, month := q.summed(by, x.ledger.opts.Now())
	of := summedBy(by, month)
	err = x.db.Read(ctx, func(tx *storage.Tx) error {
		out = nil
		rows, err := tx.Query(ctx, `SELECT CAST(SUM(times) AS BIGINT), `+of+` FROM `+from+` GROUP BY `+of+` ORDER BY `+of+` LIMIT `+strconv.Itoa(mostSums), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s Sum
			var day int64
			into := []any{&s.Times}
			for _, b := range by {
				into = append(into, map[By]any{ByDay: &day, ByMonth: &day, ByKind: &s.Kind, ByOrganisation: &s.Organisation, ByRole: &s.Role, ByPurpose: &s.Purpose,
					ByQuestion: &s.Question, ByDataset: &s.Dataset}[b])
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			switch {
			case slices.Contains(by, ByDay):
				s.Day = startOf(day)
			case slices.Contains(by, ByMonth):
				s.Day = startOf(monthOf(day))
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if slices.Contains(by, ByMonth) {
		out = together(out)
	}
	return out, err
}

// summed is what sums are made from, and which column tells the month: of organisations alone their own sums; of anything else the
// months that the period has whole, and the days at its edges.
func (q Asked) summed(by []By, now time.Time) (from string, args []any, month string) {
	cond, args := q.days()
	if q.party() && !slices.ContainsFunc(by, func(b By) bool { return !slices.Contains([]By{ByDay, ByMonth, ByKind, ByOrganisation}, b) }) {
		return "ledger_party WHERE " + cond, args, "month"
	}
	first, last := q.months(now)
	if slices.Contains(by, ByDay) || first >= last {
		return "ledger_day WHERE " + cond, args, "day"
	}
	of := summedBy(by, "day")
	n := len(args)
	arm := func(table, edge string) string { // each summed up by itself: few rows are left to put together
		return "SELECT " + of + ", SUM(times) AS times FROM " + table + " WHERE " + cond + " AND " + edge + " GROUP BY " + of
	}
	lo, hi := "$"+strconv.Itoa(n+1), "$"+strconv.Itoa(n+2)
	return "(" + arm("ledger_month", "day >= "+lo+" AND day < "+hi) + " UNION ALL " + arm("ledger_day", "day < "+lo) + " UNION ALL " + arm("ledger_day", "day >= "+hi) + ") x",
		append(args, first, last), "day"
}

// summedBy lists the columns of what is summed up by.
func summedBy(by []By, month string) string {
	var columns []string
	for _, b := range by {
		columns = append(columns, strings.Replace(string(b), string(ByMonth), month, 1))
	}
	return strings.Join(columns, ", ")
}

// party tells whether nothing is asked for that only the days' sums know.
func (q Asked) party() bool {
	return q.Role == "" && q.Purpose == "" && q.Question == "" && q.Dataset == ""
}

// months gives the days on which the whole months of a period begin and end. The month that goes on is whole when the period has today.
func (q Asked) months(now time.Time) (first, last int64) {
	next := func(day int64) int64 { return dayOf(startOf(monthOf(day)).AddDate(0, 1, 0)) }
	last = next(dayOf(now))
	if !q.From.IsZero() {
		if first = dayOf(q.From); first != monthOf(first) {
			first = next(first)
		}
	}
	if !q.To.IsZero() && dayOf(q.To) <= dayOf(now) {
		last = monthOf(dayOf(q.To))
	}
	return first, last
}

// Values lists what leaves of some kinds name: what a list can be narrowed to.
func (x *Index) Values(ctx context.Context, kinds ...Kind) (out map[By][]string, err error) {
	if err := x.Follow(ctx); err != nil {
		return nil, err
	}
	cond, _ := Asked{Kinds: kinds}.where()
	err = x.db.Read(ctx, func(tx *storage.Tx) error {
		out = map[By][]string{}
		rows, err := tx.Query(ctx, `SELECT DISTINCT field, value FROM ledger_value WHERE `+cond+` ORDER BY field, value LIMIT `+strconv.Itoa(mostSums))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var by By
			var value string
			if err := rows.Scan(&by, &value); err != nil {
				return err
			}
			out[by] = append(out[by], value)
		}
		return rows.Err()
	})
	return out, err
}

// together adds up sums of the same.
func together(all []Sum) (out []Sum) {
	at := map[Sum]int{}
	for _, s := range all {
		of := s
		of.Times = 0
		i, ok := at[of]
		if !ok {
			i = len(out)
			at[of] = i
			out = append(out, of)
		}
		out[i].Times += s.Times
	}
	return out
}

// reach is where the leaves of a day are that are asked for.
type reach struct {
	day         int64
	first, last uint64
}

// reaches gives the days on which there is something, the latest first.
func reaches(ctx context.Context, tx *storage.Tx, q Asked, most int) (out []reach, err error) {
	cond, args := q.days()
	if q.Before > 0 {
		args = append(args, q.Before)
		cond += " AND first < $" + strconv.Itoa(len(args))
	}
	table := "ledger_day"
	if q.party() {
		table = "ledger_party"
	}
	rows, err := tx.Query(ctx, `SELECT day, min(first), max(last) FROM `+table+` WHERE `+cond+` GROUP BY day ORDER BY day DESC LIMIT $`+strconv.Itoa(len(args)+1),
		append(args, most)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r reach
		if err := rows.Scan(&r.day, &r.first, &r.last); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Asked lists what was asked, the latest first. It looks only where the days' sums say that there is something. It follows the log first.
func (x *Index) Asked(ctx context.Context, q Asked) (list []Entry, err error) {
	if err := x.Follow(ctx); err != nil {
		return nil, err
	}
	if q.Limit <= 0 || q.Limit > 100 {
		q.Limit = 100
	}
	err = x.db.Read(ctx, func(tx *storage.Tx) error {
		list = nil
		rest := q
		for more := true; more; { // most often the last days have enough
			days, err := reaches(ctx, tx, rest, daysAtOnce)
			if err != nil {
				return err
			}
			for _, day := range days {
				if q.Before > 0 {
					day.last = min(day.last, q.Before-1)
				}
				found, err := within(ctx, tx, q, day, q.Limit-len(list))
				if list = append(list, found...); err != nil || len(list) == q.Limit {
					return err
				}
				rest.To = startOf(day.day)
			}
			more = len(days) == daysAtOnce
		}
		return nil
	})
	return list, err
}

const daysAtOnce = 16

func within(ctx context.Context, tx *storage.Tx, q Asked, r reach, limit int) (list []Entry, err error) {
	cond, args := q.where()
	n := len(args)
	rows, err := tx.Query(ctx, `SELECT idx, bytes FROM ledger_leaf WHERE `+cond+` AND idx >= $`+strconv.Itoa(n+1)+` AND idx <= $`+strconv.Itoa(n+2)+
		` ORDER BY idx DESC LIMIT $`+strconv.Itoa(n+3), append(args, r.first, r.last, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var b []byte
		if err := rows.Scan(&e.Index, &b); err != nil {
			return nil, err
		}
		if e.Leaf, err = Decode(b); err != nil {
			return nil, damaged(err)
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// span is where in the log the leaves of some days lie; ok is false when there are none.
func span(ctx context.Context, tx *storage.Tx, q Asked) (r reach, ok bool, err error) {
	all, err := reaches(ctx, tx, q, mostSums)
	if err != nil || len(all) == 0 {
		return r, false, err
	}
	least := slices.MinFunc(all, func(a, b reach) int { return cmp.Compare(a.first, b.first) })
	most := slices.MaxFunc(all, func(a, b reach) int { return cmp.Compare(a.last, b.last) })
	return reach{first: least.first, last: most.last}, true, nil
}
