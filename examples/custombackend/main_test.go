package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/httpbackend"
)

func plain(t *testing.T, w, h int, c color.Color) *imageproc.Clean {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	clean, err := imageproc.Sanitize(t.Context(), &b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return clean
}

func TestPaste(t *testing.T) {
	out, err := paste(t.Context(), &httpbackend.Job{
		Photo: plain(t, 90, 120, color.White), Items: []tryon.Item{{Image: plain(t, 60, 60, color.Black)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	img, err := imageproc.Decode(bytes.NewReader(out.Images[0].Data), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		x, y int
		dark bool
	}{{45, 60, true}, {10, 60, false}, {45, 10, false}} {
		if r, _, _, _ := img.At(test.x, test.y).RGBA(); (r < 0x8000) != test.dark {
			t.Errorf("pixel %d, %d is %v", test.x, test.y, img.At(test.x, test.y))
		}
	}
}
