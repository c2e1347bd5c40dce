package sizing_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// TestManyInputs feeds random bodies, sensible and absurd, to several charts: ten
// thousand, or as many as FITVEIL_SIZING_INPUTS says, other ones for each FITVEIL_SIZING_SEED. No panic, nothing that is no number,
// no probability outside 0 to 1, and a larger girth never gets a smaller size.
func TestManyInputs(t *testing.T) {
	number := func(name string, otherwise int) int {
		s := os.Getenv(name)
		if s == "" {
			return otherwise
		}
		v, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	n, seed := number("FITVEIL_SIZING_INPUTS", 10_000), number("FITVEIL_SIZING_SEED", 12)
	charts := []*sizing.Chart{
		parse(t, dressChart), twelve(t), parse(t, "size,chest (cm)\nS,86-94\nM,94-102\nL,102+"),
		parse(t, "size,waist (cm),inseam,foot length\n30/30,76-79,74-78,25\n30/32,76-79,78-82,26\n32/30,79-84,74-78,27\n32/32,79-84,78-82,28"),
		parse(t, `{"kind": "garment", "dimensions": [{"name": "chest", "ease": [4, 12], "stretch": 0.1}, {"name": "height", "secondary": true}], "sizes": [{"label": "S", "chest": 100, "height": 170}, {"label": "M", "chest": 108, "height": 176}]}`),
		parse(t, bras(2, 5)),
	}
	dress, bra := charts[0], charts[len(charts)-1]
	r := rand.New(rand.NewPCG(11, uint64(seed)))
	var rec, more sizing.Recommendation
	var refused, answered, compared int
	for i := range n {
		b := anyBody(r, i)
		c := charts[r.IntN(len(charts))]
		o := &sizing.Options{Prefer: sizing.Preference(r.IntN(3))}
		if r.IntN(4) == 0 {
			o.Shift, o.ShiftSD = r.NormFloat64(), r.Float64()
		}
		if c.RecommendInto(&rec, &b, o) != nil {
			refused++
			continue
		}
		answered++
		sane(t, &rec)
		if i%16 == 0 {
			if e, err := sizing.Estimate(&b); err == nil {
				for m := range e.All() {
					if !(m.Mean > 0 && m.Lo95 > 0 && m.Lo95 <= m.Hi95 && m.SD >= 0) || math.IsInf(m.Mean+m.SD+m.Hi95, 0) {
						t.Fatalf("input %d: %s is none", i, m.Name)
					}
				}
			}
		}
		var girths []*sizing.Length
		switch {
		case c == dress && b.Bust != 0 && b.Waist != 0 && b.Hips != 0:
			girths = []*sizing.Length{&b.Bust, &b.Waist, &b.Hips}
		case c == bra && b.Bust != 0 && b.Underbust != 0:
			girths = []*sizing.Length{&b.Bust, &b.Underbust}
		}
		if girths != nil && rec.Size != "" && b.Validate() == nil {
			before := level(c, rec.Size)
			*girths[r.IntN(len(girths))] *= sizing.Length(1 + 0.2*r.Float64())
			if b.Validate() != nil || c.RecommendInto(&more, &b, o) != nil {
				continue
			}
			compared++
			if more.Size != "" && level(c, more.Size) < before || more.Size == "" && warned(more.Warnings, sizing.WarnBelowChart, "") {
				t.Fatalf("input %d: a larger girth went from %q to %q", i, rec.Size, more.Size)
			}
		}
	}
	if answered < n/4 || refused == 0 || compared < n/1000 {
		t.Errorf("of %d inputs %d answered, %d refused, %d compared", n, answered, refused, compared)
	}
	fmt.Printf("%d inputs: %d answered, %d refused, %d compared with a larger girth\n", n, answered, refused, compared)
}

func level(c *sizing.Chart, size string) int {
	for i, s := range c.Sizes() {
		if s == size {
			return i
		}
	}
	return -1
}

// anyBody is a random body: nine of ten sensible, one with absurd values in it.
func anyBody(r *rand.Rand, i int) sizing.Body {
	b := sizing.Body{Sex: sizing.Sex(r.IntN(3)), Source: sizing.Source(r.IntN(3)), Shape: sizing.Shape(r.IntN(8)), Population: sizing.Population(r.IntN(3))}
	stout := r.NormFloat64() // girths and weight go together, or most bodies would need repair
	around := func(mid, sd float64) float64 {
		if r.IntN(3) == 0 {
			return 0
		}
		return mid * math.Exp(sd*(0.93*stout+0.37*r.NormFloat64()))
	}
	b.Age = around(38, 0.4)
	if b.Age > 0 && b.Age < 2 || b.Age > 110 {
		b.Age = 30
	}
	set := map[string]float64{
		"height": around(170, 0.02), "weight_kg": around(75, 0.25), "bust": around(96, 0.12), "waist": around(84, 0.15), "hips": around(102, 0.1),
		"inseam": around(79, 0.02), "foot_length": around(26, 0.03), "neck": around(38, 0.1), "underbust": around(80, 0.12),
	}
	if i%10 == 0 {
		for name := range set {
			if r.IntN(6) == 0 {
				set[name] = absurd[r.IntN(len(absurd))] * (0.5 + r.Float64())
			}
		}
	}
	b.Height, b.Weight, b.Bust, b.Waist = sizing.Length(set["height"]), sizing.Mass(set["weight_kg"]), sizing.Length(set["bust"]), sizing.Length(set["waist"])
	b.Hips, b.Inseam, b.FootLength, b.Neck = sizing.Length(set["hips"]), sizing.Length(set["inseam"]), sizing.Length(set["foot_length"]), sizing.Length(set["neck"])
	b.Underbust = sizing.Length(set["underbust"])
	return b
}

var absurd = []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 1e-300, 1e300, 0.3, 1.7, 7, 34, 250, 700, 1800, 5e-324}
