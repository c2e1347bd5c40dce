package sizing

import (
	"slices"
	"strings"
)

// What the columns beside the measurements are.

// sexHeaders are the columns that say who a row is for.
var sexHeaders = []string{"gender", "sex", "geschlecht", "sexe", "genre", "sexo", "género", "genero", "sesso", "genere", "płeć", "geslacht"}

// ageHeaders are the columns that say how old children of a size are.
var ageHeaders = []string{"age", "ages", "alter", "âge", "edad", "età", "wiek", "leeftijd"}

// sexWords are what stands below them, without apostrophes, next to what ParseSex reads.
var sexWords = map[string]Sex{
	"womens": Female, "ladies": Female, "damen": Female, "frauen": Female, "femme": Female, "femmes": Female, "mujer": Female, "mujeres": Female, "donna": Female, "donne": Female, "kobieta": Female, "kobiety": Female, "dames": Female, "vrouwen": Female,
	"mens": Male, "gents": Male, "herren": Male, "männer": Male, "homme": Male, "hommes": Male, "hombre": Male, "hombres": Male, "uomo": Male, "uomini": Male, "mężczyzna": Male, "mężczyźni": Male, "heren": Male, "mannen": Male,
}

// sexes keeps the rows of one group where a column says who each row is for: the group called
// variant, or that of the sex asked for, or everybody's, or the first. Where nothing stands, as below a
// cell that goes over several rows, it is the group above. It counts as such only where a size comes
// back. It answers who the chart is for: what its rows say, or else the options.
func (t *table) sexes(label int, o *ChartOptions) Sex {
	by := slices.IndexFunc(t.headers, func(h header) bool { return h.measure < 0 && slices.Contains(sexHeaders, h.key) })
	if by < 0 || by == label {
		return o.Sex
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
		return o.Sex
	}
	one := groupOf(groups, o)
	if one < 0 {
		one = max(slices.IndexFunc(groups, func(g string) bool { _, err := ParseSex(g); return err == nil && sexOf(g) == Unspecified }), 0)
		t.guess(GuessTable, t.headers[by].text, "Of %d groups of people the one taken is %q.", len(groups), clip(groups[one], maxLabel))
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
	if sex := sexOf(groups[one]); sex != Unspecified {
		return sex
	}
	return o.Sex
}

// groupOf is the group of people that is asked for, by its own word or by the sex, or -1.
func groupOf(groups []string, o *ChartOptions) int {
	variant, sex := strings.ToLower(o.Variant), o.Sex
	if i := slices.Index(groups, variant); i >= 0 { // none is ""
		return i
	}
	if s := sexOf(variant); s != Unspecified {
		sex = s
	}
	return slices.IndexFunc(groups, func(g string) bool { return sex != Unspecified && sexOf(g) == sex })
}

var apostrophes = strings.NewReplacer("'", "", "’", "")

// sexOf is who a group is, in lower case, Unspecified where it does not say.
func sexOf(group string) Sex {
	group = apostrophes.Replace(group)
	if s, ok := sexWords[group]; ok {
		return s
	}
	s, err := ParseSex(group)
	if err != nil {
		return Unspecified
	}
	return s
}

// systems names the columns of size systems by their system alone, "UK Size", "Rozmiar UK", "EU-Größe", unless another column
// is called just that.
func (t *table) systems() {
	for i := range t.headers {
		h := &t.headers[i]
		system, of := systemOf(headerWords(h.text))
		if h.measure >= 0 || !isSizeWord(of) {
			continue
		}
		if !slices.ContainsFunc(t.headers, func(o header) bool { return o.key == system && o.measure < 0 }) {
			h.key = system
		}
	}
}

// systemOf finds the system in the words of a header, and what else they are: "size", "men", "".
func systemOf(words []string) (system, of string) {
	for i, w := range words {
		if isSystem(w) {
			return w, strings.Join(slices.Concat(words[:i], words[i+1:]), "")
		}
	}
	return "", ""
}

func isSizeWord(w string) bool { return w == "size" || w == "sizes" || slices.Contains(labelWords, w) }

// named reports whether a column is no measurement by its name: a size, a system, perhaps of one sex ("US Men", "UK Women's"), or an age.
func (h *header) named() bool {
	system, of := systemOf(headerWords(h.text))
	return system != "" && (of == "" || isSizeWord(of) || sexOf(of) != Unspecified) || isSizeWord(h.key) || slices.Contains(ageHeaders, h.key)
}
