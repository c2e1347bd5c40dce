package imageproc_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// kinds draws the same opaque noise into every image type that a decoder or a
// caller may come with, at an origin that is not (0, 0).
func kinds(r image.Rectangle) map[string]draw.Image {
	list := map[string]draw.Image{
		"Gray": image.NewGray(r), "Gray16": image.NewGray16(r), "NRGBA": image.NewNRGBA(r), "NRGBA64": image.NewNRGBA64(r),
		"RGBA": image.NewRGBA(r), "RGBA64": image.NewRGBA64(r), "CMYK": image.NewCMYK(r),
		"Paletted": image.NewPaletted(r, color.Palette{color.Black, color.White, color.NRGBA{200, 30, 60, 255}}),
		"foreign":  foreign{image.NewNRGBA(r)},
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := color.NRGBA{byte(rnd.IntN(256)), byte(rnd.IntN(256)), byte(rnd.IntN(256)), 255}
			for _, m := range list {
				m.Set(x, y, c)
			}
		}
	}
	return list
}

// foreign hides its type.
type foreign struct{ draw.Image }

// Resize to the same size is a copy: each type has to come out as image/color
// says, within a rounding step.
func TestPixelsOfEveryType(t *testing.T) {
	r := image.Rect(-3, 5, 20, 24)
	for name, m := range kinds(r) {
		got, err := imageproc.Resize(m, r.Dx(), r.Dy(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for y := range r.Dy() {
			for x := range r.Dx() {
				want := color.NRGBAModel.Convert(m.At(r.Min.X+x, r.Min.Y+y)).(color.NRGBA)
				if d := distance(got.(*image.NRGBA).NRGBAAt(x, y), want); d > 1 {
					t.Fatalf("%s at %d,%d: %v, want %v", name, x, y, got.At(x, y), want)
				}
			}
		}
	}
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410} {
		m := noise(image.Rect(0, 0, 33, 21), ratio).SubImage(image.Rect(5, 3, 30, 20)).(*image.YCbCr)
		got, err := imageproc.Resize(m, 25, 17, nil)
		if err != nil {
			t.Fatal(err)
		}
		for y := range 17 {
			for x := range 25 {
				if want := color.NRGBAModel.Convert(m.At(5+x, 3+y)).(color.NRGBA); got.At(x, y) != want {
					t.Fatalf("%v at %d,%d: %v, want %v", ratio, x, y, got.At(x, y), want)
				}
			}
		}
	}
}

func noise(r image.Rectangle, ratio image.YCbCrSubsampleRatio) *image.YCbCr {
	m := image.NewYCbCr(r, ratio)
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, plane := range [][]byte{m.Y, m.Cb, m.Cr} {
		for i := range plane {
			plane[i] = byte(64 + rnd.IntN(128))
		}
	}
	return m
}

func distance(a, b color.NRGBA) int {
	d := 0
	for _, pair := range [][2]byte{{a.R, b.R}, {a.G, b.G}, {a.B, b.B}, {a.A, b.A}} {
		d = max(d, int(pair[0])-int(pair[1]), int(pair[1])-int(pair[0]))
	}
	return d
}

// Transparent pixels keep their colour out of what is seen.
func TestTransparencyIsWeighed(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := 0; i < len(m.Pix); i += 4 {
		if i/4%2 == 0 {
			copy(m.Pix[i:], []byte{200, 100, 50, 255})
		} else {
			copy(m.Pix[i:], []byte{0, 255, 0, 0})
		}
	}
	for _, side := range []int{8, 13, 30} {
		got, err := imageproc.Decode(bytes.NewReader(mustPNG(t, m)), &imageproc.DecodeOptions{MaxSide: side})
		if err != nil {
			t.Fatal(err)
		}
		c := got.(*image.NRGBA).NRGBAAt(side/2, side/2)
		if d := distance(c, color.NRGBA{200, 100, 50, c.A}); d > 2 || c.A < 100 || c.A > 155 {
			t.Errorf("to %d: %v", side, c)
		}
	}
	soft := image.NewRGBA(image.Rect(0, 0, 2, 1))
	copy(soft.Pix, []byte{100, 50, 25, 128, 255, 255, 255, 10}) // the second is no sound premultiplied colour
	got, err := imageproc.Resize(soft, 2, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := got.(*image.NRGBA).Pix; !slices.Equal(diff, []byte{199, 100, 50, 128, 255, 255, 255, 10}) {
		t.Errorf("got %v", diff)
	}
}

// A palette index beyond the palette kills a process that hands it to imaging.
func TestWildPalette(t *testing.T) {
	m := image.NewPaletted(image.Rect(0, 0, 300, 300), color.Palette{color.White})
	for i := range m.Pix {
		m.Pix[i] = 200
	}
	got, err := imageproc.Resize(m, 50, 50, nil)
	if err != nil || got.At(25, 25) != (color.NRGBA{}) {
		t.Errorf("%v, %v", got.At(25, 25), err)
	}
}

// A thumbnail is close to the plain average of the pixels it stands for.
func TestThumbIsTheAverage(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio422} {
		m := image.NewYCbCr(image.Rect(0, 0, 317, 211), ratio)
		for i := range m.Y {
			m.Y[i] = byte(40 + i%m.YStride*100/317 + i/m.YStride*100/211)
		}
		for i := range m.Cb {
			m.Cb[i], m.Cr[i] = byte(100+i%m.CStride*40/m.CStride), byte(160-i%m.CStride*40/m.CStride)
		}
		file := mustPNG(t, m)
		if ratio == image.YCbCrSubsampleRatio420 {
			file = mustJPEG(t, m)
		}
		got, err := sanitize(t, file, nil).Thumb(40)
		if err != nil {
			t.Fatal(err)
		}
		b := got.Bounds()
		for y := 3; y < b.Dy()-3; y++ {
			for x := 3; x < b.Dx()-3; x++ {
				at := color.NRGBAModel.Convert(m.At((2*x+1)*317/(2*b.Dx()), (2*y+1)*211/(2*b.Dy()))).(color.NRGBA)
				if d := distance(got.(*image.NRGBA).NRGBAAt(x, y), at); d > 9 {
					t.Fatalf("%v at %d,%d: %v, want about %v", ratio, x, y, got.At(x, y), at)
				}
			}
		}
	}
}

func TestResizeOptions(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 40, 20))
	for _, row := range []struct {
		w, h int
		want image.Point
		err  error
	}{
		{10, 0, image.Pt(10, 5), nil},
		{0, 10, image.Pt(20, 10), nil},
		{1, 0, image.Pt(1, 1), nil},
		{7, 90, image.Pt(7, 90), nil},
		{0, 0, image.Point{}, imageproc.ErrOption},
		{-1, 5, image.Point{}, imageproc.ErrOption},
		{1 << 20, 1 << 20, image.Point{}, imageproc.ErrTooLarge},
		{1 << 20, 0, image.Point{}, imageproc.ErrTooLarge},
	} {
		got, err := imageproc.Resize(m, row.w, row.h, nil)
		if !errors.Is(err, row.err) || err == nil && got.Bounds().Size() != row.want {
			t.Errorf("%d×%d: %v, %v", row.w, row.h, got, err)
		}
	}
	if _, err := imageproc.Resize(image.NewGray(image.Rectangle{}), 5, 5, nil); !errors.Is(err, imageproc.ErrOption) {
		t.Errorf("an empty picture: %v", err)
	}
	if _, err := imageproc.Resize(m, 5, 5, &imageproc.ResizeOptions{Filter: 9}); !errors.Is(err, imageproc.ErrOption) {
		t.Errorf("an unknown filter: %v", err)
	}
}

