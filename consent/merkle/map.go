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

// verify checks that the pages add up to the root and each other.
func verify(pages []*page, root Hash, key *[32]byte) error {
	for depth, p := range pages {
		rows := p.levels()
		top := rows[4][0]
		want := root
		if depth > 0 {
			want = pages[depth-1][nibble(key, depth-1)].hash
		}
		if top.hash != want || depth > 0 && top.leaves < 2 {
			return fmt.Errorf("%w: page at depth %d does not fit the one above", ErrCorrupt, depth)
		}
	}
	return nil
}

// setKey sets or, for nil, removes a key and returns the new root. What it
// builds on is not checked against the old one, which would double the time
// that writers hold each other up; proofs are.
func setKey(w Writer, root Hash, key [32]byte, value *Hash) (Hash, error) {
	pages, err := way(w, &key)
	if err != nil {
		return Hash{}, err
	}
	last := len(pages) - 1
	s := &pages[last][nibble(&key, last)]
	switch {
	case value == nil && (s.kind != leafSlot || s.key != key):
		return root, nil // not there
	case value == nil:
		*s = slot{}
	case s.kind == leafSlot && s.key != key:
		// Two keys where one was: pages down to where they part.
		other := *s
		for depth := last + 1; ; depth++ {
			p := new(page)
			pages = append(pages, p)
			a, b := nibble(&key, depth), nibble(&other.key, depth)
			if a != b {
				p[a] = slot{kind: leafSlot, key: key, value: *value}
				p[b] = other
				break
			}
		}
	default:
		*s = slot{kind: leafSlot, key: key, value: *value}
	}
	return writeWay(w, pages, &key)
}

// writeWay hashes the pages from the lowest up and writes them.
func writeWay(w Writer, pages []*page, key *[32]byte) (Hash, error) {
	for depth := len(pages) - 1; ; depth-- {
		p := pages[depth]
		if depth == 0 {
			rows := p.levels()
			return rows[4][0].hash, w.Put(pageKey(key, 0), p.encode())
		}
		above := &pages[depth-1][nibble(key, depth-1)]
		if leaf, alone := p.only(); alone || p.empty() {
			*above = leaf // a page for one leaf is no page
			if err := w.Put(pageKey(key, depth), nil); err != nil {
				return Hash{}, err
			}
			continue
		}
		rows := p.levels()
		*above = slot{kind: pageSlot, hash: rows[4][0].hash}
		if err := w.Put(pageKey(key, depth), p.encode()); err != nil {
			return Hash{}, err
		}
	}
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
	if err := verify(pages, root, &key); err != nil {
		return Hash{}, nil, false, err
	}
	leaf := pages[len(pages)-1][nibble(&key, len(pages)-1)]
	if leaf.kind != leafSlot || leaf.key != key {
		return Hash{}, nil, false, nil
	}
	for depth, p := range pages {
		rows := p.levels()
		at := nibble(&key, depth)
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
