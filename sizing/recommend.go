package sizing

import (
	"math"
	"slices"
)

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
	// Ease is the room the size leaves, in centimetres (kilograms for a weight
	// column). On a body chart: up to the upper end of the size's range, negative
	// where the body exceeds it. On a garment chart: garment minus body.
	Ease Length
}

// Code is the verdict as one word for translators: "waist-tight", "foot_length-good".
func (a Area) Code() string { return a.Name + "-" + string(a.Fit) }

// SizeFit is one size of the chart, and how likely it is the right one.
type SizeFit struct {
	Label string
	P     float64 // 0 to 1
	Areas []Area  // in the order of Chart.Dimensions, without those nothing is known of
}

// Recommendation is the answer for one body and one chart. Like Body it does
// not show what it holds when printed or marshalled; AppendJSON writes it out.
type Recommendation struct {
	Chart      string // its id
	Size       string // "" where none fits or none can be named
	Wanted     string // the size the body asks for, in stock or not; else the same as Size
	Confidence float64
	Between    [2]string // both labels, in the chart's order, when the answer lies between two sizes
	Sizes      []SizeFit // in the chart's order; with None they sum to 1
	None       float64   // probability that no size of the chart fits
	Warnings   []Warning
	Reasons    []Reason // why this size, for the shopper; empty where none is named

	scratch []float64
	areas   []Area
	mix     *mixture // RecommendInto's: what it knew of the last body, never read again
}

// Preference is how a person likes clothes to sit.
type Preference uint8

// The preferences.
const (
	Regular Preference = iota
	SlimFit
	LooseFit
)

// Options configures Recommend; nil means defaults.
type Options struct {
	Prefer Preference

	// Shift is how many sizes small the product runs for this person, and ShiftSD how
	// far that is known: what Learner.Shift returns. Up to 4 sizes either way.
	Shift, ShiftSD float64

	// InStock says which sizes can be had; nil: all. Where the right one can't, a
	// neighbour that is a quarter as likely is named instead, with WarnOutOfStock, or none.
	InStock func(size string) bool
}

const (
	between = 0.7 // of the likeliest size's probability makes an answer lie between two
	unsure  = 0.4 // confidence below which no size stands out
)

// Recommend answers which size of the chart fits b; nil means Body{}.
//
// Measurements that b lacks are estimated, and the doubt goes into the
// probabilities; measurements it has are weighed against the rest by the noise
// of their Source. Along an axis of the chart a body needs the largest of
// the sizes its dimensions ask for: nothing may be too tight. A body in a gap or an
// overlap of two sizes belongs to the nearer. Size is the one at the middle of the
// distribution, so that raising a girth never lowers it. A body that is more
// likely than not beyond either end of the chart gets Size "" and a warning;
// so does one of which nothing is known, and shoes without a foot length.
// Errors: *RangeError.
func (c *Chart) Recommend(b *Body, o *Options) (*Recommendation, error) {
	r := new(Recommendation)
	var m mixture
	if err := c.recommend(&surveyTables, &m, r, b, o); err != nil {
		return nil, err
	}
	return r, nil
}

// RecommendInto is Recommend into dst, whose memory it reuses: no allocation
// once dst has served a chart of this size. After an error dst is unusable until the next call.
func (c *Chart) RecommendInto(dst *Recommendation, b *Body, o *Options) error {
	if dst.mix == nil {
		dst.mix = new(mixture) // ten kilobytes, which took a twentieth of the time to clear for each body
	}
	return c.recommend(&surveyTables, dst.mix, dst, b, o)
}

// recommend is RecommendInto by tables t, with m, whatever it holds, to work in.
func (c *Chart) recommend(t *tables, m *mixture, r *Recommendation, b *Body, o *Options) error {
	var known Body
	if b != nil {
		known = *b
	}
	b = &known
	opts, err := o.checked()
	if err != nil {
		return err
	}
	c.reset(r)
	if b.Sex == Unspecified && c.sex != Unspecified {
		b.Sex = c.sex
		r.Warnings = warn(r.Warnings, WarnSexFromChart, "")
	}
	w := wearer{mix: m}
	if b.Validate() != nil {
		if known, r.Warnings, err = w.mix.mended(t, known, r.Warnings); err != nil {
			return err
		}
	}
	// Where every dimension of the chart is measured, a repair could turn a larger
	// girth into a smaller size: what looks wrong is only said.
	if all := w.measure(t, c, b); !all && w.mix.suspect(b) {
		if known, r.Warnings, err = w.mix.mended(t, known, r.Warnings); err != nil {
			return err
		}
		w.measure(t, c, b)
	}
	c.answer(r, &w, b, &opts)
	return nil
}

