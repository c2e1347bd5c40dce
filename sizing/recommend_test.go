package sizing_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
	"pgregory.net/rapid"
)

const dressChart = `size,bust (cm),waist,hips
S,82-90,66-74,90-98
M,90-98,74-82,98-106
L,98-107,82-91,106-114
XL,107-119,91-103,114-122`

func recommend(t testing.TB, c *sizing.Chart, b *sizing.Body, o *sizing.Options) *sizing.Recommendation {
	t.Helper()
	r, err := c.Recommend(b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// warned reports whether a warning of the code is there, about the field if given.
func warned(list []sizing.Warning, code, field string) bool {
	for _, w := range list {
		if w.Code == code && (field == "" || w.Field == field) && w.Text != "" {
			return true
		}
	}
	return false
}

// sane checks what holds of every recommendation.
func sane(t interface{ Fatalf(string, ...any) }, r *sizing.Recommendation) {
	sum := r.None
	ok := func(p float64) bool { return p >= 0 && p <= 1 } // false for NaN
	for _, s := range r.Sizes {
		if !ok(s.P) {
			t.Fatalf("a probability outside 0 to 1")
		}
		sum += s.P
		for _, a := range s.Areas {
			if math.IsNaN(float64(a.Ease)) || math.IsInf(float64(a.Ease), 0) {
				t.Fatalf("%s: ease is no number", a.Name)
			}
		}
	}
	if !ok(r.None) || !ok(r.Confidence) || math.Abs(sum-1) > 1e-9 {
		t.Fatalf("none %v, confidence %v, sum %v", r.None, r.Confidence, sum)
	}
	if r.Size == "" && r.Between[0] != "" {
		t.Fatalf("no size, but between two")
	}
}

func TestExactBodies(t *testing.T) {
	c := parse(t, dressChart)
	for _, q := range []struct {
		bust, waist, hips sizing.Length
		want              string
		warn              string
	}{
		{82, 66, 90, "S", ""},
		{86, 70, 94, "S", ""},
		{94, 78, 102, "M", ""},
		{90, 74, 98, "M", ""}, // a boundary belongs to the larger size
		{100, 85, 110, "L", ""},
		{118.9, 102.9, 121.9, "XL", ""},
		{86, 70, 107, "L", ""}, // the largest need wins: nothing may be too tight
		{100, 70, 94, "L", ""},
		{119, 95, 118, "", sizing.WarnAboveChart}, // above the top is none, not the largest
		{94, 78, 130, "", sizing.WarnAboveChart},
		{75, 60, 85, "", sizing.WarnBelowChart},
		{75, 60, 91, "S", ""}, // loose, but it can be worn
	} {
		b := &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34, Bust: q.bust, Waist: q.waist, Hips: q.hips, Source: sizing.Scanner}
		r := recommend(t, c, b, nil)
		sane(t, r)
		if r.Size != q.want || r.Confidence != 1 {
			t.Errorf("%v/%v/%v: got %q at %v, want %q at 1", float64(q.bust), float64(q.waist), float64(q.hips), r.Size, r.Confidence, q.want)
		}
		if (q.want == "") != (r.None == 1) || (q.warn != "" && !warned(r.Warnings, q.warn, "")) {
			t.Errorf("%v/%v/%v: none %v", float64(q.bust), float64(q.waist), float64(q.hips), r.None)
		}
	}
}

func TestAreas(t *testing.T) {
	c := parse(t, dressChart)
	r := recommend(t, c, &sizing.Body{Sex: sizing.Female, Bust: 94, Waist: 84, Hips: 95, Source: sizing.Scanner}, nil)
	type area struct {
		fit  sizing.Fit
		ease float64
	}
	want := [][]area{ // S, M, L, XL × bust, waist, hips; the ease is up to the upper end
		{{sizing.Tight, -4}, {sizing.Tight, -10}, {sizing.Good, 3}},
		{{sizing.Good, 4}, {sizing.Tight, -2}, {sizing.Loose, 11}},
		{{sizing.Loose, 13}, {sizing.Good, 7}, {sizing.Loose, 19}},
		{{sizing.Loose, 25}, {sizing.Loose, 19}, {sizing.Loose, 27}},
	}
	for i, s := range r.Sizes {
		for k, a := range s.Areas {
			if a.Fit != want[i][k].fit || math.Abs(float64(a.Ease)-want[i][k].ease) > 1e-9 || a.Name != c.Dimensions()[k] {
				t.Errorf("%s %s: got %s, want %s", s.Label, a.Name, a.Fit, want[i][k].fit)
			}
		}
	}
	if r.Size != "L" {
		t.Errorf("got %q", r.Size)
	}
}

func TestKnowledgeNarrows(t *testing.T) {
	c := parse(t, "size,bust\nS,82-90\nM,90-98\nL,98-107\nXL,107-119")
	b := &sizing.Body{Sex: sizing.Female, Height: 168}
	few := recommend(t, c, b, nil)
	b.Weight, b.Age = 64, 34
	more := recommend(t, c, b, nil)
	b.Bust = 94
	all := recommend(t, c, b, nil)
	if more.Size != "M" || all.Size != "M" || !(few.Confidence < more.Confidence && more.Confidence < all.Confidence) {
		t.Errorf("confidence %v, %v, %v for %q, %q, %q", few.Confidence, more.Confidence, all.Confidence, few.Size, more.Size, all.Size)
	}
	b.Source = sizing.SelfReported
	if r := recommend(t, c, b, nil); r.Confidence >= all.Confidence || !warned(r.Warnings, sizing.WarnSelfReported, "") {
		t.Error("what is self-reported is trusted as much as a tape")
	}
}

func TestRefusals(t *testing.T) {
	dress := parse(t, dressChart)
	shoes := parse(t, "EU,foot length (cm)\n40,25.0\n41,25.7\n42,26.3\n43,27.0\n44,27.7")
	for _, q := range []struct {
		name  string
		chart *sizing.Chart
		body  *sizing.Body
		warn  string
		named bool
	}{
		{"nothing", dress, &sizing.Body{}, sizing.WarnNothingKnown, false},
		{"nil", dress, nil, sizing.WarnNothingKnown, false},
		{"sex and age", dress, &sizing.Body{Sex: sizing.Female, Age: 30}, sizing.WarnNothingKnown, false},
		{"weight alone", dress, &sizing.Body{Sex: sizing.Female, Weight: 64}, "", true},
		{"shoes from height and weight", shoes, &sizing.Body{Sex: sizing.Male, Height: 180, Weight: 80, Age: 30}, sizing.WarnNeedFootLength, false},
		{"shoes from the foot's breadth", shoes, &sizing.Body{Sex: sizing.Male, FootBreadth: 10}, sizing.WarnNeedFootLength, false},
		{"shoes from the foot", shoes, &sizing.Body{Sex: sizing.Male, FootLength: 26.3}, "", true},
		{"sex unknown", dress, &sizing.Body{Height: 168, Weight: 64, Age: 34}, sizing.WarnSexUnknown, true},
		{"pounds for kilograms", dress, &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 141, Bust: 92, Waist: 75, Hips: 100}, sizing.WarnUnlikely, true},
		{"too heavy", dress, &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 140}, sizing.WarnAboveChart, false},
		{"a child in a women's chart", dress, &sizing.Body{Sex: sizing.Female, Height: 120, Weight: 23, Age: 7}, sizing.WarnChildModel, false},
	} {
		r := recommend(t, q.chart, q.body, nil)
		sane(t, r)
		if (r.Size != "") != q.named || (q.warn != "" && !warned(r.Warnings, q.warn, "")) {
			t.Errorf("%s: size %q, warnings %+v", q.name, r.Size, r.Warnings)
		}
		if q.warn == sizing.WarnNeedFootLength && r.Confidence != 0 {
			t.Errorf("%s: confidence in a size that is not named", q.name)
		}
	}
}

