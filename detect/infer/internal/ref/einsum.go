package ref

import (
	"slices"
	"strings"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// buildEinsum is Operators.md#Einsum: sums of products over the labels that the
// output does not have. An ellipsis stands for dimensions that broadcast.
func buildEinsum(n *ir.Node) error {
	if err := n.Arity(1, -1, 1); err != nil {
		return err
	}
	for i, v := range n.In {
		if v == nil {
			return ir.Invalidf("input %d is absent", i)
		}
		if err := n.Float(i); err != nil {
			return err
		}
	}
	text := strings.ReplaceAll(n.Text("equation"), " ", "")
	if err := n.Done(); err != nil {
		return err
	}
	left, right, explicit := strings.Cut(text, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(n.In) {
		return ir.Invalidf("equation %q for %d inputs", text, len(n.In))
	}
	// The dimensions an ellipsis stands for get labels below 'A', the last '@'.
	wide := 0
	for i, t := range terms {
		if strings.Contains(t, "...") {
			wide = max(wide, len(n.In[i].Shape)-len(t)+3)
		}
	}
	if wide > ir.MaxRank {
		return ir.Invalidf("equation %q", text)
	}
	dots := func(term string, count int) string {
		var labels []byte
		for i := range max(count, 0) {
			labels = append(labels, byte('@'-count+1+i))
		}
		return strings.Replace(term, "...", string(labels), 1)
	}
	sizes := map[byte]int{}
	for i, t := range terms {
		terms[i] = dots(t, len(n.In[i].Shape)-len(t)+3)
		if err := measure(sizes, terms[i], n.In[i].Shape, text); err != nil {
			return err
		}
	}
	if right = dots(right, wide); !explicit {
		right = implied(strings.Join(terms, ""))
	}
	return sumProducts(n, terms, right, sizes, text)
}

// measure notes the size of each label of a term.
func measure(sizes map[byte]int, term string, shape []int, text string) error {
	if len(term) != len(shape) {
		return ir.Invalidf("equation %q, input of shape %v", text, shape)
	}
	for k := range len(term) {
		l := term[k]
		known, ok := sizes[l]
		switch {
		case l > '@' && (l < 'A' || l > 'Z') && (l < 'a' || l > 'z') || l <= '@'-ir.MaxRank:
			return ir.Invalidf("equation %q", text)
		case !ok || known == 1:
			sizes[l] = shape[k]
		case shape[k] != known && shape[k] != 1:
			return ir.Invalidf("equation %q: %d and %d for one label", text, known, shape[k])
		}
	}
	return nil
}

// implied is the output where the equation gives none: the ellipsis, and in
// order of the alphabet the labels that occur once.
func implied(all string) string {
	var out []byte
	for k := range len(all) {
		if l := all[k]; l <= '@' && !slices.Contains(out, l) || l > '@' && strings.Count(all, string(l)) == 1 {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return string(out)
}

func sumProducts(n *ir.Node, terms []string, right string, sizes map[byte]int, text string) error {
	labels, shape := []byte(right), make([]int, 0, len(right))
	for k := range len(right) {
		size, ok := sizes[right[k]]
		if !ok || strings.Count(right, right[k:k+1]) > 1 {
			return ir.Invalidf("equation %q", text)
		}
		shape = append(shape, size)
	}
	if err := n.Result(0, ir.Float32, shape); err != nil {
		return err
	}
	all := slices.Clone(shape)
	for _, l := range []byte(strings.Join(terms, "")) {
		if !slices.Contains(labels, l) {
			labels, all = append(labels, l), append(all, sizes[l])
		}
	}
	if len(all) > ir.MaxRank {
		return ir.Unsupportedf("%d labels, at most %d", len(all), ir.MaxRank)
	}
	if _, ok := ir.Count(all); !ok {
		return ir.TooLargef("%d labels of sizes %v", len(all), all)
	}
	strides := make([][]int, len(terms))
	for i, t := range terms {
		strides[i] = make([]int, len(all))
		for k, s := range ir.Strides(n.In[i].Shape) {
			if n.In[i].Shape[k] > 1 {
				strides[i][slices.Index(labels, t[k])] += s // a label twice reads the diagonal
			}
		}
	}
	outer := len(right)
	n.Heavy = true
	n.Run = func(c *ir.Call) {
		y, in := ir.Of[float32](c.Out[0]), make([][]float32, len(c.In))
		inner := make([][]int, len(c.In))
		for i, a := range c.In {
			in[i], inner[i] = ir.Of[float32](a), strides[i][outer:]
		}
		base := make([]int, len(in))
		for r := range y {
			for i := range base {
				base[i] = locate(r, shape, strides[i][:outer])
			}
			sum := 0.0
			lines(all[outer:], inner, func(_ int, from []int, count int, step []int) {
				for k := range count {
					p := 1.0
					for i, x := range in {
						p *= float64(x[base[i]+from[i]+k*step[i]])
					}
					sum += p
				}
			})
			y[r] = float32(sum)
		}
	}
	return nil
}
