package boltstore

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/merkle"
)

// draft is a commit in the making: a transaction, and what it adds to the journal.
type draft struct {
	tx      *bolt.Tx
	journal *journal
	entries []entry
	heads   map[place]uint64 // of those in entries
	nonces  map[[2]string]bool
	sizes   map[string]int64
}

func newDraft(tx *bolt.Tx, j *journal) *draft {
	return &draft{tx: tx, journal: j, heads: make(map[place]uint64), nonces: make(map[[2]string]bool), sizes: make(map[string]int64)}
}

// seq returns the number of a person's last record.
func (d *draft) seq(who consent.Subject) (uint64, error) {
	p := placeOf(who)
	if seq, ok := d.heads[p]; ok {
		return seq, nil
	}
	if p, ok := d.journal.head(p); ok {
		return p.seq, nil
	}
	head, err := settledHead(d.tx, who)
	return head.Seq, err
}

func (d *draft) used(tenant string, nonce []byte) bool {
	if d.nonces[[2]string{tenant, string(nonce)}] || d.journal.used(tenant, nonce) {
		return true
	}
	if t := d.tx.Bucket(tenantBucket(tenant)); t != nil {
		if nonces := t.Bucket(bucketNonces); nonces != nil {
			return nonces.Get(nonce) != nil
		}
	}
	return false
}

// size returns how many leaves a tenant's log has.
func (d *draft) size(tenant string) (int64, error) {
	if n, ok := d.sizes[tenant]; ok {
		return n, nil
	}
	if n, ok := d.journal.size(tenant); ok {
		return n, nil
	}
	file, err := treesOf(d.tx, tenant)
	if err != nil {
		return 0, err
	}
	return merkle.Size(file)
}

// append takes a record into the draft, or says why not and changes nothing.
func (d *draft) append(who consent.Subject, r consent.Record) error {
	seq, err := d.seq(who)
	if err != nil {
		return err
	}
	if r.Seq != seq+1 {
		return consent.ErrConflict
	}
	p := placeOf(who)
	if r.Nonce != nil && (len(r.Nonce) == 0 || len(r.Nonce) > bolt.MaxKeySize) {
		// It could be written, and then not settled.
		return fmt.Errorf("nonce of %d bytes", len(r.Nonce))
	}
	if r.Nonce != nil && d.used(p.tenant, r.Nonce) {
		return consent.ErrReplay
	}
	if r.Leaf, err = d.size(p.tenant); err != nil {
		return err
	}
	// The caller keeps its slices.
	kept := make([]byte, 0, len(r.Event)+len(r.State))
	kept = append(append(kept, r.Event...), r.State...)
	n := len(r.Event)
	r.Event, r.State, r.Leases = kept[:n:n], kept[n:], nil
	d.entries = append(d.entries, entry{p, r, tlog.RecordHash(r.Event)})
	d.heads[p], d.sizes[p.tenant] = r.Seq, r.Leaf+1
	if r.Nonce != nil {
		d.nonces[[2]string{p.tenant, string(r.Nonce)}] = true
	}
	return nil
}

// write puts what was drafted into the journal's next row, and the time.
func (d *draft) write() error {
	if len(d.entries) == 0 {
		return nil
	}
	rows, err := d.tx.CreateBucketIfNotExists(bucketJournal)
	if err != nil {
		return err
	}
	// Each row is a bucket by itself, or bbolt would copy its neighbours along.
	key := binary.BigEndian.AppendUint64(nil, d.journal.row)
	b, err := rows.CreateBucket(key)
	if err != nil {
		return err
	}
	if err := b.Put(keyRow, pack("journal", key, encodeEntries(d.entries))); err != nil {
		return err
	}
	latest := d.journal.latest()
	for i := range d.entries {
		if t := d.entries[i].r.Time; t.After(latest) {
			latest = t
		}
	}
	if !latest.After(d.journal.latest()) {
		return nil
	}
	micro := binary.BigEndian.AppendUint64(nil, uint64(latest.UnixMicro()))
	return d.tx.Bucket(bucketMeta).Put(keyTime, pack("meta", keyTime, micro))
}

// A row of the journal is its entries one after another: lengths as uvarints
// before what has no fixed one. Leaf numbers are those of the log they go to.
func encodeEntries(entries []entry) []byte {
	size := 0
	for i := range entries {
		e := &entries[i]
		size += len(e.who.tenant) + len(e.r.Event) + len(e.r.State) + len(e.r.Nonce) + 80
	}
	out := make([]byte, 0, size)
	text := func(b []byte) {
		out = binary.AppendUvarint(out, uint64(len(b)))
		out = append(out, b...)
	}
	for i := range entries {
		e := &entries[i]
		text([]byte(e.who.tenant))
		out = append(out, e.who.id[:]...)
		out = binary.AppendUvarint(out, e.r.Seq)
		out = binary.AppendUvarint(out, uint64(e.r.Leaf))
		text(e.r.Nonce)
		text(e.r.State)
		text(e.r.Event)
	}
	return out
}

// decodeEntries undoes encodeEntries. The checksum has been seen to.
func decodeEntries(in []byte) (entries []entry, err error) {
	bad := false
	number := func() uint64 {
		v, n := binary.Uvarint(in)
		if n <= 0 {
			bad = true
			return 0
		}
		in = in[n:]
		return v
	}
	take := func(n uint64) []byte {
		if bad || n > uint64(len(in)) {
			bad = true
			return nil
		}
		out := in[:n:n]
		in = in[n:]
		return out
	}
	for len(in) > 0 && !bad {
		var e entry
		e.who.tenant = string(take(number()))
		copy(e.who.id[:], take(uint64(len(e.who.id))))
		e.r.Seq, e.r.Leaf = number(), int64(number())
		if nonce := take(number()); len(nonce) > 0 {
			e.r.Nonce = nonce
		}
		e.r.State, e.r.Event = take(number()), take(number())
		e.hash = tlog.RecordHash(e.r.Event)
		entries = append(entries, e)
	}
	if bad {
		return nil, fmt.Errorf("%w: row of the journal", consent.ErrCorrupt)
	}
	return entries, nil
}
