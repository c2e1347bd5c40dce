package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// fourInks puts four grey JPEGs of libjpeg-turbo into one, as the scans of its four
// components: by factors each is that much larger than the smallest. Transform is
// Adobe's, 0 for CMYK and 2 for YCCK.
func fourInks(t *testing.T, m *image.NRGBA, factors [4]image.Point, transform byte, args ...string) []byte {
	t.Helper()
	most := image.Pt(1, 1)
	for _, f := range factors {
		most = image.Pt(max(most.X, f.X), max(most.Y, f.Y))
	}
	size := m.Rect.Size()
	frame := slices.Concat([]byte{8}, be16(size.Y, size.X), []byte{4})
	var tables, scans []byte
	for i, f := range factors {
		stepX, stepY := most.X/f.X, most.Y/f.Y
		ink := image.NewNRGBA(image.Rect(0, 0, (size.X+stepX-1)/stepX, (size.Y+stepY-1)/stepY))
		for y := range ink.Rect.Dy() {
			for x := range ink.Rect.Dx() {
				v := m.Pix[m.PixOffset(x*stepX, y*stepY)+i%3]
				ink.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
			}
		}
		id := byte(i + 1)
		frame = append(frame, id, byte(f.X<<4|f.Y), 0)
		file := cjpeg(t, ink, append(args, "-grayscale")...)
		sof := byte(0)
		for at := 2; file[at+1] != 0xD9; {
			next := at + 2 + int(binary.BigEndian.Uint16(file[at+2:]))
			marker := file[at+1]
			if marker == 0xDA {
				file[at+5] = id
				for file[next] != 0xFF || file[next+1] == 0 || file[next+1]&0xF8 == 0xD0 {
					next++
				}
			}
			switch {
			case marker == 0xDB:
				tables = file[at:next]
			case marker == 0xC4 || marker == 0xDD || marker == 0xDA:
				scans = append(scans, file[at:next]...)
			case marker&0xF0 == 0xC0:
				sof = marker
			}
			at = next
		}
		if i == 3 {
			adobe := segment(0xEE, []byte("Adobe\x00\x64\x00\x00\x00\x00"), []byte{transform})
			return slices.Concat([]byte{0xFF, 0xD8}, adobe, tables, segment(sof, frame), scans, []byte{0xFF, 0xD9})
		}
	}
	return nil
}

// TestRedactedOfFourInks is TestRedactedOfEveryKind for CMYK and YCCK.
func TestRedactedOfFourInks(t *testing.T) {
	size := image.Pt(173, 141)
	one := image.Pt(1, 1)
	for name, kind := range map[string]struct {
		factors   [4]image.Point
		transform byte
		args      []string
	}{
		"CMYK": {[4]image.Point{one, one, one, one}, 0, nil}, "YCCK": {[4]image.Point{one, one, one, one}, 2, nil},
		"YCCK 4:2:0": {[4]image.Point{{2, 2}, one, one, {2, 2}}, 2, nil}, "YCCK 4:2:2": {[4]image.Point{{2, 1}, one, one, {2, 1}}, 2, nil},
		"CMYK 4:4:0": {[4]image.Point{{1, 2}, one, one, {1, 2}}, 0, nil}, "YCCK 4:1:1": {[4]image.Point{{4, 1}, one, one, {4, 1}}, 2, nil},
		"progressive": {[4]image.Point{{2, 2}, one, one, {2, 2}}, 2, []string{"-progressive"}},
		"restarts":    {[4]image.Point{{2, 2}, one, one, {2, 2}}, 0, []string{"-restart", "1"}},
	} {
		for _, patch := range []image.Rectangle{image.Rect(32, 32, 96, 64), image.Rect(128, 112, size.X, size.Y)} {
			pair := twins(size, patch)
			plain := [2][]byte{fourInks(t, pair[0], kind.factors, kind.transform, kind.args...), fourInks(t, pair[1], kind.factors, kind.transform, kind.args...)}
			if bytes.Equal(plain[0], plain[1]) {
				t.Fatal("the files are the same before")
			}
			for orientation := 1; orientation <= 8; orientation++ {
				var files [2][]byte
				for i := range files {
					files[i] = withSegments(plain[i], exifSegment(phoneExif(uint32(orientation), 0)))
				}
				if redactedTwins(t, files, []image.Rectangle{upright(patch, size, orientation)}, &imageproc.RedactOptions{Mode: imageproc.Fill}) {
					t.Errorf("%s, %v, orientation %d: the results can be told apart", name, patch, orientation)
				}
			}
		}
	}
}

// animated makes a PNG an animation whose second frame is that of another.
func animated(t *testing.T, file, other []byte) []byte {
	t.Helper()
	size := file[16:24]
	frame := func(n int) []byte { return chunk("fcTL", be32(n), size, be32(0, 0), be16(1, 10), []byte{0, 0}) }
	at, end := bytes.Index(file, []byte("IDAT"))-4, bytes.Index(file, []byte("IEND"))-4
	second := other[bytes.Index(other, []byte("IDAT"))+4 : bytes.Index(other, []byte("IEND"))-8]
	return slices.Concat(file[:at], chunk("acTL", be32(2, 0)), frame(0), file[at:end], frame(1), chunk("fdAT", be32(2), second), file[end:])
}