// answer fills r from what w knows of b.
func (c *Chart) answer(r *Recommendation, w *wearer, b *Body, opts *Options) {
	r.Warnings = w.mix.doubts(r.Warnings, b)
	for i := range c.dims {
		if w.odd[i] {
			r.Warnings = warn(r.Warnings, WarnUnlikely, c.dims[i].name)
		}
	}
	usable := w.fill(c, b, r)
	c.areas(r, w)
	if !usable {
		r.None = 1
		return
	}
	c.choose(r, w, b, opts)
	c.reasons(r, w, b, opts)
}

// choose sets the probabilities and names the size.
func (c *Chart) choose(r *Recommendation, w *wearer, b *Body, opts *Options) {
	if opts.Shift != 0 || opts.ShiftSD != 0 {
		w.shift(c, r, opts)
	}
	c.distribute(r, w, opts.Prefer)
	c.decide(r, w, b, opts.Prefer)
	r.Wanted = r.Size
	if opts.InStock != nil && r.Size != "" && !opts.InStock(r.Size) {
		c.substitute(r, opts.InStock)
	}
}

// checked is o with its fields in range, or defaults for nil.
func (o *Options) checked() (Options, error) {
	if o == nil {
		return Options{}, nil
	}
	if o.Prefer > LooseFit {
		return Options{}, &RangeError{Field: "preference"}
	}
	if !(math.Abs(o.Shift) <= maxShift && o.ShiftSD >= 0 && o.ShiftSD <= maxShift) {
		return Options{}, &RangeError{Field: "shift"}
	}
	return *o, nil
}

const (
	maxShift = 4   // sizes
	runs     = 0.5 // sizes from where an offset is worth a word
)

// shift moves the body along the chart's widths as the learner found the product to run.
func (w *wearer) shift(c *Chart, r *Recommendation, o *Options) {
	for a := range c.axes {
		for _, i := range w.dims(a) {
			d := &c.dims[i]
			if !d.girth() && d.variable() != vFootLength {
				continue
			}
			for k := range w.box[:w.mix.n] {
				w.box[k].mean[i] += o.Shift * d.step
				w.box[k].cov[i][i] += o.ShiftSD * o.ShiftSD * d.step * d.step
			}
		}
	}
	for k := range w.box[:w.mix.n] {
		w.box[k].settle(len(c.dims))
	}
	switch {
	case o.Shift >= runs:
		r.Warnings = warn(r.Warnings, WarnRunsSmall, "")
	case o.Shift <= -runs:
		r.Warnings = warn(r.Warnings, WarnRunsLarge, "")
	}
}

// Gap is how many sizes label lies above the middle of what r expects, along the
// chart's first axis: what Sale.Gap wants to know of the size sold. It is false where
// the chart has no such size or r names none.
func (c *Chart) Gap(r *Recommendation, label string) (float64, bool) {
	at, mean, sum := math.NaN(), 0.0, 0.0
	for i := range c.sizes {
		level := float64(c.sizes[i].levels[0])
		if c.sizes[i].label == label {
			at = level
		}
		if i < len(r.Sizes) {
			mean += r.Sizes[i].P * level
			sum += r.Sizes[i].P
		}
	}
	if math.IsNaN(at) || sum == 0 || r.Size == "" {
		return 0, false
	}
	return at - mean/sum, true
}

// reset shapes r for the chart and clears it.
func (c *Chart) reset(r *Recommendation) {
	r.Chart, r.Size, r.Wanted, r.Confidence, r.Between, r.None = c.id, "", "", 0, [2]string{}, 0
	r.Warnings, r.Reasons = r.Warnings[:0], r.Reasons[:0]
	r.Sizes = slices.Grow(r.Sizes[:0], len(c.sizes))[:len(c.sizes)]
	r.areas = slices.Grow(r.areas[:0], len(c.sizes)*len(c.dims))[:0]
	n := c.steps
	for a := range c.axes {
		n += c.axes[a].levels + 1
	}
	r.scratch = slices.Grow(r.scratch[:0], n)[:n]
}

// A wearer is a body as a chart sees it: the Gaussian of the chart's dimensions
// for each component of the mixture.
type wearer struct {
	mix   *mixture
	box   [2]box
	size  [maxDims]float64 // likeliest value per dimension, cm or kg
	log   [maxDims]float64 // of size
	odd   [maxDims]bool    // measured, and far from what everything else says
	live  [maxDims]bool    // something is known of the dimension
	blank bool             // nothing is known of the body
	list  [maxDims]int     // deciding and live dimensions, axis by axis
	from  [maxAxes + 1]int // where each axis starts in list
}

// blank reports whether nothing is known of b but age, sex and hints.
func (b *Body) blank() bool {
	if b.Weight != 0 || b.worn.n > 0 {
		return false
	}
	for _, v := range b.lengths() {
		if v != 0 {
			return false
		}
	}
	return true
}

// dims is the deciding dimensions of axis a that something is known of.
func (w *wearer) dims(a int) []int { return w.list[w.from[a]:w.from[a+1]] }

