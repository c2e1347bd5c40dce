package imageproc

import (
	"bytes"
	"encoding/binary"
	"io"
)

// tiffVerifier is the second walker for TIFF. It reads the bytes to be released
// once, from the first to the last: the header, then each directory, with its
// values right behind it in the order of its entries, then the strips and tiles
// in the order of the pages. Whatever lies elsewhere, twice or in between is
// refused. It shares no code with the parser.
type tiffVerifier struct {
	r      *ropeReader
	at     uint64
	err    error
	order  binary.ByteOrder
	want   *picture
	packet []byte
	pages  []*verifiedTIFF
	icc    map[uint32]uint32 // profiles read so far: place to length

	strips verifiedStrips
}

// verifiedTIFF is what a directory of the output says.
type verifiedTIFF struct {
	numbers map[uint16][]uint32
	tables  []byte
	icc     bool
	packet  bool
	store   bool // content credentials
}

// number is the first one of a tag, or the default.
func (p *verifiedTIFF) number(tag uint16, otherwise uint32) uint32 {
	if v := p.numbers[tag]; len(v) > 0 {
		return v[0]
	}
	return otherwise
}

// verifyTIFF returns ErrVerify, as a *FormatError, unless r holds pages made of
// tags that are allowed, the first of them with the size, orientation, profile
// and packet given.
func verifyTIFF(r *ropeReader, want *picture, packet []byte) error {
	v := &tiffVerifier{r: r, want: want, packet: packet, icc: make(map[uint32]uint32)}
	switch head := v.read(8); {
	case string(head) == "II*\x00\x08\x00\x00\x00":
		v.order = binary.LittleEndian
	case string(head) == "MM\x00*\x00\x00\x00\x08":
		v.order = binary.BigEndian
	default:
		v.reject("no header")
	}
	for next := uint32(8); next != 0 && v.err == nil; {
		if uint64(next) != v.at {
			v.reject("a directory is not where the one before it ends")
		}
		next = v.directory()
	}
	for _, p := range v.pages {
		v.data(p)
	}
	if v.err == nil {
		if _, err := v.r.ReadByte(); err != io.EOF {
			v.reject("bytes after the last strip")
		}
	}
	return v.err
}

func (v *tiffVerifier) reject(reason string) {
	if v.err == nil {
		v.err = &FormatError{Format: TIFF, Part: "output", Offset: int64(v.at), Reason: reason, Err: ErrVerify}
	}
}

// read returns n bytes, or none once there is an error. It does not take memory
// for what is not there.
func (v *tiffVerifier) read(n uint64) []byte {
	if v.err != nil {
		return nil
	}
	var b bytes.Buffer
	if n <= 1<<20 {
		b.Grow(int(n))
	}
	k, err := io.CopyN(&b, v.r, int64(n))
	v.at += uint64(k)
	if err != nil {
		v.reject("cut short")
		return nil
	}
	return b.Bytes()
}

// tiffTag is what an output may say under a tag.
type tiffTag struct {
	typ     uint16
	counts  [2]uint32 // fewest and most values
	highest uint32    // largest value of a SHORT or LONG
}

const anyNumber = 1<<32 - 1

