package imageproc

import (
	"encoding/binary"
	"errors"
)

// heifDepth bounds how often a picture can be derived from another: a crop of a
// grid of tiles is 3.
const heifDepth = 8

// choose marks the items to be kept: the primary picture and every other one
// that is shown by itself, each with what it is derived from and with its alpha.
// Thumbnails, depth and gain maps and whatever is not a picture stay behind.
func (p *heifParser) choose() error {
	primary := p.items[p.primary]
	if primary == nil {
		return p.failBox(p.meta, ErrCorrupt, "the primary item is not there")
	}
	p.mark()
	if err := p.admitPage(primary); err != nil {
		return err
	}
	p.settle(heifKept)
	for _, it := range p.order {
		if it.state == heifKept || !p.isPage(it) {
			continue
		}
		switch err := p.admitPage(it); {
		case err == nil:
			p.settle(heifKept)
		case errors.Is(err, ErrUnsupported):
			p.settle(heifLeft)
		default:
			return err
		}
	}
	if p.pic.keepsGain {
		if err := p.keepToneMap(); err != nil {
			return err
		}
	}
	n := uint16(0)
	for _, it := range p.order {
		if it.state == heifKept {
			n++
			it.number = n
			p.kept = append(p.kept, it)
		}
	}
	return p.measure(primary)
}

// mark notes which items are parts of others.
func (p *heifParser) mark() {
	for _, it := range p.order {
		if heifAlpha[p.auxName(it)] {
			for _, id := range it.auxOf {
				p.alphas[id] = append(p.alphas[id], it)
			}
		}
		for i, id := range it.inputs {
			in := p.items[id]
			if in == nil {
				continue
			}
			// A tone map has two inputs, the picture and the gain map,
			// ISO/IEC 23008-12 §6.6.2.4.
			in.gain = in.gain || it.typ == "tmap" && i > 0
		}
	}
}

// isPage reports whether a viewer shows the item on its own.
func (p *heifParser) isPage(it *heifItem) bool {
	return heifPictures[it.typ] && !it.hidden && !it.gain && it.auxOf == nil && it.thumbOf == nil && p.auxName(it) == ""
}

// heifPictures lists the types of items that can be kept: two codings, and three
// ways to derive a picture from others.
var heifPictures = map[string]bool{"hvc1": true, "av01": true, "grid": true, "iovl": true, "iden": true}

// heifCodecs gives the coding of the types that are coded.
var heifCodecs = map[string]heifCodec{"hvc1": hevcCodec, "av01": av1Codec}

// auxName is the name in the auxC property of an item, if it has one that names
// something.
func (p *heifParser) auxName(it *heifItem) string {
	for _, u := range it.uses {
		if b := p.props[u.index-1].box; b.Type == "auxC" && heifAuxType(b) != "" {
			return heifAuxType(b)
		}
	}
	return ""
}

// admitPage admits an item that is shown by itself, which takes a size.
func (p *heifParser) admitPage(it *heifItem) error {
	if err := p.admit(it, 0); err != nil {
		return err
	}
	if !it.sized {
		return p.failItem(it, ErrCorrupt, "no size")
	}
	return nil
}

// admit marks an item and all that it needs. What can't be kept is remembered,
// so that no number of pictures made of it costs more than one.
func (p *heifParser) admit(it *heifItem, depth int) error {
	if it.state != heifLeft || it.refused != nil {
		return it.refused
	}
	if it.refused = p.examine(it, depth); it.refused != nil {
		return it.refused
	}
	for _, id := range it.inputs {
		if it.refused = p.admit(p.items[id], depth+1); it.refused != nil {
			return it.refused
		}
	}
	it.state = heifAdmitted
	p.admitted = append(p.admitted, it)
	for _, alpha := range p.alphas[it.id] {
		if it.refused = p.admit(alpha, depth+1); it.refused != nil {
			return it.refused
		}
	}
	return nil
}

// settle decides about the items admitted since it was last called.
func (p *heifParser) settle(s heifState) {
	for _, it := range p.admitted {
		it.state = s
	}
	p.admitted = p.admitted[:0]
}

// examine looks at one item by itself.
func (p *heifParser) examine(it *heifItem, depth int) error {
	switch {
	case depth > heifDepth:
		return p.failItem(it, ErrCorrupt, "derived more than %d times, or from itself", heifDepth)
	case !heifPictures[it.typ] && it != p.toneMap:
		return p.failItem(it, ErrUnsupported, "a picture of type %s is not supported", heifType(it.typ))
	case it.secured:
		return p.failItem(it, ErrUnsupported, "protected data is not supported")
	case it.unplaced != nil:
		return it.unplaced
	}
	for _, id := range it.inputs {
		if p.items[id] == nil {
			return p.failItem(it, ErrCorrupt, "derived from an item that is not there")
		}
	}
	return p.readItemProperties(it)
}

// readItemProperties checks that the item can be shown with the properties that
// are kept. A reader must not show one whose essential property it does not
// know (ISO/IEC 23008-12 §9.3.1), so an output without it would be another
// picture.
func (p *heifParser) readItemProperties(it *heifItem) error {
	once := heifOnce{}
	for _, u := range it.uses {
		prop := p.property(u.index)
		switch {
		case prop.err != nil:
			return prop.err
		case prop.state == propKept && once.again(prop.box.Type, prop.out[8:]):
			return p.failBox(prop.box, ErrUnsupported, "one more for a picture is not supported")
		case prop.state == propDropped && u.essential:
			return p.failBox(prop.box, ErrUnsupported, "this property is essential and not supported")
		case prop.coding.codec != noCodec:
			it.coding = prop.coding
		}
		it.sized = it.sized || prop.box.Type == "ispe"
	}
	want, coded := heifCodecs[it.typ]
	if coded && it.coding.codec != want {
		return p.failItem(it, ErrCorrupt, "no configuration of its codec")
	}
	if coded && len(it.inputs) > 0 {
		return p.failItem(it, ErrCorrupt, "coded, and derived from others")
	}
	return nil
}

// measure works out size and orientation of the primary picture as displayed:
// its transformations apply in the order of their association.
func (p *heifParser) measure(it *heifItem) error {
	c := uprightCorners
	width, height := 0, 0
	for _, u := range it.uses {
		prop := p.property(u.index)
		if prop.state != propKept {
			continue
		}
		v := prop.out[8:]
		switch prop.box.Type {
		case "ispe":
			width, height = int(binary.BigEndian.Uint32(v[4:])), int(binary.BigEndian.Uint32(v[8:]))
		case "irot":
			for range v[0] {
				c = c.turnLeft()
				width, height = height, width
			}
		case "imir":
			c = c.mirror(v[0] == 1)
		case "clap":
			a, err := p.readAperture(prop.box)
			if err != nil {
				return err
			}
			w, h := int(a.width[0]/a.width[1]), int(a.height[0]/a.height[1])
			if w > width || h > height {
				return p.failBox(prop.box, ErrCorrupt, "cuts out more than there is")
			}
			width, height = w, h
		case "colr":
			if kind := string(v[:4]); kind == "prof" || kind == "rICC" {
				p.pic.icc = v[4:]
			}
		}
	}
	p.pic.orientation = c.exif()
	p.pic.width, p.pic.height = width, height
	if p.pic.orientation >= 5 {
		p.pic.width, p.pic.height = height, width
	}
	p.pic.alpha = len(p.alphas[it.id]) > 0
	return nil
}
