package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// HEIF files crafted in code. Their coded pictures have the units of real ones
// with nothing in them: no codec is asked.

// box frames parts as one box.
func box(typ string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return slices.Concat(be32(len(body)+8), []byte(typ), body)
}

// fullBox puts version and flags before the parts.
func fullBox(typ string, version, flags int, parts ...[]byte) []byte {
	return box(typ, append([][]byte{be32(version<<24 | flags)}, parts...)...)
}

func be32(values ...int) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}

func be16(values ...int) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// craftedHEIF describes a file; build writes it.
type craftedHEIF struct {
	brands  string // the major one first
	minor   int
	handler string // name in hdlr
	primary int
	items   []craftedItem
	props   [][]byte
	refs    []craftedRef
	inMeta  []byte // boxes at the end of meta
	between []byte // boxes before mdat
	stale   []byte // in mdat, belonging to nothing
	idat    []byte // in idat, belonging to nothing
	behind  []byte // after the last box
	wide    bool   // 32 bits for ids, 8 bytes for places
	split   int    // pieces of each item's data, apart
	movie   *craftedMovie
}

type craftedItem struct {
	id     int
	typ    string
	name   string // and what else follows the type
	hidden bool
	secure int
	data   []byte
	inIdat bool
	props  []int // from 1; negative for essential
}

type craftedRef struct {
	typ  string
	from int
	to   []int
}

// find is the item with that number.
func (c *craftedHEIF) find(id int) *craftedItem {
	for i := range c.items {
		if c.items[i].id == id {
			return &c.items[i]
		}
	}
	panic("no such item")
}

// prop adds a property for an item.
func (c *craftedHEIF) prop(id int, p []byte, essential bool) {
	c.props = append(c.props, p)
	n := len(c.props)
	if essential {
		n = -n
	}
	it := c.find(id)
	it.props = append(slices.Clip(it.props), n)
}

func (c *craftedHEIF) id(n int) []byte {
	if c.wide {
		return be32(n)
	}
	return be16(n)
}

func (c *craftedHEIF) version(wide int) int {
	if c.wide {
		return wide
	}
	return 0
}

func (c *craftedHEIF) build() []byte {
	ftyp := box("ftyp", []byte(c.brands[:4]), be32(c.minor), []byte(c.brands))
	head := len(ftyp) + len(c.meta(0)) + len(c.movie.build(0)) + len(c.between) + 8
	media := slices.Clone(c.stale)
	for _, it := range c.items {
		if !it.inIdat {
			for _, piece := range c.pieces(it.data) {
				media = append(append(media, piece...), c.gap()...)
			}
		}
	}
	moov := c.movie.build(head + len(media))
	media = append(media, c.movie.data()...)
	return slices.Concat(ftyp, c.meta(head+len(c.stale)), moov, c.between, box("mdat", media), c.behind)
}

// gap keeps the pieces of an item's data apart.
func (c *craftedHEIF) gap() []byte { return make([]byte, min(c.split, 1)) }

func (c *craftedHEIF) pieces(data []byte) [][]byte {
	if c.split < 2 || len(data) < c.split {
		return [][]byte{data}
	}
	return slices.Collect(slices.Chunk(data, len(data)/c.split))
}

func (c *craftedHEIF) meta(media int) []byte {
	entries, places, uses := []byte{}, []byte{}, []byte{}
	idat := slices.Clone(c.idat)
	for _, it := range c.items {
		flags := 0
		if it.hidden {
			flags = 1
		}
		entries = append(entries, fullBox("infe", 2+c.version(1), flags, c.id(it.id), be16(it.secure), []byte(it.typ), []byte(it.name), []byte{0})...)
		method := 0
		if it.inIdat {
			method = 1
		}
		pieces := c.pieces(it.data)
		if it.data == nil {
			pieces = nil
		}
		places = append(append(places, c.id(it.id)...), be16(method, 0, len(pieces))...)
		for _, piece := range pieces {
			at := media
			if it.inIdat {
				at = len(idat)
				idat = append(idat, piece...)
			} else {
				media += len(piece) + len(c.gap())
			}
			if c.wide {
				places = append(places, be32(0, at, 0, len(piece))...)
			} else {
				places = append(places, be32(at, len(piece))...)
			}
		}
		uses = append(append(uses, c.id(it.id)...), byte(len(it.props)))
		for _, p := range it.props {
			v := p
			if p < 0 {
				v = -p | 0x8000
			}
			uses = append(uses, be16(v)...)
		}
	}
	sizes := byte(0x44)
	if c.wide {
		sizes = 0x88
	}
	var refs []byte
	for _, r := range c.refs {
		body := slices.Concat(c.id(r.from), be16(len(r.to)))
		for _, to := range r.to {
			body = append(body, c.id(to)...)
		}
		refs = append(refs, box(r.typ, body)...)
	}
	count := be16(len(c.items))
	if c.wide {
		count = be32(len(c.items))
	}
	return fullBox("meta", 0, 0,
		fullBox("hdlr", 0, 0, be32(0), []byte("pict"), be32(0, 0, 0), []byte(c.handler), []byte{0}),
		fullBox("pitm", c.version(1), 0, c.id(c.primary)),
		fullBox("iinf", c.version(1), 0, count, entries),
		fullBox("iref", c.version(1), 0, refs),
		box("iprp", box("ipco", c.props...), fullBox("ipma", c.version(1), 1, be32(len(c.items)), uses)),
		box("idat", idat),
		fullBox("iloc", 1+c.version(1), 0, []byte{sizes, 0}, count, places),
		c.inMeta)
}

