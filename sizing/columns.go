package sizing

import (
	"slices"
	"strings"
)

// What the columns beside the measurements are.

// sexHeaders are the columns that say who a row is for.
var sexHeaders = []string{"gender", "sex", "geschlecht", "sexe", "genre", "sexo", "género", "genero", "sesso", "genere", "płeć", "geslacht"}

// sexWords are what stands below them, next to what ParseSex reads.
var sexWords = map[string]Sex{
	"damen": Female, "frauen": Female, "femme": Female, "femmes": Female, "mujer": Female, "mujeres": Female, "donna": Female, "kobieta": Female, "kobiety": Female, "dames": Female,
	"herren": Male, "männer": Male, "homme": Male, "hommes": Male, "hombre": Male, "hombres": Male, "uomo": Male, "mężczyzna": Male, "mężczyźni": Male, "heren": Male,
}

// sexes keeps the rows of one group where a column says who each row is for: the group called
// variant, or that of the chart's sex, or the first. Where nothing stands, as below a cell that goes
// over several rows, it is the group above. It counts as such only where a size comes back.
func (t *table) sexes(label int, o *ChartOptions) {
	by := slices.IndexFunc(t.headers, func(h header) bool { return h.measure < 0 && slices.Contains(sexHeaders, h.key) })
	if by < 0 || by == label {
		return
	}
	cell := func(row []string, i int) string {
		if i >= len(row) {
			return ""
		}
		return strings.ToLower(strings.TrimSpace(row[i]))
	}
	var groups []string
	of := map[string]string{} // size → its group
	again := false
	byRow := make([]string, len(t.rows))
	for r, row := range t.rows {
		group, size := cell(row, by), cell(row, label)
		if group == "" && r > 0 {
			group = byRow[r-1]
		}
		byRow[r] = group
		if group == "" || size == "" {
			continue
		}
		if !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
		if was, ok := of[size]; ok && was != group {
			again = true
		}
		of[size] = group
	}
	if !again {
		return
	}
	one := slices.IndexFunc(groups, func(g string) bool { return o.Variant != "" && g == strings.ToLower(o.Variant) })
	if one < 0 && o.Sex != Unspecified {
		one = slices.IndexFunc(groups, func(g string) bool { return sexOf(g) == o.Sex })
	}
	if one < 0 {
		one = 0
		t.guess(GuessTable, t.headers[by].text, "Of %d groups of people the one taken is %q.", len(groups), clip(groups[0], maxLabel))
	}
	rows, lines := t.rows, t.lines
	t.rows, t.lines = nil, nil
	for r, row := range rows {
		if byRow[r] != groups[one] {
			continue
		}
		t.rows = append(t.rows, row)
		if lines != nil {
			t.lines = append(t.lines, lines[r])
		}
	}
	if o.Sex == Unspecified {
		o.Sex = sexOf(groups[one])
	}
}

// sexOf is who a group is, Unspecified where it does not say.
func sexOf(group string) Sex {
	if s, ok := sexWords[group]; ok {
		return s
	}
	s, err := ParseSex(group)
	if err != nil {
		return Unspecified
	}
	return s
}

// systems names the columns of size systems by their system alone: "UK Size", "Rozmiar UK", "EU-Größe".
func (t *table) systems() {
	for i := range t.headers {
		h := &t.headers[i]
		w := headerWords(h.text)
		if h.measure >= 0 || len(w) != 2 {
			continue
		}
		for k, system := range w {
			if other := w[1-k]; isSystem(system) && (other == "size" || other == "sizes" || slices.Contains(labelWords, other)) {
				h.key = system
			}
		}
	}
}
