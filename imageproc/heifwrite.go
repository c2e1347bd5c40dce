package imageproc

import (
	"math"
	"slices"
	"strings"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// heifWriter writes meta anew. Items are numbered from 1 in the order of their
// old numbers, groups behind them.
type heifWriter struct {
	p      *heifParser
	props  [][]byte
	packet *heifPayload // the XMP of a mark
	mark   uint16       // its item
}

// write puts the output together: ftyp, meta, mdat. Where the data comes to lie
// depends on the size of meta, which does not depend on where that is.
func (p *heifParser) write(x extras) error {
	x.settle(p.pic)
	w := &heifWriter{p: p}
	if x.packet != nil {
		w.packet = p.store.add("mark", &heifPayload{rope: rope{x.packet}, source: math.MaxInt, derived: true})
		w.mark = uint16(len(p.kept) + 1)
	}
	if len(p.kept)+len(p.groups) >= math.MaxUint16 {
		return p.failBox(p.meta, ErrTooLarge, "more than %d items", math.MaxUint16)
	}
	w.chooseProperties()
	ftyp := p.ftyp()
	if store := p.pic.c2pa; store != nil {
		const head = "\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81\x00\x00\x00\x00manifest\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		ftyp = append(ftyp, bmff.New("uuid", []byte(head), store)...)
	}
	idat, _ := p.store.lay(0)
	head := len(ftyp) + len(w.meta(idat)) + len(w.movie())
	idat, mdat := p.store.lay(uint32(head + 8))
	out := &p.pic.out
	out.add(ftyp, w.meta(idat), w.movie())
	if size := mdat.size(); size > 0 {
		out.add(slices.Concat(bmff.U32(uint32(size+8)), []byte("mdat")))
		out.add(mdat...)
	}
	return nil
}

// sequenceBrands say that a file holds an image sequence.
var sequenceBrands = []string{"msf1", "hevc", "hevx", "hevm", "hevs", "avis"}

// ftyp writes the brands that are kept, without those of sequences if there is
// none, as long as the others say what the file is.
func (p *heifParser) ftyp() []byte {
	write := func(major string, brands []string) []byte {
		return bmff.New("ftyp", []byte(major), make([]byte, 4), []byte(strings.Join(p.toneBrands(brands), "")))
	}
	if len(p.movie.tracks) == 0 {
		isSequence := func(b string) bool { return slices.Contains(sequenceBrands, b) }
		major, brands := p.major, slices.DeleteFunc(slices.Clone(p.brands), isSequence)
		if isSequence(major) && len(brands) > 0 {
			major = brands[0]
		}
		if out := write(major, brands); Sniff(out) == p.pic.format {
			return out
		}
	}
	return write(p.major, p.brands)
}

// chooseProperties numbers the properties that a picture uses, in their old
// order.
func (w *heifWriter) chooseProperties() {
	need := make([]bool, len(w.p.props))
	for _, it := range w.p.kept {
		it.uses = slices.DeleteFunc(it.uses, func(u heifUse) bool {
			prop := &w.p.props[u.index-1]
			// Sizes of layers that are no longer right; they are a hint.
			stale := it.relaid && prop.box.Type == "a1lx"
			return prop.state != propKept || stale
		})
		for _, u := range it.uses {
			need[u.index-1] = true
		}
	}
	for i := range w.p.props {
		if need[i] {
			w.props = append(w.props, w.p.props[i].out)
			w.p.props[i].index = len(w.props)
		}
	}
}

// meta writes the box. It is called twice, before and after the data has its
// places.
func (w *heifWriter) meta(idat rope) []byte {
	p := w.p
	handler := bmff.Full("hdlr", 0, 0, make([]byte, 4), []byte("pict"), make([]byte, 13))
	primary := bmff.Full("pitm", 0, 0, bmff.U16(p.items[p.primary].number))
	parts := [][]byte{handler, primary, w.places(), w.entries()}
	if refs := w.references(); len(refs) > 0 {
		parts = append(parts, bmff.Full("iref", 0, 0, refs))
	}
	parts = append(parts, bmff.New("iprp", bmff.New("ipco", w.props...), w.uses()))
	if groups := w.groups(); len(groups) > 0 {
		parts = append(parts, bmff.New("grpl", groups))
	}
	if len(idat) > 0 {
		parts = append(parts, bmff.New("idat", idat...))
	}
	return bmff.Full("meta", 0, 0, parts...)
}

// places writes iloc: numbers of four bytes, one extent for each item with data, and
// none for those without, which libheif looks for all the same.
func (w *heifWriter) places() []byte {
	version := byte(0)
	var list [][]byte
	for _, it := range w.p.kept {
		if it.payload != nil && it.payload.inIdat {
			version = 1
		}
	}
	add := func(number uint16, d *heifPayload) {
		entry := bmff.U16(number)
		if version == 1 && d != nil && d.inIdat {
			entry = append(entry, 0, 1)
		} else if version == 1 {
			entry = append(entry, 0, 0)
		}
		if d == nil {
			list = append(list, append(entry, 0, 0, 0, 0))
			return
		}
		entry = append(entry, bmff.U16(0, 1)...)
		list = append(list, append(entry, bmff.U32(d.offset, uint32(d.bytes))...))
	}
	for _, it := range w.p.kept {
		add(it.number, it.payload)
	}
	if w.packet != nil {
		add(w.mark, w.packet)
	}
	return bmff.Full("iloc", version, 0, []byte{0x44, 0}, bmff.U16(uint16(len(list))), slices.Concat(list...))
}

// entries writes iinf, with empty names.
func (w *heifWriter) entries() []byte {
	var list []byte
	for _, it := range w.p.kept {
		flags := uint32(0)
		if it.hidden {
			flags = 1
		}
		list = append(list, bmff.Full("infe", 2, flags, bmff.U16(it.number, 0), []byte(it.typ), []byte{0})...)
	}
	n := len(w.p.kept)
	if w.packet != nil {
		n++
		list = append(list, bmff.Full("infe", 2, 1, bmff.U16(w.mark, 0), []byte("mime\x00application/rdf+xml\x00"))...)
	}
	return bmff.Full("iinf", 0, 0, bmff.U16(uint16(n)), list)
}

// references writes what iref holds, with those items that are there.
func (w *heifWriter) references() (out []byte) {
	p := w.p
	for _, it := range p.kept {
		relations := []struct {
			typ string
			to  []uint32
		}{{"dimg", it.inputs}, {"auxl", it.auxOf}, {"prem", it.premOf}}
		if it.id == p.primary {
			// A file can name a thumbnail as what it shows; some readers then show
			// the picture of which it is one.
			relations = append(relations, relations[0])
			relations[3].typ, relations[3].to = "thmb", it.thumbOf
		}
		for _, r := range relations {
			var to []uint16
			for _, id := range r.to {
				if o := p.items[id]; o != nil && o.state == heifKept {
					to = append(to, o.number)
				}
			}
			if len(to) > 0 {
				out = bmff.Append(out, r.typ, bmff.U16(it.number, uint16(len(to))), bmff.U16(to...))
			}
		}
	}
	if w.packet != nil {
		out = bmff.Append(out, "cdsc", bmff.U16(w.mark, 1, p.items[p.primary].number))
	}
	return out
}

// uses writes ipma.
func (w *heifWriter) uses() []byte {
	wide := len(w.props) > 127
	var list []byte
	n := 0
	for _, it := range w.p.kept {
		if len(it.uses) == 0 {
			continue
		}
		n++
		list = append(append(list, bmff.U16(it.number)...), byte(len(it.uses)))
		for _, u := range it.uses {
			v := w.p.props[u.index-1].index
			switch {
			case wide && u.essential:
				list = append(list, byte(v>>8)|0x80, byte(v))
			case wide:
				list = append(list, byte(v>>8), byte(v))
			case u.essential:
				list = append(list, byte(v)|0x80)
			default:
				list = append(list, byte(v))
			}
		}
	}
	flags := uint32(0)
	if wide {
		flags = 1
	}
	return bmff.Full("ipma", 0, flags, bmff.U32(uint32(n)), list)
}

// groups writes what grpl holds: groups of two pictures or more that are there.
func (w *heifWriter) groups() (out []byte) {
	number := uint32(len(w.p.kept) + 2)
	for _, g := range w.p.groups {
		var members []uint32
		for _, id := range g.members {
			if it := w.p.items[id]; it != nil && it.state == heifKept {
				members = append(members, uint32(it.number))
			}
		}
		if len(members) < 2 || g.typ == "ster" && len(members) != 2 {
			continue
		}
		out = append(out, bmff.Full(g.typ, 0, 0, bmff.U32(number, uint32(len(members))), bmff.U32(members...))...)
		number++
	}
	return out
}
