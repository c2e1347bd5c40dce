// Command compare measures fitveil against the C and C++ libraries it replaces:
// both in one process where that can be, interleaved, in CPU time, as medians
// of ratios. A ratio is of two rounds, in which each side went first once.
//
//	cd bench/compare && go run . -only 'detect/.*' -rounds 30 -json
//
// Every job is one JSON object on a line of standard output. Which rivals are
// missing, and how to get them, is said on standard error.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// job is one thing that we and a rival both do.
type job struct {
	name, rival string
	// open prepares both sides. A rival that is not there is an errMissing.
	open func(*setup) (*contest, error)
}

// contest is a prepared job. Each function does the work once and returns the
// CPU time it took, in seconds.
type contest struct {
	ours, theirs func() (float64, error)
	close        func()
	files, bytes int           // of what is worked on, where that is files
	most         time.Duration // fewer rounds, but three, if they take longer; 0 if it does not matter

	whole func(rounds int) (*line, error) // measures instead, where not nil
}

// setup is what the user chose.
type setup struct {
	photo    string // for the image jobs
	shared   string // folder with real photographs
	ortDir   string // with node_modules/onnxruntime-node
	sharpDir string // with node_modules/sharp
}

// errMissing says which rival is not installed, and how to install it.
type errMissing string

func (e errMissing) Error() string { return string(e) }

// line is one result.
type line struct {
	Job     string  `json:"job"`
	Ours    float64 `json:"ours_ms"`
	Rival   string  `json:"rival"`
	RivalMS float64 `json:"rival_ms"`
	Ratio   float64 `json:"ratio"`
	Lo      float64 `json:"ratio_lo"`
	Hi      float64 `json:"ratio_hi"`
	Rounds  int     `json:"rounds"`
	Files   int     `json:"files,omitempty"`
	Bytes   int     `json:"bytes,omitempty"`
	CPU     string  `json:"cpu"`
}

func main() {
	only := flag.String("only", ".", "run the jobs whose name matches")
	rounds := flag.Int("rounds", 30, "how often each side runs, in turn")
	asJSON := flag.Bool("json", false, "print JSON lines instead of a table")
	table := flag.String("table", "", "measure nothing: print README's table of strips from these JSON lines")
	readme := flag.String("readme", "", "with -table: write it into this file, over the one that is there")
	var s setup
	flag.StringVar(&s.photo, "photo", "", "picture for the image and strip jobs; default: one made for the purpose")
	flag.StringVar(&s.shared, "shared", os.Getenv("FITVEIL_SHARED"), "folder with the pictures outside the repository; default $FITVEIL_SHARED")
	flag.StringVar(&s.ortDir, "ort", os.Getenv("FITVEIL_ORT_DIR"), "directory with node_modules/onnxruntime-node; default $FITVEIL_ORT_DIR")
	flag.StringVar(&s.sharpDir, "sharp", os.Getenv("FITVEIL_SHARP_DIR"), "directory with node_modules/sharp; default $FITVEIL_SHARP_DIR")
	flag.Parse()
	work := func() error { return run(&s, *only, *rounds, *asJSON) }
	if *table != "" {
		work = func() error { return writeTable(*table, *readme) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(s *setup, only string, rounds int, asJSON bool) error {
	match, err := regexp.Compile("^(?:" + only + ")")
	if err != nil {
		return err
	}
	if rounds < 1 {
		return fmt.Errorf("%d rounds", rounds)
	}
	runtime.LockOSThread() // CPU time is the thread's
	hideIfTold()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(table, "job\tours ms\trival\trival ms\tratio\t95 %\trounds")
	}
	for _, j := range slices.Concat(detectJobs(), stripJobs(), imageJobs()) {
		if !match.MatchString(j.name) {
			continue
		}
		c, err := j.open(s)
		if err != nil {
			if _, missing := err.(errMissing); missing {
				fmt.Fprintf(os.Stderr, "compare: %s: %v\n", j.name, err)
				continue
			}
			return fmt.Errorf("%s: %w", j.name, err)
		}
		l, err := measure(j, c, rounds)
		c.close()
		if err != nil {
			return fmt.Errorf("%s: %w", j.name, err)
		}
		if asJSON {
			if err := json.NewEncoder(os.Stdout).Encode(l); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%.2f\t%s\t%.2f\t%.3f\t%.3f–%.3f\t%d\n", l.Job, l.Ours, l.Rival, l.RivalMS, l.Ratio, l.Lo, l.Hi, l.Rounds)
	}
	return table.Flush()
}

// measure runs both sides in turn, the order changing from round to round,
// after a warm-up of each that does not count.
func measure(j job, c *contest, rounds int) (*line, error) {
	if c.whole != nil {
		return c.whole(rounds)
	}
	slow := func(since time.Time) bool { return c.most > 0 && time.Since(since) > c.most }
	for i, started := 0, time.Now(); i < min(3, rounds) && (i == 0 || !slow(started)); i++ {
		if _, err := c.ours(); err != nil {
			return nil, err
		}
		if _, err := c.theirs(); err != nil {
			return nil, err
		}
	}
	var ours, theirs []float64
	for i, started := 0, time.Now(); i < rounds && (i < 3 || !slow(started)); i++ {
		first, second := c.theirs, c.ours // the warm-up ended with theirs
		if i%2 == 1 {
			first, second = second, first
		}
		a, err := first()
		if err != nil {
			return nil, err
		}
		b, err := second()
		if err != nil {
			return nil, err
		}
		if i%2 == 1 {
			a, b = b, a
		}
		ours, theirs = append(ours, b), append(theirs, a)
	}
	ratios := paired(ours, theirs)
	lo, hi := interval(ratios)
	return &line{
		Job: j.name, Ours: round(1000 * median(ours)), Rival: j.rival, RivalMS: round(1000 * median(theirs)),
		Ratio: round(median(ratios)), Lo: round(lo), Hi: round(hi), Rounds: len(ours), Files: c.files, Bytes: c.bytes, CPU: cpuName(),
	}, nil
}

// paired are the ratios of two rounds each, the last of an odd number left out. Who
// goes second in one round and first in the next finds its own memory in the caches
// the second time: single rounds have two different ratios, and the median of those
// is one or the other by chance.
func paired(ours, theirs []float64) []float64 {
	if len(ours) == 1 {
		return []float64{ours[0] / theirs[0]}
	}
	var ratios []float64
	for i := 0; i+1 < len(ours); i += 2 {
		ratios = append(ratios, (ours[i]+ours[i+1])/(theirs[i]+theirs[i+1]))
	}
	return ratios
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// interval is a 95 % bootstrap interval of the median; the seed is fixed, so
// that the same measurements give the same interval.
func interval(v []float64) (lo, hi float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	medians := make([]float64, 2000)
	sample := make([]float64, len(v))
	for i := range medians {
		for k := range sample {
			sample[k] = v[rng.IntN(len(v))]
		}
		medians[i] = median(sample)
	}
	slices.Sort(medians)
	return medians[len(medians)*25/1000], medians[len(medians)*975/1000]
}

func round(v float64) float64 { return math.Round(v*10000) / 10000 }

// cpuName is the processor's name, where Linux tells it.
func cpuName() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for l := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