func TestSexFromChart(t *testing.T) {
	c, err := sizing.ParseChart(strings.NewReader(dressChart), &sizing.ChartOptions{Sex: sizing.Female})
	if err != nil {
		t.Fatal(err)
	}
	b := &sizing.Body{Height: 168, Weight: 64, Age: 34}
	r := recommend(t, c, b, nil)
	b.Sex = sizing.Female
	if w := recommend(t, c, b, nil); r.Confidence != w.Confidence || !warned(r.Warnings, sizing.WarnSexFromChart, "") || warned(r.Warnings, sizing.WarnSexUnknown, "") {
		t.Error("the chart's sex was not taken")
	}
}

func TestPreference(t *testing.T) {
	c := parse(t, dressChart)
	for _, q := range []struct {
		bust                 sizing.Length
		slim, regular, loose string
	}{
		{94, "M", "M", "M"},
		{91, "S", "M", "M"},     // the lowest quarter of M
		{97, "M", "M", "L"},     // the highest
		{118, "XL", "XL", "XL"}, // the chart's own ends stay
		{83, "S", "S", "S"},
	} {
		b := &sizing.Body{Sex: sizing.Female, Bust: q.bust, Waist: 67, Hips: 91, Source: sizing.Scanner}
		for prefer, want := range map[sizing.Preference]string{sizing.SlimFit: q.slim, sizing.Regular: q.regular, sizing.LooseFit: q.loose} {
			if got := recommend(t, c, b, &sizing.Options{Prefer: prefer}).Size; got != want {
				t.Errorf("bust %v, preference %v: got %q, want %q", float64(q.bust), prefer, got, want)
			}
		}
	}
	if _, err := c.Recommend(&sizing.Body{Bust: 90}, &sizing.Options{Prefer: 7}); err == nil {
		t.Error("a preference there is not was taken")
	}
	// Feet do not like shoes loose.
	shoes := parse(t, "EU,foot length (cm)\n40,25.0\n41,25.7\n42,26.3\n43,27.0")
	if got := recommend(t, shoes, &sizing.Body{FootLength: 25.9, Source: sizing.Scanner}, &sizing.Options{Prefer: sizing.LooseFit}).Size; got != "41" {
		t.Errorf("a foot of 25.9 is %q", got)
	}
}

