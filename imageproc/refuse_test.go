package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

// replace swaps the first occurrence of old, which has to be there.
func replace(tb testing.TB, b []byte, old, repl string) []byte {
	tb.Helper()
	if !bytes.Contains(b, []byte(old)) {
		tb.Fatalf("%q is not in the file", old)
	}
	return bytes.Replace(b, []byte(old), []byte(repl), 1)
}

// reseal puts the right CRC behind the first chunk of that type.
func reseal(b []byte, typ string) []byte {
	b = bytes.Clone(b)
	i := bytes.Index(b, []byte(typ)) - 4
	n := int(binary.BigEndian.Uint32(b[i:]))
	copy(b[i:], chunk(typ, b[i+8:i+8+n]))
	return b
}

func ihdr(tb testing.TB, p []byte, at int, value ...byte) []byte {
	tb.Helper()
	p = bytes.Clone(p)
	copy(p[16+at:], value)
	return reseal(p, "IHDR")
}

func TestRefusals(t *testing.T) {
	j, p := mustJPEG(t, corner()), mustPNG(t, corner())
	pal := mustPNG(t, image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White}))
	sof := "\xFF\xC0\x00\x11\x08\x00\x20\x00\x30\x03"
	idat := bytes.Index(p, []byte("IDAT")) - 4
	at := func(format string, offset int) string { return fmt.Sprintf(format, offset) }
	frame, dht, scan := bytes.Index(j, []byte{0xFF, 0xC0}), bytes.Index(j, []byte{0xFF, 0xC4}), mid(j)
	for _, row := range []struct {
		name string
		in   []byte
		want error
		text string
	}{
		{"empty", nil, imageproc.ErrFormat, "imageproc: unknown format"},
		{"text", []byte("hello, world"), imageproc.ErrFormat, "imageproc: unknown format"},
		{"psd", []byte("8BPS\x00\x01"), imageproc.ErrUnsupported, "imageproc: psd: this format is not supported"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), imageproc.ErrCorrupt, "imageproc: heic: end at 24: no meta box: the file is truncated, or holds no still picture"},

		{"no data", j[:frame], imageproc.ErrCorrupt, at("imageproc: jpeg: end at %d: no EOI marker: the file is truncated", frame)},
		{"no picture", slices.Concat(j[:2], []byte{0xFF, 0xD9}), imageproc.ErrCorrupt, "imageproc: jpeg: EOI at 2: no picture before it"},
		{"segment too long", withSegments(j, []byte{0xFF, 0xE1, 0xFF, 0xFF}), imageproc.ErrCorrupt, at("imageproc: jpeg: APP1 at 2: length 65535 with %d bytes left", len(j))},
		{"second SOI", withSegments(j, []byte{0xFF, 0xD8}), imageproc.ErrCorrupt, "imageproc: jpeg: SOI at 2: marker in a place where none may be"},
		{"reserved marker", withSegments(j, []byte{0xFF, 0x20, 0, 2}), imageproc.ErrCorrupt, "imageproc: jpeg: marker FF20 at 2: marker in a place where none may be"},
		{"lossless", withSegments(j, segment(0xC3, nil)), imageproc.ErrUnsupported, "imageproc: jpeg: SOF3 at 2: lossless coding is not supported"},
		{"arithmetic", withSegments(j, segment(0xC9, nil)), imageproc.ErrUnsupported, "imageproc: jpeg: SOF9 at 2: arithmetic coding is not supported"},
		{"hierarchical", withSegments(j, segment(0xDE, nil)), imageproc.ErrUnsupported, "imageproc: jpeg: DHP at 2: hierarchical coding is not supported"},
		{"JPEG-LS", withSegments(j, segment(0xF7, nil)), imageproc.ErrUnsupported, "imageproc: jpeg: SOF48 at 2: JPEG-LS is not supported"},
		{"12 bits", replace(t, j, sof, "\xFF\xC1\x00\x11\x0C\x00\x20\x00\x30\x03"), imageproc.ErrUnsupported, at("imageproc: jpeg: SOF1 at %d: 12 bits per sample are not supported", frame)},
		{"two components", replace(t, j, sof, "\xFF\xC0\x00\x11\x08\x00\x20\x00\x30\x02"), imageproc.ErrUnsupported, at("imageproc: jpeg: SOF0 at %d: 2 components are not supported", frame)},
		{"height to come", replace(t, j, sof, "\xFF\xC0\x00\x11\x08\x00\x00\x00\x30\x03"), imageproc.ErrUnsupported, at("imageproc: jpeg: SOF0 at %d: height given after the first scan is not supported", frame)},
		{"no width", replace(t, j, sof, "\xFF\xC0\x00\x11\x08\x00\x20\x00\x00\x03"), imageproc.ErrCorrupt, at("imageproc: jpeg: SOF0 at %d: width 0", frame)},
		{"bytes in SOF", replace(t, j, sof, "\xFF\xC0\x00\x13\x08\x00\x20\x00\x30\x03\x00\x00"), imageproc.ErrCorrupt, at("imageproc: jpeg: SOF0 at %d: length 17 for 3 components", frame)},
		{"blocks of a unit", replace(t, j, sof+"\x01\x22", sof+"\x01\x33"), imageproc.ErrCorrupt, at("imageproc: jpeg: SOS at %d: more than 10 blocks in an MCU", scan)},
		{"two frames", withSegments(j, segment(0xC0, []byte("\x08\x00\x20\x00\x30\x01\x01\x11\x00"))), imageproc.ErrCorrupt, at("imageproc: jpeg: SOF0 at %d: second frame header", frame+13)},
		{"too many pixels", replace(t, j, sof, "\xFF\xC0\x00\x11\x08\xFF\xFF\xFF\xFF\x03"), imageproc.ErrTooLarge, at("imageproc: jpeg: SOF0 at %d: more pixels than the limit allows", frame)},
		{"short DQT", withSegments(j, segment(0xDB, make([]byte, 64))), imageproc.ErrCorrupt, "imageproc: jpeg: DQT at 2: table 0 is not valid"},
		{"bytes in DQT", withSegments(j, segment(0xDB, make([]byte, 65+7))), imageproc.ErrCorrupt, "imageproc: jpeg: DQT at 2: table 0 is not valid"},
		{"short DHT", withSegments(j, segment(0xC4, make([]byte, 16))), imageproc.ErrCorrupt, "imageproc: jpeg: DHT at 2: table is not valid"},
		{"symbols repeat", withSegments(j, segment(0xC4, []byte("\x00\x00\x02"), make([]byte, 14), []byte("aa"))), imageproc.ErrCorrupt, "imageproc: jpeg: DHT at 2: table 0 is not valid"},
		{"no prefix code", withSegments(j, segment(0xC4, []byte("\x00\x03"), make([]byte, 15), []byte("abc"))), imageproc.ErrCorrupt, "imageproc: jpeg: DHT at 2: table 0 is not valid"},
		{"long DRI", withSegments(j, segment(0xDD, make([]byte, 4))), imageproc.ErrCorrupt, "imageproc: jpeg: DRI at 2: length 4"},
		{"scan before frame", withSegments(j, segment(0xDA, []byte("\x01\x01\x00\x00\x3F\x00"))), imageproc.ErrCorrupt, "imageproc: jpeg: SOS at 2: no frame header before it"},
		{"bytes in SOS", replace(t, j, "\xFF\xDA\x00\x0C", "\xFF\xDA\x00\x0E"), imageproc.ErrCorrupt, at("imageproc: jpeg: SOS at %d: length or number of components is not valid", scan)},
		{"unknown component", replace(t, j, "\xFF\xDA\x00\x0C\x03\x01", "\xFF\xDA\x00\x0C\x03\x09"), imageproc.ErrCorrupt, at("imageproc: jpeg: SOS at %d: component is unknown or repeated", scan)},
		{"selector too high", replace(t, j, "\xFF\xDA\x00\x0C\x03\x01\x00", "\xFF\xDA\x00\x0C\x03\x01\x22"), imageproc.ErrCorrupt, at("imageproc: jpeg: SOS at %d: Huffman table selector is not valid", scan)},
		{"no Huffman table", slices.Concat(j[:dht], j[scan:]), imageproc.ErrCorrupt, at("imageproc: jpeg: SOS at %d: a Huffman table is not defined", dht)},
		{"no quantisation table", slices.Concat(j[:2], j[frame:]), imageproc.ErrCorrupt, at("imageproc: jpeg: SOS at %d: quantisation table 0 is not defined", scan-frame+2)},

		{"no IDAT", p[:idat], imageproc.ErrCorrupt, at("imageproc: png: end at %d: no IEND chunk: the file is truncated", idat)},
		{"chunk too long", withChunks(p, []byte("\xFF\xFF\xFF\xFFeXIf\x00\x00\x00\x00")), imageproc.ErrCorrupt, `imageproc: png: chunk "eXIf" at 33: length 4294967295 exceeds input`},
		{"no letters", withChunks(p, chunk("a\x00b1")), imageproc.ErrCorrupt, "imageproc: png: chunk at 33: type is not four letters"},
		{"no IHDR", slices.Concat(p[:8], p[33:]), imageproc.ErrCorrupt, `imageproc: png: chunk "IDAT" at 8: comes before IHDR`},
		{"bad CRC", replace(t, p, "IHDR\x00\x00\x00\x30", "IHDR\x00\x00\x00\x31"), imageproc.ErrCorrupt, `imageproc: png: chunk "IHDR" at 8: bad CRC`},
		{"second IHDR", withChunks(p, p[8:33]), imageproc.ErrCorrupt, `imageproc: png: chunk "IHDR" at 33: second one, or of length 13`},
		{"no size", ihdr(t, p, 0, 0, 0, 0, 0), imageproc.ErrCorrupt, `imageproc: png: chunk "IHDR" at 8: size is not valid`},
		{"too many pixels", ihdr(t, p, 0, 0, 1, 0, 0, 0, 1), imageproc.ErrTooLarge, `imageproc: png: chunk "IHDR" at 8: more pixels than the limit allows`},
		{"odd depth", ihdr(t, p, 8, 3), imageproc.ErrCorrupt, `imageproc: png: chunk "IHDR" at 8: colour type, depth or method is not valid`},
		{"odd interlacing", ihdr(t, p, 12, 2), imageproc.ErrCorrupt, `imageproc: png: chunk "IHDR" at 8: colour type, depth or method is not valid`},
		{"unknown critical chunk", withChunks(p, chunk("CgBI", make([]byte, 4))), imageproc.ErrUnsupported, `imageproc: png: chunk "CgBI" at 33: this critical chunk is not supported`},
		{"palette of odd length", withChunks(p, chunk("PLTE", make([]byte, 4))), imageproc.ErrCorrupt, `imageproc: png: chunk "PLTE" at 33: length 4`},
		{"palette too long", withChunks(pal, chunk("PLTE", make([]byte, 9))), imageproc.ErrCorrupt, `imageproc: png: chunk "PLTE" at 33: 3 colours at 1 bits per pixel`},
		{"no palette", slices.Concat(pal[:33], pal[51:]), imageproc.ErrCorrupt, `imageproc: png: chunk "IDAT" at 33: no PLTE before it`},
		{"no picture", slices.Concat(p[:idat], p[len(p)-12:]), imageproc.ErrCorrupt, `imageproc: png: chunk "IEND" at 33: no picture before it`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := imageproc.Strip(&out, bytes.NewReader(row.in), nil)
			if !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if diff := cmp.Diff(row.text, message(err)); diff != "" {
				t.Error(diff)
			}
			var fe *imageproc.FormatError
			if !errors.As(err, &fe) || fe.Format != imageproc.Sniff(row.in) {
				t.Errorf("not a FormatError of its format: %+v", fe)
			}
			if out.Len() > 0 {
				t.Errorf("%d bytes were written", out.Len())
			}
			checkAllRefuse(t, row.in, row.want)
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// checkAllRefuse checks that no way in is more lenient than Strip.
func checkAllRefuse(t *testing.T, in []byte, want error) {
	t.Helper()
	if _, err := imageproc.Inspect(bytes.NewReader(in), nil); !errors.Is(err, want) {
		t.Errorf("Inspect: %v", err)
	}
	if c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(in), nil); !errors.Is(err, want) || !c.IsZero() {
		t.Errorf("Sanitize: %v", err)
	}
	if c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(in), &imageproc.SanitizeOptions{MaxSide: 8}); !errors.Is(err, want) || !c.IsZero() {
		t.Errorf("Sanitize to 8: %v", err)
	}
	if img, err := imageproc.Decode(bytes.NewReader(in), nil); !errors.Is(err, want) || img != nil {
		t.Errorf("Decode: %v", err)
	}
}

