package together_test

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/genome/load"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// generous is the policy for care with budgets that a benchmark doesn't spend.
func generous(t testing.TB) policy.Draft {
	d := testnode.Preset(t, "care")
	for i := range d.Rules {
		d.Rules[i].Budget.Asker, d.Rules[i].Budget.Organisation = 0, 1_000_000_000
	}
	return d
}

// BenchmarkNation asks seven regions on loopback, each with its own ledger, that is durable before it answers. TMPDIR says on which disk; one in memory
// shows what is left without its syncs. An operation is one question to all seven.
func BenchmarkNation(b *testing.B) {
	x := newNation(b, 7, together.Options{Deadline: time.Minute}, generous(b))
	for _, askers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("askers=%d", askers), func(b *testing.B) { x.bench(b, askers) })
	}
}

func (x *nation) bench(b *testing.B, askers int) {
	cpu := testkit.Processor(b)
	var mu sync.Mutex
	var took []time.Duration
	var next atomic.Int64
	b.ResetTimer()
	var asking sync.WaitGroup
	for i := range askers {
		asking.Go(func() {
			q := together.Question{Ask: testnode.Clinician(), Keys: make([]variant.Key, 1)}
			q.Person = fmt.Sprintf("clinician %d", i)
			var mine []time.Duration
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					break
				}
				q.Keys[0] = variant.Key{Chrom: 22, Pos: uint32(50_000_000 + n%5_000), Ref: []byte("C"), Alt: []byte("T")}
				began := time.Now()
				a, err := x.desk.Ask(b.Context(), q)
				if err != nil || !a.Complete() {
					b.Errorf("%v: %+v", err, a.Replies)
					return
				}
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	asking.Wait()
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	b.ReportMetric((testkit.Processor(b)-cpu).Seconds()*1000/float64(b.N), "processor-ms/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkAnnotate annotates the VCF that SAMVERK_VCF names: over regions that each hold one of the files of SAMVERK_REGIONS (separated by commas), and
// over one node with that of SAMVERK_POPULATION, which has all the same people. SAMVERK_SAMPLES is the table of all samples; every second person
// allows care.
func BenchmarkAnnotate(b *testing.B) {
	in, regions, everybody := os.Getenv("SAMVERK_VCF"), os.Getenv("SAMVERK_REGIONS"), os.Getenv("SAMVERK_POPULATION")
	if in == "" || regions == "" || everybody == "" {
		b.Skip("SAMVERK_VCF, SAMVERK_REGIONS and SAMVERK_POPULATION name no files")
	}
	whole := testnode.Open(b)
	populate(b, whole, everybody)
	whole.Adopt(b, generous(b))
	x := newNation(b, 0, together.Options{})
	for i, file := range strings.Split(regions, ",") {
		r := x.add(b, fmt.Sprintf("r%d", i), federation.Options{}, func(n *testnode.Node) { populate(b, n, file) })
		r.Adopt(b, generous(b))
	}
	a := answer.Annotation{Ask: testnode.Clinician(), Name: in}
	read := func(b *testing.B, do func(io.Reader) (records, known int64, err error)) {
		var records, known int64
		cpu := testkit.Processor(b)
		for b.Loop() {
			f, err := os.Open(in)
			must(b, err)
			records, known, err = do(f)
			must(b, err)
			must(b, f.Close())
		}
		b.ReportMetric((testkit.Processor(b)-cpu).Seconds()/float64(b.N), "processor-s/op")
		b.ReportMetric(float64(records), "records")
		b.ReportMetric(float64(known), "known")
	}
	b.Run("one node", func(b *testing.B) {
		read(b, func(f io.Reader) (int64, int64, error) {
			sum, err := whole.Desk.Annotate(b.Context(), a, f, io.Discard)
			return sum.Records, sum.Known, err
		})
	})
	b.Run("regions", func(b *testing.B) {
		read(b, func(f io.Reader) (int64, int64, error) {
			sum, err := x.desk.Annotate(b.Context(), a, f, io.Discard)
			if !sum.Complete() {
				b.Errorf("%+v", sum)
			}
			return sum.Records, sum.Known, err
		})
	})
}

// populate loads a file and lets every second person of the table of samples allow care.
func populate(b *testing.B, n *testnode.Node, file string) {
	deps := load.Deps{DB: n.DB, People: n.People, Consents: n.Consents, Store: n.Genomes}
	_, err := load.Load(b.Context(), deps, load.Request{Dataset: "d", Files: []string{file}, Samples: os.Getenv("SAMVERK_SAMPLES"), MinGQ: load.DefaultMinGQ, MinDP: load.DefaultMinDP})
	must(b, err)
	samples, err := n.Genomes.Samples(b.Context())
	must(b, err)
	var choices []consent.Choice
	for _, s := range samples {
		if id := s.Name; (id[len(id)-1]-'0')%2 == 1 {
			choices = append(choices, consent.Choice{Individual: s.Individual, Purpose: consent.Care, Allow: true, Why: "a benchmark"})
		}
	}
	must(b, n.DB.Write(b.Context(), func(tx *storage.Tx) error { return n.Consents.Change(b.Context(), tx, "test", choices) }))
}
