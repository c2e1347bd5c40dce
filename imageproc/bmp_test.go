package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/bmp"

	"github.com/fitveil/fitveil/imageproc"
)

// bitmap is a BMP file in the making.
type bitmap struct {
	head, width, height, bits int
	compression               uint32
	masks                     []uint32 // red, green, blue, alpha
	used                      int
	palette, gap, pixels      []byte
	tail                      []byte
	space                     uint32 // bV5CSType
	profile                   int    // size of what tail begins with
}

func (b bitmap) file() []byte {
	le := binary.LittleEndian
	info := make([]byte, max(b.head, 40))
	le.PutUint32(info, uint32(b.head))
	if b.head == 12 {
		le.PutUint16(info[4:], uint16(b.width))
		le.PutUint16(info[6:], uint16(b.height))
		le.PutUint16(info[8:], 1)
		le.PutUint16(info[10:], uint16(b.bits))
	} else {
		le.PutUint32(info[4:], uint32(b.width))
		le.PutUint32(info[8:], uint32(b.height))
		le.PutUint16(info[12:], 1)
		le.PutUint16(info[14:], uint16(b.bits))
		le.PutUint32(info[16:], b.compression)
		le.PutUint32(info[32:], uint32(b.used))
	}
	info = info[:b.head]
	for i, m := range b.masks {
		if at := 40 + 4*i; at+4 <= b.head {
			le.PutUint32(info[at:], m)
		} else {
			info = le.AppendUint32(info, m)
		}
	}
	start := 14 + len(info) + len(b.palette) + len(b.gap)
	if b.head >= 124 && b.space != 0 {
		le.PutUint32(info[56:], b.space)
		le.PutUint32(info[112:], uint32(start+len(b.pixels)-14))
		le.PutUint32(info[116:], uint32(b.profile))
	}
	file := le.AppendUint32([]byte("BM"), uint32(start+len(b.pixels)+len(b.tail)))
	file = le.AppendUint32(append(file, 0, 0, 0, 0), uint32(start))
	for _, part := range [][]byte{info, b.palette, b.gap, b.pixels, b.tail} {
		file = append(file, part...)
	}
	return file
}

// ramp is n bytes that differ.
func ramp(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(37*i + i/7)
	}
	return out
}

func stripBMP(t *testing.T, in []byte) ([]byte, *imageproc.Report) {
	t.Helper()
	out, report := strip(t, in)
	if report.Format != imageproc.BMP || imageproc.Sniff(out) != imageproc.BMP {
		t.Fatalf("%v", report.Format)
	}
	return out, report
}

// What x/image/bmp decodes has the same pixels afterwards.
func TestBMPPixels(t *testing.T) {
	palette := ramp(1024)
	for i := 3; i < len(palette); i += 4 {
		palette[i] = 0
	}
	for _, b := range []bitmap{
		{head: 40, width: 13, height: 3, bits: 1, palette: palette[:8], pixels: ramp(12)},
		{head: 40, width: 13, height: -3, bits: 1, palette: palette[:8], pixels: ramp(12)},
		{head: 40, width: 13, height: 3, bits: 2, palette: palette[:16], pixels: ramp(12)},
		{head: 40, width: 13, height: 3, bits: 4, palette: palette[:64], pixels: ramp(24)},
		{head: 108, width: 13, height: 3, bits: 8, palette: palette, pixels: ramp(48)},
		{head: 40, width: 4, height: 3, bits: 8, palette: palette[:12], used: 3, pixels: []byte("\x00\x01\x02\x00\x02\x02\x01\x00\x01\x01\x01\x01")},
		{head: 40, width: 13, height: 3, bits: 24, pixels: ramp(120)},
		{head: 124, width: 13, height: -3, bits: 24, pixels: ramp(120)},
		{head: 40, width: 13, height: 3, bits: 32, pixels: ramp(156)},
		{head: 108, width: 13, height: -3, bits: 32, compression: 3, masks: []uint32{0xFF0000, 0xFF00, 0xFF, 0xFF000000}, pixels: ramp(156)},
	} {
		t.Run(fmt.Sprint(b.bits, " bits, ", b.height, " rows, header of ", b.head), func(t *testing.T) {
			in := b.file()
			out, report := stripBMP(t, in)
			want, err := bmp.Decode(bytes.NewReader(in))
			if err != nil {
				t.Fatal(err)
			}
			got, err := bmp.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			wantPixels(t, got, want)
			mine, err := imageproc.Decode(bytes.NewReader(in), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantPixels(t, mine, want)
			for _, f := range report.Removed {
				if f.Carrier != "bytes between rows" && f.Carrier != "unused colours of the palette" {
					t.Errorf("found %v", f)
				}
			}
		})
	}
}

func wantPixels(t *testing.T, got, want image.Image) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("%v, want %v", got.Bounds(), want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			if a, b := color.NRGBAModel.Convert(got.At(x, y)), color.NRGBAModel.Convert(want.At(x, y)); a != b {
				t.Fatalf("%v at %d, %d, want %v", a, x, y, b)
			}
		}
	}
}

