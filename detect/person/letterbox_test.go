package person

import (
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
	"pgregory.net/rapid"
)

func TestFit(t *testing.T) {
	tests := []struct {
		pic        image.Rectangle
		side       int
		x, y, w, h int
	}{
		{image.Rect(0, 0, 640, 480), 416, 0, 52, 416, 312},
		{image.Rect(0, 0, 480, 640), 416, 52, 0, 312, 416},
		{image.Rect(0, 0, 416, 416), 416, 0, 0, 416, 416},
		{image.Rect(0, 0, 100, 50), 256, 0, 64, 256, 128},
		{image.Rect(-30, 70, 610, 550), 416, 0, 52, 416, 312},
		{image.Rect(0, 0, 1, 1), 256, 0, 0, 256, 256},
		{image.Rect(0, 0, 10000, 1), 416, 0, 207, 416, 1}, // never thinner than a pixel
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.pic.Size(), tt.side), func(t *testing.T) {
			got := fitInto(tt.pic, tt.side)
			if want := (fit{tt.pic, tt.side, tt.x, tt.y, tt.w, tt.h}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// TestFitRoundTrip draws a spot into a picture, letterboxes it and maps the
// place where it arrived back.
func TestFitRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(100, 900).Draw(t, "w"), rapid.IntRange(100, 900).Draw(t, "h")
		at := image.Pt(rapid.IntRange(-50, 50).Draw(t, "left"), rapid.IntRange(-50, 50).Draw(t, "top"))
		img := image.NewGray(image.Rect(0, 0, w, h).Add(at))
		spot := image.Rect(0, 0, 20, 20).Add(at).Add(image.Pt(rapid.IntRange(0, w-20).Draw(t, "x"), rapid.IntRange(0, h-20).Draw(t, "y")))
		draw.Draw(img, spot, image.White, image.Point{}, draw.Src)

		pixels := make([]float32, 3*256*256)
		f := new(letterbox).draw(pixels, img, movenetFormat)
		var sum, sx, sy float64
		for i, v := range pixels[:256*256] {
			sum += float64(v)
			sx += float64(v) * (float64(i%256) + 0.5)
			sy += float64(v) * (float64(i/256) + 0.5)
		}
		x, y := f.toPicture(float32(sx/sum), float32(sy/sum))
		wantX, wantY := float64(spot.Min.X+spot.Max.X)/2, float64(spot.Min.Y+spot.Max.Y)/2
		// The filter is cut off at the picture's edge, which may move a spot
		// there by a part of a cell.
		slack := max(1, float64(max(w, h))/256)
		if math.Abs(float64(x)-wantX) > slack || math.Abs(float64(y)-wantY) > slack {
			t.Fatalf("a spot at %.1f,%.1f came back at %.1f,%.1f", wantX, wantY, x, y)
		}
	})
}

func TestBoxToPicture(t *testing.T) {
	f := fitInto(image.Rect(10, 20, 650, 500), 416) // 640×480 into 416×312 at (0, 52)
	tests := []struct{ in, want box }{
		{box{0, 52, 416, 364}, box{10, 20, 650, 500}},
		{box{104, 130, 208, 208}, box{170, 140, 330, 260}},
		{box{-50, 0, 1000, 1000}, box{10, 20, 650, 500}},
	}
	for _, tt := range tests {
		if got := f.boxToPicture(tt.in); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.in, got, tt.want)
		}
	}
	if got := f.boxToPicture(box{0, 0, 416, 40}); !got.empty() {
		t.Errorf("a box in the black bar became %v", got)
	}
}

// TestFormats checks channel order, normalisation and the bars on a picture of
// one colour: R 200, G 100, B 50.
func TestFormats(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 64, 32))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{200, 100, 50, 255}), image.Point{}, draw.Src)
	tests := []struct {
		name        string
		format      format
		colour, bar [3]float32 // in planes 0, 1, 2
	}{
		{"movenet", movenetFormat, [3]float32{200, 100, 50}, [3]float32{0, 0, 0}},
		{
			"nanodet", nanodetFormat,
			[3]float32{(50 - 103.53) / 57.375, (100 - 116.28) / 57.12, (200 - 123.675) / 58.395},
			[3]float32{-103.53 / 57.375, -116.28 / 57.12, -123.675 / 58.395},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := tt.format.side
			pixels := make([]float32, 3*n*n)
			for i := range pixels {
				pixels[i] = 999 // of the picture before
			}
			new(letterbox).draw(pixels, img, tt.format)
			for c := range 3 {
				for i, v := range pixels[c*n*n : (c+1)*n*n] {
					want := tt.bar[c]
					if y := i / n; y >= n/4 && y < n*3/4 {
						want = tt.colour[c]
					}
					if math.Abs(float64(v-want)) > 1e-4 {
						t.Fatalf("plane %d, cell %d,%d: got %v, want %v", c, i%n, i/n, v, want)
					}
				}
			}
		})
	}
}