func TestBetween(t *testing.T) {
	c := parse(t, "size,chest\nS,86-94\nM,94-102\nL,102-110")
	r := recommend(t, c, &sizing.Body{Sex: sizing.Male, Chest: 101.9}, nil)
	if r.Between != [2]string{"M", "L"} {
		t.Error("a chest on the boundary does not lie between its two sizes")
	}
	if r := recommend(t, c, &sizing.Body{Sex: sizing.Male, Chest: 98, Height: 178, Weight: 78}, nil); r.Between != [2]string{} || r.Size != "M" {
		t.Error("the middle of M lies between sizes")
	}
}

func TestTwoAxes(t *testing.T) {
	c := parse(t, "size,waist (cm),inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n32/30,79-84,74-78\n32/32,79-84,78-82\n34/32,84-89,78-82")
	for _, q := range []struct {
		waist, inseam sizing.Length
		want, warn    string
	}{
		{77, 75, "30/30", ""},
		{77, 80, "30/32", ""},
		{80, 75, "32/30", ""},
		{80, 80, "32/32", ""},
		{86, 80, "34/32", ""},
		{86, 75, "", sizing.WarnNotOffered},
		{77, 90, "", sizing.WarnAboveChart},
		{90, 80, "", sizing.WarnAboveChart},
		{77, 60, "", sizing.WarnBelowChart},
	} {
		r := recommend(t, c, &sizing.Body{Sex: sizing.Male, Waist: q.waist, Inseam: q.inseam, Source: sizing.Scanner}, nil)
		sane(t, r)
		if r.Size != q.want || (q.warn != "" && !warned(r.Warnings, q.warn, "")) {
			t.Errorf("%v/%v: got %q, want %q; %v", float64(q.waist), float64(q.inseam), r.Size, q.want, r.Warnings)
		}
	}
	r := recommend(t, c, &sizing.Body{Sex: sizing.Male, Height: 174, Weight: 64, Age: 25}, nil)
	sane(t, r)
	if r.None > 0.9 {
		t.Errorf("none at %v", r.None)
	}
}

