package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/image/webp"
	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// WebP files built from RFC 9649 and RFC 6386. The pictures are coded by hand:
// VP8L with two shades of green, one bit a pixel; VP8 with an empty header, whose
// coefficients are whatever the bytes say.

func riffPiece(typ string, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	out := binary.LittleEndian.AppendUint32([]byte(typ), uint32(len(b)))
	out = append(out, b...)
	if len(b)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

func riffFile(chunks ...[]byte) []byte {
	b := bytes.Join(chunks, nil)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(b)))
	return append(append(out, "WEBP"...), b...)
}

// vp8l codes a picture whose pixels are bright or dark green.
func vp8l(w, h int, alpha bool, bright func(x, y int) bool) []byte {
	var bits imageproc.LowBits
	put := bits.Put
	put(0x2F, 8)
	put(uint64(w-1), 14)
	put(uint64(h-1), 14)
	hint, opacity := uint64(0), uint64(255)
	if alpha {
		hint, opacity = 1, 128
	}
	put(hint, 1)
	put(0, 3)          // version
	put(0, 3)          // no transform, no colour cache, one group of codes
	put(0b111, 3)      // green: simple, two symbols, eight bits each
	put(40, 8)         // dark
	put(200, 8)        // bright
	put(0b101, 3)      // red: simple, one symbol of eight bits
	put(60, 8)         //
	put(0b101, 3)      // blue
	put(90, 8)         //
	put(0b101, 3)      // alpha
	put(opacity, 8)    //
	put(0b001|0<<3, 4) // distance: simple, one symbol of one bit
	for y := range h {
		for x := range w {
			v := uint64(0)
			if bright(x, y) {
				v = 1
			}
			put(v, 1)
		}
	}
	return bits.Bytes()
}

// vp8 codes a key frame of noise, its partitions cut behind what decoding looks at.
func vp8(w, h, seed int) []byte {
	const zeros = 64 // bytes of the first partition, so that no bit of the header is set
	rnd := rand.New(rand.NewPCG(uint64(seed), 1))
	noise := func(b []byte, n int) []byte {
		for range n {
			b = append(b, byte(rnd.Uint32()))
		}
		return b
	}
	head := func(first int) []byte {
		tag := uint32(1<<4 | first<<5)
		b := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9D, 0x01, 0x2A}
		return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, uint16(w)), uint16(h))
	}
	first := noise(make([]byte, zeros), 400+(w+16)*(h+16)/28)
	out := noise(append(head(len(first)), first...), 1000+8*(w+16)*(h+16))
	work := 1 << 30
	parts, state := ends.VP8(out, &work)
	if state != ends.Whole {
		panic("too little noise")
	}
	return slices.Concat(head(parts[0].Used), first[:parts[0].Used], out[parts[1].At:][:parts[1].Used])
}

// quarter makes a picture without symmetry.
func quarter(x, y int) bool { return x < 24 && y < 16 || x >= 40 }

func webpLossless() []byte { return riffFile(riffPiece("VP8L", vp8l(48, 32, false, quarter))) }
func webpLossy() []byte    { return riffFile(riffPiece("VP8 ", vp8(48, 32, 1))) }

func canvas(flags byte, w, h int) []byte {
	return riffPiece("VP8X", []byte{flags, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0})
}

func alphaChunk(w, h int) []byte {
	b := make([]byte, 1+w*h)
	for i := range b[1:] {
		b[1+i] = byte(i)
	}
	return riffPiece("ALPH", b)
}

func webpAlphaFile() []byte {
	return riffFile(canvas(0x10, 48, 32), alphaChunk(48, 32), riffPiece("VP8 ", vp8(48, 32, 2)))
}

// anmf is a frame at x, y, both even.
func anmf(x, y, w, h int, flags byte, inner ...[]byte) []byte {
	head := []byte{byte(x / 2), 0, 0, byte(y / 2), 0, 0, byte(w - 1), 0, 0, byte(h - 1), 0, 0, 40, 0, 0, flags}
	return riffPiece("ANMF", append([][]byte{head}, inner...)...)
}

