package imageproc

import (
	"bytes"
	"encoding/binary"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// heifProp is one property of ipco, ISO/IEC 23008-12 §9.3, shared by the items
// that are associated with it.
type heifProp struct {
	box    bmff.Box
	state  heifPropState
	out    []byte // the box as it is to stand in the output
	coding heifCoding
	err    error
	used   bool // by some item, kept or not
	index  int  // in the output; 0 if nothing kept uses it
}

type heifPropState uint8

const (
	propUnread heifPropState = iota
	propKept
	propDropped
)

// readProperties reads iprp: the properties, and which item has which.
func (p *heifParser) readProperties(b bmff.Box) error {
	haveList := false
	var uses []bmff.Box
	err := p.children(b.Body, b.BodyAt(), func(c bmff.Box) error {
		switch {
		case c.Type == "ipco" && !haveList:
			haveList = true
			return p.children(c.Body, c.BodyAt(), func(prop bmff.Box) error {
				p.props = append(p.props, heifProp{box: prop})
				return nil
			})
		case c.Type == "ipma":
			uses = append(uses, c)
			return nil
		}
		p.dropBox(c)
		return nil
	})
	for _, u := range uses {
		if err == nil {
			err = p.readUses(u)
		}
	}
	return err
}

// readUses reads ipma, ISO/IEC 23008-12 §9.3.1.
func (p *heifParser) readUses(b bmff.Box) error {
	f := bmff.NewFields(b.Body)
	version, flags := f.Version()
	count := f.U32()
	size := 1 + int(flags&1)
	if f.Bad() || version > 1 {
		return p.failBox(b, ErrCorrupt, "length or version is not valid")
	}
	for range count {
		if err := p.spend(1, b.At); err != nil {
			return err
		}
		it := p.items[heifID(f, version == 1)]
		n := int(f.U8())
		if err := p.spend(n, b.At); err != nil {
			return err
		}
		uses := make([]heifUse, 0, n)
		for range n {
			v := int(f.Uint(size))
			top := 1 << (8*size - 1)
			use := heifUse{index: v &^ top, essential: v&top != 0}
			if f.Bad() || use.index > len(p.props) {
				return p.failBox(b, ErrCorrupt, "cut short, or a property that is not there")
			}
			if use.index > 0 {
				p.props[use.index-1].used = true
				uses = append(uses, use)
			}
		}
		if f.Bad() || it != nil && it.uses != nil {
			return p.failBox(b, ErrCorrupt, "cut short, or an item twice")
		}
		if it != nil {
			it.uses = uses
		}
	}
	return nil
}

// property decides about a property the first time a picture needs it.
func (p *heifParser) property(index int) *heifProp {
	prop := &p.props[index-1]
	if prop.state == propUnread {
		var body []byte
		if body, prop.coding, prop.err = p.keepProperty(prop.box); body != nil && prop.err == nil {
			prop.state, prop.out = propKept, bmff.New(prop.box.Type, body)
			rewritten := prop.coding.trimmed || prop.box.Type == "colr" && string(body[:4]) != "nclx"
			if extra := len(prop.box.Whole) - len(prop.out); extra > 0 && !rewritten {
				p.pic.found.add("bytes in property "+prop.box.Type, extra, 0)
			}
		} else {
			prop.state = propDropped
		}
	}
	return prop
}

// heifOnce counts the kinds of properties that a picture or a sample entry has. Of
// each there is one, of those that turn or cut a picture two at most: a row of them
// could spell a text.
type heifOnce map[string]int

// again notes a property to be kept and reports whether there are too many of its
// kind.
func (o heifOnce) again(typ string, body []byte) bool {
	if typ == "colr" {
		typ = "colr prof"
		if string(body[:4]) == "nclx" {
			typ = "colr nclx"
		}
	}
	o[typ]++
	most := 1
	if typ == "irot" || typ == "imir" || typ == "clap" {
		most = 2
	}
	return o[typ] > most
}

// heifFixed gives the size of each property that consists of numbers.
var heifFixed = map[string]int{
	"ispe": 12, "irot": 1, "imir": 1, "clap": 32, "pasp": 8, "clli": 4, "mdcv": 24, "amve": 8, "lsel": 2, "a1op": 1,
}

// keepProperty returns what a property of the allow-list is to hold in the
// output, nil for one that goes. An error means that the picture can't be shown
// as it was meant.
func (p *heifParser) keepProperty(b bmff.Box) (body []byte, coding heifCoding, err error) {
	size, fixed := heifFixed[b.Type]
	if fixed && len(b.Body) < size {
		return nil, coding, p.failBox(b, ErrCorrupt, "length %d", len(b.Whole))
	}
	switch {
	case fixed:
		body, err = p.keepNumbers(b, bytes.Clone(b.Body[:size]))
		return body, coding, err
	case b.Type == "hvcC":
		return p.keepHEVCConfig(b)
	case b.Type == "av1C":
		return p.keepAV1Config(b)
	case b.Type == "colr":
		return p.keepColour(b), coding, nil
	case b.Type == "pixi":
		body, err = p.keepBitDepths(b)
		return body, coding, err
	case b.Type == "a1lx":
		body, err = p.keepLayerSizes(b)
		return body, coding, err
	case b.Type == "auxC":
		return keepAuxType(b), coding, nil
	}
	return nil, coding, nil
}

// keepNumbers holds the numbers against what they mean, ISO/IEC 23008-12 §6.5
// and ISO/IEC 14496-12 §12.1: those out of range could be text.
func (p *heifParser) keepNumbers(b bmff.Box, v []byte) ([]byte, error) {
	ok := true
	switch b.Type {
	case "ispe":
		w, h := int64(binary.BigEndian.Uint32(v[4:])), int64(binary.BigEndian.Uint32(v[8:]))
		if w == 0 || h == 0 {
			return nil, p.failBox(b, ErrCorrupt, "size is not valid")
		}
		if err := checkSize(p.pic.format, heifPart(b.Type), b.At, w, h, p.lim); err != nil {
			return nil, err
		}
		clear(v[:4])
	case "irot":
		v[0] &= 3
	case "imir":
		v[0] &= 1
	case "clap":
		if _, err := p.readAperture(b); err != nil {
			return nil, err
		}
	case "pasp":
		x, y := int(binary.BigEndian.Uint32(v)), int(binary.BigEndian.Uint32(v[4:]))
		if ok = x > 0 && y > 0; ok {
			d := gcd(x, y)
			ok = x/d <= 0xFFFF && y/d <= 0xFFFF
			v = bmff.U32(uint32(x/d), uint32(y/d))
		}
	case "mdcv":
		ok = primariesFit(v[:16]) && within(v[16:], 0, maxNits)
	case "amve":
		// How bright the surroundings are, in 0.0001 lux, and their white.
		ok = within(v[:4], 0, maxNits) && (string(v[4:]) == whiteD65 || string(v[4:]) == whiteD50)
	}
	if !ok {
		return nil, nil
	}
	return v, nil
}

// The whites of daylight, x and y in units of 0.00002.
const (
	whiteD65 = "\x3D\x13\x40\x42"
	whiteD50 = "\x43\x85\x46\x05"
)

// heifAperture is a clap property: the size cut out and how far its centre is
// from the picture's, each as a fraction.
type heifAperture struct{ width, height, x, y [2]int32 }

func (p *heifParser) readAperture(b bmff.Box) (a heifAperture, err error) {
	f := bmff.NewFields(b.Body)
	for i, v := range []*[2]int32{&a.width, &a.height, &a.x, &a.y} {
		v[0], v[1] = int32(f.U32()), int32(f.U32())
		// Real ones count in pixels or parts of a few; larger ones could be text.
		if v[1] <= 0 || v[1] > 0xFFFFFF || v[0] > 0xFFFFFF || v[0] < -0xFFFFFF || i < 2 && v[0] < v[1] {
			return a, p.failBox(b, ErrCorrupt, "a fraction is not valid")
		}
	}
	return a, nil
}

// keepColour keeps colr, ISO/IEC 14496-12 §12.1.5, as code points or as a
// profile.
func (p *heifParser) keepColour(b bmff.Box) []byte {
	if len(b.Body) < 4 {
		return nil
	}
	switch kind := string(b.Body[:4]); {
	case kind == "nclx" && len(b.Body) >= 11:
		body := bytes.Clone(b.Body[:11])
		body[10] &= 0x80
		for i := 4; i < 10; i += 2 {
			// ITU-T H.273 counts to 22 so far; letters are more.
			if binary.BigEndian.Uint16(body[i:]) >= 32 {
				return nil
			}
		}
		return body
	case kind == "prof" || kind == "rICC":
		if profile := cleanICC(b.Body[4:], p.pic); profile != nil {
			return append([]byte(kind), profile...)
		}
	}
	return nil
}

// keepBitDepths keeps pixi in its first form: the channels and their bits. The
// later one goes on to name them.
func (p *heifParser) keepBitDepths(b bmff.Box) ([]byte, error) {
	f := bmff.NewFields(b.Body)
	version, _ := f.Version()
	depths := f.Bytes(int(f.U8()))
	if f.Bad() || version > 0 || len(depths) == 0 {
		return nil, p.failBox(b, ErrCorrupt, "length or version is not valid")
	}
	for _, d := range depths {
		if d == 0 || d > 32 {
			return nil, p.failBox(b, ErrCorrupt, "%d bits", d)
		}
	}
	return append([]byte{0, 0, 0, 0, byte(len(depths))}, depths...), nil
}

// keepLayerSizes keeps a1lx, AV1 Image File Format §2.3.2.3.
func (p *heifParser) keepLayerSizes(b bmff.Box) ([]byte, error) {
	f := bmff.NewFields(b.Body)
	large := f.U8() & 1
	size := 2 + 2*int(large)
	sizes := f.Bytes(3 * size)
	if f.Bad() {
		return nil, p.failBox(b, ErrCorrupt, "length %d", len(b.Whole))
	}
	for i := range 3 {
		// A layer is as large as the file at most; letters would be larger.
		if size == 4 && int64(binary.BigEndian.Uint32(sizes[4*i:])) > int64(len(p.data)) {
			return nil, p.failBox(b, ErrCorrupt, "a layer is larger than the file")
		}
	}
	return append([]byte{large}, sizes...), nil
}

// heifAlpha lists the names under which auxC says that a picture is the alpha of
// another, ISO/IEC 23008-12 §6.6.2.1.1 and §B.2.
var heifAlpha = map[string]bool{
	"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha": true, "urn:mpeg:hevc:2015:auxid:1": true, "urn:mpeg:avc:2015:auxid:1": true,
}

func keepAuxType(b bmff.Box) []byte {
	name := heifAuxType(b)
	if !heifAlpha[name] {
		return nil
	}
	return append([]byte("\x00\x00\x00\x00"+name), 0)
}

// heifAuxType is the name in an auxC property.
func heifAuxType(b bmff.Box) string {
	f := bmff.NewFields(b.Body)
	f.U32()
	return string(f.Text())
}
