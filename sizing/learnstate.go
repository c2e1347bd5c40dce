package sizing

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/bits"
	"strconv"
	"time"
)

// A Statistic is what a Learner has found of a product or brand.
type Statistic struct {
	// Offset is in sizes: 1 means it runs one size small, so that a larger size is needed.
	Offset, SD         float64
	TooSmall, TooLarge float64 // shares of the answers, too small and too large
	Answers            float64 // with time's decay
}

// Shift is what Recommend should know of a product for a shopper: the mean and
// standard deviation, in sizes, to put into Options. It is for use, not for
// show: it does not wait for Least shoppers. Shopper may be 0 and Brand "".
func (l *Learner) Shift(s *Sale) (sizes, sd float64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var v float64
	p, b, u := l.products[s.Product], l.brands[s.Brand], l.shoppers[s.Shopper]
	for _, q := range []struct {
		h     *history
		prior float64
	}{{p, offsetPrior}, {b, brandPrior}, {u, shopperPrior}} {
		if q.h != nil {
			m, variance := q.h.offset(q.prior)
			sizes += m
			v += variance
		}
	}
	return sizes, math.Sqrt(v)
}

// Product returns what was found of a product, and false until at least
// LearnerOptions.Least different shoppers have certainly answered, which takes a
// fifth more of them or so, and for 50 twice as many: a statistic of fewer is about
// persons. Sales without a shopper do not count towards it.
func (l *Learner) Product(id string) (Statistic, bool) {
	return l.statistic(l.products, id, offsetPrior)
}

// Brand is Product for a brand.
func (l *Learner) Brand(id string) (Statistic, bool) { return l.statistic(l.brands, id, brandPrior) }

func (l *Learner) statistic(m map[string]*history, id string, prior float64) (Statistic, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	h := m[id]
	if h == nil || h.distinct() < l.least {
		return Statistic{}, false
	}
	mean, v := h.offset(prior)
	n := h.n()
	return Statistic{mean, math.Sqrt(v), float64(h.small) / n, float64(h.large) / n, n}, true
}

// distinct is how many different shoppers answered at least: each bit took one of its own. An estimate of how many
// it were would be too high for some.
func (r *history) distinct() int { return bits.OnesCount64(r.seen) }

// Forget erases what is known of a shopper. What the shopper's answers did to
// products stays: it can't be told apart.
func (l *Learner) Forget(shopper uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.shoppers, shopper)
}

// Merge adds what o has learnt to l, where both learnt from different sales: the
// instances of a shop each learn, and one of them adds the others up. o does not change.
func (l *Learner) Merge(o *Learner) {
	if l == o {
		return
	}
	c := o.snapshot()
	l.mu.Lock()
	defer l.mu.Unlock()
	n, m := l.all.n(), c.all.n()
	l.readout.merge(&c.readout, n, m)
	l.cold.merge(&c.cold, n, m)
	l.all.merge(&c.all, l.half)
	mergeAll(l.products, c.products, l.half)
	mergeAll(l.brands, c.brands, l.half)
	mergeAll(l.shoppers, c.shoppers, l.half)
	l.curve.merge(&c.curve)
}

func mergeAll[K comparable](dst, src map[K]*history, half float64) {
	for k, h := range src {
		entry(dst, k).merge(h, half)
	}
}

// snapshot is a copy that shares nothing with l.
func (l *Learner) snapshot() *Learner {
	l.mu.RLock()
	defer l.mu.RUnlock()
	c := &Learner{half: l.half, wrong: l.wrong, least: l.least, all: l.all, curve: l.curve, readout: l.readout, cold: l.cold}
	c.products, c.brands, c.shoppers = copied(l.products), copied(l.brands), copied(l.shoppers)
	return c
}

func copied[K comparable](m map[K]*history) map[K]*history {
	out := make(map[K]*history, len(m))
	for k, h := range m {
		c := *h
		out[k] = &c
	}
	return out
}

// merge adds evidence: natural parameters and counts add up.
func (r *history) merge(o *history, half float64) {
	c := *o
	days := max(r.days, c.days)
	if days != 0 {
		at := time.Unix(int64(days)*86400, 0)
		r.decay(at, half)
		c.decay(at, half)
	}
	r.small, r.kept, r.large = r.small+c.small, r.kept+c.kept, r.large+c.large
	r.precision, r.pull = r.precision+c.precision, r.pull+c.pull
	r.gaps, r.gapN = r.gaps+c.gaps, r.gapN+c.gapN
	r.seen |= c.seen
}

// merge averages weights by the answers behind them.
func (r *readout) merge(o *readout, n, m float64) {
	if n+m == 0 {
		return
	}
	for k := range r.w {
		for i := range r.w[k] {
			r.w[k][i] = (n*r.w[k][i] + m*o.w[k][i]) / (n + m)
			r.g[k][i] += o.g[k][i]
		}
	}
}

func (c *curve) merge(o *curve) {
	for i := range c.a {
		for j := range c.a {
			c.a[i][j] += o.a[i][j]
		}
		c.b[i] += o.b[i]
	}
	c.n += o.n
	c.sq += o.sq
	c.judged += o.judged
	if c.n >= curveLeast {
		c.solve()
	}
}

// jsonLearner is a learner in JSON: numbers that only programs read are base64 of
// their little-endian bytes.
type jsonLearner struct {
	Version  int               `json:"fitveil_learner"`
	HalfLife float64           `json:"half_life_days"`
	Wrong    float64           `json:"wrong"`
	Least    int               `json:"least_shoppers"`
	All      string            `json:"all"`
	Products map[string]string `json:"products"`
	Brands   map[string]string `json:"brands"`
	Shoppers map[string]string `json:"shoppers"` // by pseudonym
	Curve    string            `json:"curve"`
	Readout  string            `json:"readout"`
	Cold     string            `json:"cold"`
}