func animChunk() []byte { return riffPiece("ANIM", []byte{1, 2, 3, 4, 5, 0}) }

func webpAnimated() []byte {
	return riffFile(canvas(0x12, 48, 32), animChunk(),
		anmf(0, 0, 48, 32, 0, riffPiece("VP8 ", vp8(48, 32, 3))),
		anmf(8, 4, 20, 12, 3, alphaChunk(20, 12), riffPiece("VP8 ", vp8(20, 12, 4))),
		anmf(2, 2, 16, 16, 1, riffPiece("VP8L", vp8l(16, 16, true, func(x, y int) bool { return x > y }))))
}

// pieces takes a file apart: its chunks, padding included, and what follows.
func pieces(file []byte) (chunks [][]byte, tail []byte) {
	end := 8 + int(binary.LittleEndian.Uint32(file[4:]))
	for b := file[12:end]; len(b) >= 8; {
		n := 8 + int(binary.LittleEndian.Uint32(b[4:]))
		n += n % 2
		n = min(n, len(b))
		chunks, b = append(chunks, b[:n]), b[n:]
	}
	return chunks, file[end:]
}

// withPieces puts chunks at the end of the extended form of a file, or with
// front behind VP8X.
func withPieces(file []byte, flags byte, front bool, added ...[]byte) []byte {
	chunks, tail := pieces(file)
	if string(chunks[0][:4]) != "VP8X" {
		c, err := webp.DecodeConfig(bytes.NewReader(file))
		if err != nil {
			panic(err) // built by a test
		}
		chunks = append([][]byte{canvas(0, c.Width, c.Height)}, chunks...)
	}
	chunks[0] = bytes.Clone(chunks[0])
	chunks[0][8] |= flags
	if front {
		chunks = slices.Insert(chunks, 1, added...)
	} else {
		chunks = append(chunks, added...)
	}
	return append(riffFile(chunks...), tail...)
}

func lastPiece(flags byte, typ, head string) func(f, s []byte) []byte {
	return func(f, s []byte) []byte { return withPieces(f, flags, false, riffPiece(typ, []byte(head), s)) }
}

var webpPlants = []plant{
	{"Exif", func(f, s []byte) []byte { return withPieces(f, 8, false, riffPiece("EXIF", gpsBlock(s))) }, "EXIF", C{loc}},
	{"Exif without its flag", func(f, s []byte) []byte { return withPieces(f, 0, false, riffPiece("EXIF", gpsBlock(s))) }, "EXIF", C{loc}},
	{"Exif with the signature of JPEG", func(f, s []byte) []byte {
		return withPieces(f, 8, false, riffPiece("EXIF", []byte("Exif\x00\x00"), gpsBlock(s)))
	}, "EXIF", C{loc}},
	{"Exif that is none", lastPiece(8, "EXIF", ""), "EXIF", C{other}},
	{"second Exif", func(f, s []byte) []byte {
		return withPieces(f, 8, false, riffPiece("EXIF", gpsBlock(nil)), riffPiece("EXIF", gpsBlock(s)))
	}, "EXIF", C{loc}},
	{"Exif before the picture", func(f, s []byte) []byte { return withPieces(f, 8, true, riffPiece("EXIF", gpsBlock(s))) }, "EXIF", C{loc}},
	{"XMP", lastPiece(4, "XMP ", "<x photoshop:City='a' dc:creator='b'>"), "XMP", C{loc, person}},
	{"XMP of another name", lastPiece(0, "XMP\x00", "<x tiff:Model='b'>"), "XMP", C{dev}},
	{"title", lastPiece(0, "INAM", ""), "INAM", C{text}},
	{"artist", lastPiece(0, "IART", ""), "IART", C{person}},
	{"comment", lastPiece(0, "ICMT", ""), "ICMT", C{text}},
	{"date", lastPiece(0, "ICRD", ""), "ICRD", C{when}},
	{"software", lastPiece(0, "ISFT", ""), "ISFT", C{soft}},
	{"list", func(f, s []byte) []byte {
		return withPieces(f, 0, true, riffPiece("LIST", []byte("INFO"), riffPiece("IART", s), riffPiece("ISFT", s)))
	}, "LIST", C{person, soft}},
	{"credentials", lastPiece(0, "C2PA", ""), "C2PA", C{prov}},
	{"private chunk", lastPiece(0, "prmt", ""), `chunk "prmt"`, C{other}},
	{"chunk of no name", lastPiece(0, "\x01\xFF\x02\x03", ""), "chunk of no name", C{other}},
	{"profile that is none", func(f, s []byte) []byte { return withPieces(f, 0x20, true, riffPiece("ICCP", s)) }, "ICCP", C{other}},
	{"profile without its flag", func(f, s []byte) []byte { return withPieces(f, 0, true, riffPiece("ICCP", testICC("RGB ", s))) }, "ICCP", C{other}},
	{"behind the profile", func(f, s []byte) []byte {
		return withPieces(f, 0x20, true, riffPiece("ICCP", testICC("RGB ", nil), s))
	}, "bytes after ICC profile", C{other}},
	{"second picture", lastPiece(0, "VP8L", ""), "VP8L beside the picture", C{thumb}},
	{"frame without an animation", lastPiece(0, "ANMF", ""), "ANMF", C{other}},
	{"behind the file", func(f, s []byte) []byte { return append(bytes.Clone(f), s...) }, "bytes after RIFF", C{other}},
	{"behind the last chunk", func(f, s []byte) []byte {
		chunks, tail := pieces(f)
		return append(riffFile(append(chunks, s[:7])...), append(bytes.Clone(tail), s...)...)
	}, "bytes between chunks", C{other}},
}

