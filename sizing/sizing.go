package sizing

import (
	"errors"
	"io"
)

var errNotBuilt = errors.New("sizing: not built yet")

// Chart is a size chart. Immutable, safe for use by many goroutines.
type Chart struct{}

// ChartOptions configures ParseChart; nil means defaults.
type ChartOptions struct{}

// ParseChart reads a chart in fitveil's JSON or as CSV.
func ParseChart(r io.Reader, o *ChartOptions) (*Chart, error) { return nil, errNotBuilt }

// Issue is something Lint found wrong with a chart.
type Issue struct {
	Code string
	Text string
}

// Lint looks for gaps, overlaps, shifted rows and unit mistakes.
func (c *Chart) Lint() []Issue { return nil }

// Fit is how a size sits at one part of the body.
type Fit string

// The fits of an Area.
const (
	Tight Fit = "tight"
	Good  Fit = "good"
	Loose Fit = "loose"
)

// Area is the fit of a size at one part of the body.
type Area struct {
	Name string
	Fit  Fit
	Ease Length // room between body and the size's limits; negative: too small
}

// SizeFit is one size of the chart, and how likely it is the right one.
type SizeFit struct {
	Label string
	P     float64 // 0 to 1
	Areas []Area
}

// Recommendation is the answer for one body and one chart.
type Recommendation struct {
	Size       string // "" where none fits
	Confidence float64
	Between    [2]string // both labels when the answer lies between two sizes
	Sizes      []SizeFit // in the chart's order
	Warnings   []Warning
}

// Warning is a code and its English text.
type Warning struct{ Code, Text string }

// Options configures Recommend; nil means defaults.
type Options struct{ Prefer Preference }

// Preference is how a person likes clothes to sit.
type Preference uint8

// The preferences.
const (
	Regular Preference = iota
	SlimFit
	LooseFit
)

// Recommend answers which size of the chart fits b.
func (c *Chart) Recommend(b *Body, o *Options) (*Recommendation, error) { return nil, errNotBuilt }

// Estimates is every measurement of a body, given or estimated.
type Estimates struct{}
