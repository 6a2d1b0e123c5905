package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/app/demo/living"
	"github.com/samverk/samverk/app/owner"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/bgzf"
)

const (
	markName   = "demo.json"       // the demonstration is complete
	unfinished = "demo.unfinished" // it is being made, or was when it was stopped
	filesName  = "files"           // what was loaded, for looking at

	// among the files
	patientName = "patient.vcf"  // to annotate
	genesName   = "genes.bed"    // where one gene is
	tighterName = "tighter.json" // the draft that the walk's meeting decides
)

// mark is what a finished demonstration says of itself.
type mark struct {
	Seed   uint64          `json:"seed"`
	Day    string          `json:"day"` // that it was made on: its meetings lead up to it
	Story  story           `json:"story"`
	People []living.Person `json:"people"`

	Sharing sharing `json:"sharing"`
}

// place names the directory, and makes sure that a shared temporary directory holds nobody else's.
func place(o Options) (string, error) {
	if o.Dir != "" {
		return o.Dir, nil
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("samverk-demo-%d-%d", os.Getuid(), o.Seed))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fault.Wrap(fault.Unavailable, err, "the demonstration has nowhere to be").In(dir).Do("name a directory with --data")
	}
	if !owner.Private(dir) {
		return "", fault.New(fault.Denied, "there is something of somebody else's").In(dir).Do("name a directory with --data")
	}
	return dir, nil
}

// prepare gives what the demonstration in dir says of itself, and makes it first if it isn't there, or was made on another day:
// a network that lives has to know what day it is.
func prepare(ctx context.Context, dir string, seed uint64, now time.Time, t *teller) (mark, error) {
	today := now.Format(time.DateOnly)
	m, err := readMark(dir)
	switch {
	case err == nil && m.Seed == seed && m.Day == today && m.Story.Region != "": // "" in one that an earlier version made
		t.again(dir)
		return m, nil
	case err == nil && m.Seed == seed:
		t.anew(dir)
		err = forget(dir)
	case err == nil:
		err = fault.New(fault.Conflict, "the demonstration here was made with --seed %d", m.Seed).In(dir).
			Do("use that seed, or another directory")
	case errors.Is(err, fs.ErrNotExist):
		t.making(dir)
		err = nil
	}
	if err != nil {
		return mark{}, err
	}
	if err := makeRoom(dir); err != nil {
		return mark{}, err
	}
	m = mark{Seed: seed, Day: today}
	if err := m.make(ctx, dir, now, t); err != nil {
		return m, err
	}
	b, err := json.Marshal(m)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, markName), append(b, '\n'), 0o600)
	}
	if err == nil {
		err = os.Remove(filepath.Join(dir, unfinished))
	}
	return m, err
}

// make makes the regions beside the networks, which take as long.
func (m *mark) make(ctx context.Context, dir string, now time.Time, t *teller) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	populated := make(chan error, 1)
	go func() {
		var err error
		m.Story, err = populate(ctx, dir, m.Seed, t)
		populated <- err
	}()
	m.People, m.Sharing, err = lives(ctx, dir, m.Seed, now, t)
	if err != nil {
		stop()
	}
	if err = errors.Join(err, <-populated); err == nil {
		err = obey(ctx, dir, *m)
	}
	if err == nil {
		err = build(ctx, dir, *m, t)
	}
	return err
}

// lives makes the network, in the database that the node is then made around. The node is a hospital's in the first country.
func lives(ctx context.Context, dir string, seed uint64, now time.Time, t *teller) ([]living.Person, sharing, error) {
	t.living()
	files := filepath.Join(dir, app.AttachmentsName)
	if err := os.MkdirAll(files, 0o700); err != nil {
		return nil, sharing{}, err
	}
	journal, err := consent.JournalBeside(dir)
	if err != nil {
		return nil, sharing{}, err
	}
	key, err := app.OutboxKey(dir)
	if err != nil {
		return nil, sharing{}, err
	}
	made, err := living.Build(ctx, living.Options{Key: key, Seed: seed, Now: now, DSN: app.Settings{}.DSN(dir), Migrations: app.Migrations(), Files: files, Tell: t.step,
		Write: writeText(journal)})
	if err != nil {
		return nil, sharing{}, err
	}
	c := made.Countries[0]
	return made.People, sharing{Slug: c.Slug, Root: c.Root, Body: c.Bodies["styr"], Hospital: c.Organisations["sjukhus"], University: c.Organisations["universitet"]}, nil
}

func readMark(dir string) (mark, error) {
	var m mark
	if _, err := os.Stat(filepath.Join(dir, unfinished)); err == nil {
		return m, fs.ErrNotExist
	}
	b, err := os.ReadFile(filepath.Join(dir, markName))
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	return m, err
}

