package fast

import (
	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// numbers are weights as they lie in a file: halves, or floats where there are
// none.
type numbers struct {
	floats []float32
	halves []uint16
}

func numbersOf(a *ir.Array) numbers {
	if h := a.Halves(); h != nil {
		return numbers{halves: h}
	}
	return numbers{floats: ir.Of[float32](a)}
}

// from leaves out the first ones.
func (s numbers) from(first int) numbers {
	if s.halves != nil {
		return numbers{halves: s.halves[first:]}
	}
	return numbers{floats: s.floats[first:]}
}

func (s numbers) at(i int) float32 {
	if s.halves != nil {
		return ir.Half(s.halves[i]).Float32()
	}
	return s.floats[i]
}

// turn makes rows of columns: dst[c·width + r] = src[r·pitch + c] for so many
// rows and columns of src. Weights are given by output channel and used by input
// channel, so that loading a network turns all of them. What is written lies
// together: it is memory nobody has touched yet.
func turn(set *kernel.Set, dst []float32, width int, src numbers, pitch, rows, columns int) {
	wholeRows, wholeColumns := rows/block*block, columns/block*block
	square := &kernel.Transpose{InRow: pitch, OutRow: width}
	halves := &kernel.TransposeHalves{InRow: pitch, OutRow: width}
	for c := 0; c < wholeColumns; c += block {
		for r := 0; r < wholeRows; r += block {
			if src.halves != nil {
				halves.In, halves.Out = src.halves[r*pitch+c:], dst[c*width+r:]
				set.TransposeHalves(halves)
				continue
			}
			square.In, square.Out = src.floats[r*pitch+c:], dst[c*width+r:]
			set.Transpose(square)
		}
	}
	for r := range rows {
		c := wholeColumns
		if r >= wholeRows {
			c = 0
		}
		for ; c < columns; c++ {
			dst[c*width+r] = src.at(r*pitch + c)
		}
	}
}
