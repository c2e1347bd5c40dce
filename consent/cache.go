package consent

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Versioner is what a store implements that can tell, without reading, whether
// a subject's chain may have changed. On such a store a ledger answers checks
// from memory; on others every check reads.
type Versioner interface {
	// Version returns a number that is another one each time the subject's chain
	// has changed, and the greatest time the store has been given (see [Head]), in
	// microseconds since 1970. Within a process it has changed before the Append
	// or Erase that changed the chain returns. Where others write to the same
	// store, ok is true only while it is known that nothing older than the
	// store's lease bound is missing, and false the moment that is not known.
	Version(s Subject) (version uint64, latest int64, ok bool)
}

const slots = 1 << 10

// Versions counts changes for a store that implements [Versioner]. The zero
// value is ready. Safe for use by many goroutines.
type Versions struct {
	counts [slots]atomic.Uint64 // by pseudonym; some people share one
	latest atomic.Int64
}

// Changed says that the subject's chain has changed. Call it once the change can
// be read and before telling the writer.
func (v *Versions) Changed(s Subject) { v.ChangedSlot(v.Slot(s)) }

// Slot is the number of the counter that s shares with others, from 0 to 1023:
// enough for telling another process what has changed, too little to name anybody.
func (v *Versions) Slot(s Subject) int {
	id := s.Pseudonym()
	return slotOf(&id)
}

func slotOf(id *[32]byte) int {
	return int(binary.LittleEndian.Uint16(id[:])) % slots
}

// ChangedSlot is Changed for everybody who shares a counter. Numbers out of
// range mean nobody.
func (v *Versions) ChangedSlot(n int) {
	if n >= 0 && n < len(v.counts) {
		v.counts[n].Add(1)
	}
}

// Forget makes everything that was remembered before worthless.
func (v *Versions) Forget() {
	for i := range v.counts {
		v.counts[i].Add(1)
	}
}

// Saw notes a time that was recorded.
func (v *Versions) Saw(t time.Time) {
	if !t.IsZero() {
		raise(&v.latest, t.UnixMicro())
	}
}

// Version is [Versioner.Version] with ok true.
func (v *Versions) Version(s Subject) (version uint64, latest int64, ok bool) {
	d := s.s.get()
	if d == nil {
		return 0, 0, false
	}
	return v.counts[slotOf(&d.id)].Load(), v.latest.Load(), true
}

// raise lifts a to t, never lower.
func raise(a *atomic.Int64, t int64) {
	for old := a.Load(); t > old; old = a.Load() {
		if a.CompareAndSwap(old, t) {
			return
		}
	}
}

// cache remembers where subjects stand, under the version that was current
// before they were read.
type cache struct {
	store  Versioner
	most   int // entries a shard may have
	shards [64]shard
}

type shard struct {
	mu      sync.RWMutex
	entries map[[32]byte]filed
}

// filed says at which tenant an entry holds: a pseudonym can come with any. It
// stands here so that an entry stays small.
type filed struct {
	tenant string
	*cached
}

// cached is what is known of a subject; it is not changed once it is shared. On
// a busy server each line of memory touched is a trip, so it fills just one.
type cached struct {
	rules   *rules
	version uint64
	seq     uint64
	open    uint64    // purposes allowed without a further look, by their bit in the terms
	until   int64     // the end that all of those have, microseconds; 0: none
	alike   uint64    // those of them whose recipients are to
	to      *[]string // shared by many people; nil while nothing is open
	st      *state    // never changed once it is here
}

const defaultCache = 1 << 16

// newCache returns nil when the store cannot tell or nothing is to be kept.
func newCache(s Store, size int) *cache {
	store, ok := s.(Versioner)
	if !ok || size < 0 {
		return nil
	}
	if size == 0 {
		size = defaultCache
	}
	c := &cache{store: store}
	c.most = max(1, size/len(c.shards))
	for i := range c.shards {
		c.shards[i].entries = make(map[[32]byte]filed)
	}
	return c
}

func (c *cache) shard(id *[32]byte) *shard { return &c.shards[id[2]%byte(len(c.shards))] }

// get returns what is remembered of who, nil if nothing is or if it may be out
// of date, and the version to remember a fresh reading under.
func (c *cache) get(who Subject) (e *cached, version uint64, latest int64, ok bool) {
	version, latest, ok = c.store.Version(who)
	if !ok {
		return nil, 0, 0, false
	}
	d := who.s.get()
	s := c.shard(&d.id)
	s.mu.RLock()
	found := s.entries[d.id]
	s.mu.RUnlock()
	if e = found.cached; e == nil || e.version != version || found.tenant != d.tenant {
		return nil, version, latest, true
	}
	d.memo.Store(e)
	return e, version, latest, true
}

