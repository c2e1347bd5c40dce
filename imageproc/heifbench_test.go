package imageproc_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// benchHEIC is a grid of 48 tiles of 60 kB with the metadata of a phone.
func benchHEIC() []byte {
	c := craftHEIC()
	c.items[2].data = []byte{0, 0, 5, 7, 15, 192, 11, 208}
	tile := nal(19, bytes.Repeat([]byte{7, 99, 3}, 20_000)...)
	c.items = c.items[2:]
	c.refs[0].to = nil
	for i := range 48 {
		c.items = append(c.items, craftedItem{id: 100 + i, typ: "hvc1", hidden: true, data: tile, props: []int{-1, 2, 5}})
		c.refs[0].to = append(c.refs[0].to, 100+i)
	}
	item("Exif", "", be32(0))(c, phoneExif(6, 60<<10))
	return c.build()
}

// BenchmarkStripHEIF is the whole way in memory: read, parse, verify, write. The
// first picture is made here, the others are real where they are present.
func BenchmarkStripHEIF(b *testing.B) {
	b.Run("made", func(b *testing.B) { benchmarkStrip(b, benchHEIC()) })
	for _, name := range []string{"phones/IMG_2929.HEIC", "phones/made-12mp.heic", "corpus/heic/789ef64b-C007.heic", "corpus/avif/6d60b982-Issue_649.avif", "corpus/avif/81919cf3-sunrise.avif"} {
		data, err := os.ReadFile(filepath.Join(sharedDir(), filepath.FromSlash(name)))
		if err != nil {
			b.Logf("%s: not here; put the shared folder beside the checkout or set FITVEIL_SHARED", name)
			continue
		}
		b.Run(filepath.Base(name), func(b *testing.B) { benchmarkStrip(b, data) })
	}
}
