package imageproc

import (
	"errors"
	"slices"
)

// keepToneMap admits the gain map of the primary picture: an item of type tmap is
// derived from the picture and the map, ISO/IEC 23008-12 §6.6.2.4, and its data
// is the metadata of ISO 21496-1 behind a version. What can't be kept, or is not
// sound, stays behind.
func (p *heifParser) keepToneMap() error {
	for _, it := range p.order {
		if it.typ != "tmap" || it.secured || len(it.inputs) != 2 || it.inputs[0] != p.primary || it.inputs[1] == p.primary || len(it.places) == 0 {
			continue
		}
		g := p.readToneMap(it)
		gain := p.items[it.inputs[1]]
		if g == nil || gain == nil {
			continue
		}
		p.toneMap = it
		switch err := p.admit(it, 0); {
		case err == nil:
		case errors.Is(err, ErrUnsupported) || errors.Is(err, ErrCorrupt):
			p.settle(heifLeft)
			p.toneMap = nil
			continue
		default:
			return err
		}
		p.settle(heifKept)
		p.pic.gain, p.pic.toneMap = &gainMap{iso: g}, append([]byte{0}, g.bytes()...)
		// Apple's files name it an auxiliary picture as well, of a type that is not
		// kept; without it a viewer would show the map.
		if gain.hidden = true; !heifAlpha[p.auxName(gain)] {
			gain.auxOf = nil
		}
		if p.toneBrand {
			p.pic.found.reduce("ftyp brands", 4)
		}
		return nil
	}
	return nil
}

func (p *heifParser) readToneMap(it *heifItem) *isoGain {
	const longest = 1 << 10
	size := 0
	for _, s := range it.places {
		size += s.size()
	}
	if size < 1 || size > longest {
		return nil
	}
	data := p.join(it.places, size)
	if data[0] != 0 {
		return nil
	}
	return readISOGain(data[1:])
}

// toneMapPayload is the data of the item, from its numbers.
func (p *heifParser) toneMapPayload() *heifPayload {
	it := p.toneMap
	size := 0
	for _, s := range it.places {
		size += s.size()
	}
	p.store.total += size
	if extra := size - len(p.pic.toneMap); extra > 0 {
		p.pic.found.add("bytes after tmap", extra, 0)
	}
	d := &heifPayload{rope: rope{p.pic.toneMap}, inIdat: it.inIdat, source: it.places[0].start, derived: true}
	return p.store.add("tone map", d)
}

// toneBrands adds the brand that a file with a tone map needs, ISO/IEC 23008-12
// §10.2.6.
func (p *heifParser) toneBrands(brands []string) []string {
	if p.toneMap == nil {
		return brands
	}
	return append(slices.Clone(brands), "tmap")
}
