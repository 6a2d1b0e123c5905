package app

import (
	"context"
	"time"

	"github.com/samverk/samverk/app/owner"
	"github.com/samverk/samverk/genome/load"
)

// Client reaches the owner of a data directory, or becomes it.
type Client = owner.Client[*Node]

// The words operations are called with.
type (
	// Progress tells how far a long operation is.
	Progress = owner.Progress
	// Sink takes what an operation tells while it runs.
	Sink[I any] = owner.Sink[I]
	// None is the request, item or result of an operation that has none.
	None = owner.None
)

var noItems = Sink[None]{}

// Everything a node can be asked to do.
var (
	Load     = owner.Op[*Node, LoadRequest, None, LoadResult]{Name: "load", Long: true, Run: (*Node).load}
	Query    = owner.Op[*Node, QueryRequest, Row, QueryResult]{Name: "query", Run: (*Node).query}
	Export   = owner.Op[*Node, ExportRequest, None, ExportResult]{Name: "export", Long: true, Run: (*Node).export}
	Datasets = owner.Op[*Node, None, Dataset, None]{Name: "datasets", Run: (*Node).datasets}
	Stats    = owner.Op[*Node, None, None, NodeStats]{Name: "stats", Run: (*Node).stats}
	Verify   = owner.Op[*Node, None, None, VerifyResult]{Name: "verify", Long: true, Run: (*Node).verify}
	Compact  = owner.Op[*Node, None, None, CompactResult]{Name: "compact", Long: true, Run: (*Node).compact}
	Backup   = owner.Op[*Node, BackupRequest, None, BackupResult]{Name: "backup", Long: true, Run: (*Node).backup}

	ChangeConsent = owner.Op[*Node, ConsentChange, None, ConsentResult]{Name: "consent-change", Run: (*Node).changeConsent}
	ShowConsent   = owner.Op[*Node, ConsentShow, None, ConsentShown]{Name: "consent-show", Run: (*Node).showConsent}
	ImportConsent = owner.Op[*Node, ConsentImport, None, ConsentResult]{Name: "consent-import", Run: (*Node).importConsent}
	ExportConsent = owner.Op[*Node, ConsentExport, None, ConsentExported]{Name: "consent-export", Run: (*Node).exportConsent}

	ListIndividuals  = owner.Op[*Node, None, Individual, None]{Name: "individuals-list", Run: (*Node).listIndividuals}
	RemoveIndividual = owner.Op[*Node, RemoveRequest, None, RemoveResult]{Name: "individuals-remove", Long: true, Run: (*Node).removeIndividual}
	HomeIndividual   = owner.Op[*Node, HomeRequest, None, HomeResult]{Name: "individuals-home", Run: (*Node).homeIndividual}
	CaseIndividual   = owner.Op[*Node, CaseRequest, Case, CaseResult]{Name: "individuals-case", Run: (*Node).caseIndividual}

	Recover = owner.Op[*Node, RecoverRequest, None, RecoverResult]{Name: "recover", Run: (*Node).recover}

	finishRestore = owner.Op[*Node, RestoreRequest, None, RestoreResult]{Name: "restore", Long: true, Run: (*Node).finishRestore}
	annotateFile  = owner.Op[*Node, AnnotateRequest, None, AnnotateResult]{Name: "annotate", Long: true, Run: (*Node).annotateFile}
	annotateBytes = owner.Stream[*Node, AnnotateRequest, AnnotateResult]{Name: "annotate", Run: (*Node).annotateBytes}
)

func routes() []owner.Route[*Node] {
	return append(append(decidingRoutes(), nodeRoutes()...),
		Load.Route(), Query.Route(), Export.Route(), Datasets.Route(), Stats.Route(), Verify.Route(), Compact.Route(), Backup.Route(),
		ChangeConsent.Route(), ShowConsent.Route(), ImportConsent.Route(), ExportConsent.Route(), ListIndividuals.Route(), RemoveIndividual.Route(), CaseIndividual.Route(), HomeIndividual.Route(), Recover.Route(),
		finishRestore.Route(), annotateFile.Route(), annotateBytes.Route())
}

// Connect makes a client of whoever owns dir, which has to be a node. Nothing is opened before the first call. waiting
// is told when Close has to wait for somebody else's work that this process took on; it may be nil.
func Connect(ctx context.Context, dir, command string, waiting func(string)) (*Client, error) {
	if _, err := ReadSettings(dir); err != nil {
		return nil, err
	}
	return owner.New(ctx, owner.Config[*Node]{
		Dir: dir, Command: command, Routes: routes(), Waiting: waiting,
		Open:  func(ctx context.Context) (*Node, error) { return Open(ctx, dir) },
		Close: (*Node).Close,
	}), nil
}

