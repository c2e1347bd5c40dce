package imageproc

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// heifStore holds the data that goes over. Items that share their data, and a
// picture that is also the first of a sequence, share it in the output as well.
type heifStore struct {
	byPlace map[string]*heifPayload
	list    []*heifPayload
	total   int
}

// heifPayload is the data of an item or of a sample.
type heifPayload struct {
	rope
	inIdat  bool
	source  int // where it began
	number  int // order of discovery
	bytes   int
	units   heifUnits
	offset  uint32 // in the output's file or idat
	derived bool   // not coded
}

// choosePayloads takes the data of each item that is kept.
func (p *heifParser) choosePayloads() error {
	for _, it := range p.kept {
		if it.typ == "iden" {
			if len(it.inputs) != 1 {
				return p.failItem(it, ErrCorrupt, "%d inputs", len(it.inputs))
			}
			continue
		}
		if len(it.places) == 0 {
			return p.failItem(it, ErrCorrupt, "no data")
		}
		var err error
		if it == p.toneMap {
			it.payload = p.toneMapPayload()
			continue
		}
		if it.typ == "grid" || it.typ == "iovl" {
			it.payload, err = p.derivation(it)
		} else {
			it.payload, err = p.coded(it.places, it.inIdat, it.coding, func(sentinel error, reason string) error {
				return p.failItem(it, sentinel, "%s", reason)
			})
			it.relaid = it.payload != nil && it.payload.units.dropped > 0
			if err == nil && p.layerSizes(it) > it.payload.bytes {
				err = p.failItem(it, ErrCorrupt, "its layers are larger than it is")
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// layerSizes is what the layers of an item take together, as its a1lx says.
func (p *heifParser) layerSizes(it *heifItem) (sum int) {
	for _, u := range it.uses {
		if prop := p.property(u.index); prop.state == propKept && prop.box.Type == "a1lx" && !it.relaid {
			wide := 2 + 2*int(prop.out[8]&1)
			for f := bmff.NewFields(prop.out[9:]); len(f.Rest()) > 0; {
				sum += int(min(f.Uint(wide), 1<<30))
			}
		}
	}
	return sum
}

// add stores data under its place, unless it is there already.
func (s *heifStore) add(key string, d *heifPayload) *heifPayload {
	if s.byPlace == nil {
		s.byPlace = make(map[string]*heifPayload)
	}
	d.bytes = int(d.size())
	d.number = len(s.list)
	s.byPlace[key] = d
	s.list = append(s.list, d)
	return d
}

func placeKey(places []heifSpan, inIdat bool, c heifCoding) string {
	b := []byte{byte(c.codec), byte(c.lengths)}
	if inIdat {
		b[0] |= 0x80
	}
	for _, s := range places {
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, uint32(s.start)), uint32(s.end))
	}
	return string(b)
}

// coded takes coded data without the units that go. What all of it takes
// together is bounded by the file: only data that lies in two items' places
// without being theirs together could be more.
func (p *heifParser) coded(places []heifSpan, inIdat bool, c heifCoding, fail func(error, string) error) (*heifPayload, error) {
	key := placeKey(places, inIdat, c)
	if d := p.store.byPlace[key]; d != nil {
		return d, nil
	}
	size := 0
	for _, s := range places {
		size += s.size()
	}
	if p.store.total += size; p.store.total > len(p.data) {
		return nil, fail(ErrCorrupt, "its data overlaps that of others")
	}
	u, err := c.split(p.join(places, size), p.budget)
	switch {
	case errors.Is(err, errUnitCount):
		return nil, fail(ErrTooLarge, err.Error())
	case err != nil:
		return nil, fail(ErrCorrupt, err.Error())
	}
	if err := p.spend(u.number, places[0].start); err != nil {
		return nil, err
	}
	if u.kept.size() == 0 {
		return nil, fail(ErrCorrupt, "no picture in its data")
	}
	if u.dropped > 0 {
		p.pic.found.add(map[heifCodec]string{hevcCodec: "SEI", av1Codec: "metadata OBU"}[c.codec], u.dropped, u.classes)
	}
	return p.store.add(key, &heifPayload{rope: u.kept, inIdat: inIdat, source: places[0].start, units: u}), nil
}

// join is the data at places as one slice: of the input where it is in one
// piece.
func (p *heifParser) join(places []heifSpan, size int) []byte {
	if len(places) == 1 {
		return p.data[places[0].start:places[0].end:places[0].end]
	}
	b := make([]byte, 0, size)
	for _, s := range places {
		b = append(b, p.data[s.start:s.end]...)
	}
	return b
}

// derivation reads how a picture is put together from its inputs, ISO/IEC
// 23008-12 §6.6.2.3, and writes it anew.
func (p *heifParser) derivation(it *heifItem) (*heifPayload, error) {
	size := 0
	for _, s := range it.places {
		size += s.size()
	}
	// The largest one that is valid: an overlay of as many pictures as it has.
	if size > 20+8*len(it.inputs)+(1<<16) || p.store.total+size > len(p.data) {
		return nil, p.failItem(it, ErrCorrupt, "%d bytes of data", size)
	}
	p.store.total += size
	f := bmff.NewFields(p.join(it.places, size))
	version, flags := f.U8(), f.U8()&1
	wide := 2 + 2*int(flags)
	out := []byte{0, flags}
	if it.typ == "grid" {
		rows, columns := f.U8(), f.U8()
		if n := (int(rows) + 1) * (int(columns) + 1); n != len(it.inputs) {
			return nil, p.failItem(it, ErrCorrupt, "a grid of %d pictures with %d inputs", n, len(it.inputs))
		}
		out = append(out, rows, columns)
	} else {
		out = append(out, f.Bytes(8)...) // the colour that is not covered
	}
	sized := f.Bytes(2 * wide)
	out = append(out, sized...)
	if it.typ == "iovl" {
		places := f.Bytes(2 * wide * len(it.inputs))
		if !f.Bad() && !overlaid(places, sized, wide) {
			return nil, p.failItem(it, ErrCorrupt, "a picture beyond the overlay")
		}
		out = append(out, places...)
	}
	if f.Bad() || version != 0 || len(it.inputs) == 0 {
		return nil, p.failItem(it, ErrCorrupt, "the %s is cut short or not of version 0", it.typ)
	}
	g := bmff.NewFields(sized)
	w, h := int64(g.Uint(wide)), int64(g.Uint(wide))
	if w == 0 || h == 0 {
		return nil, p.failItem(it, ErrCorrupt, "size is not valid")
	}
	if err := checkSize(p.pic.format, fmt.Sprintf("item %d", it.id), it.places[0].start, w, h, p.lim); err != nil {
		return nil, err
	}
	if extra := size - len(out); extra > 0 {
		p.pic.found.add("bytes after "+it.typ, extra, 0)
	}
	d := &heifPayload{rope: rope{out}, inIdat: it.inIdat, source: it.places[0].start, derived: true}
	return p.store.add(fmt.Sprint("derivation ", it.id), d), nil
}

// overlaid reports whether pictures at these places, x and y in turn, begin left of
// and above the end of an overlay of that size; those that begin before it, not far.
func overlaid(places, size []byte, wide int) bool {
	for i := 0; i < len(places); i += wide {
		p, s := bmff.NewFields(places[i:]), bmff.NewFields(size[i/wide%2*wide:])
		v := int64(p.Uint(wide)) << (64 - 8*wide) >> (64 - 8*wide)
		if v < -1<<14 || v >= int64(s.Uint(wide)) {
			return false
		}
	}
	return true
}

// lay gives every payload its place, in the order in which they were.
func (s *heifStore) lay(media uint32) (idat, mdat rope) {
	slices.SortFunc(s.list, func(a, b *heifPayload) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.number, b.number))
	})
	at := uint32(0)
	for _, d := range s.list {
		if d.inIdat {
			d.offset = at
			at += uint32(d.bytes)
			idat = append(idat, d.rope...)
		}
	}
	for _, d := range s.list {
		if !d.inIdat {
			d.offset = media
			media += uint32(d.bytes)
			mdat = append(mdat, d.rope...)
		}
	}
	return idat, mdat
}
