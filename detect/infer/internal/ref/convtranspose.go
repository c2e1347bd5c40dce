package ref

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// transposed is a prepared ConvTranspose: each input element adds its weighted
// kernel to the output.
type transposed struct {
	n, c, m, groups int
	axis            [3]axis // in and out are those of the node, before counts what is cut off
}

// buildConvTranspose is Operators.md#ConvTranspose: X (N, C, ...), W (C,
// M/group, ...) and optionally B (M).
func buildConvTranspose(n *ir.Node) error {
	if err := n.Arity(2, 3, 1); err != nil {
		return err
	}
	if err := n.Float(0, 1, 2); err != nil {
		return err
	}
	x, w, groups := n.In[0].Shape, n.In[1].Shape, n.Int("group", 1)
	spatial := len(x) - 2
	if spatial < 1 || spatial > 3 || len(w) != len(x) || slices.Contains(x, 0) || slices.Contains(w, 0) {
		return ir.Invalidf("input of shape %v, weights of shape %v", x, w)
	}
	if groups < 1 || groups > w[0] || x[1] != w[0] || w[0]%groups != 0 || w[1] > n.MaxLen/groups {
		return ir.Invalidf("input of shape %v, weights of shape %v, %d groups", x, w, groups)
	}
	t := &transposed{n: x[0], c: x[1], m: w[1] * groups, groups: groups}
	if b := n.Input(2); b != nil && !slices.Equal(b.Shape, []int{t.m}) {
		return ir.Invalidf("bias of shape %v for %d channels", b.Shape, t.m)
	}
	if err := t.readAxes(n, x[2:], w[2:]); err != nil {
		return err
	}
	if err := n.Done(); err != nil {
		return err
	}
	shape := []int{t.n, t.m}
	for _, a := range t.axis[3-spatial:] {
		shape = append(shape, a.out)
	}
	n.Heavy, n.Run = true, t.run
	return n.Result(0, ir.Float32, shape)
}

// readAxes finds the output's size and what is cut off before it.
func (t *transposed) readAxes(n *ir.Node, in, kernel []int) error {
	spatial := len(in)
	l := windowList{
		kernel:    kernel,
		strides:   orDefault(n.Ints("strides"), []int{1, 1, 1}[:spatial]),
		dilations: orDefault(n.Ints("dilations"), []int{1, 1, 1}[:spatial]),
		pads:      orDefault(n.Ints("pads"), make([]int, 2*spatial)),
		auto:      n.Word("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"),
	}
	if given := n.Ints("kernel_shape"); given != nil && !slices.Equal(given, kernel) {
		return ir.Invalidf("kernel_shape %v, weights of %v", given, kernel)
	}
	if err := l.check(spatial); err != nil {
		return err
	}
	more, want := orDefault(n.Ints("output_padding"), make([]int, spatial)), n.Ints("output_shape")
	if len(want) == spatial+2 {
		want = want[2:]
	}
	if len(more) != spatial || slices.Min(more) < 0 || slices.Max(more) > maxPad || want != nil && len(want) != spatial {
		return ir.Invalidf("output_padding %v, output_shape %v for %d spatial dimensions", more, want, spatial)
	}
	for i := range t.axis {
		t.axis[i] = axis{in: 1, out: 1, k: 1, stride: 1, dilation: 1}
	}
	for i := range spatial {
		a := &t.axis[3-spatial+i]
		*a = axis{in: in[i], k: l.kernel[i], stride: l.strides[i], dilation: l.dilations[i], before: l.pads[i], after: l.pads[spatial+i]}
		if a.in > n.MaxLen/a.stride {
			return ir.TooLargef("%d elements at a stride of %d", a.in, a.stride)
		}
		full := a.stride*(a.in-1) + more[i] + a.reach()
		switch {
		case want != nil:
			a.out = want[i]
		case l.auto == "SAME_UPPER" || l.auto == "SAME_LOWER":
			a.out = a.in * a.stride
		case l.auto == "VALID":
			a.before, a.after = 0, 0
			fallthrough
		default:
			a.out = full - a.before - a.after
		}
		if a.out < 1 || a.out > n.MaxLen {
			return ir.Invalidf("output of %d elements along spatial axis %d", a.out, i)
		}
		if want != nil || l.auto == "SAME_UPPER" || l.auto == "SAME_LOWER" {
			total := max(0, full-a.out)
			if a.before = total - total/2; l.auto == "SAME_UPPER" {
				a.before = total / 2
			}
		}
	}
	return nil
}

func (t *transposed) run(k *ir.Call) {
	x, w, y := ir.Of[float32](k.In[0]), ir.Of[float32](k.In[1]), ir.Of[float32](k.Out[0])
	in, out, taps := 1, 1, 1
	for _, a := range t.axis {
		in, out, taps = in*a.in, out*a.out, taps*a.k
	}
	depth, wide := t.c/t.groups, t.m/t.groups
	spread(k.Threads, t.n*t.m, 1+1<<14/(in*taps), func(lo, hi int) {
		for u := lo; u < hi; u++ {
			i, m := u/t.m, u%t.m
			plane := y[u*out:][:out]
			clear(plane)
			if len(k.In) > 2 && k.In[2] != nil {
				fill(plane, ir.Of[float32](k.In[2])[m])
			}
			for ch := m / wide * depth; ch < (m/wide+1)*depth; ch++ {
				t.add(plane, x[(i*t.c+ch)*in:][:in], w[(ch*wide+m%wide)*taps:][:taps])
			}
		}
	})
}

// add spreads one plane of the input over one of the output.
func (t *transposed) add(y, x, w []float32) {
	d, h, c := &t.axis[0], &t.axis[1], &t.axis[2]
	for kz := range d.k {
		for ky := range h.k {
			for kx := range c.k {
				v := w[(kz*h.k+ky)*c.k+kx]
				first, end := c.reached(kx)
				for iz := range d.in {
					for iy := range h.in {
						oz, oy := d.lands(iz, kz), h.lands(iy, ky)
						if oz < 0 || oz >= d.out || oy < 0 || oy >= h.out {
							continue
						}
						row, to := x[(iz*h.in+iy)*c.in:][:c.in], y[(oz*h.out+oy)*c.out:][:c.out]
						for ix := first; ix < end; ix++ {
							to[c.lands(ix, kx)] += v * row[ix]
						}
					}
				}
			}
		}
	}
}

// lands is where input i goes by tap k; it may be outside.
func (a *axis) lands(i, k int) int { return i*a.stride + k*a.dilation - a.before }

// reached are the inputs that tap k takes to the output.
func (a *axis) reached(k int) (first, end int) {
	for end = a.in; end > 0 && a.lands(end-1, k) >= a.out; {
		end--
	}
	for first < end && a.lands(first, k) < 0 {
		first++
	}
	return first, end
}
