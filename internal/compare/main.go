// Command compare times samverk beside the tools people use today, on the same files, in turn: A B A B …. It makes its
// files with internal/vcfgen and prints the rows of docs/performance.md: medians and ratios of whole processes,
// by the operating system's own accounting.
//
//	go run ./internal/compare -dir /var/tmp/compare            # everything; needs bcftools, tabix, plink2 and vcfanno
//	go run ./internal/compare -dir /var/tmp/compare load annotate
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is where the files are and how often a pair runs.
type bench struct {
	dir   string
	runs  int
	sites int // of the population's file
	wgs   int // of the genome's file
}

func main() {
	b := bench{}
	flag.StringVar(&b.dir, "dir", "", "a folder with a few GB of room; files are made there once")
	flag.IntVar(&b.runs, "runs", 5, "counted runs of each command, after one that isn't counted")
	flag.IntVar(&b.sites, "sites", 1_000_000, "sites of the 2,000-sample population")
	flag.IntVar(&b.wgs, "wgs", 4_600_000, "variants of the whole genome")
	flag.Parse()
	if b.dir == "" {
		fmt.Fprintln(os.Stderr, "compare: name a folder with -dir")
		os.Exit(2)
	}
	parts := []struct {
		name string
		run  func() error
	}{{"load", b.load}, {"load2000", b.load2000}, {"annotate", b.annotate}, {"withdrawal", b.withdrawal}, {"disk", b.disk}, {"grow", b.grow}}
	if err := b.prepare(); err != nil {
		fail(err)
	}
	for _, p := range parts {
		if flag.NArg() == 0 || slices.Contains(flag.Args(), p.name) {
			if err := p.run(); err != nil {
				fail(fmt.Errorf("%s: %w", p.name, err))
			}
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "compare:", err)
	os.Exit(1)
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// sh runs a line of shell, in the folder.
func (b *bench) sh(line string) error {
	c := exec.Command("sh", "-c", line)
	c.Dir, c.Stderr = b.dir, os.Stderr
	return c.Run()
}

// once makes a file with a line of shell unless it is there.
func (b *bench) once(name, line string) error {
	if _, err := os.Stat(b.path(name)); err == nil {
		return nil
	}
	fmt.Fprintln(os.Stderr, "making", name)
	return b.sh(line)
}

// prepare builds the programs and makes the files.
func (b *bench) prepare() error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	for name, pkg := range map[string]string{"samverk": "./cmd/samverk", "vcfgen": "./internal/vcfgen"} {
		c := exec.Command("go", "build", "-o", b.path(name), pkg)
		c.Env, c.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
		if err := c.Run(); err != nil {
			return err
		}
	}
	five := `awk 'BEGIN{FS=OFS="\t"} /^##/{print;next} /^#CHROM/{for(i=1;i<=5;i++){split("AC AN AF HOM HEMI",t," ");` +
		`print "##INFO=<ID=SAMVERK_" t[i] ",Number=A,Type=" (i==3?"Float":"Integer") ",Description=\"precomputed\">"};print;next}` +
		`{split($8,x,";");ac=substr(x[1],4);an=substr(x[2],4);hom=substr(x[3],9);n=split(ac,A,",");af=ans=hemi="";` +
		`for(i=1;i<=n;i++){s=(i>1?",":"");af=af s sprintf("%.6g",A[i]/an);ans=ans s an;hemi=hemi s "0"}` +
		`$8="SAMVERK_AC=" ac ";SAMVERK_AN=" ans ";SAMVERK_AF=" af ";SAMVERK_HOM=" hom ";SAMVERK_HEMI=" hemi;print}'`
	steps := [][2]string{
		{"genome.vcf.gz", fmt.Sprintf("./vcfgen --format wgs --sites %d --out genome.vcf.gz", b.wgs)},
		{"people.vcf.gz", fmt.Sprintf("./vcfgen --samples 2000 --sites %d --chrom chr1 --out people.vcf.gz --clin clinical.vcf.gz --truth sites.vcf.gz", b.sites)},
		{"clinical.vcf.gz.tbi", "tabix -f -p vcf clinical.vcf.gz"},
		{"counts.vcf.gz.tbi", "zcat sites.vcf.gz | " + five + " | bgzip > counts.vcf.gz && tabix -f -p vcf counts.vcf.gz"},
		{"half.csv", `awk -F'\t' 'BEGIN{print "individual,purpose,allow"} NR>1{print $2 ",research," (NR%2?"true":"false")}' people.samples.tsv > half.csv`},
		{"node", "./samverk init --data node >&2 && ./samverk load --data node --dataset people --samples people.samples.tsv --consent half.csv people.vcf.gz >&2"},
	}
	for _, s := range steps {
		if err := b.once(s[0], s[1]); err != nil {
			return fmt.Errorf("%s: %w", s[0], err)
		}
	}
	return nil
}

// figure is what one run took.
type figure struct {
	wall, cpu time.Duration
	rss       int64 // KiB, of the largest process
}

// time runs a line of shell and takes the figures of all its processes.
func (b *bench) time(before, line string) (figure, error) {
	if before != "" {
		if err := b.sh(before); err != nil {
			return figure{}, err
		}
	}
	c := exec.Command("sh", "-c", line)
	c.Dir = b.dir
	var said strings.Builder
	c.Stderr = &said
	start := time.Now()
	if err := c.Run(); err != nil {
		return figure{}, fmt.Errorf("%s: %w\n%s", line, err, said.String())
	}
	f := figure{wall: time.Since(start), cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.rss = u.Maxrss
	}
	return f, nil
}

// pair times ours and the peer in turn and prints a row.
func (b *bench) pair(what, before, ours, peer string) error {
	var us, them []figure
	for i := range b.runs + 1 {
		a, err := b.time(before, ours)
		if err != nil {
			return err
		}
		p, err := b.time("", peer)
		if err != nil {
			return err
		}
		if i > 0 {
			us, them = append(us, a), append(them, p)
		}
	}
	wall := func(f figure) float64 { return f.wall.Seconds() }
	cpu := func(f figure) float64 { return f.cpu.Seconds() }
	fmt.Printf("| %s | `%s` | wall %.2f s, CPU %.2f s, %d MiB | wall %.2f s, CPU %.2f s | wall %.1f×, CPU %.1f× |\n", what, peer,
		median(us, wall), median(us, cpu), int(median(us, func(f figure) float64 { return float64(f.rss) / 1024 })),
		median(them, wall), median(them, cpu), ratio(them, us, wall), ratio(them, us, cpu))
	return nil
}

func median(f []figure, of func(figure) float64) float64 {
	v := make([]float64, len(f))
	for i := range f {
		v[i] = of(f[i])
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// ratio is the median of the ratios pair by pair, which holds when the machine's speed drifts.
func ratio(a, b []figure, of func(figure) float64) float64 {
	v := make([]float64, len(a))
	for i := range a {
		v[i] = of(a[i]) / of(b[i])
	}
	slices.Sort(v)
	return v[len(v)/2]
}

const fresh = "rm -rf fresh fresh.journal && ./samverk init --data fresh >/dev/null"

func (b *bench) load() error {
	return b.pair(fmt.Sprintf("durable load of one genome, %d records", b.wgs), fresh,
		"./samverk load --data fresh --dataset d --samples genome.samples.tsv genome.vcf.gz >/dev/null",
		"bcftools view -Ou --threads 2 genome.vcf.gz >/dev/null")
}

func (b *bench) load2000() error {
	return b.pair(fmt.Sprintf("durable load of 2,000 people, GT only, %d records", b.sites), fresh,
		"./samverk load --data fresh --dataset d --samples people.samples.tsv people.vcf.gz >/dev/null",
		"bcftools view -Ou people.vcf.gz >/dev/null")
}

const join = "bcftools annotate -a counts.vcf.gz -c INFO/SAMVERK_AC,INFO/SAMVERK_AN,INFO/SAMVERK_AF,INFO/SAMVERK_HOM,INFO/SAMVERK_HEMI clinical.vcf.gz "

func (b *bench) annotate() error {
	const ours = "./samverk annotate --data node --purpose research "
	if err := b.pair("annotate a VCF over 2,000 people, half consenting", "",
		ours+"-o ours.vcf clinical.vcf.gz >/dev/null", join+"-Ov -o theirs.vcf"); err != nil {
		return err
	}
	if err := b.pair("the same, bgzip output at level 6", "",
		ours+"--level 6 -o ours.vcf.gz clinical.vcf.gz >/dev/null", join+"-Oz6 -o theirs.vcf.gz"); err != nil {
		return err
	}
	conf := `printf '[[annotation]]\nfile="counts.vcf.gz"\nfields=["SAMVERK_AC","SAMVERK_AN","SAMVERK_AF","SAMVERK_HOM","SAMVERK_HEMI"]\n` +
		`names=["SAMVERK_AC","SAMVERK_AN","SAMVERK_AF","SAMVERK_HOM","SAMVERK_HEMI"]\nops=["self","self","self","self","self"]\n' > vcfanno.toml`
	if err := b.sh(conf); err != nil {
		return err
	}
	return b.pair("the same beside vcfanno", "",
		ours+"-o ours.vcf clinical.vcf.gz >/dev/null", "vcfanno -p 2 vcfanno.toml clinical.vcf.gz > theirs.vcf")
}

// withdrawal: ours is Go's own benchmark, which counts every variant anew in the process that was just told; one
// operation of it is set against the peers' whole processes.
func (b *bench) withdrawal() error {
	if err := b.sh("zcat people.vcf.gz | grep -m1 '^#CHROM' | cut -f 11- | tr '\\t' '\\n' > rest.txt"); err != nil {
		return err
	}
	build := exec.Command("go", "test", "-c", "-o", b.path("answer.test"), "./answer")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	if err := b.once("people.pgen", "plink2 --vcf people.vcf.gz --make-pgen --out people >/dev/null"); err != nil {
		return err
	}
	out := exec.Command(b.path("answer.test"), "-test.run=^$", "-test.bench=^BenchmarkWithdrawal$", "-test.benchtime=10x")
	out.Env = append(os.Environ(), "SAMVERK_POPULATION="+b.path("people.vcf.gz"), "SAMVERK_SAMPLES="+b.path("people.samples.tsv"))
	text, err := out.Output()
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "Benchmark") {
			fmt.Printf("all variants after one withdrawal, ours: %s", line)
		}
	}
	for _, peer := range []string{
		"bcftools view -S rest.txt -Ou people.vcf.gz | bcftools +fill-tags -Ou -o /dev/null -- -t AC,AN,AC_Het,AC_Hom",
		"plink2 --pfile people --keep rest.txt --freq --out freq --threads 2 >/dev/null",
	} {
		f, err := b.time("", peer)
		if err != nil {
			return err
		}
		fmt.Printf("all variants after one withdrawal, `%s`: wall %.2f s, CPU %.2f s\n", peer, f.wall.Seconds(), f.cpu.Seconds())
	}
	return nil
}

func (b *bench) disk() error {
	for _, s := range [][2]string{
		{"people.bcf", "bcftools view -Ob -o people.bcf people.vcf.gz"},
		{"people.pgen", "plink2 --vcf people.vcf.gz --make-pgen --out people >/dev/null"},
	} {
		if err := b.once(s[0], s[1]); err != nil {
			return err
		}
	}
	line := `s=$(cat node/segments/*.seg | wc -c); b=$(wc -c < people.bcf); p=$(wc -c < people.pgen); ` +
		`awk -v s=$s -v b=$b -v p=$p -v n=%d 'BEGIN{printf "bytes per genotype: segments %%.4f, BCF %%.4f, pgen %%.4f\n", s/n, b/n, p/n}'`
	c := exec.Command("sh", "-c", fmt.Sprintf(line, 2000*b.sites))
	c.Dir, c.Stdout, c.Stderr = b.dir, os.Stdout, os.Stderr
	return c.Run()
}

// grow adds one genome to ever more people.
func (b *bench) grow() error {
	if err := b.once("one.vcf.gz", "./vcfgen --format wgs --sites 460000 --seed 9 --out one.vcf.gz"); err != nil {
		return err
	}
	for _, n := range []int{100, 1000, 2000, 10000} {
		name := fmt.Sprintf("crowd%d", n)
		if err := b.once(name+".vcf.gz", fmt.Sprintf("./vcfgen --samples %d --sites 100000 --out %s.vcf.gz", n, name)); err != nil {
			return err
		}
		if err := b.sh(fmt.Sprintf("rm -rf %[1]s %[1]s.journal && ./samverk init --data %[1]s >/dev/null && ./samverk load --data %[1]s --dataset crowd --samples %[1]s.samples.tsv %[1]s.vcf.gz >/dev/null", name)); err != nil {
			return err
		}
		var all []figure
		for range b.runs {
			f, err := b.time("", fmt.Sprintf("./samverk load --data %s --dataset one --samples one.samples.tsv one.vcf.gz >/dev/null", name))
			if err != nil {
				return err
			}
			all = append(all, f)
		}
		fmt.Printf("one genome of 460,000 records added to %d people: wall %.2f s, CPU %.2f s\n", n,
			median(all, func(f figure) float64 { return f.wall.Seconds() }), median(all, func(f figure) float64 { return f.cpu.Seconds() }))
	}
	return nil
}
