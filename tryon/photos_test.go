package tryon_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/identity"
)

// portraits are photographs of one person each, of the labelled ones. The limits
// of lock and gate were chosen with these in view.
var portraits = []string{
	"1123_ootd", "1127_ootd", "1128_ootd", "1129_ootd", "1132_ootd", "1135_ootd", "1136_ootd",
	"1138_ootd", "1139_ootd", "1141_ootd", "1168_idm", "1169_idm", "1171_idm",
	"0487_in", "0771_in", "0902_in", "1260_vh", "1263_vh", "1287_vh", "1592_u2",
}

// photographs are the portraits, screened once for all tests: every fourth of
// them, or all with FITVEIL_TRYON_PHOTOS=all. With FITVEIL_TRYON_PHOTOS=development
// they are half of the other labelled photographs of one person whose torso shows,
// which limits were chosen with as well; with held-out the other half, which
// nobody looked at.
var photographs = sync.OnceValues(func() (list []photograph, err error) {
	dir := os.Getenv("FITVEIL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	dir = filepath.Join(dir, "photos")
	people, err := person.New(nil)
	if err != nil {
		return nil, err
	}
	names, set := portraits, os.Getenv("FITVEIL_TRYON_PHOTOS")
	others := set == "development" || set == "held-out"
	if others {
		if names, err = half(dir, set == "held-out"); err != nil {
			return nil, err
		}
	}
	for i, name := range names {
		if set == "" && i%4 != 0 {
			continue
		}
		s, err := screenedFile(filepath.Join(dir, name+".jpg"), people)
		if others && (err != nil || tryon.TorsoOf(&tryon.Input{Photo: s}) == nil) {
			continue // refused before anything is sent
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, photograph{s, name})
	}
	return list, nil
})

type photograph struct {
	*detect.Screened
	name string
}

// half lists the labelled photographs of one person that are no portraits: those
// whose name's SHA-256 begins with an odd byte, or the others.
func half(dir string, odd bool) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "labels.csv"))
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(data)) {
		name, rest, _ := strings.Cut(line, ".jpg,")
		if sum := sha256.Sum256([]byte(name)); strings.HasPrefix(rest, "1,1,") && !slices.Contains(portraits, name) && sum[0]%2 == 1 == odd {
			names = append(names, name)
		}
	}
	return names, nil
}

func screenedFile(path string, people detect.Detector) (*detect.Screened, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// Small ones are quick, and harder.
	clean, err := imageproc.Sanitize(context.Background(), f, &imageproc.SanitizeOptions{MaxSide: 560})
	if err != nil {
		return nil, err
	}
	return detect.Screen(context.Background(), people, clean, detect.OnePerson(), nil)
}

func allPhotographs(t *testing.T) []photograph {
	t.Helper()
	list, err := photographs()
	if errors.Is(err, os.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skip("the labelled photographs are not here; set FITVEIL_SHARED to the folder that holds photos/")
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func pixelsOf(t *testing.T, c *imageproc.Clean) *image.NRGBA {
	t.Helper()
	img, err := c.Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	return img.(*image.NRGBA)
}

// redrawn is what a model makes of a picture: all of it a little smaller or
// larger, moved, of other colours, and compressed.
type redrawn struct {
	scale, x, y float64
	colour      [3]int
	quality     int
}

func (r redrawn) of(img *image.NRGBA) *image.NRGBA {
	b := img.Rect
	out := image.NewNRGBA(b)
	cx, cy := float64(b.Dx())/2, float64(b.Dy())/2
	for y := range b.Dy() {
		for x := range b.Dx() {
			u := (float64(x)-cx-r.x*float64(b.Dx()))/r.scale + cx
			v := (float64(y)-cy-r.y*float64(b.Dy()))/r.scale + cy
			c := between(img, u, v)
			for k := range 3 {
				c[k] = min(max(c[k]+float64(r.colour[k]), 0), 255)
			}
			out.SetNRGBA(x, y, color.NRGBA{uint8(c[0] + .5), uint8(c[1] + .5), uint8(c[2] + .5), 255})
		}
	}
	if r.quality == 0 {
		return out
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, out, &jpeg.Options{Quality: r.quality}); err != nil {
		panic(err)
	}
	again, err := jpeg.Decode(&file)
	if err != nil {
		panic(err)
	}
	draw.Draw(out, b, again, image.Point{}, draw.Src)
	return out
}

func between(img *image.NRGBA, u, v float64) (c [3]float64) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	u, v = min(max(u, 0), float64(w-1)), min(max(v, 0), float64(h-1))
	x0, y0 := int(u), int(v)
	fx, fy := u-float64(x0), v-float64(y0)
	for j := range 2 {
		for i := range 2 {
			p := img.NRGBAAt(min(x0+i, w-1), min(y0+j, h-1))
			weight := (1 - fx + float64(i)*(2*fx-1)) * (1 - fy + float64(j)*(2*fy-1))
			c[0], c[1], c[2] = c[0]+weight*float64(p.R), c[1]+weight*float64(p.G), c[2]+weight*float64(p.B)
		}
	}
	return c
}

// dressed paints the torso.
func dressed(img *image.NRGBA, torso []tryon.Point, c color.NRGBA) {
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if tryon.Inside(torso, float64(x), float64(y)) {
				img.SetNRGBA(x, y, c)
			}
		}
	}
}