func TestEncode(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := 0; i < len(clear.Pix); i += 4 {
		copy(clear.Pix[i:], []byte{255, 0, 0, 128})
	}
	var out bytes.Buffer
	if err := imageproc.Encode(&out, clear, imageproc.JPEG, &imageproc.EncodeOptions{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	c := color.NRGBAModel.Convert(decode(t, out.Bytes()).At(8, 8)).(color.NRGBA)
	if d := distance(c, color.NRGBA{255, 127, 127, 255}); d > 4 {
		t.Errorf("half red on white is %v", c)
	}
	out.Reset()
	if err := imageproc.Encode(&out, clear, imageproc.PNG, nil); err != nil {
		t.Fatal(err)
	}
	if got := decode(t, out.Bytes()); !samePixels(got, clear) {
		t.Errorf("PNG changed the pixels: %v", got.At(8, 8))
	}
	checkSettled(t, out.Bytes())
	for name, err := range map[string]error{
		"format":  imageproc.Encode(&out, clear, imageproc.WebP, nil),
		"quality": imageproc.Encode(&out, clear, imageproc.JPEG, &imageproc.EncodeOptions{Quality: 101}),
		"empty":   imageproc.Encode(&out, image.NewGray(image.Rectangle{}), imageproc.PNG, nil),
	} {
		if want := map[string]error{"format": imageproc.ErrUnsupported, "quality": imageproc.ErrOption, "empty": imageproc.ErrOption}[name]; !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Pixels decoded from a picture with a profile keep it when they are encoded.
func TestEncodeColoursOf(t *testing.T) {
	profile := testICC("RGB ", []byte("wide"))
	gamma := chunk("gAMA", []byte{0, 0, 0xB1, 0x8F})
	for from, file := range map[imageproc.Format][]byte{
		imageproc.JPEG: withSegments(mustJPEG(t, corner()), iccChunks(profile, 1, false)...),
		imageproc.PNG:  withChunks(mustPNG(t, corner()), chunk("iCCP", []byte("p\x00\x00"), deflate(profile)), gamma),
	} {
		c := sanitize(t, file, nil)
		img, err := c.Image(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range []imageproc.Format{imageproc.JPEG, imageproc.PNG} {
			var out bytes.Buffer
			if err := imageproc.Encode(&out, img, to, &imageproc.EncodeOptions{ColoursOf: c, Mark: testMark}); err != nil {
				t.Fatal(err)
			}
			packed := bytes.Contains(out.Bytes(), chunk("iCCP", []byte("icc\x00\x00"), deflate(profile)))
			if to == imageproc.JPEG && !bytes.Equal(profileOf(t, out.Bytes()), profile) || to == imageproc.PNG && !packed {
				t.Errorf("%v to %v: the profile is gone", from, to)
			}
			if from == to && to == imageproc.PNG && !bytes.Contains(out.Bytes(), gamma) {
				t.Error("gAMA is gone")
			}
			checkPacket(t, packetOf(t, out.Bytes()), testMark)
		}
	}
	grey := sanitize(t, withSegments(mustJPEG(t, image.NewGray(image.Rect(0, 0, 9, 9))), iccChunks(testICC("GRAY", nil), 1, false)...), nil)
	var out bytes.Buffer
	if err := imageproc.Encode(&out, corner(), imageproc.JPEG, &imageproc.EncodeOptions{ColoursOf: grey}); err != nil || profileOf(t, out.Bytes()) != nil {
		t.Errorf("a profile for grey went into a coloured picture: %v", err)
	}
}

// Files that name a size they have no data for are refused before memory is
// taken, and files of very many scans before time is.
func TestDecodeBudget(t *testing.T) {
	huge := progressiveJPEG(2, 2, nil)
	huge = replace(t, huge, "\xFF\xC2\x00\x0B\x08\x00\x10\x00\x10\x01", "\xFF\xC2\x00\x0B\x08\x1F\x00\x1F\x00\x01")
	deep := ihdr(t, ihdr(t, mustPNG(t, image.NewNRGBA64(image.Rect(0, 0, 2, 2))), 0, 0, 0, 0x1F, 0), 4, 0, 0, 0x1F, 0)
	third := segment(0xDA, []byte{1, 1, 0, 1, 63, 0})
	many := progressiveJPEG(800, 600, nil)
	scan := many[bytes.LastIndex(many, third) : len(many)-2]
	many = slices.Concat(many[:len(many)-2], bytes.Repeat(scan, 300), many[len(many)-2:])
	for name, in := range map[string][]byte{"progressive": huge, "16 bits": deep, "300 scans": many} {
		t.Run(name, func(t *testing.T) {
			c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(in), &imageproc.SanitizeOptions{Limits: imageproc.Limits{MaxBytes: 1 << 28}})
			if err != nil {
				t.Fatal(err)
			}
			side := 100
			if name == "progressive" {
				side = 7936 // a thumbnail takes next to no memory, and finds no data
			}
			if _, err := c.Thumb(side); !errors.Is(err, imageproc.ErrTooLarge) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := imageproc.Strip(&bytes.Buffer{}, bytes.NewReader(slices.Concat(progressiveJPEG(2, 2, bytes.Repeat(scan[:30], 600)))), nil); !errors.Is(err, imageproc.ErrTooLarge) {
		t.Errorf("1200 scans: %v", err)
	}
}

// Sound pixels in unsound data: the error is typed and says what broke.
func TestBrokenData(t *testing.T) {
	p := ihdrInterlaced(mustPNG(t, corner()))
	i := bytes.Index(p, []byte("IDAT"))
	p[i+20] ^= 0xFF
	j := restartJPEG(7, 5, 3, 0)
	cut := slices.Concat(j[:len(j)-20], j[len(j)-2:])
	for name, in := range map[string][]byte{"png": reseal(p, "IDAT"), "jpeg": cut} {
		c := sanitize(t, in, nil)
		_, err := c.Thumb(10)
		var fe *imageproc.FormatError
		if !errors.Is(err, imageproc.ErrCorrupt) || !errors.As(err, &fe) || fe.Format.String() != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if fmt.Sprint(sanitize(t, cut, nil)) != "imageproc.Clean(jpeg 56x40)" {
		t.Error("the lossless path looks at pixels")
	}
}
