package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc"
)

func irot(quarters byte) []byte { return box("irot", []byte{quarters}) }
func imir(axis byte) []byte     { return box("imir", []byte{axis}) }
func clap(w, h int) []byte      { return box("clap", be32(w, 1, h, 1, 0, 1, 0, 1)) }

// What is displayed follows from irot, imir and clap in the order in which they
// are associated, and an Exif orientation has no say.
func TestHEIFOrientation(t *testing.T) {
	for _, row := range []struct {
		name          string
		props         [][]byte
		want          int
		width, height int
	}{
		{"none", nil, 1, 30, 20},
		{"left and right", [][]byte{imir(1)}, 2, 30, 20},
		{"half a turn", [][]byte{irot(2)}, 3, 30, 20},
		{"top and bottom", [][]byte{imir(0)}, 4, 30, 20},
		{"left turn, then top and bottom", [][]byte{irot(1), imir(0)}, 5, 20, 30},
		{"right turn", [][]byte{irot(3)}, 6, 20, 30},
		{"right turn, then top and bottom", [][]byte{irot(3), imir(0)}, 7, 20, 30},
		{"left turn", [][]byte{irot(1)}, 8, 20, 30},
		{"top and bottom, then left turn", [][]byte{imir(0), irot(1)}, 7, 20, 30},
		{"left turn, then left and right", [][]byte{irot(1), imir(1)}, 7, 20, 30},
		{"two turns", [][]byte{irot(1), irot(1)}, 3, 30, 20},
		{"crop", [][]byte{clap(10, 7)}, 1, 10, 7},
		{"crop, then turn", [][]byte{clap(10, 7), irot(3)}, 6, 7, 10},
		{"turn, then crop", [][]byte{irot(3), clap(7, 10)}, 6, 7, 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := craftAVIF()
			for _, p := range row.props {
				c.prop(1, p, true)
			}
			item("Exif", "", be32(0))(c, orientationBlock(8))
			clean := sanitize(t, c.build(), nil)
			if got := clean.Report().Orientation; got != row.want {
				t.Errorf("orientation %d, want %d", got, row.want)
			}
			if got := clean.Bounds(); got != image.Rect(0, 0, row.width, row.height) {
				t.Errorf("bounds %v, want %dx%d", got, row.width, row.height)
			}
			if again, report := strip(t, clean.Bytes()); !bytes.Equal(again, clean.Bytes()) || report.Orientation != row.want {
				t.Errorf("a second strip gives orientation %d", report.Orientation)
			}
		})
	}
}

// Pictures that are shown by themselves stay, with all they are made of.
func TestHEIFPagesSurvive(t *testing.T) {
	c := craftHEIC()
	frame := nal(19, 1, 2, 3, 4)
	c.items = append(
		c.items,
		craftedItem{id: 50, typ: "hvc1", data: frame, props: []int{-1, 2}},
		craftedItem{id: 60, typ: "iden", props: []int{2}},
		craftedItem{id: 70, typ: "iovl", data: slices.Concat([]byte{0, 0}, be16(0, 0, 0, 9, 64, 64, 1, 2, 3, 4)), props: []int{2}},
	)
	c.refs = append(c.refs, craftedRef{"dimg", 60, []int{50}}, craftedRef{"dimg", 70, []int{50, 10}})
	c.inMeta = box("grpl", fullBox("altr", 0, 0, be32(99, 3, 50, 12345, 60)))
	out, report := strip(t, c.build())
	if len(report.Removed) > 0 {
		t.Errorf("removed %+v", report.Removed)
	}
	checkSettled(t, out)
	for name, part := range map[string][]byte{
		"picture": frame, "overlay": slices.Concat([]byte{0, 0}, be16(0, 0, 0, 9, 64, 64, 1, 2, 3, 4)),
		"relation": box("dimg", be16(6, 2, 4, 1)), "group": fullBox("altr", 0, 0, be32(8, 2, 4, 5)),
		"identity": slices.Concat(be16(5, 0), []byte("iden\x00")),
	} {
		if !bytes.Contains(out, part) {
			t.Errorf("%s: not there", name)
		}
	}
}