// faceOf puts the face of one photograph onto another.
func faceOf(dst *image.NRGBA, at image.Rectangle, src *image.NRGBA, from image.Rectangle) {
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			fx, fy := (float64(x-at.Min.X)+.5)/float64(at.Dx()), (float64(y-at.Min.Y)+.5)/float64(at.Dy())
			if math.Hypot(fx-.5, fy-.5) > .5 || !(image.Point{X: x, Y: y}).In(dst.Rect) {
				continue
			}
			c := between(src, float64(from.Min.X)+fx*float64(from.Dx()), float64(from.Min.Y)+fy*float64(from.Dy()))
			dst.SetNRGBA(x, y, color.NRGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
		}
	}
}

// blurred is a face without features.
func blurred(img *image.NRGBA, at image.Rectangle) {
	at = at.Intersect(img.Rect)
	n := max(at.Dx()/4, 1)
	small := image.NewNRGBA(img.Rect)
	copy(small.Pix, img.Pix)
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			var s [3]int
			count := 0
			for j := -n; j <= n; j += 2 {
				for i := -n; i <= n; i += 2 {
					if p := (image.Point{X: x + i, Y: y + j}); p.In(img.Rect) {
						c := small.NRGBAAt(p.X, p.Y)
						s[0], s[1], s[2], count = s[0]+int(c.R), s[1]+int(c.G), s[2]+int(c.B), count+1
					}
				}
			}
			img.SetNRGBA(x, y, color.NRGBA{uint8(s[0] / count), uint8(s[1] / count), uint8(s[2] / count), 255})
		}
	}
}

func mirrored(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(img.Rect)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			out.SetNRGBA(x, y, img.NRGBAAt(img.Rect.Dx()-1-x, y))
		}
	}
	return out
}

// remoteDrawing is a remote backend that makes its picture of what it gets.
func remoteDrawing(f func(in *tryon.Input, img *image.NRGBA) *image.NRGBA) tryon.Backend {
	p := remote("model", "api.renderer.example")
	p.MaxSide = 400
	return tryon.NewBackend(p, func(_ context.Context, in *tryon.Input) (*tryon.Output, error) {
		img, err := in.Photo.Photo().Image(nil)
		if err != nil {
			return nil, err
		}
		var file bytes.Buffer
		if err := png.Encode(&file, f(in, img.(*image.NRGBA))); err != nil {
			return nil, err
		}
		return &tryon.Output{Images: []tryon.Encoded{{Data: file.Bytes()}}}, nil
	})
}

func (w *world) of(s *detect.Screened) *tryon.Request {
	r := w.request
	r.Photo = s
	return &r
}

