package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/together"
)

// How much may be under way. Together they bound the disk that is taken: mostJobs × (uploadLimit + resultLimit).
const (
	atOnce      = 2           // are annotated at the same time; the others wait
	mostJobs    = 8           // have files
	mostOwn     = 2           // of them one asker's
	mostTold    = 64          // with those that failed, which have no files
	mostFailed  = 4           // of them one asker's: the oldest is forgotten
	uploadLimit = 100_000_000 // bytes of a file that is dropped
	resultLimit = 400_000_000 // bytes of what it becomes
	longest     = time.Hour   // that an annotation may take
	keepResult  = time.Hour   // that a result waits
)

// stage is how far a job has come.
type stage string

const (
	arriving stage = "arriving" // its file is being sent
	waiting  stage = "waiting"
	running  stage = "running"
	ready    stage = "ready"
	sending  stage = "sending" // its result
	failed   stage = "failed"
)

// owner is whose a job is: a person in a browser. Another person, or the same in another browser, has no such job.
type owner struct{ person, browser string }

// same tells whether two are one asker: a person is, in however many browsers.
func (o owner) same(as owner) bool {
	return o.person == as.person && (o.person != "" || o.browser == as.browser)
}

// job is a file that is annotated, and then its result. Both lie in files without a name, which are gone with the process.
type job struct {
	id     string
	seq    uint64 // in which order they came
	of     owner
	what   answer.Annotation
	nation bool  // all regions are asked
	size   int64 // of what came
	read   atomic.Int64
	lines  atomic.Int64 // that are annotated
	cancel context.CancelFunc
	done   chan struct{} // closed when it is ready or has failed

	// what follows is guarded by the jobs
	state  stage
	in     *os.File
	out    *os.File
	result annotation
	err    error
}

// jobs are those of all askers.
type jobs struct {
	dir   string
	keep  time.Duration
	ctx   context.Context
	stop  context.CancelFunc
	work  chan struct{} // a token for each that is annotated
	under sync.WaitGroup

	mu   sync.Mutex
	came uint64
	all  map[string]*job
}

// newJobs makes the folder, and empties it of what a crash may have left.
func newJobs(dir string, keep time.Duration) (*jobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the folder of what is annotated can't be made").In(dir)
	}
	left, err := os.ReadDir(dir)
	for _, x := range left {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, x.Name())))
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the folder of what is annotated can't be emptied").In(dir)
	}
	s := &jobs{dir: dir, keep: cmp.Or(keep, keepResult), work: make(chan struct{}, atOnce), all: map[string]*job{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// file opens a file that only this process can reach: it has no name any more.
func (s *jobs) file() (*os.File, error) {
	f, err := os.CreateTemp(s.dir, "") // mode 0600
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "there is no room to annotate in").In(s.dir)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fault.Wrap(fault.Unavailable, err, "a file can't be hidden").In(f.Name()), f.Close())
	}
	return f, nil
}

// reserve takes a place before anything is read.
func (s *jobs) reserve(of owner) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	files, own := 0, 0
	var failures, theirs []*job
	for _, j := range s.all {
		switch {
		case j.state == failed && j.of.same(of):
			failures, theirs = append(failures, j), append(theirs, j)
		case j.state == failed:
			failures = append(failures, j)
		default:
			files++
			if j.of.same(of) {
				own++
			}
		}
	}
	s.forget(theirs, mostFailed)
	s.forget(failures, mostTold-mostJobs)
	switch {
	case s.ctx.Err() != nil || files >= mostJobs:
		return nil, fault.New(fault.Unavailable, "%d files are annotated or wait for their askers", files).Say("answer.jobs")
	case own >= mostOwn:
		return nil, fault.New(fault.Conflict, "the asker has %d files already", own).Say("answer.jobs.own", mostOwn)
	}
	in, err := s.file()
	if err != nil {
		return nil, err
	}
	s.came++
	j := &job{id: rand.Text(), seq: s.came, of: of, state: arriving, in: in, done: make(chan struct{}), cancel: func() {}}
	s.all[j.id] = j
	return j, nil
}

// forget makes room for one more of what failed, the oldest first. It must be called with s.mu held.
func (s *jobs) forget(failures []*job, most int) {
	slices.SortFunc(failures, func(a, b *job) int { return cmp.Compare(a.seq, b.seq) })
	for ; len(failures) >= most; failures = failures[1:] {
		delete(s.all, failures[0].id)
	}
}

// annotation is what became of a file: at this node, or at all regions.
type annotation struct {
	answer.Annotated
	nation *together.Annotated // nil: this node's
}

// annotator asks for what a file has: this node's desk, or all regions'.
type annotator func(context.Context, answer.Annotation, io.Reader, io.Writer) (annotation, error)