func TestWebPPlantedSecretsGo(t *testing.T) {
	for name, file := range map[string][]byte{
		"lossless": webpLossless(), "lossy": webpLossy(), "alpha": webpAlphaFile(), "animated": webpAnimated(),
	} {
		for _, p := range webpPlants {
			if name == "animated" && (p.carrier == "ANMF") {
				continue // a frame that is none breaks the file
			}
			t.Run(name+"/"+p.name, func(t *testing.T) {
				for encoding, secret := range secrets() {
					planted := p.apply(file, secret)
					if !survives(planted, secret) {
						t.Error("the secret was never planted")
					}
					out, report := strip(t, planted)
					if survives(out, secret) {
						t.Errorf("%s: the secret is still there", encoding)
					}
					checkWebPFrames(t, out, file)
					checkFinding(t, report, p)
					checkSettled(t, out)
				}
			})
		}
	}
}

// webpFrames decodes every picture of a file with x/image, each as a file of its
// own.
func webpFrames(tb testing.TB, file []byte) []image.Image {
	tb.Helper()
	chunks, _ := pieces(file)
	if string(chunks[0][:4]) != "VP8X" || chunks[0][8]&2 == 0 {
		img, err := webp.Decode(bytes.NewReader(file))
		if err != nil {
			tb.Fatal(err)
		}
		return []image.Image{img}
	}
	var list []image.Image
	for _, c := range chunks {
		if string(c[:4]) != "ANMF" {
			continue
		}
		inner := c[24:]
		head := canvas(0, 1, 1)
		copy(head[12:], c[14:20])
		if string(inner[:4]) == "ALPH" {
			head[8] = 0x10
		}
		img, err := webp.Decode(bytes.NewReader(riffFile(head, inner)))
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, img)
	}
	return list
}

func checkWebPFrames(t *testing.T, got, want []byte) {
	t.Helper()
	a, b := webpFrames(t, got), webpFrames(t, want)
	if !slices.EqualFunc(a, b, samePixels) {
		t.Errorf("%d pictures instead of %d, or others", len(a), len(b))
	}
}

