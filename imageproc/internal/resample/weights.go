package resample

import (
	"cmp"
	"math"
	"slices"
)

// Filter says how samples are weighed.
type Filter uint8

// The filters.
const (
	Lanczos  Filter = iota // three lobes
	Triangle               // linear
	// Halved is Lanczos to twice the size and the mean of two samples then: chroma
	// of 4:2:0 as it comes of a picture that was made smaller as a whole.
	Halved
)

// MaxTaps is how many samples a filter may weigh. With more, weights of whole
// 128ths would be too coarse.
const MaxTaps = 64

// unit is what the weights of a sample add up to.
const unit = 128

// weights are those of one direction.
type weights struct {
	key   weightKey
	taps  int     // at most, of any sample
	first []int32 // by sample: the first source sample that it weighs
	count []int32
	w     []int16 // taps a sample

	exact []float64 // of one sample
	order []int
}

type weightKey struct {
	src, dst int
	scale    float64
	filter   Filter
	sharpen  float64
}

// weight is that of a source sample at distance d from the middle of one that
// stands for scale of them.
func (f Filter) weight(d, scale float64) float64 {
	switch f {
	case Triangle:
		return max(0, 1-math.Abs(d/max(scale, 1)))
	case Halved:
		wide := max(scale/2, 1)
		return sinc3((d-scale/4)/wide) + sinc3((d+scale/4)/wide)
	}
	return sinc3(d / max(scale, 1))
}

// sinc3 is the Lanczos kernel.
func sinc3(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1e-9:
		return 1
	case x < 3:
		return 3 * math.Sin(math.Pi*x) * math.Sin(math.Pi*x/3) / (math.Pi * math.Pi * x * x)
	}
	return 0
}

// reach is how far away samples have a weight.
func (f Filter) reach(scale float64) float64 {
	switch f {
	case Triangle:
		return max(scale, 1)
	case Halved:
		return 3*max(scale/2, 1) + scale/4
	}
	return 3 * max(scale, 1)
}

// Taps is how many samples filter f weighs when it makes one of scale.
func Taps(f Filter, scale float64) int { return int(2*math.Ceil(f.reach(scale))) + 1 }

// set makes the weights for dst samples, each of which stands for scale of the
// src samples. The last call's are kept if they are the same.
func (t *weights) set(k weightKey) {
	if t.key == k {
		return
	}
	t.key = k
	reach := k.filter.reach(k.scale)
	t.taps = min(Taps(k.filter, k.scale), k.src)
	t.first, t.count = sized(t.first, k.dst), sized(t.count, k.dst)
	t.w = sized(t.w, k.dst*t.taps)
	t.exact, t.order = sized(t.exact, t.taps), sized(t.order, t.taps)
	exact := t.exact
	for i := range k.dst {
		centre := (float64(i)+0.5)*k.scale - 0.5
		first := max(0, min(int(math.Ceil(centre-reach)), k.src-t.taps))
		for j := range exact {
			d := float64(first+j) - centre
			exact[j] = k.filter.weight(d, k.scale)
			if k.sharpen != 0 { // what that would add beyond reach is next to nothing
				around := k.filter.weight(d-1, k.scale) + k.filter.weight(d+1, k.scale)
				exact[j] += k.sharpen * (2*exact[j] - around)
			}
		}
		row := t.w[i*t.taps : (i+1)*t.taps]
		quantise(row, exact, t.order)
		// Zeros at the ends cost time and change nothing.
		from, to := 0, len(row)
		for to > 1 && row[to-1] == 0 {
			to--
		}
		for from < to-1 && row[from] == 0 {
			from++
		}
		copy(row, row[from:to])
		t.first[i], t.count[i] = int32(first+from), int32(to-from)
	}
}

// quantise makes whole numbers of weights that add up to unit: each is rounded
// down, and what is missing goes to those that lost most. exact and order, as long
// as dst, are used up.
func quantise(dst []int16, exact []float64, order []int) {
	sum := 0.0
	for _, v := range exact {
		sum += v
	}
	if sum < 1e-6 { // nothing in reach: the nearest
		clear(dst)
		dst[len(dst)/2] = unit
		return
	}
	left := unit
	for i, v := range exact {
		exact[i] = v * unit / sum
		dst[i] = int16(math.Floor(exact[i]))
		left -= int(dst[i])
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(exact[b]-float64(dst[b]), exact[a]-float64(dst[a]))
	})
	for _, i := range order[:left] {
		dst[i]++
	}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
