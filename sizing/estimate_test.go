package sizing_test

import (
	"errors"
	"math"
	"testing"

	"github.com/fitveil/fitveil/sizing"
	"pgregory.net/rapid"
)

func estimate(t testing.TB, b *sizing.Body) *sizing.Estimates {
	t.Helper()
	e, err := sizing.Estimate(b)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func of(t testing.TB, e *sizing.Estimates, name string) sizing.Measurement {
	t.Helper()
	m, ok := e.Of(name)
	if !ok {
		t.Fatalf("no %s", name)
	}
	return m
}

// TestMedianAdults holds the model against the means of the surveys' reports for
// the median height, weight and age (ANSUR II, NHANES 2017-2020).
func TestMedianAdults(t *testing.T) {
	for _, q := range []struct {
		name string
		body sizing.Body
		want map[string]float64
		far  float64 // cm
	}{
		{"soldier", sizing.Body{Sex: sizing.Male, Height: 175.6, Weight: 85.5, Age: 30}, map[string]float64{
			"chest": 105.9, "waist": 94.1, "hips": 102, "inseam": 84.6, "foot_length": 27.1, "foot_breadth": 10.2, "neck": 39.8, "head_girth": 57.4,
		}, 1},
		{"woman soldier", sizing.Body{Sex: sizing.Female, Height: 162.8, Weight: 67.8, Age: 29}, map[string]float64{
			"bust": 94.7, "waist": 86.1, "hips": 102.1, "inseam": 78.2, "foot_length": 24.6, "foot_breadth": 9.3, "head_girth": 56.1,
		}, 1.3},
	} {
		e := estimate(t, &q.body)
		for name, want := range q.want {
			if m := of(t, e, name); math.Abs(m.Mean-want) > q.far || m.Given {
				t.Errorf("%s %s: %.1f, the survey has %.1f", q.name, name, m.Mean, want)
			}
		}
	}
}

func TestThreeWaists(t *testing.T) {
	for sex, want := range map[sizing.Sex]float64{sizing.Female: 6.6, sizing.Male: 2.3} { // ANSUR I
		e := estimate(t, &sizing.Body{Sex: sex, Height: 170, Weight: 70, Age: 25})
		if d := of(t, e, "waist").Mean - of(t, e, "waist_natural").Mean; math.Abs(d-want) > 2.5 {
			t.Errorf("the navel's waist is %.1f cm more than the natural one, the survey has %.1f", d, want)
		}
	}
}

func TestGivenStaysGiven(t *testing.T) {
	e := estimate(t, &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Bust: 94})
	for name, want := range map[string]float64{"height": 168, "weight_kg": 64, "bust": 94, "chest": 94} {
		if m := of(t, e, name); !m.Given || m.Mean != want || !(m.Lo95 < want && want < m.Hi95) {
			t.Errorf("%s is not what was given", name)
		}
	}
	n := 0
	for m := range e.All() {
		if m.Name != sizing.Measurements()[n] {
			t.Fatalf("%s out of order", m.Name)
		}
		n++
	}
	if n != len(sizing.Measurements()) || e.Weight().Name != "weight_kg" {
		t.Errorf("%d of %d measurements", n, len(sizing.Measurements()))
	}
}

// The surveys write everybody from 80 on as 80.
func TestNobodyIsOlderThan80(t *testing.T) {
	b := sizing.Body{Sex: sizing.Female, Height: 160, Weight: 62, Age: 80}
	at80 := of(t, estimate(t, &b), "waist")
	b.Age = 95
	if at95 := of(t, estimate(t, &b), "waist"); at95 != at80 {
		t.Error("the model tells 95 from 80")
	}
	b.Age = 70
	if at70 := of(t, estimate(t, &b), "waist"); at70 == at80 {
		t.Error("the model does not tell 70 from 80")
	}
}

