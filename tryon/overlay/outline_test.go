package overlay

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// The landmarks of our own pictures are known from the pattern they were drawn
// by: 900 units a side, here 480 pixels.
func TestLandmarks(t *testing.T) {
	at := func(x, y float64) vec { return vec{(450 + x) * 480 / 900, y * 480 / 900} }
	tests := []struct {
		file     string
		sleeves  bool
		long     bool
		collar   vec // of the right half
		shoulder vec
		armpit   vec
		cuff     vec
		opening  float64 // below the collar points, in units of the pattern
	}{
		{"tee", true, false, at(86, 110), at(230, 160), at(236, 330), at(353, 353), 84},
		{"longsleeve", true, true, at(88, 114), at(224, 166), at(224, 336), at(361, 739), 60},
		{"tank", false, false, at(100, 92), at(152, 98), at(222, 326), vec{}, 226},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			m := Load(t, "testdata/"+test.file+".png").marks
			if m.sleeves != test.sleeves || m.long() != test.long {
				t.Errorf("sleeves %v, long %v", m.sleeves, m.long())
			}
			if math.Abs(m.axis-240) > 2 {
				t.Errorf("the axis is at %.1f", m.axis)
			}
			near := func(what string, got, want vec, within float64) {
				if got.sub(want).len() > within {
					t.Errorf("%s at %.0f, want %.0f", what, got, want)
				}
			}
			near("collar", m.collar[1], test.collar, 12)
			near("shoulder", m.shoulder[1], test.shoulder, 10)
			near("armpit", m.armpit[1], test.armpit, 10)
			if test.sleeves {
				near("cuff", m.cuff[1], test.cuff, 12)
			}
			if got := m.opening * 900 / 480; math.Abs(got-test.opening) > 14 {
				t.Errorf("the opening is %.0f units deep, want %.0f", got, test.opening)
			}
		})
	}
}

// The cut-out takes nothing of the background along: laid on black, no pixel is
// brighter than the product itself.
func TestNoFringe(t *testing.T) {
	const side = 600
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			// A dark shape with a soft edge and a soft shadow, on white.
			d := math.Hypot(float64(x)-300, (float64(y)-300)*.8) - 180
			shadow := 255 - 70*clamp(1-d/9, 0, 1)
			a := clamp(.5-d/2, 0, 1)
			v := uint8(shadow*(1-a) + 30*a)
			img.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	c, err := cutout.Cut(img)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range c.Inner {
		a := float64(c.Pix[4*i+3]) / 255
		n += int(c.Pix[4*i+3]) / 255
		if v := float64(c.Pix[4*i]) * a; v > 45 {
			t.Fatalf("pixel %d,%d shows %.0f of the background", i%side, i/side, v)
		}
	}
	if whole := math.Pi * 180 * 180 / .8; float64(n) < .95*whole || float64(n) > whole {
		t.Errorf("%d pixels of about %.0f are left", n, whole)
	}
}

// Neighbouring triangles share their edge without a gap and without drawing a
// pixel twice.
func TestTrianglesMeet(t *testing.T) {
	plain := &texture{w: 8, h: 8, scale: 1, pix: make([]float32, 4*64)}
	for i := range plain.pix {
		plain.pix[i] = .5 // half transparent: drawn twice it would be more
	}
	m := &mesh{}
	const n = 9
	for j := range n {
		for i := range n {
			// A bent grid, so that edges run in every direction.
			x, y := float64(i)*7.3, float64(j)*6.1
			m.vertices = append(m.vertices, vertex{
				src: vec{4, 4}, shade: 1,
				dst: vec{5 + x + 2*math.Sin(y/9), 4 + y + 3*math.Cos(x/11)},
			})
		}
	}
	for j := range int32(n - 1) {
		for i := range int32(n - 1) {
			a := j*n + i
			m.triangles = append(m.triangles, triangle{v: [3]int32{a, a + 1, a + n + 1}}, triangle{v: [3]int32{a, a + n + 1, a + n}})
		}
	}
	b := newBand(image.Rect(0, 0, 80, 70))
	b.draw(m, plain)
	for y := 12; y < 50; y++ {
		for x := 12; x < 58; x++ {
			if a := b.trunk[4*(y*80+x)+3]; a != .5 {
				t.Fatalf("pixel %d,%d has alpha %v", x, y, a)
			}
		}
	}
}

// Shrinking a texture keeps its light.
func TestTextureKeepsLight(t *testing.T) {
	c := &cutout.Cutout{W: 90, H: 70, Pix: make([]uint8, 4*90*70)}
	want := 0.
	for i := range 90 * 70 {
		v := uint8((i * 37) % 256)
		c.Pix[4*i], c.Pix[4*i+1], c.Pix[4*i+2], c.Pix[4*i+3] = v, v, v, 255
		want += float64(toLinear[v]) / (90 * 70)
	}
	for _, scale := range []float64{1, .73, .5, .31} {
		x := newTexture(c, scale)
		got, alpha := 0., 0.
		n := float64(90*scale) * (70 * scale)
		for i := 0; i < len(x.pix); i += 4 {
			got += float64(x.pix[i]) / n
			alpha += float64(x.pix[i+3]) / n
		}
		if math.Abs(got-want) > .01*want || math.Abs(alpha-1) > .01 {
			t.Errorf("scale %v: light %.4f, want %.4f; alpha %.4f", scale, got, want, alpha)
		}
	}
}

// Every 8-bit value returns from linear light as it came.
func TestLightReturns(t *testing.T) {
	for v := range 256 {
		if got := toSRGB(toLinear[v]); int(got) != v {
			t.Errorf("%d comes back as %d", v, got)
		}
	}
	if toSRGB(-1) != 0 || toSRGB(2) != 255 || toSRGB(float32(math.NaN())) != 0 {
		t.Error("values out of range are not clamped")
	}
}