func TestChildren(t *testing.T) {
	c := parse(t, "size,height (cm),chest\n116,110-116,57-60\n122,116-122,60-63\n128,122-128,63-66\n134,128-134,66-69")
	r := recommend(t, c, &sizing.Body{Sex: sizing.Female, Height: 125, Weight: 25, Age: 8}, nil)
	sane(t, r)
	if r.Size != "128" || !warned(r.Warnings, sizing.WarnChildModel, "") || !warned(r.Warnings, sizing.WarnChildLimited, "chest") {
		t.Errorf("got %q, %+v", r.Size, r.Warnings)
	}
	// A measured chest counts, though the model has none for children.
	r = recommend(t, c, &sizing.Body{Sex: sizing.Female, Height: 125, Weight: 25, Age: 8, Chest: 68, Source: sizing.Scanner}, nil)
	sane(t, r)
	if r.Size != "134" {
		t.Errorf("with a chest of 68: %q", r.Size)
	}
	chestOnly := parse(t, "size,chest\n116,57-60\n122,60-63")
	r = recommend(t, chestOnly, &sizing.Body{Sex: sizing.Female, Height: 125, Weight: 25, Age: 8}, nil)
	sane(t, r)
	if r.Size != "" || r.None != 1 {
		t.Errorf("a child's chest was guessed: %q", r.Size)
	}
}

func TestDeterministicAndReusable(t *testing.T) {
	c, other := parse(t, dressChart), parse(t, "size,chest\nS,86-94\nM,94-102\nL,102-110\nXL,110-120\nXXL,120-130\n3XL,130-140")
	b := &sizing.Body{Height: 168, Weight: 64, Age: 34}
	want := string(recommend(t, c, b, nil).AppendJSON(nil))
	var r sizing.Recommendation
	for range 3 {
		if err := other.RecommendInto(&r, &sizing.Body{Sex: sizing.Male, Chest: 200, Age: 12}, nil); err != nil {
			t.Fatal(err)
		}
		if err := c.RecommendInto(&r, b, nil); err != nil {
			t.Fatal(err)
		}
		if got := string(r.AppendJSON(nil)); got != want {
			t.Fatalf("a reused recommendation differs:\n%s\n%s", got, want)
		}
	}
	if *b != (sizing.Body{Height: 168, Weight: 64, Age: 34}) {
		t.Error("Recommend changed the body")
	}
}