func (c *cache) put(who Subject, e *cached) {
	d := who.s.get()
	s := c.shard(&d.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, found := s.entries[d.id]; !found && len(s.entries) >= c.most {
		for id := range s.entries { // whichever comes first: no bookkeeping on the way that is hot
			delete(s.entries, id)
			break
		}
	}
	s.entries[d.id] = filed{d.tenant, e}
	d.memo.Store(e)
}

// remember makes the entry for st. What is open is decided here once; whatever
// depends on more than the time is left for later.
func (c *core) remember(r *rules, version uint64, st *state) *cached {
	e := &cached{rules: r, version: version, seq: st.seq, st: st}
	for i := range st.entries {
		was := &st.entries[i]
		t, known := r.of[was.purpose]
		if !known || was.kind != Granted || was.heartbeat != 0 || t.Fresh || t.objection(was) != "" {
			continue
		}
		until := int64(0)
		if !was.until.IsZero() {
			until = was.until.UnixMicro()
		}
		if e.open == 0 {
			e.until, e.to = until, r.shared(was.recipients)
		}
		if until == e.until {
			e.open |= t.bit
			if slices.Equal(was.recipients, *e.to) {
				e.alike |= t.bit
			}
		}
	}
	return e
}

// shared returns one list for the many people who agreed to the same recipients
// as the last one who was looked up.
func (r *rules) shared(to []string) *[]string {
	if last := r.last.Load(); last != nil && slices.Equal(*last, to) {
		return last
	}
	to = slices.Clone(to)
	for i := range to {
		to[i] = strings.Clone(to[i]) // nothing else of the person's record stays with it
	}
	r.last.Store(&to)
	return &to
}

// stand returns where the subject stands, from memory where that is known to be
// up to date, unless it has to be fresh. The caller does not change it.
func (c *core) stand(ctx context.Context, who Subject, r *rules, fresh bool) (*cached, error) {
	if c.cache == nil || fresh {
		head, st, err := c.load(ctx, who)
		c.latest(head.Time)
		return &cached{st: st}, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("consent: %w", err)
	}
	e, version, latest, ok := c.cache.get(who)
	if e != nil {
		raise(&c.seen, latest)
		return e, nil
	}
	head, st, err := c.load(ctx, who)
	if err != nil {
		return nil, err
	}
	c.latest(head.Time)
	e = c.remember(r, version, st)
	if ok {
		c.cache.put(who, e)
	}
	return e, nil
}

// recall answers a check from what the Subject itself remembers, which is what
// most checks come to: a yes, within the EEA, on the word of the store that
// nothing has changed. Whatever it cannot answer is asked properly.
func (c *core) recall(ctx context.Context, q *Query) (d Decision, ok bool) {
	s := q.Subject.s.get()
	if s == nil || c.cache == nil || ctx.Err() != nil {
		return Decision{}, false
	}
	d, found, ok := c.recallOne(q.Subject, q)
	for _, other := range s.also() { // every no counts
		if !ok {
			break
		}
		var more Decision
		var also bool
		if more, also, ok = c.recallOne(other, q); also {
			d, found = more, true
		}
	}
	return d, found && ok
}

// recallOne is recall for one pseudonym of the person. ok and not found: it is
// known that there is nothing on record under it.
func (c *core) recallOne(who Subject, q *Query) (d Decision, found, ok bool) {
	e := who.s.get().memo.Load()
	if e == nil || e.rules.by != c || e.open == 0 && e.seq != 0 {
		return Decision{}, false, false
	}
	if e.seq != 0 && !e.allows(q) {
		return Decision{}, false, false
	}
	c.micros()
	version, latest, ok := c.cache.store.Version(who)
	if !ok || version != e.version {
		return Decision{}, false, false
	}
	raise(&c.seen, latest)
	if e.seq == 0 {
		return Decision{}, false, true
	}
	if d = (Decision{Allowed: true, Reason: Granted, Seq: e.seq}); e.until != 0 {
		if e.until <= c.seen.Load() {
			return Decision{}, false, false
		}
		d.Until = time.UnixMicro(e.until).UTC()
	}
	return d, true, true
}

// allows reports whether q is a yes as long as the version and the end hold.
// Recipients outside the EEA need a second look, at another consent.
func (e *cached) allows(q *Query) bool {
	rule := e.rules.of[q.Purpose]
	if rule == nil || e.open&rule.bit == 0 {
		return false
	}
	if len(q.Recipients) == 0 {
		return true
	}
	var agreed []string
	if e.alike&rule.bit != 0 {
		agreed = *e.to
	} else {
		agreed = e.st.entry(q.Purpose).recipients
	}
	return subset(q.Recipients, agreed) &&
		(rule.Recipients == nil || subset(q.Recipients, rule.Recipients)) && !e.rules.anyOutside(q.Recipients)
}
