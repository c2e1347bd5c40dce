package sizing_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/sizing"
)

// sell teaches l n sales of a product that runs off sizes small, at the size
// recommended; a share of the answers is random.
func sell(t testing.TB, l *sizing.Learner, r *rand.Rand, product string, n int, off, wrong float64) {
	t.Helper()
	for range n {
		s := sizing.Sale{Product: product, HasGap: true, Shopper: r.Uint64()}
		x := -off + 0.6*r.NormFloat64()
		switch {
		case r.Float64() < wrong:
			s.Outcome = sizing.Outcome(r.IntN(3) - 1)
		case x < -0.7:
			s.Outcome = sizing.TooSmall
		case x > 0.7:
			s.Outcome = sizing.TooLarge
		}
		if err := l.Learn(&s); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLearnFindsTheOffset: a product cut a size small is found from 15 answers
// though a fifth of them is noise, and one that is not is left alone.
func TestLearnFindsTheOffset(t *testing.T) {
	for _, q := range []struct {
		off, lo, hi float64
	}{{1, 0.5, 1.6}, {-1, -1.6, -0.5}, {0, -0.5, 0.5}} {
		r := rand.New(rand.NewPCG(5, 6))
		found := 0
		const products = 400
		for range products {
			l := sizing.NewLearner(nil)
			sell(t, l, r, "p", 15, q.off, 0.2)
			if shift, sd := l.Shift(&sizing.Sale{Product: "p"}); shift >= q.lo && shift <= q.hi && sd < 0.6 {
				found++
			}
		}
		if found < products*9/10 {
			t.Errorf("offset %v: found in %d of %d products", q.off, found, products)
		}
	}
}

// TestShiftMovesTheSize: what was learnt changes what is recommended.
func TestShiftMovesTheSize(t *testing.T) {
	c := parse(t, dressChart)
	b := &sizing.Body{Sex: sizing.Female, Bust: 94, Waist: 78, Source: sizing.Scanner}
	plain, _ := c.Recommend(b, nil)
	small, err := c.Recommend(b, &sizing.Options{Shift: 1, ShiftSD: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	large, _ := c.Recommend(b, &sizing.Options{Shift: -1})
	if got := [3]string{large.Size, plain.Size, small.Size}; got != [3]string{"S", "M", "L"} {
		t.Errorf("runs large, true, small: %q", got)
	}
	if !warned(small.Warnings, sizing.WarnRunsSmall, "") || !warned(large.Warnings, sizing.WarnRunsLarge, "") {
		t.Error("the reason is missing")
	}
	if _, err := c.Recommend(b, &sizing.Options{Shift: math.NaN()}); err == nil {
		t.Error("a shift that is no number is taken")
	}
	if gap, ok := c.Gap(plain, "L"); !ok || math.Abs(gap-1) > 0.05 {
		t.Errorf("L is %v sizes above M", gap)
	}
	if _, ok := c.Gap(plain, "XXXXL"); ok {
		t.Error("a size the chart has not")
	}
}

// TestFewShoppersShowNothing: no statistic of fewer than twenty people.
func TestFewShoppersShowNothing(t *testing.T) {
	l := sizing.NewLearner(nil)
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 { // one person, often
		if err := l.Learn(&sizing.Sale{Product: "p", HasGap: true, Shopper: 42, Outcome: sizing.TooSmall}); err != nil {
			t.Fatal(err)
		}
	}
	if s, ok := l.Product("p"); ok {
		t.Errorf("one person's answers are shown: %+v", s)
	}
	sell(t, l, r, "q", 15, 1, 0)
	if _, ok := l.Product("q"); ok {
		t.Error("fifteen people's answers are shown")
	}
	sell(t, l, r, "q", 60, 1, 0)
	if s, ok := l.Product("q"); !ok || s.Offset < 0.5 || s.TooSmall < 0.4 || s.Answers != 75 {
		t.Errorf("75 people's answers: %+v %v", s, ok)
	}
	if _, ok := l.Product("unheard"); ok {
		t.Error("a product nobody bought")
	}
}

// TestLearnerForgets: what is old counts for less, and a shopper can be erased.
func TestLearnerForgets(t *testing.T) {
	l := sizing.NewLearner(&sizing.LearnerOptions{HalfLife: 30 * 24 * time.Hour})
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 40 {
		if err := l.Learn(&sizing.Sale{Product: "p", HasGap: true, Shopper: 7, Outcome: sizing.TooSmall, At: start.AddDate(0, 0, i/10)}); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := l.Shift(&sizing.Sale{Product: "p"})
	for i := range 10 { // the cut was changed
		if err := l.Learn(&sizing.Sale{Product: "p", HasGap: true, Shopper: 9, At: start.AddDate(1, 0, i)}); err != nil {
			t.Fatal(err)
		}
	}
	after, _ := l.Shift(&sizing.Sale{Product: "p"})
	if before < 1 || after > 0.4 {
		t.Errorf("offset %.2f, a year and ten kept ones later %.2f", before, after)
	}
	own, _ := l.Shift(&sizing.Sale{Product: "new", Shopper: 7})
	l.Forget(7)
	if gone, _ := l.Shift(&sizing.Sale{Product: "new", Shopper: 7}); own < 0.3 || gone != 0 {
		t.Errorf("the shopper's own offset was %.2f and is %.2f after Forget", own, gone)
	}
}

// TestSomebodyElse: a size far from a shopper's own does not move the shopper's offset.
func TestSomebodyElse(t *testing.T) {
	l := sizing.NewLearner(nil)
	for range 10 {
		if err := l.Learn(&sizing.Sale{Product: "p", HasGap: true, Shopper: 7}); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := l.Shift(&sizing.Sale{Product: "p", Shopper: 7})
	if err := l.Learn(&sizing.Sale{Product: "p", HasGap: true, Gap: 6, Shopper: 7}); err != nil {
		t.Fatal(err)
	}
	if after, _ := l.Shift(&sizing.Sale{Product: "p", Shopper: 7}); before != after {
		t.Errorf("a present for somebody else moved the offset from %v to %v", before, after)
	}
}

// TestLearnerMerges: two instances together know what one would.
func TestLearnerMerges(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	one, two := sizing.NewLearner(nil), sizing.NewLearner(nil)
	sell(t, one, r, "p", 40, 1, 0.1)
	sell(t, two, r, "p", 40, 1, 0.1)
	sell(t, two, r, "q", 40, -1, 0.1)
	_, sd := one.Shift(&sizing.Sale{Product: "p"})
	one.Merge(two)
	shift, both := one.Shift(&sizing.Sale{Product: "p"})
	if s, ok := one.Product("p"); !ok || s.Answers != 80 || shift < 0.7 || shift > 1.4 || both > 0.85*sd {
		t.Errorf("merged: %+v %v shift %v sd %v, alone %v", s, ok, shift, both, sd)
	}
	if q, _ := one.Shift(&sizing.Sale{Product: "q"}); q > -0.5 {
		t.Errorf("the other's product: %v", q)
	}
	one.Merge(one)
	if s, _ := one.Product("p"); s.Answers != 80 {
		t.Error("merged with itself")
	}
}

// Nothing is shown of fewer shoppers than Least, whoever they are, and all of three times as many.
func TestLearnerCountsShoppers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, least := range []int{1, 5, 20, 40} {
		for round := range 60 {
			l := sizing.NewLearner(&sizing.LearnerOptions{Least: least})
			other := sizing.NewLearner(&sizing.LearnerOptions{Least: least})
			first := r.Uint64N(1 << 40)
			for i := range 3 * least {
				who := first + uint64(i) // as databases count
				if round%2 == 0 {
					who = r.Uint64()
				}
				s := &sizing.Sale{Product: "p", Brand: "b", Shopper: who, HasGap: true}
				for _, each := range []*sizing.Learner{l, other} {
					for range 2 { // the same sale to two instances, and somebody who comes back
						if err := each.Learn(s); err != nil {
							t.Fatal(err)
						}
					}
				}
				if i+1 == least-1 {
					l.Merge(other)
				}
				_, product := l.Product("p")
				if _, brand := l.Brand("b"); i+1 < least && (product || brand) {
					t.Fatalf("of %d shoppers a statistic is shown, and %d are asked for", i+1, least)
				}
				if i+1 == 3*least && !product {
					t.Fatalf("of %d shoppers nothing is shown, and %d are asked for", i+1, least)
				}
			}
		}
	}
}

// TestLearnerJSON: saved and loaded, it says the same; broken files are refused.
func TestLearnerJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	l := sizing.NewLearner(&sizing.LearnerOptions{Least: 5})
	sell(t, l, r, "p", 50, 1, 0.2)
	for i := range 400 {
		b := &sizing.Body{Sex: sizing.Female, Height: sizing.Length(155 + i%30), Weight: sizing.Mass(50 + i%41)}
		if err := l.Learn(&sizing.Sale{Product: "c", Brand: "b", Shopper: uint64(i%50 + 1), Size: float64(i%41)/2 + r.Float64(), Body: b}); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := l.SaveJSON(&file); err != nil {
		t.Fatal(err)
	}
	again, err := sizing.LoadLearner(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []sizing.Sale{
		{Product: "p", HasGap: true, Gap: 1},
		{Product: "c", Brand: "b", Shopper: 3, Size: 14, Body: &sizing.Body{Height: 170, Weight: 70}},
		{Product: "x", Size: 14, Body: &sizing.Body{Height: 170, Weight: 70}},
	} {
		want, _ := l.Predict(&s)
		got, err := again.Predict(&s)
		if err != nil || got != want || math.Abs(got.TooSmall+got.Kept+got.TooLarge-1) > 1e-9 {
			t.Errorf("%s: got %+v, want %+v, %v", s.Product, got, want, err)
		}
	}
	text := file.String()
	for name, bad := range map[string]string{
		"nothing": "", "no JSON": "{", "another version": strings.Replace(text, `"fitveil_learner":1`, `"fitveil_learner":2`, 1),
		"cut numbers": strings.Replace(text, `"all":"AAAA`, `"all":"`, 1), "a list": "[]",
		"not a number": strings.Replace(text, text[strings.Index(text, `"all":"`):strings.Index(text, `","products`)], `"all":"`+strings.Repeat("AAAAAAAA+H8A", 9), 1),
	} {
		if _, err := sizing.LoadLearner(strings.NewReader(bad)); !errors.Is(err, sizing.ErrLearner) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLearnerRefuses(t *testing.T) {
	l := sizing.NewLearner(nil)
	for _, s := range []sizing.Sale{
		{}, {Product: "p", Outcome: 2}, {Product: "p", Outcome: -2}, {Product: "p", Gap: math.NaN()}, {Product: "p", Size: math.Inf(1)}, {Product: strings.Repeat("p", 300)},
	} {
		if err := l.Learn(&s); !errors.Is(err, sizing.ErrSale) {
			t.Errorf("Learn: %v", err)
		}
		if _, err := l.Predict(&s); !errors.Is(err, sizing.ErrSale) {
			t.Errorf("Predict: %v", err)
		}
	}
	s := sizing.Sale{Product: "p", Shopper: 12345, Size: 77, Body: &sizing.Body{Height: 171}}
	text, err := json.Marshal(map[string]any{"s": s, "l": l})
	if shown := fmt.Sprintf("%v %+v %#v %v %+v", s, s, s, l, l) + string(text); err != nil || strings.Contains(shown, "12345") || strings.Contains(shown, "77") || strings.Contains(shown, "171") {
		t.Errorf("printed: %s %v", shown, err)
	}
}

// ExampleLearner learns that a product runs small.
func ExampleLearner() {
	l := sizing.NewLearner(nil)
	for i := range 30 { // thirty shoppers bought the size recommended; most found it too small
		s := sizing.Sale{Product: "slim-jeans", Shopper: uint64(i + 1), HasGap: true, Gap: 0}
		if i%4 > 0 {
			s.Outcome = sizing.TooSmall
		}
		if err := l.Learn(&s); err != nil {
			fmt.Println(err)
		}
	}
	found, shown := l.Product("slim-jeans")
	fmt.Printf("runs %.1f sizes small, %.0f %% said so, shown: %v\n", found.Offset, 100*found.TooSmall, shown)
	// Output: runs 1.4 sizes small, 73 % said so, shown: true
}
