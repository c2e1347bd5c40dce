package sizing

import (
	"errors"
	"math"
	"sync"
	"time"
)

// Outcome is what became of a size that was sold.
type Outcome int8

// The outcomes. Kept is the zero value.
const (
	TooSmall Outcome = -1
	Kept     Outcome = 0
	TooLarge Outcome = 1
)

// A Sale is one order line whose outcome is known, or asked for.
//
// How far the size sold lies from the size the body asks for comes from Gap, or,
// where HasGap is false and Size is set, from the learner's own curve of
// sizes over bodies, which it learns from what was kept.
type Sale struct {
	Product string // with its size group, where a product has several: "4711/plus"
	Brand   string // or the category, where products are all of one brand; may be ""
	Shopper uint64 // a pseudonym of one person, not of the account; 0 where unknown

	Gap    float64 // sizes above what Recommend names, by the chart's steps: Recommendation.Gap
	HasGap bool
	Size   float64 // the size sold as a number, for shops without charts
	Body   *Body   // what was known of the person then; may be nil

	Outcome Outcome
	At      time.Time // zero: no decay
}

// Odds are the probabilities of the three outcomes. They sum to 1.
type Odds struct{ TooSmall, Kept, TooLarge float64 }

// LearnerOptions configures NewLearner; nil means defaults.
type LearnerOptions struct {
	HalfLife time.Duration // in which evidence loses half its weight; default a year
	Wrong    float64       // share of answers that are wrong or about something else; default 0.1
	Least    int           // distinct shoppers before a statistic is shown, of more than 64 none is; default 20
}

// A Learner learns from kept and returned sizes how products, brands and shoppers
// differ from the chart: online, one fixed-size record for each of them,
// forgetting with time. Safe for use by many goroutines.
//
// Each product's and shopper's offset is a Gaussian, updated from every answer by
// moment matching under an ordinal model: the piece is too small when the gap less
// the offset falls below a threshold. A share of answers is taken to be wrong, so
// single absurd ones move little. Offsets and shrunk return rates go into a
// three-class logistic regression that is trained online with them.
type Learner struct {
	mu       sync.RWMutex
	half     float64 // years
	wrong    float64
	least    int
	products map[string]*history
	brands   map[string]*history
	shoppers map[uint64]*history
	all      history
	curve    curve
	readout  readout // where something is known of product or shopper
	cold     readout
}

// A history is what is known of one product, brand or shopper: 40 bytes.
type history struct {
	small, kept, large float32 // decayed counts
	precision, pull    float32 // of the offset, what the answers add to the prior: 1/variance, mean/variance
	gaps, gapN         float32 // decayed sum of kept gaps, and how many
	days               int32   // since 1970, of the last answer
	seen               uint64  // of shoppers, a bit for the hash of each
}

const (
	offsetPrior   = 0.36 // variance of a product's offset, in sizes²
	shopperPrior  = 0.25
	brandPrior    = 0.09
	gapNoise      = 0.8 // of what a body's true size leaves, in sizes
	fitThreshold  = 1.0 // sizes from where a piece is felt too small or too large
	defaultWrong  = 0.1
	defaultLeast  = 20
	shrinkProduct = 8.0
	shrinkShopper = 4.0
	farGap        = 3.0 // sizes from a shopper's own: it was for somebody else
)

// NewLearner returns a Learner that knows nothing.
func NewLearner(o *LearnerOptions) *Learner {
	l := &Learner{half: 1, wrong: defaultWrong, least: defaultLeast}
	if o != nil {
		if o.HalfLife > 0 {
			l.half = o.HalfLife.Hours() / (24 * 365.25)
		}
		if o.Wrong > 0 && o.Wrong < 0.9 {
			l.wrong = o.Wrong
		}
		if o.Least > 0 {
			l.least = o.Least
		}
	}
	l.clear()
	return l
}

func (l *Learner) clear() {
	l.products, l.brands, l.shoppers = map[string]*history{}, map[string]*history{}, map[uint64]*history{}
	l.all, l.curve = history{}, curve{}
	l.readout.reset()
	l.cold.reset()
}

