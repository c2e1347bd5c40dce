package jpeg_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// codes are Huffman tables made at random: every length up to 16 is among them, and
// often there are bits that are no code. DC symbols go up to most.
func codes(rnd *rand.Rand, most int) []byte {
	spec := make([]byte, 16)
	free := 1 // codes of this length that begin no other
	for l := range spec {
		if free *= 2; free > 200 {
			break
		}
		n := rnd.IntN(free + 1)
		if l < 15 && n == free {
			n--
		}
		n = min(n, 255-len(spec)+16)
		spec[l] = byte(n)
		free -= n
		for range n {
			spec = append(spec, byte(rnd.IntN(most+1)))
		}
	}
	return spec
}

// TestDCsAssembly compares the implementations on random bits, with tables of which
// some have short codes and some the end of a block among them.
func TestDCsAssembly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	data := make([]byte, 6000)
	read, failed := 0, 0
	for i := range 3000 {
		for k := range data {
			data[k] = byte(rnd.Uint32()) & byte(rnd.Uint32()>>(8*(i%2))) // bits as often 0 as 1, or zeros more often
		}
		dc, ac := codes(rnd, 11), codes(rnd, 255)
		for k := 16; k < len(ac); k++ {
			switch rnd.IntN(3 + i%5) {
			case 0:
				ac[k] &= 0x37 // as photos have them
			case 1:
				ac[k] = 0
			}
		}
		blocks := 1 + rnd.IntN(10)
		names, runs := jpeg.DCs(dc, ac, data, blocks, 1+rnd.IntN(40), rnd.IntN(len(data)))
		for k, name := range names {
			if runs[k] != runs[0] {
				t.Fatalf("%s, round %d: %s\nwant %s", name, i, runs[k], runs[0])
			}
		}
		var done int
		var ok bool
		if _, err := fmt.Sscan(runs[0], &done, &ok); err != nil {
			t.Fatal(err)
		}
		if read += done; !ok {
			failed++
		}
	}
	t.Logf("%d blocks, %d runs that end early", read, failed)
	if read < 10_000 || failed < 100 || failed > 2900 {
		t.Errorf("%d blocks and %d runs that end early: not what is wanted of a test", read, failed)
	}
}
