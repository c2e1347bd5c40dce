package ref

import (
	"fmt"
	"strings"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// vectorizer is a prepared TfIdfVectorizer.
type vectorizer struct {
	shortest, longest, skips int
	places                   map[string]int // of the n-grams of the pool
	idf, frequency           bool
	weights                  []float32
	at                       []int // output of each n-gram
	size                     int
}

// buildTfIdfVectorizer is Operators.md#TfIdfVectorizer of integers: counts of
// n-grams of a pool in each row, or weights for those that occur.
func buildTfIdfVectorizer(n *ir.Node) error {
	if err := n.Arity(1, 1, 1); err != nil {
		return err
	}
	mode := n.Word("mode", "TF", "IDF", "TFIDF")
	v := &vectorizer{
		shortest: n.Int("min_gram_length", 1), longest: n.Int("max_gram_length", 1), skips: n.Int("max_skip_count", 0),
		idf: mode != "TF", frequency: mode != "IDF", weights: n.Numbers("weights"), at: n.Ints("ngram_indexes"),
	}
	counts, pool := n.Ints("ngram_counts"), n.Ints("pool_int64s")
	if n.Has("pool_strings") {
		return ir.Unsupportedf("n-grams of strings")
	}
	if err := n.Done(); err != nil {
		return err
	}
	x := n.In[0]
	if x.Type != ir.Int64 && x.Type != ir.Int32 || len(x.Shape) < 1 || len(x.Shape) > 2 {
		return ir.Unsupportedf("input %v %v", x.Type, x.Shape)
	}
	if v.shortest < 1 || v.longest < v.shortest || v.longest > 1<<10 || v.skips < 0 || v.skips > 1<<10 || v.weights != nil && len(v.weights) != len(v.at) {
		return ir.Invalidf("n-grams of %d to %d with %d skips, %d weights for %d n-grams", v.shortest, v.longest, v.skips, len(v.weights), len(v.at))
	}
	if err := v.readPool(n, counts, pool); err != nil {
		return err
	}
	for _, at := range v.at {
		if at < 0 || at >= n.MaxLen {
			return ir.Invalidf("n-gram at output %d", at)
		}
		v.size = max(v.size, at+1)
	}
	length := x.Shape[len(x.Shape)-1]
	n.Heavy = true
	n.Run = func(c *ir.Call) {
		y, list := ir.Of[float32](c.Out[0]), scalarsOf(c.In[0])
		clear(y)
		for row := range len(y) / max(v.size, 1) {
			v.count(y[row*v.size:][:v.size], func(i int) int64 { return list.whole(row*length + i) }, length)
		}
	}
	shape := []int{v.size}
	if len(x.Shape) == 2 {
		shape = []int{x.Shape[0], v.size}
	}
	return n.Result(0, ir.Float32, shape)
}

// readPool reads the n-grams: those of length k+1 begin at counts[k].
func (v *vectorizer) readPool(n *ir.Node, counts, pool []int) error {
	if err := n.Memory.Take(len(pool), 64); err != nil {
		return err
	}
	v.places = map[string]int{}
	for k, begin := range counts {
		end := len(pool)
		if k+1 < len(counts) {
			end = counts[k+1]
		}
		if begin < 0 || end < begin || end > len(pool) || (end-begin)%(k+1) != 0 {
			return ir.Invalidf("ngram_counts %v for a pool of %d", counts, len(pool))
		}
		for ; begin < end; begin += k + 1 {
			var key strings.Builder
			for _, item := range pool[begin:][:k+1] {
				key.WriteString(fmt.Sprint(item, " "))
			}
			if len(v.places) >= len(v.at) {
				return ir.Invalidf("%d ngram_indexes for more n-grams", len(v.at))
			}
			v.places[key.String()] = len(v.places)
		}
	}
	return nil
}

// count goes through the n-grams of one row, and those that skip elements.
func (v *vectorizer) count(y []float32, item func(int) int64, length int) {
	for size := v.shortest; size <= v.longest; size++ {
		for skip := 0; skip <= v.skips && (size > 1 || skip == 0); skip++ {
			for start := 0; start+(size-1)*(skip+1) < length; start++ {
				var key strings.Builder
				for k := range size {
					key.WriteString(fmt.Sprint(item(start+k*(skip+1)), " "))
				}
				if id, ok := v.places[key.String()]; ok {
					v.add(y, id)
				}
			}
		}
	}
}

func (v *vectorizer) add(y []float32, id int) {
	weight := float32(1)
	if v.idf && v.weights != nil {
		weight = v.weights[id]
	}
	if v.frequency {
		y[v.at[id]] += weight
	} else {
		y[v.at[id]] = weight
	}
}
