package imageproc

import (
	"cmp"
	"slices"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// readMeta reads the boxes inside meta, ISO/IEC 14496-12 §8.11.
func (p *heifParser) readMeta() error {
	f := bmff.NewFields(p.meta.Body)
	if version, _ := f.Version(); f.Bad() || version != 0 {
		return p.failBox(p.meta, ErrUnsupported, "version is not 0")
	}
	var boxes struct{ hdlr, pitm, iinf, iloc, iref, iprp bmff.Box }
	places := map[string]*bmff.Box{
		"hdlr": &boxes.hdlr, "pitm": &boxes.pitm, "iinf": &boxes.iinf, "iloc": &boxes.iloc,
		"iref": &boxes.iref, "iprp": &boxes.iprp, "idat": &p.idat,
	}
	err := p.children(f.Rest(), p.meta.BodyAt()+4, func(b bmff.Box) error {
		switch place := places[b.Type]; {
		case place != nil:
			return p.once(place, b)
		case b.Type == "grpl":
			return p.readGroups(b)
		case b.Type == "dinf" && len(b.Whole) == emptyDinf:
			return nil // it says that the data is in the file
		}
		p.dropBox(b)
		return nil
	})
	if err != nil {
		return err
	}
	for _, step := range []struct {
		typ  string
		box  bmff.Box
		must bool
		read func(bmff.Box) error
	}{
		{"hdlr", boxes.hdlr, true, p.readHandler},
		{"pitm", boxes.pitm, true, p.readPrimary},
		{"iinf", boxes.iinf, true, p.readItems},
		{"iloc", boxes.iloc, true, p.readPlaces},
		{"iref", boxes.iref, false, p.readReferences},
		{"iprp", boxes.iprp, true, p.readProperties},
	} {
		switch {
		case step.box.Whole != nil:
			if err := step.read(step.box); err != nil {
				return err
			}
		case step.must && !p.nested:
			return p.failBox(p.meta, ErrCorrupt, "no %s box in it", step.typ)
		}
	}
	return nil
}

// emptyDinf is the size of a dinf box, §8.7.1, that names no other place.
const emptyDinf = 36

// readHandler reads hdlr, §8.4.3: a picture, and a name that nobody needs.
func (p *heifParser) readHandler(b bmff.Box) error {
	f := bmff.NewFields(b.Body)
	f.Bytes(8)
	if handler := string(f.Bytes(4)); handler != "pict" {
		return p.failBox(b, ErrUnsupported, "the handler is not pict")
	}
	f.Bytes(12)
	if name := bytesBeforeZeros(f.Rest()); name > 0 {
		p.scan.texts.add(f.Rest())
		p.pic.found.add("hdlr name", name, setOf(Software))
	}
	return nil
}

func bytesBeforeZeros(b []byte) int {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return len(b)
}

// id reads an item's number, of 16 bits in the old version of a box.
func heifID(f *bmff.Fields, wide bool) uint32 {
	if wide {
		return f.U32()
	}
	return uint32(f.U16())
}

func (p *heifParser) readPrimary(b bmff.Box) error {
	f := bmff.NewFields(b.Body)
	version, _ := f.Version()
	if p.primary = heifID(f, version > 0); f.Bad() || version > 1 {
		return p.failBox(b, ErrCorrupt, "length or version is not valid")
	}
	return nil
}

// readItems reads iinf and the infe boxes in it, §8.11.6.
func (p *heifParser) readItems(b bmff.Box) error {
	f := bmff.NewFields(b.Body)
	version, _ := f.Version()
	count := int(heifID(f, version > 0))
	if f.Bad() || version > 2 { // 2 is none, and what libheif once wrote
		return p.failBox(b, ErrCorrupt, "length or version is not valid")
	}
	err := p.children(f.Rest(), b.BodyAt()+len(b.Body)-len(f.Rest()), func(e bmff.Box) error {
		if e.Type != "infe" {
			p.dropBox(e)
			return nil
		}
		return p.readItem(e)
	})
	if err == nil && len(p.items) != count {
		return p.failBox(b, ErrCorrupt, "%d items where it says %d", len(p.items), count)
	}
	slices.SortFunc(p.order, func(a, b *heifItem) int { return cmp.Compare(a.id, b.id) })
	return err
}

func (p *heifParser) readItem(b bmff.Box) error {
	f := bmff.NewFields(b.Body)
	version, flags := f.Version()
	if version < 2 || version > 3 {
		return p.failBox(b, ErrUnsupported, "version %d", version)
	}
	it := &heifItem{id: heifID(f, version > 2), hidden: flags&1 != 0, entry: len(b.Whole)}
	it.secured = f.U16() != 0
	it.typ = string(f.Bytes(4))
	if f.Bad() || it.id == 0 || p.items[it.id] != nil {
		return p.failBox(b, ErrCorrupt, "length, or number of the item, is not valid")
	}
	name := f.Text()
	it.name = len(name)
	p.scan.texts.add(name)
	if it.typ == "mime" {
		it.content = string(f.Text())
		it.packed = len(f.Text()) > 0
	} else if it.typ != "uri " {
		it.name += bytesBeforeZeros(f.Rest())
	}
	p.items[it.id] = it
	p.order = append(p.order, it)
	return nil
}

// readPlaces reads iloc, §8.11.3.
func (p *heifParser) readPlaces(b bmff.Box) error {
	f := bmff.NewFields(b.Body)
	version, _ := f.Version()
	sizes := f.U16()
	count := heifID(f, version == 2)
	if version > 2 {
		return p.failBox(b, ErrUnsupported, "version %d", version)
	}
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if version == 0 {
		index = 0
	}
	for _, n := range []int{offset, length, base, index} {
		if n != 0 && n != 4 && n != 8 {
			return p.failBox(b, ErrCorrupt, "%d bytes for a number", n)
		}
	}
	seen := make(map[uint32]bool)
	for range count {
		if err := p.spend(1, b.At); err != nil {
			return err
		}
		id := heifID(f, version == 2)
		l := heifLocation{}
		if version > 0 {
			l.method = f.U16() & 15
		}
		l.source, l.base = f.U16(), f.Uint(base)
		extents := int(f.U16())
		if err := p.spend(extents, b.At); err != nil {
			return err
		}
		for range extents {
			f.Uint(index)
			l.extents = append(l.extents, [2]uint64{f.Uint(offset), f.Uint(length)})
		}
		if f.Bad() || seen[id] {
			return p.failBox(b, ErrCorrupt, "cut short, or an item twice")
		}
		seen[id] = true
		if it := p.items[id]; it != nil {
			p.place(it, l)
		}
	}
	return nil
}

// heifLocation is an entry of iloc.
type heifLocation struct {
	method  uint16 // 0 the file, 1 idat, 2 another item
	source  uint16 // 0 this file
	base    uint64
	extents [][2]uint64 // offset, length
}

// place turns an entry into pieces of the file, or says why there are none: that
// matters only if the item's data is needed.
func (p *heifParser) place(it *heifItem, l heifLocation) {
	whole := heifSpan{0, len(p.data)}
	switch {
	case l.source != 0:
		it.unplaced = p.failItem(it, ErrUnsupported, "its data is in another file")
		return
	case l.method == 1:
		it.inIdat = true
		whole = heifSpan{p.idat.BodyAt(), p.idat.BodyAt() + len(p.idat.Body)}
	case l.method != 0:
		it.unplaced = p.failItem(it, ErrUnsupported, "its data is part of another item")
		return
	}
	room := uint64(whole.size())
	for _, e := range l.extents {
		// Either sum can wrap around; each part is checked by itself first.
		if l.base > room || e[0] > room-l.base || e[1] > room-l.base-e[0] {
			it.unplaced = p.failItem(it, ErrCorrupt, "its data lies outside the file")
			return
		}
		if e[1] == 0 {
			it.unplaced = p.failItem(it, ErrUnsupported, "a part of its data has no length")
			return
		}
		start := whole.start + int(l.base+e[0])
		s := heifSpan{start, start + int(e[1])}
		if n := len(it.places); n > 0 && it.places[n-1].end == s.start {
			it.places[n-1].end = s.end
			continue
		}
		it.places = append(it.places, s)
	}
}

// readReferences reads iref, §8.11.12.
func (p *heifParser) readReferences(b bmff.Box) error {
	f := bmff.NewFields(b.Body)
	version, _ := f.Version()
	if f.Bad() || version > 1 {
		return p.failBox(b, ErrCorrupt, "length or version is not valid")
	}
	return p.children(f.Rest(), b.BodyAt()+4, func(r bmff.Box) error {
		f := bmff.NewFields(r.Body)
		from := p.items[heifID(f, version == 1)]
		count := int(f.U16())
		if err := p.spend(count, r.At); err != nil {
			return err
		}
		to := make([]uint32, count)
		for i := range to {
			to[i] = heifID(f, version == 1)
		}
		if f.Bad() {
			return p.failBox(r, ErrCorrupt, "cut short")
		}
		if from == nil {
			return nil
		}
		return p.relate(r, from, to)
	})
}

// relate notes the relations that decide what is kept; the others, such as cdsc,
// say what metadata is about.
func (p *heifParser) relate(b bmff.Box, from *heifItem, to []uint32) error {
	var list *[]uint32
	switch b.Type {
	case "dimg":
		list = &from.inputs
	case "auxl":
		list = &from.auxOf
	case "thmb":
		list = &from.thumbOf
	case "prem":
		list = &from.premOf
	default:
		return nil
	}
	if len(*list) > 0 {
		return p.failBox(b, ErrCorrupt, "second one for an item")
	}
	*list = to
	return nil
}

// heifGroup is a group of items: alternatives, or the two views of one scene.
type heifGroup struct {
	typ     string
	members []uint32
}

// readGroups reads grpl, ISO/IEC 14496-12 §8.18.
func (p *heifParser) readGroups(b bmff.Box) error {
	return p.children(b.Body, b.BodyAt(), func(g bmff.Box) error {
		f := bmff.NewFields(g.Body)
		f.U32() // version and flags
		f.U32() // a number of its own, which is given anew
		count := f.U32()
		if uint64(count)*4 > uint64(len(f.Rest())) {
			return p.failBox(g, ErrCorrupt, "cut short")
		}
		if err := p.spend(int(count), g.At); err != nil {
			return err
		}
		members := make([]uint32, count)
		for i := range members {
			members[i] = f.U32()
		}
		if g.Type == "altr" || g.Type == "ster" {
			p.groups = append(p.groups, heifGroup{g.Type, members})
			return nil
		}
		p.pic.found.add("group "+heifType(g.Type), len(g.Whole), 0)
		return nil
	})
}