// noise is a picture of blurred random colours, opaque.
func noise(w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.UintN(256))
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

// TestScalingAgreesWithXImage compares with the triangle filter of
// golang.org/x/image/draw, up and down.
func TestScalingAgreesWithXImage(t *testing.T) {
	for _, size := range []image.Point{{640, 480}, {333, 500}, {257, 255}, {100, 37}, {1600, 90}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			img := noise(size.X, size.Y)
			pixels := make([]float32, 3*256*256)
			f := new(letterbox).draw(pixels, img, movenetFormat)

			want := image.NewRGBA(image.Rect(0, 0, 256, 256))
			draw.Draw(want, want.Bounds(), image.Black, image.Point{}, draw.Src)
			draw.BiLinear.Scale(want, image.Rect(f.x, f.y, f.x+f.w, f.y+f.h), img, img.Bounds(), draw.Src, nil)
			var worst float64
			for i := range 256 * 256 {
				for c := range 3 {
					if y := i / 256; i%256 < f.x || i%256 >= f.x+f.w || y < f.y || y >= f.y+f.h {
						continue
					}
					// x/image computes in 16 bits, where v is v·257, and keeps the upper 8.
					v := float64(pixels[c*256*256+i]) * 257 / 256
					worst = max(worst, math.Abs(v-float64(want.Pix[4*i+c])-0.5))
				}
			}
			if worst > 0.51 {
				t.Errorf("differs by %.2f of 255", worst)
			}
		})
	}
}

// hidden is a picture of a type that rowReader does not know.
type hidden struct{ image.Image }

func TestRowReaders(t *testing.T) {
	src := noise(33, 9)
	src.SetNRGBA(0, 0, color.NRGBA{10, 20, 30, 0})
	src.SetNRGBA(1, 0, color.NRGBA{10, 20, 30, 128})
	bounds := image.Rect(5, -3, 30, 6)
	pictures := []draw.Image{
		image.NewRGBA(bounds), image.NewNRGBA(bounds), image.NewGray(bounds),
		image.NewNRGBA64(bounds), image.NewPaletted(bounds, palette.Plan9),
	}
	check := func(t *testing.T, img image.Image, slack int) {
		t.Helper()
		got, want := make([]byte, 3*bounds.Dx()), make([]byte, 3*bounds.Dx())
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			rowReader(img)(got, y)
			rowReader(hidden{img})(want, y)
			for i := range got {
				if d := int(got[i]) - int(want[i]); d > slack || d < -slack {
					t.Fatalf("row %d, byte %d: got %d, want %d", y, i, got[i], want[i])
				}
			}
		}
	}
	for _, img := range pictures {
		t.Run(fmt.Sprintf("%T", img), func(t *testing.T) {
			draw.Draw(img, bounds, src, image.Point{}, draw.Src)
			check(t, img, 1) // ours rounds, color.Color cuts off
		})
	}
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio440} {
		t.Run(ratio.String(), func(t *testing.T) {
			img := image.NewYCbCr(bounds, ratio)
			r := rand.New(rand.NewPCG(3, 4))
			for _, p := range [][]byte{img.Y, img.Cb, img.Cr} {
				for i := range p {
					p[i] = uint8(r.UintN(256))
				}
			}
			check(t, img, 1)
		})
	}

	line := make([]byte, 3*33)
	rowReader(src)(line, 0)
	if got, want := [6]byte(line[:6]), [6]byte{255, 255, 255, 132, 137, 142}; got != want {
		t.Errorf("transparency on white: got %v, want %v", got, want)
	}
}

func TestLetterboxKeepsItsMemory(t *testing.T) {
	img := noise(640, 480)
	pixels := make([]float32, 3*416*416)
	var l letterbox
	l.draw(pixels, img, nanodetFormat)
	if n := testing.AllocsPerRun(5, func() { l.draw(pixels, img, nanodetFormat) }); n > 2 {
		t.Errorf("%v allocations a picture", n)
	}
}

func BenchmarkLetterbox(b *testing.B) {
	img := noise(640, 480)
	pixels := make([]float32, 3*416*416)
	var l letterbox
	b.SetBytes(int64(len(img.Pix)))
	b.ReportAllocs()
	for b.Loop() {
		l.draw(pixels, img, nanodetFormat)
	}
}
