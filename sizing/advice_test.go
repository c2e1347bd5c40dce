package sizing_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// TestAsk: the question that settles the most comes first, and answering it does.
func TestAsk(t *testing.T) {
	c := parse(t, dressChart)
	b := &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64}
	list, err := c.Ask(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 || list[0].Field != "bust" && list[0].Field != "waist" {
		t.Fatalf("asked %+v", list)
	}
	for i, q := range list {
		if q.Gain < 0.005 || q.Confidence > 1 || i > 0 && q.Gain > list[i-1].Gain || q.Field == "height" || q.Field == "weight_kg" {
			t.Errorf("question %d: %+v", i, q)
		}
	}
	// Whatever the answer, the size is surer on average than before.
	before, _ := c.Recommend(b, nil)
	var sum float64
	for cm := sizing.Length(86); cm <= 98; cm += 3 {
		after := *b
		if err := after.Set(list[0].Field, float64(cm)-map[string]float64{"bust": 0, "waist": 17}[list[0].Field]); err != nil {
			t.Fatal(err)
		}
		r, _ := c.Recommend(&after, nil)
		sum += r.Confidence / 5
	}
	if sum <= before.Confidence {
		t.Errorf("confidence %.2f before, %.2f after", before.Confidence, sum)
	}
	// Of somebody of whom nothing is known, weight or a girth says more than age or height.
	first, _ := c.Ask(&sizing.Body{Sex: sizing.Female}, nil)
	if len(first) < 3 || slices.Contains([]string{"age", "height", "sex"}, first[0].Field) {
		t.Errorf("asked first: %+v", first)
	}
	// Who knows all there is to know is asked nothing.
	if none, _ := c.Ask(&sizing.Body{Sex: sizing.Female, Age: 30, Height: 168, Weight: 64, Bust: 94, Waist: 78, Source: sizing.Scanner}, nil); len(none) != 0 {
		t.Errorf("asked in vain: %+v", none)
	}
	if q, _ := parse(t, "size,foot length (cm)\n41,26\n42,26.7\n43,27.3").Ask(&sizing.Body{Sex: sizing.Male, Height: 180, Weight: 80, Age: 40}, nil); len(q) == 0 || q[0].Field != "foot_length" {
		t.Errorf("shoes: asked %+v", q)
	}
	if _, err := c.Ask(&sizing.Body{Height: -1}, nil); err == nil {
		t.Error("an impossible body")
	}
}

// TestWears: a garment that fits moves the answer towards its size, one that pinches beyond.
func TestWears(t *testing.T) {
	theirs, ours := parse(t, "size,bust (cm)\nS,82-90\nM,90-98\nL,98-106"), parse(t, dressChart)
	expect := func(label string, o sizing.Outcome) float64 {
		b := &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 66}
		if err := b.Wears(theirs, label, o); err != nil {
			t.Fatal(err)
		}
		r, err := ours.Recommend(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Size != "" && !slices.ContainsFunc(r.Reasons, func(q sizing.Reason) bool { return q.Code == sizing.ReasonWorn }) {
			t.Errorf("reasons: %+v", r.Reasons)
		}
		var mean, sum float64
		for i, s := range r.Sizes {
			mean += float64(i) * s.P
			sum += s.P
		}
		return mean / sum
	}
	order := []float64{expect("S", sizing.TooLarge), expect("S", sizing.Kept), expect("M", sizing.Kept), expect("L", sizing.Kept), expect("L", sizing.TooSmall)}
	if !slices.IsSorted(order) || order[4]-order[0] < 0.5 {
		t.Errorf("the expected size moves %v", order)
	}
	b := &sizing.Body{}
	if err := b.Wears(theirs, "XXL", sizing.Kept); !errors.Is(err, sizing.ErrNoSize) {
		t.Error(err)
	}
	if err := b.Wears(theirs, "M", sizing.Kept); err != nil {
		t.Fatal(err)
	}
	if r, _ := ours.Recommend(b, nil); r.Size == "" || strings.Contains(fmt.Sprintf("%+v %#v", b, *b), "4.") {
		t.Errorf("a worn garment alone names no size, or shows: %v", r.Warnings)
	}
	for range 20 { // more than a body holds
		if err := b.Wears(theirs, "M", sizing.Kept); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := ours.Recommend(b, nil); err != nil || math.IsNaN(r.Confidence) {
		t.Error(err)
	}
}

func TestReasons(t *testing.T) {
	c := parse(t, dressChart)
	r, err := c.Recommend(&sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Bust: 86, Waist: 84}, &sizing.Options{Prefer: sizing.LooseFit, Shift: 0.6})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range r.Reasons {
		got = append(got, q.Code+" "+q.Field)
		if q.Text == "" {
			t.Errorf("%s without words", q.Code)
		}
	}
	want := []string{"measured bust", "measured waist", "estimated hips", "decides waist", "prefers-loose ", "learned "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r, _ = c.Recommend(&sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34, Waist: 78}, nil)
	if r.Reasons[0].Code != sizing.ReasonEstimated || r.Sizes[0].Areas[0].Code() != "bust-tight" {
		t.Errorf("%+v, %s", r.Reasons, r.Sizes[0].Areas[0].Code())
	}
}