// TestRedactedOfOtherFormats has two files of each that differ in what the region
// holds, on all frames and pages, and in what lies under pixels nobody sees.
func TestRedactedOfOtherFormats(t *testing.T) {
	size := image.Pt(90, 70)
	patch := image.Rect(20, 10, 60, 50)
	pair := twins(size, patch)
	encode := func(m image.Image) []byte {
		t.Helper()
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	recoloured := func(i int, into func(r image.Rectangle) draw.Image, change func(c color.NRGBA, inside bool) color.Color) image.Image {
		m := into(pair[i].Rect)
		for y := range size.Y {
			for x := range size.X {
				m.Set(x, y, change(pair[i].NRGBAAt(x, y), image.Pt(x, y).In(patch)))
			}
		}
		return m
	}
	shades := func(i int) color.Palette { // some of which only the patch has
		p := color.Palette{color.NRGBA{1, 2, 3, 255}}
		for k := range 200 {
			p = append(p, color.NRGBA{byte(k), byte(k * 3), byte(k * (5 + i)), 255})
		}
		return p
	}
	paletted := func(i int, seed int) *image.Paletted {
		m := image.NewPaletted(pair[i].Rect, shades(i))
		for y := range size.Y {
			for x := range size.X {
				if image.Pt(x, y).In(patch) {
					m.SetColorIndex(x, y, byte(1+(x*x+y*seed+i*77)%200))
				}
			}
		}
		return m
	}
	for name, file := range map[string]func(i int) []byte{
		"PNG": func(i int) []byte { return encode(pair[i]) },
		"PNG of 16 bits": func(i int) []byte {
			return encode(recoloured(i, func(r image.Rectangle) draw.Image { return image.NewNRGBA64(r) }, func(c color.NRGBA, _ bool) color.Color {
				return color.NRGBA64{uint16(c.R) * 251, uint16(c.G) * 241, uint16(c.B) * 239, 0xFFFF}
			}))
		},
		"grey PNG of 16 bits": func(i int) []byte {
			return encode(recoloured(i, func(r image.Rectangle) draw.Image { return image.NewGray16(r) }, func(c color.NRGBA, _ bool) color.Color {
				return color.Gray16{uint16(c.G) * 255}
			}))
		},
		"PNG under transparent pixels": func(i int) []byte {
			return encode(recoloured(i, func(r image.Rectangle) draw.Image { return image.NewNRGBA(r) }, func(c color.NRGBA, inside bool) color.Color {
				if inside {
					c.A = 0
				}
				return c
			}))
		},
		"alpha of a PNG": func(i int) []byte {
			return encode(recoloured(i, func(r image.Rectangle) draw.Image { return image.NewNRGBA(r) }, func(c color.NRGBA, inside bool) color.Color {
				if inside {
					c.A = c.R
				}
				return c
			}))
		},
		"PNG of a palette":     func(i int) []byte { return encode(paletted(i, 3)) },
		"PNG in motion":        func(i int) []byte { return animated(t, encode(pair[0]), encode(pair[i])) },
		"PNG in motion, first": func(i int) []byte { return animated(t, encode(pair[i]), encode(pair[1-i])) },
		"GIF": func(i int) []byte {
			var b bytes.Buffer
			g := &gif.GIF{Image: []*image.Paletted{paletted(i, 3), paletted(i, 5), paletted(i, 7)}, Delay: []int{1, 2, 3}}
			if err := gif.EncodeAll(&b, g); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		},
		"TIFF": func(i int) []byte { return twinTIFF(pair[i]) },
	} {
		files := [2][]byte{file(0), file(1)}
		if bytes.Equal(files[0], files[1]) {
			t.Fatalf("%s: the files are the same before", name)
		}
		for _, o := range []*imageproc.RedactOptions{{Mode: imageproc.Fill}, {Mode: imageproc.Fill, Colour: color.NRGBA{1, 2, 3, 99}, Feather: 4}} {
			if redactedTwins(t, files, []image.Rectangle{patch}, o) {
				t.Errorf("%s: the results can be told apart", name)
			}
		}
	}
}

// twinTIFF has the picture on both of its pages, and as a smaller copy below them.
func twinTIFF(m *image.NRGBA) []byte {
	size := m.Rect.Size()
	var rows []byte
	for i := 0; i < len(m.Pix); i += 4 {
		rows = append(rows, m.Pix[i:i+3]...)
	}
	page := rgbPage(8).with(tagOf(256, 4, uint64(size.X)), tagOf(257, 4, uint64(size.Y)), tagOf(278, 4, uint64(size.Y)))
	page.strips = [][]byte{rows}
	whole := page
	whole.below = map[uint16][]craftedPage{330: {page.with(tagOf(254, 4, 1))}}
	return (&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{whole, page}}).build()
}