var tiffTags = map[uint16]tiffTag{
	254:   {4, [2]uint32{1, 1}, 4},
	256:   {4, [2]uint32{1, 1}, 1<<31 - 1},
	257:   {4, [2]uint32{1, 1}, 1<<31 - 1},
	258:   {3, [2]uint32{1, 1024}, 64},
	259:   {3, [2]uint32{1, 1}, 0xFFFF},
	262:   {3, [2]uint32{1, 1}, 0xFFFF},
	266:   {3, [2]uint32{1, 1}, 2},
	273:   {4, [2]uint32{1, anyNumber}, anyNumber},
	274:   {3, [2]uint32{1, 1}, 8},
	277:   {3, [2]uint32{1, 1}, 1024},
	278:   {4, [2]uint32{1, 1}, 1<<31 - 1},
	279:   {4, [2]uint32{1, anyNumber}, anyNumber},
	282:   {5, [2]uint32{1, 1}, 0},
	283:   {5, [2]uint32{1, 1}, 0},
	284:   {3, [2]uint32{1, 1}, 2},
	292:   {4, [2]uint32{1, 1}, 7},
	293:   {4, [2]uint32{1, 1}, 2},
	296:   {3, [2]uint32{1, 1}, 1},
	317:   {3, [2]uint32{1, 1}, 3},
	318:   {5, [2]uint32{2, 2}, 0},
	319:   {5, [2]uint32{6, 6}, 0},
	320:   {3, [2]uint32{1, 3 << 16}, 0xFFFF},
	322:   {4, [2]uint32{1, 1}, 1<<31 - 1},
	323:   {4, [2]uint32{1, 1}, 1<<31 - 1},
	324:   {4, [2]uint32{1, anyNumber}, anyNumber},
	325:   {4, [2]uint32{1, anyNumber}, anyNumber},
	332:   {3, [2]uint32{1, 1}, 2},
	338:   {3, [2]uint32{1, 1024}, 2},
	339:   {3, [2]uint32{1, 1024}, 6},
	347:   {7, [2]uint32{4, 1 << 16}, 0},
	529:   {5, [2]uint32{3, 3}, 0},
	530:   {3, [2]uint32{2, 2}, 4},
	531:   {3, [2]uint32{1, 1}, 2},
	532:   {5, [2]uint32{6, 6}, 0},
	700:   {1, [2]uint32{1, anyNumber}, 0},
	52545: {7, [2]uint32{1, anyNumber}, 0},
	34675: {7, [2]uint32{132, anyNumber}, 0},
}

// directory reads a directory and its values, and returns where the next one is
// said to be.
func (v *tiffVerifier) directory() (next uint32) {
	b := v.read(2)
	if b == nil {
		return 0
	}
	n := int(v.order.Uint16(b))
	entries := v.read(12 * uint64(n))
	b = v.read(4)
	if b == nil {
		return 0
	}
	next = v.order.Uint32(b)
	p := &verifiedTIFF{numbers: make(map[uint16][]uint32)}
	last := uint16(0)
	for ; len(entries) > 0 && v.err == nil; entries = entries[12:] {
		tag := v.order.Uint16(entries)
		if tag <= last {
			v.reject("tags are not in order")
		}
		last = tag
		v.entry(p, tag, entries[:12])
	}
	v.page(p)
	v.pages = append(v.pages, p)
	return next
}

// entry reads one entry, and its value from where the directory ends.
func (v *tiffVerifier) entry(p *verifiedTIFF, tag uint16, e []byte) {
	rule, known := tiffTags[tag]
	count := v.order.Uint32(e[4:])
	if !known || v.order.Uint16(e[2:]) != rule.typ || count < rule.counts[0] || count > rule.counts[1] {
		v.reject("a tag, its type or count is not allowed")
		return
	}
	width := uint64(map[uint16]int{1: 1, 3: 2, 4: 4, 5: 8, 7: 1}[rule.typ])
	size := width * uint64(count)
	value := e[8:12]
	switch {
	case size <= 4:
		for _, b := range value[size:] {
			if b != 0 {
				v.reject("bytes behind a value")
			}
		}
		value = value[:size]
	case tag == 34675 && v.icc[v.order.Uint32(value)] == count && uint64(v.order.Uint32(value)) < v.at:
		p.icc = true
		return // one that was read before
	default:
		place := v.order.Uint32(value)
		if uint64(place) != v.at {
			v.reject("a value is not where the one before it ends")
		}
		value = v.read(size)
		if pad := v.read(size % 2); v.err != nil || size%2 == 1 && pad[0] != 0 {
			v.reject("padding is not zero")
			return
		}
		if tag == 34675 {
			v.icc[place] = count
		}
	}
	v.value(p, tag, rule, value)
}