// Data that two items share is stored once.
func TestHEIFSharedData(t *testing.T) {
	c := craftHEIC()
	before, _ := strip(t, c.build())
	b := c.build()
	// The second tile is told to lie where the first does.
	first := slices.Concat(be16(10, 0, 0, 1), be32(bytes.Index(b, c.items[0].data), len(c.items[0].data)))
	second := slices.Concat(be16(20, 0, 0, 1), be32(bytes.Index(b, c.items[1].data), len(c.items[1].data)))
	shared := slices.Concat(be16(20, 0, 0, 1), first[8:])
	out, report := strip(t, replace(t, b, string(second), string(shared)))
	if len(out) != len(before)-len(c.items[1].data) || len(report.Removed) != 1 || report.Removed[0].Carrier != "unused bytes in mdat" {
		t.Errorf("%d bytes from %d, removed %+v", len(out), len(before), report.Removed)
	}
	checkSettled(t, out)
}

// The sizes of layers are dropped when the layers have changed.
func TestHEIFLayerSizes(t *testing.T) {
	for _, changed := range []bool{false, true} {
		c := craftAVIF()
		c.prop(1, box("a1lx", []byte{0}, be16(20, 30, 40)), false)
		if changed {
			c.find(1).data = append(c.find(1).data, obu(15, 1, 2)...)
		}
		out, _ := strip(t, c.build())
		if bytes.Contains(out, []byte("a1lx")) == changed {
			t.Errorf("data changed: %v, sizes kept: %v", changed, !changed)
		}
		checkSettled(t, out)
	}
}

// Without a codec the pixels can't be had; everything else works.
// TestHEIFListVersions: what libheif once wrote says version 2 where that of the list is
// 1 at most, and is read by all; the output says what it has to.
func TestHEIFListVersions(t *testing.T) {
	c := craftHEIC()
	c.wide = true
	in := c.build()
	want, _ := strip(t, in)
	at := bytes.Index(in, []byte("iinf")) + 4
	in[at] = 2
	if out, _ := strip(t, in); !bytes.Equal(out, want) {
		t.Error("version 2 makes another file")
	}
	in[at] = 3
	if _, err := imageproc.Strip(io.Discard, bytes.NewReader(in), nil); !errors.Is(err, imageproc.ErrCorrupt) {
		t.Errorf("version 3: %v", err)
	}
}

