package sizing

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
)

// A Conversion is a size in another system, and by what right.
type Conversion struct {
	Chart  string   // id of the chart or formula
	Source string   // the standard or publication behind it
	From   string   // system and label asked for, as the chart writes them
	Label  string   //
	To     string   // system asked for
	Values []string // nearest first; several where the systems' steps do not meet
}

// ConvertOptions configures Convert; nil means defaults.
type ConvertOptions struct {
	Sex   Sex    // picks women's or men's charts where a category has both
	Chart string // an id of Systems, where charts disagree; default the first that has both systems
}

// A System is a way to name sizes that Convert knows.
type System struct{ Category, Chart, Source, Name string }

// Errors of Convert.
var (
	ErrNoSystem = errors.New("no chart of this category has both size systems")
	ErrNoSize   = errors.New("the size is not one of its system, or the other system ends before it")
)

// A conversionChart places the labels of several systems on one scale: a body
// measurement in centimetres, or the number of a row.
type conversionChart struct {
	id, source string
	categories []string
	sex        Sex
	systems    []labelSystem
	rows       bool // labels on one row or none
}

type labelSystem struct {
	name   string
	labels []placedLabel
}

type placedLabel struct {
	text string
	at   float64
}

var conversionCharts = sync.OnceValue(builtinCharts)

// Convert translates a size label from one system of a category to another, by
// a published chart or formula whose id and source come with the answer. Brands
// differ from all of them by up to two sizes: a brand's own chart (Chart.Convert) is better.
// Widths of shoes, F, 2E or H, are not converted: what a letter means is each maker's own, and no
// table that compares them is published. A chart with a column foot_breadth is recommended from by width.
//
// Two labels belong together when either is the nearest to the other, so what
// comes out converts back to what went in. Categories and systems are those of
// Systems, in any case. Errors: ErrNoSystem, ErrNoSize.
func Convert(category, from, to, label string, o *ConvertOptions) (*Conversion, error) {
	var opts ConvertOptions
	if o != nil {
		opts = *o
	}
	category, from, to = fold(category), fold(from), fold(to)
	charts := conversionCharts()
	best := ErrNoSystem
	for i := range charts {
		c := &charts[i]
		if !slices.Contains(c.categories, category) || (opts.Chart != "" && c.id != opts.Chart) ||
			(opts.Sex != Unspecified && c.sex != Unspecified && c.sex != opts.Sex) {
			continue
		}
		a, b := c.system(from), c.system(to)
		if a == nil || b == nil {
			continue
		}
		k := a.find(label)
		if k < 0 {
			best = ErrNoSize
			continue
		}
		values := c.related(a, b, k)
		if len(values) == 0 {
			best = ErrNoSize
			continue
		}
		return &Conversion{Chart: c.id, Source: c.source, From: a.name, Label: a.labels[k].text, To: b.name, Values: values}, nil
	}
	return nil, fmt.Errorf("sizing: convert %.20q from %.20q to %.20q: %w", category, from, to, best)
}

// Systems lists what Convert knows, chart by chart.
func Systems() []System {
	var out []System
	for _, c := range conversionCharts() {
		for _, category := range c.categories {
			for _, s := range c.systems {
				out = append(out, System{category, c.id, c.source, s.name})
			}
		}
	}
	return out
}

// Labels lists the sizes of a system of Systems, smallest first.
func (s System) Labels() []string {
	for _, c := range conversionCharts() {
		if c.id != s.Chart {
			continue
		}
		if l := c.system(s.Name); l != nil {
			var out []string
			for _, p := range l.labels {
				out = append(out, p.text)
			}
			return out
		}
	}
	return nil
}