// value checks a value by its type, and the blocks by what they have to be.
func (v *tiffVerifier) value(p *verifiedTIFF, tag uint16, rule tiffTag, b []byte) {
	var list []uint32
	switch rule.typ {
	case 3:
		for ; len(b) > 0; b = b[2:] {
			list = append(list, uint32(v.order.Uint16(b)))
		}
	case 4:
		list = make([]uint32, 0, len(b)/4)
		for ; len(b) > 0; b = b[4:] {
			list = append(list, v.order.Uint32(b))
		}
	case 5:
		for ; len(b) > 0; b = b[8:] {
			if d := v.order.Uint32(b[4:]); d == 0 || 1_000_000_000%d != 0 {
				v.reject("a fraction is not one of powers of ten")
			}
		}
	}
	for _, n := range list {
		if n > rule.highest {
			v.reject("a number is larger than it may be")
		}
		if tag == 530 && (n == 0 || n == 3) {
			v.reject("subsampling of chroma is none there is")
		}
	}
	p.numbers[tag] = list
	switch tag {
	case 347:
		p.tables = b
	case 700:
		p.packet = true
		if len(v.pages) > 0 || !bytes.Equal(b, v.packet) {
			v.reject("XMP is not the packet expected")
		}
	case 52545:
		p.store = true
		if len(v.pages) > 0 || !bytes.Equal(b, v.want.c2pa) {
			v.reject("content credentials are not those expected")
		}
	case 34675:
		p.icc = true
		v.profile(b)
	}
}

// profile checks that a profile is one of those of the input, on the first page
// that page's own.
func (v *tiffVerifier) profile(b []byte) {
	if !plainProfile(b) {
		v.reject("ICC profile holds more than colours")
	}
	if len(v.pages) == 0 {
		if !bytes.Equal(b, v.want.icc) {
			v.reject("ICC profile is not the one expected")
		}
		return
	}
	for _, profile := range v.want.profiles {
		if bytes.Equal(b, profile) {
			return
		}
	}
	v.reject("ICC profile is not one of those expected")
}

// page checks what the entries of a directory say together.
func (v *tiffVerifier) page(p *verifiedTIFF) {
	if v.err != nil {
		return
	}
	has := func(tags ...uint16) int {
		n := 0
		for _, tag := range tags {
			if _, there := p.numbers[tag]; there {
				n++
			}
		}
		return n
	}
	strips, tiles, shape := has(273, 278, 279), has(322, 323, 324, 325), has(282, 283, 296)
	samples := p.number(277, 0)
	switch {
	case p.number(256, 0) == 0 || p.number(257, 0) == 0 || samples == 0:
		v.reject("no size, or no samples")
	case has(254, 259) != 2 || p.number(254, 9)&^4 != 0:
		v.reject("a tag is missing, or a page is of no kind expected")
	case !(strips == 3 && tiles == 0 || strips == 0 && tiles == 4):
		v.reject("neither strips nor tiles, or both")
	case shape != 0 && shape != 3:
		v.reject("a resolution without the other")
	case uint32(max(len(p.numbers[258]), len(p.numbers[338]), len(p.numbers[339]))) > samples:
		v.reject("more values than samples")
	case has(320) == 1 && (p.number(262, 0) != 3 || len(p.numbers[320]) > 3<<min(p.number(258, 1), 16)):
		v.reject("a colour map without use")
	case has(274) == 1 && p.number(274, 0) < 2:
		v.reject("orientation is not one that turns")
	case has(529, 530, 531, 532) > 0 && p.number(262, 0) != 6 || has(347) == 1 && p.number(259, 0) != 7:
		v.reject("a tag without use")
	}
	if len(v.pages) > 0 {
		return
	}
	if int64(p.number(256, 0)) != int64(v.want.width) || int64(p.number(257, 0)) != int64(v.want.height) {
		v.reject("size is not the one expected")
	}
	if int(p.number(274, 1)) != v.want.orientation {
		v.reject("orientation is not the one expected")
	}
	if p.store != (v.want.c2pa != nil) {
		v.reject("content credentials are missing, or there against expectation")
	}
	if p.icc != (v.want.icc != nil) || p.packet != (v.packet != nil) {
		v.reject("a profile or packet is missing, or there against expectation")
	}
}
