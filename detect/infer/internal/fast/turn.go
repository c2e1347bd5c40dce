package fast

import "github.com/fitveil/fitveil/detect/infer/internal/kernel"

// turn makes rows of columns: dst[c·width + r] = src[r·pitch + c] for so many
// rows and columns of src. Weights are given by output channel and used by input
// channel, so that loading a network turns all of them.
func turn(set *kernel.Set, dst []float32, width int, src []float32, pitch, rows, columns int) {
	wholeRows, wholeColumns := rows/block*block, columns/block*block
	square := &kernel.Transpose{InRow: pitch, OutRow: width}
	for r := 0; r < wholeRows; r += block {
		for c := 0; c < wholeColumns; c += block {
			square.In, square.Out = src[r*pitch+c:], dst[c*width+r:]
			set.Transpose(square)
		}
	}
	for r := range rows {
		c := wholeColumns
		if r >= wholeRows {
			c = 0
		}
		for ; c < columns; c++ {
			dst[c*width+r] = src[r*pitch+c]
		}
	}
}
