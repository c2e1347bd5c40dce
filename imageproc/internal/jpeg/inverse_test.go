package jpeg_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// TestInverseAssembly compares the implementations of each transform: with
// coefficients as photos have them, with those of hostile files, which wrap, and
// beside the block.
func TestInverseAssembly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for i := range 30_000 {
		var c [64]int32
		for k := range c {
			switch i % 4 {
			case 0:
				c[k] = int32(rnd.IntN(4096) - 2048)
			case 1:
				c[k] = int32(rnd.Uint32())
			case 2:
				if rnd.IntN(8) == 0 {
					c[k] = int32(rnd.IntN(1024) - 512)
				}
			default:
				c[k] = int32(rnd.IntN(2)) * -32768 * 255
			}
		}
		for _, n := range []int{8, 3} {
			names, got := jpeg.Inverses(n, n+i%3, &c)
			for k, name := range names {
				if !bytes.Equal(got[0], got[k]) {
					t.Fatalf("%s, %d samples, round %d: %v\nwant %v", name, n, i, got[k], got[0])
				}
			}
		}
	}
}