// ErrSale means a sale that nothing can be learnt from: no product, or numbers
// that are not finite, or an outcome there is not.
var ErrSale = errors.New("sizing: sale: no product, or numbers that are none")

func (s *Sale) valid() bool {
	return s.Product != "" && len(s.Product) <= 256 && len(s.Brand) <= 256 && s.Outcome >= TooSmall && s.Outcome <= TooLarge &&
		!math.IsNaN(s.Gap+s.Size) && !math.IsInf(s.Gap+s.Size, 0)
}

// gap is the sale's gap in sizes, and whether there is one.
func (l *Learner) gap(s *Sale) (gap float64, x *[curveSize]float64, ok bool) {
	if s.HasGap {
		return clamp(s.Gap, -8, 8), nil, true
	}
	if s.Size == 0 || s.Body == nil {
		return 0, nil, false
	}
	x, ok = curvePoint(s.Body)
	if !ok {
		return 0, nil, false
	}
	g, ok := l.curve.gap(x, s.Size)
	return g, x, ok
}

// decay forgets what time has passed over.
func (r *history) decay(at time.Time, half float64) {
	if at.IsZero() {
		return
	}
	days := int32(clamp(float64(at.Unix())/86400, math.MinInt32/2, math.MaxInt32/2))
	if r.days != 0 && days > r.days {
		k := float32(math.Exp2(-float64(days-r.days) / (365.25 * half)))
		r.small, r.kept, r.large, r.precision, r.pull, r.gaps, r.gapN = r.small*k, r.kept*k, r.large*k, r.precision*k, r.pull*k, r.gaps*k, r.gapN*k
	}
	r.days = max(r.days, days)
}

// offset is the posterior of an offset under a prior of mean 0.
func (r *history) offset(prior float64) (mean, variance float64) {
	if r == nil {
		return 0, prior
	}
	v := 1 / (1/prior + float64(r.precision))
	return v * float64(r.pull), v
}

// n is the decayed number of answers.
func (r *history) n() float64 { return float64(r.small + r.kept + r.large) }

// rates are the shares of too small and too large, shrunk towards those of all.
func (r *history) rates(all *history, k float64) (small, large float64) {
	n := all.n() + 20
	baseSmall, baseLarge := (float64(all.small)+2)/n, (float64(all.large)+2)/n
	if r == nil {
		return baseSmall, baseLarge
	}
	m := r.n() + k
	return (float64(r.small) + k*baseSmall) / m, (float64(r.large) + k*baseLarge) / m
}

// ordinal is what one answer says of an offset with mean m and variance v where the
// gap is g: the first and second derivative of the log likelihood by the mean.
func (l *Learner) ordinal(o Outcome, g, m, v float64) (d1, d2 float64) {
	s := math.Sqrt(v + gapNoise*gapNoise)
	x := g - m
	lo, hi := (-fitThreshold-x)/s, (fitThreshold-x)/s // kept between them
	var p, dp, ddp float64                            // and derivatives by m: x falls as m grows
	pdf := func(z float64) float64 { return math.Exp(-z*z/2) / (math.Sqrt2 * math.SqrtPi) }
	switch o {
	case TooSmall: // x + noise < -threshold
		p, dp, ddp = normalCDF(lo), pdf(lo)/s, -lo*pdf(lo)/(s*s)
	case TooLarge:
		p, dp, ddp = normalCDF(-hi), -pdf(hi)/s, hi*pdf(hi)/(s*s)
	default:
		p, dp, ddp = normalCDF(hi)-normalCDF(lo), (pdf(hi)-pdf(lo))/s, (-hi*pdf(hi)+lo*pdf(lo))/(s*s)
	}
	p = (1-l.wrong)*p + l.wrong/3
	dp, ddp = (1-l.wrong)*dp, (1-l.wrong)*ddp
	return dp / p, ddp/p - (dp/p)*(dp/p)
}

// tell moves the offset of r by one answer, d1 and d2 of ordinal.
func (r *history) tell(prior, d1, d2 float64) {
	m, v := r.offset(prior)
	mean := m + v*d1
	variance := clamp(v+v*v*d2, 0.2*v, v)
	r.precision = float32(1/variance - 1/prior)
	r.pull = float32(mean / variance)
}

