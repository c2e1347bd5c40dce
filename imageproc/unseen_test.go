package imageproc_test

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"image"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// Bytes that are in the place of pixels or colours, and that no picture shows.

// edgePage is a grey picture of 20 x 10 in tiles of 16 x 16, whose rest is as said.
func edgePage(rest string, pixel func(x, y int) byte) craftedPage {
	p := greyPage(20, 10, 8).without(278).with(tagOf(322, 3, 16), tagOf(323, 3, 16))
	p.strips, p.tiled = nil, true
	for left := 0; left < 20; left += 16 {
		tile := bytes.Repeat([]byte(rest), 256/len(rest)+1)[:256]
		for y := range 10 {
			for x := left; x < min(20, left+16); x++ {
				tile[16*y+x-left] = pixel(x, y)
			}
		}
		p.strips = append(p.strips, tile)
	}
	return p
}

func TestEdgesOfTiles(t *testing.T) {
	const secret = "Hertha Fischbein, Deichweg 7; "
	slope := func(x, y int) byte { return byte(9*x + 5*y) }
	for _, c := range []*craftedTIFF{{order: binary.LittleEndian}, {order: binary.BigEndian, big: true}} {
		build := func(rest string) []byte {
			c.pages = []craftedPage{edgePage(rest, slope)}
			return c.build()
		}
		in, plain := build(secret), build("\x00")
		want, clean := strip(t, plain)
		if len(clean.Removed) > 0 {
			t.Errorf("a file with empty edges: %+v", clean.Removed)
		}
		out, report := strip(t, in)
		if !bytes.Equal(out, want) || bytes.Contains(out, []byte(secret[:8])) {
			t.Errorf("%d bytes, want %d", len(out), len(want))
		}
		if len(report.Removed) != 1 || report.Removed[0].Carrier != "edges of tiles" || report.Removed[0].Bytes != 2*6*16+10*12 {
			t.Errorf("%+v", report.Removed)
		}
		checkSettled(t, out)
		img := decode(t, out)
		for y := range 10 {
			for x := range 20 {
				if got := img.(*image.Gray).GrayAt(x, y).Y; got != slope(x, y) {
					t.Fatalf("pixel %d,%d is %d", x, y, got)
				}
			}
		}
		// The second walker does not let them through either.
		at := bytes.LastIndexByte(want, slope(19, 9))
		for _, behind := range []int{1, 12, 16, len(want) - 1 - at} {
			bad := bytes.Clone(want)
			if bad[at+behind]++; bad[at+behind] != 1 {
				t.Fatalf("the byte %d behind the last pixel is not one of an edge", behind)
			}
			if err := imageproc.VerifyAgainst(in, bad); !errors.Is(err, imageproc.ErrVerify) {
				t.Errorf("%d behind the last pixel: %v", behind, err)
			}
		}
	}
}

// TestEdgesShared has one tile in four places: inside, at the right, below and in the
// corner.
func TestEdgesShared(t *testing.T) {
	p := greyPage(20, 20, 8).without(278).with(tagOf(322, 3, 16), tagOf(323, 3, 16), tagOf(324, 4, 8, 8, 8, 8), tagOf(325, 4, 256, 256, 256, 256))
	p.strips, p.tiled = [][]byte{bytes.Repeat([]byte{0xC8}, 256)}, true
	in := (&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}).build()
	out, _ := strip(t, in)
	checkSettled(t, out)
	if !samePixels(decode(t, out), decode(t, in)) || bytes.Count(out, []byte{0xC8}) != 256+2*4*16+4*4 {
		t.Errorf("%d bytes of the picture", bytes.Count(out, []byte{0xC8}))
	}
}

// TestColoursWithoutUse has a GIF whose pictures have colours of their own.
func TestColoursWithoutUse(t *testing.T) {
	secret := []byte("Hertha Fischbein, Deichweg 7;") // ten colours of sixteen
	screen := append([]byte("GIF89a\x04\x00\x04\x00\xA3\x0A\x00"), append(bytes.Clone(secret), make([]byte, 48-len(secret))...)...)
	copy(screen[13+30:], "\x11\x22\x33") // the background
	var codes bytes.Buffer
	w := lzw.NewWriter(&codes, lzw.LSB, 2)
	if _, err := w.Write([]byte{0, 1, 0, 1}); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	pixels := slices.Concat([]byte{2, byte(codes.Len())}, codes.Bytes(), []byte{0})
	own := []byte(",\x00\x00\x00\x00\x04\x00\x01\x00\x80\x00\x00\x00\xFF\xFF\xFF")
	common := []byte(",\x00\x00\x00\x00\x04\x00\x01\x00\x00")
	for name, row := range map[string]struct {
		pictures [][]byte
		kept     bool
	}{
		"one of its own":      {[][]byte{own}, false},
		"two of their own":    {[][]byte{own, own}, false},
		"first of its own":    {[][]byte{own, common}, true},
		"second of its own":   {[][]byte{common, own}, true},
		"none of their own":   {[][]byte{common, common}, true},
		"one of the screen's": {[][]byte{common}, true},
	} {
		in := bytes.Clone(screen)
		for _, p := range row.pictures {
			in = slices.Concat(in, p, pixels)
		}
		in = append(in, ';')
		out, report := strip(t, in)
		if row.kept != bytes.Contains(out, secret) || row.kept != (len(report.Removed) == 0) {
			t.Errorf("%s: %d bytes, %+v", name, len(out), report.Removed)
		}
		if !bytes.Contains(out, []byte("\x00\x11\x22\x33\x00")) || len(out) != len(in) {
			t.Errorf("%s: no background, or %d bytes", name, len(out))
		}
		checkSettled(t, out)
		if !samePixels(decode(t, out), decode(t, in)) {
			t.Errorf("%s: the picture changed", name)
		}
		if !row.kept {
			if err := imageproc.VerifyAgainst(in, append(bytes.Clone(screen), out[len(screen):]...)); !errors.Is(err, imageproc.ErrVerify) {
				t.Errorf("%s: the second walker says %v", name, err)
			}
		}
	}
}
