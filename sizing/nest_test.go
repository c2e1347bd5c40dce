package sizing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// bras is a chart of bands by cups, a size a row; step is from cup to cup, apart from band to band.
func bras(step, apart int) string {
	var text strings.Builder
	text.WriteString("size,underbust (cm),bust\n")
	for band := 65; band <= 85; band += 5 {
		for cup := range 5 {
			at := 77 + (band-65)/5*apart + step*cup
			fmt.Fprintf(&text, "%d%c,%d-%d,%d-%d\n", band, 'A'+rune(cup), band-2, band+2, at, at+step)
		}
	}
	return text.String()
}

// TestNests: sizes that divide one dimension in another way for every level of another are named
// right by exact measurements, wherever in its ranges the body lies.
func TestNests(t *testing.T) {
	var suits strings.Builder
	suits.WriteString("size,chest (cm),height\n")
	for i := range 5 { // regular 46 to 54, short 23 to 27, long 94 to 110
		for k, label := range []int{23 + i, 46 + 2*i, 94 + 4*i} {
			low := 162 + 2*i + 6*k
			fmt.Fprintf(&suits, "%d,%d-%d,%d-%d\n", label, 90+4*i, 94+4*i, low, low+6)
		}
	}
	for name, text := range map[string]string{"bras": bras(2, 5), "bras whose busts repeat": bras(2, 4), "bras apart": bras(2, 12), "suits": suits.String()} {
		c := parse(t, text)
		d := c.Dimensions()
		for _, label := range c.Sizes() {
			lo, hi, _ := c.Range(label, d[0])
			low, high, ok := c.Range(label, d[1])
			if !ok {
				t.Fatalf("%s: no range of %s", name, label)
			}
			for _, at := range [][2]float64{{0.5, 0.5}, {0.1, 0.9}, {0.9, 0.1}} {
				for _, source := range []sizing.Source{sizing.Scanner, sizing.Tape} {
					b := sizing.Body{Source: source}
					if err := b.Set(d[0], lo+at[0]*(hi-lo)); err != nil {
						t.Fatal(err)
					}
					if err := b.Set(d[1], low+at[1]*(high-low)); err != nil {
						t.Fatal(err)
					}
					r, err := c.Recommend(&b, nil)
					if err != nil {
						t.Fatal(err)
					}
					sane(t, r)
					if source == sizing.Scanner && (r.Size != label || r.Confidence < 0.999) {
						t.Errorf("%s: %q at %.2f for exact measurements of %q", name, r.Size, r.Confidence, label)
					}
				}
			}
		}
		if issues := c.Lint(); len(issues) != 0 {
			t.Errorf("%s: %+v", name, issues)
		}
	}
}

// TestNestEnds: a bust beyond every cup is beyond the chart, one between is a cup the band lacks.
func TestNestEnds(t *testing.T) {
	c := parse(t, "size,underbust (cm),bust\n70A,68-72,82-84\n70B,68-72,84-86\n75B,73-77,89-91\n75C,73-77,91-93\n75D,73-77,93-95\n80A,78-82,92-94\n80B,78-82,94-96\n")
	for _, q := range []struct {
		under, bust float64
		size, warn  string
	}{
		{70, 85, "70B", ""},
		{75, 92, "75C", ""},
		{80, 93, "80A", ""},
		{70, 90, "", sizing.WarnNotOffered},
		{75, 86, "", sizing.WarnNotOffered},
		{75, 99, "", sizing.WarnAboveChart},
		{80, 80, "", sizing.WarnBelowChart},
		{60, 80, "", sizing.WarnBelowChart},
		{90, 95, "", sizing.WarnAboveChart},
	} {
		b := sizing.Body{Sex: sizing.Female, Underbust: sizing.Length(q.under), Bust: sizing.Length(q.bust), Source: sizing.Scanner}
		r, err := c.Recommend(&b, nil)
		if err != nil || r.Size != q.size || q.warn != "" && !warned(r.Warnings, q.warn, "") && !warned(r.Warnings, q.warn, "bust") && !warned(r.Warnings, q.warn, "underbust") {
			t.Errorf("%v and %v: %q %v %+v, want %q %s", q.under, q.bust, r.Size, err, r.Warnings, q.size, q.warn)
		}
		ranked, err := sizing.Rank(nil, &b, []*sizing.Chart{c}, nil)
		if err != nil || ranked[0].Size != q.size {
			t.Errorf("ranked %q, %v", ranked[0].Size, err)
		}
	}
	for _, b := range []sizing.Body{{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34}, {Sex: sizing.Female, Age: 9, Height: 135, Underbust: 70}, {Age: 9, Bust: 85}, {Height: 170}} {
		r, err := c.Recommend(&b, nil)
		if err != nil {
			t.Fatal(err)
		}
		sane(t, r)
	}
	var worn sizing.Body
	if err := worn.Wears(c, "75C", sizing.Kept); err != nil {
		t.Fatal(err)
	}
	worn.Sex = sizing.Female
	if r, err := c.Recommend(&worn, nil); err != nil || r.Size != "75C" && r.Between[0] != "75C" && r.Between[1] != "75C" {
		t.Errorf("who wears 75C is named %q %q, %v", r.Size, r.Between, err)
	}
}