// start annotates what came, when it is its turn.
func (s *jobs) start(j *job, by annotator) {
	ctx, cancel := context.WithTimeout(s.ctx, longest)
	s.mu.Lock()
	j.cancel, j.state = cancel, waiting
	s.mu.Unlock()
	s.under.Go(func() {
		defer cancel()
		defer close(j.done)
		select {
		case s.work <- struct{}{}:
			defer func() { <-s.work }()
		case <-ctx.Done():
			s.finish(j, nil, annotation{}, ctx.Err())
			return
		}
		s.to(j, running)
		out, err := s.file()
		if err != nil {
			s.finish(j, nil, annotation{}, err)
			return
		}
		result, err := s.annotate(ctx, j, by, out)
		s.finish(j, out, result, err)
	})
}

func (s *jobs) annotate(ctx context.Context, j *job, by annotator, out io.Writer) (annotation, error) {
	if _, err := j.in.Seek(0, io.SeekStart); err != nil {
		return annotation{}, err
	}
	magic := make([]byte, 2)
	_, _ = j.in.ReadAt(magic, 0) // what is shorter isn't compressed
	j.what.Compress = magic[0] == 0x1f && magic[1] == 0x8b
	j.what.Progress, j.what.Written = j.read.Store, j.lines.Store
	return by(ctx, j.what, j.in, &bounded{w: out, left: resultLimit})
}

// finish keeps the result for a while, or tells for as long why there is none. The input is gone at once.
func (s *jobs) finish(j *job, out *os.File, result annotation, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = j.in.Close() // it was only read, and has no name
	if j.in = nil; err != nil && out != nil {
		_, out = out.Close(), nil
	}
	if _, there := s.all[j.id]; !there { // cancelled
		if out != nil {
			_ = out.Close()
		}
		return
	}
	j.out, j.result, j.err = out, result, err
	if j.state = ready; err != nil {
		j.state = failed
	}
	time.AfterFunc(s.keep, func() { s.remove(j) })
}

func (s *jobs) to(j *job, next stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.state = next
}

// remove ends a job in any state, and lets its files go.
func (s *jobs) remove(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.all[j.id]; !there {
		return
	}
	delete(s.all, j.id)
	j.cancel()
	if j.state == sending {
		return // who sends closes it
	}
	if j.out != nil {
		_ = j.out.Close()
	}
	if j.state == arriving {
		_ = j.in.Close()
	}
}

// snapshot is a job at one moment.
type snapshot struct {
	*job
	state  stage
	result annotation
	err    error
}

func (s *jobs) find(id string, of owner) (snapshot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, ok := s.all[id]
	if !ok || of.browser == "" || j.of != of || j.state == arriving {
		return snapshot{}, false
	}
	return snapshot{j, j.state, j.result, j.err}, true
}

// own lists an asker's jobs.
func (s *jobs) own(of owner) (out []snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.all {
		if of.browser != "" && j.of == of && j.state != arriving {
			out = append(out, snapshot{j, j.state, j.result, j.err})
		}
	}
	slices.SortFunc(out, func(a, b snapshot) int { return cmp.Compare(a.id, b.id) })
	return out
}

// take gives the result to be sent; nobody else gets it meanwhile. sent tells whether all of it went out: then it is gone.
func (s *jobs) take(j *job) (result *io.SectionReader, sent func(whole bool), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.state != ready {
		return nil, nil, false
	}
	info, err := j.out.Stat()
	if err != nil {
		return nil, nil, false
	}
	j.state = sending
	return io.NewSectionReader(j.out, 0, info.Size()), func(whole bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, there := s.all[j.id]
		if j.state = ready; whole || !there {
			delete(s.all, j.id)
			_ = j.out.Close()
		}
	}, true
}

// peek reads the beginning of a result.
func (s *jobs) peek(j *job, read func(io.Reader)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.all[j.id]; there && (j.state == ready || j.state == sending) {
		read(io.NewSectionReader(j.out, 0, peeked))
	}
}

// peeked is how much of a result is read to show some of it.
const peeked = 4 << 20

func (s *jobs) close() error {
	s.stop()
	s.under.Wait()
	s.mu.Lock()
	all := make([]*job, 0, len(s.all))
	for _, j := range s.all {
		all = append(all, j)
	}
	s.mu.Unlock()
	for _, j := range all {
		s.remove(j)
	}
	if err := os.Remove(s.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Unavailable, err, "the folder of what is annotated can't be removed").In(s.dir)
	}
	return nil
}

// bounded refuses what is too much.
type bounded struct {
	w    io.Writer
	left int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, fault.New(fault.Invalid, "the annotated file is larger than %d bytes", resultLimit).Say("answer.large")
	}
	return b.w.Write(p)
}