// With connects, calls f and gives the directory up again.
func With(ctx context.Context, dir, command string, waiting func(string), f func(*Client) error) error {
	c, err := Connect(ctx, dir, command, waiting)
	if err != nil {
		return err
	}
	err = f(c)
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	return err
}

// LoadRequest is a load: the tags are the command line's.
type LoadRequest struct {
	Dataset    string   `json:"dataset" required:"" placeholder:"NAME" help:"The dataset to load into; made if it isn't there."`
	Samples    string   `json:"samples,omitempty" placeholder:"S.tsv" help:"Who the samples are: columns sample, individual, sex, and pseudonym if there is one."`
	Consent    string   `json:"consent,omitempty" placeholder:"C.csv" help:"What they allow: columns individual, purpose, allow."`
	Reference  string   `json:"reference,omitempty" placeholder:"REF.fa" help:"GRCh38 in FASTA, for left-aligning and for checking REF; the node's, if not given."`
	Assembly   string   `json:"assembly,omitempty" placeholder:"GRCh38" help:"Says what the files are when their headers don't."`
	Targets    string   `json:"targets,omitempty" placeholder:"BED" help:"Where a panel or an exome looked; elsewhere there is no answer."`
	Origin     string   `json:"origin,omitempty" default:"germline" placeholder:"germline|somatic" complete:"germline somatic" help:"somatic is never in germline counts (${default})."`
	MinGQ      int      `json:"min_gq,omitempty" name:"min-gq" default:"20" help:"The least GQ of a gVCF block that counts as looked at (${default})."`
	MinDP      int      `json:"min_dp,omitempty" name:"min-dp" default:"8" help:"The least DP of a gVCF block that counts as looked at (${default})."`
	AllFilters bool     `json:"all_filters,omitempty" name:"all-filters" help:"Load records that failed a filter too."`
	Files      []string `json:"files" arg:"" name:"file" help:"VCF files, plain or compressed."`
	By         string   `json:"by,omitempty" kong:"-"`
}

// LoadResult is what a load did.
type LoadResult struct {
	load.Report
	ConsentEpoch uint64   `json:"consent_epoch"`
	Notes        []string `json:"notes"` // sentences about what somebody should look at
}

// QueryRequest asks about variants and regions, all at one consent epoch.
type QueryRequest struct {
	Purpose  string   `json:"purpose"`
	Dataset  string   `json:"dataset,omitempty"` // "" is every germline dataset
	Variants []string `json:"variants"`
	As
}

// Row is one variant's answer. What there is no answer to is null.
type Row struct {
	Variant            string   `json:"variant"`
	Purpose            string   `json:"purpose"`
	Dataset            string   `json:"dataset"`
	Covered            bool     `json:"covered"`
	Carriers           Told     `json:"carriers"` // people
	AC                 Told     `json:"ac"`
	AN                 Told     `json:"an"`
	AF                 *float64 `json:"af"` // also nil when AN is 0
	Het                Told     `json:"het"`
	Hom                Told     `json:"hom"`
	Hemi               Told     `json:"hemi"`
	Basis              *string  `json:"an_basis"` // "called" or "assumed"
	IndividualsCounted Told     `json:"individuals_counted"`
	ConsentEpoch       uint64   `json:"consent_epoch"`
	Why                string   `json:"why,omitempty"` // not every number is told exactly
}

// QueryResult closes the rows.
type QueryResult struct {
	Rows               int    `json:"rows"`
	IndividualsCounted Told   `json:"individuals_counted"`
	ConsentEpoch       uint64 `json:"consent_epoch"`
	Policy             string `json:"policy,omitempty"` // that allowed it
	Decision           string `json:"decision,omitempty"`
	Leaf               uint64 `json:"leaf"` // of the ledger, which records it
}