// The other ways to hide something that are no chunk at the end of the file.
func TestWebPCorners(t *testing.T) {
	secret := []byte("seventeen letters")
	odd := vp8l(48, 32, false, quarter)
	if len(odd)%2 == 0 {
		odd = append(odd, 0)
	}
	padded := riffPiece("VP8L", odd)
	padded[len(padded)-1] = 'x'
	raw := alphaChunk(48, 32)
	lossy := riffPiece("VP8 ", vp8(48, 32, 2))
	frame := riffPiece("VP8 ", vp8(48, 32, 3))
	for _, row := range []struct {
		name string
		in   []byte
		want []byte
	}{
		{"padding", riffFile(padded), riffFile(riffPiece("VP8L", odd))},
		{"no padding at the end", riffFile(padded[:len(padded)-1]), riffFile(riffPiece("VP8L", odd))},
		{"VP8X that nothing needs", riffFile(canvas(0x2D, 48, 32), padded), riffFile(riffPiece("VP8L", odd))},
		{"reserved bits of VP8X", replace(t, webpAlphaFile(), "\x0A\x00\x00\x00\x10\x00\x00\x00", "\x0A\x00\x00\x00\xD1abc"), webpAlphaFile()},
		{"alpha without its flag", replace(t, webpAlphaFile(), "\x0A\x00\x00\x00\x10", "\x0A\x00\x00\x00\x00"), replace(t, webpAlphaFile(), "\x0A\x00\x00\x00\x10", "\x0A\x00\x00\x00\x00")},
		{"behind raw alpha", riffFile(canvas(0x10, 48, 32), riffPiece("ALPH", raw[8:8+1+48*32], secret), lossy), webpAlphaFile()},
		{"reserved bit of alpha", riffFile(canvas(0x10, 48, 32), riffPiece("ALPH", []byte{0x40}, raw[9:9+48*32]), lossy), webpAlphaFile()},
		{"between alpha and colour", riffFile(canvas(0x10, 48, 32), raw, riffPiece("note", secret), lossy), webpAlphaFile()},
		{
			"inside a frame", riffFile(canvas(2, 48, 32), animChunk(), anmf(0, 0, 48, 32, 0, riffPiece("note", secret), frame, riffPiece("EXIF", secret), secret[:5])),
			riffFile(canvas(2, 48, 32), animChunk(), anmf(0, 0, 48, 32, 0, frame)),
		},
		{
			"reserved bits of a frame", riffFile(canvas(2, 48, 32), animChunk(), anmf(0, 0, 48, 32, 0xFD, frame)),
			riffFile(canvas(2, 48, 32), animChunk(), anmf(0, 0, 48, 32, 1, frame)),
		},
		{
			"a still beside the frames", riffFile(canvas(2, 48, 32), lossy, animChunk(), anmf(0, 0, 48, 32, 0, frame)),
			riffFile(canvas(2, 48, 32), animChunk(), anmf(0, 0, 48, 32, 0, frame)),
		},
		{
			"order", riffFile(canvas(0x28, 48, 32), riffPiece("EXIF", orientationBlock(6)), lossy, riffPiece("ICCP", testICC("RGB ", nil))),
			riffFile(canvas(0x28, 48, 32), riffPiece("ICCP", testICC("RGB ", nil)), lossy, riffPiece("EXIF", canonicalExif(6))),
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			out, _ := strip(t, row.in)
			if !bytes.Equal(out, row.want) {
				t.Errorf("got  %.80q\nwant %.80q", out, row.want)
			}
			checkSettled(t, out)
		})
	}
}