// What it does not decode comes out as the masks and codes say.
func TestBMPOthers(t *testing.T) {
	word := func(v ...uint16) (out []byte) {
		for _, w := range v {
			out = binary.LittleEndian.AppendUint16(out, w)
		}
		return out
	}
	grey := make([]byte, 0, 64)
	for i := range 16 {
		grey = append(grey, byte(17*i), byte(17*i), byte(17*i), 0)
	}
	level := func(i int) color.NRGBA { return color.NRGBA{byte(17 * i), byte(17 * i), byte(17 * i), 255} }
	tests := []struct {
		name string
		in   bitmap
		want []color.NRGBA // the top row
	}{
		{"555", bitmap{head: 40, width: 2, height: 1, bits: 16, pixels: word(0x7C00, 0x801F)}, []color.NRGBA{{255, 0, 0, 255}, {0, 0, 255, 255}}},
		{"565", bitmap{head: 40, width: 2, height: 1, bits: 16, compression: 3, masks: []uint32{0xF800, 0x07E0, 0x001F}, pixels: word(0x07E0, 0x8410)}, []color.NRGBA{{0, 255, 0, 255}, {132, 130, 132, 255}}},
		{"1555", bitmap{head: 56, width: 2, height: 1, bits: 16, compression: 3, masks: []uint32{0x7C00, 0x03E0, 0x001F, 0x8000}, pixels: word(0x7C00, 0x801F)}, []color.NRGBA{{255, 0, 0, 0}, {0, 0, 255, 255}}},
		{"masks of ten bits", bitmap{head: 40, width: 1, height: 1, bits: 32, compression: 3, masks: []uint32{0x3FF00000, 0xFFC00, 0x3FF}, pixels: word(0xFC00, 0x000F)}, []color.NRGBA{{0, 255, 0, 255}}},
		{"core header", bitmap{head: 12, width: 4, height: 1, bits: 1, palette: []byte{1, 2, 3, 7, 8, 9}, pixels: []byte{0xA0, 0, 0, 0}}, []color.NRGBA{{9, 8, 7, 255}, {3, 2, 1, 255}, {9, 8, 7, 255}, {3, 2, 1, 255}}},
		{"RLE8", bitmap{head: 40, width: 5, height: 1, bits: 8, compression: 1, used: 16, palette: grey, pixels: []byte{2, 5, 0, 3, 1, 2, 3, 0, 0, 0, 0, 1}}, []color.NRGBA{level(5), level(5), level(1), level(2), level(3)}},
		{"RLE4", bitmap{head: 40, width: 6, height: 1, bits: 4, compression: 2, palette: grey, pixels: []byte{3, 0x5A, 0, 2, 1, 0, 0, 1}}, []color.NRGBA{level(5), level(10), level(5), level(0), level(0), level(0)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, report := stripBMP(t, test.in.file())
			if len(report.Removed) > 0 && test.in.palette == nil {
				t.Errorf("found %v", report.Removed)
			}
			img, err := bmp.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			for x, want := range test.want {
				if got := color.NRGBAModel.Convert(img.At(x, 0)); got != want {
					t.Errorf("%v at %d, want %v", got, x, want)
				}
			}
		})
	}
}

// No secret has a way through, wherever a file has room for one.
func TestBMPPlanted(t *testing.T) {
	secret := []byte("SECRET of 4 Privet Drive")
	plain := bitmap{head: 40, width: 30, height: 2, bits: 24, pixels: make([]byte, 184)}
	row := bytes.Clone(plain.pixels)
	copy(row[90:], secret[:2]) // the padding of a row
	tests := map[string]bitmap{
		"gap":            {head: 40, width: 30, height: 2, bits: 24, gap: secret, pixels: plain.pixels},
		"tail":           {head: 40, width: 30, height: 2, bits: 24, tail: secret, pixels: plain.pixels},
		"padding":        {head: 40, width: 30, height: 2, bits: 24, pixels: row},
		"linked profile": {head: 124, width: 30, height: 2, bits: 24, pixels: plain.pixels, space: 0x4C494E4B, tail: secret, profile: len(secret)},
		"broken profile": {head: 124, width: 30, height: 2, bits: 24, pixels: plain.pixels, space: 0x4D424544, tail: secret, profile: len(secret)},
		"palette":        {head: 40, width: 8, height: 1, bits: 4, palette: secret, pixels: make([]byte, 4)},
		"unused palette": {head: 40, width: 8, height: 1, bits: 1, palette: append(make([]byte, 8), secret...), pixels: make([]byte, 4)},
		"unused alpha":   {head: 40, width: 6, height: 1, bits: 32, pixels: secret},
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			out, report := stripBMP(t, b.file())
			if bytes.Contains(out, secret[:8]) {
				t.Error("it is still there")
			}
			if len(report.Removed) != 1 && name != "unused alpha" && name != "palette" {
				t.Errorf("found %v", report.Removed)
			}
			again, second := stripBMP(t, out)
			if !bytes.Equal(again, out) || len(second.Removed) > 0 {
				t.Errorf("a second strip: %v", second.Removed)
			}
		})
	}
}

