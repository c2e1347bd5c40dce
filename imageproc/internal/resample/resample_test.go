package resample_test

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/disintegration/imaging"
	"github.com/fitveil/fitveil/imageproc/internal/resample"
	"pgregory.net/rapid"
)

// noise are samples that lie close together, but for edges.
func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	v := 128
	for i := range b {
		v = max(0, min(255, v+rnd.IntN(31)-15))
		if b[i] = byte(v); rnd.IntN(50) == 0 {
			v = rnd.IntN(256)
		}
	}
	return b
}

// scale runs a whole picture through a Plane.
func scale(t testing.TB, src []byte, s resample.Spec) []byte {
	t.Helper()
	b := max(s.Bytes, 1)
	s.Dst = make([]byte, s.DstWidth*s.DstHeight*b)
	s.DstStride = s.DstWidth * b
	if s.Orientation >= 5 {
		s.DstStride = s.DstHeight * b
	}
	var p resample.Plane
	if !p.Start(s) {
		t.Fatalf("%+v: too many taps", s)
	}
	for y := range s.Height {
		p.Push(src[y*s.Width*b : (y+1)*s.Width*b])
	}
	return s.Dst
}

// TestAgainstImaging compares with the filters of the imaging package, which
// works with floats.
func TestAgainstImaging(t *testing.T) {
	for _, size := range [][4]int{
		{151, 113, 102, 77}, {200, 150, 66, 50}, {64, 64, 64, 64}, {40, 30, 97, 71}, {300, 5, 100, 2}, {1, 1, 7, 5}, {9, 80, 3, 80}, {256, 192, 37, 28},
	} {
		for name, f := range map[string]struct {
			ours   resample.Filter
			theirs imaging.ResampleFilter
		}{"Lanczos": {resample.Lanczos, imaging.Lanczos}, "Triangle": {resample.Triangle, imaging.Linear}} {
			for _, size4 := range []int{1, 4} {
				t.Run(fmt.Sprintf("%s %v×%d", name, size, size4), func(t *testing.T) {
					src := image.NewNRGBA(image.Rect(0, 0, size[0], size[1]))
					copy(src.Pix, noise(len(src.Pix)))
					grey := make([]byte, size[0]*size[1])
					for i := range grey {
						src.Pix[4*i+3] = 255
						grey[i] = src.Pix[4*i]
					}
					in := grey
					if size4 == 4 {
						in = src.Pix
					}
					got := scale(t, in, resample.Spec{
						Width: size[0], Height: size[1], DstWidth: size[2], DstHeight: size[3], Bytes: size4, Filter: f.ours,
					})
					want := imaging.Resize(src, size[2], size[3], f.theirs).Pix
					worst, square := 0, 0
					for i := 0; i < len(want); i += 4 {
						d := int(got[i/4*size4]) - int(want[i])
						worst = max(worst, d, -d)
						square += d * d
					}
					// Weights of 128ths are off by 1/256, each; and where both directions
					// overshoot, it matters which of them is clamped first.
					if n := len(want) / 4; worst > 24 || square > 3*n/2 {
						t.Errorf("off by up to %d, %.2f in the mean of squares", worst, float64(square)/float64(n))
					}
				})
			}
		}
	}
}

// TestOrientation turns a picture afterwards, sample by sample.
func TestOrientation(t *testing.T) {
	const w, h, dw, dh = 150, 117, 100, 71
	for _, size := range []int{1, 4} {
		src := noise(w * h * size)
		s := resample.Spec{Width: w, Height: h, DstWidth: dw, DstHeight: dh, Bytes: size, Orientation: 1}
		upright := scale(t, src, s)
		for o := 1; o <= 8; o++ {
			s.Orientation = o
			got := scale(t, src, s)
			stride := dw
			if o >= 5 {
				stride = dh
			}
			for y := range dh {
				for x := range dw {
					var at int // CIPA DC-008 §4.6.4
					switch o {
					case 1:
						at = y*stride + x
					case 2:
						at = y*stride + dw - 1 - x
					case 3:
						at = (dh-1-y)*stride + dw - 1 - x
					case 4:
						at = (dh-1-y)*stride + x
					case 5:
						at = x*stride + y
					case 6:
						at = x*stride + dh - 1 - y
					case 7:
						at = (dw-1-x)*stride + dh - 1 - y
					case 8:
						at = (dw-1-x)*stride + y
					}
					if !bytes.Equal(got[at*size:][:size], upright[(y*dw+x)*size:][:size]) {
						t.Fatalf("orientation %d of %d bytes: sample %d,%d is wrong", o, size, x, y)
					}
				}
			}
		}
	}
}

