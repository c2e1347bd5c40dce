package imageproc_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fitveil/fitveil/imageproc"
)

// vips runs one of libvips' programs and returns what it prints, or that it gave
// up.
func vips(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	return strings.TrimSpace(string(out)), err == nil
}

// vipsPixels are the samples of a page as libvips decodes them, with their layout;
// "" if it can't. Formats without pages have page -1.
func vipsPixels(t *testing.T, file string, page int, folder string) string {
	t.Helper()
	raw := filepath.Join(folder, "pixels.v")
	if page >= 0 {
		file = fmt.Sprintf("%s[page=%d]", file, page)
	}
	if _, ok := vips(t, "vips", "copy", file, raw); !ok {
		return ""
	}
	b, err := os.ReadFile(raw)
	if err != nil || len(b) < 64 {
		return ""
	}
	if i := bytes.LastIndex(b, []byte("<?xml")); i > 0 {
		b = b[:i] // behind the pixels it writes what else it knows
	}
	return string(b[4:32]) + string(b[64:]) // size, bands and format, then the samples
}

// vipsThumb is a picture turned upright and brought to sRGB by libvips.
func vipsThumb(t *testing.T, file, folder string) image.Image {
	t.Helper()
	name := filepath.Join(folder, "thumb.png")
	if _, ok := vips(t, "vipsthumbnail", file, "--size", "32x32!", "--export-profile", "srgb", "-o", name+"[strip]"); !ok {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return nil
	}
	return img
}

