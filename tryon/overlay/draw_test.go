package overlay_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

var update = flag.Bool("update", false, "write the golden pictures again")

// figures are what the golden pictures show.
func figures() map[string]*overlay.Figure {
	selfie := overlay.NewFigure(240, 240)
	selfie.Width, selfie.Y = 150, 165
	bent := overlay.NewFigure(240, 320)
	bent.Elbow[0].X, bent.Elbow[0].Y = .45, .62
	bent.Wrist[0].X, bent.Wrist[0].Y = -.10, .66
	bent.Tilt = .06
	hunched := overlay.NewFigure(240, 320)
	hunched.Hunch = .33
	crossed := overlay.NewFigure(240, 320)
	crossed.Elbow[1].X, crossed.Elbow[1].Y = .12, .78
	crossed.Wrist[1].X, crossed.Wrist[1].Y = -.72, -.12
	return map[string]*overlay.Figure{
		"standing": overlay.NewFigure(240, 320), "selfie": selfie, "bent": bent, "crossed": crossed, "hunched": hunched,
	}
}

func TestGolden(t *testing.T) {
	for _, test := range []struct{ figure, item string }{
		{"standing", "tee"}, {"standing", "longsleeve"}, {"selfie", "tee"}, {"bent", "longsleeve"}, {"crossed", "tee"},
	} {
		name := test.figure + "-" + test.item
		t.Run(name, func(t *testing.T) {
			f := figures()[test.figure]
			got := overlay.Work(t, f.Draw(), f.Scene(), "testdata/"+test.item+".png")()
			path := filepath.Join("testdata", "golden", name+".png")
			if *update {
				write(t, path, got)
			}
			worst, psnr := compare(t, path, got)
			// Floating point differs a little between processors.
			if worst > 24 || psnr < 48 {
				write(t, filepath.Join(t.ArtifactDir(), name+".png"), got)
				t.Errorf("differs from %s by up to %d, PSNR %.1f dB; run with -update and look at it", path, worst, psnr)
			}
		})
	}
}

