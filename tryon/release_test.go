package tryon_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/identity"
)

const canary = "CANARY-51.4778N-0.0015W"

func jpegOf(w, h int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// withAPP1 puts a segment behind a JPEG's SOI.
func withAPP1(data []byte, payload string) []byte {
	seg := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(payload)+2))
	return append(append(bytes.Clone(data[:2]), append(seg, payload...)...), data[2:]...)
}

// webpOf is a lossless WebP of one colour: of each code there is one symbol, so
// that pixels take no bits (WebP lossless bitstream, 4 to 6).
func webpOf(w, h int) []byte {
	var bits uint64
	var n uint
	put := func(v uint64, size uint) { bits, n = bits|v<<n, n+size }
	data := []byte{0x2F}
	flush := func() {
		for ; n > 0; n -= min(n, 8) {
			data, bits = append(data, byte(bits)), bits>>8
		}
	}
	put(uint64(w-1), 14)
	put(uint64(h-1), 14)
	put(0, 1+3) // opaque, version 0
	flush()
	put(0, 3) // no transform, no cache, one group of codes
	for range 4 {
		put(0b101, 3) // simple, one symbol, of eight bits
		put(255, 8)
	}
	put(0b001, 3) // the distance's, of one bit
	put(0, 1)
	flush()
	return riff(piece("VP8L", string(data)))
}

func piece(kind, payload string) []byte {
	p := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(payload))), payload...)
	return append(p, make([]byte, len(payload)%2)...)
}

func riff(pieces ...[]byte) []byte { return piece("RIFF", "WEBP"+string(bytes.Join(pieces, nil))) }

// withPiece makes a simple WebP an extended one with a piece behind its picture.
func withPiece(data []byte, flag byte, kind, payload string) []byte {
	extended := piece("VP8X", string([]byte{flag, 0, 0, 0, 59, 0, 0, 79, 0, 0}))
	return riff(extended, data[12:], piece(kind, payload))
}

// packetOf is the XMP of a file, where each format has it.
func packetOf(t *testing.T, data []byte) string {
	t.Helper()
	switch imageproc.Sniff(data) {
	case imageproc.JPEG:
		for p := data[2:]; len(p) > 4 && p[1] != 0xDA; p = p[2+binary.BigEndian.Uint16(p[2:]):] {
			if packet, ok := bytes.CutPrefix(p[4:2+binary.BigEndian.Uint16(p[2:])], []byte("http://ns.adobe.com/xap/1.0/\x00")); ok && p[1] == 0xE1 {
				return string(packet)
			}
		}
	case imageproc.PNG:
		for p := data[8:]; len(p) >= 12; p = p[12+binary.BigEndian.Uint32(p):] {
			if packet, ok := bytes.CutPrefix(p[8:8+binary.BigEndian.Uint32(p)], []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00")); ok && string(p[4:8]) == "iTXt" {
				return string(packet)
			}
		}
	case imageproc.WebP:
		announced := false
		for p := data[12:]; len(p) >= 8; p = p[8+(binary.LittleEndian.Uint32(p[4:])+1)&^1:] {
			body := p[8 : 8+binary.LittleEndian.Uint32(p[4:])]
			switch string(p[:4]) {
			case "VP8X":
				announced = body[0]&4 != 0
			case "XMP ":
				if !announced {
					t.Error("VP8X does not announce the XMP")
				}
				return string(body)
			}
		}
	}
	return ""
}

// withChunk puts a chunk behind a PNG's IHDR.
func withChunk(data []byte, kind, payload string) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	chunk = append(chunk, kind+payload...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	const end = 8 + 25 // signature and IHDR
	return append(append(bytes.Clone(data[:end]), chunk...), data[end:]...)
}

func answering(images ...[]byte) tryon.Backend {
	return tryon.NewBackend(local("answering"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		out := &tryon.Output{}
		for _, data := range images {
			out.Images = append(out.Images, tryon.Encoded{Data: data})
		}
		return out, nil
	})
}