func TestHEIFNeedsDecoder(t *testing.T) {
	for name, c := range map[string]*craftedHEIF{"heic": craftHEIC(), "avif": craftAVIF()} {
		file := c.build()
		clean := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: 128})
		if clean.Format().String() != name {
			t.Errorf("format %v", clean.Format())
		}
		_, thumbErr := clean.Thumb(16)
		_, imageErr := clean.Image(nil)
		_, decodeErr := imageproc.Decode(bytes.NewReader(file), nil)
		_, cleanErr := imageproc.Sanitize(t.Context(), bytes.NewReader(file), &imageproc.SanitizeOptions{MaxSide: 16})
		for what, err := range map[string]error{"Thumb": thumbErr, "Image": imageErr, "Decode": decodeErr, "Sanitize to 16": cleanErr} {
			if !errors.Is(err, imageproc.ErrNeedsDecoder) || !errors.Is(err, imageproc.ErrUnsupported) || !strings.HasPrefix(err.Error(), "imageproc: "+name+": ") {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

// A mark is one XMP item that belongs to the primary picture.
func TestHEIFMark(t *testing.T) {
	for _, c := range []*craftedHEIF{craftHEIC(), craftAVIF()} {
		bare, _ := strip(t, c.build())
		clean := sanitize(t, c.build(), &imageproc.SanitizeOptions{Mark: testMark})
		out := clean.Bytes()
		if !bytes.Contains(out, []byte(testMark.DigitalSourceType)) || !bytes.Contains(out, []byte("mime\x00application/rdf+xml\x00")) {
			t.Error("no mark")
		}
		again, report := strip(t, out)
		if !bytes.Equal(again, bare) || len(report.Removed) != 1 || report.Removed[0].Carrier != "item XMP" {
			t.Errorf("stripping the mark: %+v", report.Removed)
		}
		if marked := sanitize(t, out, &imageproc.SanitizeOptions{Mark: testMark}); !bytes.Equal(marked.Bytes(), out) {
			t.Error("marking again gives other bytes")
		}
	}
}

func TestHEIFRefusals(t *testing.T) {
	heic := func(change func(c *craftedHEIF)) []byte {
		c := craftHEIC()
		change(c)
		return c.build()
	}
	base := craftHEIC().build()
	meta, mdat := bytes.Index(base, []byte("meta"))-4, bytes.Index(base, []byte("mdat"))-4
	at := func(typ string) string { return fmt.Sprintf("box %q at %d: ", typ, bytes.Index(base, []byte(typ))-4) }
	set := func(old, repl string) []byte { return replace(t, base, old, repl) }
	it := func(id int) string { return fmt.Sprintf("item %d at %d: ", id, meta) }
	corrupt, unsupported := imageproc.ErrCorrupt, imageproc.ErrUnsupported
	for _, row := range []struct {
		name string
		in   []byte
		want error
		text string
	}{
		{"no meta", base[:meta], corrupt, fmt.Sprintf("end at %d: no meta box: the file is truncated, or holds no still picture", meta)},
		{"cut in meta", base[:meta+100], corrupt, fmt.Sprintf("box \"meta\" at %d: length %d exceeds what is left", meta, binary.BigEndian.Uint32(base[meta:]))},
		{"cut in mdat", base[:len(base)-1], corrupt, fmt.Sprintf("box \"mdat\" at %d: length 148 exceeds what is left", mdat)},
		{"two metas", heic(func(c *craftedHEIF) { c.between = box("meta", be32(0)) }), corrupt, fmt.Sprintf("box \"meta\" at %d: second one", mdat)},
		{"sequence without a header", heic(func(c *craftedHEIF) { c.between = box("moov") }), corrupt, fmt.Sprintf("box \"moov\" at %d: no mvhd box in it", mdat)},
		{"sequence alone", slices.Concat(base[:meta], box("moov")), unsupported, fmt.Sprintf("box \"moov\" at %d: an image sequence without a still picture is not supported", meta)},
		{"fragments", heic(func(c *craftedHEIF) { c.between = box("moof") }), unsupported, fmt.Sprintf("box \"moof\" at %d: fragments are not supported", mdat)},
		{"handler", set("pict", "vide"), unsupported, at("hdlr") + "the handler is not pict"},
		{"no pitm", set("pitm", "free"), corrupt, fmt.Sprintf("box \"meta\" at %d: no pitm box in it", meta)},
		{"no primary item", heic(func(c *craftedHEIF) { c.primary = 41 }), corrupt, fmt.Sprintf("box \"meta\" at %d: the primary item is not there", meta)},
		{"item twice", heic(func(c *craftedHEIF) { c.items[1].id = 10 }), corrupt, `length, or number of the item, is not valid`},
		{"old infe", set("infe\x02", "infe\x01"), unsupported, `: version 1`},
		{"wrong count", set("iinf\x00\x00\x00\x00\x00\x03", "iinf\x00\x00\x00\x00\x00\x04"), corrupt, at("iinf") + "3 items where it says 4"},
		{"protected", heic(func(c *craftedHEIF) { c.items[0].secure = 1 }), unsupported, it(10) + "protected data is not supported"},
		{"other codec", heic(func(c *craftedHEIF) { c.items[0].typ = "vvc1" }), unsupported, it(10) + "a picture of type vvc1 is not supported"},
		{"tone map", heic(func(c *craftedHEIF) { c.items[2].typ = "tmap" }), unsupported, it(40) + "a picture of type tmap is not supported"},
		{"derived from itself", heic(func(c *craftedHEIF) { c.refs[0].to = []int{10, 40} }), corrupt, it(40) + "derived more than 8 times, or from itself"},
		{"derived from nothing", heic(func(c *craftedHEIF) { c.refs[0].to = []int{10, 30} }), corrupt, it(40) + "derived from an item that is not there"},
		{"grid with too few", heic(func(c *craftedHEIF) { c.refs[0].to = []int{10} }), corrupt, it(40) + "a grid of 2 pictures with 1 inputs"},
		{"short grid", heic(func(c *craftedHEIF) { c.items[2].data = c.items[2].data[:7] }), corrupt, it(40) + "the grid is cut short or not of version 0"},
		{"two lists of inputs", heic(func(c *craftedHEIF) { c.refs = append(c.refs, c.refs[0]) }), corrupt, ": second one for an item"},
		{"unknown essential property", heic(func(c *craftedHEIF) { c.prop(40, box("iscl", be32(1, 1)), true) }), unsupported, "this property is essential and not supported"},
		{"no configuration", heic(func(c *craftedHEIF) { c.items[0].props = []int{2} }), corrupt, it(10) + "no configuration of its codec"},
		{"no size", heic(func(c *craftedHEIF) { c.items[2].props = nil }), corrupt, it(40) + "no size"},
		{"size 0", heic(func(c *craftedHEIF) { c.props[2] = ispe(0, 64) }), corrupt, "size is not valid"},
		{"too many pixels", heic(func(c *craftedHEIF) { c.props[2] = ispe(1<<20, 1<<10) }), imageproc.ErrTooLarge, "more pixels than the limit allows"},
		{"too large a grid", heic(func(c *craftedHEIF) { c.items[2].data = slices.Concat([]byte{0, 1, 0, 1}, be32(1<<20, 1<<10)) }), imageproc.ErrTooLarge, "more pixels than the limit allows"},
		{"crop larger than the picture", heic(func(c *craftedHEIF) { c.prop(40, clap(129, 2), true) }), corrupt, "cuts out more than there is"},
		{"crop by zero", heic(func(c *craftedHEIF) { c.prop(40, box("clap", make([]byte, 32)), true) }), corrupt, "a fraction is not valid"},
		{"property that is not there", heic(func(c *craftedHEIF) { c.items[0].props = []int{-1, 2, 99} }), corrupt, "cut short, or a property that is not there"},
		{"no data", heic(func(c *craftedHEIF) { c.items[0].data = nil }), corrupt, it(10) + "no data"},
		{"data without length", heic(func(c *craftedHEIF) { c.items[0].data = []byte{} }), unsupported, it(10) + "a part of its data has no length"},
		{"data elsewhere", heic(func(c *craftedHEIF) { c.items[0].inIdat = true; c.idat = make([]byte, 0); c.items[0].data = nil }), corrupt, it(10) + "no data"},
		{"unit beyond the item", heic(func(c *craftedHEIF) { c.items[0].data = []byte{0, 0, 0, 9, 38, 1, 2} }), corrupt, it(10) + "a unit of the coded data exceeds it"},
		{"only messages", heic(func(c *craftedHEIF) { c.items[0].data = nal(39, 5, 1, 1) }), corrupt, it(10) + "no picture in its data"},
		{"old iloc", set("iloc\x01", "iloc\x03"), unsupported, at("iloc") + "version 3"},
		{"numbers of 3 bytes", set("\x44\x00\x00\x03\x00\x0A", "\x34\x00\x00\x03\x00\x0A"), corrupt, at("iloc") + "3 bytes for a number"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := imageproc.Strip(&out, bytes.NewReader(row.in), nil)
			if !errors.Is(err, row.want) || !strings.HasSuffix(message(err), row.text) || !strings.HasPrefix(message(err), "imageproc: heic: ") {
				t.Errorf("got %v, want %v: %s", err, row.want, row.text)
			}
			if out.Len() > 0 {
				t.Errorf("%d bytes were written", out.Len())
			}
			checkAllRefuse(t, row.in, row.want)
		})
	}
}

// Places beyond the file, in another file and inside another item.
func TestHEIFPlaces(t *testing.T) {
	base := craftHEIC().build()
	entry := bytes.Index(base, slices.Concat(be16(10, 0, 0, 1))) // item, method, source, extents
	for name, row := range map[string]struct {
		at    int
		value []byte
		want  error
	}{
		"beyond the file":  {8, be32(len(base) - 3), imageproc.ErrCorrupt},
		"wrapping around":  {8, be32(-1, -1), imageproc.ErrCorrupt},
		"in another file":  {4, be16(1), imageproc.ErrUnsupported},
		"in another item":  {2, be16(2), imageproc.ErrUnsupported},
		"beyond the idat":  {2, be16(1), imageproc.ErrCorrupt},
		"over its sibling": {12, be32(100), imageproc.ErrCorrupt},
	} {
		b := bytes.Clone(base)
		copy(b[entry+row.at:], row.value)
		if _, err := imageproc.Inspect(bytes.NewReader(b), nil); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
}

// Items whose data overlaps can't make an output grow beyond the input.
func TestHEIFOverlap(t *testing.T) {
	c := craftAVIF()
	c.find(1).data = obu(6, bytes.Repeat([]byte{obu(6)[0], 0}, 4000)...)
	for i := range 500 {
		c.items = append(c.items, craftedItem{id: 100 + i, typ: "av01", data: []byte{0}, props: []int{-1, 2}})
	}
	b := c.build()
	start := bytes.Index(b, c.find(1).data)
	for i := range 500 {
		entry := bytes.Index(b, be16(100+i, 0, 0, 1))
		copy(b[entry+8:], be32(start+3+2*i, 7000-2*i))
	}
	if _, err := imageproc.Inspect(bytes.NewReader(b), nil); !errors.Is(err, imageproc.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func TestHEIFLimits(t *testing.T) {
	c := craftHEIC()
	for i := range 200 {
		c.items = append(c.items, craftedItem{id: 1000 + i, typ: "abcd", data: []byte("x")})
	}
	file := c.build()
	for segments, want := range map[int]bool{200: false, 2000: true} {
		_, err := imageproc.Inspect(bytes.NewReader(file), &imageproc.InspectOptions{Limits: imageproc.Limits{MaxSegments: segments}})
		if want != (err == nil) || !want && !errors.Is(err, imageproc.ErrTooLarge) {
			t.Errorf("%d: %v", segments, err)
		}
	}
}

// Any number of plants: what they held goes, and the output is that of the file
// without them.
func TestHEIFProperties(t *testing.T) {
	for name, kind := range map[string]struct {
		craft  func() *craftedHEIF
		plants []heifPlant
	}{"heic": {craftHEIC, heifPlants}, "avif": {craftAVIF, heifPlants}} {
		t.Run(name, func(t *testing.T) {
			want, _ := strip(t, kind.craft().build())
			rapid.Check(t, func(rt *rapid.T) {
				secret := rapid.SliceOfN(rapid.ByteRange(33, 126), 24, 60).Draw(rt, "secret")
				c := kind.craft()
				for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(kind.plants)-1), 1, 6, rapid.ID[int]).Draw(rt, "plants") {
					kind.plants[i].apply(c, secret)
				}
				c.wide = rapid.Bool().Draw(rt, "wide")
				c.split = rapid.IntRange(0, 4).Draw(rt, "pieces")
				var out bytes.Buffer
				if _, err := imageproc.Strip(&out, bytes.NewReader(c.build()), nil); err != nil {
					if out.Len() > 0 || errors.Is(err, imageproc.ErrVerify) {
						rt.Fatalf("%d bytes in spite of %v", out.Len(), err)
					}
					return // a plant can break another one's file
				}
				if !bytes.Equal(out.Bytes(), want) {
					rt.Fatal("the output is not that of the file without them")
				}
			})
		})
	}
}

// An item without data has a place all the same: libheif 1.15 opens nothing of a
// file in which one has none.
func TestHEIFIdentityHasAPlace(t *testing.T) {
	for _, inIdat := range []bool{false, true} {
		c := craftHEIC()
		c.find(40).inIdat = inIdat
		c.items = append(c.items, craftedItem{id: 60, typ: "iden", props: []int{2}})
		c.refs = append(c.refs, craftedRef{"dimg", 60, []int{10}})
		out, _ := strip(t, c.build())
		places := out[bytes.Index(out, []byte("iloc"))+4:]
		last := be16(4, 0, 0)
		if inIdat {
			last = be16(4, 0, 0, 0)
		}
		if count := be16(len(c.items)); !bytes.Equal(places[6:8], count) || !bytes.HasPrefix(places[8+3*14+2*3*int(places[0]):], last) {
			t.Errorf("places %x", places[:64])
		}
		checkSettled(t, out)
	}
}
