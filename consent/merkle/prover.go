package merkle

import (
	"fmt"
	"sync"
)

const (
	// nearRoot is how many pages from the root down a Prover remembers. With a
	// million keys that is all but the last page or two of each way.
	nearRoot = 4
	// mostPages bounds what a Prover keeps: some 9 MB.
	mostPages = 8 << 10
)

// Prover proves what maps say of keys, as [ProveKey] does, and keeps the pages
// near the root together with the nodes within them, which is most of what there
// is to read and hash. A page is kept under its own hash, which the one above or
// the head has just stated: what is kept cannot be out of date, and tenants and
// stores may share a Prover. The zero value is ready. Safe for use by many
// goroutines.
type Prover struct {
	mu    sync.RWMutex
	pages map[place]*known
}

// place is where a page is: the same hash at two depths would be two pages.
type place struct {
	depth int
	hash  Hash
}

// known is a page with all nodes in it, as a heap: the page's own at 1, what is
// below node n at 2n and 2n+1, the slots from 16 on.
type known struct {
	nodes  [32]Hash
	leaves [32]uint8 // as in subtree
	page   view      // slots only where there are leaves among them
}

// learn computes the nodes of a page and checks that it is the one wanted.
func learn(v view, want Hash, depth int) (*known, error) {
	k := &known{page: view{there: v.there, leaf: v.leaf}}
	for i := range 16 {
		s := v.subtree(i, 1)
		k.nodes[16+i], k.leaves[16+i] = s.hash, uint8(s.leaves)
		if v.leaf>>i&1 != 0 {
			if key, _ := v.at(i); nibble(&key, depth) != i {
				return nil, fmt.Errorf("%w: a key where it does not belong", ErrCorrupt)
			}
		}
	}
	for i := 15; i > 0; i-- {
		l := subtree{k.nodes[2*i], int(k.leaves[2*i])}
		r := subtree{k.nodes[2*i+1], int(k.leaves[2*i+1])}
		s := join(&l, &r)
		k.nodes[i], k.leaves[i] = s.hash, uint8(s.leaves)
	}
	if k.nodes[1] != want || depth > 0 && k.leaves[1] < 2 {
		return nil, misfit(depth)
	}
	if v.leaf != 0 {
		k.page.slots = append([]byte(nil), v.slots...) // the store's bytes may go with its snapshot
	}
	return k, nil
}

// beside puts the nodes beside the way from a slot up to the page's own, from
// the bottom up, in front of at, and returns where they begin.
func (k *known) beside(slot int, branch []Hash, at int) int {
	for n := 16 + slot; n > 1; n /= 2 {
		if k.leaves[n/2] > 1 { // else what there is has risen to here
			at--
			branch[at] = k.nodes[n^1]
		}
	}
	return at
}

// ends reports whether the way to a key ends in this slot of a page.
func (v *view) ends(slot int) bool {
	at := uint16(1) << slot
	return v.there&at == 0 || v.leaf&at != 0
}

// recall finds the pages from the root on that are known on the way to key, and
// the hash of the first that is not. It ends before a page that is not known, or
// with the one where the way ends.
func (p *Prover) recall(root Hash, key *[32]byte) (above []*known, want Hash, ended bool) {
	want = root
	if p == nil {
		return nil, want, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for depth := range nearRoot {
		k := p.pages[place{depth, want}]
		if k == nil {
			break
		}
		above = append(above, k)
		slot := nibble(key, depth)
		if k.page.ends(slot) {
			return above, want, true
		}
		want = k.nodes[16+slot]
	}
	return above, want, false
}

func (p *Prover) keep(at place, k *known) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pages == nil {
		p.pages = make(map[place]*known)
	}
	if len(p.pages) >= mostPages {
		for old := range p.pages { // whichever comes first: pages of old roots go sooner or later
			delete(p.pages, old)
			break
		}
	}
	p.pages[at] = k
}

// ProveKey is the function [ProveKey] with what is kept.
func (p *Prover) ProveKey(r Reader, key [32]byte) (value Hash, branch []Hash, ok bool, err error) {
	_, root, err := readHead(r)
	if err != nil {
		return Hash{}, nil, false, err
	}
	above, want, ended := p.recall(root, &key)
	var pages []view
	if !ended {
		if pages, err = way(r, &key, len(above)); err != nil {
			return Hash{}, nil, false, err
		}
	}
	for depth := len(above); p != nil && depth < nearRoot && len(pages) > 0; depth++ {
		k, err := learn(pages[0], want, depth)
		if err != nil {
			return Hash{}, nil, false, err
		}
		p.keep(place{depth, want}, k)
		want = k.nodes[16+nibble(&key, depth)]
		above, pages = append(above, k), pages[1:]
	}
	branch = make([]Hash, 4*(len(above)+len(pages)))
	at := len(branch)
	if len(pages) > 0 {
		if at, err = climb(pages, len(above), want, &key, branch); err != nil {
			return Hash{}, nil, false, err
		}
	}
	for depth := len(above) - 1; depth >= 0; depth-- {
		at = above[depth].beside(nibble(&key, depth), branch, at)
	}
	var end *view
	if len(pages) > 0 {
		end = &pages[len(pages)-1]
	} else {
		end = &above[len(above)-1].page
	}
	slot := nibble(&key, len(above)+len(pages)-1)
	if end.leaf>>slot&1 == 0 {
		return Hash{}, nil, false, nil
	}
	if found, is := end.at(slot); found == key {
		return is, branch[at:], true, nil
	}
	return Hash{}, nil, false, nil
}
