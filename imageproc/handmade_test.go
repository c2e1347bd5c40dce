package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"math/bits"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// The standard library writes neither progressive files nor restart markers nor
// animations, so they are made by hand here.

// bitWriter writes entropy-coded data: bits from the top, zeros stuffed.
type bitWriter struct {
	out []byte
	acc uint32
	n   int
}

func (w *bitWriter) write(value uint32, n int) {
	for i := n - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | value>>i&1
		if w.n++; w.n == 8 {
			w.out = append(w.out, byte(w.acc))
			if byte(w.acc) == 0xFF {
				w.out = append(w.out, 0)
			}
			w.acc, w.n = 0, 0
		}
	}
}

func (w *bitWriter) flush() {
	for w.n != 0 {
		w.write(1, 1)
	}
}

// dc writes the difference of a block's average: its size in four bits, then the
// bits of it.
func (w *bitWriter) dc(diff int) {
	magnitude := uint32(max(diff, -diff))
	size := bits.Len32(magnitude)
	w.write(uint32(size), 4)
	if diff < 0 {
		magnitude = 1<<size - 1 - magnitude
	}
	w.write(magnitude, size)
}

// handTables are a flat quantisation table, a code of four bits for the sizes of
// averages, and one bit for the end of a block.
func handTables() []byte {
	dcCounts, acCounts := make([]byte, 16), make([]byte, 16)
	dcCounts[3], acCounts[0] = 12, 1
	return slices.Concat(
		segment(0xDB, []byte{0}, bytes.Repeat([]byte{8}, 64)),
		segment(0xC4, []byte{0}, dcCounts, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, []byte{0x10}, acCounts, []byte{0}),
	)
}

// flat are the averages of w × h blocks, all different.
func flat(w, h int) []int {
	list := make([]int, w*h)
	for i := range list {
		list[i] = i*200/len(list) - 100
	}
	return list
}

func frame(sof byte, w, h int) []byte {
	return segment(sof, []byte{8, byte(h * 8 >> 8), byte(h * 8), byte(w * 8 >> 8), byte(w * 8), 1, 1, 0x11, 0})
}

// restartJPEG has a restart marker behind every n blocks. extra intervals follow
// behind the last block.
func restartJPEG(w, h, n, extra int) []byte {
	var b bitWriter
	last, blocks := 0, flat(w, h)
	for i, v := range blocks {
		if i > 0 && i%n == 0 {
			b.flush()
			b.out = append(b.out, 0xFF, 0xD0|byte(i/n-1)&7)
			last = 0
		}
		b.dc(v - last)
		b.write(0, 1)
		last = v
	}
	b.flush()
	for i := range extra {
		b.out = append(b.out, 0xFF, 0xD0|byte((len(blocks)-1)/n+i)&7)
		b.out = append(b.out, "secret interval"...)
	}
	return slices.Concat([]byte{0xFF, 0xD8}, handTables(), frame(0xC0, w, h), segment(0xDD, []byte{0, byte(n)}),
		segment(0xDA, []byte{1, 1, 0, 0, 63, 0}), b.out, []byte{0xFF, 0xD9})
}

// progressiveJPEG has three scans: averages without their last bit, that bit, and
// the rest, which is nothing. between goes in front of the second and the third.
func progressiveJPEG(w, h int, between []byte) []byte {
	blocks := flat(w, h)
	var first, second, third bitWriter
	last := 0
	for _, v := range blocks {
		first.dc(v>>1 - last)
		last = v >> 1
		second.write(uint32(v&1), 1)
		third.write(0, 1)
	}
	first.flush()
	second.flush()
	third.flush()
	return slices.Concat([]byte{0xFF, 0xD8}, handTables(), frame(0xC2, w, h),
		segment(0xDA, []byte{1, 1, 0, 0, 0, 0x01}), first.out, between,
		segment(0xDA, []byte{1, 1, 0, 0, 0, 0x10}), second.out, between,
		segment(0xDA, []byte{1, 1, 0, 1, 63, 0}), third.out, []byte{0xFF, 0xD9})
}

