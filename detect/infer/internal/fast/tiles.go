package fast

import (
	"math"

	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// A convolution kernel computes tiles of so many pixels for so many blocks of
// output channels. Which sizes serve a row best is a small knapsack problem,
// solved here with a model of the CPU: two multiply-adds and two loads begin in
// a cycle, and a multiply-add takes four.

// segment is a run of tiles of one width.
type segment struct{ x, pixels, tiles int }

// share is a run of blocks of output channels that go through a kernel together.
type share struct {
	first, blocks int
	row           []segment
	rest          []segment // of the kernels for input channels that fill no half block
}

// tileCost is the time of one tile in cycles: terms products for each element.
func tileCost(s *kernel.Set, blocks, pixels, terms int) float64 {
	vectors := float64(blocks*block) / float64(s.Lanes)
	sums := vectors * float64(pixels)
	cycle := max(sums/2, (float64(pixels)+vectors+float64(blocks))/2, 4)
	return cycle*float64(terms) + 20 + 2*sums
}

// callCost is what a run of tiles costs besides its tiles.
const callCost = 60

// longRow is how many pixels are worth a thought. Of what a row has beyond them
// most goes through the tile that is best by itself: a file of a few bytes may
// ask for rows of millions.
const longRow = 256

// widths are the costs of tiles by their pixels, infinite where there is none.
type widths [15]float64

// cutter cuts rows into tiles for the kernels of a set, and remembers how: most
// layers of a network are like another one.
type cutter struct {
	*kernel.Set
	rows  map[rowKey]cutRow
	bands map[bandKey][]int
}

type rowKey struct {
	table            *kernel.ConvTable
	blocks, w, terms int
}

type cutRow struct {
	row  []segment
	cost float64
}

func newCutter(s *kernel.Set) *cutter {
	return &cutter{s, map[rowKey]cutRow{}, map[bandKey][]int{}}
}

// splitRow covers w pixels with tiles at the least cost. A run of tiles of one
// width is one call of a kernel.
func (s *cutter) splitRow(table *kernel.ConvTable, blocks, w, terms int) (row []segment, cost float64) {
	key := rowKey{table, blocks, w, terms}
	if r, ok := s.rows[key]; ok {
		return r.row, r.cost
	}
	var costs widths
	for t, f := range table[blocks] {
		costs[t] = tileCost(s.Set, blocks, t, terms)
		if f == nil || t > 1 && costs[t] > callCycles && s.Lanes > 1 {
			costs[t] = math.Inf(1)
		}
	}
	row, cost = costs.cover(w)
	s.rows[key] = cutRow{row, cost}
	return row, cost
}

// splitNeighbours covers w pixels with tiles for 3×3 windows: nine products and
// an activation for each pixel.
func splitNeighbours(s *kernel.Set, stride, w int) []segment {
	var costs widths
	for t, f := range s.Depthwise3[stride] {
		costs[t] = float64(block/s.Lanes) * (6*float64(t) + 8)
		if f == nil {
			costs[t] = math.Inf(1)
		}
	}
	row, _ := costs.cover(w)
	return row
}

// cover is how splitRow covers a row.
func (costs *widths) cover(w int) (row []segment, cost float64) {
	var count [len(costs)]int
	if w > longRow {
		best := 1
		each := func(t int) float64 { return costs[t] / float64(t) }
		for t := 1; t < len(costs); t++ {
			if each(t) <= each(best) {
				best = t
			}
		}
		count[best] = (w - longRow/2) / best
		w, cost = w-count[best]*best, float64(count[best])*costs[best]
	}
	var tiles [len(costs)]int // those there are, by width
	n := 0
	for t := 1; t < len(costs); t++ {
		if !math.IsInf(costs[t], 1) {
			tiles[n], n = t, n+1
		}
	}
	var best [longRow + 1]float64
	var last [longRow + 1]int
	for x := 1; x <= w; x++ {
		least := math.Inf(1)
		for _, t := range tiles[:n] {
			if t > x {
				break
			}
			c := best[x-t] + costs[t]
			if last[x-t] != t {
				c += callCost
			}
			if c <= least {
				least, last[x] = c, t
			}
		}
		best[x] = least
	}
	for x := w; x > 0; x -= last[x] {
		count[last[x]]++
	}
	x := 0
	for t := len(count) - 1; t > 0; t-- {
		most := max(1, int(callCycles/costs[t]))
		for count[t] > 0 {
			n := min(count[t], most)
			row = append(row, segment{x, t, n})
			x, count[t] = x+t*n, count[t]-n
		}
	}
	return row, cost + best[w]
}

// splitBlocks covers n blocks of output channels and rows of w pixels.
func (s *cutter) splitBlocks(table *kernel.ConvTable, n, w, terms int) (shares []share, cost float64) {
	var rows [len(table)][]segment
	var costs [len(table)]float64
	for b := range table {
		if b <= n && table[b][1] != nil {
			rows[b], costs[b] = s.splitRow(table, b, w, terms)
		}
	}
	best, last := make([]float64, n+1), make([]int, n+1)
	for i := 1; i <= n; i++ {
		best[i] = math.Inf(1)
		for b := range table {
			if rows[b] == nil || b > i {
				continue
			}
			if c := best[i-b] + costs[b]; c <= best[i] {
				best[i], last[i] = c, b
			}
		}
	}
	for i := n; i > 0; i -= last[i] {
		shares = append(shares, share{first: i - last[i], blocks: last[i], row: rows[last[i]]})
	}
	for i, j := 0, len(shares)-1; i < j; i, j = i+1, j-1 {
		shares[i], shares[j] = shares[j], shares[i]
	}
	return shares, best[n]
}

// leave covers rows of w pixels once more for each share, for so many products
// that kernels for half blocks leave.
func (s *cutter) leave(shares []share, w, terms int) {
	for i := range shares {
		if shares[i].rest = nil; terms > 0 {
			shares[i].rest, _ = s.splitRow(&s.Stem, shares[i].blocks, w, terms)
		}
	}
}
