package jpeg_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
	"github.com/google/go-cmp/cmp"
)

// script runs cjpeg with a scan script of its own.
func script(t *testing.T, ppm []byte, scans string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scans")
	if err := os.WriteFile(path, []byte(scans), 0o600); err != nil {
		t.Fatal(err)
	}
	return tool(t, ppm, "cjpeg", append([]string{"-scans", path}, args...)...)
}

func TestScansOfOneComponent(t *testing.T) {
	for _, scans := range []string{"0;\n1;\n2;\n", "2;\n0,1;\n", "0,1;\n2;\n"} {
		file := script(t, picture(83, 45), scans, "-sample", "2x2", "-restart", "4B")
		compare(t, file, [2]int{2, 2})
	}
	// Progressive DC of one component each, with all kinds of refinement.
	file := script(t, picture(83, 45), `0: 0-0, 0, 1;
1: 0-0, 0, 2; 2: 0-0, 0, 1; 0: 1-3, 0, 3; 0: 4-63, 0, 0; 1: 1-63, 0, 1; 2: 1-63, 0, 2;
0: 1-3, 3, 2; 1: 0-0, 2, 1; 0: 1-3, 2, 1; 2: 1-63, 2, 1; 2: 1-63, 1, 0; 0: 1-3, 1, 0; 1: 1-63, 1, 0;
0: 0-0, 1, 0; 1: 0-0, 1, 0; 2: 0-0, 1, 0;`, "-sample", "2x1", "-quality", "95")
	compare(t, file, [2]int{2, 1})
}

// TestSubsamplings looks at those that image.YCbCr has no name for: the samples
// of luma and of chroma, against files of one component.
func TestSubsamplings(t *testing.T) {
	for _, sample := range []string{"4x1,1x1,1x1", "1x4", "2x2,1x2,2x1", "1x1,2x2,1x2", "3x1", "3x2,1x1,3x1", "4x2"} {
		for _, kind := range []string{"-optimize", "-progressive"} {
			file := tool(t, picture(101, 67), "cjpeg", "-sample", sample, kind)
			for _, n := range []int{1, 3, 8} {
				h, planes, _, err := decode(file, jpeg.Options{Scale: [4]int{n, n, n, n}})
				if err != nil {
					t.Fatalf("%s: %v", sample, err)
				}
				for i := range h.Components {
					if w, height := h.Size(i, n); planes[i].Width != w || planes[i].Height != height {
						t.Errorf("%s: component %d is %d×%d, want %d×%d", sample, i, planes[i].Width, planes[i].Height, w, height)
					}
				}
				if strings.HasPrefix(sample, "1x1,") {
					continue // djpeg interpolates luma here
				}
				_, _, _, want := pnm(t, tool(t, file, "djpeg", "-grayscale", "-pnm", "-scale", fmt.Sprintf("%d/8", n)))
				differ(t, fmt.Sprintf("%s %d/8", sample, n), planes[0].Pix, want)
			}
		}
	}
}