// TestFlat looks that a flat picture stays flat, whatever its size: the weights
// add up.
func TestFlat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.IntRange(1, 90)
		s := resample.Spec{
			Width: dim.Draw(t, "w"), Height: dim.Draw(t, "h"), DstWidth: dim.Draw(t, "dw"), DstHeight: dim.Draw(t, "dh"),
			Filter:      rapid.SampledFrom([]resample.Filter{resample.Lanczos, resample.Triangle}).Draw(t, "filter"),
			Orientation: rapid.IntRange(1, 8).Draw(t, "orientation"), Bytes: rapid.SampledFrom([]int{1, 4}).Draw(t, "bytes"),
		}
		if max(float64(s.Width)/float64(s.DstWidth), float64(s.Height)/float64(s.DstHeight)) > 10 {
			return
		}
		v := rapid.Byte().Draw(t, "value")
		src := bytes.Repeat([]byte{v}, s.Width*s.Height*s.Bytes)
		s.Dst, s.DstStride = make([]byte, s.DstWidth*s.DstHeight*s.Bytes), s.DstWidth*s.Bytes
		if s.Orientation >= 5 {
			s.DstStride = s.DstHeight * s.Bytes
		}
		var p resample.Plane
		if !p.Start(s) {
			t.Fatal("too many taps")
		}
		for y := range s.Height {
			p.Push(src[y*s.Width*s.Bytes:])
		}
		for i, got := range s.Dst {
			if got != v {
				t.Fatalf("sample %d is %d, want %d", i, got, v)
			}
		}
	})
}

// TestKernels compares every implementation with the definition in Kernel's doc.
func TestKernels(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for _, k := range resample.All() {
		for taps := 1; taps <= 21; taps++ {
			for _, n := range []int{64, 128, 192, 576} {
				src := make([]byte, taps*n+40)
				for i := range src {
					src[i] = byte(max(0, min(255, rnd.IntN(600)-170))) // the extremes are frequent
				}
				offs, w := make([]int32, taps), extremeWeights(rnd, taps)
				for i := range offs {
					offs[i] = int32(rnd.IntN(len(src) - n + 1)) // unaligned, in any order
				}
				guarded := bytes.Repeat([]byte{0xA5}, n+64)
				k.Weigh(guarded[32:32+n], src, offs, w)
				for x := range n {
					sum := 64
					for i, at := range offs {
						sum += int(src[int(at)+x]) * int(w[i])
					}
					if want := byte(max(0, min(255, sum>>7))); guarded[32+x] != want {
						t.Fatalf("%s, %d taps of %d: sample %d is %d, want %d", k.Name, taps, n, x, guarded[32+x], want)
					}
				}
				if !bytes.Equal(guarded[:32], bytes.Repeat([]byte{0xA5}, 32)) || !bytes.Equal(guarded[32+n:], bytes.Repeat([]byte{0xA5}, 32)) {
					t.Fatalf("%s, %d taps of %d: written beyond the end", k.Name, taps, n)
				}
			}
		}
		for _, size := range [][2]int{{8, 8}, {64, 64}, {72, 16}, {8, 64}, {200, 24}} {
			w, h := size[0], size[1]
			src, dst := noise((w+3)*h), make([]byte, w*(h+5))
			k.Transpose(dst, h+5, src, w+3, w, h)
			for y := range h {
				for x := range w {
					if dst[x*(h+5)+y] != src[y*(w+3)+x] {
						t.Fatalf("%s: %d×%d: sample %d,%d is wrong", k.Name, w, h, x, y)
					}
				}
			}
		}
	}
}

// extremeWeights add up to 128, those below 0 to no less than -64.
func extremeWeights(rnd *rand.Rand, taps int) []int16 {
	w := make([]int16, taps)
	left, below := 128, 64
	for i := range taps - 1 {
		v := rnd.IntN(90) - 30
		if v < 0 {
			v = max(v, -below)
			below += v
		} else if v > left+below {
			v = 0
		}
		w[i] = int16(v)
		left -= v
	}
	if w[taps-1] = int16(left); left < -below {
		clear(w)
		w[taps-1] = 128
	}
	return w
}

func BenchmarkPlane(b *testing.B) {
	src := noise(1512 * 1134)
	for _, o := range []int{1, 6} {
		b.Run(fmt.Sprintf("orientation %d", o), func(b *testing.B) {
			var p resample.Plane
			s := resample.Spec{Width: 1512, Height: 1134, DstWidth: 1024, DstHeight: 768, Orientation: o, DstStride: 1024, Dst: make([]byte, 1024*1024)}
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				p.Start(s)
				for y := range s.Height {
					p.Push(src[y*s.Width : (y+1)*s.Width])
				}
			}
		})
	}
}

// BenchmarkKernels filters rows of 1536 samples with nine weights each, as a photo
// at three eighths has them.
func BenchmarkKernels(b *testing.B) {
	const taps, n = 9, 1536
	src, dst := noise(taps*n), make([]byte, n)
	offs, w := make([]int32, taps), extremeWeights(rand.New(rand.NewPCG(1, 2)), taps)
	for i := range offs {
		offs[i] = int32(i * n)
	}
	for _, k := range resample.All() {
		b.Run(k.Name, func(b *testing.B) {
			b.SetBytes(n)
			for b.Loop() {
				k.Weigh(dst, src, offs, w)
			}
		})
	}
}
