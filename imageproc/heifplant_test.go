package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// A heifPlant hides a payload somewhere in a crafted file. The output has to be
// that of the file without it, byte for byte.
type heifPlant struct {
	name    string
	apply   func(c *craftedHEIF, secret []byte)
	carrier string
	classes C
}

// item adds one with data that describes the primary picture.
func item(typ, name string, head []byte) func(*craftedHEIF, []byte) {
	return func(c *craftedHEIF, secret []byte) {
		c.items = append(c.items, craftedItem{id: 900 + len(c.items), typ: typ, name: name, data: append(bytes.Clone(head), secret...)})
		c.refs = append(c.refs, craftedRef{"cdsc", c.items[len(c.items)-1].id, []int{c.primary}})
	}
}

// companion adds a picture that belongs to the primary one, coded as that is.
func companion(relation string, props ...[]byte) func(*craftedHEIF, []byte) {
	return func(c *craftedHEIF, secret []byte) {
		first := c.items[0]
		id := 900 + len(c.items)
		c.items = append(c.items, craftedItem{id: id, typ: first.typ, data: append(bytes.Clone(first.data), secret...), props: first.props[:2]})
		for _, p := range props {
			c.prop(id, p, false)
		}
		c.refs = append(c.refs, craftedRef{relation, id, []int{c.primary}})
	}
}

func top(parts ...[]byte) func(*craftedHEIF, []byte) {
	return func(c *craftedHEIF, secret []byte) {
		typ := string(parts[0])
		c.between = append(c.between, box(typ, append(slices.Clone(parts[1:]), secret)...)...)
	}
}

func described(p func(secret []byte) []byte) func(*craftedHEIF, []byte) {
	return func(c *craftedHEIF, secret []byte) { c.prop(c.primary, p(secret), false) }
}

