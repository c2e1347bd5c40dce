package person_test

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
)

// threshold is the presence from which NoPeople says that somebody is there.
var threshold = detect.NoPeople().Presence

// accuracy sorts findings by what the labels say.
type accuracy struct {
	all             []finding
	kinds           map[string][]finding
	singles, groups []finding // of kind pos, one person and two or more
}

func tally(found []finding) *accuracy {
	a := &accuracy{all: found, kinds: map[string][]finding{}}
	for _, f := range found {
		a.kinds[f.kind] = append(a.kinds[f.kind], f)
		switch {
		case f.kind != "pos" || f.people == 0:
		case f.people == 1:
			a.singles = append(a.singles, f)
		default:
			a.groups = append(a.groups, f)
		}
	}
	return a
}

func firing(found []finding, from float32) int {
	n := 0
	for _, f := range found {
		if f.scene.Presence >= from {
			n++
		}
	}
	return n
}

func passing(found []finding, p detect.Policy) int { return verdicts(found, p)[detect.Pass] }

// verdicts counts what p says of each.
func verdicts(found []finding, p detect.Policy) map[detect.Verdict]int {
	n := map[detect.Verdict]int{}
	for _, f := range found {
		v, _ := p.Judge(f.scene)
		n[v]++
	}
	return n
}

// tables is the result as Markdown.
func (a *accuracy) tables() string {
	var b strings.Builder
	thresholds := []float32{0.20, 0.25, 0.30, 0.35, 0.40}
	b.WriteString("Photos of a kind in which somebody is found, by the presence from which that is said:\n\n| kind | photos |")
	for _, from := range thresholds {
		fmt.Fprintf(&b, " ≥ %.2f |", from)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(thresholds)) + "\n")
	for _, kind := range a.order() {
		fmt.Fprintf(&b, "| %s | %d |", kind, len(a.kinds[kind]))
		for _, from := range thresholds {
			fmt.Fprintf(&b, " %d |", firing(a.kinds[kind], from))
		}
		b.WriteString("\n")
	}

	policies := []detect.Policy{detect.NoPeople(), detect.AnyPeople(), detect.OnePerson(), detect.Selfie(), body()}
	b.WriteString("\nVerdicts of the policies, pass/unsure/reject (body: OnePerson with MinKeypoints 11):\n\n| kind |")
	for _, p := range policies {
		b.WriteString(" " + p.Name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(policies)) + "\n")
	row := func(name string, found []finding) {
		b.WriteString("| " + name + " |")
		for _, p := range policies {
			n := verdicts(found, p)
			fmt.Fprintf(&b, " %d/%d/%d |", n[detect.Pass], n[detect.Unsure], n[detect.Reject])
		}
		b.WriteString("\n")
	}
	for _, kind := range a.order() {
		row(kind, a.kinds[kind])
	}
	row("**pos, one person**", a.singles)
	row("**pos, two to four**", a.groups)

	b.WriteString("\nWhat OnePerson says of photos of kind pos, by the number of people counted by hand:\n\n")
	b.WriteString("| people | photos | ok | crowd | nobody | unsure |\n|---|---|---|---|---|---|\n")
	for n := 1; n <= 4; n++ {
		reasons, total := map[detect.Reason]int{}, 0
		for _, f := range slices.Concat(a.singles, a.groups) {
			if f.people == n {
				_, reason := detect.OnePerson().Judge(f.scene)
				reasons[reason]++
				total++
			}
		}
		fmt.Fprintf(&b, "| %d | %d | %d | %d | %d | %d |\n", n, total,
			reasons[detect.ReasonOK], reasons[detect.ReasonCrowd], reasons[detect.ReasonNobody], reasons[detect.ReasonUnsure])
	}
	return b.String()
}

// body is what a try-on of a whole garment may ask for.
func body() detect.Policy {
	p := detect.OnePerson()
	p.Name, p.MinKeypoints = "body", 11
	return p
}

// order is the kinds, people first.
func (a *accuracy) order() []string {
	return slices.SortedFunc(maps.Keys(a.kinds), func(x, y string) int {
		px, py := strings.HasPrefix(x, "pos"), strings.HasPrefix(y, "pos")
		if px != py {
			if px {
				return -1
			}
			return 1
		}
		return strings.Compare(x, y)
	})
}

// report is the tables with where and when, and the photos that went wrong.
func (a *accuracy) report(step int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# How well detect/person finds people, %s\n\n", time.Now().Format(time.DateOnly))
	fmt.Fprintf(&b, "Written by `TestAccuracy` of `detect/person` (its comment has the command). Model: %s.\n", person.Model)
	which := "all there are"
	if step > 1 {
		which = fmt.Sprintf("one in %d of each kind", step)
	}
	fmt.Fprintf(&b, "%d labelled photos, %s; each went through `imageproc.Sanitize` and `detect.Screen`.\n", len(a.all), which)
	fmt.Fprintf(&b, "Machine: %s, %d cores, %s/%s, %s. ", cpu(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	fmt.Fprintf(&b, "Median time of a photo, everything included and other work running beside it: %d ms.\n\n", a.median().Milliseconds())
	b.WriteString("The thresholds were chosen on a larger set that holds these photos, so the rates are a little kind.\n")
	b.WriteString("`pos-tiny` is far or reflected people, `limb` hands or feet alone; for those there is no right answer here.\n\n")
	b.WriteString(a.tables())
	b.WriteString("\nPhotos on the wrong side:\n\n")
	for _, wrong := range []struct {
		what  string
		found []finding
		is    func(f finding) bool
	}{
		{"people not found (presence)", a.kinds["pos"], func(f finding) bool { return f.scene.Presence < threshold }},
		{"rooms with somebody found", a.kinds["neg-interior"], func(f finding) bool { return f.scene.Presence >= threshold }},
		{"one person, not passed by OnePerson", a.singles, func(f finding) bool { return passing([]finding{f}, detect.OnePerson()) == 0 }},
		{"two to four, passed by OnePerson", a.groups, func(f finding) bool { return passing([]finding{f}, detect.OnePerson()) == 1 }},
	} {
		var names []string
		for _, f := range wrong.found {
			if wrong.is(f) {
				names = append(names, fmt.Sprintf("%s (%.2f)", f.file, f.scene.Presence))
			}
		}
		if names == nil {
			names = []string{"none"}
		}
		fmt.Fprintf(&b, "- %s, of %d: %s\n", wrong.what, len(wrong.found), strings.Join(names, ", "))
	}
	return b.String()
}

func (a *accuracy) median() time.Duration {
	var took []time.Duration
	for _, f := range a.all {
		took = append(took, f.took)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// cpu names the processor where the system says it in a file.
func cpu() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, " \t:"))
		}
	}
	return "unknown processor"
}