// What a backend returns is an upload like any other.
func TestOutputIsNotTrusted(t *testing.T) {
	w := newWorld(t)
	good := pngOf(60, 80, color.White)
	var moving bytes.Buffer
	if err := gif.Encode(&moving, image.NewPaletted(image.Rect(0, 0, 60, 80), color.Palette{color.White, color.Black}), nil); err != nil {
		t.Fatal(err)
	}
	huge := pngOf(60, 80, color.White)
	binary.BigEndian.PutUint32(huge[16:], 100_000)
	binary.BigEndian.PutUint32(huge[20:], 100_000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	scrambled := jpegOf(60, 80)
	for i := len(scrambled) - 12; i < len(scrambled)-2; i++ {
		scrambled[i] = 0x5A
	}
	tests := []struct {
		name string
		data []byte
		code tryon.Code
	}{
		{"nothing", nil, tryon.NoImage},
		{"text", []byte("I can't help with that."), tryon.BadOutput},
		{"a page", []byte("<html><body>502 Bad Gateway</body></html>"), tryon.BadOutput},
		{"GIF", moving.Bytes(), tryon.BadOutput},
		{"PNG cut off", good[:len(good)-20], tryon.BadOutput},
		{"pixels for a gigabyte", huge, tryon.BadOutput},
		{"one pixel", pngOf(1, 1, color.White), tryon.BadOutput},
		{"only a header", good[:33], tryon.BadOutput},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := w.client(t, answering(test.data)).Render(t.Context(), w.permit, &w.request)
			var e *tryon.Error
			if result != nil || !errors.As(err, &e) || e.Code != test.code || !errors.Is(err, tryon.ErrOutput) {
				t.Errorf("got %v, %v; want %v", result, err, test.code)
			}
		})
	}
	t.Run("too many bytes", func(t *testing.T) {
		client := newClient(t, &tryon.Options{
			Routes: routes(answering(good)), Ledger: w.ledger, Limits: imageproc.Limits{MaxBytes: 64},
		})
		if _, err := client.Render(t.Context(), w.permit, &w.request); !errors.Is(err, tryon.ErrOutput) || !errors.Is(err, imageproc.ErrTooLarge) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("one bad picture of two", func(t *testing.T) {
		request := w.request
		request.N = 2
		if result, err := w.client(t, answering(good, []byte("no"))).Render(t.Context(), w.permit, &request); result != nil || err == nil {
			t.Errorf("got %v, %v", result, err)
		}
	})
}

// Whatever rides on a result is gone, and the result says what it is.
func TestOutputIsCleanedAndMarked(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name string
		data []byte
	}{
		{"EXIF in a JPEG", withAPP1(jpegOf(60, 80), "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"+canary)},
		{"XMP in a JPEG", withAPP1(jpegOf(60, 80), "http://ns.adobe.com/xap/1.0/\x00<x>"+canary+"</x>")},
		{"behind a JPEG", append(jpegOf(60, 80), canary...)},
		{"text in a PNG", withChunk(pngOf(60, 80, color.White), "tEXt", "Comment\x00"+canary)},
		{"EXIF in a PNG", withChunk(pngOf(60, 80, color.White), "eXIf", "MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"+canary)},
		{"behind a PNG", append(pngOf(60, 80, color.White), canary...)},
		{"EXIF in a WebP", withPiece(webpOf(60, 80), 8, "EXIF", "MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"+canary)},
		{"XMP in a WebP", withPiece(webpOf(60, 80), 4, "XMP ", "<x>"+canary+"</x>")},
		{"behind a WebP", append(webpOf(60, 80), canary...)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := w.client(t, answering(test.data)).Render(t.Context(), w.permit, &w.request)
			if err != nil {
				t.Fatal(err)
			}
			data := result.Images[0].Bytes()
			if bytes.Contains(data, []byte(canary)) {
				t.Error("the canary came through")
			}
			if !strings.Contains(packetOf(t, data), `DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"`) {
				t.Error("no DigitalSourceType in the picture's XMP")
			}
			if before, after := imageproc.Sniff(test.data), result.Images[0].Format(); before != after {
				t.Errorf("%v became %v", before, after)
			}
			if img, err := result.Images[0].Image(nil); err != nil || img.Bounds().Dx() != 60 || img.Bounds().Dy() != 80 {
				t.Errorf("the marked picture does not decode: %v", err)
			}
		})
	}
}