// AnnotateRequest is an annotation: the tags are the command line's. "" as In or Out is standard input or output.
type AnnotateRequest struct {
	Purpose   string `json:"purpose" short:"p" required:"" placeholder:"PURPOSE" complete:"care matching research" help:"What it is for: care, matching or research."`
	Dataset   string `json:"dataset,omitempty" placeholder:"NAME" help:"One dataset; all germline datasets, if not given."`
	Reference string `json:"reference,omitempty" placeholder:"REF.fa" help:"GRCh38 in FASTA, for left-aligning; the node's, if not given."`
	Assembly  string `json:"assembly,omitempty" placeholder:"GRCh38" help:"Says what the file is on when its header doesn't."`
	In        string `json:"in,omitempty" kong:"-"`
	Out       string `json:"out,omitempty" short:"o" placeholder:"OUT.vcf.gz" help:"Where to write; standard output, if not given. .gz or .bgz is bgzip."`
	Bgzip     bool   `json:"bgzip,omitempty" short:"z" help:"Write bgzip to standard output."`
	Level     int    `json:"level,omitempty" default:"6" help:"How hard bgzip works, 1 to 9 (${default})."`
	Index     bool   `json:"index,omitempty" help:"Write OUT.vcf.gz.tbi too."`
	As
}

// AnnotateResult is what an annotation did.
type AnnotateResult struct {
	Records            int64  `json:"records"`
	Alleles            int64  `json:"alleles"`
	Known              int64  `json:"known"`
	IndividualsCounted Told   `json:"individuals_counted"`
	ConsentEpoch       uint64 `json:"consent_epoch"`
	Leaf               uint64 `json:"leaf"`
}

// ExportRequest is an export: the tags are the command line's.
type ExportRequest struct {
	Purpose string `json:"purpose" short:"p" required:"" placeholder:"PURPOSE" complete:"care matching research" help:"What it is for: care, matching or research."`
	Dataset string `json:"dataset,omitempty" placeholder:"NAME" help:"One dataset; all germline datasets, if not given."`
	Out     string `json:"out" kong:"-"`
	As
}

// ExportResult is what was exported.
type ExportResult struct {
	Variants           int64  `json:"variants"`
	IndividualsCounted Told   `json:"individuals_counted"`
	ConsentEpoch       uint64 `json:"consent_epoch"`
	Leaf               uint64 `json:"leaf"`
}

// Dataset is one dataset.
type Dataset struct {
	Name        string `json:"name"`
	Origin      string `json:"origin"`
	Samples     int64  `json:"samples"`
	Individuals int64  `json:"individuals"`
}

// RecoverRequest names an account by the address one signs in with.
type RecoverRequest struct {
	Mail string `json:"mail"`
}

// RecoverResult is the link with which a new password is chosen, once and within a day.
type RecoverResult struct {
	Link string `json:"link"`
}

// NodeStats is what the node holds.
type NodeStats struct {
	Region       string       `json:"region,omitempty"`
	Datasets     int          `json:"datasets"`
	Samples      int64        `json:"samples"`
	Individuals  int64        `json:"individuals"`
	Variants     int64        `json:"variants"`
	Segments     int          `json:"segments"`
	Bytes        int64        `json:"bytes"`
	ConsentEpoch uint64       `json:"consent_epoch"`
	Counted      []PurposeSum `json:"counted"`
	Restored     string       `json:"restored,omitempty"` // the backup a node was made from while it waits for its journal
}

// PurposeSum is how many individuals allow a purpose.
type PurposeSum struct {
	Purpose     string `json:"purpose"`
	Individuals int64  `json:"individuals"`
}

// VerifyResult is what was checked; what is wrong is an error.
type VerifyResult struct {
	Segments int   `json:"segments"`
	Bytes    int64 `json:"bytes"`
}

// CompactResult is what a compaction did.
type CompactResult struct {
	SegmentsBefore int   `json:"segments_before"`
	SegmentsAfter  int   `json:"segments_after"`
	BytesBefore    int64 `json:"bytes_before"`
	BytesAfter     int64 `json:"bytes_after"`
}

// BackupRequest says where.
type BackupRequest struct {
	Out string `json:"out"`
}

// BackupResult is what was written.
type BackupResult struct {
	Bytes        int64  `json:"bytes"`
	ConsentEpoch uint64 `json:"consent_epoch"`
	Journal      string `json:"journal"`
}

// RestoreRequest says from what. Without From a restore that stopped at the journal is finished.
type RestoreRequest struct {
	From      string `json:"from,omitempty"`
	Journal   string `json:"journal,omitempty"`    // "" is the node's own
	NoJournal string `json:"no_journal,omitempty"` // why there is none: the operator's word
	Ledger    string `json:"ledger,omitempty"`     // a copy of the ledger, in place of the backup's
	NoLedger  string `json:"no_ledger,omitempty"`  // why there is none
	Database  string `json:"database,omitempty"`   // "" is SQLite in the directory
	By        string `json:"by"`
}

// RestoreResult is what was done again.
type RestoreResult struct {
	Withdrawals  int    `json:"withdrawals"`
	Removals     int    `json:"removals"`
	ConsentEpoch uint64 `json:"consent_epoch"`
}