// heifPlants fit both kinds of crafted files.
var heifPlants = []heifPlant{
	{"Exif", item("Exif", "", append(be32(6), "Exif\x00\x00"...)), "item Exif", C{other}},
	{"Exif with GPS", func(c *craftedHEIF, s []byte) { item("Exif", "", be32(0))(c, gpsBlock(s)) }, "item Exif", C{loc}},
	{"Exif without its offset", func(c *craftedHEIF, s []byte) { item("Exif", "", nil)(c, gpsBlock(s)) }, "item Exif", C{loc}},
	{"XMP", item("mime", "\x00application/rdf+xml\x00", []byte("<x photoshop:City='a' dc:creator='b'>")), "item XMP", C{loc, person}},
	{"compressed XMP", func(c *craftedHEIF, s []byte) {
		item("mime", "\x00application/rdf+xml\x00deflate", deflate([]byte("<x tiff:Model='1'>")))(c, s)
	}, "item XMP", C{dev}},
	{"picture as a file", item("mime", "\x00image/jpeg", []byte("\xFF\xD8\xFF")), "thumbnail item", C{thumb}},
	{"other file", item("mime", "\x00text/plain", nil), "item mime", C{other}},
	{"content type", func(c *craftedHEIF, s []byte) { item("mime", "\x00text/"+string(noZeros(s)), nil)(c, nil) }, "item mime", C{other}},
	{"address", func(c *craftedHEIF, s []byte) { item("uri ", "\x00urn:"+string(noZeros(s)), nil)(c, s) }, "item uri", C{other}},
	{"item of a new type", item("abcd", "", nil), "item abcd", C{other}},
	{"content credentials as an item", item("jumb", "", nil), "item jumb", C{prov}},
	{"name of a picture", func(c *craftedHEIF, s []byte) { c.find(c.primary).name = string(noZeros(s)) }, "item names", C{text}},
	{"behind a name", func(c *craftedHEIF, s []byte) { c.find(c.primary).name = "\x00" + string(s) }, "item names", C{text}},
	{"thumbnail", companion("thmb"), "thumbnail item", C{thumb}},
	{"depth map", companion("auxl", auxC("urn:mpeg:mpegB:cicp:systems:auxiliary:depth")), "auxiliary depth map", C{thumb}},
	{"gain map of a phone", companion("auxl", auxC("urn:com:apple:photo:2020:aux:hdrgainmap")), "auxiliary gain map", C{thumb}},
	{"matte", companion("auxl", auxC("urn:com:apple:photo:2018:aux:portraiteffectsmatte")), "auxiliary matte", C{thumb}},
	{"auxiliary picture without a type", companion("auxl"), "auxiliary picture", C{thumb}},
	{"hidden picture", func(c *craftedHEIF, s []byte) {
		companion("cdsc")(c, s)
		c.items[len(c.items)-1].hidden = true
	}, "picture that is not shown", C{thumb}},
	{"gain map of the standard", func(c *craftedHEIF, s []byte) {
		companion("cdsc")(c, s)
		gain := c.items[len(c.items)-1].id
		c.items = append(c.items, craftedItem{id: 800, typ: "tmap", data: s})
		c.refs = append(c.refs, craftedRef{"dimg", 800, []int{c.primary, gain}})
		c.inMeta = append(c.inMeta, box("grpl", fullBox("altr", 0, 0, be32(7, 2, 800, c.primary)))...)
		c.brands += "tmap"
	}, "gain map", C{thumb}},
	{"picture of another codec", func(c *craftedHEIF, s []byte) {
		c.items = append(c.items, craftedItem{id: 700, typ: "jpeg", data: s, props: []int{2}})
	}, "picture that is not shown", C{thumb}},
	{"second picture with an unknown property", func(c *craftedHEIF, s []byte) {
		companion("cdsc")(c, s)
		c.prop(c.items[len(c.items)-1].id, box("zzzz", s), true)
	}, "picture that is not shown", C{thumb}},
	{"name of the handler", func(c *craftedHEIF, s []byte) { c.handler = string(s) }, "hdlr name", C{soft}},
	{"content credentials", top([]byte("uuid"), []byte("\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81")), "uuid C2PA", C{prov}},
	{"XMP box", top([]byte("uuid"), []byte("\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC<x xmp:CreateDate='1'>")), "uuid XMP", C{when}},
	{"box of one's own", top([]byte("uuid")), `box "uuid"`, C{other}},
	{"free box", top([]byte("free")), `box "free"`, C{other}},
	{"motion photo", top([]byte("mpvd")), `box "mpvd"`, C{thumb}},
	{"trailer of a maker", top([]byte("sefd")), `box "sefd"`, C{dev}},
	{"second meta", top([]byte("meco")), `box "meco"`, C{other}},
	{"unknown box", top([]byte("Abcd")), `box "Abcd"`, C{other}},
	{"free box in meta", func(c *craftedHEIF, s []byte) { c.inMeta = append(c.inMeta, box("free", s)...) }, `box "free"`, C{other}},
	{"place of data", func(c *craftedHEIF, s []byte) {
		c.inMeta = append(c.inMeta, box("dinf", fullBox("dref", 0, 0, be32(1), fullBox("url ", 0, 0, s)))...)
	}, `box "dinf"`, C{other}},
	{"group of one's own", func(c *craftedHEIF, s []byte) {
		c.inMeta = append(c.inMeta, box("grpl", fullBox("abcd", 0, 0, be32(7, 0), s))...)
	}, "group abcd", C{other}},
	{"group of pictures that are not there", func(c *craftedHEIF, s []byte) {
		ids := s[:len(s)&^3]
		c.inMeta = append(c.inMeta, box("grpl", fullBox("altr", 0, 0, be32(7, len(ids)/4), ids))...)
	}, "", nil},
	{"bytes in mdat", func(c *craftedHEIF, s []byte) { c.stale = s }, "unused bytes in mdat", C{other}},
	{"second mdat", top([]byte("mdat")), "unused bytes in mdat", C{other}},
	{"bytes in idat", func(c *craftedHEIF, s []byte) { c.idat = s }, "unused bytes in idat", C{other}},
	{"second file behind it", func(c *craftedHEIF, s []byte) { c.behind = slices.Concat(box("ftyp", []byte("mp42")), box("mdat", s)) }, "bytes after the last box", C{other, thumb}},
	{"bytes behind it", func(c *craftedHEIF, s []byte) { c.behind = append([]byte("\xFF\xFF\xFF\xFF"), s...) }, "bytes after the last box", C{other}},
	{"zeros and bytes behind it", func(c *craftedHEIF, s []byte) { c.behind = append(make([]byte, 100), s...) }, "bytes after the last box", C{other}},
	{"brand", func(c *craftedHEIF, s []byte) { c.brands += string(s[:len(s)&^3]) }, "ftyp brands", C{other}},
	{"description", described(func(s []byte) []byte { return fullBox("udes", 0, 0, s) }), "property udes", C{text}},
	{"alternative text", described(func(s []byte) []byte { return fullBox("altt", 0, 0, s) }), "property altt", C{text}},
	{"creation time", described(func(s []byte) []byte { return fullBox("crtt", 0, 0, s[:8]) }), "property crtt", C{when}},
	{"camera", described(func(s []byte) []byte { return fullBox("cmin", 0, 0, s) }), "property cmin", C{dev}},
	{"property of one's own", described(func(s []byte) []byte { return box("uuid", s) }), "property uuid", C{other}},
	{"property of nothing", func(c *craftedHEIF, s []byte) { c.props = append(c.props, box("free", s)) }, "unused property", C{other}},
	{"profile that is none", described(func(s []byte) []byte { return box("colr", []byte("prof"), s) }), "property colr", C{other}},
	{"colour of an unknown kind", described(func(s []byte) []byte { return box("colr", s) }), "property colr", C{other}},
	{"colour codes of letters", described(func(s []byte) []byte { return box("colr", []byte("nclx"), s[:8]) }), "property colr", C{other}},
	{"aspect of letters", described(func(s []byte) []byte { return box("pasp", s[:8]) }), "property pasp", C{other}},
	{"light of letters", described(func(s []byte) []byte { return box("mdcv", s[:24]) }), "property mdcv", C{other}},
	{"surroundings of letters", described(func(s []byte) []byte { return box("amve", s[:8]) }), "property amve", C{other}},
	{"auxiliary type of the picture", described(func(s []byte) []byte { return fullBox("auxC", 0, 0, s) }), "", nil},
	{"behind a number", func(c *craftedHEIF, s []byte) {
		c.props[1] = slices.Concat(be32(20+len(s)), c.props[1][4:], s)
	}, "bytes in property ispe", C{other}},
	{"relation of one's own", func(c *craftedHEIF, s []byte) {
		c.refs = append(c.refs, craftedRef{"abcd", c.primary, nil})
		for i := 0; i+2 <= len(s); i += 2 {
			last := &c.refs[len(c.refs)-1]
			last.to = append(last.to, int(binary.BigEndian.Uint16(s[i:])))
		}
	}, "", nil},
}