// Some decoders show alpha where VP8X says so and others where there is some: the
// flag stays, and each shows what it did.
func TestWebPAlphaFlag(t *testing.T) {
	for name, row := range map[string]struct {
		chunks []byte
		alpha  bool
	}{
		"VP8":            {riffPiece("VP8 ", vp8(48, 32, 1)), false},
		"VP8L":           {riffPiece("VP8L", vp8l(48, 32, false, quarter)), false},
		"VP8L, alpha":    {riffPiece("VP8L", vp8l(48, 32, true, quarter)), true},
		"ALPH and VP8":   {append(alphaChunk(48, 32), riffPiece("VP8 ", vp8(48, 32, 1))...), true},
		"ANMF":           {append(animChunk(), anmf(0, 0, 48, 32, 0, riffPiece("VP8 ", vp8(48, 32, 1)))...), false},
		"ANMF with ALPH": {append(animChunk(), anmf(0, 0, 48, 32, 0, alphaChunk(48, 32), riffPiece("VP8 ", vp8(48, 32, 1)))...), true},
	} {
		for _, flag := range []byte{0, 0x10} {
			for _, comment := range [][]byte{nil, riffPiece("INAM", []byte("a name"))} {
				flags := flag
				if bytes.HasPrefix(row.chunks, []byte("ANIM")) {
					flags |= 2
				}
				var out, again bytes.Buffer
				photo, err := imageproc.Strip(&out, bytes.NewReader(riffFile(canvas(flags, 48, 32), row.chunks, comment)), nil)
				if err != nil {
					t.Fatalf("%s, flag %x: %v", name, flag, err)
				}
				if got := out.Bytes(); string(got[12:16]) == "VP8X" && got[20]&0x10 != flag || string(got[12:16]) != "VP8X" && row.alpha != (flag != 0) {
					t.Errorf("%s, flag %x: %q", name, flag, got[:30])
				}
				if _, err := imageproc.Strip(&again, bytes.NewReader(out.Bytes()), nil); err != nil || !bytes.Equal(again.Bytes(), out.Bytes()) {
					t.Errorf("%s, flag %x: a second strip: %v", name, flag, err)
				}
				if _, err := imageproc.Decode(bytes.NewReader(out.Bytes()), nil); err != nil {
					t.Errorf("%s, flag %x: %v, %+v", name, flag, err, photo)
				}
			}
		}
	}
}

func canonicalExif(o byte) []byte {
	return []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(o)) + "\x00\x00\x00\x00\x00\x00")
}