// ConsentChange is one individual's choice. Withdraw without a Purpose is a withdrawal from every one.
type ConsentChange struct {
	Individual string `json:"individual"`
	Purpose    string `json:"purpose,omitempty"`
	Allow      bool   `json:"allow,omitempty"`
	Withdraw   bool   `json:"withdraw,omitempty"`
	By         string `json:"by"`
	Why        string `json:"why,omitempty"`
}

// ConsentResult acknowledges: whatever begins from now on sees it.
type ConsentResult struct {
	Choices      int    `json:"choices"`
	Restrictions int    `json:"restrictions,omitempty"`
	Already      int    `json:"already,omitempty"` // stood already, and were not recorded again
	ConsentEpoch uint64 `json:"consent_epoch"`
}

// ConsentShow asks for an individual's choices.
type ConsentShow struct {
	Individual string `json:"individual"`
}

// ConsentShown is what an individual allows and how it came to that.
type ConsentShown struct {
	Individual string       `json:"individual"`
	Now        []PurposeNow `json:"now"`
	History    []PastChoice `json:"history"`
}

// PurposeNow is what holds: "allowed", "refused", "withdrawn" or "nothing recorded".
type PurposeNow struct {
	Purpose string `json:"purpose"`
	State   string `json:"state"`
	Allow   bool   `json:"allow"`
}

// PastChoice is one line of the history.
type PastChoice struct {
	When    time.Time `json:"when"`
	Purpose string    `json:"purpose"`
	Choice  string    `json:"choice"`
	By      string    `json:"by"`
	Why     string    `json:"why,omitempty"`
}

// ConsentImport is a file, or its text when it came through standard input.
type ConsentImport struct {
	File       string            `json:"file"`
	Text       []byte            `json:"text,omitempty"`
	By         string            `json:"by"`
	Format     string            `json:"format,omitempty"`     // csv or fhir; "" is csv
	Policies   map[string]string `json:"policies,omitempty"`   // of FHIR: what others call a form, and its digest or version
	Identifier string            `json:"identifier,omitempty"` // of FHIR: another system in which individuals have the region's own ids
}

// ConsentExport asks for what stands about an individual, as a file.
type ConsentExport struct {
	Individual string `json:"individual"`
	Format     string `json:"format"`
}

// ConsentExported is the file.
type ConsentExported struct {
	Text []byte `json:"text"`
}

// Individual is one line of the list.
type Individual struct {
	ID      string `json:"individual"`
	Sex     string `json:"sex"`
	Samples int64  `json:"samples"`

	Pseudonym string `json:"pseudonym,omitempty"` // by which other regions know them
	Home      string `json:"home,omitempty"`      // where they are counted in what nodes answer together: here, elsewhere, unknown
}

// CaseRequest makes or ends a case of an individual's; without either, it asks which there are.
type CaseRequest struct {
	ID           string `json:"individual"`
	Organisation string `json:"organisation,omitempty"` // whose clinicians may leave them out of a count
	End          string `json:"end,omitempty"`          // the case's id
	Why          string `json:"why,omitempty"`
	By           string `json:"by,omitempty"`
}

// Case is one of an individual's cases.
type Case struct {
	ID           string     `json:"case"`
	Organisation string     `json:"organisation"`
	By           string     `json:"by"`
	Why          string     `json:"why,omitempty"`
	Made         time.Time  `json:"made"`
	Ends         time.Time  `json:"ends"`
	Ended        *time.Time `json:"ended,omitempty"` // before that
}

// CaseResult has the token of a case that was made.
type CaseResult struct {
	Token string `json:"token,omitempty"`
	Ends  string `json:"ends,omitempty"` // the day
}

// HomeRequest asks where an individual is at home, or changes it.
type HomeRequest struct {
	ID     string `json:"individual"`
	Let    bool   `json:"let,omitempty"`    // they are at home here no more
	To     string `json:"to,omitempty"`     // but at this node, which has let go with it
	Return bool   `json:"return,omitempty"` // ask for them again
}

// HomeResult is where they are at home now.
type HomeResult struct {
	Home string `json:"home"`
}

// RemoveRequest says who.
type RemoveRequest struct {
	ID      string `json:"individual"`
	Compact bool   `json:"compact,omitempty"`
	By      string `json:"by,omitempty"`
}

// RemoveResult is what went. Waiting: the genotypes are on the disk until the next compaction.
type RemoveResult struct {
	Samples int  `json:"samples"`
	Waiting bool `json:"waiting"`
}