// TestPieces cuts files in two at every place: the result is the same.
func TestPieces(t *testing.T) {
	for _, args := range [][]string{{"-restart", "1"}, {"-progressive"}} {
		file := tool(t, picture(40, 24), "cjpeg", args...)
		_, want, _, err := decode(file, jpeg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var d jpeg.Decoder
		for cut := range len(file) {
			h, err := d.ReadHeader([][]byte{file[:cut], nil, file[cut:]})
			if err != nil {
				t.Fatal(cut, err)
			}
			if err := d.Start(context.Background(), jpeg.Options{}); err != nil {
				t.Fatal(cut, err)
			}
			for y := 0; y < h.Height; {
				band, err := d.Band(context.Background())
				if err != nil {
					t.Fatal(cut, err)
				}
				for r := range band[0].Height {
					if !bytes.Equal(band[0].Pix[r*band[0].Stride:][:h.Width], want[0].Pix[y*h.Width:][:h.Width]) {
						t.Fatalf("cut at %d: row %d differs", cut, y)
					}
					y++
				}
			}
		}
	}
}

// TestTruncated cuts files everywhere: by default that is an error, and on
// demand the result is what djpeg shows.
func TestTruncated(t *testing.T) {
	for _, args := range [][]string{{"-grayscale"}, {"-grayscale", "-restart", "1"}, {"-grayscale", "-progressive"}} {
		file := tool(t, picture(64, 64), "cjpeg", args...)
		progressive := args[len(args)-1] == "-progressive"
		head := bytes.Index(file, []byte{0xFF, 0xDA})
		same, cuts := 0, 0
		for cut := head + 20; cut < len(file)-2; cut += 31 {
			if file[cut-1] == 0xFF {
				continue
			}
			_, _, _, err := decode(file[:cut], jpeg.Options{})
			var e *jpeg.Error
			if !errors.As(err, &e) || e.Kind != jpeg.Truncated {
				t.Errorf("%v cut at %d: %v, want a truncated file", args, cut, err)
			}
			_, planes, d, err := decode(file[:cut], jpeg.Options{Truncated: true})
			if err != nil || !d.Truncated() {
				t.Errorf("%v cut at %d: error %v, truncated %t", args, cut, err, d.Truncated())
				continue
			}
			if progressive {
				continue // djpeg smooths what is missing
			}
			_, _, _, want := pnm(t, tool(t, file[:cut], "djpeg", "-pnm"))
			if cuts++; bytes.Equal(planes[0].Pix, want) {
				same++
			}
		}
		if same < cuts {
			t.Errorf("%v: %d of %d cuts look as with djpeg", args, same, cuts)
		}
	}
}

func TestRefusals(t *testing.T) {
	file := tool(t, picture(16, 16), "cjpeg")
	sof := bytes.Index(file, []byte{0xFF, 0xC0})
	change := func(at int, b ...byte) []byte {
		c := bytes.Clone(file)
		copy(c[at:], b)
		return c
	}
	for _, row := range []struct {
		name, want string
		file       []byte
		kind       jpeg.Kind
	}{
		{"12 bits", "12 bits per sample", change(sof+4, 12), jpeg.Unsupported},
		{"lossless", "lossless", change(sof+1, 0xC3), jpeg.Unsupported},
		{"arithmetic", "arithmetic", change(sof+1, 0xC9), jpeg.Unsupported},
		{"progressive arithmetic", "arithmetic", change(sof+1, 0xCA), jpeg.Unsupported},
		{"hierarchical", "hierarchical", change(sof+1, 0xC5), jpeg.Unsupported},
		{"no height", "height given after", change(sof+5, 0, 0), jpeg.Unsupported},
		{"no width", "width 0", change(sof+7, 0, 0), jpeg.Corrupt},
		{"two components", "2 components", change(sof+9, 2), jpeg.Unsupported},
		{"sampling 5", "component 0", change(sof+11, 0x51), jpeg.Corrupt},
		{"not JPEG", "not a JPEG", []byte("GIF89a"), jpeg.Corrupt},
		{"empty", "not a JPEG", nil, jpeg.Corrupt},
		{"no scan", "no picture", []byte{0xFF, 0xD8, 0xFF, 0xD9}, jpeg.Corrupt},
		{"too many blocks", "more than 10 blocks", change(sof+11, 0x44), jpeg.Corrupt},
	} {
		_, _, _, err := decode(row.file, jpeg.Options{})
		var e *jpeg.Error
		if !errors.As(err, &e) || e.Kind != row.kind || !strings.Contains(e.Reason, row.want) {
			t.Errorf("%s: %v, want %q of kind %d", row.name, err, row.want, row.kind)
		}
	}
}

// TestSpaces reads colour spaces as libjpeg does.
func TestSpaces(t *testing.T) {
	rgb := tool(t, picture(16, 16), "cjpeg", "-rgb")
	got := map[string]jpeg.Space{}
	for name, file := range map[string][]byte{
		"colour": tool(t, picture(16, 16), "cjpeg"), "grey": tool(t, picture(16, 16), "cjpeg", "-grayscale"), "adobe rgb": rgb,
		"rgb by name":  bytes.Replace(rgb, []byte("Adobe"), []byte("other"), 1),
		"cmyk":         fourComponents(0, true),
		"ycck":         fourComponents(2, true),
		"cmyk unnamed": fourComponents(2, false),
	} {
		var d jpeg.Decoder
		h, err := d.ReadHeader([][]byte{file})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got[name] = h.Space
	}
	want := map[string]jpeg.Space{
		"colour": jpeg.YCbCr, "grey": jpeg.Gray, "adobe rgb": jpeg.RGB, "rgb by name": jpeg.RGB,
		"cmyk": jpeg.CMYK, "ycck": jpeg.YCCK, "cmyk unnamed": jpeg.CMYK,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// fourComponents is a frame and a scan of four components, all grey.
func fourComponents(transform byte, adobe bool) []byte {
	b := []byte{0xFF, 0xD8}
	if adobe {
		b = append(b, 0xFF, 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform)
	}
	b = append(b, 0xFF, 0xDB, 0, 67, 0)
	for range 64 {
		b = append(b, 1)
	}
	b = append(b, 0xFF, 0xC0, 0, 20, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0)
	for class := range byte(2) { // one code of one bit: 0
		b = append(b, 0xFF, 0xC4, 0, 20, class<<4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	return append(b, 0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0, 0x00, 0xFF, 0xD9)
}

// TestReuse decodes different files with one Decoder, as if each were the first,
// without taking memory any more.
func TestReuse(t *testing.T) {
	files := [][]byte{
		tool(t, picture(90, 70), "cjpeg", "-optimize"), tool(t, picture(80, 90), "cjpeg", "-progressive"),
		tool(t, picture(33, 21), "cjpeg", "-grayscale"), tool(t, picture(90, 70), "cjpeg", "-rgb", "-quality", "50"),
	}
	var d jpeg.Decoder
	for round := range 3 {
		for i, file := range files {
			_, want, _, err := decode(file, jpeg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, got, err := decodeWith(&d, file, jpeg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("round %d, file %d: %s", round, i, diff)
			}
		}
	}
	ctx := context.Background()
	pieces := [][]byte{files[0]}
	if n := testing.AllocsPerRun(20, func() {
		if _, err := d.ReadHeader(pieces); err != nil {
			t.Fatal(err)
		}
		if err := d.Start(ctx, jpeg.Options{}); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			if _, err := d.Band(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations a photo", n)
	}
}

// TestRelease has a file that takes more memory than any photo, and lets go of it.
func TestRelease(t *testing.T) {
	small := tool(t, picture(90, 70), "cjpeg", "-progressive")
	large := bytes.Clone(small)
	at := bytes.Index(large, []byte("\xFF\xC2")) + 5
	binary.BigEndian.PutUint16(large[at:], 6000)
	binary.BigEndian.PutUint16(large[at+2:], 6000)
	var d jpeg.Decoder
	for _, row := range []struct {
		file  []byte
		stays bool
	}{{small, true}, {large, false}, {small, true}} {
		if _, err := d.ReadHeader([][]byte{row.file}); err != nil {
			t.Fatal(err)
		}
		if err := d.Start(t.Context(), jpeg.Options{Truncated: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Band(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.Release()
		if stays := d.Held() > 0; stays != row.stays {
			t.Errorf("of a file of %d bytes %d stay", len(row.file), d.Held())
		}
	}
}

func TestContext(t *testing.T) {
	var d jpeg.Decoder
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := d.ReadHeader([][]byte{tool(t, picture(64, 64), "cjpeg")}); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(ctx, jpeg.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Band(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := d.Band(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Band after the end of the context: %v", err)
	}
	if _, err := d.ReadHeader([][]byte{tool(t, picture(64, 64), "cjpeg", "-progressive")}); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(ctx, jpeg.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Start after the end of the context: %v", err)
	}
}

// TestCorpus decodes every JPEG file of the corpora: what the standard library
// takes, and nothing of what it refuses but for what is listed.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedDir(), "corpus", "jpeg", "*"))
	if err != nil || len(files) == 0 {
		missing(t, "the shared pictures are not here; FITVEIL_SHARED says where")
	}
	ours := map[string]string{ // what only one of the two decodes, and why
		"55c7399d": "luma is subsampled, which image/jpeg does not know",
	}
	var d jpeg.Decoder
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := stdjpeg.DecodeConfig(bytes.NewReader(data))
		if err == nil && cfg.Width*cfg.Height > 4_000_000 {
			continue // the large ones take time, and are like the others
		}
		img, stdErr := stdjpeg.Decode(bytes.NewReader(data))
		h, planes, ourErr := decodeWith(&d, data, jpeg.Options{})
		name := filepath.Base(path)
		if (stdErr == nil) != (ourErr == nil) && ours[name[:8]] == "" {
			t.Errorf("%s: error %v, image/jpeg says %v", name, ourErr, stdErr)
		}
		if stdErr == nil && ourErr == nil {
			near(t, name, h, planes, img)
		}
		_, _, err = decodeWith(&d, data, jpeg.Options{Truncated: true})
		if err != nil && ourErr == nil {
			t.Errorf("%s: with Truncated: %v", name, err)
		}
	}
}

// near compares with image/jpeg, whose transform rounds differently.
func near(t *testing.T, name string, h *jpeg.Header, p [4]jpeg.Plane, img image.Image) {
	t.Helper()
	var pix []byte
	var stride int
	switch m := img.(type) {
	case *image.YCbCr:
		pix, stride = m.Y, m.YStride
	case *image.Gray:
		pix, stride = m.Pix, m.Stride
	default:
		return
	}
	worst := 0
	for y := range h.Height {
		for x := range h.Width {
			a, b := int(p[0].Pix[y*h.Width+x]), int(pix[y*stride+x])
			worst = max(worst, a-b, b-a)
		}
	}
	if worst > 2 {
		t.Errorf("%s: luma differs from image/jpeg's by up to %d", name, worst)
	}
}
