package imageproc_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

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
	}{{"plain", plain}, {"deflate", plain.coded(8, deflate)}, {"packbits", plain.coded(32773, packBits)}, {"lzw", plain.coded(5, tiffLZW)}} {
		b.Run(kind.name, func(b *testing.B) {
			c := &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{kind.page}}
			benchmarkStrip(b, c.build())
		})
	}
}
