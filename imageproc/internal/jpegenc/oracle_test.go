package jpegenc_test

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpegenc"
)

// picture has smooth parts, edges and noise.
func picture(w, h int) *image.RGBA {
	r := rand.New(rand.NewPCG(1, uint64(w*h)))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p := m.Pix[m.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = byte(x*255/w), byte(y*255/h), byte((x+y)*4), 255
			switch {
			case x/16%3 == 0 && y/16%2 == 0:
				p[0], p[1], p[2] = byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())
			case x/7%5 == 0:
				p[0], p[1], p[2] = 255, 255, 0
			}
		}
	}
	return m
}

// encode is the encoder's whole use.
func encode(e *jpegenc.Encoder, m *image.RGBA, s jpegenc.Sampling, o jpegenc.Options) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	e.Start(w, h, s, o)
	var band [3]jpegenc.Plane
	for i := range band {
		band[i] = jpegenc.Plane{Pix: make([]byte, 16*jpegenc.Blocks(w)), Stride: jpegenc.Blocks(w)}
	}
	for y := 0; o.TwoPass && y < h; y += e.BandRows() {
		rows := min(e.BandRows(), h-y)
		jpegenc.Convert(&band, s, m.Pix[y*m.Stride:], m.Stride, w, rows)
		e.Count(&band, rows)
	}
	for y := 0; y < h; y += e.BandRows() {
		rows := min(e.BandRows(), h-y)
		jpegenc.Convert(&band, s, m.Pix[y*m.Stride:], m.Stride, w, rows)
		e.Band(&band)
	}
	return bytes.Clone(e.Finish())
}

// cjpeg is libjpeg-turbo's encoder; its file without APP0.
func cjpeg(t *testing.T, m *image.RGBA, args ...string) []byte {
	t.Helper()
	b := m.Bounds()
	in := fmt.Appendf(nil, "P6\n%d %d\n255\n", b.Dx(), b.Dy())
	for i := 0; i < len(m.Pix); i += 4 {
		in = append(in, m.Pix[i:i+3]...)
	}
	cmd := exec.CommandContext(t.Context(), "cjpeg", args...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return append(out[:2:2], out[2+2+int(out[4])<<8+int(out[5]):]...)
}

// TestAgainstLibjpeg compares whole files, byte for byte.
func TestAgainstLibjpeg(t *testing.T) {
	if _, err := exec.LookPath("cjpeg"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("cjpeg is not here")
		}
		t.Skip("cjpeg is not here: install libjpeg-turbo-progs")
	}
	var e jpegenc.Encoder
	for _, size := range []image.Point{{1, 1}, {7, 9}, {8, 8}, {16, 16}, {17, 15}, {24, 40}, {33, 66}, {200, 133}} {
		m := picture(size.X, size.Y)
		for _, quality := range []int{1, 50, 85, 100} {
			for _, optimise := range []bool{false, true} {
				for s, name := range map[jpegenc.Sampling]string{jpegenc.YCbCr420: "2x2", jpegenc.YCbCr444: "1x1", jpegenc.Grey: "grey"} {
					args := []string{"-dct", "int", "-quality", fmt.Sprint(quality), "-baseline"}
					if s == jpegenc.Grey {
						args = append(args, "-grayscale")
					} else {
						args = append(args, "-sample", name)
					}
					if optimise {
						args = append(args, "-optimize")
					}
					want := cjpeg(t, m, args...)
					got := encode(&e, m, s, jpegenc.Options{Quality: quality, Optimise: optimise})
					if !bytes.Equal(got, want) {
						t.Errorf("%v, quality %d, %s, optimised %v: %d bytes, libjpeg has %d", size, quality, name, optimise, len(got), len(want))
					}
				}
			}
		}
	}
}