// Convert translates a size of the chart's own into another column's name for
// it: "eu", "us" or whatever the columns are called, "" or "size" for the labels.
// Errors: ErrNoSystem, ErrNoSize.
func (c *Chart) Convert(from, to, label string) (*Conversion, error) {
	from, to = fold(from), fold(to)
	name := func(s *size, system string) string {
		if system == "" || system == "size" || system == "label" || system == c.labelled {
			return s.label
		}
		for _, o := range s.systems {
			if o.system == system {
				return o.label
			}
		}
		return ""
	}
	out := &Conversion{Chart: c.id, Source: c.title, From: from, To: to}
	known := [2]bool{}
	for i := range c.sizes {
		a, b := name(&c.sizes[i], from), name(&c.sizes[i], to)
		known[0], known[1] = known[0] || a != "", known[1] || b != ""
		if a != "" && b != "" && sameLabel(a, label) && !slices.Contains(out.Values, b) {
			out.Label = a
			out.Values = append(out.Values, b)
		}
	}
	switch {
	case known != [2]bool{true, true}:
		return nil, fmt.Errorf("sizing: convert from %.20q to %.20q: %w", from, to, ErrNoSystem)
	case out.Values == nil:
		return nil, fmt.Errorf("sizing: convert from %.20q to %.20q: %w", from, to, ErrNoSize)
	}
	return out, nil
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func (c *conversionChart) system(name string) *labelSystem {
	for i := range c.systems {
		if c.systems[i].name == name {
			return &c.systems[i]
		}
	}
	return nil
}

func (s *labelSystem) find(label string) int {
	if i := slices.IndexFunc(s.labels, func(p placedLabel) bool { return p.text == label }); i >= 0 {
		return i // "0" and "00" are two sizes
	}
	return slices.IndexFunc(s.labels, func(p placedLabel) bool { return sameLabel(p.text, label) })
}

// sameLabel compares labels the way people write them: "8½", "8.5", "8,5" and "8 1/2".
func sameLabel(a, b string) bool {
	a, b = fold(a), fold(b)
	if a == b {
		return true
	}
	x, restX, okX := parseNumber(a)
	y, restY, okY := parseNumber(b)
	if okX && okY && restX == "" && restY == "" {
		return math.Abs(x-y) < 1e-9
	}
	clean := strings.NewReplacer(" ", "", "½", ".5", "1/2", ".5", ",", ".", "–", "-")
	return clean.Replace(a) == clean.Replace(b)
}

// nearest is the label nearest to at, or -1 beyond half a step from either end.
func (s *labelSystem) nearest(at float64, rows bool) int {
	best := -1
	for i := range s.labels {
		if best < 0 {
			best = i
		}
		nearer := math.Abs(s.labels[best].at-at) - math.Abs(s.labels[i].at-at)
		if nearer > 1e-9 || (nearer > -1e-9 && len(s.labels[i].text) < len(s.labels[best].text)) { // of two as near, the whole size
			best = i
		}
	}
	if best < 0 {
		return -1
	}
	slack := 1e-6
	if !rows {
		slack = 0.51 * s.step(best)
	}
	if math.Abs(s.labels[best].at-at) > slack {
		return -1
	}
	return best
}

// step is the larger distance of a label to its neighbours.
func (s *labelSystem) step(i int) float64 {
	var d float64
	if i > 0 {
		d = s.labels[i].at - s.labels[i-1].at
	}
	if i+1 < len(s.labels) {
		d = max(d, s.labels[i+1].at-s.labels[i].at)
	}
	return d
}

// related lists the labels of b that are nearest to the k-th of a, or to which it
// is the nearest.
func (c *conversionChart) related(a, b *labelSystem, k int) []string {
	at := a.labels[k].at
	n := b.nearest(at, c.rows)
	var out []string
	if n >= 0 {
		out = append(out, b.labels[n].text)
	}
	var others []int
	for i := range b.labels {
		if i != n && a.nearest(b.labels[i].at, c.rows) == k {
			others = append(others, i)
		}
	}
	slices.SortStableFunc(others, func(i, j int) int {
		switch x, y := math.Abs(b.labels[i].at-at), math.Abs(b.labels[j].at-at); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	for _, i := range others {
		out = append(out, b.labels[i].text)
	}
	return out
}