// forget says of a demonstration of ours that it is to be made again.
func forget(dir string) error {
	return os.WriteFile(filepath.Join(dir, unfinished), []byte("A demonstration is to be made here again.\n"), 0o600)
}

// makeRoom takes away an unfinished demonstration. Anything else that is in the directory is not ours to touch.
func makeRoom(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the directory can't be made").In(dir)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the directory can't be read").In(dir)
	}
	if len(list) > 0 {
		if _, err := os.Stat(filepath.Join(dir, unfinished)); err != nil {
			return fault.New(fault.Conflict, "there is something here that the demonstration didn't make").In(dir).
				Do("name a directory that is empty or not there yet")
		}
		for _, e := range list {
			if e.Name() == unfinished {
				continue
			}
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
		if err := os.Remove(dir + ".journal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, unfinished), []byte("A demonstration is being made here.\n"), 0o600)
}

// build makes the national node around the networks that live in it: it holds no genomes.
func build(ctx context.Context, dir string, m mark, t *teller) error {
	genes, err := files.ReadFile("data/" + genesName)
	if err != nil {
		return err
	}
	table, err := filepath.Abs(filepath.Join(dir, filesName, genesName))
	if err == nil {
		err = os.WriteFile(table, genes, 0o600)
	}
	if err != nil {
		return err
	}
	settings := app.Settings{Region: "Demonstration", Country: country, Organisation: string(m.Sharing.Hospital), Genes: table}
	if err := app.Init(ctx, dir, settings); err != nil {
		return err
	}
	return app.With(ctx, dir, "samverk demo", nil, func(c *app.Client) error {
		return withGroup(ctx, c, dir, m, func(g *group) error {
			if err := g.begin(ctx); err != nil {
				return err
			}
			t.obeys(g.now())
			return nil
		})
	})
}

// populate makes the regions' files, and each region's node, and loads them as anybody would.
func populate(ctx context.Context, dir string, seed uint64, t *teller) (story, error) {
	all, err := people()
	if err != nil {
		return story{}, err
	}
	lives := invent(all, seed)
	folder := filepath.Join(dir, filesName)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return story{}, err
	}
	variants, err := writeRegions(folder, all, lives)
	if err != nil {
		return story{}, err
	}
	s, err := tell(variants, lives)
	if err != nil {
		return s, err
	}
	if err := os.WriteFile(filepath.Join(folder, patientName), []byte(sampleVCF(s)), 0o600); err != nil {
		return s, err
	}
	for _, r := range regions {
		if err := r.make(ctx, dir, t); err != nil {
			return s, err
		}
	}
	return s, nil
}

// make makes a region's node, with its people.
func (r region) make(ctx context.Context, dir string, t *teller) error {
	at := r.dir(dir)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return err
	}
	if err := app.Init(ctx, at, app.Settings{Region: r.title, Country: country, Network: beneath[r.name]}); err != nil {
		return err
	}
	return app.With(ctx, at, "samverk demo", nil, func(c *app.Client) error {
		done, err := app.Load.Call(ctx, c, request(filepath.Join(dir, filesName), r), app.Sink[app.None]{})
		if err == nil {
			t.loaded(r, done)
		}
		return err
	})
}

func request(folder string, r region) app.LoadRequest {
	base := filepath.Join(folder, r.name)
	return app.LoadRequest{Dataset: r.name, By: by, Files: []string{base + ".vcf.gz"}, Samples: base + ".samples.tsv", Consent: base + ".consent.csv"}
}

// writeRegions writes each region's VCF, S.tsv and C.csv.
func writeRegions(folder string, all []person, lives map[string]life) (variants []rare, err error) {
	outs := make([]io.Writer, len(regions))
	var done []func() error
	for i, r := range regions {
		base := filepath.Join(folder, r.name)
		samples, consents := tables(all, lives, i)
		if err := errors.Join(os.WriteFile(base+".samples.tsv", []byte(samples), 0o600), os.WriteFile(base+".consent.csv", []byte(consents), 0o600)); err != nil {
			return nil, err
		}
		f, err := os.Create(base + ".vcf.gz")
		if err != nil {
			return nil, err
		}
		z, err := bgzf.NewWriter(f, bgzf.WriterOptions{Level: 1})
		if err != nil {
			return nil, err
		}
		w := bufio.NewWriterSize(z, 1<<18)
		outs[i] = w
		done = append(done, w.Flush, z.Close, f.Close)
	}
	variants, err = cut(func(s string) int { return lives[s].region }, outs)
	errs := []error{err}
	for _, f := range done {
		errs = append(errs, f())
	}
	return variants, errors.Join(errs...)
}