// noZeros is s as text that ends where it ends.
func noZeros(s []byte) []byte { return bytes.ReplaceAll(s, []byte{0}, []byte{1}) }

// hevcPlants fit only the coded data of craftHEIC, av1Plants that of craftAVIF.
var hevcPlants = []heifPlant{
	{"settings of the encoder", func(c *craftedHEIF, s []byte) {
		c.props[0] = hvcC(map[byte][]byte{32: plainSets[32], 33: plainSets[33], 34: plainSets[34], 39: slices.Concat([]byte{5, byte(len(s))}, s)}, 32, 33, 34, 39)
	}, "SEI in hvcC", C{soft}},
	{"behind hvcC", func(c *craftedHEIF, s []byte) {
		c.props[0] = slices.Concat(be32(len(c.props[0])+len(s)), c.props[0][4:], s)
	}, "SEI in hvcC", C{other}},
	{"message before a picture", func(c *craftedHEIF, s []byte) {
		it := c.find(10)
		it.data = slices.Concat(nal(39, append([]byte{5, byte(len(s))}, s...)...), it.data)
	}, "SEI", C{soft}},
	{"message behind a picture", func(c *craftedHEIF, s []byte) {
		it := c.find(20)
		it.data = slices.Concat(it.data, nal(40, append([]byte{132}, s...)...))
	}, "SEI", C{other}},
	{"filler", func(c *craftedHEIF, s []byte) { c.find(10).data = slices.Concat(c.find(10).data, nal(38, s...)) }, "SEI", C{other}},
	{"unspecified unit", func(c *craftedHEIF, s []byte) { c.find(10).data = slices.Concat(nal(50, s...), c.find(10).data) }, "SEI", C{other}},
	{"delimiter that is too long", func(c *craftedHEIF, s []byte) { c.find(10).data = slices.Concat(nal(35, s...), c.find(10).data) }, "SEI", C{other}},
	{"hints of hvcC", func(c *craftedHEIF, s []byte) {
		c.props[0] = bytes.Clone(c.props[0])
		copy(c.props[0][8+1:], s[:12])
		copy(c.props[0][8+13:], s[:2])
		copy(c.props[0][8+19:], s[:2])
	}, "", nil},
	{"slice of another layer", func(c *craftedHEIF, s []byte) {
		unit := nal(19, s...)
		unit[4], unit[5] = unit[4]|1, 5<<3|1
		c.find(10).data = slices.Concat(c.find(10).data, unit)
	}, "SEI", C{other}},
	{"parameter set of another layer", func(c *craftedHEIF, s []byte) {
		unit := nal(33, s...)
		unit[5] = 1<<3 | 1
		c.find(20).data = slices.Concat(unit, c.find(20).data)
	}, "SEI", C{other}},
	{"configuration of another layer", func(c *craftedHEIF, s []byte) {
		unit := append([]byte{34 << 1, 2<<3 | 1}, s...)
		body := slices.Concat(c.props[0][8:], []byte{34}, be16(1, len(unit)), unit)
		body[22]++
		c.props[0] = box("hvcC", body)
	}, "SEI in hvcC", C{other}},
	{"behind a grid", func(c *craftedHEIF, s []byte) { c.find(40).data = append(bytes.Clone(c.find(40).data), s...) }, "bytes after grid", C{other}},
}

