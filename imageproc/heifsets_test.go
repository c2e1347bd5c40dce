package imageproc_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// TestHEIFSetsEnd hides bytes where decoders don't look: behind what a parameter set
// says, in a set or a picture that nothing shows. Coded data can't be mended, so such
// files are refused.
func TestHEIFSetsEnd(t *testing.T) {
	heic := func(change func(c *craftedHEIF, s []byte)) func([]byte) []byte {
		return func(s []byte) []byte {
			c := craftHEIC()
			change(c, s)
			return c.build()
		}
	}
	avif := func(change func(c *craftedHEIF, s []byte)) func([]byte) []byte {
		return func(s []byte) []byte {
			c := craftAVIF()
			change(c, s)
			return c.build()
		}
	}
	config := func(typ byte, content func(s []byte) []byte) func([]byte) []byte {
		return heic(func(c *craftedHEIF, s []byte) {
			sets := map[byte][]byte{32: plainSets[32], 33: plainSets[33], 34: plainSets[34]}
			sets[typ] = content(s)
			c.props[0] = hvcC(sets, 32, 33, 34)
		})
	}
	behind := func(data ...func(s []byte) []byte) func([]byte) []byte {
		return heic(func(c *craftedHEIF, s []byte) {
			for _, d := range data {
				c.find(10).data = slices.Concat(c.find(10).data, d(s))
			}
		})
	}
	still := append([]byte("\x38\x15\x7F\xFD\x84\x04\x34\x1A"), 0x40)
	for name, craft := range map[string]func([]byte) []byte{
		"behind a VPS":           config(32, func(s []byte) []byte { return append([]byte(plainVPS), s...) }),
		"behind an SPS":          config(33, func(s []byte) []byte { return append([]byte(plainSPS), s...) }),
		"behind a PPS":           config(34, func(s []byte) []byte { return append([]byte(plainPPS), s...) }),
		"behind zeros":           config(34, func(s []byte) []byte { return slices.Concat([]byte(plainPPS), make([]byte, 40), s) }),
		"in place of a VPS":      config(32, func(s []byte) []byte { return s }),
		"in an extension":        config(32, func(s []byte) []byte { return append([]byte(plainVPS[:len(plainVPS)-1]+"\x60"), s...) }),
		"SPS beside the picture": behind(func(s []byte) []byte { return nal(33, s...) }),
		"behind an SPS beside it": behind(func(s []byte) []byte {
			return nal(33, append([]byte(plainSPS), s...)...)
		}),
		"second picture":          behind(func(s []byte) []byte { return nal(19, append([]byte{0x80}, s...)...) }),
		"slice of another kind":   behind(func(s []byte) []byte { return nal(1, append([]byte{0}, s...)...) }),
		"slice of another moment": behind(func(s []byte) []byte { return slices.Replace(nal(19, s...), 5, 6, 7) }),
		"behind a sequence header": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(obu(1, slices.Concat(plainHeader, s)...), obu(6, 1, 2, 3))
		}),
		"behind zeros of a sequence header": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(obu(1, slices.Concat(plainHeader, make([]byte, 9), s)...), obu(6, 1, 2, 3))
		}),
		"behind the header in av1C": avif(func(c *craftedHEIF, s []byte) { c.props[0] = av1C(obu(1, slices.Concat(plainHeader, s)...)) }),
		"second header in av1C":     avif(func(c *craftedHEIF, s []byte) { c.props[0] = av1C(obu(1, plainHeader...), obu(1, s...)) }),
		"another header": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(c.find(1).data, obu(1, still...), s[:0])
		}),
		"second frame of a still": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(obu(1, still...), obu(6, 1, 2, 3), obu(6, s...))
		}),
		"second header of a still": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(obu(1, still...), obu(3, 1, 2, 3), obu(4, 1), obu(3, s...))
		}),
		"frame behind the one that is shown": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(obu(6, 0x10, 2), obu(6, s...))
		}),
		"frame of a layer that is none": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(obu(6, 0x10, 2), []byte{6<<3 | 4, 1 << 3}, s)
		}),
		"layers larger than the picture": avif(func(c *craftedHEIF, s []byte) { c.prop(1, box("a1lx", []byte{0}, s[:6]), false) }),
		"header behind a frame that is shown again": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(obu(3, 0x80), obu(3, s...), obu(4, 1))
		}),
		"tiles before a frame": avif(func(c *craftedHEIF, s []byte) { c.find(1).data = slices.Concat(obu(4, s...), obu(6, 0x10, 2)) }),
		"tiles of no frame": avif(func(c *craftedHEIF, s []byte) {
			c.find(1).data = slices.Concat(obu(1, still...), obu(6, 1, 2, 3), obu(4, s...))
		}),
		"second frame, as av1C says": avif(func(c *craftedHEIF, s []byte) {
			c.props[0] = av1C(obu(1, still...))
			for i := range c.items {
				c.items[i].data = slices.Concat(obu(6, 1, 2, 3), obu(6, s...))
			}
		}),
	} {
		payloads := secrets()
		payloads["no text"] = bytes.Repeat([]byte("\xD1\x9E\x07\xE3\x5A\xB8\x91"), 6)
		for encoding, secret := range payloads {
			_, err := imageproc.Strip(io.Discard, bytes.NewReader(craft(secret)), nil)
			if !errors.Is(err, imageproc.ErrCorrupt) {
				t.Errorf("%s, %s: %v", name, encoding, err)
			}
		}
	}
}

