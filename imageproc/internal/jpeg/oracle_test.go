package jpeg_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// tool runs a program of libjpeg-turbo, the oracle.
func tool(t *testing.T, stdin []byte, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name+" is missing: apt-get install libjpeg-turbo-progs")
	}
	cmd := exec.Command(path, args...)
	var out, messages bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &messages
	if err := cmd.Run(); err != nil && out.Len() == 0 {
		t.Fatalf("%s %v: %v: %s", name, args, err, messages.Bytes())
	}
	return out.Bytes()
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// sharedDir is the folder of the pictures outside the repository.
func sharedDir() string {
	if dir := os.Getenv("FITVEIL_SHARED"); dir != "" {
		return dir
	}
	return "../../../../shared"
}

// picture is w × h pixels with edges, gradients and noise, as a PPM file.
func picture(w, h int) []byte {
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	b := fmt.Appendf(nil, "P6\n%d %d\n255\n", w, h)
	for y := range h {
		for x := range w {
			r, g, bl := x*255/w, y*255/h, (x+y)*3&255
			if (x/9+y/7)%3 == 0 {
				r, bl = 255-r, 20
			}
			b = append(b, byte(max(0, min(255, r+rnd.IntN(31)-15))), byte(max(0, min(255, g+rnd.IntN(31)-15))), byte(bl))
		}
	}
	return b
}

// pnm reads what djpeg writes.
func pnm(t *testing.T, data []byte) (w, h, channels int, pix []byte) {
	t.Helper()
	var kind, depth int
	if n, err := fmt.Sscanf(string(data[:min(len(data), 40)]), "P%d\n%d %d\n%d", &kind, &w, &h, &depth); n != 4 {
		t.Fatalf("no PNM: %v", err)
	}
	if channels = 1; kind == 6 {
		channels = 3
	}
	return w, h, channels, data[len(data)-w*h*channels:]
}

// decode decodes all bands into one plane a component.
func decode(data []byte, o jpeg.Options) (*jpeg.Header, [4]jpeg.Plane, *jpeg.Decoder, error) {
	d := new(jpeg.Decoder)
	h, planes, err := decodeWith(d, data, o)
	return h, planes, d, err
}

func decodeWith(d *jpeg.Decoder, data []byte, o jpeg.Options) (*jpeg.Header, [4]jpeg.Plane, error) {
	var planes [4]jpeg.Plane
	h, err := d.ReadHeader([][]byte{data})
	if err != nil {
		return nil, planes, err
	}
	if err := d.Start(context.Background(), o); err != nil {
		return h, planes, err
	}
	for {
		band, err := d.Band(context.Background())
		if errors.Is(err, io.EOF) {
			return h, planes, nil
		}
		if err != nil {
			return h, planes, err
		}
		for i := range h.Components {
			b, p := band[i], &planes[i]
			p.Width, p.Stride = b.Width, b.Width
			p.Height += max(b.Height, 0)
			for y := range max(b.Height, 0) {
				p.Pix = append(p.Pix, b.Pix[y*b.Stride:y*b.Stride+b.Width]...)
			}
		}
	}
}

// rgb converts as jdcolor.c does, chroma repeated.
func rgb(h *jpeg.Header, p [4]jpeg.Plane) []byte {
	var out []byte
	w, height := p[0].Width, p[0].Height
	fx, fy := (w+p[1].Width-1)/p[1].Width, (height+p[1].Height-1)/p[1].Height
	for y := range height {
		for x := range w {
			l := int(p[0].Pix[y*w+x])
			at := y/fy*p[1].Width + x/fx
			cb, cr := int(p[1].Pix[at])-128, int(p[2].Pix[at])-128
			if h.Space == jpeg.RGB {
				out = append(out, byte(l), byte(cb+128), byte(cr+128))
				continue
			}
			c := func(v int) byte { return byte(max(0, min(255, v))) }
			out = append(out, c(l+(91881*cr+32768)>>16), c(l+(-22554*cb-46802*cr+32768)>>16), c(l+(116130*cb+32768)>>16))
		}
	}
	return out
}

func differ(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d samples, libjpeg-turbo has %d", what, len(got), len(want))
		return
	}
	n, worst := 0, 0
	for i := range got {
		if got[i] != want[i] {
			n++
			worst = max(worst, max(int(got[i]), int(want[i]))-min(int(got[i]), int(want[i])))
		}
	}
	if n > 0 {
		t.Errorf("%s: %d of %d samples differ from libjpeg-turbo's, by up to %d", what, n, len(got), worst)
	}
}

var encodings = []struct {
	name string
	args []string
	frac [2]int // what chroma is subsampled by
}{
	{"420", []string{"-sample", "2x2"}, [2]int{2, 2}},
	{"444", []string{"-sample", "1x1"}, [2]int{1, 1}},
	{"422", []string{"-sample", "2x1"}, [2]int{2, 1}},
	{"440", []string{"-sample", "1x2"}, [2]int{1, 2}},
	{"420 optimised, restart", []string{"-sample", "2x2", "-optimize", "-restart", "3B"}, [2]int{2, 2}},
	{"420 progressive", []string{"-sample", "2x2", "-progressive"}, [2]int{2, 2}},
	{"444 progressive, restart", []string{"-sample", "1x1", "-progressive", "-restart", "1"}, [2]int{1, 1}},
	{"rgb", []string{"-rgb"}, [2]int{1, 1}},
	{"grey", []string{"-grayscale"}, [2]int{1, 1}},
	{"grey progressive", []string{"-grayscale", "-progressive"}, [2]int{1, 1}},
}

func TestAgainstLibjpegTurbo(t *testing.T) {
	for _, e := range encodings {
		for _, size := range [][2]int{{203, 119}, {64, 48}, {1, 1}, {17, 8}} {
			for _, quality := range []string{"30", "90", "100"} {
				file := tool(t, picture(size[0], size[1]), "cjpeg", append([]string{"-quality", quality}, e.args...)...)
				t.Run(fmt.Sprintf("%s %dx%d q%s", e.name, size[0], size[1], quality), func(t *testing.T) {
					compare(t, file, e.frac)
				})
			}
		}
	}
}

func compare(t *testing.T, file []byte, frac [2]int) {
	for n := 1; n <= 8; n++ {
		// libjpeg-turbo scales chroma up in the transform, beyond 8 samples too,
		// which we do not: then it is luma that is compared.
		args := []string{"-nosmooth", "-pnm", "-scale", strconv.Itoa(n) + "/8"}
		chroma := n
		if frac == [2]int{2, 2} && n < 8 {
			if chroma = 2 * n; chroma > 8 {
				args, chroma = append(args, "-grayscale"), n
			}
		}
		h, planes, _, err := decode(file, jpeg.Options{Scale: [4]int{n, chroma, chroma, n}})
		if err != nil {
			t.Fatalf("%d/8: %v", n, err)
		}
		w, height, channels, want := pnm(t, tool(t, file, "djpeg", args...))
		if w != planes[0].Width || height != planes[0].Height {
			t.Fatalf("%d/8: %d×%d, want %d×%d", n, planes[0].Width, planes[0].Height, w, height)
		}
		if channels == 1 {
			differ(t, fmt.Sprintf("%d/8", n), planes[0].Pix, want)
			continue
		}
		differ(t, fmt.Sprintf("%d/8", n), rgb(h, planes), want)
	}
}