// With the lock, every pixel outside of the region is the shopper's own, on
// twenty photographs, whatever the model did to size, place and colour.
func TestLockKeepsThePhoto(t *testing.T) {
	w := newWorld(t)
	model := redrawn{scale: 1.012, x: .006, y: -.004, colour: [3]int{7, -4, 5}, quality: 88}
	client := newClient(t, &tryon.Options{
		Ledger: w.ledger, Lock: &identity.Options{},
		Routes: routes(remoteDrawing(func(in *tryon.Input, img *image.NRGBA) *image.NRGBA {
			dressed(img, tryon.TorsoOf(in), color.NRGBA{30, 60, 200, 255})
			return model.of(img)
		})),
	})
	held, plain := 0, 0
	for _, s := range allPhotographs(t) {
		request := w.of(s.Screened)
		result, err := client.Render(t.Context(), w.permit, request)
		if tooPlain(t, err) {
			plain++
			continue
		}
		if err != nil {
			t.Logf("refused: %s: %v", s.name, err) // a false alarm, which TestDrift counts
			continue
		}
		held++
		before, after, mask := pixelsOf(t, s.Photo()), pixelsOf(t, result.Images[0]), tryon.EditMask(request)
		if before.Rect != after.Rect {
			t.Fatalf("%s: %v became %v", s.name, before.Rect, after.Rect)
		}
		changed, inside := 0, 0
		for y := range before.Rect.Dy() {
			for x := range before.Rect.Dx() {
				if mask.AlphaAt(x, y).A == 0 {
					if before.NRGBAAt(x, y) != after.NRGBAAt(x, y) {
						changed++
					}
				} else if before.NRGBAAt(x, y) != after.NRGBAAt(x, y) {
					inside++
				}
			}
		}
		if changed > 0 || inside < 1000 {
			t.Errorf("%s: %d pixels outside of the region changed, %d inside", s.name, changed, inside)
		}
		r, exact := result.Identity[0], 3.
		if r.Places < 24 {
			exact = 6 // few pixels to measure
		}
		for k, c := range r.Colour {
			if math.Abs(c-float64(model.colour[k])) > exact {
				t.Errorf("%s: colours moved by %v, measured %v", s.name, model.colour, r.Colour)
				break
			}
		}
		if math.Abs(r.Scale-model.scale) > .01 {
			t.Errorf("%s: scaled by %v, measured %v", s.name, model.scale, r.Scale)
		}
	}
	n := len(allPhotographs(t)) - plain
	t.Logf("%d of %d photographs held, %d others too plain to be sent", held, n, plain)
	if held < n {
		t.Error("want all")
	}
}

// tooPlain reports whether a photograph was refused because the lock could hold
// nothing of it; then it must not have been sent.
func tooPlain(t *testing.T, err error) bool {
	t.Helper()
	var e *tryon.Error
	if !errors.As(err, &e) || e.Code != tryon.Unsupported || e.Reason != "too-plain" {
		return false
	}
	if !errors.Is(err, identity.ErrPlain) || e.Attempts[0].BytesSent != 0 {
		t.Errorf("too plain, and yet: %+v", e.Attempts)
	}
	return true
}

