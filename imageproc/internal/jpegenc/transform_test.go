package jpegenc_test

import (
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpegenc"
)

func TestTransform(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 20_000 {
		stride := 8 + i%5
		src := make([]byte, 7*stride+8)
		for j := range src {
			switch i % 3 {
			case 0:
				src[j] = byte(r.Uint32())
			case 1:
				src[j] = byte(r.Uint32()&1) * 255
			default:
				src[j] = byte(128 + r.IntN(9) - 4)
			}
		}
		quality := 1 + i%100
		names, coefs, nonzero := jpegenc.Transforms(src, stride, quality)
		for k, name := range names {
			if coefs[k] != coefs[0] || nonzero[k] != nonzero[0] {
				t.Fatalf("%s, quality %d: %v %x\nwant %v %x", name, quality, coefs[k], nonzero[k], coefs[0], nonzero[0])
			}
		}
		for j, v := range coefs[0] {
			if (v != 0) != (nonzero[0]>>j&1 != 0) {
				t.Fatalf("bit %d for %d", j, v)
			}
		}
	}
}

// Every quotient that can occur: coefficients have up to 15 bits.
func TestQuotient(t *testing.T) {
	for step := 1; step < 256; step++ {
		d, divide := int32(8*step), jpegenc.Divider(uint8(step))
		for n := range int32(1 << 15) {
			if got, want := divide(n), (n+d/2)/d; got != want {
				t.Fatalf("%d by %d: %d, want %d", n, d, got, want)
			}
		}
	}
}