func TestUnknownSexIsWider(t *testing.T) {
	b := sizing.Body{Height: 170, Weight: 70, Age: 35}
	both := of(t, estimate(t, &b), "bust")
	b.Sex = sizing.Female
	woman := of(t, estimate(t, &b), "bust")
	b.Sex = sizing.Male
	man := of(t, estimate(t, &b), "bust")
	lo, hi := math.Min(woman.Mean, man.Mean), math.Max(woman.Mean, man.Mean)
	if both.Mean < lo || both.Mean > hi || both.SD < math.Min(woman.SD, man.SD) {
		t.Error("the mixture does not lie between women and men")
	}
	// A height of 190 tells the sex nearly by itself.
	tall := of(t, estimate(t, &sizing.Body{Height: 190, Weight: 90}), "foot_length")
	if sure := of(t, estimate(t, &sizing.Body{Sex: sizing.Male, Height: 190, Weight: 90}), "foot_length"); math.Abs(tall.Mean-sure.Mean) > 0.2 {
		t.Error("a very tall body is not mostly a man's")
	}
}

func TestEstimateChildren(t *testing.T) {
	e := estimate(t, &sizing.Body{Sex: sizing.Male, Age: 7, Height: 122, Weight: 23})
	if m := of(t, e, "waist"); m.Mean < 52 || m.Mean > 60 {
		t.Error("a boy of seven has a waist of 52 to 60 cm")
	}
	for _, name := range []string{"chest", "hips", "inseam", "foot_length"} {
		if _, ok := e.Of(name); ok {
			t.Errorf("a child's %s was guessed", name)
		}
	}
	if !warned(e.Warnings(), sizing.WarnChildModel, "") || !warned(e.Warnings(), sizing.WarnChildLimited, "chest") {
		t.Error("no warning")
	}
	if _, ok := estimate(t, &sizing.Body{Sex: sizing.Male, Age: 13, Height: 157, Weight: 45}).Of("hips"); !ok {
		t.Error("hips are in the survey from twelve years")
	}
	// Height from age: the curve must grow.
	last := 0.0
	for age := 2.0; age < 16; age++ {
		m := of(t, estimate(t, &sizing.Body{Sex: sizing.Male, Age: age}), "height")
		if m.Mean <= last || m.Mean < 80 {
			t.Fatalf("no growth at %v", age)
		}
		last = m.Mean
	}
	given := estimate(t, &sizing.Body{Sex: sizing.Male, Age: 7, Chest: 62})
	if m := of(t, given, "chest"); !m.Given || m.Mean != 62 {
		t.Error("a child's measured chest is lost")
	}
}

func TestDoubts(t *testing.T) {
	for _, q := range []struct {
		name        string
		body        *sizing.Body
		code, field string
		want        bool
	}{
		{"nothing", nil, sizing.WarnNothingKnown, "", true},
		{"something", &sizing.Body{Weight: 60}, sizing.WarnNothingKnown, "", false},
		{"clean", &sizing.Body{Sex: sizing.Male, Height: 178, Weight: 80, Age: 40, Chest: 102, Waist: 92}, sizing.WarnUnlikely, "", false},
		{"waist in inches", &sizing.Body{Sex: sizing.Male, Height: 178, Weight: 80, Age: 40, Chest: 102, Waist: 36}, sizing.WarnRepaired, "waist", true},
		{"half a hip", &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Hips: 49}, sizing.WarnRepaired, "hips", true},
		{"pounds", &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 141, Bust: 92}, sizing.WarnRepaired, "weight_kg", true},
		{"one in a thousand", &sizing.Body{Sex: sizing.Male, Height: 178, Weight: 80, Age: 40, Chest: 102, Waist: 128}, sizing.WarnUnlikely, "waist", true},
		{"beyond the surveys", &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 230}, sizing.WarnBeyondSurveys, "", true},
		{"self-reported", &sizing.Body{Height: 168, Weight: 64, Source: sizing.SelfReported}, sizing.WarnSelfReported, "", true},
		{"sex", &sizing.Body{Height: 168, Weight: 64}, sizing.WarnSexUnknown, "", true},
	} {
		if got := warned(estimate(t, q.body).Warnings(), q.code, q.field); got != q.want {
			t.Errorf("%s: %v", q.name, estimate(t, q.body).Warnings())
		}
	}
}

