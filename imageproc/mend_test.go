package imageproc_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// checkMended strips a file that is cut short, and holds the output against what every
// one is.
func checkMended(t *testing.T, in []byte, want ...string) ([]byte, *imageproc.Report) {
	t.Helper()
	out, report := strip(t, in)
	if !slices.Equal(report.Mended, want) {
		t.Errorf("mended: %v, want %v", report.Mended, want)
	}
	checkSettled(t, out)
	c := sanitize(t, in, nil)
	if !bytes.Equal(c.Bytes(), out) || !slices.Equal(c.Report().Mended, want) {
		t.Error("Sanitize mends otherwise than Strip")
	}
	return out, report
}

// Of a JPEG that breaks off, the data that is there goes over, and EOI behind it.
func TestMendedJPEG(t *testing.T) {
	whole := mustJPEG(t, corner())
	scan := mid(whole)
	for _, cut := range []int{len(whole) - 1, len(whole) - 2, len(whole) - 5, scan + 40} {
		out, report := checkMended(t, whole[:cut], "cut short")
		data := bytes.TrimSuffix(whole[scan:cut], []byte{0xFF})
		if !bytes.HasSuffix(out, append(bytes.Clone(data), 0xFF, 0xD9)) || len(report.Removed) > 0 {
			t.Errorf("cut at %d: %d bytes, %+v", cut, len(out), report.Removed)
		}
	}
	if out, _ := checkMended(t, whole[:len(whole)-2], "cut short"); !bytes.Equal(decodeBytes(t, out), decodeBytes(t, whole)) {
		t.Error("the picture is not the same")
	}
	secret := []byte("some secret text here")
	out, _ := checkMended(t, slices.Concat(whole[:len(whole)-2], segment(0xFE, secret)), "cut short")
	if survives(out, secret) {
		t.Error("the secret survives")
	}
	if _, report := strip(t, whole); report.Mended != nil {
		t.Errorf("a sound file was mended: %v", report.Mended)
	}
}

func decodeBytes(t *testing.T, file []byte) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return asNRGBA(img).Pix
}

// What makes no sense behind a picture of one scan goes, and a comment that is too
// short to have a length is skipped.
func TestMendedJPEGSegments(t *testing.T) {
	whole := mustJPEG(t, corner())
	want, _ := strip(t, whole)
	secret := []byte("some secret text here")
	in := slices.Concat(whole[:len(whole)-2], []byte("\xFF\xCA\x00\x40"), secret, whole[len(whole)-2:])
	if out, _ := checkMended(t, in, "broken segment"); !bytes.Equal(out, want) {
		t.Error("not the picture alone")
	}
	out, report := strip(t, withSegments(whole, []byte("\xFF\xFE\x00\x01"), secret))
	if !bytes.Equal(out, want) || len(report.Removed) != 2 {
		t.Errorf("not the picture alone: %+v", report.Removed)
	}
}

// A PNG without IEND gets one.
func TestMendedPNG(t *testing.T) {
	whole := mustPNG(t, corner())
	want, _ := strip(t, whole)
	for _, cut := range []int{12, 11, 5, 1} {
		if out, _ := checkMended(t, whole[:len(whole)-cut], "cut short"); !bytes.Equal(out, want) {
			t.Errorf("cut by %d: another output", cut)
		}
	}
	if out, _ := checkMended(t, whole[:len(whole)-14], "cut short"); !bytes.Equal(out, want) {
		t.Error("a checksum is missing: another output")
	}
}

// grain is a picture that takes many bytes: no two rows are alike.
func grain(m interface {
	image.Image
	Set(x, y int, c color.Color)
},
) image.Image {
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			v := uint32(x*x*31+y*y*17+x*y*7) * 2654435761
			m.Set(x, y, color.NRGBA{byte(v >> 24), byte(v >> 16), byte(v >> 8), 255})
		}
	}
	return m
}

// brightPalette has 256 colours and no black; the last one is never drawn.
func brightPalette() color.Palette {
	var p color.Palette
	for i := range 256 {
		p = append(p, color.NRGBA{byte(i), 255 - byte(i/2), byte(i / 3), 255})
	}
	p[255] = color.NRGBA{0, 0, 255, 255}
	return p
}

