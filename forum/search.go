package forum

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// DocKind is a kind of thing that the search finds.
type DocKind string

// The kinds of thing. A meeting is also found by what is on its agenda.
const (
	TopicDoc    DocKind = "topic"
	PostDoc     DocKind = "post"
	DecisionDoc DocKind = "decision"
	MinutesDoc  DocKind = "minutes"
	MeetingDoc  DocKind = "meeting"
	InputDoc    DocKind = "input"
	FileDoc     DocKind = "file"
	itemDoc     DocKind = "item"
)

// DocKinds are the kinds of thing that Search answers with.
var DocKinds = []DocKind{TopicDoc, DecisionDoc, MeetingDoc, MinutesDoc, InputDoc, PostDoc, FileDoc}

// Doc is what the search knows of a thing. Who may see the thing finds it.
type Doc struct {
	Kind       DocKind
	Ref        string // its id
	Root       network.ID
	Network    network.ID
	Body       network.BodyID
	Visibility network.Visibility
	Lang       string
	Title      string
	Text       string
	At         time.Time
	words      string // more that it is found by, and that no result shows
}

// Found is a thing that a search found.
type Found struct {
	Doc
	Extract string    // of Text, around the first of the words
	Topic   TopicLink // on whose page an input or a topic's file is shown to the reader
	Meeting Meeting   // the meeting, or the one that a file is a paper of
	seq     int64
	score   int // how well it answers
	shared  int // how many of the terms it has

	onAgenda bool // of a meeting: what was found is an item of it
}

// index makes a thing found as it is now: call it whenever its title, text, place or visibility changed.
func (f *Forum) index(ctx context.Context, tx *storage.Tx, d Doc) error {
	_, err := tx.Exec(ctx, `INSERT INTO forum_doc (seq, kind, ref, root, network, body, visibility, lang, title, text, title_words, text_words, at)
		VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM forum_doc), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (kind, ref) DO UPDATE SET network = excluded.network, body = excluded.body, visibility = excluded.visibility, lang = excluded.lang,
			title = excluded.title, text = excluded.text, title_words = excluded.title_words, text_words = excluded.text_words, at = excluded.at`,
		d.Kind, d.Ref, d.Root, d.Network, d.Body, d.Visibility, d.Lang, d.Title, d.Text,
		strings.Join(words(d.Title), " "), strings.TrimSpace(strings.Join(words(d.Text), " ")+" "+d.words), micros(d.At))
	return err
}

// unindex makes a thing not found any more.
func (f *Forum) unindex(ctx context.Context, tx *storage.Tx, kind DocKind, ref string) error {
	_, err := tx.Exec(ctx, `DELETE FROM forum_doc WHERE kind = $1 AND ref = $2`, kind, ref)
	return err
}

// Most words of a query, and characters of a word, that are looked at.
const (
	mostTerms    = 12
	tellingTerms = 7
	wordLength   = 40
)

// words are a text's letters and digits in lower case; what stands between them is no matter.
func words(text string) []string {
	all := strings.FieldsFunc(strings.ToLower(norm.NFC.String(text)), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) })
	for i, w := range all {
		if r := []rune(w); len(r) > wordLength {
			all[i] = string(r[:wordLength])
		}
	}
	return all
}

// term is one thing a query asks for: words in a row, or one word, of which the beginning is enough unless it was quoted.
type term struct {
	words  []string
	prefix bool
}

// parse reads what somebody typed into a search field. There is nothing wrong that one can type.
func parse(query string) (terms []term) {
	for i, part := range strings.Split(query, `"`) {
		ws := words(part)
		if i%2 == 1 {
			if len(ws) > 0 {
				terms = append(terms, term{words: ws})
			}
			continue
		}
		for _, w := range ws {
			terms = append(terms, term{words: []string{w}, prefix: true})
		}
	}
	return terms[:min(len(terms), mostTerms)]
}