func (r *history) count(o Outcome, gap float64, known bool, shopper uint64) {
	switch o {
	case TooSmall:
		r.small++
	case TooLarge:
		r.large++
	default:
		r.kept++
		if known {
			r.gaps += float32(gap)
			r.gapN++
		}
	}
	if shopper != 0 {
		r.seen |= 1 << (shopper * 0x9e3779b97f4a7c15 >> 58)
	}
}

// keptGap is the shrunk mean gap of what was kept.
func (r *history) keptGap(k float64) float64 {
	if r == nil {
		return 0
	}
	return float64(r.gaps) / (float64(r.gapN) + k)
}

// Predict returns the odds of a sale, before its outcome is known. Errors: ErrSale.
func (l *Learner) Predict(s *Sale) (Odds, error) {
	if !s.valid() {
		return Odds{}, ErrSale
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	gap, _, known := l.gap(s)
	p, b, u := l.products[s.Product], l.brands[s.Brand], l.shoppers[s.Shopper]
	r := &l.readout
	if p == nil && u == nil {
		r = &l.cold
	}
	q := r.odds(l.features(p, b, u, gap, known))
	return Odds{q[0], q[1], q[2]}, nil
}

// Learn learns from the outcome of a sale. Errors: ErrSale.
func (l *Learner) Learn(s *Sale) error {
	if !s.valid() {
		return ErrSale
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	gap, x, known := l.gap(s)
	p := entry(l.products, s.Product)
	list := []*history{p, &l.all}
	var b, u *history
	if s.Brand != "" {
		b = entry(l.brands, s.Brand)
		list = append(list, b)
	}
	if s.Shopper != 0 {
		u = entry(l.shoppers, s.Shopper)
		list = append(list, u)
	}
	for _, r := range list {
		r.decay(s.At, l.half)
	}
	l.readout.learn(l.features(p, b, u, gap, known), int(s.Outcome)+1)
	l.cold.learn(l.features(nil, b, nil, gap, known), int(s.Outcome)+1)
	pm, pv := p.offset(offsetPrior)
	bm, bv := b.offset(brandPrior)
	um, uv := u.offset(shopperPrior)
	if known && math.Abs(gap-um-u.keptGap(shrinkShopper)) < farGap {
		d1, d2 := l.ordinal(s.Outcome, gap, pm+bm+um, pv+bv+uv)
		p.tell(offsetPrior, d1, d2)
		if b != nil {
			b.tell(brandPrior, d1, d2)
		}
		if u != nil {
			u.tell(shopperPrior, d1, d2)
		}
	}
	for _, r := range list {
		r.count(s.Outcome, gap, known, s.Shopper)
	}
	if s.Outcome == Kept && s.Size != 0 && s.Body != nil {
		if x == nil {
			x, _ = curvePoint(s.Body)
		}
		l.curve.learn(x, s.Size)
	}
	return nil
}

func entry[K comparable](m map[K]*history, k K) *history {
	r := m[k]
	if r == nil {
		r = new(history)
		m[k] = r
	}
	return r
}

// features are what the readout sees of a sale.
func (l *Learner) features(p, b, u *history, gap float64, known bool) *[readoutSize]float64 {
	pm, _ := p.offset(offsetPrior)
	bm, _ := b.offset(brandPrior)
	um, _ := u.offset(shopperPrior)
	pg, ug := p.keptGap(shrinkProduct), u.keptGap(shrinkShopper-1)
	smallAll, largeAll := (*history)(nil).rates(&l.all, 0)
	ps, pl := p.rates(&l.all, shrinkProduct)
	bs, bl := b.rates(&l.all, 4*shrinkProduct)
	us, ul := u.rates(&l.all, 2*shrinkShopper)
	logit := func(p, base float64) float64 { return math.Log(p / (1 - p) * (1 - base) / base) }
	var x float64
	if known {
		x = gap - pg - ug
	}
	f := &[readoutSize]float64{
		1, x, math.Abs(x), min(x*x, 16), gap,
		logit(ps, smallAll), logit(pl, largeAll), logit(us, smallAll), logit(ul, largeAll), logit(bs, smallAll), logit(bl, largeAll),
		pm, um, bm, pg, ug,
	}
	return f
}
