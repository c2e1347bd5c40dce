package merkle

import (
	"bytes"
	"fmt"
)

// readAtOnce is how many pages on the way to a key are asked for together. A
// million keys lie five deep.
const readAtOnce = 7

// readBelow is how many are when the way begins below those that are known.
const readBelow = 3

// way reads the pages from a depth down to where key is or would be.
func way(r Reader, key *[32]byte, from int) ([]view, error) {
	atOnce := readAtOnce
	if from > 0 { // most of the way is known
		atOnce = readBelow
	}
	pages := make([]view, 0, atOnce)
	for depth := from; depth < maxDepth; {
		nodes, err := r.Nodes(pageKeys(key, depth, min(depth+atOnce, maxDepth)))
		if err != nil {
			return nil, err
		}
		for _, n := range nodes {
			v, err := viewPage(n)
			if err != nil {
				return nil, err
			}
			pages = append(pages, v)
			if v.ends(nibble(key, depth)) {
				return pages, nil
			}
			depth++
		}
	}
	return nil, fmt.Errorf("%w: pages below the last bit", ErrCorrupt)
}

// pageKeys names the pages from one depth to before another on the way to key.
func pageKeys(key *[32]byte, from, to int) [][]byte {
	longest := pageKey(key, to-1)
	keys := make([][]byte, 0, to-from)
	for d := from; d < to; d++ {
		keys = append(keys, longest[:1+d:1+d])
	}
	return keys
}

// climb computes the nodes from where key is or would be up to the first of
// pages, which is at a depth from, checks that each page is what the one above
// says and the first the one wanted, and puts those beside the way at the end of
// branch, the uppermost first. It returns where they begin.
func climb(pages []view, from int, want Hash, key *[32]byte, branch []Hash) (int, error) {
	last := len(pages) - 1
	h := pages[last].subtree(nibble(key, from+last), 1)
	at := len(branch)
	for i := last; i >= 0; i-- {
		slot := nibble(key, from+i)
		for n := 1; n < 16; n *= 2 {
			beside := pages[i].subtree(slot&^(n-1)^n, n)
			if slot&n == 0 {
				h = join(&h, &beside)
			} else {
				h = join(&beside, &h)
			}
			if h.leaves > 1 { // else what there is has risen to here
				at--
				branch[at] = beside.hash
			}
		}
		stated := want
		if i > 0 {
			stated = pages[i-1].below(nibble(key, from+i-1))
		}
		if h.hash != stated || from+i > 0 && h.leaves < 2 {
			return 0, misfit(from + i)
		}
	}
	return at, nil
}

func misfit(depth int) error {
	return fmt.Errorf("%w: page at depth %d does not fit the one above", ErrCorrupt, depth)
}

// change is what becomes of one key: another value, or none.
type change struct {
	key   [32]byte
	value *Hash // nil: the key goes
}

// setKeys makes the changes, one a key and in the order of their keys, and
// returns the new root. A page on the way to several keys is read, hashed and
// written once. What it builds on is not checked against the old root, which
// would double the time that writers hold each other up; proofs are.
func setKeys(w Writer, changes []change) (Hash, error) {
	m := mapping{w: w}
	if len(changes) == 1 {
		m.lone = &changes[0].key
	}
	p, err := m.load(&changes[0].key, 0)
	if err != nil {
		return Hash{}, err
	}
	if err := m.below(p, 0, changes); err != nil {
		return Hash{}, err
	}
	return p.root().hash, w.Put(pageKey(&changes[0].key, 0), p.encode())
}

// mapping is a walk over the pages that changes lead to.
type mapping struct {
	w Writer
	// With one key the way is known: its pages are read some at a time, so that a
	// database answers once rather than once a page.
	lone  *[32]byte
	ahead [][]byte // pages from depth from on
	from  int
}

// load reads the page at a depth on the way to key; one that is not there is empty.
func (m *mapping) load(key *[32]byte, depth int) (*page, error) {
	if depth >= maxDepth {
		return nil, fmt.Errorf("%w: pages below the last bit", ErrCorrupt)
	}
	if m.lone == nil || depth >= m.from+len(m.ahead) {
		keys := [][]byte{pageKey(key, depth)}
		if m.lone != nil {
			for d := depth + 1; d < min(depth+readAtOnce, maxDepth); d++ {
				keys = append(keys, pageKey(key, d))
			}
		}
		var err error
		if m.ahead, err = m.w.Nodes(keys); err != nil {
			return nil, err
		}
		m.from = depth
	}
	return decodePage(m.ahead[depth-m.from])
}

// below makes the changes in a page and whatever hangs on it. The page itself
// is for the caller to write.
func (m *mapping) below(p *page, depth int, changes []change) error {
	for len(changes) > 0 {
		at := nibble(&changes[0].key, depth)
		n := 1
		for n < len(changes) && nibble(&changes[n].key, depth) == at {
			n++
		}
		if err := m.slot(&p[at], depth, changes[:n]); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

// slot makes the changes that lead to one slot of a page.
func (m *mapping) slot(s *slot, depth int, changes []change) error {
	if c := &changes[0]; len(changes) == 1 && s.kind != pageSlot && (s.kind == emptySlot || s.key == c.key) {
		if *s = (slot{}); c.value != nil {
			*s = slot{kind: leafSlot, key: c.key, value: *c.value}
		}
		return nil
	}
	if depth+1 >= maxDepth {
		return fmt.Errorf("%w: pages below the last bit", ErrCorrupt)
	}
	p, key := new(page), &changes[0].key
	switch s.kind {
	case pageSlot:
		var err error
		if p, err = m.load(key, depth+1); err != nil {
			return err
		}
	case leafSlot: // several keys where one was: it goes down with them
		p[nibble(&s.key, depth+1)] = *s
	}
	if err := m.below(p, depth+1, changes); err != nil {
		return err
	}
	if leaf, alone := p.only(); alone || p.empty() { // a page for one leaf is no page
		was := s.kind
		*s = leaf
		if was != pageSlot {
			return nil
		}
		return m.w.Put(pageKey(key, depth+1), nil)
	}
	*s = slot{kind: pageSlot, hash: p.root().hash}
	return m.w.Put(pageKey(key, depth+1), p.encode())
}

// ProveKey proves what the map says of key: its value, and the nodes beside the
// way down to it, the root's first. A key that is not there is ok false. Whoever
// proves more than once does it with a [Prover].
func ProveKey(r Reader, key [32]byte) (value Hash, branch []Hash, ok bool, err error) {
	var nothing *Prover
	return nothing.ProveKey(r, key)
}

// CheckKey checks that a map with this root says value of key, and nothing else.
func CheckKey(branch []Hash, root Hash, key [32]byte, value Hash) error {
	if len(branch) > 8*len(key) {
		return fmt.Errorf("%w: branch of %d nodes", ErrCorrupt, len(branch))
	}
	v := [32]byte(value)
	h := leafHash(&key, &v)
	for d := len(branch) - 1; d >= 0; d-- {
		if key[d/8]>>(7-d%8)&1 == 0 {
			h = nodeHash(&h, &branch[d])
		} else {
			h = nodeHash(&branch[d], &h)
		}
	}
	if !bytes.Equal(h[:], root[:]) {
		return fmt.Errorf("%w: the map says something else", ErrCorrupt)
	}
	return nil
}
