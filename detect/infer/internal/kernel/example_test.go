package kernel_test

import (
	"fmt"

	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

func Example() {
	s := kernel.Best()
	in := make([]float32, 2*kernel.Block) // two pixels
	in[3], in[kernel.Block+3] = 1, 2
	w := make([]float32, kernel.Chunk*kernel.Block) // from eight channels to sixteen
	w[3*kernel.Block+7] = 10                        // from channel 3 to channel 7
	out := make([]float32, 2*kernel.Block)
	s.Conv[1][1](&kernel.Conv{In: in, Off: []int32{0}, W: w, Bias: make([]float32, kernel.Block), Out: out, Step: kernel.Block, Tiles: 2})
	fmt.Println(out[7], out[kernel.Block+7])
	// Output: 10 20
}
