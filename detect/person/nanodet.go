package person

import (
	"cmp"
	"math"
	"slices"
)

// NanoDet looks at the square in three grids of cells of 8, 16 and 32 pixels.
// A box is told by its distances from the cell's centre, each as a distribution
// over 0 to 10 cells.
const (
	nanodetBins  = 11
	nanodetFloor = 0.05 // candidates below it are noise
	nanodetNMS   = 0.6  // the reference's value
)

var nanodetStrides = [...]int{8, 16, 32}

// A candidate is a box NanoDet takes for a person.
type candidate struct {
	box   box
	score float32 // 0 to 1
}

// nanodetMaps is NanoDet's answer: for each stride a plane of scores and 4×11
// planes of logits (left, top, right, bottom), each n×n with n = 416/stride.
type nanodetMaps struct {
	score, sides [len(nanodetStrides)][]float32
}

// decode appends the candidates to dst, most certain first, without those that
// repeat a better one. Boxes are in the picture's pixels.
func (m *nanodetMaps) decode(dst []candidate, f fit) []candidate {
	for s, stride := range nanodetStrides {
		n := f.side / stride
		for i, score := range m.score[s][:n*n] {
			if score < nanodetFloor {
				continue
			}
			b := nanodetBox(m.sides[s], n*n, i, float32(i%n)+0.5, float32(i/n)+0.5, float32(stride))
			dst = append(dst, candidate{f.boxToPicture(b), score})
		}
	}
	slices.SortStableFunc(dst, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	return suppress(dst, func(c *candidate) box { return c.box }, nanodetNMS)
}

// nanodetBox is the box of cell i, whose centre is at (x, y) cells.
func nanodetBox(sides []float32, plane, i int, x, y, stride float32) box {
	var d [4]float32
	for side := range d {
		d[side] = expectation(sides, plane, side*nanodetBins*plane+i)
	}
	return box{(x - d[0]) * stride, (y - d[1]) * stride, (x + d[2]) * stride, (y + d[3]) * stride}
}

// expectation is Σ j·p(j) where p is the softmax of the 11 logits that start at
// first and lie a plane apart.
func expectation(logits []float32, plane, first int) float32 {
	top := float32(math.Inf(-1))
	for j := range nanodetBins {
		top = max(top, logits[first+j*plane])
	}
	var sum, weighted float64
	for j := range nanodetBins {
		p := math.Exp(float64(logits[first+j*plane] - top)) // the largest is 1, so nothing overflows
		sum += p
		weighted += float64(j) * p
	}
	return float32(weighted / sum)
}

// suppress keeps, of a list with the most certain first, what overlaps nothing
// kept before by an IoU above most. It works in place.
func suppress[T any](list []T, boxOf func(*T) box, most float32) []T {
	kept := list[:0]
next:
	for i := range list {
		b := boxOf(&list[i])
		for j := range kept {
			if iou, _ := overlap(b, boxOf(&kept[j])); iou > most {
				continue next
			}
		}
		kept = append(kept, list[i])
	}
	return kept
}
