package sizing_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/fitveil/fitveil/sizing"
)

const letters = `size;bust (cm);waist (cm)
S;82-90;70-78
M;90-98;78-86
L;98-107;86-95
XL;107-119;95-107`

func Example() {
	chart, err := sizing.ParseChart(strings.NewReader(letters), nil)
	if err != nil {
		log.Fatal(err)
	}
	b := &sizing.Body{Sex: sizing.Female, Height: 168 * sizing.Cm, Weight: 64 * sizing.Kg, Age: 34, Bust: 95 * sizing.Cm}
	r, err := chart.Recommend(b, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s at %.0f %%\n", r.Size, 100*r.Confidence)
	for _, s := range r.Sizes {
		fmt.Printf("%-2s %3.0f %% ", s.Label, 100*s.P)
		for _, a := range s.Areas {
			fmt.Printf(" %s %s", a.Name, a.Fit)
		}
		fmt.Println()
	}
	// Output:
	// M at 78 %
	// S    0 %  bust tight waist tight
	// M   78 %  bust good waist good
	// L   22 %  bust loose waist loose
	// XL   0 %  bust loose waist loose
}

func ExampleParseChart() {
	const ours = `{
		"fitveil_chart": 1, "id": "acme-tops", "title": "Tops", "unit": "in", "sex": "female",
		"dimensions": [{"name": "bust"}, {"name": "waist", "secondary": true}],
		"sizes": [
			{"label": "S", "bust": [32, 35], "waist": [26, 29]},
			{"label": "M", "bust": [35, 38], "waist": [29, 32]},
			{"label": "L", "bust": "38-42", "waist": [32, null]}
		]
	}`
	chart, err := sizing.ParseChart(strings.NewReader(ours), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(chart.ID(), chart.Sizes(), chart.Dimensions())

	_, err = sizing.ParseChart(strings.NewReader("size,chest\nS,86-94\nM,large\n"), nil)
	fmt.Println(err)
	// Output:
	// acme-tops [S M L] [bust waist]
	// sizing: chart: csv: line 3 column 2: chest: "large" is not a measurement
}

func ExampleChart_Lint() {
	chart, err := sizing.ParseChart(strings.NewReader("size,chest (cm)\nS,86-94\nM,96-102\nL,102-98\nXL,110-118"), nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, issue := range chart.Lint() {
		fmt.Printf("%s: %s %s %s\n", issue.Code, issue.Size, issue.Dimension, issue.Text)
	}
	// Output:
	// inverted-range: L chest runs from 102 down to 98
	// gap: M chest nothing between 94 of "S" and 96 of "M"
}

func ExampleChart_Recommend_none() {
	chart, err := sizing.ParseChart(strings.NewReader(letters), nil)
	if err != nil {
		log.Fatal(err)
	}
	r, err := chart.Recommend(&sizing.Body{Sex: sizing.Female, Bust: 128, Waist: 118}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q none %.2f\n", r.Size, r.None)
	for _, w := range r.Warnings {
		fmt.Println(w.Code, w.Text)
	}
	// Output:
	// "" none 1.00
	// above-chart The body is larger than the largest size of this chart.
}

func ExampleChart_RecommendInto() {
	chart, err := sizing.ParseChart(strings.NewReader(letters), nil)
	if err != nil {
		log.Fatal(err)
	}
	var r sizing.Recommendation // one per goroutine, reused
	for _, bust := range []sizing.Length{36 * sizing.Inch, 41 * sizing.Inch} {
		b := &sizing.Body{Sex: sizing.Female, Bust: bust, Waist: 30 * sizing.Inch, Source: sizing.Scanner}
		if err := chart.RecommendInto(&r, b, &sizing.Options{Prefer: sizing.LooseFit}); err != nil {
			log.Fatal(err)
		}
		fmt.Println(r.Size)
	}
	// Output:
	// M
	// L
}

func ExampleEstimate() {
	e, err := sizing.Estimate(&sizing.Body{Sex: sizing.Male, Height: 6 * sizing.Foot, Weight: 180 * sizing.Lb, Age: 41})
	if err != nil {
		log.Fatal(err)
	}
	for m := range e.All() {
		switch m.Name {
		case "height", "chest", "waist", "foot_length":
			fmt.Printf("%-11s %5.1f cm, %5.1f to %5.1f, given: %v\n", m.Name, m.Mean, m.Lo95, m.Hi95, m.Given)
		}
	}
	// Output:
	// height      182.9 cm, 181.1 to 184.7, given: true
	// chest       103.0 cm,  97.2 to 109.0, given: false
	// waist        90.7 cm,  82.9 to  99.1, given: false
	// foot_length  27.8 cm,  26.0 to  29.7, given: false
}

func ExampleBody_Set() {
	b := &sizing.Body{Sex: sizing.Female}
	for name, value := range map[string]float64{"height_cm": 168, "weight_kg": 64, "age": 34} {
		if err := b.Set(name, value); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(b.Set("chest", -5))
	fmt.Println(b) // a body does not show itself
	// Output:
	// sizing: body: chest must be 0 (unknown) or from 25 to 300 cm
	// sizing.Body{redacted}
}

func ExampleRecommendation_AppendJSON() {
	chart, err := sizing.ParseChart(strings.NewReader("size,chest (cm)\nS,86-94\nM,94-102"), &sizing.ChartOptions{ID: "tee"})
	if err != nil {
		log.Fatal(err)
	}
	r, err := chart.Recommend(&sizing.Body{Sex: sizing.Male, Chest: 96, Source: sizing.Scanner}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(r.AppendJSON(nil)))
	// Output:
	// {"chart":"tee","size":"M","confidence":1,"between":[],"sizes":[{"label":"S","p":0,"areas":[{"name":"chest","fit":"tight","ease_cm":-2}]},{"label":"M","p":1,"areas":[{"name":"chest","fit":"good","ease_cm":6}]}],"none":0,"warnings":[]}
}
