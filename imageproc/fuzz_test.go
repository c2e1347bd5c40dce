package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"testing"

	"golang.org/x/image/tiff"
	lossless "golang.org/x/image/vp8l"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// foundText is why the search stops an output. A fuzzer copies parts of the picture
// to where metadata is, and then it has to.
const foundText = "holds a text of the input's metadata"

// checkFuzzed holds whatever input against what Strip promises for every one:
// a typed error and no output, or an output that is settled, no larger than a
// constant more than the input, and as decodable as the input.
func checkFuzzed(t *testing.T, in []byte) {
	lim := imageproc.Limits{MaxBytes: 1 << 20, MaxPixels: 1 << 18}
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Limits: lim})
	if err != nil {
		var fe *imageproc.FormatError
		if !errors.As(err, &fe) || fe.Err == nil || out.Len() > 0 || report != nil {
			t.Fatalf("%v with %d bytes of output", err, out.Len())
		}
		if errors.Is(err, imageproc.ErrVerify) && fe.Reason != foundText {
			t.Fatalf("the second walker stopped the first: %v", err)
		}
		return
	}
	most := len(in) + 256
	if report.Format == imageproc.TIFF {
		most = 7*len(in) + 256 // numbers and tags are written in one form, which some files beat, and pages and edges may share strips and tiles
	}
	if len(report.Mended) > 0 {
		most += 1024 + 8*int(lim.MaxPixels) // rows are coded anew, those that are lost as well
	}
	switch report.Format {
	case imageproc.GIF:
		most += len(in) / 8 // each picture may get an end code
	case imageproc.HEIC, imageproc.AVIF:
		most = 2*len(in) + 256 // entries are written in one form, which some files beat by a few bytes each
	}
	if report.Format == imageproc.BMP {
		most = len(in) + int(4*lim.MaxPixels) + 2048 // runs are written out
	}
	if report.BytesOut != int64(out.Len()) || report.BytesIn != int64(len(in)) || out.Len() > most {
		t.Fatalf("report %+v for %d bytes", report, out.Len())
	}
	for _, f := range report.Removed {
		if f.Carrier == "" || len(f.Classes) == 0 || f.Bytes <= 0 {
			t.Fatalf("finding %+v", f)
		}
	}
	var again bytes.Buffer
	second, err := imageproc.Strip(&again, bytes.NewReader(out.Bytes()), &imageproc.StripOptions{Limits: lim})
	if err != nil || !bytes.Equal(again.Bytes(), out.Bytes()) || len(second.Removed) > 0 || second.Orientation != report.Orientation {
		t.Fatalf("a second strip: %v, %+v", err, second)
	}
	want, _, inErr := image.Decode(bytes.NewReader(in))
	got, _, outErr := image.Decode(bytes.NewReader(out.Bytes()))
	if report.Format == imageproc.BMP && inErr == nil && outErr == nil {
		want, got = painted(want), painted(got)
	}
	// x/image has alpha where a long header has no mask for it, which browsers do not.
	alpha := report.Format == imageproc.BMP && in[14] > 40 && in[28] == 32 && in[30] == 0
	rescanned := report.Format == imageproc.JPEG && inErr == nil && outErr == nil && !samePixels(got, want) &&
		slices.ContainsFunc(report.Removed, func(f imageproc.Finding) bool { return f.Carrier == "bytes after the picture" })
	if inErr == nil && readsOn(outErr) || rescanned {
		// Of codes that break the rules, as a run behind the last coefficient,
		// libjpeg and image/jpeg read different numbers of bits, and end in
		// different places; and where all components have had their scan, image/jpeg
		// takes one more. The decoder in this package is held against libjpeg's.
		want, inErr = imageproc.Decode(bytes.NewReader(in), &imageproc.DecodeOptions{Limits: lim})
		got, outErr = imageproc.Decode(bytes.NewReader(out.Bytes()), &imageproc.DecodeOptions{Limits: lim})
	}
	misread := misreadTIFF(in)
	switch {
	case inErr != nil || alpha || report.Format == imageproc.WebP && misreadWebP(in) || outErr != nil && outErr == misread.fails:
	case outErr != nil || !misread.sums && !samePixels(got, want):
		t.Fatalf("the picture changed: %v", outErr)
	}
	if img, err := imageproc.Decode(bytes.NewReader(in), &imageproc.DecodeOptions{MaxSide: 64, Limits: lim}); err == nil {
		if b := img.Bounds(); max(b.Dx(), b.Dy()) > 64 || b.Min != (image.Point{}) {
			t.Fatalf("decoded to %v", b)
		}
	}
}