// Parameter sets of HEVC and a sequence header of AV1, behind the headers of their
// units, of a picture of 64 by 64 pixels; in that of AV1 several frames may follow.
var (
	plainVPS = "\x0C\x01\xFF\xFF\x03\x70\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x1E\xBA\x02\x40"
	plainSPS = "\x01\x03\x70\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x1E\xA0\x20\x81\x05\x96\xEA\x49\x29\xAE\x6E\x04\x04\x0C\x08\x00\x00" +
		"\x03\x00\x08\x00\x00\x03\x00\x08\x40"
	plainPPS    = "\xC1\x72\xB0\x22\x40"
	plainSets   = map[byte][]byte{32: []byte(plainVPS), 33: []byte(plainSPS), 34: []byte(plainPPS)}
	plainHeader = []byte("\x00\x00\x00\x02\xAF\xFF\x80\x30\x21")
)

// nal is one unit of HEVC behind a length of four bytes.
func nal(typ byte, payload ...byte) []byte {
	return slices.Concat(be32(2+len(payload)), []byte{typ << 1, 1}, payload)
}

// obu is one unit of AV1 with a size.
func obu(typ byte, payload ...byte) []byte {
	size := []byte{byte(len(payload))}
	if len(payload) > 0x7F {
		size = []byte{byte(len(payload)) | 0x80, byte(len(payload) >> 7)}
	}
	return slices.Concat([]byte{typ<<3 | 2}, size, payload)
}

// hvcC is a configuration with one unit for each type.
func hvcC(units map[byte][]byte, order ...byte) []byte {
	b := append([]byte{1, 1, 0x60}, make([]byte, 18)...)
	b = append(b, 0x0F, byte(len(order)))
	for _, typ := range order {
		unit := append([]byte{typ << 1, 1}, units[typ]...)
		b = slices.Concat(b, []byte{0x80 | typ}, be16(1, len(unit)), unit)
	}
	return box("hvcC", b)
}

func av1C(obus ...[]byte) []byte { return box("av1C", []byte{0x81, 0, 0, 0}, bytes.Join(obus, nil)) }

func ispe(w, h int) []byte { return fullBox("ispe", 0, 0, be32(w, h)) }

func auxC(name string) []byte { return fullBox("auxC", 0, 0, []byte(name), []byte{0}) }

var nclx = box("colr", []byte("nclx"), be16(1, 13, 6), []byte{0x80})

// craftHEIC is what a phone writes: a grid of two tiles, turned, with a
// thumbnail, Exif, XMP and names.
func craftHEIC() *craftedHEIF {
	picture := nal(19, bytes.Repeat([]byte{7}, 60)...)
	return &craftedHEIF{
		brands: "heicmif1", primary: 40,
		props: [][]byte{
			hvcC(plainSets, 32, 33, 34), ispe(64, 64), ispe(128, 64), box("irot", []byte{3}), nclx,
			fullBox("pixi", 0, 0, []byte{3, 8, 8, 8}),
		},
		items: []craftedItem{
			{id: 10, typ: "hvc1", hidden: true, data: picture, props: []int{-1, 2, 5}},
			{id: 20, typ: "hvc1", hidden: true, data: slices.Concat(picture, nal(19, 9, 9)), props: []int{-1, 2, 5}},
			{id: 40, typ: "grid", data: []byte{0, 0, 0, 1, 0, 128, 0, 64}, inIdat: true, props: []int{3, 5, 6, -4}},
		},
		refs: []craftedRef{{"dimg", 40, []int{10, 20}}},
	}
}

// craftAVIF is one picture with its alpha.
func craftAVIF() *craftedHEIF {
	return &craftedHEIF{
		brands: "avifmif1miaf", primary: 1,
		props: [][]byte{av1C(obu(1, plainHeader...)), ispe(30, 20), nclx, auxC("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")},
		items: []craftedItem{
			{id: 1, typ: "av01", data: slices.Concat(obu(1, plainHeader...), obu(6, bytes.Repeat([]byte{5}, 200)...)), props: []int{-1, 2, 3}},
			{id: 2, typ: "av01", data: slices.Concat(obu(1, plainHeader...), obu(3, 8), obu(4, 9)), props: []int{-1, 2, 4}},
		},
		refs: []craftedRef{{"auxl", 2, []int{1}}},
	}
}
