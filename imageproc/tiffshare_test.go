package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// sharing is a file of pages that have their pixels where the first page with strips
// of its own has them, cut as they say.
func sharing(tb testing.TB, pages ...craftedPage) []byte {
	tb.Helper()
	c := &craftedTIFF{order: binary.LittleEndian, pages: slices.Clone(pages)}
	var strips []byte
	for _, p := range pages {
		strips = append(strips, bytes.Join(p.strips, nil)...)
	}
	place := func(start uint64) []byte {
		for i, p := range pages {
			if p.strips != nil {
				continue
			}
			tag := slices.IndexFunc(p.tags, func(t craftedTag) bool { return t.tag == 279 || t.tag == 325 })
			counts := p.tags[tag]
			offsets := tagOf(counts.tag-6, 4)
			if counts.tag == 325 {
				offsets.tag = 324
			}
			at := start
			for _, n := range counts.numbers {
				offsets.numbers, at = append(offsets.numbers, at), at+n
			}
			c.pages[i] = p.with(offsets)
		}
		return c.build()
	}
	at := bytes.Index(place(0), strips)
	if at < 0 {
		tb.Fatal("the strips are not in the file")
	}
	return place(uint64(at))
}

// shared is a page without strips of its own, in as many bytes each as said.
func shared(p craftedPage, counts ...uint64) craftedPage {
	tag := uint16(279)
	if p.tiled {
		tag = 325
	}
	p.strips = nil
	return p.with(tagOf(tag, 4, counts...))
}

func sizesOf(p craftedPage) (sizes []uint64) {
	for _, s := range p.strips {
		sizes = append(sizes, uint64(len(s)))
	}
	return sizes
}

// TestTIFFPagesShareStrips has pages that lie on the same bytes: strip for strip, which
// takes them once, and cut in another way. Each page has to decode to what it was.
func TestTIFFPagesShareStrips(t *testing.T) {
	strips, whole, upper := rgbPage(7), rgbPage(32), rgbPage(31)
	upper = upper.with(tagOf(257, 3, 31))
	row := uint64(48 * 3)
	tiles := tiledPage()
	lzw, packed := rgbPage(9).coded(5, tiffLZW), rgbPage(9).coded(32773, packBits)
	for name, row := range map[string]struct {
		pages []craftedPage
		once  bool // all bytes are there once
	}{
		"strips":       {[]craftedPage{strips, shared(strips, sizesOf(strips)...)}, true},
		"one strip":    {[]craftedPage{whole, shared(whole, sizesOf(whole)...)}, true},
		"before":       {[]craftedPage{shared(strips, sizesOf(strips)...), strips}, true},
		"tiles":        {[]craftedPage{tiles, shared(tiles, sizesOf(tiles)...)}, true},
		"LZW":          {[]craftedPage{lzw, shared(lzw, sizesOf(lzw)...)}, true},
		"PackBits":     {[]craftedPage{packed, shared(packed, sizesOf(packed)...), shared(packed, sizesOf(packed)...)}, true},
		"three times":  {[]craftedPage{whole, shared(whole, sizesOf(whole)...), shared(whole, sizesOf(whole)...)}, true},
		"other rows":   {[]craftedPage{strips, shared(whole, 32*row)}, false},
		"rows joined":  {[]craftedPage{shared(whole, 32*row), strips}, false},
		"upper part":   {[]craftedPage{whole, shared(upper, 31*row)}, false},
		"other pixels": {[]craftedPage{whole, shared(tiles, sizesOf(tiles)...)}, false},
	} {
		in := sharing(t, row.pages...)
		out, report := strip(t, in)
		if row.once && len(out) > len(in)+100 || len(report.Removed) > 0 {
			t.Errorf("%s: %d bytes of %d, %+v", name, len(out), len(in), report.Removed)
		}
		if again, _ := strip(t, out); !bytes.Equal(again, out) {
			t.Errorf("%s: not settled", name)
		}
		for i := range row.pages {
			if !samePixels(decode(t, firstPage(t, out, i)), decode(t, firstPage(t, in, i))) {
				t.Errorf("%s: page %d changed", name, i)
			}
		}
	}
}

// firstPage has page i of a little-endian file come first.
func firstPage(t *testing.T, file []byte, i int) []byte {
	t.Helper()
	file = bytes.Clone(file)
	at := binary.LittleEndian.Uint32(file[4:])
	for range i {
		at = binary.LittleEndian.Uint32(file[at+2+12*uint32(binary.LittleEndian.Uint16(file[at:])):])
	}
	if at == 0 {
		t.Fatalf("no page %d", i)
	}
	binary.LittleEndian.PutUint32(file[4:], at)
	return file
}

// TestTIFFSharesTooMuch has pages that would make a file many times as large.
func TestTIFFSharesTooMuch(t *testing.T) {
	pages := []craftedPage{rgbPage(32)}
	for rows := uint64(20); rows < 31; rows++ {
		pages = append(pages, shared(rgbPage(32).with(tagOf(257, 4, rows)), rows*48*3))
	}
	var out bytes.Buffer
	if _, err := imageproc.Strip(&out, bytes.NewReader(sharing(t, pages...)), nil); !errors.Is(err, imageproc.ErrCorrupt) || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}

// TestTIFFUnknownTypes has a field whose type is none there is: it counts for nothing,
// however many values it claims, and what it has goes.
func TestTIFFUnknownTypes(t *testing.T) {
	page := rgbPage(32)
	plain := (&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{page}}).build()
	want, _ := strip(t, plain)
	for _, tag := range []uint16{266, 293, 317, 338} {
		for _, count := range []uint32{1, 17, 1 << 20, 1<<32 - 1} {
			c := &craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{page.with(tagOf(tag, 3, 2))}}
			in := c.listed(tag, count)
			at := bytes.Index(in, binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, tag), 3))
			for _, typ := range []uint16{0, 14, 99} {
				binary.LittleEndian.PutUint16(in[at+2:], typ)
				if out, _ := strip(t, in); !bytes.Equal(out, want) {
					t.Errorf("tag %d, type %d, %d values: another file", tag, typ, count)
				}
			}
		}
	}
}
