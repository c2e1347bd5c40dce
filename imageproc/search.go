package imageproc

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"sort"
	"sync"

	"github.com/fitveil/fitveil/imageproc/internal/seek"
)

// matcher finds any of many patterns in one pass. Each pattern has eight bytes
// or more, so it can't lie anywhere without covering one of every seven pairs of
// neighbouring bytes: only those pairs are looked at. A pair that occurs in the
// head of no pattern, which nearly all pairs of coded data are, costs one bit of
// an 8 KiB filter. For the others it is known how far from the start of a
// pattern they stand, the eight bytes there are looked up, and what begins like
// a pattern is compared with it.
//
// Where the processor can, most data is passed over before that: a pattern can't
// begin but where eight bytes follow each of which is in the head of some pattern.
type matcher struct {
	runs    func(b []byte, s *seek.Set) int // nil if that takes longer
	letters seek.Set                        // what heads of patterns consist of
	filter  [1 << 10]uint64                 // a bit for each pair
	offset  [1 << 16]uint8                  // the distances from the start, as bits, of a pair
	heads   []matchHead                     // open addressing by the first eight bytes
	shift   int
	sorted  [][]byte // none is the beginning of another
	longest int
	seam    []byte // see find
	keys    []matchKey
	spare   [][]byte
	said    sayings
	made    arena // holds patterns
}

const (
	matchHeadBytes = 8
	matchStride    = matchHeadBytes - 1
)

// matchHead says which patterns, sorted[lo:hi], begin with the same eight bytes.
type matchHead struct {
	key    uint64
	lo, hi int
}

// mostHeads is room for some hundred values. What a search for more took goes.
const mostHeads = 1 << 12

// matchers are those that are in no use. Their tables are empty: to clear what few
// patterns have set takes much less than to clear a new one.
var matchers = sync.Pool{New: func() any {
	m := new(matcher)
	m.said.reset()
	return m
}}

// ready makes the tables for the patterns in sorted, and returns nil if there are
// none. close it when all is found.
func (m *matcher) ready() *matcher {
	if len(m.sorted) == 0 {
		m.close()
		return nil
	}
	if best, fast := seek.Best(); fast {
		m.runs = best.Run
	}
	sorted := m.sorted
	m.order(sorted)
	m.sorted = sorted[:0]
	for _, p := range sorted {
		if n := len(m.sorted); n == 0 || !bytes.HasPrefix(p, m.sorted[n-1]) {
			m.sorted = append(m.sorted, p)
		}
		m.longest = max(m.longest, len(p))
	}
	clear(sorted[len(m.sorted):])
	size := bits.Len(uint(4 * len(m.sorted)))
	m.heads, m.shift = slices.Grow(m.heads, 1<<size)[:1<<size], 64-size
	m.seam = slices.Grow(m.seam, 2*m.longest)
	for i, p := range m.sorted {
		m.enter(p, i)
	}
	return m
}

// matchKey stands for a text: its first eight bytes, and which it is.
type matchKey struct {
	head uint64
	i    int
}

// order sorts texts of eight bytes or more. What moves is numbers, for to move slices
// takes much longer while memory is collected.
func (m *matcher) order(list [][]byte) {
	m.keys = slices.Grow(m.keys, len(list))[:len(list)]
	for i, p := range list {
		m.keys[i] = matchKey{binary.BigEndian.Uint64(p), i}
	}
	slices.SortFunc(m.keys, func(a, b matchKey) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return bytes.Compare(list[a.i], list[b.i])
	})
	m.spare = append(m.spare, list...)
	for i, k := range m.keys {
		list[i] = m.spare[k.i]
	}
	clear(m.keys)
	clear(m.spare)
	m.keys, m.spare = m.keys[:0], m.spare[:0]
}

// close empties the tables and leaves them to the next search. Nothing of the
// patterns stays in them.
func (m *matcher) close() {
	for _, p := range m.sorted {
		for o := range matchStride {
			pair := binary.LittleEndian.Uint16(p[o:])
			m.filter[pair>>6], m.offset[pair] = 0, 0
		}
	}
	m.letters, m.longest = seek.Set{}, 0
	clear(m.heads)
	clear(m.sorted)
	clear(m.seam[:cap(m.seam)])
	m.heads, m.sorted, m.seam = m.heads[:0], m.sorted[:0], m.seam[:0]
	m.said.reset()
	m.made.empty()
	if cap(m.heads) > mostHeads {
		m.heads, m.sorted, m.keys, m.spare = nil, nil, nil, nil
	}
	matchers.Put(m)
}

func (m *matcher) enter(p []byte, i int) {
	h := m.slot(binary.LittleEndian.Uint64(p))
	if h.hi == 0 {
		h.key, h.lo = binary.LittleEndian.Uint64(p), i
	}
	h.hi = i + 1
	for _, c := range p[:matchHeadBytes] {
		m.letters.Add(c)
	}
	for o := range matchStride {
		pair := binary.LittleEndian.Uint16(p[o:])
		m.filter[pair>>6] |= 1 << (pair & 63)
		m.offset[pair] |= 1 << o
	}
}

// slot is where a key is, or the empty place where it would be.
func (m *matcher) slot(key uint64) *matchHead {
	for i := key * 0x9E3779B97F4A7C15 >> m.shift; ; i++ {
		h := &m.heads[i&uint64(len(m.heads)-1)]
		if h.hi == 0 || h.key == key {
			return h
		}
	}
}

