package sizing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// twelve is a chart of 12 sizes by bust, waist and hips.
func twelve(t testing.TB) *sizing.Chart {
	var text strings.Builder
	text.WriteString("size,bust (cm),waist,hips\n")
	for i := range 12 {
		at := float64(76 + 4*i)
		fmt.Fprintf(&text, "%d,%g-%g,%g-%g,%g-%g\n", 32+2*i, at-2, at+2, at-18, at-14, at+6, at+10)
	}
	return parse(t, text.String())
}

func BenchmarkRecommend(b *testing.B) {
	c := twelve(b)
	for _, q := range []struct {
		name string
		body sizing.Body
	}{
		{"3 known", sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34}},
		{"3 known, sex not", sizing.Body{Height: 168, Weight: 64, Age: 34}},
		{"6 known", sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34, Bust: 92, Waist: 78, Hips: 100}},
		{"exact", sizing.Body{Sex: sizing.Female, Bust: 92, Waist: 78, Hips: 100, Source: sizing.Scanner}},
		{"waist only", sizing.Body{Sex: sizing.Female, Waist: 78}},
	} {
		b.Run(q.name, func(b *testing.B) {
			var r sizing.Recommendation
			b.ReportAllocs()
			for b.Loop() {
				if err := c.RecommendInto(&r, &q.body, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEstimate(b *testing.B) {
	body := &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sizing.Estimate(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseChart(b *testing.B) {
	b.SetBytes(int64(len(dressChart)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sizing.ParseChart(strings.NewReader(dressChart), nil); err != nil {
			b.Fatal(err)
		}
	}
}