// written gives the query in the database's own language: all of the terms, or any.
func written(dialect string, terms []term, all bool) string {
	quote, next, star, with := `"`, ` `, `*`, map[bool]string{true: " AND ", false: " OR "}
	if dialect == "postgres" {
		quote, next, star, with = `'`, `' <-> '`, `:*`, map[bool]string{true: " & ", false: " | "}
	}
	out := make([]string, len(terms))
	for i, t := range terms {
		out[i] = quote + strings.Join(t.words, next) + quote
		if t.prefix {
			out[i] += star
		}
		if dialect == "postgres" {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, with[all])
}

// How each database looks words up: $1 is the query, $2 the tenant. Of each kind the newest are candidates, so that a word that
// stands everywhere brings no more texts than one that is rare; they are ranked here. COLUMN is the titles' words, or all. A long
// file's words are many, and not read to rank it.
const lookup = `WITH hit AS MATERIALIZED (SELECT d.seq, ROW_NUMBER() OVER (PARTITION BY d.kind ORDER BY d.seq DESC) AS place
		FROM MATCHES AND d.root = $2 AND VISIBLE)
	SELECT d.seq, d.kind, d.ref, d.root, d.network, d.body, d.visibility, d.lang, d.title, d.at, d.title_words,
		CASE WHEN d.kind = 'file' AND octet_length(d.text_words) > 8000 THEN '' ELSE d.text_words END,
		CASE d.kind WHEN 'item' THEN (SELECT i.meeting FROM meeting_item i WHERE i.id = d.ref) ELSE '' END
	FROM hit h CROSS JOIN forum_doc d WHERE d.seq = h.seq AND h.place <= MOST ORDER BY d.seq DESC`

var matches = map[string]string{
	"sqlite":   `derived_search s CROSS JOIN forum_doc d WHERE d.seq = s.rowid AND s.COLUMN MATCH $1`,
	"postgres": `derived_search d WHERE d.COLUMN @@ to_tsquery('simple', $1)`, // which knows who may see a document
}

// How many documents of a kind are ranked, at most and at least. Where one word suffices, enough titles make the texts unnecessary.
const (
	candidates = 120
	fewest     = 40
	enough     = 20
)

// Search finds what somebody may see by its words, the best first: so many of each kind. No kinds are all kinds. Words in
// quotation marks stand in a row; of others the beginning is enough.
func (f *Forum) Search(ctx context.Context, who network.Actor, root network.ID, query string, kinds []DocKind, limit int) (out []Found, err error) {
	if len(kinds) == 0 {
		kinds = DocKinds
	}
	terms := parse(query)
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if out, err = f.ranked(ctx, tx, a, root, terms, true, kinds, limit); err != nil {
			return err
		}
		out = best(out, limit)
		for i := range out {
			d := &out[i]
			if err := tx.QueryRow(ctx, `SELECT text FROM forum_doc WHERE seq = $1`, d.seq).Scan(&d.Text); err != nil {
				return err
			}
			d.Extract = extract(d.Text, terms)
			if err := f.placeFound(ctx, tx, a, d); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// best keeps so many of each kind.
func best(all []Found, limit int) (out []Found) {
	n := map[DocKind]int{}
	for _, d := range all {
		if n[d.Kind]++; n[d.Kind] <= limit {
			out = append(out, d)
		}
	}
	return out
}

// search finds all that is ranked, of kinds that are seen by their docs.
func (f *Forum) search(ctx context.Context, who network.Actor, root network.ID, terms []term, all bool, kinds []DocKind) (out []Found, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out, err = f.ranked(ctx, tx, a, root, terms, all, kinds, candidates)
		return err
	})
	return out, err
}

// ranked finds first what has the words in its title, and then by its text too what there isn't enough of.
func (f *Forum) ranked(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, terms []term, all bool, kinds []DocKind, limit int) (out []Found, err error) {
	if len(terms) == 0 {
		return nil, nil
	}
	wanted := enough
	if all {
		wanted = limit
	}
	if err := f.plan(ctx, tx, "force_custom_plan"); err != nil {
		return nil, err
	}
	at, kinds := map[string]int{}, slices.Clone(kinds)
	for _, column := range columns[f.db.Kind()] {
		found, err := f.candidates(ctx, tx, a, root, terms, all, column, kinds, min(candidates, max(fewest, 4*limit)))
		if err != nil {
			return nil, err
		}
		of := map[DocKind]int{}
		for _, d := range found {
			if i, ok := at[string(d.Kind)+d.Ref]; !ok {
				at[string(d.Kind)+d.Ref] = len(out)
				out = append(out, d)
				of[d.Kind]++
			} else if out[i].score < d.score {
				out[i] = d
			}
		}
		if kinds = slices.DeleteFunc(kinds, func(k DocKind) bool { return of[k] >= wanted }); len(kinds) == 0 {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b Found) int { return cmp.Or(b.score-a.score, b.At.Compare(a.At)) })
	return out, f.plan(ctx, tx, "auto")
}

// plan says how PostgreSQL plans what comes next in a transaction. A plan for any words is a plan for none: how many documents
// have them decides.
func (f *Forum) plan(ctx context.Context, tx *storage.Tx, mode string) error {
	if f.db.Kind() != "postgres" {
		return nil
	}
	_, err := tx.Exec(ctx, `SET LOCAL plan_cache_mode = `+mode)
	return err
}

func (f *Forum) candidates(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, terms []term, all bool, column string, kinds []DocKind, most int) (out []Found, err error) {
	visible, args := findable(a, root, kinds, []any{written(f.db.Kind(), terms, all), root})
	args = append(args, most)
	query := strings.NewReplacer("COLUMN", column, "VISIBLE", visible, "MOST", place(len(args))).Replace(strings.Replace(lookup, "MATCHES", matches[f.db.Kind()], 1))
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d Found
		var at int64
		var title, text, meeting string
		if err := rows.Scan(&d.seq, &d.Kind, &d.Ref, &d.Root, &d.Network, &d.Body, &d.Visibility, &d.Lang, &d.Title, &at, &title, &text, &meeting); err != nil {
			return nil, err
		}
		d.At = moment(at)
		d.weigh(terms, " "+title+" ", " "+text+" ")
		if d.Kind == itemDoc { // finds its meeting
			d.Kind, d.Ref, d.onAgenda = MeetingDoc, meeting, true
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// weigh says how well a document answers: a word in the title is worth more than any number in the text.
func (d *Found) weigh(terms []term, title, text string) {
	for _, t := range terms {
		word := " " + strings.Join(t.words, " ")
		if !t.prefix {
			word += " "
		}
		inTitle, inText := strings.Count(title, word), strings.Count(text, word)
		if inTitle+inText > 0 {
			d.shared++
		}
		if inTitle > 0 {
			d.score += 20
		}
		if strings.Contains(title, word+" ") {
			d.score += 10
		}
		d.score += min(inText, 9)
	}
}

var columns = map[string][2]string{"sqlite": {"title_words", "derived_search"}, "postgres": {"title", "words"}}

// How much of a text a result shows, in characters.
const extractLength = 220

// extract cuts a text around the first of the words that were looked for.
func extract(text string, terms []term) string {
	text = strings.Join(strings.Fields(text), " ")
	r, lower := []rune(text), []rune(strings.ToLower(text))
	if len(r) <= extractLength || len(r) != len(lower) {
		return string(r[:min(len(r), extractLength)])
	}
	from := len(r)
	for _, t := range terms {
		if i := strings.Index(string(lower), t.words[0]); i >= 0 {
			from = min(from, len([]rune(string(lower)[:i])))
		}
	}
	if from == len(r) {
		from = 0
	}
	from = max(0, min(from-extractLength/4, len(r)-extractLength))
	out := string(r[from : from+extractLength])
	if from > 0 {
		out = "…" + out[strings.IndexByte(out, ' ')+1:]
	}
	if from+extractLength < len(r) {
		out = out[:strings.LastIndexByte(out, ' ')+1] + "…"
	}
	return out
}

// Similar lists the topics that are most like what somebody is typing, among those they may see.
func (f *Forum) Similar(ctx context.Context, who network.Actor, root network.ID, title string, limit int) ([]Found, error) {
	terms := telling(title)
	found, err := f.search(ctx, who, root, terms, false, []DocKind{TopicDoc})
	if err != nil {
		return nil, err
	}
	need := (len(terms) + 2) / 3
	found = slices.DeleteFunc(found, func(d Found) bool { return d.shared < need })
	return found[:min(len(found), limit)], nil
}

// telling are the words of a title that say what it is about, without their endings.
func telling(title string) (terms []term) {
	for _, w := range words(title) {
		r := []rune(w)
		if len(r) < 3 || slices.Contains(common, w) {
			continue
		}
		if len(r) > 6 {
			r = r[:max(5, len(r)-3)]
		}
		terms = append(terms, term{words: []string{string(r)}, prefix: true})
	}
	slices.SortStableFunc(terms, func(a, b term) int { return len(b.words[0]) - len(a.words[0]) }) // the longest tell most
	return terms[:min(len(terms), tellingTerms)]
}

// common are words that say nothing of what a text is about, in Swedish, Norwegian and English.
var common = strings.Fields(`och att det som för med den har inte ett till från vid ska skall kan alla eller hur när vad vilka
	også og ikke som for med den har til fra ved skal kan alle eller hvordan når hva hvilke før etter våre vår
	the and for with that this from what when how should all are not can our`)

func (t Topic) doc() Doc {
	return Doc{Kind: TopicDoc, Ref: string(t.ID), Root: t.Root, Network: t.Network, Body: t.Body, Visibility: t.Visibility, Lang: t.Lang,
		Title: t.Case + " " + t.Title, Text: t.Text, At: t.Raised}
}
