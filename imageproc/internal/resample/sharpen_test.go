package resample_test

import (
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/resample"
)

// TestSharpen looks at waves of some three samples of the result: their swing
// grows with Spec.Sharpen, and what is even stays what it is.
func TestSharpen(t *testing.T) {
	wave, even := make([]byte, 300*64), make([]byte, 300*64)
	for i := range wave {
		wave[i], even[i] = byte(128+60*(i%5/2%2*2-1)), 77
	}
	s := resample.Spec{Width: 300, Height: 64, DstWidth: 203, DstHeight: 64}
	swing := func(sharpen float64) int {
		s.Sharpen = sharpen
		if out := scale(t, even, s); slices.Max(out) != 77 || slices.Min(out) != 77 {
			t.Errorf("%v: even samples became %d to %d", sharpen, slices.Min(out), slices.Max(out))
		}
		sum := 0
		for _, v := range scale(t, wave, s)[32*203+20 : 32*203+180] {
			sum += max(int(v), 128) - min(int(v), 128)
		}
		return sum
	}
	soft, plain, sharp := swing(-0.024), swing(0), swing(0.03)
	if soft >= plain || plain >= sharp || sharp-soft > plain/4 {
		t.Errorf("swings of %d, %d and %d", soft, plain, sharp)
	}
}
