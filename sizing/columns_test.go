package sizing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// A column that says who a row is for parts the chart, by what is asked for.
func TestColumnOfSexes(t *testing.T) {
	const text = "Geschlecht;Größe;Brust (cm)\nHerren;S;86-94\nHerren;M;94-102\nDamen;S;82-90\nDamen;M;90-98\nDamen;L;98-106\n"
	for _, q := range []struct {
		name  string
		o     *sizing.ChartOptions
		sex   sizing.Sex
		sizes int
		guess bool
	}{
		{"nothing asked", nil, sizing.Male, 2, true},
		{"women", &sizing.ChartOptions{Sex: sizing.Female}, sizing.Female, 3, false},
		{"by its word", &sizing.ChartOptions{Variant: "damen"}, sizing.Female, 3, false},
	} {
		c, err := sizing.ParseChart(strings.NewReader(text), q.o)
		if err != nil {
			t.Fatal(err)
		}
		guess := slices.ContainsFunc(c.Guesses(), func(g sizing.Guess) bool { return g.Code == sizing.GuessTable })
		if c.Sex() != q.sex || len(c.Sizes()) != q.sizes || guess != q.guess || len(c.Lint()) != 0 {
			t.Errorf("%s: %v, sizes %q, guesses %v, issues %v", q.name, c.Sex(), c.Sizes(), c.Guesses(), c.Lint())
		}
	}
	const three = "Gender,Size,Chest (cm)\nMen's,S,86-94\nMen's,M,94-102\nUnisex,S,84-92\nUnisex,M,92-100\nWomen’s,S,82-90\nWomen’s,M,90-98\nWomen’s,L,98-106\n"
	for _, q := range []struct {
		name, text string
		o          sizing.ChartOptions
		sex        sizing.Sex
		largest    float64
	}{
		{"by the sex of another word", three, sizing.ChartOptions{Variant: "women"}, sizing.Female, 106},
		{"a word before the sex", three, sizing.ChartOptions{Variant: "Men's", Sex: sizing.Female}, sizing.Male, 102},
		{"a word with an apostrophe", three, sizing.ChartOptions{Sex: sizing.Male}, sizing.Male, 102},
		{"of nobody else, everybody's", strings.ReplaceAll(three, "Men's", "Kids"), sizing.ChartOptions{Sex: sizing.Male}, sizing.Male, 100},
		{"none of that sex", strings.ReplaceAll(three, "Unisex", "Kids"), sizing.ChartOptions{Variant: "teens"}, sizing.Male, 102},
		{"the rows know better", strings.NewReplacer("Unisex", "Kids", "Women’s", "Babies").Replace(three), sizing.ChartOptions{Sex: sizing.Female}, sizing.Male, 102},
	} {
		c, err := sizing.ParseChart(strings.NewReader(q.text), &q.o)
		if err != nil {
			t.Fatal(err)
		}
		sizes := c.Sizes()
		if _, hi, _ := c.Range(sizes[len(sizes)-1], "chest"); c.Sex() != q.sex || hi != q.largest {
			t.Errorf("%s: %v up to %v", q.name, c.Sex(), hi)
		}
	}
	c := parse(t, "Gender,Size,Chest (cm)\nMen,S,86-94\nMen,M,94-102\nUnisex,L,102-110\n")
	if len(c.Sizes()) != 3 {
		t.Errorf("no size comes back, and of three there are %q", c.Sizes())
	}
}

// The columns of size systems are found under any of their names.
func TestColumnsOfSystems(t *testing.T) {
	for _, text := range []string{
		"EU Size,UK Size,Foot (cm)\n40,6.5,25.4\n41,7.5,26\n",
		"Rozmiar EU;Rozmiar UK;Stopa (cm)\n40;6.5;25,4\n41;7.5;26\n",
		"Größe;EU-Größe;UK-Größe;Fuß (cm)\nS;40;6.5;25,4\nM;41;7.5;26\n",
		"Taille UK;Taille EU;Longueur du pied (cm)\n6.5;40;25,4\n7.5;41;26\n",
	} {
		c := parse(t, text)
		got, err := c.Convert("eu", "uk", "41")
		if err != nil || !slices.Equal(got.Values, []string{"7.5"}) {
			t.Errorf("%.12s...: EU 41 is %v, %v", text, got, err)
		}
	}
}
