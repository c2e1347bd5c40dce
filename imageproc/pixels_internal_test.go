package imageproc

import (
	"image/color"
	"testing"
)

// TestClearRGB holds the conversion in the loop against the one it stands for.
func TestClearRGB(t *testing.T) {
	for i := range 1 << 24 {
		y, cb, cr := byte(i>>16), byte(i>>8), byte(i)
		r, g, b := clearRGB(y, cb, cr)
		wantR, wantG, wantB := color.YCbCrToRGB(y, cb, cr)
		if byte(clip(r)>>16) != wantR || byte(clip(g)>>16) != wantG || byte(clip(b)>>16) != wantB {
			t.Fatalf("Y %d, Cb %d, Cr %d: %d, %d, %d, want %d, %d, %d", y, cb, cr, clip(r)>>16, clip(g)>>16, clip(b)>>16, wantR, wantG, wantB)
		}
	}
}