// What is another person, pose or place is refused; what a good model does is not.
func TestDrift(t *testing.T) {
	list := allPhotographs(t)
	w := newWorld(t)
	plain := redrawn{scale: 1, quality: 85}
	benign := map[string]func(*image.NRGBA) *image.NRGBA{
		"larger":   redrawn{scale: 1.02, quality: 85}.of,
		"moved":    redrawn{scale: .99, x: .012, y: -.01, colour: [3]int{12, 3, -8}, quality: 75}.of,
		"brighter": redrawn{scale: 1.01, x: -.005, colour: [3]int{12, 12, 12}, quality: 80}.of,
	}
	next := func(i int) (*image.NRGBA, image.Rectangle) {
		j := (i + 1) % len(list)
		r := w.of(list[j].Screened)
		return pixelsOf(t, list[j].Photo()), tryon.FaceBox(r)
	}
	drift := map[string]func(i int, in *tryon.Input, img *image.NRGBA) *image.NRGBA{
		"another face": func(i int, in *tryon.Input, img *image.NRGBA) *image.NRGBA {
			other, from := next(i)
			faceOf(img, tryon.FaceBox(&tryon.Request{Photo: in.Photo}), other, from)
			return plain.of(img)
		},
		"no face": func(_ int, in *tryon.Input, img *image.NRGBA) *image.NRGBA {
			blurred(img, tryon.FaceBox(&tryon.Request{Photo: in.Photo}))
			return plain.of(img)
		},
		"another picture": func(i int, _ *tryon.Input, img *image.NRGBA) *image.NRGBA {
			other, _ := next(i)
			small, err := imageproc.Resize(other, img.Rect.Dx(), img.Rect.Dy(), nil)
			if err != nil {
				t.Fatal(err)
			}
			return small.(*image.NRGBA)
		},
		"mirrored": func(_ int, _ *tryon.Input, img *image.NRGBA) *image.NRGBA { return mirrored(img) },
		"closer":   func(_ int, _ *tryon.Input, img *image.NRGBA) *image.NRGBA { return redrawn{scale: 1.1}.of(img) },
		"moved away": func(_ int, _ *tryon.Input, img *image.NRGBA) *image.NRGBA {
			return redrawn{scale: 1, x: .05 * float64(max(img.Rect.Dx(), img.Rect.Dy())) / float64(img.Rect.Dx())}.of(img)
		},
		"other colours": func(_ int, _ *tryon.Input, img *image.NRGBA) *image.NRGBA {
			return redrawn{scale: 1, colour: [3]int{60, 0, -60}}.of(img)
		},
	}
	run := func(i int, f func(in *tryon.Input, img *image.NRGBA) *image.NRGBA) error {
		client := newClient(t, &tryon.Options{Ledger: w.ledger, Lock: &identity.Options{}, Routes: routes(remoteDrawing(f))})
		_, err := client.Render(t.Context(), w.permit, w.of(list[i].Screened))
		return err
	}
	alarms, n := 0, 0
	for name, f := range benign {
		for i := range list {
			n++
			err := run(i, func(in *tryon.Input, img *image.NRGBA) *image.NRGBA {
				dressed(img, tryon.TorsoOf(in), color.NRGBA{30, 60, 200, 255})
				return f(img)
			})
			if tooPlain(t, err) {
				n--
				continue
			}
			if err != nil {
				alarms++
				t.Logf("false alarm: %s, %s: %v %v", list[i].name, name, err, errors.Unwrap(err))
			}
		}
	}
	caught, m := 0, 0
	for name, f := range drift {
		for i := range list {
			if strings.Contains(name, "face") && tryon.FaceBox(w.of(list[i].Screened)).Empty() {
				continue // none is in the picture
			}
			m++
			err := run(i, func(in *tryon.Input, img *image.NRGBA) *image.NRGBA { return f(i, in, img) })
			if tooPlain(t, err) {
				m--
				continue
			}
			var e *tryon.Error
			if errors.As(err, &e) && (e.Code == tryon.Drifted || e.Code == tryon.Undressed) {
				caught++
			} else {
				t.Logf("not caught: %s, %s: %v", list[i].name, name, err)
			}
		}
	}
	t.Logf("%d of %d drifted pictures caught, %d false alarms in %d", caught, m, alarms, n)
	if float64(caught) < .95*float64(m) || float64(alarms) > .05*float64(n) {
		t.Errorf("want at least 95 %% caught and at most 5 %% false alarms")
	}
}

// skinOf is the middle colour of the lower face, or of a pale person whose face
// is not seen.
func skinOf(in *tryon.Input, img *image.NRGBA) color.NRGBA {
	f := tryon.FaceBox(&tryon.Request{Photo: in.Photo})
	f = image.Rect(f.Min.X+f.Dx()/4, f.Min.Y+f.Dy()*2/5, f.Max.X-f.Dx()/4, f.Max.Y-f.Dy()/5).Intersect(img.Rect)
	if f.Empty() {
		return color.NRGBA{224, 172, 140, 255}
	}
	var c [3][]uint8
	for y := f.Min.Y; y < f.Max.Y; y++ {
		for x := f.Min.X; x < f.Max.X; x++ {
			p := img.NRGBAAt(x, y)
			c[0], c[1], c[2] = append(c[0], p.R), append(c[1], p.G), append(c[2], p.B)
		}
	}
	for k := range c {
		slices.Sort(c[k])
	}
	n := len(c[0]) / 2
	return color.NRGBA{c[0][n], c[1][n], c[2][n], 255}
}

// wrapped paints the torso, u across and v down from 0 to 1, as round as a body
// is: darker at its sides. Where paint says no, the photo stays.
func wrapped(img *image.NRGBA, torso []tryon.Point, paint func(u, v float64) (color.NRGBA, bool)) {
	low, high := torso[0], torso[0]
	for _, p := range torso {
		low, high = tryon.Point{X: min(low.X, p.X), Y: min(low.Y, p.Y)}, tryon.Point{X: max(high.X, p.X), Y: max(high.Y, p.Y)}
	}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			u, v := (float64(x)-low.X)/(high.X-low.X), (float64(y)-low.Y)/(high.Y-low.Y)
			if c, ok := paint(u, v); ok && tryon.Inside(torso, float64(x), float64(y)) {
				light := (.75 + .35*math.Sin(math.Pi*min(max(u, 0), 1))) * (1.05 - .2*v)
				shaded := func(c uint8) uint8 { return uint8(min(float64(c)*light, 255)) }
				img.SetNRGBA(x, y, color.NRGBA{shaded(c.R), shaded(c.G), shaded(c.B), 255})
			}
		}
	}
}

