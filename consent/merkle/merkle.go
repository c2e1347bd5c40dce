package merkle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is 32 bytes of SHA-256.
type Hash = tlog.Hash

// Reader reads nodes of one tenant's trees, all from the same moment.
type Reader interface {
	// Nodes returns the node under each key, nil where there is none. What it
	// returns lives at least as long as the snapshot or transaction.
	Nodes(keys [][]byte) ([][]byte, error)
}

// Writer also writes nodes. What was written is read back at once.
type Writer interface {
	Reader
	// Put sets a node; an empty one removes it. It may keep both slices.
	Put(key, node []byte) error
}

// ErrCorrupt is returned for nodes that are missing or malformed, and for
// proofs that prove nothing.
var ErrCorrupt = errors.New("merkle: trees are damaged")

// Head is where the trees of a tenant stand.
type Head struct {
	Size int64 // records ever logged; erased ones stay in as hashes
	Log  Hash  // root over the first Size leaves; zero when there is none
	Map  Hash  // root of the map; zero when it is empty
}

// Step is one record: its leaf and whose it is.
type Step struct {
	Leaf Hash     // of the record, see [tlog.RecordHash]
	Key  [32]byte // the person; the map then says Leaf of them
}

// Nodes of the log are kept under 'l' and their index (8 bytes, big-endian, so
// that new ones lie side by side), pages of the map under 'm' and the way to
// them, and the head under 'h'.
var headKey = []byte("h")

func logKey(index int64) []byte {
	return appendLogKey(nil, index)
}

func appendLogKey(to []byte, index int64) []byte {
	return binary.BigEndian.AppendUint64(append(to, 'l'), uint64(index))
}

// logReader lets tlog read nodes.
type logReader struct{ r Reader }

func (l logReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	keys, all := make([][]byte, len(indexes)), make([]byte, 0, 9*len(indexes))
	for i, index := range indexes {
		all = appendLogKey(all, index)
		keys[i] = all[len(all)-9 : len(all) : len(all)]
	}
	nodes, err := l.r.Nodes(keys)
	if err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(nodes))
	for i, n := range nodes {
		if len(n) != len(hashes[i]) {
			return nil, fmt.Errorf("%w: log node %d has %d bytes", ErrCorrupt, indexes[i], len(n))
		}
		copy(hashes[i][:], n)
	}
	return hashes, nil
}

// readHead reads size and map root.
func readHead(r Reader) (size int64, root Hash, err error) {
	nodes, err := r.Nodes([][]byte{headKey})
	if err != nil {
		return 0, Hash{}, err
	}
	if nodes[0] == nil {
		return 0, Hash{}, nil
	}
	if len(nodes[0]) != 8+len(root) {
		return 0, Hash{}, fmt.Errorf("%w: head of %d bytes", ErrCorrupt, len(nodes[0]))
	}
	n := binary.BigEndian.Uint64(nodes[0])
	if n >= 1<<62 {
		return 0, Hash{}, fmt.Errorf("%w: size", ErrCorrupt)
	}
	copy(root[:], nodes[0][8:])
	return int64(n), root, nil
}

func writeHead(w Writer, size int64, root Hash) error {
	return w.Put(headKey, append(binary.BigEndian.AppendUint64(nil, uint64(size)), root[:]...))
}

// ReadHead computes where the trees stand; the zero Head for a tenant without any.
func ReadHead(r Reader) (Head, error) {
	size, root, err := readHead(r)
	if err != nil || size == 0 {
		return Head{}, err
	}
	log, err := tlog.TreeHash(size, logReader{r})
	if err != nil {
		return Head{}, broken(err)
	}
	return Head{Size: size, Log: log, Map: root}, nil
}