// TestMoreWeightIsMoreGirth: at any height and age, a heavier body is larger round.
func TestMoreWeightIsMoreGirth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := sizing.Body{
			Sex:    rapid.SampledFrom([]sizing.Sex{sizing.Female, sizing.Male}).Draw(t, "sex"),
			Age:    rapid.Float64Range(18, 90).Draw(t, "age"),
			Height: sizing.Length(rapid.Float64Range(145, 205).Draw(t, "height")),
		}
		bmi := rapid.Float64Range(16, 55).Draw(t, "bmi")
		weigh := func(bmi float64) map[string]float64 {
			b.Weight = sizing.Mass(bmi * float64(b.Height*b.Height) / 1e4)
			e, err := sizing.Estimate(&b)
			if err != nil {
				t.Fatalf("%v", err)
			}
			m := map[string]float64{}
			for _, name := range []string{"chest", "waist", "hips", "arm", "thigh", "neck", "underbust", "waist_natural"} {
				v, _ := e.Of(name)
				m[name] = v.Lo95 * v.Hi95 // the squared median
			}
			return m
		}
		light, heavy := weigh(bmi), weigh(bmi*1.1)
		for name := range light {
			if heavy[name] <= light[name] {
				t.Fatalf("a tenth more weight is less %s", name)
			}
		}
	})
}

// TestPopulation holds a soldier's estimate against a civilian's: lighter and surer
// where the weight is not known, nearly the same where it is, and a child has no such thing.
func TestPopulation(t *testing.T) {
	of := func(b sizing.Body, p sizing.Population, name string) sizing.Measurement {
		t.Helper()
		b.Population = p
		e, err := sizing.Estimate(&b)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := e.Of(name)
		return m
	}
	for _, sex := range []sizing.Sex{sizing.Female, sizing.Male} {
		tall := sizing.Body{Sex: sex, Height: 172}
		civil, active := of(tall, sizing.Civilians, "weight_kg"), of(tall, sizing.Active, "weight_kg")
		if active.Mean > civil.Mean-4 || active.SD > 0.8*civil.SD {
			t.Errorf("sex %d, only the height: %.1f±%.1f kg, active %.1f±%.1f kg", sex, civil.Mean, civil.SD, active.Mean, active.SD)
		}
		for name, from := range map[string]sizing.Population{"weight_kg": sizing.Civilians, "waist": sizing.Civilians, "hips": sizing.Civilians, "neck": sizing.Active, "chest": sizing.Active} {
			if unsaid, said := of(tall, sizing.AsMeasured, name), of(tall, from, name); unsaid != said {
				t.Errorf("sex %d, only the height: %s %.2f±%.2f, of those measured %.2f±%.2f", sex, name, unsaid.Mean, unsaid.SD, said.Mean, said.SD)
			}
		}
		tall.Weight, tall.Age = 75, 30
		if unsaid, said := of(tall, sizing.AsMeasured, "chest"), of(tall, sizing.Civilians, "chest"); unsaid != said {
			t.Errorf("sex %d, with weight and age: chest %.2f cm, a civilian's %.2f cm", sex, unsaid.Mean, said.Mean)
		}
		civil, active = of(tall, sizing.Civilians, "waist"), of(tall, sizing.Active, "waist")
		if math.Abs(active.Mean-civil.Mean) > 1 {
			t.Errorf("sex %d, with the weight: waist %.1f cm, active %.1f cm", sex, civil.Mean, active.Mean)
		}
		child := sizing.Body{Sex: sex, Height: 130, Age: 9}
		if civil, active := of(child, sizing.Civilians, "waist"), of(child, sizing.Active, "waist"); civil != active {
			t.Errorf("a child's waist is %.1f cm, active %.1f cm", civil.Mean, active.Mean)
		}
	}
	for text, want := range map[string]sizing.Population{"": sizing.AsMeasured, "as-measured": sizing.AsMeasured, "civilians": sizing.Civilians, "Active": sizing.Active} {
		if got, err := sizing.ParsePopulation(text); got != want || err != nil {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	var wrong *sizing.RangeError
	if _, err := sizing.ParsePopulation("robots"); !errors.As(err, &wrong) || wrong.Field != "population" {
		t.Errorf("robots: %v", err)
	}
	if _, err := sizing.Estimate(&sizing.Body{Height: 170, Population: 9}); !errors.As(err, &wrong) || wrong.Field != "population" {
		t.Errorf("a ninth population: %v", err)
	}
}