// damagedPNGs are pictures whose data breaks off or breaks the rules.
func damagedPNGs(tb testing.TB) map[string][]byte {
	r := image.Rect(0, 0, 160, 120)
	drawn := image.NewPaletted(r, brightPalette())
	for i := range drawn.Pix {
		drawn.Pix[i] = byte(i*i/7) % 255
	}
	files := map[string][]byte{
		"rgb": mustPNG(tb, grain(image.NewNRGBA(r))), "grey": mustPNG(tb, grain(image.NewGray(r))),
		"deep": mustPNG(tb, grain(image.NewRGBA64(r))), "palette": mustPNG(tb, drawn),
	}
	files["transparent"] = insertBefore(files["palette"], "IDAT", chunk("tRNS", []byte{0, 128}))
	damaged := make(map[string][]byte)
	for name, file := range files {
		data := bytes.Index(file, []byte("IDAT"))
		damaged[name+", early"] = file[:data+20]
		damaged[name+", half"] = file[:(data+len(file))/2]
		damaged[name+", late"] = file[:len(file)-15]
		for i, at := range []int{data + 6, (data + len(file)) / 2, len(file) - 18} {
			flipped := bytes.Clone(file)
			flipped[at] ^= 0x55
			damaged[fmt.Sprintf("%s, flipped %d", name, i)] = flipped
		}
	}
	return damaged
}

func insertBefore(file []byte, typ string, more []byte) []byte {
	at := bytes.Index(file, []byte(typ)) - 4
	return slices.Concat(file[:at], more, file[at:])
}

// Damaged pictures come out sound, so that the standard library decodes them, too.
func TestMendedPixels(t *testing.T) {
	for name, in := range damagedPNGs(t) {
		out, report := strip(t, in)
		if len(report.Mended) == 0 {
			t.Errorf("%s: nothing is mended", name)
		}
		checkSettled(t, out)
		decode(t, out)
	}
	whole := mustPNG(t, corner())
	flipped := bytes.Clone(whole)
	flipped[bytes.Index(whole, []byte("IEND"))-5] ^= 1
	if out, _ := checkMended(t, flipped, "wrong CRC"); !bytes.Equal(out, whole) {
		t.Error("the right checksum makes another file")
	}
	laced := ihdrInterlaced(whole)
	for _, in := range [][]byte{laced, laced[:len(laced)-20]} {
		in[bytes.LastIndex(in, []byte("IDAT"))+9] ^= 1
		if _, err := imageproc.Inspect(bytes.NewReader(in), nil); !errors.Is(err, imageproc.ErrCorrupt) {
			t.Errorf("interlaced: %v", err)
		}
	}
}

func ihdrInterlaced(file []byte) []byte {
	head := bytes.Clone(file[16:29])
	head[12] = 1
	return slices.Concat(file[:8], chunk("IHDR", head), file[33:])
}

// Rows show up to where the data breaks, and black behind; what lies in the part of the
// file that nobody shows is not in the output.
func TestMendedRows(t *testing.T) {
	whole := mustPNG(t, grain(image.NewNRGBA(image.Rect(0, 0, 200, 200))))
	out, _ := checkMended(t, whole[:len(whole)/2], "cut short", "broken pixels")
	want, got := asNRGBA(decode(t, whole)), asNRGBA(decode(t, out))
	same := 0
	for y := range 200 {
		a, b := want.Pix[y*want.Stride:][:800], got.Pix[y*got.Stride:][:800]
		if bytes.Equal(a, b) {
			same++
		} else if !bytes.Equal(b, bytes.Repeat([]byte{0, 0, 0, 255}, 200)) {
			t.Fatalf("row %d is neither the one of the picture nor black", y)
		}
	}
	if same < 60 || same > 110 {
		t.Errorf("%d rows of 200", same)
	}
	secret := []byte("some secret text here")
	cut := slices.Concat(whole[:len(whole)-12], []byte("\x00\x00\xFF\xFFIDAT"), secret)
	if out, _ := checkMended(t, cut, "cut short"); survives(out, secret) {
		t.Error("the secret survives")
	}
	for _, last := range [][]byte{slices.Concat([]byte("\x00\x00\x00\x05ID@T"), secret), chunk("IEND", secret), chunk("IdND", secret)} {
		if out, _ := checkMended(t, slices.Concat(whole[:len(whole)-12], last), "broken chunk"); !bytes.Equal(out, whole) {
			t.Error("not the picture alone")
		}
	}
}

