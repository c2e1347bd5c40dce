package merkle

import (
	"bytes"
	"fmt"
)

// readAtOnce is how many pages on the way to a key are asked for together. A
// million keys lie five deep.
const readAtOnce = 7

// way reads the pages from the root to where key is or would be.
func way(r Reader, key *[32]byte) ([]*page, error) {
	var pages []*page
	for depth := 0; depth < maxDepth; {
		keys := make([][]byte, 0, readAtOnce)
		for d := depth; d < min(depth+readAtOnce, maxDepth); d++ {
			keys = append(keys, pageKey(key, d))
		}
		nodes, err := r.Nodes(keys)
		if err != nil {
			return nil, err
		}
		for _, n := range nodes {
			p, err := decodePage(n)
			if err != nil {
				return nil, err
			}
			pages = append(pages, p)
			if p[nibble(key, depth)].kind != pageSlot {
				return pages, nil
			}
			depth++
		}
	}
	return nil, fmt.Errorf("%w: pages below the last bit", ErrCorrupt)
}

// verify checks that the pages add up to the root and each other, and returns
// the nodes of each.
func verify(pages []*page, root Hash, key *[32]byte) ([][5][16]subtree, error) {
	all := make([][5][16]subtree, len(pages))
	for depth, p := range pages {
		p.levels(&all[depth])
		top := &all[depth][4][0]
		want := root
		if depth > 0 {
			want = pages[depth-1][nibble(key, depth-1)].hash
		}
		if top.hash != want || depth > 0 && top.leaves < 2 {
			return nil, fmt.Errorf("%w: page at depth %d does not fit the one above", ErrCorrupt, depth)
		}
	}
	return all, nil
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
// way down to it, the root's first. A key that is not there is ok false.
func ProveKey(r Reader, key [32]byte) (value Hash, branch []Hash, ok bool, err error) {
	_, root, err := readHead(r)
	if err != nil {
		return Hash{}, nil, false, err
	}
	pages, err := way(r, &key)
	if err != nil {
		return Hash{}, nil, false, err
	}
	all, err := verify(pages, root, &key)
	if err != nil {
		return Hash{}, nil, false, err
	}
	leaf := pages[len(pages)-1][nibble(&key, len(pages)-1)]
	if leaf.kind != leafSlot || leaf.key != key {
		return Hash{}, nil, false, nil
	}
	branch = make([]Hash, 0, 4*len(pages))
	for depth := range all {
		rows, at := &all[depth], nibble(&key, depth)
		for d := 3; d >= 0; d-- {
			if rows[d+1][at>>(d+1)].leaves == 1 {
				break // the leaf has risen to here
			}
			branch = append(branch, rows[d][at>>d^1].hash)
		}
	}
	return leaf.value, branch, true, nil
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