func TestLimits(t *testing.T) {
	j, p := mustJPEG(t, corner()), mustPNG(t, corner())
	many := withSegments(j, bytes.Repeat(segment(0xFE, []byte("x")), 100))
	chunks := withChunks(p, bytes.Repeat(chunk("prVt"), 100))
	for _, row := range []struct {
		name string
		in   []byte
		lim  imageproc.Limits
		ok   bool
	}{
		{"bytes at the limit", j, imageproc.Limits{MaxBytes: int64(len(j))}, true},
		{"one byte more", j, imageproc.Limits{MaxBytes: int64(len(j)) - 1}, false},
		{"pixels at the limit", j, imageproc.Limits{MaxPixels: 48 * 32}, true},
		{"one pixel more", j, imageproc.Limits{MaxPixels: 48*32 - 1}, false},
		{"PNG at the limit", p, imageproc.Limits{MaxPixels: 48 * 32}, true},
		{"one pixel more in PNG", p, imageproc.Limits{MaxPixels: 48*32 - 1}, false},
		{"segments", many, imageproc.Limits{MaxSegments: 100}, false},
		{"enough segments", many, imageproc.Limits{MaxSegments: 200}, true},
		{"chunks", chunks, imageproc.Limits{MaxSegments: 100}, false},
		{"enough chunks", chunks, imageproc.Limits{MaxSegments: 200}, true},
	} {
		for how, r := range map[string]io.Reader{
			"sized": bytes.NewReader(row.in), "unsized": struct{ io.Reader }{bytes.NewReader(row.in)},
			"slow": iotest.OneByteReader(bytes.NewReader(row.in)),
		} {
			t.Run(row.name+"/"+how, func(t *testing.T) {
				var out bytes.Buffer
				_, err := imageproc.Strip(&out, r, &imageproc.StripOptions{Limits: row.lim})
				if row.ok && err != nil || !row.ok && (!errors.Is(err, imageproc.ErrTooLarge) || out.Len() > 0) {
					t.Errorf("got %v and %d bytes", err, out.Len())
				}
				var fe *imageproc.FormatError
				if !row.ok && (!errors.As(err, &fe) || fe.Format != imageproc.Sniff(row.in)) {
					t.Errorf("the error does not name the format: %v", err)
				}
			})
		}
	}
	_, err := imageproc.Decode(bytes.NewReader(j), &imageproc.DecodeOptions{Limits: imageproc.Limits{MaxMemory: 1000}})
	if !errors.Is(err, imageproc.ErrTooLarge) {
		t.Errorf("decoding in 1000 bytes: %v", err)
	}
}