// value is what b says of a dimension, 0 where it says nothing.
func (b *Body) value(d *dimension) float64 {
	switch d.measure {
	case mWeight:
		return float64(b.Weight)
	case mChest, mBust:
		switch {
		case b.Chest != 0 && b.Bust != 0:
			return float64(b.Chest+b.Bust) / 2
		case b.Chest != 0:
			return float64(b.Chest)
		}
		return float64(b.Bust)
	}
	return float64(*b.at(d.measure))
}

// measure conditions the model on b. Where b knows every deciding dimension,
// each is weighed against what height, weight, age and other measurements say of
// it, but not against each other: a larger hip would otherwise speak for a
// smaller waist, and raising a girth could lower the size. It reports whether b does.
func (w *wearer) measure(t *tables, c *Chart, b *Body) (all bool) {
	var need, apart varSet
	all = true
	for i := range c.dims {
		d := &c.dims[i]
		need |= 1 << d.variable()
		if b.value(d) != 0 && d.variable() > vWeight {
			apart |= 1 << d.variable()
		}
		all = all && (d.axis < 0 || b.value(d) != 0)
	}
	if !all {
		apart = 0
	}
	w.mix.condition(t, b, need, apart)
	for k := range w.mix.post[:w.mix.n] {
		for i := range c.dims {
			w.place(k, i, c, b, apart != 0)
		}
		w.box[k].settle(len(c.dims))
	}
	return all
}

// place writes mean and covariances of dimension i into the k-th box.
func (w *wearer) place(k, i int, c *Chart, b *Body, independent bool) {
	s, x, d := &w.mix.post[k], &w.box[k], &c.dims[i]
	v, seen := d.variable(), b.value(d)
	w.live[i] = seen != 0 || w.mix.models(v, b.Age)
	if !w.live[i] {
		return
	}
	modelled := w.mix.models(v, b.Age)
	if modelled {
		x.mean[i], x.cov[i][i] = s.mean[v]+d.reference(s.p), s.cov[v][v]
		for j := range c.dims[:i] {
			o := c.dims[j].variable()
			x.cov[i][j] = 0
			if w.live[j] && !independent && w.mix.models(o, b.Age) {
				x.cov[i][j] = s.cov[v][o]
			}
			x.cov[j][i] = x.cov[i][j]
		}
	}
	if seen == 0 {
		x.cov[i][i] = max(x.cov[i][i], modelFloor*modelFloor)
		return
	}
	noise := d.noise() * b.Source.noiseFactor()
	y := math.Log(seen)
	if independent && modelled && v > vWeight {
		far := math.Abs(y-x.mean[i]) > unlikely*math.Sqrt(x.cov[i][i]+noise*noise)
		w.odd[i] = far && (k == 0 || w.odd[i]) // for every component of the mixture
	}
	switch {
	case b.Source == Scanner || !modelled:
		x.mean[i], x.cov[i][i] = y, 0
		if b.Source != Scanner {
			x.cov[i][i] = noise * noise
		}
		for j := range c.dims {
			if j != i {
				x.cov[i][j], x.cov[j][i] = 0, 0
			}
		}
	case independent && v > vWeight:
		total := x.cov[i][i] + noise*noise
		x.mean[i] += x.cov[i][i] / total * (y - x.mean[i])
		x.cov[i][i] *= noise * noise / total
	}
}

// reference is the logarithm of what the model's variable is relative to.
func (d *dimension) reference(p *population) float64 {
	switch d.variable() {
	case vHeight:
		return math.Log(p.heightRef)
	case vWeight:
		return math.Log(p.weightRef)
	}
	return 0
}

func (d *dimension) noise() float64 {
	if d.measure == mWeight {
		return weightNoise
	}
	return measures[d.measure].noise
}

// fill sets the likeliest value of each dimension and the dimensions that decide,
// and reports whether a size may be named.
func (w *wearer) fill(c *Chart, b *Body, r *Recommendation) bool {
	n := 0
	for a := range c.axes {
		for _, d := range c.axes[a].dims {
			if w.live[d] {
				w.list[n] = d
				n++
			}
		}
		w.from[a+1] = n
	}
	for i := range c.dims {
		if !w.live[i] {
			r.Warnings = warn(r.Warnings, WarnChildLimited, c.dims[i].name)
			continue
		}
		var m float64
		for k := range w.box[:w.mix.n] {
			m += w.mix.w[k] * w.box[k].mean[i]
		}
		w.log[i], w.size[i] = m, expOf(m)
		if seen := b.value(&c.dims[i]); seen != 0 && (b.Source == Scanner || !w.mix.models(c.dims[i].variable(), b.Age)) {
			w.size[i] = seen
		}
	}
	if w.blank = b.blank(); w.blank {
		r.Warnings = warn(r.Warnings, WarnNothingKnown, "")
	}
	return n > 0
}