// broken marks what tlog complains about.
func broken(err error) error {
	if errors.Is(err, ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// Append logs records and points the map at them, in this order. It returns the
// first one's number as a leaf, from 0; the others' follow. Many at once cost
// less each: what they have in common of the trees is read, hashed and written
// once.
func Append(w Writer, steps ...Step) (first int64, err error) {
	size, err := Size(w)
	if err != nil || len(steps) == 0 {
		return size, err
	}
	if err := grow(w, size, steps); err != nil {
		return 0, err
	}
	changes := make([]change, len(steps))
	for i := range steps {
		changes[i] = change{steps[i].Key, &steps[i].Leaf}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return bytes.Compare(a.key[:], b.key[:]) })
	last := changes[:0] // of each key
	for i, c := range changes {
		if i+1 == len(changes) || changes[i+1].key != c.key {
			last = append(last, c)
		}
	}
	root, err := setKeys(w, last)
	if err != nil {
		return 0, err
	}
	return size, writeHead(w, size+int64(len(steps)), root)
}

// grow adds leaves to a log of the given size.
func grow(w Writer, size int64, steps []Step) error {
	// The full subtrees that the log consists of, the largest first: one for each
	// bit of its size.
	var at []int64
	for level, end := bits.Len64(uint64(size))-1, int64(0); level >= 0; level-- {
		if size>>level&1 != 0 {
			at = append(at, tlog.StoredHashIndex(level, end>>level))
			end += 1 << level
		}
	}
	peaks, err := logReader{w}.ReadHashes(at)
	if err != nil {
		return err
	}
	for n, s := range steps {
		leaf := size + int64(n)
		// What a leaf completes is kept behind it.
		index, h := tlog.StoredHashIndex(0, leaf), s.Leaf
		for level := 0; ; level++ {
			if err := w.Put(logKey(index), bytes.Clone(h[:])); err != nil {
				return err
			}
			if leaf>>level&1 == 0 {
				break
			}
			index++
			h = tlog.NodeHash(peaks[len(peaks)-1], h)
			peaks = peaks[:len(peaks)-1]
		}
		peaks = append(peaks, h)
	}
	return nil
}

// Size reads how many records were ever logged.
func Size(r Reader) (int64, error) {
	size, _, err := readHead(r)
	return size, err
}

// Remove takes a person out of the map. Their leaves stay in the log: they are
// hashes of what nobody has any more.
func Remove(w Writer, key [32]byte) error {
	size, err := Size(w)
	if err != nil || size == 0 {
		return err
	}
	root, err := setKeys(w, []change{{key: key}})
	if err != nil {
		return err
	}
	return writeHead(w, size, root)
}

// ProveRecord proves that a leaf is in the log of the given size: what
// [tlog.ProveRecord] returns.
func ProveRecord(r Reader, size, leaf int64) ([]Hash, error) {
	if leaf < 0 || leaf >= size {
		return nil, fmt.Errorf("%w: leaf %d of %d", ErrCorrupt, leaf, size)
	}
	// The log consists of full subtrees, the largest first, one for each bit of
	// its size. Beside the way up are the siblings within the leaf's own, then what
	// the ones on its right add up to, then those on its left, the nearest first.
	var room [128]int64
	at, right := room[:0], 0
	own := bits.Len64(uint64(leaf^size)) - 1 // the first bit they differ in is set in size
	for level := range own {
		at = append(at, logIndex(level, leaf>>level^1))
	}
	for level := range bits.Len64(uint64(size)) { // the smallest first
		if full := size >> level; full&1 != 0 && level != own {
			at = append(at, logIndex(level, full-1))
			if level < own {
				right++
			}
		}
	}
	p, err := logReader{r}.ReadHashes(at)
	if err != nil || right == 0 {
		return p, err
	}
	h := p[own]
	for _, left := range p[own+1 : own+right] {
		h = nodeHash(&left, &h)
	}
	p[own] = h
	return append(p[:own+1], p[own+right:]...), nil
}

// logIndex is [tlog.StoredHashIndex] without its loops.
func logIndex(level int, n int64) int64 {
	last := n<<level + 1<<level - 1 // the subtree's last leaf
	return 2*last - int64(bits.OnesCount64(uint64(last))) + int64(level)
}

// CheckRecord checks what ProveRecord proved against a head.
func CheckRecord(p []Hash, head Head, leaf int64, h Hash) error {
	if err := tlog.CheckRecord(p, head.Size, head.Log, leaf, h); err != nil {
		return broken(err)
	}
	return nil
}

// ProveGrowth proves that the log of size now begins with the log of size then.
func ProveGrowth(r Reader, now, then int64) ([]Hash, error) {
	if then <= 0 || then > now {
		return nil, fmt.Errorf("%w: size %d after %d", ErrCorrupt, now, then)
	}
	p, err := tlog.ProveTree(now, then, logReader{r})
	if err != nil {
		return nil, broken(err)
	}
	return p, nil
}

// CheckGrowth checks what ProveGrowth proved.
func CheckGrowth(p []Hash, now, then Head) error {
	if then.Size == 0 { // nothing is the beginning of everything
		if len(p) > 0 {
			return fmt.Errorf("%w: a proof about nothing", ErrCorrupt)
		}
		return nil
	}
	if err := tlog.CheckTree(p, now.Size, now.Log, then.Size, then.Log); err != nil {
		return broken(err)
	}
	return nil
}

// Recompute computes both roots anew, the log's from its leaves and the map's
// from its keys, and returns the head if they are what is stored. It reads
// everything there is.
func Recompute(r Reader) (Head, error) {
	head, err := ReadHead(r)
	if err != nil {
		return Head{}, err
	}
	var peaks []Hash // roots of full subtrees, the largest first, by the bits of the count
	for i := int64(0); i < head.Size; i++ {
		leaf, err := logReader{r}.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
		if err != nil {
			return Head{}, err
		}
		peaks = append(peaks, leaf[0])
		for n := i + 1; n%2 == 0; n /= 2 {
			last := len(peaks) - 2
			peaks = append(peaks[:last], tlog.NodeHash(peaks[last], peaks[last+1]))
		}
	}
	for len(peaks) > 1 {
		last := len(peaks) - 2
		peaks = append(peaks[:last], tlog.NodeHash(peaks[last], peaks[last+1]))
	}
	if head.Size > 0 && peaks[0] != head.Log {
		return Head{}, fmt.Errorf("%w: the leaves do not add up to the root", ErrCorrupt)
	}
	root, err := recomputePage(r, nil)
	if err == nil && root.hash != head.Map {
		err = fmt.Errorf("%w: the keys do not add up to the root", ErrCorrupt)
	}
	if err != nil {
		return Head{}, err
	}
	return head, nil
}

// recomputePage computes what a page and those below it add up to.
func recomputePage(r Reader, way []byte) (subtree, error) {
	if len(way) >= maxDepth {
		return subtree{}, fmt.Errorf("%w: pages below the last bit", ErrCorrupt)
	}
	nodes, err := r.Nodes([][]byte{append([]byte{'m'}, way...)})
	if err != nil {
		return subtree{}, err
	}
	p, err := decodePage(nodes[0])
	if err != nil {
		return subtree{}, err
	}
	for i := range p {
		switch s := &p[i]; s.kind {
		case leafSlot:
			for d, n := range append(way, byte(i)) {
				if nibble(&s.key, d) != int(n) {
					return subtree{}, fmt.Errorf("%w: a key where it does not belong", ErrCorrupt)
				}
			}
		case pageSlot:
			below, err := recomputePage(r, append(way[:len(way):len(way)], byte(i)))
			if err != nil {
				return subtree{}, err
			}
			if below.hash != s.hash || below.leaves < 2 {
				return subtree{}, fmt.Errorf("%w: a page does not fit the one above", ErrCorrupt)
			}
		}
	}
	return p.root(), nil
}
