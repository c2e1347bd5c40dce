package imageproc_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

// craftAppleGain is a picture with a gain map the way of phones before ISO 21496-1: an
// auxiliary picture with an Exif-like packet of its own, joined by nothing else. In
// tiles, it is a grid.
func craftAppleGain(tiles bool) *craftedHEIF {
	c := craftHEIC()
	picture := nal(19, bytes.Repeat([]byte{6}, 90)...)
	c.props = append(c.props, auxC("urn:com:apple:photo:2020:aux:hdrgainmap"))
	aux := -len(c.props)
	if tiles {
		c.items = append(c.items,
			craftedItem{id: 50, typ: "hvc1", hidden: true, name: "Hertha's tile", data: picture, props: []int{-1, 2}},
			craftedItem{id: 51, typ: "hvc1", hidden: true, data: picture, props: []int{-1, 2}},
			craftedItem{id: 60, typ: "grid", hidden: true, name: "Hertha's map", data: []byte{0, 0, 0, 1, 0, 128, 0, 64}, inIdat: true, props: []int{3, aux}})
		c.refs = append(c.refs, craftedRef{"dimg", 60, []int{50, 51}})
	} else {
		c.items = append(c.items, craftedItem{id: 60, typ: "hvc1", hidden: true, name: "Hertha's map", data: picture, props: []int{-1, 2, aux}})
	}
	packet := "<x:xmpmeta><HDRGainMap:HDRGainMapVersion>65536</HDRGainMap:HDRGainMapVersion><dc:creator>Hertha Fischbein</dc:creator></x:xmpmeta>"
	c.items = append(c.items, craftedItem{id: 70, typ: "mime", name: "\x00application/rdf+xml\x00", hidden: true, data: []byte(packet)})
	c.refs = append(c.refs, craftedRef{"auxl", 60, []int{40}}, craftedRef{"cdsc", 70, []int{60}})
	return c
}

// TestAppleGainMap has the report name a gain map that only Apple's type tells: there is
// nothing that could be written anew in its place, so it goes even where gain maps are
// kept.
func TestAppleGainMap(t *testing.T) {
	plain, _ := strip(t, craftHEIC().build())
	for _, tiles := range []bool{false, true} {
		in := craftAppleGain(tiles).build()
		for _, keep := range []bool{false, true} {
			var out bytes.Buffer
			report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Keep: imageproc.Keep{GainMap: keep}})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), plain) || report.Kept != nil {
				t.Errorf("tiles %v, keep %v: %d bytes, want %d; kept %v", tiles, keep, out.Len(), len(plain), report.Kept)
			}
			i := slices.IndexFunc(report.Removed, func(f imageproc.Finding) bool { return f.Carrier == "auxiliary gain map" })
			if i < 0 || !cmp.Equal(report.Removed[i].Classes, C{thumb}) || report.Removed[i].Bytes < 8 {
				t.Errorf("tiles %v, keep %v: %+v", tiles, keep, report.Removed)
			}
			if !reports(report, person) {
				t.Errorf("tiles %v, keep %v: nobody is named in %+v", tiles, keep, report.Removed)
			}
		}
	}
}
