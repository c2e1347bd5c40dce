package consent

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// state is what a subject's events add up to. It can always be computed anew
// from them, so its form may change between versions; the events' may not.
type state struct {
	seq     uint64
	last    hex32     // hash of the last event
	lastAt  time.Time // of the last event; times of a chain never go back
	floor   time.Time // of the last withdrawal of everything
	entries []entry   // sorted by purpose
}

// entry is where one purpose stands.
type entry struct {
	purpose         Purpose
	kind            Reason    // Granted, Refused, Withdrawn or Expired
	at              time.Time // when the person answered; of an expiry, when it was noticed
	until           time.Time // zero: no end
	notice, version string
	recipients      []string
	heartbeat       time.Duration // zero: not bound to a session
	atLeast         int
	country         string
	guardian, own   bool
}

func (s *state) find(p Purpose) (entry, bool) {
	if e := s.entry(p); e != nil {
		return *e, true
	}
	return entry{}, false
}

// entry returns where p stands, nil if nothing is on record; there are few, and
// a search that copies them takes longer.
func (s *state) entry(p Purpose) *entry {
	for i := range s.entries {
		if s.entries[i].purpose == p {
			return &s.entries[i]
		}
	}
	return nil
}

func compareEntry(e entry, p Purpose) int { return cmp.Compare(e.purpose, p) }

func (s *state) put(e entry) {
	i, ok := slices.BinarySearchFunc(s.entries, e.purpose, compareEntry)
	if ok {
		s.entries[i] = e
		return
	}
	s.entries = slices.Insert(s.entries, i, e)
}

// apply adds an event. This is the whole meaning of events.
func (s *state) apply(b *body, hash hex32) {
	s.seq, s.last, s.lastAt = b.Seq, hash, b.EventTime
	if b.All {
		s.floor = b.EventTime
		for i := range s.entries {
			s.entries[i] = entry{purpose: s.entries[i].purpose, kind: Withdrawn, at: b.EventTime}
		}
		return
	}
	// An option that was shown and left alone is a no, also after an earlier yes.
	for _, c := range b.Choices {
		if !c.Granted {
			s.put(entry{purpose: c.Purpose, kind: Refused, at: b.EventTime})
		}
	}
	for _, p := range b.Purposes {
		e := entry{purpose: p, kind: b.EventType, at: b.EventTime, until: b.ValidUntil}
		if b.Notice != nil {
			e.at, e.notice, e.version, e.recipients = b.EvidenceTime, b.Notice.ID, b.Notice.Version, b.recipients(p)
			e.heartbeat, e.atLeast, e.country = time.Duration(b.Heartbeat)*time.Second, b.AgeAtLeast, b.Country
			e.guardian, e.own = b.Guardian != nil, b.OwnPhoto
		}
		s.put(e)
	}
}

// answeredAfter reports whether the person gave another answer about p after t.
func (s *state) answeredAfter(t time.Time, p Purpose) bool {
	if s.floor.After(t) {
		return true
	}
	e, ok := s.find(p)
	return ok && e.kind != Expired && e.at.After(t)
}

// A state row is: version byte, the fields, 16 bytes of HMAC-SHA-256 over the
// subject and all before. A row from elsewhere, of somebody else or changed by
// hand does not open. Putting an old row back is not noticed here.
const (
	stateVersion = 2
	sealSize     = 16
	maxState     = 1 << 20
)

// errStateVersion asks for the state to be computed anew from the events.
var errStateVersion = errors.New("state row of another version")

var kinds = []Reason{Granted, Refused, Withdrawn, Expired} // index is stored: append only

func sealState(k *keys, who Subject, row []byte) []byte {
	m := hmac.New(sha256.New, k.state[:])
	d := who.s.get()
	m.Write(binary.AppendUvarint(nil, uint64(len(d.tenant))))
	io.WriteString(m, d.tenant)
	m.Write(d.id[:])
	m.Write(row)
	return m.Sum(nil)[:sealSize]
}

func encodeState(k *keys, who Subject, s *state) []byte {
	out := append(make([]byte, 0, 256), stateVersion)
	out = binary.AppendUvarint(out, s.seq)
	out = append(out, s.last[:]...)
	out = appendTime(out, s.lastAt)
	out = appendTime(out, s.floor)
	out = binary.AppendUvarint(out, uint64(len(s.entries)))
	for _, e := range s.entries {
		out = appendText(out, string(e.purpose))
		out = append(out, byte(slices.Index(kinds, e.kind)))
		out = appendTime(out, e.at)
		out = appendTime(out, e.until)
		out = appendText(out, e.notice)
		out = appendText(out, e.version)
		out = binary.AppendUvarint(out, uint64(len(e.recipients)))
		for _, r := range e.recipients {
			out = appendText(out, r)
		}
		out = binary.AppendUvarint(out, uint64(e.heartbeat/time.Second))
		out = binary.AppendUvarint(out, uint64(e.atLeast))
		out = appendText(out, e.country)
		out = append(out, bit(e.guardian)|bit(e.own)<<1)
	}
	return append(out, sealState(k, who, out)...)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendText(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

// appendTime writes microseconds since 1970; 0 stands for the zero time.
func appendTime(out []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(out, 0)
	}
	return binary.AppendVarint(out, t.UnixMicro())
}

// decodeState opens a row. Errors: errStateVersion, [ErrCorrupt].
func decodeState(k *keys, who Subject, seq uint64, row []byte) (*state, error) {
	if len(row) > 0 && row[0] != stateVersion {
		return nil, errStateVersion
	}
	if len(row) < 1+sealSize || len(row) > maxState {
		return nil, fmt.Errorf("%w: state row of %d bytes", ErrCorrupt, len(row))
	}
	fields, seal := row[:len(row)-sealSize], row[len(row)-sealSize:]
	if !slices.ContainsFunc(k.all(), func(k *keys) bool { return hmac.Equal(seal, sealState(k, who, fields)) }) {
		return nil, fmt.Errorf("%w: state row does not open with these keys", ErrCorrupt)
	}
	r := reader{rest: fields[1:]}
	s := &state{seq: r.uvarint()}
	copy(s.last[:], r.take(len(s.last)))
	s.lastAt, s.floor = r.time(), r.time()
	for n := r.count(); n > 0 && !r.bad; n-- {
		s.entries = append(s.entries, r.entry())
	}
	if r.bad || len(r.rest) > 0 || s.seq != seq {
		return nil, fmt.Errorf("%w: state row", ErrCorrupt)
	}
	return s, nil
}

// reader takes fields off the front; bad stays set after the first that is not there.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.rest) {
		r.bad = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.take(n)
	return v
}

// count reads how many items follow; each takes a byte at least.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.take(r.count())) }

func (r *reader) time() time.Time {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad = true
		return time.Time{}
	}
	if r.take(n); v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

func (r *reader) entry() entry {
	e := entry{purpose: Purpose(r.text())}
	if k := r.take(1); k != nil && int(k[0]) < len(kinds) {
		e.kind = kinds[k[0]]
	} else {
		r.bad = true
	}
	e.at, e.until, e.notice, e.version = r.time(), r.time(), r.text(), r.text()
	for n := r.count(); n > 0 && !r.bad; n-- {
		e.recipients = append(e.recipients, r.text())
	}
	e.heartbeat = time.Duration(min(r.uvarint(), uint64(maxHeartbeat/time.Second))) * time.Second
	e.atLeast, e.country = int(min(r.uvarint(), maxAge)), r.text()
	if flags := r.take(1); flags != nil {
		e.guardian, e.own = flags[0]&1 != 0, flags[0]&2 != 0
	}
	return e
}