// animatedPNG has frames of the picture's own data, the first of them the still
// picture if alone is false.
func animatedPNG(tb testing.TB, frames int, alone bool) []byte {
	p := mustPNG(tb, corner())
	idat := bytes.Index(p, []byte("IDAT")) - 4
	data := p[idat+8 : len(p)-16]
	w, h := uint32(48), uint32(32)
	seq := uint32(0)
	control := func() []byte {
		b := binary.BigEndian.AppendUint32(nil, seq)
		seq++
		b = append(b, numbers(w, h, 0, 0)...)
		return chunk("fcTL", append(b, 0, 1, 0, 10, 0, 0))
	}
	parts := [][]byte{p[:idat], chunk("acTL", numbers(uint32(frames), 0))}
	if !alone {
		parts = append(parts, control())
		frames--
	}
	parts = append(parts, p[idat:len(p)-12])
	for range frames {
		parts = append(parts, control(), chunk("fdAT", numbers(seq), data[:10]), chunk("fdAT", numbers(seq+1), data[10:]))
		seq += 2
	}
	return slices.Concat(append(parts, p[len(p)-12:])...)
}

func TestRestartMarkers(t *testing.T) {
	plain := restartJPEG(7, 5, 3, 0)
	out, report := strip(t, plain)
	if !samePixels(decode(t, out), decode(t, plain)) || len(report.Removed) > 0 || bytes.Count(out, []byte{0xFF, 0xD0}) == 0 {
		t.Errorf("a sound file with restart markers changed: %+v", report.Removed)
	}
	more, report := strip(t, restartJPEG(7, 5, 3, 4))
	if !bytes.Equal(more, out) || len(report.Removed) != 1 || report.Removed[0].Carrier != "bytes between segments" {
		t.Errorf("intervals behind the last block: %+v", report.Removed)
	}
	wrong := bytes.Replace(plain, []byte{0xFF, 0xD1}, []byte{0xFF, 0xD2}, 1)
	if _, err := imageproc.Inspect(bytes.NewReader(wrong), nil); err == nil {
		t.Error("markers out of order are accepted")
	}
	// Without DRI the data ends at the first marker, for every decoder.
	none := bytes.Replace(plain, segment(0xDD, []byte{0, 3}), nil, 1)
	if got, _ := strip(t, none); bytes.Contains(got, []byte{0xFF, 0xD0}) {
		t.Error("restart markers survive without their definition")
	}
}