func TestWebPRefusals(t *testing.T) {
	l, y := riffPiece("VP8L", vp8l(48, 32, false, quarter)), riffPiece("VP8 ", vp8(48, 32, 1))
	frame := anmf(0, 0, 48, 32, 0, y)
	moving := func(chunks ...[]byte) []byte { return riffFile(append([][]byte{canvas(2, 48, 32)}, chunks...)...) }
	for _, row := range []struct {
		name string
		in   []byte
		want error
		text string
	}{
		{"truncated", webpLossy()[:60], imageproc.ErrCorrupt, "imageproc: webp: RIFF at 0: length 94 exceeds input: the file is truncated"},
		{"nothing", riffFile(), imageproc.ErrCorrupt, "imageproc: webp: end at 12: no picture before it"},
		{"chunk too long", riffFile(y[:len(y)-9]), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8 " at 12: length 81 exceeds what is left`},
		{"Exif first", riffFile(riffPiece("EXIF"), l), imageproc.ErrCorrupt, `imageproc: webp: chunk "EXIF" at 12: stands where VP8, VP8L or VP8X has to`},
		{"short VP8X", riffFile(riffPiece("VP8X", make([]byte, 8)), l), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8X" at 12: length 8`},
		{"canvas of another size", riffFile(canvas(0, 48, 31), l), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8L" at 30: size is not the one announced`},
		{"no picture", riffFile(canvas(0, 48, 32), riffPiece("EXIF", gpsBlock(nil))), imageproc.ErrCorrupt, "imageproc: webp: end at 84: no picture before it"},
		{"two alphas", riffFile(canvas(0, 48, 32), alphaChunk(48, 32), alphaChunk(48, 32), y), imageproc.ErrCorrupt, `imageproc: webp: chunk "ALPH" at 1576: second one`},
		{"alpha too short", riffFile(canvas(0, 48, 32), alphaChunk(48, 31), y), imageproc.ErrCorrupt, `imageproc: webp: chunk "ALPH" at 30: fewer bytes than pixels`},
		{"alpha of the future", riffFile(canvas(0, 48, 32), riffPiece("ALPH", []byte{3, 0}), y), imageproc.ErrCorrupt, `imageproc: webp: chunk "ALPH" at 30: header is not valid`},
		{"alpha twice over", riffFile(canvas(0, 48, 32), alphaChunk(48, 32), l), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8L" at 1576: after ALPH`},
		{"no key frame", riffFile(riffPiece("VP8 ", []byte{0x11}, vp8(48, 32, 1)[1:])), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8 " at 12: header is not valid`},
		{"partition too long", riffFile(riffPiece("VP8 ", vp8(48, 32, 1)[:14])), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8 " at 12: first partition of 10 bytes exceeds it`},
		{"no width", riffFile(riffPiece("VP8 ", vp8(0, 32, 1))), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8 " at 12: size is not valid`},
		{"VP8L of another kind", riffFile(riffPiece("VP8L", []byte("text"))), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8L" at 12: header is not valid`},
		{"canvas too large", riffFile(riffPiece("VP8X", []byte("\x00\x00\x00\x00\xFF\xFF\x00\xFF\xFF\x00")), l), imageproc.ErrTooLarge, `imageproc: webp: chunk "VP8X" at 12: more pixels than the limit allows`},
		{"picture too large", riffFile(riffPiece("VP8L", vp8l(16384, 16384, false, func(int, int) bool { return false })[:100])), imageproc.ErrTooLarge, `imageproc: webp: chunk "VP8L" at 12: more pixels than the limit allows`},
		{"frame without ANIM", moving(frame), imageproc.ErrCorrupt, `imageproc: webp: chunk "ANMF" at 30: no ANIM before it`},
		{"no frame", moving(animChunk(), y), imageproc.ErrCorrupt, "imageproc: webp: end at 134: no picture before it"},
		{"short frame", moving(animChunk(), riffPiece("ANMF", make([]byte, 15))), imageproc.ErrCorrupt, `imageproc: webp: chunk "ANMF" at 44: length 15`},
		{"empty frame", moving(animChunk(), anmf(0, 0, 48, 32, 0)), imageproc.ErrCorrupt, `imageproc: webp: chunk "ANMF" at 44: no picture in it`},
		{"frame off the canvas", moving(animChunk(), anmf(2, 0, 48, 32, 0, y)), imageproc.ErrCorrupt, `imageproc: webp: chunk "ANMF" at 44: the frame reaches beyond the canvas`},
		{"frame of another size", moving(animChunk(), anmf(0, 0, 46, 32, 0, y)), imageproc.ErrCorrupt, `imageproc: webp: chunk "VP8 " at 68: size is not the one announced`},
	} {
		t.Run(row.name, func(t *testing.T) { checkRefusal(t, row.in, row.want, row.text) })
	}
	many := riffFile(append([][]byte{canvas(2, 48, 32), animChunk()}, slices.Repeat([][]byte{frame}, 60)...)...)
	for segments, ok := range map[int]bool{100: false, 122: true} {
		_, err := imageproc.Inspect(bytes.NewReader(many), &imageproc.InspectOptions{Limits: imageproc.Limits{MaxSegments: segments}})
		if ok != (err == nil) || !ok && !errors.Is(err, imageproc.ErrTooLarge) {
			t.Errorf("%d chunks: %v", segments, err)
		}
	}
}

func checkRefusal(t *testing.T, in []byte, want error, text string) {
	t.Helper()
	var out bytes.Buffer
	_, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
	if !errors.Is(err, want) || message(err) != text {
		t.Errorf("got  %v\nwant %s", err, text)
	}
	if out.Len() > 0 {
		t.Errorf("%d bytes were written", out.Len())
	}
	checkAllRefuse(t, in, want)
}

// A lossless picture stands upright in every orientation, is shown as large as
// it is said to be, and keeps its shades.
func TestWebPOrientation(t *testing.T) {
	for o := range uint32(9) {
		in := withPieces(webpLossless(), 8, false, riffPiece("EXIF", orientationBlock(o)))
		out, report := strip(t, in)
		want := max(1, int(o))
		if report.Orientation != want {
			t.Errorf("orientation %d, want %d", report.Orientation, want)
		}
		checkWebPFrames(t, out, in)
		stored := decode(t, in)
		img, err := imageproc.Decode(bytes.NewReader(in), nil)
		if err != nil {
			t.Fatal(err)
		}
		// Where the stored corner (47, 0), bright, and (30, 0), dark, are shown.
		at := map[int][2]image.Point{
			1: {{47, 0}, {30, 0}}, 2: {{0, 0}, {17, 0}}, 3: {{0, 31}, {17, 31}}, 4: {{47, 31}, {30, 31}},
			5: {{0, 47}, {0, 30}}, 6: {{31, 47}, {31, 30}}, 7: {{31, 0}, {31, 17}}, 8: {{0, 0}, {0, 17}},
		}[want]
		for i, p := range []image.Point{{47, 0}, {30, 0}} {
			if a, b := img.At(at[i].X, at[i].Y), stored.At(p.X, p.Y); a != b {
				t.Errorf("orientation %d: %v at %v, want %v", want, a, at[i], b)
			}
		}
	}
	// Without its flag a browser does not see it.
	_, report := strip(t, withPieces(webpLossless(), 0, false, riffPiece("EXIF", orientationBlock(6))))
	if report.Orientation != 1 {
		t.Errorf("orientation %d from a chunk that VP8X does not announce", report.Orientation)
	}
}

// The planes of VP8 reach from 16 to 235. A flat picture whose planes are all
// 128, as this one's, is shown as 130 and not as 128.
func TestWebPRange(t *testing.T) {
	flat := vp8(16, 16, 1)
	clear(flat[10:])
	img, err := imageproc.Decode(bytes.NewReader(riffFile(riffPiece("VP8 ", flat))), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := img.At(3, 3); got != (color.NRGBA{130, 130, 130, 255}) {
		t.Errorf("got %v", got)
	}
}

func TestWebPReduced(t *testing.T) {
	profile := testICC("RGB ", nil)
	for _, row := range []struct {
		name string
		in   []byte
		want imageproc.Format
	}{
		{"lossy", webpLossy(), imageproc.JPEG},
		{"lossless", webpLossless(), imageproc.PNG},
		{"alpha", webpAlphaFile(), imageproc.PNG},
		{"animated", webpAnimated(), imageproc.JPEG},
	} {
		t.Run(row.name, func(t *testing.T) {
			in := withPieces(withPieces(row.in, 8, false, riffPiece("EXIF", orientationBlock(6))), 0x20, true, riffPiece("ICCP", profile))
			c := sanitize(t, in, &imageproc.SanitizeOptions{MaxSide: 24, Mark: testMark, KeepProfile: true})
			if c.Format() != row.want || c.Bounds() != image.Rect(0, 0, 16, 24) || c.Report().Format != imageproc.WebP {
				t.Errorf("%v, %v", c, c.Report().Format)
			}
			if row.want == imageproc.JPEG && !bytes.Contains(c.Bytes(), profile) || row.want == imageproc.PNG && !bytes.Contains(c.Bytes(), []byte("iCCP")) {
				t.Error("the profile is lost")
			}
			converted := sanitize(t, in, &imageproc.SanitizeOptions{MaxSide: 24, Mark: testMark})
			if row.want == imageproc.JPEG && bytes.Contains(converted.Bytes(), profile) {
				t.Error("the copy has sRGB's colours and another profile")
			}
			lossless := sanitize(t, in, &imageproc.SanitizeOptions{Mark: testMark})
			if lossless.Format() != imageproc.WebP || lossless.Bounds() != image.Rect(0, 0, 32, 48) {
				t.Errorf("%v", lossless)
			}
			checkWebPFrames(t, lossless.Bytes(), row.in)
			checkPacket(t, packetOf(t, lossless.Bytes()), testMark)
			full, err := lossless.Image(nil)
			if err != nil || full.Bounds() != lossless.Bounds() {
				t.Errorf("%v", err)
			}
		})
	}
}

// Thumb of an animation shows its first frame where it stands.
func TestWebPFirstFrame(t *testing.T) {
	in := riffFile(canvas(2, 48, 32), animChunk(),
		anmf(8, 4, 16, 16, 0, riffPiece("VP8L", vp8l(16, 16, true, func(x, y int) bool { return x > y }))),
		anmf(0, 0, 48, 32, 0, riffPiece("VP8 ", vp8(48, 32, 3))))
	img, err := sanitize(t, in, nil).Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[image.Point]color.NRGBA{
		{0, 0}: {}, {7, 4}: {}, {8, 4}: {60, 40, 90, 128}, {23, 4}: {60, 200, 90, 128}, {24, 4}: {}, {8, 20}: {},
	} {
		if got := img.At(p.X, p.Y); got != want {
			t.Errorf("at %v %v, want %v", p, got, want)
		}
	}
}

// Memory is charged before the decoder is called.
func TestWebPBudget(t *testing.T) {
	wide := riffFile(riffPiece("VP8L", vp8l(7000, 7000, false, func(int, int) bool { return false })[:200]))
	if _, err := imageproc.Decode(bytes.NewReader(wide), nil); !errors.Is(err, imageproc.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestWebPProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 40).Draw(t, "width"), rapid.IntRange(1, 40).Draw(t, "height")
		clean := riffFile(riffPiece("VP8L", vp8l(w, h, rapid.Bool().Draw(t, "alpha"), func(x, y int) bool { return x*y%3 == 0 })))
		if rapid.Bool().Draw(t, "lossy") {
			clean = riffFile(riffPiece("VP8 ", vp8(w, h, w)))
		}
		secret := rapid.SliceOfN(rapid.ByteRange(33, 126), 20, 60).Draw(t, "secret")
		orientation := rapid.IntRange(1, 8).Draw(t, "orientation")
		dirty := clean
		for range rapid.IntRange(1, 4).Draw(t, "plants") {
			p := rapid.SampledFrom(webpPlants).Draw(t, "plant")
			if p.name != "profile without its flag" { // which another plant may set
				dirty = p.apply(dirty, secret)
			}
		}
		dirty = withPieces(dirty, 8, true, riffPiece("EXIF", orientationBlock(uint32(orientation)), secret))
		checkStripped(t, clean, dirty, secret, orientation)
	})
}

func FuzzStripWebP(f *testing.F) { fuzzSeeds(f, webpSeeds(), checkWebP) }

func webpSeeds() [][]byte {
	seeds := [][]byte{webpLossless(), webpLossy(), webpAlphaFile(), webpAnimated()}
	small := riffFile(riffPiece("VP8L", vp8l(5, 3, true, quarter)))
	for _, p := range webpPlants {
		seeds = append(seeds, p.apply(small, []byte("some secret text here")))
	}
	return seeds
}

func checkWebP(t *testing.T, in []byte) {
	checkFuzzed(t, in)
	if len(in) >= 12 { // a fuzzer rarely finds the length
		in = bytes.Clone(in)
		binary.LittleEndian.PutUint32(in[4:], uint32(len(in)-8))
		checkFuzzed(t, in)
	}
}

// BenchmarkStripWebP is the whole way in memory, as BenchmarkStrip.
func BenchmarkStripWebP(b *testing.B) {
	coded := vp8(4000, 3000, 1)
	body := []byte{8, 0, 0, 0, byte(3999 & 0xFF), byte(3999 >> 8), 0, byte(2999 & 0xFF), byte(2999 >> 8), 0}
	b.Run("lossy", func(b *testing.B) {
		benchmarkStrip(b, riffFile(riffPiece("VP8X", body), riffPiece("VP8 ", coded), riffPiece("EXIF", phoneExif(6, 60<<10))))
	})
	b.Run("lossy, thorough", func(b *testing.B) { benchmarkThorough(b, riffFile(riffPiece("VP8 ", coded))) })
	b.Run("lossless, thorough", func(b *testing.B) {
		benchmarkThorough(b, riffFile(riffPiece("VP8L", vp8l(2000, 1500, false, quarter))))
	})
	b.Run("100 frames", func(b *testing.B) {
		frame := anmf(0, 0, 256, 256, 0, riffPiece("VP8 ", vp8(256, 256, 3)))
		benchmarkStrip(b, riffFile(append([][]byte{canvas(2, 256, 256), animChunk()}, slices.Repeat([][]byte{frame}, 100)...)...))
	})
}

// benchmarkThorough follows the codes.
func benchmarkThorough(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := thoroughly(data); err != nil {
			b.Fatal(err)
		}
	}
}