func write(t *testing.T, path string, img image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// compare gives the largest difference of a channel and the PSNR in dB.
func compare(t *testing.T, path string, got *image.NRGBA) (worst int, psnr float64) {
	t.Helper()
	want := pixelsOf(t, product(t, path))
	if want.Rect != got.Rect {
		t.Fatalf("size %v, want %v", got.Rect, want.Rect)
	}
	sum := 0.
	for i := range got.Pix {
		d := int(got.Pix[i]) - int(want.Pix[i])
		worst = max(worst, d, -d)
		sum += float64(d * d)
	}
	return worst, 10 * math.Log10(255*255/max(sum/float64(len(got.Pix)), 1e-9))
}

// Face, neck above the collar and everything away from the product are the
// photo's own pixels, byte for byte.
func TestRestIsUntouched(t *testing.T) {
	for name, f := range figures() {
		for _, item := range []string{"tee", "longsleeve"} {
			if name == "crossed" && item == "longsleeve" {
				continue // refused, see TestRefusesPhotos
			}
			t.Run(name+"-"+item, func(t *testing.T) {
				f.W, f.H = f.W*2, f.H*2
				f.Width, f.X, f.Y = f.Width*2, f.X*2, f.Y*2
				photo, scene := f.Draw(), f.Scene()
				in := input(t, f, imageproc.PNG, "testdata/"+item+".png")
				result, err := render(t, in)
				if err != nil {
					t.Fatal(err)
				}
				got := pixelsOf(t, result.Images[0])
				chinX, chinY := overlay.Chin(scene)
				changed, face, neck := 0, 0, 0
				for y := range f.H {
					for x := range f.W {
						if got.NRGBAAt(x, y) == photo.NRGBAAt(x, y) {
							continue
						}
						changed++
						if f.Face(x, y) {
							face++
						}
						if math.Abs(float64(x)-chinX) < .12*f.Width && math.Abs(float64(y)-chinY) < .10*f.Width {
							neck++
						}
						u, v := (float64(x)-f.X)/f.Width, (float64(y)-f.Y)/f.Width
						if v < -.35 || v > 2.1 || math.Abs(u) > 1.45 {
							t.Fatalf("pixel %d,%d changed, far from the product", x, y)
						}
					}
				}
				if f.Hunch != 0 {
					neck = 0 // the chin lies before the collar
				}
				if face != 0 || neck != 0 {
					t.Errorf("%d pixels of the face and %d of the neck changed", face, neck)
				}
				if share := float64(changed) / (f.Width * f.Width); share < .5 || share > 3 {
					t.Errorf("%.2f square shoulder widths changed", share)
				}
			})
		}
	}
}

// The product's colours come out as they are: its cloth in the middle of the
// chest, and the print where it belongs.
func TestColoursSurvive(t *testing.T) {
	f := overlay.NewFigure(480, 640)
	got := overlay.Work(t, f.Draw(), f.Scene(), "testdata/tee.png")()
	tests := []struct {
		what       string
		u, v       float64 // in the photo, in shoulder widths
		x, y       int     // on the product
		difference int
	}{
		{"cloth at the chest", -.28, .52, 146, 240, 22},
		{"cloth at the belly", .10, 1.05, 262, 350, 22},
		{"sun", 0, .36, 240, 196, 26},
	}
	tee := pixelsOf(t, product(t, "testdata/tee.png"))
	for _, test := range tests {
		a := mean(got, int(f.X+test.u*f.Width), int(f.Y+test.v*f.Width))
		b := mean(tee, test.x, test.y)
		for k := range a {
			if d := a[k] - b[k]; d > test.difference || d < -test.difference {
				t.Errorf("%s: got %v, the product has %v", test.what, a, b)
				break
			}
		}
	}
}

// mean is the mean colour of 9×9 pixels.
func mean(img *image.NRGBA, cx, cy int) (c [3]int) {
	for y := cy - 4; y <= cy+4; y++ {
		for x := cx - 4; x <= cx+4; x++ {
			p := img.NRGBAAt(x, y)
			c[0], c[1], c[2] = c[0]+int(p.R), c[1]+int(p.G), c[2]+int(p.B)
		}
	}
	for k := range c {
		c[k] /= 81
	}
	return c
}

// An arm before the chest stays before the product.
func TestArmStaysInFront(t *testing.T) {
	f := figures()["crossed"]
	f.W, f.H, f.Width, f.X, f.Y = f.W*2, f.H*2, f.Width*2, f.X*2, f.Y*2
	photo, scene := f.Draw(), f.Scene()
	got := overlay.Work(t, photo, scene, "testdata/tee.png")()
	k := scene.People[0].Keypoints
	e, w := k[detect.LeftElbow], k[detect.LeftWrist]
	for _, s := range []float32{.45, .6, .75, .9, 1} {
		x, y := int(e.X+(w.X-e.X)*s), int(e.Y+(w.Y-e.Y)*s)
		a, b := mean(got, x, y), mean(photo, x, y)
		for i := range a {
			if a[i]-b[i] > 6 || b[i]-a[i] > 6 {
				t.Errorf("the arm was drawn over at %.0f %%: %v, was %v", s*100, a, b)
				break
			}
		}
	}
}

func codes(r *tryon.Result) []string {
	var list []string
	for _, w := range r.Warnings {
		list = append(list, w.Code)
	}
	slices.Sort(list)
	return list
}

// The result has the photo's size and format, says how it was made, and warns
// of what is not right.
func TestResult(t *testing.T) {
	sleeved := overlay.NewFigure(360, 480)
	sleeved.LongArms = true
	selfie := overlay.NewFigure(360, 360)
	selfie.Width, selfie.Y = 225, 248
	for _, test := range []struct {
		name   string
		figure *overlay.Figure
		format imageproc.Format
		warn   []string
	}{
		{"standing", overlay.NewFigure(360, 480), imageproc.JPEG, []string{overlay.WarnPreview}},
		{"PNG", overlay.NewFigure(360, 480), imageproc.PNG, []string{overlay.WarnPreview}},
		{"long sleeves below", sleeved, imageproc.JPEG, []string{overlay.WarnOldGarment, overlay.WarnPreview}},
		{"selfie", selfie, imageproc.JPEG, []string{overlay.WarnArms, overlay.WarnHips, overlay.WarnPreview}},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := render(t, input(t, test.figure, test.format, "testdata/tee.png"))
			if err != nil {
				t.Fatal(err)
			}
			img := result.Images[0]
			if img.Format() != test.format || img.Bounds() != image.Rect(0, 0, test.figure.W, test.figure.H) {
				t.Errorf("got %v", img)
			}
			if diff := cmp.Diff(test.warn, codes(result)); diff != "" {
				t.Error(diff)
			}
			for _, w := range result.Warnings {
				if w.Text == "" {
					t.Errorf("%s has no text", w.Code)
				}
			}
			if !strings.Contains(string(img.Bytes()), "digitalsourcetype/algorithmicallyEnhanced") {
				t.Error("the picture does not say how it was made")
			}
			if a := result.Attempts[0]; a.Requests != 0 || a.BytesSent != 0 || a.SubProcessor != "" {
				t.Errorf("something was sent: %+v", a)
			}
		})
	}
}

