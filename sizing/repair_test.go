package sizing

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// eight is what the robustness figures know of a person.
var eight = []string{"height", "weight", "age", "chest", "waist", "hips", "inseam", "neck", "foot_length"}

// faulty are the mistakes that shoppers make, as they would type them.
var faulty = []struct {
	name, field string
	typed       func(float64) float64
}{
	{"kilograms as pounds", "weight_kg", func(v float64) float64 { return v * float64(Lb) }},
	{"pounds as kilograms", "weight_kg", func(v float64) float64 { return v / float64(Lb) }},
	{"height in inches", "height", func(v float64) float64 { return v / 2.54 }},
	{"height in millimetres", "height", func(v float64) float64 { return 10 * v }},
	{"height in metres", "height", func(v float64) float64 { return v / 100 }},
	{"chest in inches", "chest", func(v float64) float64 { return v / 2.54 }},
	{"waist in inches", "waist", func(v float64) float64 { return v / 2.54 }},
	{"hips in millimetres", "hips", func(v float64) float64 { return 10 * v }},
	{"inseam in inches", "inseam", func(v float64) float64 { return v / 2.54 }},
	{"half chest", "chest", func(v float64) float64 { return v / 2 }},
	{"half waist", "waist", func(v float64) float64 { return v / 2 }},
	{"half hips", "hips", func(v float64) float64 { return v / 2 }},
	{"neck in inches", "neck", func(v float64) float64 { return v / 2.54 }},
	{"foot in millimetres", "foot_length", func(v float64) float64 { return 10 * v }},
	{"EU size as foot length", "foot_length", func(v float64) float64 { return float64(int(1.5*v+2+0.5)) + 0 }},
}

// raw sets a field without Set's checks.
func (b *Body) raw(field string, f func(float64) float64) (was float64) {
	i := fieldWeight
	if field != "weight_kg" {
		i = find(field)
	}
	was = b.field(i)
	b.setField(i, f(was))
	return was
}

func coded(list []Warning, code, field string) bool {
	return slices.ContainsFunc(list, func(w Warning) bool { return w.Code == code && (w.Field == field || field == "") })
}

// TestRepairOfSoldiers types every mistake for every soldier, measured by tape.
func TestRepairOfSoldiers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	say(t, "\n## Unit mistakes: ANSUR II, every person, by tape; %d values and the sex known\n", len(eight))
	say(t, "| mistake | people | detected | repaired, within 6 %% of the truth |")
	say(t, "|---|---|---|---|")
	var clean, alarms float64
	var detected, repaired [20]float64
	for _, sex := range sexes {
		for _, p := range soldiers(t, sex) {
			tables := &foldTables[p.fold]
			b := p.noisy(r, 0.02, eight...)
			var m mixture
			c := *b
			warnings, err := m.mend(tables, &c, nil)
			if err != nil {
				t.Fatal(err)
			}
			m.condition(tables, &c, 0, 0)
			clean++
			if w := m.unlikelies(warnings); len(w) > 0 {
				alarms++
			}
			for k, q := range faulty {
				c := *b
				was := c.raw(q.field, q.typed)
				warnings, err := m.mend(tables, &c, nil)
				if err != nil {
					continue
				}
				m.condition(tables, &c, 0, 0)
				warnings = m.unlikelies(warnings)
				now := c.raw(q.field, func(v float64) float64 { return v })
				if coded(warnings, WarnRepaired, "") || coded(warnings, WarnUnlikely, "") {
					detected[k]++
				}
				if now > was*0.94 && now < was*1.06 && coded(warnings, WarnRepaired, "") {
					repaired[k]++
				}
			}
		}
	}
	for k, q := range faulty {
		say(t, "| %s | %.0f | %s | %s |", q.name, clean, percent2(detected[k]/clean), percent2(repaired[k]/clean))
		if detected[k] < 0.995*clean || repaired[k] < 0.98*clean {
			t.Errorf("%s: detected %.4f, repaired %.4f", q.name, detected[k]/clean, repaired[k]/clean)
		}
	}
	say(t, "\nFalse alarms: %.0f of %.0f people without a mistake.", alarms, clean)
	if alarms > 0.001*clean {
		t.Errorf("%.0f false alarms of %.0f", alarms, clean)
	}
}

func percent2(v float64) string { return string(appendNumber(nil, 100*v, 2)) + " %" }

// Where pounds are likely and not certain they stay, and are doubted by how likely they are.
func TestDoubtOfPounds(t *testing.T) {
	for _, q := range []struct {
		weight Mass
		lo, hi float64 // how probable it is that the value is wrong; 0: nothing is said
	}{{85, 0, 0}, {120, 0, 0}, {150, 0, 0}, {200, 0.27, 0.999}, {250, 0.5, 1}} {
		fixed, warnings, err := Repair(&Body{Sex: Male, Height: 176, Weight: q.weight, Age: 35})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(warnings, func(w Warning) bool { return w.Code == WarnUnlikely && w.Field == "weight_kg" })
		switch {
		case coded(warnings, WarnRepaired, ""):
			if q.lo == 0 || fixed.Weight > q.weight/2 {
				t.Errorf("%v kg became %v", float64(q.weight), float64(fixed.Weight))
			}
		case (i >= 0) != (q.lo > 0):
			t.Errorf("%v kg: %+v", float64(q.weight), warnings)
		case i >= 0 && (warnings[i].P < q.lo || warnings[i].P > q.hi):
			t.Errorf("%v kg are wrong with probability %.3f, want %.3f to %.3f", float64(q.weight), warnings[i].P, q.lo, q.hi)
		}
	}
}