// readsOn says whether image/jpeg looks for bits behind the last block of a scan or of
// a restart interval.
func readsOn(err error) bool {
	return errors.Is(err, jpeg.FormatError("missing 0xff00 sequence")) || errors.Is(err, jpeg.FormatError("bad RST marker"))
}

// misread is what x/image makes of the first page of a TIFF file that libtiff reads
// otherwise.
type misread struct {
	fails error // of the output
	sums  bool  // differences where the coding knows of none (TIFF 6.0 §14: LZW does, and Deflate after it)
}

// misreadTIFF says in what x/image makes noise of the first page of a TIFF file: it
// takes planes of red, green and blue for whole pixels, for which it needs bytes that
// follow those of the plane; and it has no pixels of more than eight bytes, but
// notices only where a strip says its right length.
func misreadTIFF(in []byte) (m misread) {
	var order binary.ByteOrder = binary.LittleEndian
	if imageproc.Sniff(in) != imageproc.TIFF || len(in) < 8 {
		return m
	}
	if in[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(in[4:]))
	if order.Uint16(in[2:]) != 42 || at+2 > uint64(len(in)) {
		return m // BigTIFF, which it does not read
	}
	first := map[uint16]uint32{258: 1, 277: 1}
	for n, e := order.Uint16(in[at:]), in[at+2:]; n > 0 && len(e) >= 12; n, e = n-1, e[12:] {
		value := e[8:12]
		size := uint64(tagWidths[order.Uint16(e[2:])]) * uint64(order.Uint32(e[4:]))
		if place := uint64(order.Uint32(value)); size > 4 && place+4 <= uint64(len(in)) {
			value = in[place : place+4]
		}
		switch order.Uint16(e[2:]) {
		case 1:
			first[order.Uint16(e)] = uint32(value[0])
		case 3:
			first[order.Uint16(e)] = uint32(order.Uint16(value))
		case 4:
			first[order.Uint16(e)] = order.Uint32(value)
		}
	}
	switch samples := first[277]; {
	case first[262] == 2 && first[284] == 2 && samples > 1:
		m.fails = tiff.FormatError("not enough pixel data")
	case uint64(samples)*uint64(first[258]) > 64:
		m.fails = tiff.FormatError("block data size too large")
	}
	coding := first[259]
	m.sums = first[317] == 2 && coding != 5 && coding != 8 && coding != 32946
	return m
}

// misreadWebP says whether x/image takes other codes for those of VP8L than libwebp: of
// two symbols named in the wrong order it gives the first the lower code.
func misreadWebP(in []byte) bool {
	canvas := make([]byte, 10)
	for rest := in[12:]; len(rest) >= 8; {
		typ, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		if size < 0 || size > len(rest)-8 {
			break
		}
		body := rest[8 : 8+size]
		rest = rest[min(len(rest), 8+size+size%2):]
		var coded []byte
		switch {
		case typ == "VP8X" && size == 10:
			canvas = body
		case typ == "VP8L" && size > 5:
			coded = body
		case typ == "ALPH" && size > 1 && body[0]&3 == 1:
			head := uint32(canvas[4]) | uint32(canvas[5]&0x3F)<<8 | uint32(canvas[7])<<14 | uint32(canvas[8]&0x3F)<<22
			coded = append(binary.LittleEndian.AppendUint32([]byte{0x2F}, head), body[1:]...)
		}
		if coded == nil {
			continue
		}
		head, work := binary.LittleEndian.Uint32(coded[1:]), 1<<24
		used, _, state := ends.VP8L(coded[5:], int(head&0x3FFF)+1, int(head>>14&0x3FFF)+1, &work)
		r := bytes.NewReader(coded)
		_, err := lossless.Decode(r)
		if ahead := len(coded) - r.Len() - 5 - used; state == ends.Whole && (err != nil || ahead < 0 || ahead > 1) {
			return true
		}
	}
	return false
}