func TestNoAllocation(t *testing.T) {
	for name, c := range map[string]*sizing.Chart{
		"one axis": parse(t, dressChart),
		"two axes": parse(t, "size,waist (cm),inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n32/30,79-84,74-78\n32/32,79-84,78-82"),
	} {
		var r sizing.Recommendation
		b := &sizing.Body{Height: 168, Weight: 64, Age: 34, Source: sizing.SelfReported}
		if n := testing.AllocsPerRun(200, func() {
			if err := c.RecommendInto(&r, b, nil); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestZeroValues: what nobody made must not panic.
func TestZeroValues(t *testing.T) {
	var c sizing.Chart
	r := recommend(t, &c, &sizing.Body{Height: 170}, nil)
	sane(t, r)
	if r.Size != "" || r.None != 1 || len(c.Lint()) != 0 || len(c.Sizes()) != 0 {
		t.Error("an empty chart has an answer")
	}
	var e sizing.Estimates
	for range e.All() {
		t.Error("empty estimates hold something")
	}
	if _, ok := e.Of("chest"); ok || string(e.AppendJSON(nil)) != `{"measurements":{},"warnings":[]}` {
		t.Error("empty estimates hold something")
	}
	if got := string(new(sizing.Recommendation).AppendJSON(nil)); got != `{"chart":"","size":"","confidence":0,"between":[],"sizes":[],"none":0,"warnings":[]}` {
		t.Error(got)
	}
}

// TestRangeInAnother: a size that lies within its neighbours' ranges is not given theirs.
func TestRangeInAnother(t *testing.T) {
	c := parse(t, "size,chest\nS,80-100\nM,85-95\nL,90-110")
	r, err := c.Recommend(&sizing.Body{Chest: 81, Source: sizing.Scanner}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Sizes {
		if want := map[string]sizing.Fit{"S": sizing.Good, "M": sizing.Loose, "L": sizing.Loose}[s.Label]; s.Areas[0].Fit != want {
			t.Errorf("size %s is %v at a chest of 81, want %v", s.Label, s.Areas[0].Fit, want)
		}
	}
}

// TestPreferencesOfSharedRanges: who likes clothes slim or loose is not parted by a range of two sizes, either.
func TestPreferencesOfSharedRanges(t *testing.T) {
	c := parse(t, "size,hips,waist\nS,90-95,70-75\nM,95-100,70-75\nL,100-105,75-80\nXL,105-110,75-80")
	for _, q := range []struct {
		prefer      sizing.Preference
		hips, waist sizing.Length
		want        string
	}{
		{sizing.SlimFit, 92, 75.5, "S"},
		{sizing.SlimFit, 98, 75.5, "M"},
		{sizing.Regular, 92, 72, "S"},
		{sizing.LooseFit, 92, 73, "S"},
		{sizing.LooseFit, 97, 73, "M"},
		{sizing.LooseFit, 102, 74.5, "L"},
		{sizing.LooseFit, 102, 79.5, "L"},
		{sizing.SlimFit, 102, 79.5, "L"},
	} {
		r, err := c.Recommend(&sizing.Body{Hips: q.hips, Waist: q.waist, Source: sizing.Scanner}, &sizing.Options{Prefer: q.prefer})
		if err != nil {
			t.Fatal(err)
		}
		if r.Size != q.want {
			t.Errorf("%v, hips %v, waist %v: %q, want %q", q.prefer, q.hips, q.waist, r.Size, q.want)
		}
	}
}

// TestRangesOfSeveralSizes: a height that two sizes share does not part them.
func TestRangesOfSeveralSizes(t *testing.T) {
	c := parse(t, "size,chest,height\nS,86-94,160-170\nM,94-102,160-170\nL,102-110,170-180\nXL,110-118,170-180")
	for _, q := range []struct {
		chest, height sizing.Length
		want          string
	}{{90, 162, "S"}, {90, 168, "S"}, {98, 168, "M"}, {106, 172, "L"}, {106, 178, "L"}, {114, 172, "XL"}, {114, 178, "XL"}, {90, 175, "L"}, {90, 182, ""}} {
		if got := exact(t, c, sizing.Body{Chest: q.chest, Height: q.height}); got != q.want {
			t.Errorf("chest %v, height %v: %q, want %q", q.chest, q.height, got, q.want)
		}
	}
	worn := &sizing.Body{Sex: sizing.Male}
	if err := worn.Wears(c, "XL", sizing.Kept); err != nil {
		t.Fatal(err)
	}
	e, err := sizing.Estimate(worn)
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := e.Of("height"); m.Mean < 173 || m.Mean > 178 { // the middle of 170 to 180, towards men's
		t.Errorf("who wears XL is %.1f cm tall", m.Mean)
	}
	points := parse(t, "size,waist,inseam\n30,76,80\n32,81,82\n34,86,84\n36,91,84")
	if got := exact(t, points, sizing.Body{Waist: 91, Inseam: 84.5}); got != "36" {
		t.Errorf("half a centimetre above the longest inseam is %q", got)
	}
}

// drawBody is somebody of whom some things are known, likely or not.
func drawBody(t *rapid.T) *sizing.Body {
	b := &sizing.Body{
		Sex:    rapid.SampledFrom([]sizing.Sex{sizing.Unspecified, sizing.Female, sizing.Male}).Draw(t, "sex"),
		Source: rapid.SampledFrom([]sizing.Source{sizing.Tape, sizing.SelfReported, sizing.Scanner}).Draw(t, "source"),
	}
	ranges := map[string][2]float64{"age": {2, 120}, "weight_kg": {2, 600}, "foot_breadth": {2, 25}, "foot_length": {6, 50}, "hand_girth": {6, 45}}
	for _, name := range append(sizing.Measurements(), "age", "weight_kg") {
		if !rapid.Bool().Draw(t, name+"?") {
			continue
		}
		r, ok := ranges[name]
		if !ok {
			r = [2]float64{40, 80}
		}
		if err := b.Set(name, rapid.Float64Range(r[0], r[1]).Draw(t, name)); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return b
}

func TestAnyBodyIsAnswered(t *testing.T) {
	charts := []*sizing.Chart{
		parse(t, dressChart),
		parse(t, "size,waist (cm),inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n32/30,79-84,74-78\n32/32,79-84,78-82"),
		parse(t, "size,bust,chest,height,weight (kg),underbust\nS,82-90,82-90,150-165,50-60,70-75\nM,90-98,90-98,160-175,60-70,75-80\nL,98+,98+,170+,70+,80+"),
	}
	var used sizing.Recommendation
	rapid.Check(t, func(t *rapid.T) {
		b := drawBody(t)
		for _, c := range charts {
			r, err := c.Recommend(b, nil)
			if err != nil {
				t.Fatalf("%v", err)
			}
			sane(t, r)
			if err := c.RecommendInto(&used, b, nil); err != nil {
				t.Fatalf("%v", err)
			}
			if want, got := r.AppendJSON(nil), used.AppendJSON(nil); !bytes.Equal(want, got) {
				t.Fatal("what another body left behind changes the answer")
			}
		}
		e, err := sizing.Estimate(b)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for m := range e.All() {
			if !(m.Lo95 > 0 && m.Lo95 <= m.Mean && m.Mean <= m.Hi95*1.2 && m.SD >= 0) || math.IsInf(m.Hi95, 0) {
				t.Fatalf("%s: an interval that is none", m.Name)
			}
		}
	})
}

// TestRaisingNeverLowers: with every dimension of the chart measured, a larger
// girth never gets a smaller size, whatever else is known.
func TestRaisingNeverLowers(t *testing.T) {
	charts := []*sizing.Chart{parse(t, dressChart), parse(t, "size,bust,waist,hips\nS,82-90,64-72,88-100\nM,90-98,72-80,88-100\nL,98-106,80-90,100-112\nXL,106-114,80-90,100-112")}
	rank := map[string]int{"S": 1, "M": 2, "L": 3, "XL": 4}
	place := func(r *sizing.Recommendation) int {
		if warned(r.Warnings, sizing.WarnAboveChart, "") {
			return 5
		}
		return rank[r.Size]
	}
	rapid.Check(t, func(t *rapid.T) {
		b, c := drawBody(t), rapid.SampledFrom(charts).Draw(t, "chart")
		girth := func(name string) float64 { return rapid.Float64Range(60, 140).Draw(t, name) }
		for _, name := range []string{"bust", "waist", "hips"} {
			if err := b.Set(name, girth(name)); err != nil {
				t.Fatalf("%v", err)
			}
		}
		b.Chest = 0
		o := &sizing.Options{Prefer: rapid.SampledFrom([]sizing.Preference{sizing.Regular, sizing.SlimFit, sizing.LooseFit}).Draw(t, "prefer")}
		before, err := c.Recommend(b, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		name := rapid.SampledFrom([]string{"bust", "waist", "hips"}).Draw(t, "raised")
		v, _ := b.Get(name)
		if err := b.Set(name, v+rapid.Float64Range(0, 30).Draw(t, "by")); err != nil {
			t.Fatalf("%v", err)
		}
		after, err := c.Recommend(b, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if place(after) < place(before) {
			t.Fatalf("a larger %s goes from %q to %q", name, before.Size, after.Size)
		}
	})
}
