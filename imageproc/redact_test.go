package imageproc_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc"
)

func ExampleRedact() {
	photo := image.NewRGBA(image.Rect(0, 0, 640, 480))
	face := image.Rect(200, 100, 320, 250) // from a detector
	if err := imageproc.Redact(photo, []image.Rectangle{face}, nil); err != nil {
		panic(err)
	}
	var out bytes.Buffer
	err := imageproc.Encode(&out, photo, imageproc.JPEG, nil)
	fmt.Println(err)
	// Output: <nil>
}

func static(r image.Rectangle, seed uint64) *image.NRGBA {
	rnd := rand.New(rand.NewPCG(seed, 7))
	m := image.NewNRGBA(r)
	for i := range m.Pix {
		m.Pix[i] = byte(rnd.Uint32())
		if i%4 == 3 {
			m.Pix[i] |= 0xC0
		}
	}
	return m
}

// What is drawn depends on nothing of the region but the means of large cells:
// whoever mixes the pixels of each cell up gets the same picture, bit for bit.
// Outside of region and feather no pixel changes.
func TestRedactForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := image.Rect(-7, 3, 120, 90)
		x, y := rapid.IntRange(b.Min.X-30, b.Max.X-1).Draw(t, "x"), rapid.IntRange(b.Min.Y-30, b.Max.Y-1).Draw(t, "y")
		region := image.Rect(x, y, x+rapid.IntRange(1, 100).Draw(t, "width"), y+rapid.IntRange(1, 100).Draw(t, "height"))
		in := region.Intersect(b)
		if in.Empty() {
			return
		}
		o := &imageproc.RedactOptions{
			Mode:  rapid.SampledFrom([]imageproc.RedactMode{imageproc.Pixelate, imageproc.Blur, imageproc.Fill}).Draw(t, "mode"),
			Cells: rapid.IntRange(0, 12).Draw(t, "cells"), Feather: rapid.IntRange(0, 9).Draw(t, "feather"),
		}
		before := static(b, 1)
		mixed := mixUp(before, in, max(o.Cells, 1), o.Cells == 0)
		if o.Mode == imageproc.Fill || in.Dx()*in.Dy() < 64 { // nothing at all of the region
			draw.Draw(mixed, in, static(b, 2), in.Min, draw.Src)
		}
		first := image.NewNRGBA(b)
		copy(first.Pix, before.Pix)
		for _, m := range []*image.NRGBA{first, mixed} {
			if err := imageproc.Redact(m, []image.Rectangle{region}, o); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(first.Pix, mixed.Pix) {
			t.Fatal("something finer than the cells shows")
		}
		around := in.Inset(-o.Feather)
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				if !image.Pt(x, y).In(around) && first.NRGBAAt(x, y) != before.NRGBAAt(x, y) {
					t.Fatalf("%d,%d changed, which is outside", x, y)
				}
			}
		}
	})
}

// mixUp turns the pixels of each cell round by half a turn. The cells are worked out here
// from what RedactOptions.Cells promises.
func mixUp(m *image.NRGBA, r image.Rectangle, cells int, standard bool) *image.NRGBA {
	if standard {
		cells = 8
	}
	side := max((max(r.Dx(), r.Dy())+cells-1)/cells, 8, (63+min(r.Dx(), r.Dy()))/min(r.Dx(), r.Dy()))
	nx, ny := max(r.Dx()/side, 1), max(r.Dy()/side, 1)
	out := image.NewNRGBA(m.Rect)
	copy(out.Pix, m.Pix)
	for j := range ny {
		for i := range nx {
			c := image.Rect(r.Min.X+r.Dx()*i/nx, r.Min.Y+r.Dy()*j/ny, r.Min.X+r.Dx()*(i+1)/nx, r.Min.Y+r.Dy()*(j+1)/ny)
			for y := c.Min.Y; y < c.Max.Y; y++ {
				for x := c.Min.X; x < c.Max.X; x++ {
					out.SetNRGBA(x, y, m.NRGBAAt(c.Max.X-1-(x-c.Min.X), c.Max.Y-1-(y-c.Min.Y)))
				}
			}
		}
	}
	return out
}