// One backend serves many at once, and keeps no more products than it should.
func TestConcurrent(t *testing.T) {
	backend := overlay.New(&overlay.Options{Products: 1})
	f := overlay.NewFigure(180, 240)
	items := []string{"testdata/tee.png", "testdata/longsleeve.png"}
	ins := []*tryon.Input{input(t, f, imageproc.PNG, items[0]), input(t, f, imageproc.PNG, items[1])}
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[string][]byte{}
	for i := range 8 {
		wg.Go(func() {
			h, err := backend.Submit(t.Context(), ins[i%2])
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			data := h.Done.Images[0].Data
			if before, ok := seen[items[i%2]]; ok && !slices.Equal(before, data) {
				t.Error("the same request gave another picture")
			}
			seen[items[i%2]] = data
		})
	}
	wg.Wait()
}

// Whatever a detector says, the answer is a refusal or a picture, and nothing
// outside the photo is touched.
func TestAnyScene(t *testing.T) {
	f := overlay.NewFigure(180, 240)
	img := f.Draw()
	tee := overlay.Load(t, "testdata/tee.png")
	drawn := 0
	rapid.Check(t, func(t *rapid.T) {
		scene := f.Scene()
		k := scene.People[0].Keypoints
		for i := range k {
			if rapid.IntRange(0, 9).Draw(t, "move") == 0 {
				k[i].X = rapid.Float32Range(0, 180).Draw(t, "x")
				k[i].Y = rapid.Float32Range(0, 240).Draw(t, "y")
				k[i].Score = rapid.Float32Range(0, 1).Draw(t, "score")
			}
		}
		if _, err := overlay.Dress(img, scene, tee); err != nil && err.Code != tryon.BadPhoto {
			t.Fatalf("got %v", err)
		} else if err == nil {
			drawn++
		}
	})
	if drawn == 0 {
		t.Error("no scene was drawn on")
	}
}

// FuzzProduct reads pictures that are anything but product pictures.
func FuzzProduct(f *testing.F) {
	tee := overlay.Load(f, "testdata/tee.png")
	_ = tee
	f.Add(uint8(80), []byte{255, 255, 255, 255, 0, 0, 0, 255})
	f.Add(uint8(64), []byte(strings.Repeat("\xff\xff\xff\xff", 900)+strings.Repeat("\x20\x30\x40\xff", 1200)))
	f.Add(uint8(100), []byte("transparent\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, side uint8, data []byte) {
		w, h := 64+int(side)%96, 96
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				// Blocks, so that there are shapes and not only noise.
				i := (y/6*((w+5)/6) + x/6) * 4
				if i+4 <= len(data) {
					copy(img.Pix[img.PixOffset(x, y):], data[i:i+4])
				}
			}
		}
		_ = overlay.ReadProduct(img)
	})
}

// widerProfile is an ICC profile (ICC.1 clause 7) of an RGB space with primaries
// wider than sRGB's and a gamma of 2.2.
func widerProfile() []byte {
	s15 := func(v ...float64) (b []byte) {
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(x*65536)))
		}
		return b
	}
	xyz := func(v ...float64) []byte { return append([]byte("XYZ \x00\x00\x00\x00"), s15(v...)...) }
	gamma := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33\x00\x00")
	tags := []struct {
		name string
		data []byte
	}{
		{"wtpt", xyz(.9642, 1, .8249)},
		{"rXYZ", xyz(.5151, .2412, -.0011)},
		{"gXYZ", xyz(.2920, .6922, .0419)},
		{"bXYZ", xyz(.1571, .0666, .7841)},
		{"rTRC", gamma},
		{"gTRC", gamma},
		{"bTRC", gamma},
	}
	table, data := binary.BigEndian.AppendUint32(nil, uint32(len(tags))), []byte(nil)
	for _, tag := range tags {
		table = append(table, tag.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(128+4+12*len(tags)+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(tag.data)))
		data = append(data, tag.data...)
	}
	p := make([]byte, 128)
	copy(p[8:], "\x02\x10\x00\x00mntrRGB XYZ ")
	copy(p[36:], "acsp")
	copy(p[68:], s15(.9642, 1, .8249))
	p = slices.Concat(p, table, data)
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}

// A photo in another colour space comes back in it.
func TestColourProfile(t *testing.T) {
	f := overlay.NewFigure(360, 480)
	in := input(t, f, imageproc.JPEG, "testdata/tee.png")
	profile := widerProfile()
	head := []byte("ICC_PROFILE\x00\x01\x01")
	segment := slices.Concat([]byte{0xFF, 0xE2}, binary.BigEndian.AppendUint16(nil, uint16(2+len(head)+len(profile))), head, profile)
	data := in.Photo.Photo().Bytes()
	photo := sanitise(t, slices.Concat(data[:2], segment, data[2:]))
	_, kept, found := bytes.Cut(photo.Bytes(), head)
	if !found {
		t.Fatal("the photo lost its profile before it was drawn on")
	}
	kept = kept[:binary.BigEndian.Uint32(kept)]
	in.Photo = screen(t, photo, f.Scene())
	result, err := render(t, in)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(result.Images[0].Bytes(), kept) {
		t.Error("the result lost the photo's profile")
	}
}
