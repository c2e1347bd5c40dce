package room_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/room"
)

type fataler interface {
	Helper()
	Fatal(...any)
	Context() context.Context
}

// clean makes an upload of a picture, without loss.
func clean(t fataler, img image.Image) *imageproc.Clean {
	t.Helper()
	var b bytes.Buffer
	if err := imageproc.Encode(&b, img, imageproc.PNG, nil); err != nil {
		t.Fatal(err)
	}
	c, err := imageproc.Sanitize(t.Context(), &b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// nobody is a detector that sees an empty room.
type nobody struct{}

func (nobody) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	return &detect.Scene{Bounds: img.Bounds(), Model: "nobody"}, nil
}

// render goes the whole way, through a client.
func render(t fataler, photo, product image.Image, o *room.Options, corners ...tryon.Point) (*tryon.Result, error) {
	t.Helper()
	screened, err := detect.Screen(t.Context(), nobody{}, clean(t, photo), detect.NoPeople(), nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: room.New(o)}}})
	if err != nil {
		t.Fatal(err)
	}
	shopper := consent.NewSubject([]byte("a key of 32 bytes for tests only"), "shop", "customer")
	return client.Render(t.Context(), consent.Unmanaged("test").For(shopper), &tryon.Request{
		Subject: shopper, Photo: screened, Task: tryon.InRoom,
		Items:  []tryon.Item{{ID: "item", Image: clean(t, product)}},
		Region: tryon.EditRegion{Polygon: corners},
	})
}

func pixels(t fataler, r *tryon.Result) image.Image {
	t.Helper()
	img, err := r.Images[0].Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// wall is an evenly lit grey room.
func wall(w, h int, grey uint8) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.NewUniform(color.Gray{grey}), image.Point{}, draw.Src)
	return m
}

// checks is a poster of four colours.
func checks(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, c := range []color.RGBA{{220, 20, 20, 255}, {20, 180, 20, 255}, {20, 20, 220, 255}, {230, 220, 20, 255}} {
		draw.Draw(m, image.Rect(i%2*w/2, i/2*h/2, (i%2+1)*w/2, (i/2+1)*h/2), image.NewUniform(c), image.Point{}, draw.Src)
	}
	return m
}

func near(a, b color.Color, d float64) bool {
	r, g, bl, _ := a.RGBA()
	s, h, cl, _ := b.RGBA()
	return math.Abs(float64(r)-float64(s)) <= d*257 && math.Abs(float64(g)-float64(h)) <= d*257 && math.Abs(float64(bl)-float64(cl)) <= d*257
}

// In perspective the middle of the poster is where the diagonals cross, its four
// colours are on their sides of it, and outside the corners nothing changes.
func TestFlat(t *testing.T) {
	corners := []tryon.Point{{X: 60, Y: 40}, {X: 260, Y: 90}, {X: 250, Y: 200}, {X: 70, Y: 230}}
	photo, poster := wall(320, 260, 150), checks(300, 200)
	result, err := render(t, photo, poster, nil, corners...)
	if err != nil {
		t.Fatal(err)
	}
	if result.Backend != room.Name || len(result.Warnings) != 1 || result.Warnings[0].Code != room.WarnPreview {
		t.Errorf("%+v", result)
	}
	img := pixels(t, result)
	// Of the diagonals 60,40 to 250,200 and 260,90 to 70,230.
	middle := image.Pt(185, 145)
	for i, d := range []image.Point{{-12, -12}, {12, -12}, {-12, 12}, {12, 12}} {
		want := poster.At(i%2*200+50, i/2*150+20)
		if at := middle.Add(d); !near(img.At(at.X, at.Y), want, 12) {
			t.Errorf("beside the middle, part %d is %v, want %v", i, img.At(at.X, at.Y), want)
		}
	}
	for i, c := range corners {
		inside := image.Pt(int(c.X+(165-c.X)*.08), int(c.Y+(135-c.Y)*.08))
		want := poster.At([]int{20, 280, 280, 20}[i], []int{20, 20, 180, 180}[i])
		if !near(img.At(inside.X, inside.Y), want, 12) {
			t.Errorf("corner %d is %v, want %v", i, img.At(inside.X, inside.Y), want)
		}
	}
	changed := 0
	for y := range 260 {
		for x := range 320 {
			if near(img.At(x, y), photo.At(x, y), 0) {
				continue
			}
			changed++
			if x < 59 || x > 260 || y < 39 || y > 230 {
				t.Fatalf("%d,%d changed", x, y)
			}
		}
	}
	if area := 28_500.; math.Abs(float64(changed)-area) > .03*area {
		t.Errorf("%d pixels changed, of about %.0f", changed, area)
	}
}

// The course of the light on the wall goes on over the poster, and a warm lamp
// warms it.
func TestLight(t *testing.T) {
	photo := wall(300, 200, 0)
	for y := range 200 {
		for x := range 300 {
			v := 110 + float64(x)*.3
			photo.SetRGBA(x, y, color.RGBA{uint8(v), uint8(v * .9), uint8(v * .75), 255})
		}
	}
	white := image.NewUniform(color.Gray{200})
	poster := image.NewRGBA(image.Rect(0, 0, 100, 100))
	draw.Draw(poster, poster.Rect, white, image.Point{}, draw.Src)
	result, err := render(t, photo, poster, nil, tryon.Point{X: 50, Y: 50}, tryon.Point{X: 250, Y: 50}, tryon.Point{X: 250, Y: 150}, tryon.Point{X: 50, Y: 150})
	if err != nil {
		t.Fatal(err)
	}
	img := pixels(t, result)
	left, _, _, _ := img.At(70, 100).RGBA()
	right, g, b, _ := img.At(230, 100).RGBA()
	if right <= left+5*257 {
		t.Errorf("the light runs from %d to %d", left/257, right/257)
	}
	if right <= g || g <= b {
		t.Errorf("in warm light the poster is %d %d %d", right/257, g/257, b/257)
	}
}

