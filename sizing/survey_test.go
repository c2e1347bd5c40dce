package sizing

import (
	"compress/gzip"
	"encoding/csv"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The accuracy tests read the surveys as sizing/_fit does, but share no code
// with it: a mistake there must not hide itself here.

// surveyDir finds the folder of the surveys or skips; where CI says so it is required.
func surveyDir(t *testing.T) string {
	t.Helper()
	root := os.Getenv("FITVEIL_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	dir := filepath.Join(root, "data", "body")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the surveys are required in CI: %v", err)
		}
		t.Skipf("the surveys are not here: put the ANSUR and NHANES files into %s, or set FITVEIL_SHARED", dir)
	}
	return dir
}

// person is one surveyed body: everything measured, by name.
type person struct {
	sex    Sex
	age    float64
	weight float64
	people Population         // what the estimate is told
	fold   int                // the tables that have not seen this person
	length map[string]float64 // cm
}

func (p *person) bmi() float64 {
	h := p.length["height"] / 100
	return p.weight / (h * h)
}

// body is what remains of a person when only the named values are known.
func (p *person) body(source Source, known ...string) *Body {
	b := &Body{Sex: p.sex, Source: source, Population: p.people}
	for _, k := range known {
		switch k {
		case "age":
			b.Age = p.age
		case "weight":
			b.Weight = Mass(p.weight)
		default:
			*b.at(find(k)) = Length(p.length[k])
		}
	}
	return b
}

// foldOf is the same rule as in sizing/_fit.
func foldOf(key string) int {
	f := fnv.New64a()
	f.Write([]byte(key))
	h := f.Sum64()
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return int(h / 5 % uint64(len(foldTables)))
}

// A record is one line of a survey file: its cells, and where each column is.
type record struct {
	at    map[string]int
	cells []string
}

// get is the cell of a column, named in lower case.
func (r record) get(column string) string { return r.cells[r.at[column]] }

var recordsOf = map[string][]record{} // files already read; tests here do not run in parallel

// records reads one survey file.
func records(t *testing.T, path string) []record {
	t.Helper()
	if have, ok := recordsOf[path]; ok {
		return have
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(z)
	r.Comment = '#'
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, c := range all[0] {
		at[strings.ToLower(c)] = i
	}
	var out []record
	for _, cells := range all[1:] {
		out = append(out, record{at, cells})
	}
	recordsOf[path] = out
	return out
}

func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// read turns records into people, in millimetres or centimetres per unit, and
// leaves out those with a gap among the needed columns.
func people(t *testing.T, path string, sex Sex, unit float64, columns map[string]string, key func(record) string) []person {
	t.Helper()
	var out []person
rows:
	for _, rec := range records(t, path) {
		k := key(rec)
		if k == "" {
			continue
		}
		p := person{sex: sex, fold: foldOf(k), length: map[string]float64{}}
		for name, column := range columns {
			v, ok := number(rec.get(column))
			if !ok {
				continue rows
			}
			switch name {
			case "age":
				p.age = v
			case "weight":
				p.weight = v * unit
			default:
				p.length[name] = v * unit
			}
		}
		out = append(out, p)
	}
	return out
}

var ansur2Names = map[string]string{
	"age": "age", "weight": "weightkg", "height": "stature", "chest": "chestcircumference", "waist": "waistcircumference",
	"hips": "buttockcircumference", "inseam": "crotchheight", "outseam": "waistheightomphalion", "neck": "neckcircumference",
	"shoulder": "biacromialbreadth", "sleeve": "sleevelengthspinewrist", "thigh": "thighcircumference", "calf": "calfcircumference",
	"foot_length": "footlength", "foot_breadth": "footbreadthhorizontal", "hand_girth": "handcircumference", "head_girth": "headcircumference",
}

// soldiers are the rows of ANSUR II.
func soldiers(t *testing.T, sex Sex) []person {
	name := map[Sex]string{Female: "female", Male: "male"}[sex]
	return people(t, filepath.Join(surveyDir(t), "ansur2_"+name+".csv.gz"), sex, 0.1, ansur2Names, func(r record) string {
		return "ansur2:" + name + ":" + r.get("subjectid")
	})
}

// soldiers1988 are the rows of ANSUR I, which has no ages.
func soldiers1988(t *testing.T, sex Sex) []person {
	name := map[Sex]string{Female: "female", Male: "male"}[sex]
	return people(t, filepath.Join(surveyDir(t), "ansur1_"+name+".csv.gz"), sex, 0.1, map[string]string{
		"weight": "weight", "height": "stature", "chest": "chest_circ", "bust": "chest_circ", "waist": "waist_circ-omphalion", "hips": "buttock_circ",
		"underbust": "chest_circ-below_bust_", "waist_natural": "waist_circ_natural",
	}, func(r record) string { return "ansur1:" + name + ":" + r.get("subject_number") })
}

// civilians are the rows of NHANES from age lo to hi, with the columns named.
func civilians(t *testing.T, sex Sex, lo, hi float64, names ...string) []person {
	code := map[Sex]string{Male: "1", Female: "2"}[sex]
	columns := map[string]string{"age": "ridageyr", "weight": "bmxwt", "height": "bmxht"}
	for _, n := range names {
		columns[n] = map[string]string{"waist": "bmxwaist", "hips": "bmxhip", "arm": "bmxarmc"}[n]
	}
	all := people(t, filepath.Join(surveyDir(t), "nhanes_2017_2020.csv.gz"), sex, 1, columns, func(r record) string {
		if r.get("riagendr") != code || r.get("ridexprg") == "1" {
			return ""
		}
		return "nhanes:" + r.get("seqn")
	})
	var out []person
	for _, p := range all {
		if p.age >= lo && p.age <= hi {
			out = append(out, p)
		}
	}
	return out
}

// regression is the cross-validated RMSE of the obvious rival: the logarithm of the
// target, linear in those of height, weight and age, fitted on the same people alone; of degree 3, with
// their products up to the third where those help (hips of civilians).
func regression(t *testing.T, ps []person, target string, degree int) float64 {
	t.Helper()
	facts := func(p *person) []float64 {
		h, w, a := math.Log(p.length["height"]/170), math.Log(p.weight/75), math.Log(p.age/40)
		if degree == 1 {
			return []float64{1, h, w, a}
		}
		a = (p.age - 45) / 20
		return []float64{1, h, w, a, w * w, a * a, h * w, a * w, h * a, w * w * w, a * a * a, w * w * a}
	}
	n := len(facts(&ps[0]))
	var sq float64
	for out := range foldTables {
		a := make([][]float64, n) // normal equations, the target in the last column
		for i := range a {
			a[i] = make([]float64, n+1)
		}
		for i := range ps {
			if ps[i].fold == out {
				continue
			}
			x := append(facts(&ps[i]), math.Log(ps[i].length[target]))
			for i := range n {
				for j := range x {
					a[i][j] += x[i] * x[j]
				}
			}
		}
		for i := range n { // Gauss-Jordan
			pivot := a[i][i]
			for j := range a[i] {
				a[i][j] /= pivot
			}
			for k := range n {
				if f := a[k][i]; k != i {
					for j := range a[k] {
						a[k][j] -= f * a[i][j]
					}
				}
			}
		}
		for i := range ps {
			if ps[i].fold != out {
				continue
			}
			var y float64
			for k, x := range facts(&ps[i]) {
				y += a[k][n] * x
			}
			e := math.Exp(y) - ps[i].length[target]
			sq += e * e
		}
	}
	return math.Sqrt(sq / float64(len(ps)))
}
