package imageproc

import (
	"cmp"
	"io"
	"maps"
	"slices"
)

// heifStream is data read once, of the file or of a slice.
type heifStream interface {
	take(n int64) []byte // n of them, few
	pass(n int64)
}

func (v *heifVerifier) take(n int64) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(v.r, b); err != nil {
		v.insist(false, "cut short")
	}
	v.at += n
	return b
}

func (v *heifVerifier) pass(n int64) {
	for n > 0 && v.err == nil {
		k, err := v.r.Discard(int(min(n, 1<<20)))
		v.insist(err == nil, "cut short")
		n -= int64(k)
		v.at += int64(k)
	}
}

type heifSlice struct {
	v    *heifVerifier
	rest []byte
}

func (s *heifSlice) take(n int64) []byte {
	if n > int64(len(s.rest)) {
		s.v.insist(false, "cut short")
		return make([]byte, n)
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b
}

func (s *heifSlice) pass(n int64) {
	s.v.insist(n <= int64(len(s.rest)), "cut short")
	s.rest = s.rest[min(n, int64(len(s.rest))):]
}

// tiled checks that the ranges cover size bytes from start, each once.
func (v *heifVerifier) tiled(ranges map[heifRange]*heifSeen, start, size int64) []heifRange {
	list := slices.SortedFunc(maps.Keys(ranges), func(a, b heifRange) int { return cmp.Compare(a.start, b.start) })
	end := start + size
	for _, r := range list {
		v.insist(int64(r.start) == start, "bytes that belong to no item, or to two")
		start += int64(r.size)
	}
	v.insist(start == end, "bytes that belong to no item")
	return list
}

// stored checks the data inside meta.
func (v *heifVerifier) stored(packet []byte) {
	for _, r := range v.tiled(v.inIdat, 0, int64(len(v.idat))) {
		if v.err == nil {
			v.data(v.inIdat[r], int64(r.size), &heifSlice{v, v.idat[r.start : r.start+r.size]}, packet)
		}
	}
}

// media reads what follows meta: moov if there is a sequence, mdat if there is
// data for it, and the end.
func (v *heifVerifier) media(packet []byte) {
	if next, err := v.r.window(8); err == nil && string(next[4:8]) == "moov" {
		_, body := v.box()
		v.movie(body)
	}
	if len(v.inMdat) > 0 && v.err == nil {
		typ, size := v.head()
		v.insist(typ == "mdat", "data is not in mdat")
		for _, r := range v.tiled(v.inMdat, v.at, size) {
			if v.err == nil {
				v.data(v.inMdat[r], int64(r.size), v, packet)
			}
		}
	}
	if v.err == nil {
		_, err := v.r.ReadByte()
		v.insist(err == io.EOF, "bytes after the last box")
	}
}

// data reads what one item or sample holds, to the last byte.
func (v *heifVerifier) data(it *heifSeen, size int64, s heifStream, packet []byte) {
	switch it.typ {
	case "hvc1":
		v.nals(size, s, int64(it.coding[len(it.coding)-1]-'0'))
	case "av01":
		v.obus(size, s, false)
	case "tmap":
		v.insist(size == int64(len(v.toneMap)), "the gain map says something else")
		if v.err == nil {
			v.insist(string(s.take(size)) == string(v.toneMap), "the gain map says something else")
		}
	case "mime":
		v.insist(size == int64(len(packet)), "XMP is not the packet expected")
		if v.err == nil {
			v.insist(string(s.take(size)) == string(packet), "XMP is not the packet expected")
		}
	default:
		v.derivation(it, size, s)
	}
}

// derivation checks that grids and overlays are as long as their inputs demand.
func (v *heifVerifier) derivation(it *heifSeen, size int64, s heifStream) {
	v.insist(size >= 8 && size < 1<<22, "a derivation is too long or too short")
	if v.err != nil {
		return
	}
	b := s.take(size)
	wide := int64(2 + 2*int64(b[1]&1))
	v.insist(b[0] == 0 && b[1] < 2, "version of a derivation")
	switch it.typ {
	case "grid":
		v.insist(size == 4+2*wide && (int(b[2])+1)*(int(b[3])+1) == len(it.inputs), "a grid is not the canonical one")
	case "iovl":
		v.insist(size == 10+2*wide*int64(1+len(it.inputs)), "an overlay is not the canonical one")
	}
}

// nals reads units behind lengths: slices and parameter sets.
func (v *heifVerifier) nals(size int64, s heifStream, lengths int64) {
	for size > 0 && v.err == nil {
		if size < lengths+2 {
			v.insist(false, "a unit is cut short")
			return
		}
		n := int64(heifNumber(s.take(lengths)))
		if n < 2 || n > size-lengths {
			v.insist(false, "a unit is cut short")
			return
		}
		head := s.take(2)
		typ := head[0] >> 1
		v.insist(head[0]&1 == 0 && head[1] > 0 && head[1] < 8, "a unit of another layer")
		picture := typ <= 9 || typ >= 16 && typ <= 21
		sets := typ == 32 || typ == 33 || typ == 34
		v.insist(picture || sets || typ == 35 && n <= 3, "a unit of type %d", typ)
		s.pass(n - 2)
		size -= lengths + n
	}
}

// obus reads units that begin with a type: frames and what they need, or the
// sequence header alone.
func (v *heifVerifier) obus(size int64, s heifStream, headerOnly bool) {
	for size > 0 && v.err == nil {
		first := s.take(1)[0]
		size--
		typ := first >> 3
		if first&4 != 0 && size > 0 {
			s.take(1)
			size--
		}
		n := size
		if first&2 != 0 {
			n = 0
			for shift, more := 0, true; more && v.err == nil; shift += 7 {
				if size == 0 || shift > 49 {
					v.insist(false, "a unit is cut short")
					return
				}
				c := s.take(1)[0]
				size--
				n |= int64(c&0x7F) << shift
				more = c > 0x7F
			}
		}
		ok := typ == 1 || !headerOnly && (typ == 2 && n == 0 || typ == 3 || typ == 4 || typ == 6)
		v.insist(ok && n <= size, "a unit of type %d", typ)
		if v.err == nil {
			s.pass(n)
			size -= n
		}
	}
}