var av1Plants = []heifPlant{
	{"metadata", func(c *craftedHEIF, s []byte) {
		c.find(1).data = slices.Concat(obu(5, append([]byte{4}, s...)...), c.find(1).data)
	}, "metadata OBU", C{other}},
	{"padding", func(c *craftedHEIF, s []byte) { c.find(1).data = slices.Concat(c.find(1).data, obu(15, s...)) }, "metadata OBU", C{other}},
	{"reserved unit", func(c *craftedHEIF, s []byte) { c.find(2).data = slices.Concat(c.find(2).data, obu(9, s...)) }, "metadata OBU", C{other}},
	{"frame header again", func(c *craftedHEIF, s []byte) { c.find(2).data = slices.Concat(c.find(2).data, obu(7, s...)) }, "metadata OBU", C{other}},
	{"delimiter with content", func(c *craftedHEIF, s []byte) { c.find(2).data = slices.Concat(obu(2, s...), c.find(2).data) }, "metadata OBU", C{other}},
	{"behind the last unit", func(c *craftedHEIF, s []byte) { c.find(2).data = slices.Concat(c.find(2).data, []byte{0}, s) }, "metadata OBU", C{other}},
	{"metadata in the configuration", func(c *craftedHEIF, s []byte) { c.props[0] = av1C(obu(1, plainHeader...), obu(5, s...)) }, "OBU in av1C", C{other}},
	{"frame in the configuration", func(c *craftedHEIF, s []byte) { c.props[0] = av1C(obu(1, plainHeader...), obu(6, s...)) }, "OBU in av1C", C{other}},
}

func TestHEIFSecretsGo(t *testing.T) {
	for name, kind := range map[string]struct {
		craft  func() *craftedHEIF
		plants []heifPlant
	}{"heic": {craftHEIC, slices.Concat(heifPlants, hevcPlants)}, "avif": {craftAVIF, slices.Concat(heifPlants, av1Plants)}} {
		t.Run(name, func(t *testing.T) {
			want, report := strip(t, kind.craft().build())
			if len(report.Removed) > 0 {
				t.Errorf("a file without anything: %+v", report.Removed)
			}
			checkSettled(t, want)
			for _, p := range kind.plants {
				t.Run(p.name, func(t *testing.T) {
					for encoding, secret := range secrets() {
						checkHEIFPlant(t, encoding, kind.craft, p, secret, want)
					}
				})
			}
		})
	}
}

func checkHEIFPlant(t *testing.T, encoding string, craft func() *craftedHEIF, p heifPlant, secret, want []byte) {
	t.Helper()
	for how, change := range map[string]func(*craftedHEIF){
		"plain": func(*craftedHEIF) {}, "wide": func(c *craftedHEIF) { c.wide = true }, "in pieces": func(c *craftedHEIF) { c.split = 3 },
	} {
		c := craft()
		p.apply(c, secret)
		change(c)
		planted := c.build()
		if encoding == "UTF-8" && how == "plain" && !survives(planted, secret[:8]) {
			t.Error("the secret was never planted")
		}
		out, report := strip(t, planted)
		if !bytes.Equal(out, want) {
			t.Errorf("%s, %s: the output is not that of the file without it", encoding, how)
		}
		checkFinding(t, report, plant{carrier: p.carrier, classes: p.classes})
		seen, err := imageproc.Inspect(bytes.NewReader(planted), nil)
		if err != nil || len(seen.Removed) != len(report.Removed) {
			t.Errorf("Inspect: %v, %+v", err, seen)
		}
	}
}

// TestHEIFSurroundings keeps how bright and how white the surroundings of a viewer
// are, where the white is one of daylight.
func TestHEIFSurroundings(t *testing.T) {
	for white, want := range map[string]bool{"\x3D\x13\x40\x42": true, "\x43\x85\x46\x05": true, "Haus": false, "\x3D\x13\x40\x43": false} {
		c := craftHEIC()
		c.prop(c.primary, box("amve", be32(3_140_000), []byte(white)), false)
		out, report := strip(t, c.build())
		if got := bytes.Contains(out, []byte("amve"+string(be32(3_140_000))+white)); got != want {
			t.Errorf("%q: kept is %v", white, got)
		}
		if len(report.Removed) > 0 == want {
			t.Errorf("%q: %+v", white, report.Removed)
		}
	}
}
