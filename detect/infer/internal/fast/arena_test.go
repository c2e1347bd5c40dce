package fast_test

import (
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/detect/infer/internal/fast"
)

// TestArrange holds places that are needed at the same time apart, few of them
// and more than are fitted into gaps.
func TestArrange(t *testing.T) {
	for _, count := range []int{0, 1, 40, 3000} {
		r := rand.New(rand.NewPCG(uint64(count), 5))
		list := make([]fast.Place, count)
		total, most := 0, 0
		for i := range list {
			begin := r.IntN(500)
			list[i] = fast.Place{Size: 16 * r.IntN(20), Begin: begin, End: begin + r.IntN(60)}
			total += list[i].Size
		}
		size, _ := fast.Arrange(list)
		for i, p := range list {
			most = max(most, p.At+p.Size)
			for _, q := range list[:i] {
				if p.Begin <= q.End && q.Begin <= p.End && p.At < q.At+q.Size && q.At < p.At+p.Size {
					t.Fatalf("of %d places %+v and %+v share memory", count, p, q)
				}
			}
		}
		if size != most || count > 1 && size > total/2 {
			t.Errorf("%d places of %d floats: %d are said to be needed, %d are", count, total, size, most)
		}
	}
}

// TestArrangeWork counts what is looked at where every place is needed to the
// end: with eight times as many it may be eight times as much and a little
// more, not the sixty-fourfold.
func TestArrangeWork(t *testing.T) {
	work := func(count int) int {
		list := make([]fast.Place, count)
		for i := range list {
			list[i] = fast.Place{Size: 16, Begin: i, End: count}
		}
		_, work := fast.Arrange(list)
		return work
	}
	if few, many := work(4000), work(32000); many > 12*few {
		t.Errorf("4000 places: %d looked at, 32000: %d", few, many)
	}
}
