package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // one of the originals
	"image/png"
	"os"
	"path/filepath"
)

// side is the width and height of the input pictures, that of MoveNet's input.
const side = 256

// inputs are the pictures in the golden folder: a person, a table without one,
// and a pattern that no camera made.
var inputs = []string{"hopper.png", "coffee.png", "waves.png"}

// A network is a model and how its input is filled from a picture.
type network struct {
	name      string
	side      int
	tolerance float64 // largest difference allowed on any output
	fill      func(plane int, c color.NRGBA) float32
}

var networks = []network{
	{"nanodet-g-416", 416, 2e-5, func(plane int, c color.NRGBA) float32 {
		switch plane {
		case 0:
			return (float32(c.B) - 103.53) / 57.375
		case 1:
			return (float32(c.G) - 116.28) / 57.12
		}
		return (float32(c.R) - 123.675) / 58.395
	}},
	{"movenet-multipose-256", 256, 1e-3, func(plane int, c color.NRGBA) float32 {
		return float32([3]uint8{c.R, c.G, c.B}[plane])
	}},
}

// tensor is the picture as 1×3×side×side, enlarged by repeating pixels: cell
// (x, y) takes pixel (x·256/side, y·256/side), rounded down.
func (n network) tensor(img *image.NRGBA) []float32 {
	t := make([]float32, 0, 3*n.side*n.side)
	for plane := range 3 {
		for y := range n.side {
			for x := range n.side {
				t = append(t, n.fill(plane, img.NRGBAAt(x*side/n.side, y*side/n.side)))
			}
		}
	}
	return t
}

// readPicture reads one of the input pictures.
func readPicture(path string) (*image.NRGBA, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if img.Bounds() != image.Rect(0, 0, side, side) {
		return nil, fmt.Errorf("%s: bounds %v", path, img.Bounds())
	}
	out := image.NewNRGBA(img.Bounds())
	for y := range side {
		for x := range side {
			out.Set(x, y, img.At(x, y))
		}
	}
	return out, nil
}

// drawInputs makes the input pictures from grace_hopper.jpg and coffee.png in
// the folder from. They are committed: a JPEG decoder may round otherwise
// tomorrow, a PNG may not.
func drawInputs(from, to string) error {
	for i, name := range []string{"grace_hopper.jpg", "coffee.png"} {
		f, err := os.Open(filepath.Join(from, name))
		if err != nil {
			return err
		}
		src, _, err := image.Decode(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := writePNG(filepath.Join(to, inputs[i]), fit(src)); err != nil {
			return err
		}
	}
	return writePNG(filepath.Join(to, inputs[2]), waves())
}

// fit shrinks src into a black square, aspect kept, centred; each pixel is the
// mean of the pixels it covers.
func fit(src image.Image) *image.NRGBA {
	b := src.Bounds()
	long := max(b.Dx(), b.Dy())
	w, h := b.Dx()*side/long, b.Dy()*side/long
	out := opaque()
	for y := range h {
		for x := range w {
			var r, g, bl, n uint32
			for sy := y * b.Dy() / h; sy < max((y+1)*b.Dy()/h, y*b.Dy()/h+1); sy++ {
				for sx := x * b.Dx() / w; sx < max((x+1)*b.Dx()/w, x*b.Dx()/w+1); sx++ {
					p := color.NRGBAModel.Convert(src.At(b.Min.X+sx, b.Min.Y+sy)).(color.NRGBA)
					r, g, bl, n = r+uint32(p.R), g+uint32(p.G), bl+uint32(p.B), n+1
				}
			}
			out.SetNRGBA((side-w)/2+x, (side-h)/2+y, color.NRGBA{uint8((r + n/2) / n), uint8((g + n/2) / n), uint8((bl + n/2) / n), 255})
		}
	}
	return out
}

// waves is a pattern of slanted triangle waves, another period in each channel:
// smooth slopes, edges and every brightness, without anything to recognise.
func waves() *image.NRGBA {
	out := opaque()
	tri := func(v, period int) uint8 { // 0 to 255 and back over a period
		v = v % period * 510 / period
		return uint8(min(v, 510-v))
	}
	for y := range side {
		for x := range side {
			out.SetNRGBA(x, y, color.NRGBA{tri(3*x+5*y, 640), tri(7*x+2*y, 410), tri(x*y/16+4*x, 730), 255})
		}
	}
	return out
}

func opaque() *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := 3; i < len(out.Pix); i += 4 {
		out.Pix[i] = 255
	}
	return out
}

func writePNG(path string, img image.Image) error {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, img); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