// find returns the offset of some occurrence in r, or -1.
func (m *matcher) find(r rope) int64 {
	var at int64
	seam := m.seam[:0] // what precedes the next slice, as far as a pattern reaches
	defer func() { m.seam = seam }()
	for _, s := range r {
		if joined := append(seam, s[:min(len(s), m.longest-1)]...); len(seam) > 0 {
			if i := m.in(joined); i >= 0 {
				return at - int64(len(seam)) + int64(i)
			}
		}
		if i := m.in(s); i >= 0 {
			return at + int64(i)
		}
		at += int64(len(s))
		keep := max(0, m.longest-1-len(s))
		seam = append(seam[:0], seam[max(0, len(seam)-keep):]...)
		seam = append(seam, s[max(0, len(s)-m.longest+1):]...)
	}
	return -1
}

// in is find for one slice.
func (m *matcher) in(b []byte) int {
	if m.runs == nil {
		return m.pairs(b, 0, len(b))
	}
	// Where one run is, there often are more: a kilobyte is looked at before the
	// next one is sought.
	const closer = 1 << 10
	for i := 0; i < len(b); i += closer {
		i += m.runs(b[i:], &m.letters)
		if at := m.pairs(b, i, min(i+closer, len(b))); at >= 0 {
			return at
		}
	}
	return -1
}

// pairs is in for patterns that begin from i on and before end.
func (m *matcher) pairs(b []byte, i, end int) int {
	const pairs = 4           // in flight at a time
	last := end + matchStride // a pattern that begins before end has a pair before this
	for ; len(b)-i >= pairs*matchStride+1 && i < last; i += pairs * matchStride {
		c := (*[pairs*matchStride + 1]byte)(b[i:])
		p0, p1 := uint(c[0])|uint(c[1])<<8, uint(c[7])|uint(c[8])<<8
		p2, p3 := uint(c[14])|uint(c[15])<<8, uint(c[21])|uint(c[22])<<8
		hit := m.filter[p0>>6&1023]>>(p0&63) | m.filter[p1>>6&1023]>>(p1&63) |
			m.filter[p2>>6&1023]>>(p2&63) | m.filter[p3>>6&1023]>>(p3&63)
		if hit&1 == 0 {
			continue
		}
		for k := range pairs {
			if at := m.around(b, i+k*matchStride); at >= 0 {
				return at
			}
		}
	}
	for ; len(b)-i >= 2 && i < last; i += matchStride {
		if at := m.around(b, i); at >= 0 {
			return at
		}
	}
	return -1
}

// around looks for a pattern over the pair at i and returns where it begins.
func (m *matcher) around(b []byte, i int) int {
	for mask := m.offset[binary.LittleEndian.Uint16(b[i:])]; mask != 0; mask &= mask - 1 {
		at := i - bits.TrailingZeros8(mask)
		if at < 0 || len(b)-at < matchHeadBytes {
			continue
		}
		h := m.slot(binary.LittleEndian.Uint64(b[at:]))
		if h.hi == 0 {
			continue
		}
		// If one begins what stands here, it is the last that is not behind it
		// in the order, for none begins another.
		text, group := b[at:], m.sorted[h.lo:h.hi]
		n := sort.Search(len(group), func(k int) bool { return bytes.Compare(group[k], text) > 0 })
		if n > 0 && bytes.HasPrefix(text, group[n-1]) {
			return at
		}
	}
	return -1
}

// spelledOut lists what outputs say by themselves, where it is long enough to be
// taken for a value: the constants of the formats, and the run of printable bytes
// in the Huffman tables of T.81 annex K.
var spelledOut = [][]byte{
	[]byte(xmpSignature), []byte(iccSignature), []byte(pngXMPHead), []byte(gifXMPHead), gifXMPTail(),
	[]byte(isoGainSignature), []byte("NETSCAPE2.0"), []byte("ANIMEXTS1.0"), []byte("ICCRGBG1012"),
	[]byte("application/rdf+xml"), []byte("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"),
	[]byte("urn:mpeg:hevc:2015:auxid:1"), []byte("urn:mpeg:avc:2015:auxid:1"),
	[]byte("$3br\x82\x09\x0A\x16\x17\x18\x19\x1A%&'()*456789:CDEFGHIJSTUVWXYZcdefghijstuvwxyz"),
	[]byte("&'()*56789:CDEFGHIJSTUVWXYZcdefghijstuvwxyz"),
	[]byte("mntrRGB XYZ mntrRGB Lab mntrGRAYXYZ mntrGRAYLab scnrRGB XYZ scnrRGB Lab scnrGRAYXYZ scnrGRAYLab " +
		"spacRGB XYZ spacRGB Lab spacGRAYXYZ spacGRAYLab prtrRGB XYZ prtrRGB Lab prtrCMYKXYZ prtrCMYKLab prtrGRAYXYZ prtrGRAYLab"),
}

// spelled is spelledOut, as a search begins with it.
var spelled = func() (s sayings) {
	for _, text := range spelledOut {
		s.add(text)
	}
	return s
}()

// search looks in the output for the values that the input's metadata held.
func (p *picture) search(packet []byte) error {
	var second, brands []byte
	if p.second != nil {
		second = p.second.packet
	}
	if p.format == HEIC || p.format == AVIF {
		head := p.out[0]
		brands = head[:min(int(binary.BigEndian.Uint32(head)), len(head))] // ftyp
	}
	m := p.texts.matcher(packet, p.c2pa, second, brands)
	if m == nil {
		return nil
	}
	defer m.close()
	if at := m.find(p.out); at >= 0 {
		return &FormatError{Format: p.format, Part: "output", Offset: at, Reason: "holds a text of the input's metadata", Err: ErrVerify}
	}
	return nil
}
