package consent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// ErrSession is returned for a heartbeat of a session that has ended, or that
// nobody here knows.
var ErrSession = errors.New("session has ended")

// Lease says how long the session is alive that a consent is bound to, unless
// somebody extends it.
type Lease struct {
	Purpose Purpose
	Ends    time.Time // microseconds
}

// Leaser is what a store implements that keeps leases, so that all ledgers on it
// know a session, whichever of them took the consent and whichever hears the
// beats. It takes those of each [Record] that it is given, in place of what it
// had for the same person and purpose, and may forget them when the process
// ends, which ends the sessions. A ledger on another store keeps them itself, and
// no other ledger knows them. [Leases] does all this in memory.
type Leaser interface {
	// Alive reports whether s has a lease for p, and whether it ends after now.
	Alive(ctx context.Context, s Subject, p Purpose, now time.Time) (alive, known bool, err error)

	// Extend moves the end of a lease that is alive at now, never to an earlier
	// time, and reports whether it was alive. One that is over stays as it is.
	Extend(ctx context.Context, s Subject, p Purpose, now, ends time.Time) (alive bool, err error)
}

// Leases keeps leases in memory, for a store that implements [Leaser]. The zero
// value is ready. It prints and logs as a fixed word. Safe for use by many
// goroutines.
type Leases struct {
	mu  sync.Mutex
	hid hidden[leases] // made when first needed
}

type leases struct {
	of    map[leaseKey]leaseEnd
	begun int                  // how many ever
	held  map[*Record][32]byte // on their way to the store, and whose
}

type leaseKey struct {
	id      [32]byte // the tenant is in it
	purpose Purpose
}

type leaseEnd struct {
	seq uint64 // of the record it came with
	at  int64  // microseconds since 1970
}

const leasesWord = "[consent.Leases]"

// Format prints a fixed word for every verb.
func (l *Leases) Format(f fmt.State, _ rune) { io.WriteString(f, leasesWord) }

// LogValue logs a fixed word.
func (l *Leases) LogValue() slog.Value { return slog.StringValue(leasesWord) }

// lock returns the leases; the caller unlocks mu.
func (l *Leases) lock() *leases {
	l.mu.Lock()
	d := l.hid.get()
	if d == nil {
		d = &leases{of: make(map[leaseKey]leaseEnd), held: make(map[*Record][32]byte)}
		l.hid = hide(d)
	}
	return d
}

// Begin takes the leases of a record that was kept. A store calls it before
// others can read the record, and before it takes the next one: in between they
// would go by the session before, and one that is over would end the new one.
func (l *Leases) Begin(s Subject, r *Record) {
	if len(r.Leases) == 0 {
		return
	}
	d := l.lock()
	defer l.mu.Unlock()
	d.begin(s, r)
}

func (d *leases) begin(s Subject, r *Record) {
	for _, lease := range r.Leases {
		if d.begun++; d.begun%1024 == 0 { // those that nobody asks about any more
			for k, end := range d.of {
				if end.at <= r.Time.UnixMicro() {
					delete(d.of, k)
				}
			}
		}
		k := leaseKey{s.Pseudonym(), lease.Purpose}
		if d.of[k].seq <= r.Seq { // else a later writer was faster here
			d.of[k] = leaseEnd{r.Seq, lease.Ends.UnixMicro()}
		}
	}
}

// hold announces a record to a ledger that keeps the leases of its store: until
// settle nobody is told that a session of that person is over, since the record
// may be read before it is known to have been kept.
func (l *Leases) hold(s Subject, r *Record) {
	if len(r.Leases) == 0 {
		return
	}
	d := l.lock()
	defer l.mu.Unlock()
	d.held[r] = s.Pseudonym()
}

// settle is Begin for a record that was kept and announced. Of somebody erased
// since it begins nothing.
func (l *Leases) settle(s Subject, r *Record, kept bool) {
	if len(r.Leases) == 0 {
		return
	}
	d := l.lock()
	defer l.mu.Unlock()
	if _, held := d.held[r]; held && kept {
		d.begin(s, r)
	}
	delete(d.held, r)
}

// Forget drops the leases of a person who was erased.
func (l *Leases) Forget(s Subject) {
	d := l.lock()
	defer l.mu.Unlock()
	id := s.Pseudonym()
	maps.DeleteFunc(d.of, func(k leaseKey, _ leaseEnd) bool { return k.id == id })
	maps.DeleteFunc(d.held, func(_ *Record, of [32]byte) bool { return of == id })
}

// Alive implements [Leaser].
func (l *Leases) Alive(ctx context.Context, s Subject, p Purpose, now time.Time) (alive, known bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, false, err
	}
	d := l.lock()
	defer l.mu.Unlock()
	id := s.Pseudonym()
	end, known := d.of[leaseKey{id, p}]
	if known && end.at > now.UnixMicro() {
		return true, true, nil
	}
	for _, of := range d.held {
		known = known && of != id
	}
	return false, known, nil
}

// Extend implements [Leaser].
func (l *Leases) Extend(ctx context.Context, s Subject, p Purpose, now, ends time.Time) (alive bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	d := l.lock()
	defer l.mu.Unlock()
	k := leaseKey{s.Pseudonym(), p}
	end, known := d.of[k]
	if !known || end.at <= now.UnixMicro() {
		return false, nil
	}
	end.at = max(end.at, ends.UnixMicro())
	d.of[k] = end
	return true, nil
}

// Beat keeps session-bound consents (see [Grant]) alive: the person is still
// there. A session that has ended does not begin anew; ask again. Where several
// instances share a store that implements [Leaser], as those of this module do,
// any of them can hear the beat. While the clock is behind what is on record by
// more than the heartbeat, none counts. Errors: [ErrSubject], [ErrPurpose], [ErrSession],
// [ErrCorrupt], the store's, the context's.
func (l *Ledger) Beat(ctx context.Context, s Subject, p ...Purpose) error {
	c, err := l.open()
	if err != nil {
		return err
	}
	if len(p) == 0 {
		return fmt.Errorf("consent: beat: %w: none named", ErrPurpose)
	}
	if err := c.beat(ctx, s, p); err != nil {
		return fmt.Errorf("consent: beat: %w", err)
	}
	return nil
}

func (c *core) beat(ctx context.Context, who Subject, purposes []Purpose) error {
	names, err := c.known(ctx, who)
	if err != nil {
		return err
	}
	r, err := c.rulesFor(who)
	if err != nil {
		return err
	}
	c.wall()
	// From the store: the session may have begun anew elsewhere, with another heartbeat.
	stands, err := c.stand(ctx, names[0], r, true)
	if err != nil {
		return err
	}
	for _, p := range purposes {
		e, _ := stands.st.find(p)
		if e.kind != Granted || e.heartbeat == 0 {
			return fmt.Errorf("%q: %w", p, ErrSession)
		}
		if c.behind(e.heartbeat) {
			return fmt.Errorf("%q: %w: the clock is behind what is on record", p, ErrSession)
		}
		now := c.latest(time.Time{})
		alive, err := c.leases.Extend(ctx, names[0], p, now, now.Add(e.heartbeat))
		if err != nil {
			return err
		}
		if !alive {
			return fmt.Errorf("%q: %w", p, ErrSession)
		}
	}
	return nil
}
