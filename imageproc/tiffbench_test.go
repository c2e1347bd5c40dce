package imageproc_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// usualPackBits writes runs from three bytes on, and all else as it stands, as
// TIFF 6.0 §9 advises; packBits takes a code for nearly each byte, and one that means
// nothing before it.
func usualPackBits(b []byte) (out []byte) {
	for from := 0; from < len(b); {
		end := from
		for end < len(b) && end-from < 128 && (end+2 >= len(b) || b[end] != b[end+1] || b[end] != b[end+2]) {
			end++
		}
		if end > from {
			out = append(append(out, byte(end-from-1)), b[from:end]...)
			from = end
			continue
		}
		for end < len(b) && end-from < 128 && b[end] == b[from] {
			end++
		}
		out = append(out, byte(257-(end-from)), b[from])
		from = end
	}
	return out
}

// BenchmarkStripTIFF is the whole way in memory for pictures of some 4 MB, in the
// codings that are looked into and in one that is not.
func BenchmarkStripTIFF(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const width, height = 1400, 1000
	rows := make([][]byte, height)
	for y := range rows {
		rows[y] = make([]byte, 3*width)
		for x := range rows[y] {
			rows[y][x] = byte(x*200/(3*width) + rnd.IntN(16))
		}
	}
	plain := rgbPage(32).with(tagOf(256, 3, width), tagOf(257, 3, height), tagOf(278, 3, 1))
	plain.strips = rows
	plain = plain.with(textOf(270, "a description of what is to be seen"), textOf(315, "Somebody Somewhere"), textOf(305, "A program 1.2"))
	for _, kind := range []struct {
		name string
		page craftedPage
	}{{"plain", plain}, {"deflate", plain.coded(8, deflate)}, {"packbits", plain.coded(32773, packBits)}, {"packbits_as_usual", plain.coded(32773, usualPackBits)}, {"lzw", plain.coded(5, tiffLZW)}} {
		b.Run(kind.name, func(b *testing.B) {
			c := &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{kind.page}}
			benchmarkStrip(b, c.build())
		})
	}
}