func TestBetweenScans(t *testing.T) {
	plain := progressiveJPEG(6, 4, nil)
	want, report := strip(t, plain)
	if !samePixels(decode(t, want), decode(t, plain)) || len(report.Removed) > 0 {
		t.Errorf("a sound progressive file changed: %+v", report.Removed)
	}
	secret := []byte("secret between the scans")
	for name, between := range map[string][]byte{
		"comment": segment(0xFE, secret), "Exif": exifSegment(append(orientationBlock(6), secret...)),
		"JFIF":                  segment(0xE0, []byte("JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x00\x00")),
		"junk behind a segment": append(segment(0xFE, nil), secret...),
		"profile":               segment(0xE2, []byte("ICC_PROFILE\x00\x01\x01"), secret), "Adobe": segment(0xEE, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"), secret),
		"fill": {0xFF, 0xFF, 0xFF}, "DNL": segment(0xDC, []byte{0, 32}), "table": dqt(2, secret), "interval": segment(0xDD, []byte{0, 0}),
	} {
		got, report := strip(t, progressiveJPEG(6, 4, between))
		if !bytes.Equal(got, want) {
			t.Errorf("%s between scans changes the output", name)
		}
		if report.Orientation != 1 {
			t.Errorf("%s between scans turns the picture", name)
		}
	}
}

func orientationBlock(o uint32) []byte {
	return tiffBlock(binary.BigEndian, []field{{0x0112, 3, o, ""}})
}

// What a scan header says without effect is written as zero.
func TestScanHeadersAreCanonical(t *testing.T) {
	sequential := restartJPEG(7, 5, 3, 0)
	want, _ := strip(t, sequential)
	got, _ := strip(t, replace(t, sequential, "\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00", "\xFF\xDA\x00\x08\x01\x01\x00s!?"))
	if !bytes.Equal(got, want) {
		t.Error("the spectral selection of a sequential scan is kept")
	}
	progressive := progressiveJPEG(6, 4, nil)
	want, _ = strip(t, progressive)
	refinement := replace(t, progressive, "\x01\x01\x00\x00\x00\x10", "\x01\x01\x33\x00\x00\x10") // tables that are not defined
	if got, _ := strip(t, refinement); !bytes.Equal(got, want) {
		t.Error("table selectors of a refinement scan are kept")
	}
	first := replace(t, progressive, "\x01\x01\x00\x00\x00\x01", "\x01\x01\x02\x00\x00\x01")
	if got, _ := strip(t, first); !bytes.Equal(got, want) {
		t.Error("the AC selector of a DC scan is kept")
	}
}

// Fill bytes inside the data go as well: image/jpeg refuses them, libjpeg skips
// them.
func TestFillInsideData(t *testing.T) {
	plain := restartJPEG(7, 5, 3, 0)
	want, _ := strip(t, plain)
	i := bytes.Index(plain, []byte{0xFF, 0xD0})
	got, report := strip(t, insert(plain, i, bytes.Repeat([]byte{0xFF}, 20)))
	if !bytes.Equal(got, want) || report.Removed[0].Carrier != "fill bytes" || report.Removed[0].Bytes != 20 {
		t.Errorf("fill bytes: %+v", report.Removed)
	}
}

func TestAnimationSurvives(t *testing.T) {
	for name, p := range map[string][]byte{
		"still is the first frame": animatedPNG(t, 3, false), "still is apart": animatedPNG(t, 2, true), "one frame": animatedPNG(t, 1, false),
	} {
		t.Run(name, func(t *testing.T) {
			out, report := strip(t, p)
			if !bytes.Equal(out, p) || len(report.Removed) > 0 {
				t.Errorf("a sound animation changed: %+v", report.Removed)
			}
			control := bytes.Index(p, []byte("fcTL")) - 4
			spaced := insert(p, control, chunk("tEXt", []byte("Comment\x00secret")))
			if got, _ := strip(t, spaced); !bytes.Equal(got, p) {
				t.Error("text between the frames changes them")
			}
		})
	}
}

func TestBrokenAnimationBecomesStill(t *testing.T) {
	good := animatedPNG(t, 3, false)
	still, _ := strip(t, mustPNG(t, corner()))
	swap := func(typ string, at int, value byte) []byte {
		b := bytes.Clone(good)
		b[bytes.Index(b, []byte(typ))+4+at] = value
		return reseal(b, typ)
	}
	last := bytes.LastIndex(good, []byte("fdAT")) - 4
	for name, p := range map[string][]byte{
		"wrong number of frames":  swap("acTL", 3, 9),
		"sequence out of order":   swap("fcTL", 3, 7),
		"frame larger than it":    swap("fcTL", 7, 200),
		"frame outside":           swap("fcTL", 15, 1),
		"no such disposal":        swap("fcTL", 24, 3),
		"no such blending":        swap("fcTL", 25, 2),
		"sequence gap in data":    swap("fdAT", 3, 200),
		"bad CRC in a frame":      replaceByte(good, last+14),
		"frame without data":      slices.Concat(good[:bytes.LastIndex(good, []byte("fcTL"))-4], chunk("fcTL", numbers(4, 48, 32, 0, 0), []byte{0, 1, 0, 10, 0, 0}), good[len(good)-12:]),
		"control behind the data": late(mustPNG(t, corner()), chunk("acTL", numbers(1, 0))),
	} {
		out, report := strip(t, p)
		if !bytes.Equal(out, still) {
			t.Errorf("%s: the output is not the still picture", name)
		}
		if len(report.Removed) != 1 || report.Removed[0].Carrier != "broken animation" {
			t.Errorf("%s: %+v", name, report.Removed)
		}
	}
}

func replaceByte(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x55
	return b
}

// A small picture of hand-made averages decodes to what was meant, so that the
// tests above rest on sound files.
func TestHandmade(t *testing.T) {
	for name, file := range map[string][]byte{"restart": restartJPEG(7, 5, 3, 0), "progressive": progressiveJPEG(7, 5, nil)} {
		img := decode(t, file).(*image.Gray)
		for i, v := range flat(7, 5) {
			if got, want := int(img.GrayAt(i%7*8+3, i/7*8+3).Y), 128+v; max(got-want, want-got) > 1 {
				t.Errorf("%s: block %d is %d, want %d", name, i, got, want)
			}
		}
	}
}

// TestSamePictureBehind has the picture itself behind its end, as multi-picture files
// do: its coded data is no text, though some of it is printable.
func TestSamePictureBehind(t *testing.T) {
	files := map[string][]byte{"gif": mustGIF(t, 5), "heic": benchHEIC()}
	for i := range 12 {
		img := noisy(400+16*i, 300)
		gray := image.NewGray(img.Rect)
		copy(gray.Pix, img.Y)
		files[fmt.Sprintf("jpeg %d", i)], files[fmt.Sprintf("png %d", i)] = mustJPEG(t, gray), mustPNG(t, gray)
	}
	for name, data := range files {
		var once, twice bytes.Buffer
		_, err := imageproc.Strip(&once, bytes.NewReader(data), nil)
		if err == nil {
			_, err = imageproc.Strip(&twice, bytes.NewReader(slices.Concat(data, data)), nil)
		}
		if err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Errorf("%s: %d bytes became %d: %v", name, once.Len(), twice.Len(), err)
		}
	}
}