// painted is a picture without its palette: colours that no pixel has count for
// nothing, and an index beyond the palette is black.
func painted(img image.Image) image.Image {
	p, ok := img.(*image.Paletted)
	if !ok {
		return img
	}
	out := image.NewNRGBA(p.Rect)
	for i, v := range p.Pix {
		c := color.NRGBA{A: 255}
		if int(v) < len(p.Palette) {
			c = color.NRGBAModel.Convert(p.Palette[v]).(color.NRGBA)
		}
		out.SetNRGBA(p.Rect.Min.X+i%p.Stride, p.Rect.Min.Y+i/p.Stride, c)
	}
	return out
}

func FuzzStripJPEG(f *testing.F) { fuzzSeeds(f, jpegSeeds(f), checkFuzzed) }

func FuzzStripPNG(f *testing.F) { fuzzSeeds(f, pngSeeds(f), checkPNG) }

func fuzzSeeds(f *testing.F, seeds [][]byte, check func(*testing.T, []byte)) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(check)
}

func jpegSeeds(tb testing.TB) [][]byte {
	grey := mustJPEG(tb, image.NewGray(image.Rect(0, 0, 9, 9)))
	seeds := [][]byte{
		mustJPEG(tb, corner()), grey, phonePhoto(tb), restartJPEG(4, 3, 2, 1),
		progressiveJPEG(3, 3, segment(0xFE, []byte("between"))),
		withSegments(grey, iccChunks(testICC("RGB ", nil), 2, true)...),
	}
	for _, p := range jpegPlants {
		seeds = append(seeds, p.apply(grey, []byte("some secret text here")))
	}
	return seeds
}

func pngSeeds(tb testing.TB) [][]byte {
	seeds := [][]byte{
		mustPNG(tb, corner()),
		mustPNG(tb, image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.Transparent})),
		mustPNG(tb, image.NewNRGBA64(image.Rect(0, 0, 3, 2))),
		animatedPNG(tb, 3, false), animatedPNG(tb, 2, true),
	}
	base := mustPNG(tb, image.NewGray(image.Rect(0, 0, 5, 5)))
	for _, p := range pngPlants {
		seeds = append(seeds, p.apply(base, []byte("some secret text here")))
	}
	return seeds
}

func checkPNG(t *testing.T, in []byte) {
	checkFuzzed(t, in)
	checkFuzzed(t, mendCRCs(in))
}

// mendCRCs puts the right CRC behind every chunk, for a fuzzer does not find one.
func mendCRCs(in []byte) []byte {
	out := bytes.Clone(in)
	for at := 8; at+12 <= len(out); {
		n := binary.BigEndian.Uint32(out[at:])
		if uint64(n) > uint64(len(out)-at-12) {
			break
		}
		size := 12 + int(n)
		copy(out[at:], chunk(string(out[at+4:at+8]), out[at+8:at+8+int(n)]))
		at += size
	}
	return out
}

func FuzzSniff(f *testing.F) {
	for _, s := range []string{"", "\xFF\xD8\xFF", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "<?xml", "BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, prefix []byte) {
		// 32 bytes suffice, but for XML behind much white space.
		if got, want := imageproc.Sniff(prefix[:min(32, len(prefix))]), imageproc.Sniff(prefix); got != want && want != imageproc.SVG && want != imageproc.HEIC && want != imageproc.AVIF {
			t.Errorf("32 bytes say %v, all say %v", got, want)
		}
	})
}