// thumbsDiffer is the mean difference of two pictures, of 255.
func thumbsDiffer(a, b image.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 255
	}
	x, y := asNRGBA(a), asNRGBA(b)
	sum := 0
	for i := range x.Pix {
		d := int(x.Pix[i]) - int(y.Pix[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(x.Pix))
}

// TestVipsOnTIFF has libvips decode input and output of every TIFF file that is
// accepted, page by page: the samples have to be the same to the bit. Nearly all
// that libvips decodes has to be accepted. The largest files wait for
// FITVEIL_CORPUS=full.
func TestVipsOnTIFF(t *testing.T) {
	corpusFiles(t) // without them there is nothing to count
	needTool(t, "vips", "libvips-tools")
	full := os.Getenv("FITVEIL_CORPUS") == "full"
	var same, missed, accepted atomic.Int64
	t.Run("files", func(t *testing.T) {
		for i, path := range corpusFolder(t, "tiff") {
			in, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			_, err = imageproc.Strip(&out, bytes.NewReader(in), nil)
			if err == nil {
				accepted.Add(1)
			}
			if !full && (len(in) > 60_000 || i%4 != 0) {
				continue
			}
			refused := err != nil
			t.Run(filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				folder := t.TempDir()
				if refused {
					if vipsPixels(t, path, 0, folder) != "" {
						missed.Add(1)
						t.Logf("refused, though libvips decodes it")
					}
					return
				}
				stripped := filepath.Join(folder, "stripped.tif")
				if err := os.WriteFile(stripped, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				pages := 1
				if s, ok := vips(t, "vipsheader", "-f", "n-pages", path); ok {
					pages, _ = strconv.Atoi(s) // 0 where it says something else
				}
				for page := range pages {
					want := vipsPixels(t, path, page, folder)
					if want == "" {
						continue
					}
					if vipsPixels(t, stripped, page, folder) != want {
						t.Errorf("page %d changed", page)
					}
					same.Add(1)
				}
			})
		}
	})
	t.Logf("%d accepted, %d pages compared, %d refused that libvips decodes", accepted.Load(), same.Load(), missed.Load())
	if same.Load() < 20 || missed.Load()*50 > accepted.Load() {
		t.Error("too few are accepted")
	}
}

// TestVipsOnGIF has libvips show every frame of input and output, on the canvas: the
// frames have to be as many, and the same to the bit where nothing had to be mended.
// Most files wait for FITVEIL_CORPUS=full.
func TestVipsOnGIF(t *testing.T) {
	corpusFiles(t) // without them there is nothing to count
	needTool(t, "vips", "libvips-tools")
	full := os.Getenv("FITVEIL_CORPUS") == "full"
	var same, counted atomic.Int64
	t.Run("files", func(t *testing.T) {
		for i, path := range corpusFolder(t, "gif") {
			in, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			report, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
			if err != nil || !full && (len(in) > 60_000 || i%4 != 0) {
				continue
			}
			t.Run(filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				folder := t.TempDir()
				stripped := filepath.Join(folder, "stripped.gif")
				if err := os.WriteFile(stripped, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				pages, ok := vips(t, "vipsheader", "-f", "n-pages", path)
				if !ok {
					return
				}
				if got, _ := vips(t, "vipsheader", "-f", "n-pages", stripped); got != pages {
					t.Errorf("%s frames became %s", pages, got)
				}
				counted.Add(1)
				if want := vipsPixels(t, path+"[n=-1]", -1, folder); want != "" && report.Mended == nil {
					if vipsPixels(t, stripped+"[n=-1]", -1, folder) != want {
						t.Error("a frame changed")
					}
					same.Add(1)
				}
			})
		}
	})
	t.Logf("%d files with as many frames, %d of them the same", counted.Load(), same.Load())
	if same.Load() < 10 {
		t.Error("too few were compared")
	}
}

// TestVipsMended holds what is made of damaged files against what libvips shows of
// them.
func TestVipsMended(t *testing.T) {
	needTool(t, "vips", "libvips-tools")
	folder := t.TempDir()
	shown := 0
	check := func(name string, in []byte, page int) {
		var out bytes.Buffer
		report, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		files := [2]string{filepath.Join(folder, "damaged."+report.Format.String()), filepath.Join(folder, "mended."+report.Format.String())}
		for i, data := range [][]byte{in, out.Bytes()} {
			if err := os.WriteFile(files[i], data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want := vipsPixels(t, files[0], page, folder)
		if want == "" {
			t.Errorf("%s: libvips does not show it", name)
			return
		}
		shown++
		if vipsPixels(t, files[1], page, folder) != want {
			t.Errorf("%s: changed", name)
		}
	}
	for name, in := range damagedPNGs(t) {
		if strings.HasSuffix(name, "half") || strings.HasSuffix(name, "flipped 1") {
			check(name, in, -1)
		}
	}
	still := mustGIF(t, 1)
	for _, cut := range []int{len(still) / 2, len(still) - 3} {
		check(fmt.Sprintf("GIF cut at %d", cut), still[:cut], 0)
	}
	t.Logf("%d damaged pictures compared", shown)
}

// corpusFolder lists the files of one folder of the shared corpus.
func corpusFolder(t *testing.T, name string) []string {
	t.Helper()
	var list []string
	for _, path := range corpusFiles(t) {
		if filepath.Base(filepath.Dir(path)) == name {
			list = append(list, path)
		}
	}
	return list
}

// TestVipsThumbs has libvips show input and output of pictures that are turned or
// have a profile: upright and in sRGB they look the same. A sample of each format
// runs by default, all with FITVEIL_CORPUS=full.
func TestVipsThumbs(t *testing.T) {
	corpusFiles(t) // without them there is nothing to count
	needTool(t, "vipsthumbnail", "libvips-tools")
	full := os.Getenv("FITVEIL_CORPUS") == "full"
	var compared atomic.Int64
	t.Run("files", func(t *testing.T) {
		for _, format := range []string{"jpeg", "png", "webp", "gif", "tiff", "heic", "avif"} {
			most := 5
			for _, path := range corpusFolder(t, format) {
				in, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				var out bytes.Buffer
				report, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
				if err != nil || report.Orientation == 1 && !bytes.Contains(in, []byte("acsp")) {
					continue
				}
				if most--; most < 0 && !full {
					break
				}
				t.Run(filepath.Base(path), func(t *testing.T) {
					t.Parallel()
					folder := t.TempDir()
					stripped := filepath.Join(folder, "stripped"+filepath.Ext(path))
					if err := os.WriteFile(stripped, out.Bytes(), 0o600); err != nil {
						t.Fatal(err)
					}
					want := vipsThumb(t, path, folder)
					if want == nil {
						return // no decoder, or no way to sRGB
					}
					compared.Add(1)
					switch got := vipsThumb(t, stripped, folder); {
					case got == nil:
						t.Error("libvips can't show the output")
					case thumbsDiffer(got, want) > 1: // what libvips rounds on its way through a profile that is none
						t.Errorf("shown otherwise: by %.2f in the mean", thumbsDiffer(got, want))
					}
				})
			}
		}
	})
	t.Logf("%d pictures compared", compared.Load())
	if compared.Load() < 15 {
		t.Error("too few pictures to compare")
	}
}
