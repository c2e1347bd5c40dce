package imageproc_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// TestEveryByte changes each byte of the files that fuzzing begins with, one at a
// time, and holds the results against what fuzzed ones are held against: a fuzzer
// that runs for seconds meets few of them. FITVEIL_BYTES=all tries every bit and the
// values around, which takes some minutes.
func TestEveryByte(t *testing.T) {
	all := os.Getenv("FITVEIL_BYTES") == "all"
	for _, format := range []struct {
		name  string
		seeds [][]byte
		whole int // of so many seeds every value is tried
		check func(*testing.T, []byte)
	}{
		{"JPEG", jpegSeeds(t), 2, checkFuzzed},
		{"PNG", pngSeeds(t), 3, checkPNG},
		{"WebP", webpSeeds(), 1, checkWebP},
		{"GIF", gifSeeds(t), 2, checkGIF},
		{"TIFF", tiffSeeds(t), 2, checkTIFF},
		{"HEIF", heifSeeds(), 3, checkFuzzedHEIF},
	} {
		for i, seed := range format.seeds {
			t.Run(fmt.Sprintf("%s/%d", format.name, i), func(t *testing.T) {
				t.Parallel()
				in := bytes.Clone(seed)
				at := 0
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("byte %d of %d as %#x, not %#x", at, len(in), in[at], seed[at])
					}
				})
				step := 1 + len(in)/2048
				if all {
					step = 1
				}
				for ; at < len(in); at += step {
					was := seed[at]
					values := []byte{was ^ 1, 0, 0xFF, was ^ 0x80, was + 1, was ^ 4, was ^ 0x20}
					switch {
					case all:
						values = append(values, was^2, was^8, was^0x10, was^0x40, was-1, ' ', 'A', 1, 2, 3)
					case i >= format.whole:
						n := (at/step + i) % len(values)
						values = values[n : n+1]
					}
					for _, v := range values {
						if in[at] = v; v != was {
							format.check(t, in)
						}
					}
					in[at] = was
				}
				at = 0
			})
		}
	}
}