// TestHEIFTextInCodedData puts texts into the data of slices and tiles, where only
// decoding could tell them from it: such files are refused.
func TestHEIFTextInCodedData(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}
	for name, craft := range map[string]func(data []byte) []byte{
		"a slice": func(data []byte) []byte {
			c := craftHEIC()
			c.find(10).data = nal(19, append([]byte{0x80}, data...)...)
			return c.build()
		},
		"a later slice": func(data []byte) []byte {
			c := craftHEIC()
			c.find(10).data = slices.Concat(nal(19, 0x80, 1), nal(19, append([]byte{0}, data...)...))
			return c.build()
		},
		"a frame": func(data []byte) []byte {
			c := craftAVIF()
			c.find(1).data = obu(6, append([]byte{0x10}, data...)...)
			return c.build()
		},
		"a group of tiles": func(data []byte) []byte {
			c := craftAVIF()
			c.find(1).data = slices.Concat(obu(3, 0x10), obu(4, 1), obu(4, data...))
			return c.build()
		},
		"a sample": func(data []byte) []byte {
			c := craftAVIS()
			c.movie.tracks[0].samples[1] = obu(6, data...)
			return c.build()
		},
	} {
		for range 20 {
			if _, err := imageproc.Strip(io.Discard, bytes.NewReader(craft(noise(4000))), nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for encoding, secret := range secrets() {
			for place, data := range map[string][]byte{
				"behind it": slices.Concat(noise(4000), secret), "close to the end": slices.Concat(noise(4000), secret, noise(100)),
				"inside": slices.Concat(noise(2000), secret, noise(2000)),
			} {
				_, err := imageproc.Strip(io.Discard, bytes.NewReader(craft(data)), nil)
				if !errors.Is(err, imageproc.ErrCorrupt) || strings.Contains(err.Error(), "Ottokar") {
					t.Errorf("%s in %s, %s: %v", encoding, name, place, err)
				}
			}
		}
	}
}

// What encoders write is read: several tiles and slices, filler behind the end, sets
// that are there twice, zeros that are kept apart from the first byte on.
func TestHEIFSetsPass(t *testing.T) {
	still := append([]byte("\x38\x15\x7F\xFD\x84\x04\x34\x1A"), 0x40)
	h := craftHEIC()
	h.props[0] = hvcC(map[byte][]byte{32: plainSets[32], 33: plainSets[33], 34: append([]byte(plainPPS), 0, 0)}, 32, 33, 34, 34)
	h.find(10).data = slices.Concat(nal(33, []byte(plainSPS)...), nal(34, []byte(plainPPS)...), nal(20, 0x80, 1), nal(20, 1, 2), nal(20, 3))
	a := craftAVIF()
	layered := append(bytes.Clone(plainHeader[:1]), "\x03\x01\x02\xAF\xFF\x80\x30\x21"...)
	a.find(1).data = slices.Concat(obu(1, still...), obu(3, 1, 2), obu(4, 1), obu(4, 2), obu(1, still...))
	second := []byte{6<<3 | 4 | 2, 1 << 3, 1, 0x10} // of the second spatial layer
	a.find(2).data = slices.Concat(obu(1, layered...), obu(6, 1), obu(6, 2), obu(3, 0x13), obu(4, 4), obu(4, 5), second)
	apart := craftHEIC()
	zeros := "\x00\x00\x03\x03\x00\x00\x03\x00\x90" + plainSPS[8:]
	apart.props[0] = hvcC(map[byte][]byte{32: plainSets[32], 33: []byte(zeros), 34: plainSets[34]}, 32, 33, 34)
	for name, c := range map[string]*craftedHEIF{"heic": h, "avif": a, "zeros": apart} {
		in := c.build()
		out, report := strip(t, in)
		if len(report.Removed) > 0 {
			t.Errorf("%s: %+v", name, report.Removed)
		}
		for _, it := range c.items {
			if !bytes.Contains(out, it.data) {
				t.Errorf("%s: the data of item %d is not what it was", name, it.id)
			}
		}
	}
}

// TestHEIFRowsOfNumbers spells texts in numbers, of which a file may have few and no
// large ones.
func TestHEIFRowsOfNumbers(t *testing.T) {
	row := func(typ string, size int, head, tail []byte) func(*craftedHEIF, []byte) {
		return func(c *craftedHEIF, s []byte) {
			for ; len(s) >= size; s = s[size:] {
				c.prop(c.primary, box(typ, head, s[:size], tail), false)
			}
		}
	}
	turns := func(c *craftedHEIF, s []byte) {
		for _, b := range s {
			c.prop(c.primary, irot(b&3), true)
		}
	}
	overlay := func(wide bool) func(*craftedHEIF, []byte) {
		return func(c *craftedHEIF, s []byte) {
			data, n := slices.Concat([]byte{0, 0}, be16(0, 0, 0, 0, 128, 64)), 4
			if wide {
				data, n = slices.Concat([]byte{0, 1}, be16(0, 0, 0, 0), be32(128, 64)), 8
			}
			var inputs []int
			for ; len(s) >= n; s = s[n:] {
				data, inputs = append(data, s[:n]...), append(inputs, 10)
			}
			c.items = append(c.items, craftedItem{id: 50, typ: "iovl", data: data, props: []int{3}})
			c.refs = append(c.refs, craftedRef{"dimg", 50, inputs})
		}
	}
	for name, row := range map[string]struct {
		change func(*craftedHEIF, []byte)
		want   error
	}{
		"light levels":             {row("clli", 4, nil, nil), imageproc.ErrUnsupported},
		"operating points":         {row("a1op", 1, nil, nil), imageproc.ErrUnsupported},
		"layers":                   {row("lsel", 2, nil, nil), imageproc.ErrUnsupported},
		"sizes of layers":          {row("a1lx", 6, []byte{0}, nil), imageproc.ErrUnsupported},
		"turns":                    {turns, imageproc.ErrUnsupported},
		"places in an overlay":     {overlay(false), imageproc.ErrCorrupt},
		"far places in an overlay": {overlay(true), imageproc.ErrCorrupt},
	} {
		c := craftHEIC()
		row.change(c, secrets()["UTF-8"])
		if _, err := imageproc.Strip(io.Discard, bytes.NewReader(c.build()), nil); !errors.Is(err, row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := craftHEIC()
	overlay(false)(c, be16(0, 0, 100, -20, 127, 63))
	if _, report := strip(t, c.build()); len(report.Removed) > 0 {
		t.Errorf("an overlay: %+v", report.Removed)
	}
}
