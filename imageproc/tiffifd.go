package imageproc

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// The types of a value in TIFF 6.0 §2, beside those that Exif needs, and of
// BigTIFF: 64-bit integers.
const (
	typeRational  = 5
	typeSByte     = 6
	typeSShort    = 8
	typeSRational = 10
	typeFloat     = 11
	typeDouble    = 12
	typeLong8     = 16
	typeSLong8    = 17
	typeIFD8      = 18
)

var tiffTypeSize = [...]uint64{
	typeByte: 1, typeASCII: 1, typeShort: 2, typeLong: 4, typeRational: 8, typeSByte: 1, typeUndefined: 1, typeSShort: 2, typeSLong: 4,
	typeSRational: 8, typeFloat: 4, typeDouble: 8, typeIFD: 4, typeLong8: 8, typeSLong8: 8, typeIFD8: 8,
}

// tiffFile is an input and what its header says of it.
type tiffFile struct {
	data  []byte
	order byteOrder
	big   bool // BigTIFF: 64-bit offsets and counts
}

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// tiffEntry is one entry of a directory. The value is a slice of the input, nil
// if it lies outside or its type is unknown.
type tiffEntry struct {
	tag, typ uint16
	count    uint64
	at       uint64 // where the value lies
	inside   bool   // the value stands in the entry itself
	value    []byte
}

// tiffDir is one directory.
type tiffDir struct {
	at      uint64
	size    uint64 // count, entries and the offset of the next one
	next    uint64
	entries []tiffEntry // as they stand; of a tag that repeats the first counts
	cut     bool        // the file ends inside
}

// entry returns the first entry with a tag and a value, or nil.
func (d *tiffDir) entry(tag uint16) *tiffEntry {
	for i := range d.entries {
		if d.entries[i].tag == tag && d.entries[i].value != nil {
			return &d.entries[i]
		}
	}
	return nil
}

// header reads the first 8 or 16 bytes and returns the offset of the first
// directory.
func (f *tiffFile) header() (first uint64, ok bool) {
	f.order = binary.LittleEndian
	if f.data[0] == 'M' {
		f.order = binary.BigEndian
	}
	f.big = f.order.Uint16(f.data[2:]) == 43
	if !f.big {
		if len(f.data) < 8 {
			return 0, false
		}
		return uint64(f.order.Uint32(f.data[4:])), true
	}
	if len(f.data) < 16 || f.order.Uint16(f.data[4:]) != 8 || f.order.Uint16(f.data[6:]) != 0 {
		return 0, false
	}
	return f.order.Uint64(f.data[8:]), true
}

// slice is n bytes of the input from at on, or nil.
func (f *tiffFile) slice(at, n uint64) []byte {
	if size := uint64(len(f.data)); at > size || n > size-at {
		return nil
	}
	return f.data[at : at+n : at+n]
}

// directory reads the directory at an offset, which has at most the entries
// given; nil if there is none that could be read.
func (f *tiffFile) directory(at uint64, most int) *tiffDir {
	head, entry, pointer := uint64(2), uint64(12), uint64(4)
	if f.big {
		head, entry, pointer = 8, 20, 8
	}
	b := f.slice(at, head)
	if b == nil || at < 8 {
		return nil
	}
	n := uint64(f.order.Uint16(b))
	if f.big {
		n = f.order.Uint64(b)
	}
	if n > uint64(max(most, 0)) {
		return nil
	}
	d := &tiffDir{at: at}
	whole := min(n, (uint64(len(f.data))-at-head)/entry)
	d.cut = whole < n
	d.entries = make([]tiffEntry, whole)
	for i := range d.entries {
		start := at + head + uint64(i)*entry
		d.entries[i] = f.readEntry(start, f.data[start:start+entry])
	}
	d.size = head + whole*entry
	if b := f.slice(at+d.size, pointer); b != nil && !d.cut {
		d.size += pointer
		d.next = f.offset(b)
	}
	return d
}

func (f *tiffFile) offset(b []byte) uint64 {
	if f.big {
		return f.order.Uint64(b)
	}
	return uint64(f.order.Uint32(b))
}

func (f *tiffFile) readEntry(at uint64, b []byte) tiffEntry {
	e := tiffEntry{tag: f.order.Uint16(b), typ: f.order.Uint16(b[2:])}
	field, start := b[8:], at+8
	if f.big {
		e.count, field, start = f.order.Uint64(b[4:]), b[12:], at+12
	} else {
		e.count = uint64(f.order.Uint32(b[4:]))
	}
	if !e.known() {
		return e
	}
	size := tiffTypeSize[e.typ]
	if e.count > math.MaxUint64/size {
		return e
	}
	if size *= e.count; size <= uint64(len(field)) {
		e.at, e.inside, e.value = start, true, field[:size]
		return e
	}
	e.at = f.offset(field)
	e.value = f.slice(e.at, size)
	return e
}