// Of an animation that breaks off, whole frames go over as they are, and the last one
// with the pixels that are there.
func TestMendedGIF(t *testing.T) {
	whole := mustGIF(t, 3)
	want, err := gif.DecodeAll(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	refused, frames := 0, map[int]int{}
	for cut := 14; cut < len(whole); cut++ {
		in := whole[:cut]
		var buf bytes.Buffer
		if _, err := imageproc.Strip(&buf, bytes.NewReader(in), nil); err != nil {
			if !errors.Is(err, imageproc.ErrCorrupt) || len(frames) > 0 {
				t.Errorf("cut at %d: %v", cut, err)
			}
			refused++
			continue
		}
		out, _ := checkMended(t, in, "cut short")
		got, err := gif.DecodeAll(bytes.NewReader(out))
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		frames[len(got.Image)]++
		for i, m := range got.Image {
			cutFrame := i == len(got.Image)-1 && shownOf(m, want.Image[i])
			if !cutFrame && !samePixels(m, want.Image[i]) || got.Delay[i] != want.Delay[i] || got.Disposal[i] != want.Disposal[i] {
				t.Errorf("cut at %d: frame %d changed", cut, i)
			}
		}
	}
	if refused == 0 || frames[1] == 0 || frames[2] == 0 || frames[3] == 0 {
		t.Errorf("%d refused, then %v", refused, frames)
	}
	for name, in := range brokenGIFs(t) {
		out, report := strip(t, in)
		if !slices.Equal(report.Mended, []string{"broken frame"}) || len(decodeAll(t, out).Image) != 1 {
			t.Errorf("%s: %+v", name, report)
		}
		checkSettled(t, out)
	}
	secret := []byte("some secret text here")
	out, report := checkMended(t, slices.Concat(whole[:len(whole)-1], []byte{0x21, 0xFE, 200}, secret), "cut short")
	if survives(out, secret) || len(report.Removed) != 1 || report.Removed[0].Carrier != "bytes after the last frame" {
		t.Errorf("%+v", report.Removed)
	}
	if out, _ := checkMended(t, slices.Concat(whole[:len(whole)-1], []byte("Garbage, and a "), secret), "cut short"); survives(out, secret) {
		t.Error("the secret survives")
	}
}

// shownOf says whether a frame has the first pixels of another, and nothing else.
func shownOf(part, whole *image.Paletted) bool {
	missing := false
	for y := whole.Rect.Min.Y; y < whole.Rect.Max.Y; y++ {
		for x := whole.Rect.Min.X; x < whole.Rect.Max.X; x++ {
			_, _, _, alpha := part.At(x, y).RGBA()
			r, g, b, a := whole.At(x, y).RGBA()
			if same := (color.RGBA64{uint16(r), uint16(g), uint16(b), uint16(a)}) == color.RGBA64Model.Convert(part.At(x, y)); same && (!missing || a == 0) {
				continue
			}
			if missing = true; alpha != 0 {
				return false
			}
		}
	}
	return true
}

// brokenGIFs are pictures whose codes break the rules.
func brokenGIFs(tb testing.TB) map[string][]byte {
	whole := mustGIF(tb, 1)
	at := bytes.LastIndexByte(whole[:len(whole)-20], ',')
	data := bytes.Index(whole[at:], []byte{2}) + at // the size of codes
	wrong := bytes.Clone(whole)
	copy(wrong[data+20:], bytes.Repeat([]byte{0xFF}, 12))
	size := bytes.Clone(whole)
	size[data] = 99
	bare := slices.Concat(whole[:10], []byte{0}, whole[11:13], whole[gifStart(whole):])
	return map[string][]byte{"no such code": wrong, "size of codes": size, "no colours": bare}
}

// Behind the first picture, one whose codes have a size that none can have is no
// picture.
func TestMendedGIFWithoutCodes(t *testing.T) {
	whole := mustGIF(t, 2)
	first := gifStart(whole)
	at := bytes.LastIndexByte(whole, ',')
	image := slices.Concat(whole[at:at+10], bytes.Repeat([]byte{9, 99, 200}, 1<<(whole[at+9]&7+1)), []byte("\xFF\x02\x4C\x01\x00"))
	control := []byte("\x21\xF9\x04\x00\x32\x00\x00\x00")
	middle := slices.Concat(whole[:first], whole[first:at-8], control, image, whole[at-8:])
	last := slices.Concat(whole[:len(whole)-1], control, image[:len(image)-2])
	for name, in := range map[string][]byte{"in the middle": middle, "at the end": last} {
		mended := "broken frame"
		if name == "at the end" {
			mended = "cut short"
		}
		if out, _ := checkMended(t, in, mended); len(decodeAll(t, out).Image) != 2 {
			t.Errorf("%s: not the two pictures that there were", name)
		}
	}
}

// A picture without a size is shown by nobody.
func TestMendedGIFWithoutSize(t *testing.T) {
	whole := mustGIF(t, 2)
	at := bytes.LastIndexByte(whole, ',')
	empty := slices.Concat(whole[:at], []byte("\x2C\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x02\x4C\x01\x00"), whole[at:])
	if out, _ := checkMended(t, empty, "broken frame"); len(decodeAll(t, out).Image) != 2 {
		t.Error("not the two pictures that there were")
	}
}