// TestRank: the same sizes as asking one by one, best first.
func TestRank(t *testing.T) {
	texts := []string{
		dressChart, "size,chest (cm)\nS,86-94\nM,94-102", "size,waist (cm),inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n32/30,79-84,74-78\n32/32,79-84,78-82",
		"size,foot length (cm)\n41,26\n42,26.7", "size,hips\nS,88-96\nM,96-104\nL,104-112", "size,height\n164,158-164\n170,164-170",
	}
	var charts []*sizing.Chart
	for i, text := range texts {
		c, err := sizing.ParseChart(strings.NewReader(text), &sizing.ChartOptions{Sex: sizing.Sex(i % 3)})
		if err != nil {
			t.Fatal(err)
		}
		charts = append(charts, c)
	}
	charts = append(charts, nil)
	for _, b := range []*sizing.Body{
		nil,
		{Height: 168, Weight: 64, Age: 34},
		{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34},
		{Sex: sizing.Male, Waist: 82, Chest: 98, Inseam: 80},
		{Sex: sizing.Male, Height: 178, Weight: 176, Age: 40, Chest: 102},
		{Age: 9, Height: 135, Weight: 30},
		{Hips: 100, FootLength: 26.5, Source: sizing.Scanner},
	} {
		ranked, err := sizing.Rank(nil, b, charts, nil)
		if err != nil || len(ranked) != len(charts) {
			t.Fatal(ranked, err)
		}
		for i, q := range ranked {
			if i > 0 && q.Confidence > ranked[i-1].Confidence {
				t.Error("out of order")
			}
			if charts[q.Index] == nil {
				continue
			}
			r, err := charts[q.Index].Recommend(b, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Size != q.Size || r.Size != "" && math.Abs(r.Confidence-q.Confidence) > 1e-9 {
				t.Errorf("chart %d: ranked %q at %v, alone %q at %v", q.Index, q.Size, q.Confidence, r.Size, r.Confidence)
			}
		}
	}
	if _, err := sizing.Rank(nil, &sizing.Body{Height: -3}, charts, nil); err == nil {
		t.Error("an impossible body")
	}
	if _, err := sizing.Rank(nil, nil, charts, &sizing.Options{Prefer: 9}); err == nil {
		t.Error("an unknown preference")
	}
}

func BenchmarkRank10000(b *testing.B) {
	c := twelve(b)
	charts := make([]*sizing.Chart, 10000)
	for i := range charts {
		charts[i] = c
	}
	var dst []sizing.Ranked
	body := &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34}
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = sizing.Rank(dst[:0], body, charts, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// TestReasonsFarBelow: a body below the chart's smallest size gets its reasons where the
// product runs so large that the size is named all the same.
func TestReasonsFarBelow(t *testing.T) {
	c := parse(t, "size,bust (cm),waist\nS,82-86,66-70\nM,86-90,70-74\nL,90-94,74-78")
	b := &sizing.Body{Sex: sizing.Female, Bust: 75, Waist: 59, Source: sizing.Scanner}
	r, err := c.Recommend(b, &sizing.Options{Shift: 3})
	if err != nil || r.Size == "" || len(r.Reasons) != 4 {
		t.Errorf("%q %v %+v", r.Size, err, r.Reasons)
	}
}