// A backend's own words are kept when they are harmless, and its marks are
// recorded as its own claims.
func TestWarningsAndMarks(t *testing.T) {
	w := newWorld(t)
	p := local("wordy")
	p.Source = imageproc.AlgorithmicallyEnhanced
	backend := tryon.NewBackend(p, func(context.Context, *tryon.Input) (*tryon.Output, error) {
		out := picture()
		out.Images = append(out.Images, out.Images[0])
		out.Warnings = []tryon.Warning{
			{Code: "cropped", Text: "the hem was cropped"},
			{Code: "cropped", Text: "twice"},
			{Code: "Not A Code", Text: "dropped"},
			{Code: "leaky", Text: "see https://renderer.example/?key=" + canary},
			{Code: "long", Text: strings.Repeat("x", 300)},
			{Code: "control", Text: "a\x1b[31mb"},
		}
		out.Marks = []tryon.Mark{
			{Kind: "synthid", Value: "embedded"},
			{Kind: tryon.MarkSourceType, Value: "digitalCapture"},
			{Kind: "bad kind", Value: "x"},
		}
		return out, nil
	})
	result, err := w.client(t, backend).Render(t.Context(), w.permit, &w.request)
	if err != nil {
		t.Fatal(err)
	}
	warnings := []tryon.Warning{
		{Code: "cropped", Text: "the hem was cropped"},
		{Code: "leaky"},
		{Code: "long"},
		{Code: "control"},
		{Code: "extra-pictures", Text: "the backend drew more pictures than asked for; the rest was dropped"},
	}
	if diff := cmp.Diff(warnings, result.Warnings); diff != "" {
		t.Error(diff)
	}
	marks := []tryon.Mark{
		{Kind: tryon.MarkSourceType, Value: string(imageproc.AlgorithmicallyEnhanced), By: "fitveil"},
		{Kind: "synthid", Value: "embedded", By: "wordy"},
	}
	if diff := cmp.Diff(marks, result.Marks); diff != "" {
		t.Error(diff)
	}
	if len(result.Images) != 1 {
		t.Errorf("%d pictures, one was asked for", len(result.Images))
	}
	if !bytes.Contains(result.Images[0].Bytes(), []byte("digitalsourcetype/algorithmicallyEnhanced")) {
		t.Error("the picture does not say what its backend declared")
	}
}

// Consent that ends while the backend draws keeps the picture back, and no
// other backend is asked.
func TestWithdrawnBeforeRelease(t *testing.T) {
	w := newWorld(t)
	drawn := false
	backend := tryon.NewBackend(local("near"), func(ctx context.Context, _ *tryon.Input) (*tryon.Output, error) {
		drawn = true
		if _, err := w.ledger.Withdraw(ctx, w.subject); err != nil {
			t.Error(err)
		}
		return picture(), nil
	})
	result, err := w.client(t, backend, answering([]byte("never"))).Render(t.Context(), w.permit, &w.request)
	var e *tryon.Error
	if result != nil || !errors.As(err, &e) || e.Code != tryon.NoConsent || e.Reason != "withdrawn" || e.Backend != "near" || !drawn {
		t.Errorf("got %v, %v", result, err)
	}
}

func FuzzOutput(f *testing.F) {
	f.Add(pngOf(20, 20, color.White))
	f.Add(withChunk(pngOf(20, 20, color.White), "tEXt", "Comment\x00"+canary))
	f.Add(jpegOf(20, 20))
	f.Add(withAPP1(jpegOf(20, 20), "Exif\x00\x00"))
	f.Add([]byte("GIF89a"))
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		client := newClient(t, &tryon.Options{Routes: routes(answering(data)), Ledger: w.ledger, Limits: imageproc.Limits{MaxPixels: 1 << 20}})
		result, err := client.Render(t.Context(), w.permit, &w.request)
		if err == nil && !bytes.Contains(result.Images[0].Bytes(), []byte("digitalsourcetype/")) {
			t.Error("released without a mark")
		}
	})
}

// TestLockRefusesEarly has a photo of one colour: nothing of it could be
// recognised again, so it is not sent.
func TestLockRefusesEarly(t *testing.T) {
	w := newWorld(t)
	backend := tryon.NewBackend(remote("far", "api.renderer.example"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		t.Error("the backend was asked")
		return nil, errors.New("never")
	})
	client := newClient(t, &tryon.Options{Routes: routes(backend), Ledger: w.ledger, Lock: &identity.Options{}})
	for reason, region := range map[tryon.Reason]tryon.EditRegion{
		"no-region": {}, "too-plain": {Polygon: []tryon.Point{{X: 1, Y: 1}, {X: 9, Y: 1}, {X: 5, Y: 9}}},
	} {
		r := w.request
		r.Region = region
		_, err := client.Render(t.Context(), w.permit, &r)
		var e *tryon.Error
		if !errors.As(err, &e) || e.Code != tryon.Unsupported || e.Reason != reason {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
}
