package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

// fuzzed is what a fuzz target begins with and holds its inputs against.
type fuzzed struct {
	name  string
	seeds [][]byte
	whole int // of so many seeds TestEveryByte tries every value
	check func(*testing.T, []byte)
}

func fuzzTargets(t *testing.T) []fuzzed {
	return []fuzzed{
		{"JPEG", jpegSeeds(t), 2, checkFuzzed},
		{"PNG", pngSeeds(t), 3, checkPNG},
		{"WebP", webpSeeds(), 1, checkWebP},
		{"GIF", gifSeeds(t), 2, checkGIF},
		{"TIFF", tiffSeeds(t), 2, checkTIFF},
		{"HEIF", heifSeeds(), 3, checkFuzzedHEIF},
	}
}

// TestEveryByte changes each byte of the files that fuzzing begins with, one at a
// time, and holds the results against what fuzzed ones are held against: a fuzzer
// that runs for seconds meets few of them. FITVEIL_BYTES=all tries every bit and the
// values around, which takes some minutes.
func TestEveryByte(t *testing.T) {
	all := os.Getenv("FITVEIL_BYTES") == "all"
	for _, format := range fuzzTargets(t) {
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

// TestManyChanges changes the same files in several places at once, without what
// counts coverage for a fuzzer, and so many more of them in the same time.
// FITVEIL_CHANGES=5m takes so long for each format, and other numbers each time.
func TestManyChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	long, err := time.ParseDuration(os.Getenv("FITVEIL_CHANGES"))
	if err == nil {
		random = rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	}
	for _, format := range fuzzTargets(t) {
		t.Run(format.name, func(t *testing.T) {
			var in []byte
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("of %d bytes: %q", len(in), in)
				}
			})
			runs := 0
			for end := time.Now().Add(long); runs < 500 || time.Now().Before(end); runs++ {
				in = bytes.Clone(format.seeds[random.IntN(len(format.seeds))])
				for range 1 + random.IntN(5) {
					in = changed(in, random)
				}
				format.check(t, in)
			}
			t.Log(runs, "files")
		})
	}
}

// changed is a file with one place in it changed: a bit, a byte, a number, a piece
// gone, there twice, or over another.
func changed(in []byte, random *rand.Rand) []byte {
	if len(in) < 16 {
		return in
	}
	at, from := random.IntN(len(in)), random.IntN(len(in))
	piece := bytes.Clone(in[from:min(len(in), from+1+random.IntN(64))])
	size := uint32(len(in))
	numbers := []uint32{0, 1, 2, 4, 8, size, size - uint32(at), 1<<31 - 1, 1<<32 - 1, random.Uint32N(size), random.Uint32N(300)}
	var number [4]byte
	binary.BigEndian.PutUint32(number[:], numbers[random.IntN(len(numbers))])
	if random.IntN(2) == 0 {
		slices.Reverse(number[:])
	}
	switch random.IntN(9) {
	case 0, 1, 2:
		in[at] ^= 1 << random.IntN(8)
	case 3:
		in[at] = "\x00\x01\xFF\x7F\x80 A"[random.IntN(7)]
	case 4:
		in[at] += byte(random.IntN(9)) - 4
	case 5:
		in = slices.Delete(in, at, min(len(in), at+1+random.IntN(32)))
	case 6:
		in = slices.Insert(in, at, piece...)
	case 7:
		copy(in[at:], piece)
	case 8:
		copy(in[at:], number[2*random.IntN(2):])
	}
	return in
}