const learnerVersion = 1

// ErrLearner means JSON that is no learner of a version this package reads.
var ErrLearner = errors.New("sizing: learner: not a learner this version reads")

// SaveJSON writes all that l knows, shoppers' pseudonyms and offsets included: keep the
// file as you keep orders. MarshalJSON does not, so that a learner in a log says nothing.
func (l *Learner) SaveJSON(w io.Writer) error {
	c := l.snapshot()
	j := jsonLearner{
		Version: learnerVersion, HalfLife: c.half * 365.25, Wrong: c.wrong, Least: c.least, All: pack(&c.all),
		Products: map[string]string{}, Brands: map[string]string{}, Shoppers: map[string]string{},
		Curve: pack(&c.curve), Readout: pack(&c.readout), Cold: pack(&c.cold),
	}
	for k, h := range c.products {
		j.Products[k] = pack(h)
	}
	for k, h := range c.brands {
		j.Brands[k] = pack(h)
	}
	for k, h := range c.shoppers {
		j.Shoppers[strconv.FormatUint(k, 16)] = pack(h)
	}
	if err := json.NewEncoder(w).Encode(j); err != nil {
		return fmt.Errorf("sizing: learner: %w", err)
	}
	return nil
}

// LoadLearner reads what SaveJSON wrote. Errors: ErrLearner, or the reader's own.
func LoadLearner(r io.Reader) (*Learner, error) {
	var j jsonLearner
	if err := json.NewDecoder(r).Decode(&j); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		if errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, ErrLearner
		}
		return nil, fmt.Errorf("sizing: learner: %w", err)
	}
	if j.Version != learnerVersion || !(j.HalfLife > 0) || !(j.Wrong > 0 && j.Wrong < 0.9) || j.Least < 1 {
		return nil, ErrLearner
	}
	l := NewLearner(&LearnerOptions{Wrong: j.Wrong, Least: j.Least})
	l.half = j.HalfLife / 365.25
	ok := unpack(j.All, &l.all) && unpack(j.Curve, &l.curve) && unpack(j.Readout, &l.readout) && unpack(j.Cold, &l.cold)
	ok = ok && unpackAll(j.Products, l.products, func(k string) (string, error) { return k, nil })
	ok = ok && unpackAll(j.Brands, l.brands, func(k string) (string, error) { return k, nil })
	ok = ok && unpackAll(j.Shoppers, l.shoppers, func(k string) (uint64, error) { return strconv.ParseUint(k, 16, 64) })
	if !ok {
		return nil, ErrLearner
	}
	return l, nil
}

// A packer is something that is saved as numbers.
type packer interface {
	numbers() []float64
	setNumbers([]float64) bool // of as many numbers, all finite; false where they are impossible
}

// pack is the base64 of the numbers' little-endian bytes.
func pack(p packer) string {
	var b []byte
	for _, v := range p.numbers() {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// unpack is its inverse; it refuses another size, and numbers that are none.
func unpack(s string, p packer) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	n := len(p.numbers())
	if err != nil || len(b) != 8*n {
		return false
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		if math.IsNaN(v[i]) || math.Abs(v[i]) > 1e15 {
			return false
		}
	}
	return p.setNumbers(v)
}

func (r *history) numbers() []float64 {
	return []float64{
		float64(r.small), float64(r.kept), float64(r.large), float64(r.precision), float64(r.pull), float64(r.gaps), float64(r.gapN),
		float64(r.days), float64(uint32(r.seen)), float64(r.seen >> 32),
	}
}

func (r *history) setNumbers(v []float64) bool {
	*r = history{
		small: float32(v[0]), kept: float32(v[1]), large: float32(v[2]), precision: float32(v[3]), pull: float32(v[4]), gaps: float32(v[5]), gapN: float32(v[6]),
		days: int32(clamp(v[7], math.MinInt32, math.MaxInt32)), seen: uint64(clamp(v[8], 0, math.MaxUint32)) | uint64(clamp(v[9], 0, math.MaxUint32))<<32,
	}
	return min(v[0], v[1], v[2], v[6]) >= 0 && v[3] > -2
}

func unpackAll[K comparable](in map[string]string, out map[K]*history, key func(string) (K, error)) bool {
	for k, s := range in {
		h := new(history)
		id, err := key(k)
		if err != nil || !unpack(s, h) {
			return false
		}
		out[id] = h
	}
	return true
}

// Format implements fmt.Formatter for every verb.
func (l *Learner) Format(f fmt.State, _ rune) { redact(f, "Learner") }

// LogValue implements slog.LogValuer.
func (l *Learner) LogValue() slog.Value { return slog.StringValue("sizing.Learner{redacted}") }

// MarshalJSON implements json.Marshaler. SaveJSON writes the learner.
func (l *Learner) MarshalJSON() ([]byte, error) { return []byte(`"sizing.Learner{redacted}"`), nil }

// Format implements fmt.Formatter for every verb.
func (Sale) Format(f fmt.State, _ rune) { redact(f, "Sale") }

// LogValue implements slog.LogValuer.
func (Sale) LogValue() slog.Value { return slog.StringValue("sizing.Sale{redacted}") }

// MarshalJSON implements json.Marshaler.
func (Sale) MarshalJSON() ([]byte, error) { return []byte(`"sizing.Sale{redacted}"`), nil }
