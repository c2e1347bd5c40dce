package imageproc

import "math"

// finish puts the output together: the header, for each page its directory with
// the values that do not fit an entry, then all strips and tiles.
func (p *tiffParser) finish(x extras) error {
	x.settle(p.pic)
	p.facts()
	if x.packet != nil {
		p.pages[0].insert(tagXMP, typeByte, x.packet)
	}
	if p.pic.c2pa != nil {
		p.pages[0].insert(tagC2PA, typeUndefined, p.pic.c2pa)
	}
	order := [2]byte{'I', 'I'}
	if p.data[0] == 'M' {
		order = [2]byte{'M', 'M'}
	}
	head := p.order.AppendUint16(order[:], 42)
	p.pic.out.add(p.order.AppendUint32(head, 8))

	at := make([]uint64, len(p.pages)+1)
	at[0] = 8
	placed := make(map[*byte]uint64) // profiles
	for i, g := range p.pages {
		at[i+1] = at[i] + g.extent(func(profile []byte, here uint64) bool {
			if _, there := placed[&profile[0]]; there {
				return false
			}
			placed[&profile[0]] = at[i] + here
			return true
		})
	}
	data := at[len(p.pages)]
	if data+p.chunks.size > math.MaxUint32 {
		return &FormatError{Format: TIFF, Reason: "larger than classic TIFF allows", Err: ErrTooLarge}
	}
	for i, g := range p.pages {
		next := uint64(0)
		if i+1 < len(p.pages) {
			next = at[i+1]
		}
		p.writePage(g, at[i], next, data, placed)
	}
	p.pic.out = append(p.pic.out, p.chunks.rope...)
	return nil
}

// facts fills in what a caller needs to know of the first page.
func (p *tiffParser) facts() {
	g, pic := p.pages[0], p.pic
	pic.width, pic.height, pic.orientation, pic.icc = int(g.width), int(g.height), g.orientation, g.icc
	pic.profiles = p.profiles.list
	pic.channels = 3
	switch {
	case g.photometric <= 1 && g.samples <= 2:
		pic.channels = 1
	case g.photometric == photometricCMYK:
		pic.channels = 4
	}
	for _, f := range g.fields {
		if f.tag == tagExtraSamples {
			for i := range f.count {
				pic.alpha = pic.alpha || p.order.Uint16(f.value[2*i:]) != 0
			}
		}
	}
	pic.memory, pic.undecodable = g.decoding()
}

// insert puts a field in its place among the others.
func (g *tiffPage) insert(tag, typ uint16, value []byte) {
	i := 0
	for i < len(g.fields) && g.fields[i].tag < tag {
		i++
	}
	g.fields = append(g.fields[:i:i], append([]tiffField{{tag: tag, typ: typ, count: uint32(len(value)), value: value}}, g.fields[i:]...)...)
}

// bytes is the size of a field's value; those of strips and tiles are written
// last.
func (g *tiffPage) bytes(f *tiffField) uint64 {
	switch f.tag {
	case tagStripOffsets, tagStripCounts, tagTileOffsets, tagTileCounts:
		return 4 * uint64(len(g.chunks))
	}
	return uint64(len(f.value))
}

// extent is the size of a directory and its values. first says whether a profile
// gets its place here.
func (g *tiffPage) extent(first func(profile []byte, here uint64) bool) uint64 {
	size := uint64(2 + 12*len(g.fields) + 4)
	for i := range g.fields {
		f := &g.fields[i]
		n := g.bytes(f)
		if n <= 4 || f.tag == tagICC && !first(f.value, size) {
			continue
		}
		size += n + n&1
	}
	return size
}

// writePage writes a directory and its values. data is where strips and tiles
// begin.
func (p *tiffParser) writePage(g *tiffPage, at, next, data uint64, placed map[*byte]uint64) {
	out := &p.pic.out
	dir := p.order.AppendUint16(make([]byte, 0, 6+12*len(g.fields)), uint16(len(g.fields)))
	var values rope
	here := at + uint64(2+12*len(g.fields)+4)
	for i := range g.fields {
		f := &g.fields[i]
		value, count := f.value, f.count
		switch f.tag {
		case tagStripOffsets, tagTileOffsets:
			value, count = p.places32(g, data, true), uint32(len(g.chunks))
		case tagStripCounts, tagTileCounts:
			value, count = p.places32(g, data, false), uint32(len(g.chunks))
		}
		dir = p.order.AppendUint16(dir, f.tag)
		dir = p.order.AppendUint16(dir, f.typ)
		dir = p.order.AppendUint32(dir, count)
		switch {
		case len(value) <= 4:
			dir = append(append(dir, value...), make([]byte, 4-len(value))...)
			continue
		case f.tag == tagICC && placed[&value[0]] != here:
			dir = p.order.AppendUint32(dir, uint32(placed[&value[0]]))
			continue
		}
		dir = p.order.AppendUint32(dir, uint32(here))
		values.add(value)
		if len(value)%2 == 1 {
			values.add(zeroByte)
		}
		here += uint64(len(value) + len(value)%2)
	}
	out.add(p.order.AppendUint32(dir, uint32(next)))
	out.add(values...)
}

// places32 is the value of the field that says where strips or tiles lie, or how
// long they are.
func (p *tiffParser) places32(g *tiffPage, data uint64, offsets bool) []byte {
	b := make([]byte, 0, 4*len(g.chunks))
	for _, k := range g.chunks {
		v := k.size
		if offsets && v > 0 {
			v = data + k.out
		}
		b = p.order.AppendUint32(b, uint32(v))
	}
	return b
}