// A profile goes over without its texts.
func TestBMPProfile(t *testing.T) {
	profile := testICC("RGB ", nil)
	in := bitmap{head: 124, width: 30, height: 2, bits: 24, pixels: ramp(184), space: 0x4D424544, tail: profile, profile: len(profile)}.file()
	c := sanitize(t, in, nil)
	if c.Format() != imageproc.BMP || !bytes.Contains(c.Bytes(), profile) {
		t.Errorf("%v", c)
	}
	small := sanitize(t, in, &imageproc.SanitizeOptions{MaxSide: 10})
	if small.Format() != imageproc.PNG || small.Bounds() != image.Rect(0, 0, 10, 1) || !bytes.Contains(small.Bytes(), []byte("iCCP")) {
		t.Errorf("%v", small)
	}
	if _, err := c.Thumb(8); err != nil {
		t.Error(err)
	}
	if _, err := imageproc.Sanitize(t.Context(), bytes.NewReader(in), &imageproc.SanitizeOptions{Mark: testMark}); !errors.Is(err, imageproc.ErrUnsupported) {
		t.Errorf("a mark: %v", err)
	}
}

func TestBMPRefused(t *testing.T) {
	sound := bitmap{head: 40, width: 30, height: 4, bits: 24, pixels: ramp(368)}
	whole := sound.file()
	change := func(at int, v byte) []byte {
		out := bytes.Clone(whole)
		out[at] = v
		return out
	}
	tests := map[string]struct {
		in   []byte
		want error
	}{
		"cut in the header":       {whole[:40], imageproc.ErrCorrupt},
		"cut in the first row":    {whole[:100], imageproc.ErrCorrupt},
		"no width":                {change(18, 0), imageproc.ErrCorrupt},
		"pixels in the header":    {change(10, 20), imageproc.ErrCorrupt},
		"pixels behind the end":   {change(11, 200), imageproc.ErrCorrupt},
		"seven bits":              {change(28, 7), imageproc.ErrUnsupported},
		"JPEG inside":             {change(30, 4), imageproc.ErrUnsupported},
		"a row of many":           {bitmap{head: 40, width: 4000, height: 4000, bits: 24, pixels: ramp(12000)}.file(), imageproc.ErrTooLarge},
		"runs of nothing":         {bitmap{head: 40, width: 6000, height: 6000, bits: 8, compression: 1, palette: ramp(1024), pixels: []byte{0, 1}}.file(), imageproc.ErrTooLarge},
		"many pixels":             {change(21, 0x70), imageproc.ErrTooLarge},
		"masks over one another":  {bitmap{head: 40, width: 1, height: 1, bits: 32, compression: 3, masks: []uint32{0xFF, 0xFF, 0xFF}, pixels: ramp(4)}.file(), imageproc.ErrCorrupt},
		"masks in a short header": {bitmap{head: 16, width: 1, height: 1, bits: 16, pixels: ramp(4)}.file()[:20], imageproc.ErrCorrupt},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if _, err := imageproc.Strip(&out, bytes.NewReader(test.in), nil); !errors.Is(err, test.want) || out.Len() > 0 {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	out, report := stripBMP(t, whole[:200]) // one row is whole
	if len(report.Mended) != 1 || report.Mended[0] != "cut short" || len(out) != len(whole) {
		t.Errorf("%+v", report)
	}
}

func FuzzStripBMP(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join(sharedDir(), "corpus", "bmp", "*.bmp"))
	for _, name := range files {
		if data, err := os.ReadFile(name); err == nil && len(data) < 6000 {
			f.Add(data)
		}
	}
	profile := testICC("RGB ", nil)
	for _, b := range []bitmap{
		{head: 12, width: 4, height: 1, bits: 1, palette: ramp(6), pixels: ramp(4)},
		{head: 40, width: 5, height: 2, bits: 8, compression: 1, palette: ramp(1024), pixels: []byte{2, 5, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 1, 0, 1, 7, 0, 1}},
		{head: 40, width: 6, height: 1, bits: 4, compression: 2, palette: ramp(64), pixels: []byte{3, 0x5A, 0, 2, 1, 0, 0, 1}},
		{head: 56, width: 2, height: 1, bits: 16, compression: 3, masks: []uint32{0x7C00, 0x03E0, 0x001F, 0x8000}, pixels: ramp(4)},
		{head: 124, width: 3, height: 2, bits: 32, compression: 3, masks: []uint32{0xFF0000, 0xFF00, 0xFF, 0xFF000000}, pixels: ramp(24), space: 0x4D424544, tail: profile, profile: len(profile)},
	} {
		f.Add(b.file())
	}
	f.Fuzz(checkFuzzed)
}