// A thing that stands is its outline, and darkens the ground before it.
func TestStanding(t *testing.T) {
	vase := image.NewNRGBA(image.Rect(0, 0, 200, 300))
	for y := range 300 {
		for x := range 200 {
			if dx, dy := float64(x)-100, float64(y)-150; dx*dx/(70*70)+dy*dy/(120*120) < 1 {
				vase.SetNRGBA(x, y, color.NRGBA{30, 60, 160, 255})
			}
		}
	}
	photo := wall(300, 300, 190)
	corners := []tryon.Point{{X: 100, Y: 80}, {X: 200, Y: 80}, {X: 200, Y: 240}, {X: 100, Y: 240}}
	result, err := render(t, photo, vase, &room.Options{Standing: true}, corners...)
	if err != nil {
		t.Fatal(err)
	}
	img := pixels(t, result)
	if !near(img.At(150, 160), color.NRGBA{30, 60, 160, 255}, 14) {
		t.Errorf("the vase is %v", img.At(150, 160))
	}
	if !near(img.At(103, 84), photo.At(103, 84), 0) {
		t.Errorf("beside the vase it is %v", img.At(103, 84))
	}
	before, _, _, _ := photo.At(150, 242).RGBA()
	after, _, _, _ := img.At(150, 242).RGBA()
	if after >= before-20*257 {
		t.Errorf("under the vase: %d, before %d", after/257, before/257)
	}
	if !near(img.At(150, 280), photo.At(150, 280), 0) {
		t.Error("the shadow has no end")
	}
}

func TestRefused(t *testing.T) {
	square := []tryon.Point{{X: 50, Y: 50}, {X: 150, Y: 50}, {X: 150, Y: 150}, {X: 50, Y: 150}}
	for _, q := range []struct {
		name    string
		product image.Image
		o       room.Options
		corners []tryon.Point
		code    tryon.Code
		reason  tryon.Reason
	}{
		{"nowhere", checks(100, 100), room.Options{}, nil, tryon.BadRequest, room.NoRegion},
		{"three corners", checks(100, 100), room.Options{}, square[:3], tryon.BadRequest, room.RegionShape},
		{"counterclockwise", checks(100, 100), room.Options{}, []tryon.Point{square[0], square[3], square[2], square[1]}, tryon.BadRequest, room.RegionShape},
		{"crossed", checks(100, 100), room.Options{}, []tryon.Point{square[0], square[2], square[1], square[3]}, tryon.BadRequest, room.RegionShape},
		{"a dent", checks(100, 100), room.Options{}, []tryon.Point{square[0], square[1], {X: 70, Y: 70}, square[3]}, tryon.BadRequest, room.RegionShape},
		{"tiny", checks(100, 100), room.Options{}, []tryon.Point{{X: 50, Y: 50}, {X: 60, Y: 50}, {X: 60, Y: 60}, {X: 50, Y: 60}}, tryon.BadRequest, room.RegionSmall},
		{"seen from the side", checks(100, 100), room.Options{}, []tryon.Point{{X: 50, Y: 50}, {X: 150, Y: 149}, {X: 151, Y: 155}, {X: 50, Y: 70}}, tryon.BadRequest, room.RegionSmall},
		{"no outline to stand", checks(100, 100), room.Options{Standing: true}, square, tryon.BadProduct, room.NoCutOut},
	} {
		_, err := render(t, wall(200, 200, 150), q.product, &q.o, q.corners...)
		var e *tryon.Error
		if !errors.As(err, &e) || e.Code != q.code || e.Reason != q.reason {
			t.Errorf("%s: %v", q.name, err)
		}
	}
}

// Whatever the corners are, it draws or refuses, and changes nothing far outside.
func TestAnyCorners(t *testing.T) {
	photo, poster := wall(120, 90, 150), checks(64, 64)
	rapid.Check(t, func(t *rapid.T) {
		var corners []tryon.Point
		for i := range 4 {
			corners = append(corners, tryon.Point{
				X: rapid.Float64Range(0, 120).Draw(t, fmt.Sprint("x", i)), Y: rapid.Float64Range(0, 90).Draw(t, fmt.Sprint("y", i)),
			})
		}
		if rapid.Bool().Draw(t, "likely") { // clockwise around the middle
			for i, q := range [][2]float64{{0, 0}, {60, 0}, {60, 45}, {0, 45}} {
				corners[i] = tryon.Point{X: q[0] + corners[i].X/2, Y: q[1] + corners[i].Y/2}
			}
		}
		result, err := render(t, photo, poster, &room.Options{}, corners...)
		var e *tryon.Error
		if err != nil {
			if !errors.As(err, &e) || e.Code != tryon.BadRequest {
				t.Fatal(err)
			}
			return
		}
		img := pixels(t, result)
		lo, hi := corners[0], corners[0]
		for _, c := range corners {
			lo.X, lo.Y, hi.X, hi.Y = min(lo.X, c.X), min(lo.Y, c.Y), max(hi.X, c.X), max(hi.Y, c.Y)
		}
		for y := range 90 {
			for x := range 120 {
				if (float64(x) < lo.X-2 || float64(x) > hi.X+1 || float64(y) < lo.Y-2 || float64(y) > hi.Y+1) && !near(img.At(x, y), photo.At(x, y), 0) {
					t.Fatalf("%d,%d changed", x, y)
				}
			}
		}
	})
}
