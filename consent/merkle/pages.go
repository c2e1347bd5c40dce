package merkle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The map is a binary tree over the bits of the key, cut into pages of four
// bits each so that a database reads few of them. A subtree with one key in it
// is that key's leaf, so what the tree looks like depends on its keys alone.
//
//	leaf  = SHA-256(0, key, value)
//	node  = SHA-256(1, left, right), of which one may be empty
//	empty = zeros
//
// A page is 16 slots: two bytes say for each slot whether something is there,
// two more whether it is a leaf; then 64 bytes for a leaf, 32 for a page below.
type page [16]slot

type slot struct {
	kind       slotKind
	key, value [32]byte // of a leaf
	hash       Hash     // of a page below
}

type slotKind uint8

const (
	emptySlot slotKind = iota
	leafSlot
	pageSlot
)

// maxDepth bounds how deep pages go: 64 nibbles are the whole key.
const maxDepth = 64

func nibble(key *[32]byte, depth int) int {
	return int(key[depth/2]>>(4*(1-depth%2))) & 15
}

// pageKey names the page at a depth on the way to key.
func pageKey(key *[32]byte, depth int) []byte {
	out := append(make([]byte, 0, 2+depth), 'm')
	for d := range depth {
		out = append(out, byte(nibble(key, d)))
	}
	return out
}

func (p *page) encode() []byte {
	var there, leaf uint16
	out := make([]byte, 4, 4+16*64)
	for i := range p {
		switch p[i].kind {
		case leafSlot:
			there, leaf = there|1<<i, leaf|1<<i
			out = append(append(out, p[i].key[:]...), p[i].value[:]...)
		case pageSlot:
			there |= 1 << i
			out = append(out, p[i].hash[:]...)
		}
	}
	if there == 0 {
		return nil
	}
	binary.BigEndian.PutUint16(out, there)
	binary.BigEndian.PutUint16(out[2:], leaf)
	return out
}

func decodePage(b []byte) (*page, error) {
	p := new(page)
	if b == nil {
		return p, nil
	}
	if len(b) < 4 {
		return nil, fmt.Errorf("%w: page of %d bytes", ErrCorrupt, len(b))
	}
	there, leaf := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	rest := b[4:]
	take := func(dst []byte) bool {
		ok := len(rest) >= len(dst)
		if ok {
			rest = rest[copy(dst, rest):]
		}
		return ok
	}
	ok := leaf&^there == 0
	for i := range p {
		switch bit := uint16(1) << i; {
		case there&bit == 0:
		case leaf&bit != 0:
			p[i].kind = leafSlot
			ok = ok && take(p[i].key[:]) && take(p[i].value[:])
		default:
			p[i].kind = pageSlot
			ok = ok && take(p[i].hash[:])
		}
	}
	if !ok || len(rest) > 0 || there == 0 {
		return nil, fmt.Errorf("%w: page", ErrCorrupt)
	}
	return p, nil
}

// view is a page as it is stored, whose slots are read where they stand.
type view struct {
	there, leaf uint16
	slots       []byte
}

func viewPage(b []byte) (view, error) {
	if b == nil {
		return view{}, nil
	}
	if len(b) < 4 {
		return view{}, fmt.Errorf("%w: page of %d bytes", ErrCorrupt, len(b))
	}
	v := view{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), b[4:]}
	if v.there == 0 || v.leaf&^v.there != 0 || len(v.slots) != v.before(16) {
		return view{}, fmt.Errorf("%w: page", ErrCorrupt)
	}
	return v, nil
}

// before is how many bytes the slots in front of slot i take.
func (v *view) before(i int) int {
	mask := uint16(1<<i - 1)
	return 32 * (bits.OnesCount16(v.there&mask) + bits.OnesCount16(v.leaf&mask))
}

// at returns what stands in slot i, a leaf.
func (v *view) at(i int) (key, value [32]byte) {
	b := v.slots[v.before(i):]
	return [32]byte(b), [32]byte(b[32:])
}

// below returns the hash in slot i, which stands for a page.
func (v *view) below(i int) Hash { return Hash(v.slots[v.before(i):]) }

// subtree computes the node over n slots from lo on; n is a power of two.
func (v *view) subtree(lo, n int) subtree {
	run := uint16(1<<n-1) << lo
	here := v.there & run
	if here == 0 {
		return subtree{}
	}
	if here&(here-1) == 0 { // one slot: a leaf rises to here
		i := bits.TrailingZeros16(here)
		switch {
		case v.leaf&here != 0:
			key, value := v.at(i)
			return subtree{leafHash(&key, &value), 1}
		case n == 1:
			return subtree{v.below(i), 2}
		}
	}
	l, r := v.subtree(lo, n/2), v.subtree(lo+n/2, n/2)
	return join(&l, &r)
}

func leafHash(key, value *[32]byte) Hash {
	var b [65]byte
	copy(b[1:], key[:])
	copy(b[33:], value[:])
	return sha256.Sum256(b[:])
}

// nodeHash joins two subtrees that are more than one leaf together.
func nodeHash(l, r *Hash) Hash {
	var b [65]byte
	b[0] = 1
	copy(b[1:], l[:])
	copy(b[33:], r[:])
	return sha256.Sum256(b[:])
}

// subtree is a run of slots seen as one node: its hash, and how much is in it.
type subtree struct {
	hash   Hash
	leaves int // 2 stands for more, or for a page
}

func (s *slot) subtree() subtree {
	switch s.kind {
	case leafSlot:
		return subtree{leafHash(&s.key, &s.value), 1}
	case pageSlot:
		return subtree{s.hash, 2}
	}
	return subtree{}
}

// join makes the node above two. One leaf alone rises; anything else is hashed.
func join(l, r *subtree) subtree {
	if l.leaves+r.leaves <= 1 {
		if l.leaves == 1 {
			return *l
		}
		return *r
	}
	return subtree{nodeHash(&l.hash, &r.hash), 2}
}

// root computes the node that a page adds up to.
func (p *page) root() subtree {
	var row [16]subtree
	for i := range p {
		row[i] = p[i].subtree()
	}
	for n := 8; n > 0; n /= 2 {
		for i := range n {
			row[i] = join(&row[2*i], &row[2*i+1])
		}
	}
	return row[0]
}

// only returns the one leaf of a page that holds nothing else.
func (p *page) only() (leaf slot, ok bool) {
	for i := range p {
		switch p[i].kind {
		case pageSlot:
			return slot{}, false
		case leafSlot:
			if ok {
				return slot{}, false
			}
			leaf, ok = p[i], true
		}
	}
	return leaf, ok
}

func (p *page) empty() bool { return *p == page{} }