// known says whether the type is one there is.
func (e *tiffEntry) known() bool { return int(e.typ) < len(tiffTypeSize) && tiffTypeSize[e.typ] != 0 }

// ints says whether the value is of whole numbers.
func (e *tiffEntry) ints() bool {
	switch e.typ {
	case typeByte, typeSByte, typeShort, typeSShort, typeLong, typeSLong, typeIFD, typeLong8, typeSLong8, typeIFD8:
		return e.value != nil
	}
	return false
}

// uint is number i of a value of whole numbers; a negative one is far too large
// for whatever it could mean.
func (f *tiffFile) uint(e *tiffEntry, i uint64) uint64 {
	size := tiffTypeSize[e.typ]
	b := e.value[i*size:]
	switch e.typ {
	case typeByte:
		return uint64(b[0])
	case typeSByte:
		return uint64(int64(int8(b[0])))
	case typeShort:
		return uint64(f.order.Uint16(b))
	case typeSShort:
		return uint64(int64(int16(f.order.Uint16(b))))
	case typeSLong:
		return uint64(int64(int32(f.order.Uint32(b))))
	case typeLong, typeIFD:
		return uint64(f.order.Uint32(b))
	}
	return f.order.Uint64(b)
}

// first is the first number of a tag, or the default if the directory has none.
func (f *tiffFile) first(d *tiffDir, tag uint16, otherwise uint64) uint64 {
	e := d.entry(tag)
	if e == nil || !e.ints() || e.count == 0 {
		return otherwise
	}
	return f.uint(e, 0)
}

// only is the number of a tag that has to have exactly one, else 0.
func (f *tiffFile) only(d *tiffDir, tag uint16) uint64 {
	if e := d.entry(tag); e == nil || e.count != 1 {
		return 0
	}
	return f.first(d, tag, 0)
}

// real is number i of a value of fractions or floating-point numbers.
func (f *tiffFile) real(e *tiffEntry, i uint64) (float64, bool) {
	b := e.value[i*tiffTypeSize[e.typ]:]
	var v float64
	switch e.typ {
	case typeRational:
		n, d := f.order.Uint32(b), f.order.Uint32(b[4:])
		if d == 0 {
			return 0, n == 0
		}
		v = float64(n) / float64(d)
	case typeSRational:
		n, d := int32(f.order.Uint32(b)), int32(f.order.Uint32(b[4:]))
		if d == 0 {
			return 0, n == 0
		}
		v = float64(n) / float64(d)
	case typeFloat:
		v = float64(math.Float32frombits(f.order.Uint32(b)))
	case typeDouble:
		v = math.Float64frombits(f.order.Uint64(b))
	default:
		if !e.ints() {
			return 0, false
		}
		v = float64(f.uint(e, i))
	}
	return v, v >= 0 && v <= math.MaxUint32
}

// tiffRanges collects which bytes of the input something refers to.
type tiffRanges []tiffRange

type tiffRange struct{ start, end uint64 }

func (r *tiffRanges) add(start, n uint64) {
	if n == 0 {
		return
	}
	if k := len(*r) - 1; k >= 0 && (*r)[k].end == start {
		(*r)[k].end += n
		return
	}
	*r = append(*r, tiffRange{start, start + n})
}

// merge sorts the ranges and joins those that touch.
func (r *tiffRanges) merge() {
	slices.SortFunc(*r, func(a, b tiffRange) int { return cmp.Compare(a.start, b.start) })
	merged := (*r)[:0]
	for _, x := range *r {
		if k := len(merged) - 1; k >= 0 && x.start <= merged[k].end {
			merged[k].end = max(merged[k].end, x.end)
			continue
		}
		merged = append(merged, x)
	}
	*r = merged
}

// meet says whether merged ranges and n bytes from start on have some in common.
func (r tiffRanges) meet(start, n uint64) bool {
	i, _ := slices.BinarySearchFunc(r, start, func(x tiffRange, at uint64) int { return cmp.Compare(x.end, at+1) })
	return n > 0 && i < len(r) && r[i].start < start+n
}

// gaps calls do for what lies between merged ranges.
func (r tiffRanges) gaps(size uint64, do func(start, end uint64)) {
	at := uint64(0)
	for _, x := range r {
		if x.start > at {
			do(at, x.start)
		}
		at = max(at, x.end)
	}
	if at < size {
		do(at, size)
	}
}
