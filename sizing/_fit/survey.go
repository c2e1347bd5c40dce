package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The variables of the body model, in the order sizing/model.go gives them.
const (
	age = iota
	height
	weight
	waist
	hips
	arm
	chest
	inseam
	outseam
	neck
	shoulder
	sleeve
	thigh
	calf
	footLength
	footBreadth
	handGirth
	headGirth
	underbust
	waistNatural
	numVars
)

// A row is one person of one survey: ages in years, lengths in centimetres,
// masses in kilograms, NaN where the survey has no value.
type row struct {
	v       [numVars]float64
	male    bool
	soldier bool // ANSUR
	fold    int  // 0 to 4: the fifth of the survey it belongs to
}

// A column says which field of a survey feeds which variable, and the factor
// that brings it to centimetres or kilograms.
type column struct {
	name   string
	factor float64
}

var ansur2Columns = map[int]column{
	age:          {"Age", 1},
	height:       {"stature", 0.1},
	weight:       {"weightkg", 0.1},
	waist:        {"waistcircumference", 0.1},
	hips:         {"buttockcircumference", 0.1},
	arm:          {"bicepscircumferenceflexed", 0.1}, // flexed: its correlations stand in for the relaxed arm's
	chest:        {"chestcircumference", 0.1},
	inseam:       {"crotchheight", 0.1},
	outseam:      {"waistheightomphalion", 0.1},
	neck:         {"neckcircumference", 0.1},
	shoulder:     {"biacromialbreadth", 0.1},
	sleeve:       {"sleevelengthspinewrist", 0.1},
	thigh:        {"thighcircumference", 0.1},
	calf:         {"calfcircumference", 0.1},
	footLength:   {"footlength", 0.1},
	footBreadth:  {"footbreadthhorizontal", 0.1},
	handGirth:    {"handcircumference", 0.1},
	headGirth:    {"headcircumference", 0.1},
	underbust:    {"", 0},
	waistNatural: {"", 0},
}

var ansur1Columns = map[int]column{
	height:       {"STATURE", 0.1},
	weight:       {"WEIGHT", 0.1},
	waist:        {"WAIST_CIRC-OMPHALION", 0.1},
	hips:         {"BUTTOCK_CIRC", 0.1},
	chest:        {"CHEST_CIRC", 0.1},
	underbust:    {"CHEST_CIRC-BELOW_BUST_", 0.1},
	waistNatural: {"WAIST_CIRC_NATURAL", 0.1},
}

var nhanesColumns = map[int]column{
	age:    {"RIDAGEYR", 1},
	height: {"BMXHT", 1},
	weight: {"BMXWT", 1},
	waist:  {"BMXWAIST", 1},
	hips:   {"BMXHIP", 1},
	arm:    {"BMXARMC", 1},
}

// surveys is all the rows there are.
type surveys struct{ ansur2, ansur1, nhanes []row }

// load reads the survey files below dir.
func load(dir string) (*surveys, error) {
	s := new(surveys)
	for _, sex := range []string{"male", "female"} {
		rows, err := read(filepath.Join(dir, "ansur2_"+sex+".csv.gz"), ansur2Columns, func(field func(string) string) (row, bool) {
			return row{male: sex == "male", soldier: true, fold: fold("ansur2:" + sex + ":" + field("subjectid"))}, true
		})
		if err != nil {
			return nil, err
		}
		s.ansur2 = append(s.ansur2, rows...)
		rows, err = read(filepath.Join(dir, "ansur1_"+sex+".csv.gz"), ansur1Columns, func(field func(string) string) (row, bool) {
			return row{male: sex == "male", soldier: true, fold: fold("ansur1:" + sex + ":" + field("SUBJECT_NUMBER"))}, true
		})
		if err != nil {
			return nil, err
		}
		s.ansur1 = append(s.ansur1, rows...)
	}
	rows, err := read(filepath.Join(dir, "nhanes_2017_2020.csv.gz"), nhanesColumns, func(field func(string) string) (row, bool) {
		return row{male: field("RIAGENDR") == "1", fold: fold("nhanes:" + field("SEQN"))}, field("RIDEXPRG") != "1" // pregnant
	})
	s.nhanes = rows
	return s, err
}

// read reads one gzipped CSV file. Column names are compared without regard to
// case, because the two ANSUR II files differ in it.
func read(path string, columns map[int]column, start func(func(string) string) (row, bool)) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := csv.NewReader(z)
	r.Comment = '#'
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	at := map[string]int{}
	for i, name := range header {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, c := range columns {
		if _, ok := at[strings.ToLower(c.name)]; c.name != "" && !ok {
			return nil, fmt.Errorf("%s: no column %q", path, c.name)
		}
	}
	var rows []row
	for {
		record, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		field := func(name string) string { return record[at[strings.ToLower(name)]] }
		p, ok := start(field)
		if !ok {
			continue
		}
		for i := range p.v {
			p.v[i] = math.NaN()
			if c := columns[i]; c.name != "" {
				if x, err := strconv.ParseFloat(field(c.name), 64); err == nil {
					p.v[i] = x * c.factor
				}
			}
		}
		rows = append(rows, p)
	}
}

// folds is how many parts cross-validation leaves out in turn.
const folds = 5

// fold says which fifth a person belongs to: FNV-1a of the key, its high bits
// folded down. Rows whose hash is divisible by five are not in the files at all,
// so the second digit decides.
func fold(key string) int {
	f := fnv.New64a()
	f.Write([]byte(key))
	h := f.Sum64()
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return int(h / 5 % folds)
}