// shirt is a product picture: a square of one colour on white.
func shirt(t *testing.T, c color.NRGBA) *imageproc.Clean {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 96, 96))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(img, img.Rect.Inset(16), image.NewUniform(c), image.Point{}, draw.Src)
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return clean(t, file.Bytes())
}

var skinColour = color.NRGBA{226, 180, 150, 255}

// worn is a product picture with somebody who wears a shirt of one colour.
func worn(t *testing.T, s *detect.Screened, c color.NRGBA) *imageproc.Clean {
	t.Helper()
	img := pixelsOf(t, s.Photo())
	wrapped(img, tryon.TorsoOf(&tryon.Input{Photo: s}), func(_, _ float64) (color.NRGBA, bool) { return c, true })
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return clean(t, file.Bytes())
}

// warmer has more red and less blue.
func warmer(img *image.NRGBA, r image.Rectangle) {
	r = r.Intersect(img.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := img.NRGBAAt(x, y)
			c.R, c.B = uint8(min(float64(c.R)*1.2, 255)), uint8(float64(c.B)*.7)
			img.SetNRGBA(x, y, c)
		}
	}
}

// A model that undresses is caught, wholly or in part, and one that dresses is
// not, in white, black, red, beige or the colour of skin, and with a low neck.
func TestUndressing(t *testing.T) {
	w := newWorld(t)
	list := allPhotographs(t)
	face := false // is drawn of another colour
	drawItem := func(i int, item tryon.Item, paint func(skin color.NRGBA, u, v float64) (color.NRGBA, bool)) error {
		client := newClient(t, &tryon.Options{Ledger: w.ledger, Routes: routes(remoteDrawing(func(in *tryon.Input, img *image.NRGBA) *image.NRGBA {
			skin := skinOf(in, img)
			wrapped(img, tryon.TorsoOf(in), func(u, v float64) (color.NRGBA, bool) { return paint(skin, u, v) })
			if face {
				warmer(img, tryon.FaceBox(&tryon.Request{Photo: in.Photo}))
			}
			return redrawn{scale: 1, quality: 85}.of(img)
		}))})
		r := w.of(list[i].Screened)
		r.Items = []tryon.Item{item}
		_, err := client.Render(t.Context(), w.permit, r)
		return err
	}
	draw := func(i int, item color.NRGBA, paint func(skin color.NRGBA, u, v float64) (color.NRGBA, bool)) error {
		return drawItem(i, tryon.Item{Image: shirt(t, item)}, paint)
	}
	allSkin := func(skin color.NRGBA, _, _ float64) (color.NRGBA, bool) { return skin, true }
	undressed := func(err error) bool {
		var e *tryon.Error
		return errors.As(err, &e) && e.Code == tryon.Undressed
	}
	blue := color.NRGBA{30, 60, 160, 255}
	bare, half, alarms, n := 0, 0, 0, 0
	own, other, plain, declared, faced := 0, 0, 0, 0, 0
	for i := range list {
		// On a model of the shopper's own skin, on another one, and in the colour of
		// skin itself, as it is and declared as worn.
		for _, row := range []struct {
			item   tryon.Item
			caught *int
		}{
			{tryon.Item{Image: worn(t, list[i].Screened, blue)}, &own},
			{tryon.Item{Image: worn(t, list[(i+1)%len(list)].Screened, blue)}, &other},
			{tryon.Item{Image: shirt(t, skinColour)}, &plain},
			{tryon.Item{Image: shirt(t, skinColour), Worn: true}, &declared},
		} {
			if undressed(drawItem(i, row.item, allSkin)) {
				*row.caught++
			}
		}
		if face = true; undressed(draw(i, blue, allSkin)) {
			faced++
		}
		face = false
		if err := draw(i, blue, allSkin); undressed(err) {
			bare++
		} else {
			t.Logf("not caught: %s: %v", list[i].name, err)
		}
		if undressed(draw(i, blue, func(skin color.NRGBA, _, v float64) (color.NRGBA, bool) { return skin, v > .2 && v < .7 })) {
			half++
		}
		for name, c := range map[string]color.NRGBA{
			"white": {245, 245, 245, 255}, "black": {15, 15, 18, 255}, "red": {120, 20, 40, 255}, "beige": {222, 198, 165, 255},
			"skin": skinColour, "low neck": blue,
		} {
			n++
			err := draw(i, c, func(skin color.NRGBA, u, v float64) (color.NRGBA, bool) {
				if name == "low neck" && v < .3 && math.Abs(u-.5) < .25*(1-v/.3) {
					return skin, true
				}
				return c, true
			})
			if err != nil {
				alarms++
				t.Logf("false alarm: %s in %s: %v", list[i].name, name, err)
			}
		}
	}
	t.Logf("of %d: %d undressed pictures caught, %d of those undressed in part; %d false alarms in %d", len(list), bare, half, alarms, n)
	t.Logf("undressed with a product on a model of the same skin %d, on another model %d, of the colour of skin %d, the same declared as worn %d; with a face of another colour %d",
		own, other, plain, declared, faced)
	least := .95
	if os.Getenv("FITVEIL_TRYON_PHOTOS") == "held-out" {
		least = .85 // the figure of bench/results, kept from getting worse
	}
	if float64(min(bare, own, other, declared, faced)) < (least-.05)*float64(len(list)) || float64(bare) < least*float64(len(list)) || float64(half) < .75*float64(len(list)) || float64(alarms) > .05*float64(n) {
		t.Errorf("want at least %.0f %% caught, 75 %% in part, and at most 5 %% false alarms", 100*least)
	}
}

