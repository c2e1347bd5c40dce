package imageproc_test

import (
	"bytes"
	"compress/lzw"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc"
)

// mustGIF is an animation of n frames: the first fills the screen, the others
// lie in it, with colour tables of their own and transparency.
func mustGIF(tb testing.TB, n int) []byte {
	tb.Helper()
	global := color.Palette{color.Black, color.White, color.NRGBA{200, 30, 60, 255}, color.NRGBA{10, 90, 200, 255}}
	anim := &gif.GIF{Config: image.Config{ColorModel: global, Width: 48, Height: 32}, LoopCount: 7}
	for i := range n {
		r, palette := image.Rect(0, 0, 48, 32), global
		if i > 0 {
			r = image.Rect(i, 2*i, i+20, 2*i+10)
			palette = color.Palette{color.Transparent, color.White, color.NRGBA{byte(i), 30, 60, 255}, color.Black}
		}
		img := image.NewPaletted(r, palette)
		for k := range img.Pix {
			img.Pix[k] = byte(k*k/(5+i)) % 4
		}
		anim.Image = append(anim.Image, img)
		anim.Delay = append(anim.Delay, 10+i)
		anim.Disposal = append(anim.Disposal, byte(1+i%3))
	}
	var buf bytes.Buffer
	if err := gif.EncodeAll(&buf, anim); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// blocks cuts data into sub-blocks.
func blocks(data ...[]byte) []byte {
	var out []byte
	for part := range slices.Chunk(bytes.Join(data, nil), 255) {
		out = append(append(out, byte(len(part))), part...)
	}
	return append(out, 0)
}

func application(name string, data ...[]byte) []byte {
	return slices.Concat([]byte("\x21\xFF\x0B"), []byte(name), blocks(data...))
}

// gifStart is the offset of the first block.
func gifStart(f []byte) int {
	if f[10] < 0x80 {
		return 13
	}
	return 13 + 3<<(f[10]&7+1)
}

func atStart(f []byte, parts ...[]byte) []byte { return insert(f, gifStart(f), parts...) }

// trailer is the offset of the last byte, in files without a tail.
func trailer(f []byte) int { return len(f) - 1 }

func extension(label byte) func(f, s []byte) []byte {
	return func(f, s []byte) []byte { return atStart(f, []byte{0x21, label}, blocks(s)) }
}

func named(name, head string) func(f, s []byte) []byte {
	return func(f, s []byte) []byte { return atStart(f, application(name, []byte(head), s)) }
}

var gifPlants = []plant{
	{"comment", extension(0xFE), "Comment extension", C{text}},
	{"comment at the end", func(f, s []byte) []byte {
		return insert(f, trailer(f), []byte{0x21, 0xFE}, blocks(s))
	}, "Comment extension", C{text}},
	{"plain text", func(f, s []byte) []byte {
		return atStart(f, []byte("\x21\x01\x0C\x00\x00\x00\x00\x08\x00\x08\x00\x08\x08\x01\x00"), blocks(s))
	}, "Plain Text extension", C{text}},
	{"label of no name", extension(0x42), "unknown extension", C{other}},
	{"XMP", func(f, s []byte) []byte {
		tail := []byte{1}
		for v := 255; v >= 0; v-- {
			tail = append(tail, byte(v))
		}
		packet := slices.Concat([]byte("<x exif:GPSLatitude='1' dc:creator='"), bytes.ReplaceAll(s, []byte{0}, []byte{1}), []byte("'>"))
		return atStart(f, []byte("\x21\xFF\x0BXMP DataXMP"), packet, tail, []byte{0})
	}, "XMP DataXMP", C{loc, person}},
	{"IPTC", named("MGKIPTC0000", "\x1C\x02\x50\x00\x01a\x1C\x02\x5A\x00\x01b"), "MGKIPTC", C{loc, person, soft}},
	{"credentials", named("C2PA_GIF\x01\x00\x00", ""), "C2PA_GIF", C{prov}},
	{"application of one's own", named("Grandmother", ""), "application extension", C{other}},
	{"profile that is none", named("ICCRGBG1012", ""), "ICCRGBG1", C{other}},
	{"behind the profile", func(f, s []byte) []byte {
		return atStart(f, application("ICCRGBG1012", testICC("RGB ", nil), s))
	}, "bytes after ICC profile", C{other}},
	{"beside the loop count", func(f, s []byte) []byte {
		return atStart(f, []byte("\x21\xFF\x0BNETSCAPE2.0\x03\x02\x07\x00"), blocks(s))
	}, "bytes in an application extension", C{other}},
	{"behind graphic control", func(f, s []byte) []byte {
		i := bytes.Index(f, []byte("\x21\xF9\x04"))
		if i < 0 {
			return atStart(f, []byte("\x21\xF9\x04\x00\x00\x00\x00"), blocks(s))
		}
		return insert(f, i+7, blocks(s)[:1+len(s)])
	}, "bytes in a graphic control extension", C{other}},
	{"behind the pixels", func(f, s []byte) []byte { return insert(f, trailer(f)-1, blocks(s)[:1+len(s)]) }, "bytes after the pixels", C{other}},
	{"bytes between blocks", func(f, s []byte) []byte {
		return insert(f, trailer(f), []byte{0}, []byte{0x21, 0xFE}, blocks(s))
	}, "bytes between blocks", C{other}},
	{"behind the trailer", func(f, s []byte) []byte { return append(bytes.Clone(f), s...) }, "bytes after the trailer", C{other}},
}

func decodeAll(tb testing.TB, file []byte) *gif.GIF {
	tb.Helper()
	g, err := gif.DecodeAll(bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func sameAnimation(a, b *gif.GIF) bool {
	same := func(x, y *image.Paletted) bool { return samePixels(x, y) }
	return slices.EqualFunc(a.Image, b.Image, same) && slices.Equal(a.Delay, b.Delay) && slices.Equal(a.Disposal, b.Disposal) &&
		a.LoopCount == b.LoopCount && a.Config.Width == b.Config.Width && a.Config.Height == b.Config.Height
}

func TestGIFPlantedSecretsGo(t *testing.T) {
	for name, file := range map[string][]byte{"still": mustGIF(t, 1), "animated": mustGIF(t, 4)} {
		want := decodeAll(t, file)
		for _, p := range gifPlants {
			t.Run(name+"/"+p.name, func(t *testing.T) {
				for encoding, secret := range secrets() {
					planted := p.apply(file, secret)
					if !survives(planted, secret) && p.name != "XMP" { // whose bytes may not be zero
						t.Error("the secret was never planted")
					}
					out, report := strip(t, planted)
					if survives(out, secret) {
						t.Errorf("%s: the secret is still there", encoding)
					}
					if !sameAnimation(decodeAll(t, out), want) {
						t.Errorf("%s: the picture is not the same", encoding)
					}
					checkFinding(t, report, p)
					checkSettled(t, out)
				}
			})
		}
	}
}

// smallGIF is a picture of 4 × 2 pixels with codes and a tail of one's own.
func smallGIF(pixels []byte, cut int, tail ...byte) []byte {
	var codes bytes.Buffer
	w := lzw.NewWriter(&codes, lzw.LSB, 2)
	if _, err := w.Write(pixels); err != nil {
		panic(err) // a Buffer does not fail
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	data := codes.Bytes()[:codes.Len()-cut]
	head := []byte("GIF89a\x04\x00\x02\x00\x81\x00\x00\x00\x00\x00\xFF\xFF\xFF\xFF\x00\x00\x00\x00\xFF")
	return slices.Concat(head, []byte("\x2C\x00\x00\x00\x00\x04\x00\x02\x00\x00\x02"), blocks(data, tail), []byte{0x3B})
}

func TestGIFCorners(t *testing.T) {
	pixels := []byte{0, 1, 2, 3, 3, 2, 1, 0}
	clean := smallGIF(pixels, 0)
	want := decodeAll(t, clean)
	if out, _ := strip(t, clean); !bytes.Equal(out, clean) {
		t.Fatal("a clean file is changed")
	}
	loop := application("NETSCAPE2.0", []byte{1, 5, 0})
	for _, row := range []struct {
		name string
		in   []byte
		want []byte
	}{
		{"tail in the block of the pixels", smallGIF(pixels, 0, 's', 'e', 'c'), clean},
		{"reserved bits", replace(t, clean, "\x02\x00\x00\x02", "\x02\x00\x18\x02"), clean},
		{"control twice", atStart(clean, []byte("\x21\xF9\x04\x00\x01\x00\x00\x00\x21\xF9\x04\xE4\x02\x00\x09\x00")), atStart(clean, []byte("\x21\xF9\x04\x04\x02\x00\x00\x00"))},
		{"control at the end", insert(clean, trailer(clean), []byte("\x21\xF9\x04\x00\x01\x00\x00\x00")), clean},
		{"loop in the wrong place", insert(clean, trailer(clean), loop), atStart(clean, loop)},
		{"loop twice", atStart(clean, application("NETSCAPE2.0", []byte{1, 9, 9}), loop), atStart(clean, loop)},
		{"buffer size", atStart(clean, application("NETSCAPE2.0", []byte{2, 'a', 'b', 'c', 'd'})), clean},
		{"other loop", atStart(clean, application("ANIMEXTS1.0", []byte{1, 5, 0})), atStart(clean, application("ANIMEXTS1.0", []byte{1, 5, 0}))},
		{"profile", atStart(clean, application("ICCRGBG1012", testICC("RGB ", make([]byte, 300))), loop), atStart(clean, loop, application("ICCRGBG1012", testICC("RGB ", make([]byte, 300))))},
	} {
		t.Run(row.name, func(t *testing.T) {
			out, _ := strip(t, row.in)
			if !bytes.Equal(out, row.want) {
				t.Errorf("got  %q\nwant %q", out, row.want)
			}
			if got := decodeAll(t, out); !slices.EqualFunc(got.Image, want.Image, func(a, b *image.Paletted) bool { return samePixels(a, b) }) {
				t.Error("the picture is not the same")
			}
			checkSettled(t, out)
		})
	}
	// Without an end code the pixels say where the data ends. A reader of ours
	// must not be tricked into cutting pixels off.
	out, _ := strip(t, smallGIF(pixels, 1, 'm', 'o', 'r', 'e'))
	if bytes.Contains(out, []byte("ore")) {
		t.Errorf("bytes behind the last pixel stay: %q", out)
	}
	checkSettled(t, out)
}

// Every length of data, so that tables fill, clear and end on every bit: what is
// cut behind the pixels is what was put there.
func TestGIFCodesEnd(t *testing.T) {
	for _, depth := range []int{1, 2, 5, 8} {
		for w := 1; w < 20000; w = w*3/2 + 1 {
			palette := make(color.Palette, 1<<depth)
			for i := range palette {
				palette[i] = color.Gray{byte(i)}
			}
			img := image.NewPaletted(image.Rect(0, 0, w, 1), palette)
			for i := range img.Pix {
				img.Pix[i] = byte(i*i*7>>3^i) & (1<<depth - 1)
			}
			var buf bytes.Buffer
			if err := gif.Encode(&buf, img, &gif.Options{NumColors: 1 << depth}); err != nil {
				t.Fatal(err)
			}
			file := buf.Bytes()
			clean, _ := strip(t, file)
			if !sameAnimation(decodeAll(t, clean), decodeAll(t, file)) {
				t.Fatalf("depth %d, width %d: the picture is not the same", depth, w)
			}
			dirty := insert(file, trailer(file)-1, []byte("\x11seventeen letters"))
			if out, _ := strip(t, dirty); !bytes.Equal(out, clean) {
				t.Fatalf("depth %d, width %d: bytes behind the pixels stay, or pixels go", depth, w)
			}
		}
	}
}

// TestGIFWritesEnd has other codes follow the last pixel than the end, which goes in
// their place: package image/gif takes bits of zero for one more pixel.
func TestGIFWritesEnd(t *testing.T) {
	for size := uint(2); size <= 8; size++ {
		for pixels := 1; pixels < 700; pixels += 1 + pixels/40 {
			for _, behind := range []uint64{1 << size, 0} { // a clear, a pixel
				var w imageproc.LowBits
				wide, table := size+1, uint64(1)<<size+1
				w.Put(1<<size, wide)
				for i := range pixels {
					w.Put(uint64(i%3), wide)
					if table++; table == 1<<wide && wide < 12 {
						wide++
					}
				}
				closed := w
				closed.Out = bytes.Clone(w.Out)
				closed.Put(1<<size+1, wide)
				w.Put(behind, wide)
				w.Put(1<<size+1, size+1)
				head := []byte{'G', 'I', 'F', '8', '9', 'a', byte(pixels), byte(pixels >> 8), 1, 0, 0x80 | byte(size-1), 0, 0}
				head = append(head, make([]byte, 3<<size)...)
				head = append(head, 0x2C, 0, 0, 0, 0, byte(pixels), byte(pixels>>8), 1, 0, 0, byte(size))
				in := slices.Concat(head, blocks(w.Bytes()), []byte{0x3B})
				out, _ := strip(t, in)
				img, err := gif.Decode(bytes.NewReader(out))
				if err != nil || img.Bounds().Dx() != pixels {
					t.Fatalf("codes of %d bits, %d pixels, then %d: %v", size, pixels, behind, err)
				}
				for i, v := range img.(*image.Paletted).Pix {
					if int(v) != i%3 {
						t.Fatalf("codes of %d bits, %d pixels: pixel %d is %d", size, pixels, i, v)
					}
				}
				if want := slices.Concat(head, blocks(closed.Bytes()), []byte{0x3B}); !bytes.Equal(out, want) {
					t.Fatalf("codes of %d bits, %d pixels, then %d: another file", size, pixels, behind)
				}
			}
		}
	}
}

func TestGIFRefusals(t *testing.T) {
	f := smallGIF([]byte{0, 1, 2, 3, 3, 2, 1, 0}, 0)
	at := bytes.IndexByte(f, 0x2C)
	patch := func(offset int, b ...byte) []byte {
		g := bytes.Clone(f)
		copy(g[offset:], b)
		return g
	}
	for _, row := range []struct {
		name string
		in   []byte
		want error
		text string
	}{
		{"header alone", f[:9], imageproc.ErrCorrupt, "imageproc: gif: logical screen at 0: the file is truncated"},
		{"half a colour table", f[:20], imageproc.ErrCorrupt, "imageproc: gif: logical screen at 6: the colour table is truncated"},
		{"no block", f[:at], imageproc.ErrCorrupt, "imageproc: gif: end at 25: the file is truncated"},
		{"no picture", slices.Concat(f[:at], []byte{0x3B}), imageproc.ErrCorrupt, "imageproc: gif: trailer at 25: no picture before it"},
		{"half a descriptor", f[:at+5], imageproc.ErrCorrupt, "imageproc: gif: image at 26: the file is truncated"},
		{"no block of a GIF", patch(at, 'x'), imageproc.ErrCorrupt, "imageproc: gif: block at 25: no block begins with 0x78"},
		{"no width", patch(at+5, 0), imageproc.ErrCorrupt, "imageproc: gif: trailer at 43: no picture before it"},
		{"short control", atStart(f, []byte("\x21\xF9\x02ab\x00")), imageproc.ErrCorrupt, "imageproc: gif: graphic control extension at 25: 2 bytes"},
		{"extension without end", slices.Concat(f[:at], []byte("\x21\xFE\x01a")), imageproc.ErrCorrupt, "imageproc: gif: extension at 29: the file is truncated"},
		{"screen too large", patch(6, 0xFF, 0xFF, 0xFF, 0xFF), imageproc.ErrTooLarge, "imageproc: gif: logical screen at 6: more pixels than the limit allows"},
		{"picture too large", patch(at+5, 0xFF, 0xFF, 0xFF, 0xFF), imageproc.ErrTooLarge, "imageproc: gif: image at 25: more pixels than the limit allows"},
	} {
		t.Run(row.name, func(t *testing.T) { checkRefusal(t, row.in, row.want, row.text) })
	}
	many := mustGIF(t, 9)
	for segments, ok := range map[int]bool{15: false, 25: true} {
		_, err := imageproc.Inspect(bytes.NewReader(many), &imageproc.InspectOptions{Limits: imageproc.Limits{MaxSegments: segments}})
		if ok != (err == nil) || !ok && !errors.Is(err, imageproc.ErrTooLarge) {
			t.Errorf("%d blocks: %v", segments, err)
		}
	}
}

// What a Clean of a GIF gives: its first picture on its screen, and a PNG where
// it is made smaller.
func TestGIFClean(t *testing.T) {
	in := slices.Concat(mustGIF(t, 3))
	c := sanitize(t, in, &imageproc.SanitizeOptions{Mark: testMark})
	checkPacket(t, packetOf(t, c.Bytes()), testMark)
	if !sameAnimation(decodeAll(t, c.Bytes()), decodeAll(t, in)) || c.Format() != imageproc.GIF || c.Bounds() != image.Rect(0, 0, 48, 32) {
		t.Errorf("%v", c)
	}
	img, err := c.Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := decode(t, in)
	for _, p := range []image.Point{{0, 0}, {3, 0}, {17, 9}, {47, 31}} {
		if got := img.At(p.X, p.Y); got != color.NRGBAModel.Convert(want.At(p.X, p.Y)) {
			t.Errorf("at %v %v", p, got)
		}
	}
	profiled := atStart(in, application("ICCRGBG1012", testICC("RGB ", nil)))
	small := sanitize(t, profiled, &imageproc.SanitizeOptions{MaxSide: 24, Mark: testMark})
	if small.Format() != imageproc.PNG || small.Bounds() != image.Rect(0, 0, 24, 16) || !bytes.Contains(small.Bytes(), []byte("iCCP")) {
		t.Errorf("%v", small)
	}
}

// A first picture that does not fill the screen, or reaches beyond it, stands
// where browsers show it.
func TestGIFFirstFrameOffset(t *testing.T) {
	f := smallGIF([]byte{0, 1, 2, 3, 3, 2, 1, 0}, 0)
	at := bytes.IndexByte(f, 0x2C)
	f[at+1], f[at+3] = 2, 1
	c := sanitize(t, f, nil)
	img, err := c.Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != image.Rect(0, 0, 6, 3) || c.Bounds() != img.Bounds() {
		t.Fatalf("%v, %v", img.Bounds(), c.Bounds())
	}
	for p, want := range map[image.Point]color.NRGBA{
		{1, 1}: {}, {2, 1}: {0, 0, 0, 255}, {3, 1}: {255, 255, 255, 255}, {5, 2}: {0, 0, 0, 255}, {4, 2}: {255, 255, 255, 255}, {2, 2}: {0, 0, 255, 255},
	} {
		if got := img.At(p.X, p.Y); got != want {
			t.Errorf("at %v %v, want %v", p, got, want)
		}
	}
}

func TestGIFProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var buf bytes.Buffer
		if err := gif.Encode(&buf, drawPicture(t), nil); err != nil {
			t.Fatal(err)
		}
		clean := buf.Bytes()
		secret := rapid.SliceOfN(rapid.ByteRange(33, 126), 20, 60).Draw(t, "secret")
		dirty := clean
		for range rapid.IntRange(1, 4).Draw(t, "plants") {
			dirty = rapid.SampledFrom(gifPlants[:len(gifPlants)-1]).Draw(t, "plant").apply(dirty, secret)
		}
		checkStripped(t, clean, append(bytes.Clone(dirty), secret...), secret, 1)
	})
}

func FuzzStripGIF(f *testing.F) { fuzzSeeds(f, gifSeeds(f), checkGIF) }

func gifSeeds(tb testing.TB) [][]byte {
	seeds := [][]byte{mustGIF(tb, 1), mustGIF(tb, 3)}
	small := smallGIF([]byte{0, 1, 2, 3, 3, 2, 1, 0}, 0)
	for _, p := range gifPlants {
		seeds = append(seeds, p.apply(small, []byte("some secret text here")))
	}
	return seeds
}

func checkGIF(t *testing.T, in []byte) {
	// Package image/gif adds up what several graphic controls say; browsers go
	// by the last.
	report, err := imageproc.Inspect(bytes.NewReader(in), nil)
	if err == nil && slices.ContainsFunc(report.Removed, func(f imageproc.Finding) bool {
		return f.Carrier == "graphic control extension without an image"
	}) {
		return
	}
	checkFuzzed(t, in)
}

// BenchmarkStripGIF is the whole way in memory, as BenchmarkStrip; here the codes
// are followed, twice.
func BenchmarkStripGIF(b *testing.B) {
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.Gray{byte(i)}
	}
	src := noisy(1400, 1000)
	img := image.NewPaletted(src.Rect, palette)
	copy(img.Pix, src.Y)
	var buf bytes.Buffer
	if err := gif.Encode(&buf, img, nil); err != nil {
		b.Fatal(err)
	}
	benchmarkStrip(b, buf.Bytes())
}