// A strip holds the input once, or twice where its size is not known beforehand,
// and the output is slices of it.
func TestStripMemory(t *testing.T) {
	in := append(mustJPEG(t, noisy(1600, 1200)), make([]byte, 3<<20)...)
	for name, row := range map[string]struct {
		r     func() io.Reader
		times float64
	}{
		"sized":   {func() io.Reader { return bytes.NewReader(in) }, 1},
		"unsized": {func() io.Reader { return struct{ io.Reader }{bytes.NewReader(in)} }, 2},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := imageproc.Strip(io.Discard, row.r(), nil); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		// Pieces of an unsized input are of 1 MiB; tables and buffers are small.
		const slack = 3 << 19
		if took := after.TotalAlloc - before.TotalAlloc; float64(took) > row.times*float64(len(in))+slack {
			t.Errorf("%s: %d bytes for an input of %d", name, took, len(in))
		}
	}
}

// A reader without end stops at the limit.
func TestEndlessInput(t *testing.T) {
	_, err := imageproc.Inspect(endless{}, &imageproc.InspectOptions{Limits: imageproc.Limits{MaxBytes: 3 << 20}})
	if !errors.Is(err, imageproc.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// A reader that lies about its size does not get past the limit.
func TestLiar(t *testing.T) {
	in := mustJPEG(t, corner())
	_, err := imageproc.Inspect(liar{bytes.NewReader(in)}, &imageproc.InspectOptions{Limits: imageproc.Limits{MaxBytes: 100}})
	if want := "imageproc: jpeg: input exceeds 100 bytes"; !errors.Is(err, imageproc.ErrTooLarge) || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

type liar struct{ *bytes.Reader }

func (liar) Len() int { return 1 }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestReadErrors(t *testing.T) {
	broken := errors.New("the line is dead")
	half := io.MultiReader(bytes.NewReader(mustJPEG(t, corner())[:300]), iotest.ErrReader(broken))
	if _, err := imageproc.Inspect(half, nil); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "imageproc: read: ") {
		t.Errorf("got %v", err)
	}
	if _, err := imageproc.Strip(failing{broken}, bytes.NewReader(mustJPEG(t, corner())), nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A file is read from where it stands.
func TestStripFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "photo.jpg")
	photo := phonePhoto(t)
	if err := os.WriteFile(name, append([]byte("prefix"), photo...), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(6, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, f, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := strip(t, photo); !bytes.Equal(out.Bytes(), want) || report.BytesIn != int64(len(photo)) {
		t.Errorf("reading a file gives something else: %+v", report)
	}
}