// TestRedactSmall covers a picture with regions too small to hide anything: nothing of
// it is left.
func TestRedactSmall(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {2, 2}, {7, 9}, {1, 63}} {
		for _, mode := range []imageproc.RedactMode{imageproc.Pixelate, imageproc.Blur} {
			var got [2]*image.NRGBA
			for i := range got {
				got[i] = static(image.Rect(0, 0, 64, 63), uint64(i))
				var regions []image.Rectangle
				for y := 0; y < 63; y += size.Y {
					for x := 0; x < 64; x += size.X {
						regions = append(regions, image.Rect(x, y, x+size.X, y+size.Y))
					}
				}
				if err := imageproc.Redact(got[i], regions, &imageproc.RedactOptions{Mode: mode}); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got[0].Pix, got[1].Pix) {
				t.Errorf("regions of %v, mode %d: two pictures can be told apart", size, mode)
			}
		}
	}
}

func TestRedactModes(t *testing.T) {
	r := image.Rect(10, 10, 74, 42)
	distinct := func(o *imageproc.RedactOptions) int {
		t.Helper()
		m := static(image.Rect(0, 0, 100, 60), 3)
		for i := range m.Pix { // a slope, so that cells differ
			if i%4 < 3 {
				m.Pix[i] = byte(i / 4 % 100 * 2)
			}
		}
		if err := imageproc.Redact(m, []image.Rectangle{r}, o); err != nil {
			t.Fatal(err)
		}
		seen := map[color.NRGBA]bool{}
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				seen[m.NRGBAAt(x, y)] = true
			}
		}
		return len(seen)
	}
	if n := distinct(nil); n < 4 || n > 8*4 {
		t.Errorf("pixelated: %d colours", n)
	}
	if n := distinct(&imageproc.RedactOptions{Cells: 1}); n != 1 {
		t.Errorf("one cell: %d colours", n)
	}
	if n := distinct(&imageproc.RedactOptions{Mode: imageproc.Fill, Colour: color.NRGBA{R: 200, A: 10}}); n != 1 {
		t.Errorf("filled: %d colours", n)
	}
	if n := distinct(&imageproc.RedactOptions{Mode: imageproc.Blur}); n < 40 {
		t.Errorf("blurred: %d colours", n)
	}
	// Other kinds of picture, and a part of one.
	for _, m := range []draw.Image{
		image.NewRGBA(image.Rect(0, 0, 100, 60)), image.NewGray(image.Rect(0, 0, 100, 60)), image.NewPaletted(image.Rect(0, 0, 100, 60), palette.Plan9),
		image.NewRGBA64(image.Rect(0, 0, 100, 60)), image.NewRGBA(image.Rect(0, 0, 200, 160)).SubImage(image.Rect(5, 5, 100, 60)).(draw.Image),
	} {
		if err := imageproc.Redact(m, []image.Rectangle{r}, &imageproc.RedactOptions{Mode: imageproc.Fill, Colour: color.White}); err != nil {
			t.Fatal(err)
		}
		if red, _, _, _ := m.At(20, 20).RGBA(); red < 0xF000 {
			t.Errorf("%T was not filled", m)
		}
		if red, _, _, _ := m.At(9, 20).RGBA(); red != 0 {
			t.Errorf("%T: changed outside", m)
		}
	}
}

func TestRedactRefuses(t *testing.T) {
	ok, outside := image.Rect(0, 0, 10, 10), image.Rect(50, 50, 60, 60)
	for name, q := range map[string]struct {
		regions []image.Rectangle
		o       imageproc.RedactOptions
	}{
		"outside":      {[]image.Rectangle{ok, outside}, imageproc.RedactOptions{}},
		"empty":        {[]image.Rectangle{ok, {}}, imageproc.RedactOptions{}},
		"fine cells":   {[]image.Rectangle{ok}, imageproc.RedactOptions{Cells: 13}},
		"no such mode": {[]image.Rectangle{ok}, imageproc.RedactOptions{Mode: 3}},
		"feather":      {[]image.Rectangle{ok}, imageproc.RedactOptions{Feather: -1}},
	} {
		m := static(image.Rect(0, 0, 40, 40), 5)
		before := slices.Clone(m.Pix)
		if err := imageproc.Redact(m, q.regions, &q.o); !errors.Is(err, imageproc.ErrOption) || !bytes.Equal(m.Pix, before) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := imageproc.Redact(static(image.Rect(0, 0, 4, 4), 5), nil, nil); err != nil {
		t.Error(err)
	}
}

func BenchmarkRedact(b *testing.B) {
	m := image.NewNRGBA(image.Rect(0, 0, 4000, 3000))
	face := []image.Rectangle{image.Rect(1500, 800, 2000, 1400)}
	for b.Loop() {
		if err := imageproc.Redact(m, face, &imageproc.RedactOptions{Feather: 20}); err != nil {
			b.Fatal(err)
		}
	}
}