// What is sent is the person and little else, and nothing of the person is missing.
func TestMinimise(t *testing.T) {
	w := newWorld(t)
	people, err := person.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var grey, area, bytesBefore, bytesAfter, box, kept float64
	for _, s := range allPhotographs(t) {
		var sent *detect.Screened
		client := newClient(t, &tryon.Options{Ledger: w.ledger, Routes: routes(remoteDrawing(func(in *tryon.Input, img *image.NRGBA) *image.NRGBA {
			sent = in.Photo
			return img
		}))})
		if _, err := client.Render(t.Context(), w.permit, w.of(s.Screened)); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		img := pixelsOf(t, sent.Photo())
		if max(img.Rect.Dx(), img.Rect.Dy()) > 400 {
			t.Errorf("%s: sent at %v", s.name, img.Rect)
		}
		n := 0
		for j := 0; j < len(img.Pix); j += 4 {
			if d := int(img.Pix[j]) - 0xB4; d > -4 && d < 4 && max(img.Pix[j], img.Pix[j+1], img.Pix[j+2])-min(img.Pix[j], img.Pix[j+1], img.Pix[j+2]) < 5 {
				n++
			}
		}
		grey += float64(n) / float64(img.Rect.Dx()*img.Rect.Dy())
		before := s.Photo().Bounds()
		area += float64(img.Rect.Dx()*img.Rect.Dy()-n) / float64(before.Dx()*before.Dy())
		bytesBefore, bytesAfter = bytesBefore+float64(len(s.Photo().Bytes())), bytesAfter+float64(len(sent.Photo().Bytes()))
		// The detector still finds the same person in the same place.
		scene, err := people.Detect(t.Context(), img)
		if err != nil || len(scene.People) != 1 {
			t.Errorf("%s: %v, %v", s.name, scene, err)
			continue
		}
		want := sent.Scene().People[0]
		both := want.Box.Intersect(scene.People[0].Box)
		either := want.Box.Dx()*want.Box.Dy() + scene.People[0].Box.Dx()*scene.People[0].Box.Dy() - both.Dx()*both.Dy()
		box += float64(both.Dx()*both.Dy()) / float64(either)
		kept += same(want.Keypoints, scene.People[0].Keypoints, float64(want.Box.Dy()))
	}
	n := float64(len(allPhotographs(t)))
	t.Logf("made grey: %.0f %% of what is sent; pixels of the photo that are sent: %.0f %%; bytes: %.0f %%; boxes agree to %.2f, keypoints %.0f %%",
		100*grey/n, 100*area/n, 100*bytesAfter/bytesBefore, box/n, 100*kept/n)
	if box/n < .85 || kept/n < .9 {
		t.Error("the person suffers")
	}
}

// same is the part of the keypoints that are found again within 4 % of the
// person's height.
func same(a, b []detect.Keypoint, height float64) float64 {
	n, ok := 0., 0.
	for i := range a {
		if a[i].Score < .4 || i >= len(b) {
			continue
		}
		n++
		if math.Hypot(float64(a[i].X-b[i].X), float64(a[i].Y-b[i].Y)) < .04*height {
			ok++
		}
	}
	if n == 0 {
		return 1
	}
	return ok / n
}
