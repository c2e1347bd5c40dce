package tryon

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// CacheOptions keeps results in memory, so that the same photo with the same
// product and model is not sent twice. A result is handed out again only while
// consent for its recipients holds, and only to the person it was made for.
type CacheOptions struct {
	Entries int           // at most; 0 turns the cache off
	For     time.Duration // default an hour
}

type cache struct {
	limit int
	keep  time.Duration
	key   [32]byte // keys of entries mean nothing outside of this process

	mu      sync.Mutex
	entries map[[32]byte]*cached
	order   [][32]byte // oldest first
}

type cached struct {
	subject [32]byte
	until   time.Time
	result  Result
	born    int64 // generation of the person's records
}

func newCache(o CacheOptions) *cache {
	if o.For <= 0 {
		o.For = time.Hour
	}
	c := &cache{limit: o.Entries, keep: o.For, entries: map[[32]byte]*cached{}}
	rand.Read(c.key[:])
	return c
}

// of is the key of a request on a route.
func (c *cache) of(r *Request, p *Profile) [32]byte {
	m := hmac.New(sha256.New, c.key[:])
	text := func(s string) {
		m.Write(binary.AppendUvarint(nil, uint64(len(s))))
		m.Write([]byte(s))
	}
	sum := r.Subject.Pseudonym()
	m.Write(sum[:])
	sum = r.Photo.SHA256()
	m.Write(sum[:])
	text(r.Subject.Tenant())
	text(p.Name)
	text(p.Model)
	m.Write([]byte{byte(r.Task), byte(r.N), byte(len(r.Items)), r.Minimise.bits()})
	for i := range r.Items {
		sum = r.Items[i].Image.SHA256()
		m.Write(sum[:])
		worn := byte(0) // another gate looks at what comes back
		if r.Items[i].Worn {
			worn = 1
		}
		m.Write([]byte{byte(r.Items[i].Garment), worn})
	}
	if r.Seed != nil {
		m.Write(binary.AppendVarint([]byte{1}, *r.Seed))
	}
	for _, q := range r.Region.Polygon {
		_ = binary.Write(m, binary.LittleEndian, q) // a hash does not fail
	}
	return [32]byte(m.Sum(nil))
}

func (c *cache) get(key [32]byte, generation int64, now time.Time) *Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	if e == nil {
		return nil
	}
	if !now.Before(e.until) || e.born < generation { // over, or erased in another process
		c.remove(key)
		return nil
	}
	r := e.result.clone()
	return &r
}

func (c *cache) put(key, subject [32]byte, generation int64, r *Result, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(key)
	c.entries[key] = &cached{subject: subject, until: now.Add(c.keep), result: r.clone(), born: generation}
	c.order = append(c.order, key)
	for len(c.order) > c.limit {
		c.remove(c.order[0])
	}
}

// remove takes an entry out; the caller holds mu.
func (c *cache) remove(key [32]byte) {
	if _, ok := c.entries[key]; !ok {
		return
	}
	delete(c.entries, key)
	for i := range c.order {
		if c.order[i] == key {
			c.order = append(c.order[:i], c.order[i+1:]...)
			return
		}
	}
}

func (c *cache) drop(key [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(key)
}

// forget drops everything of one person.
func (c *cache) forget(subject [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.entries {
		if e.subject == subject {
			c.remove(key)
		}
	}
}

// cached looks for a result of one of the routes, in order, as long as they
// could be asked. Consent that ended takes the entry along.
func (w *work) cached(ctx context.Context) (*Result, *Error) {
	c := w.client
	if c.cache.limit <= 0 || w.life.read(ctx, c, w.request.Subject) != nil {
		return nil, nil // what a store that fails means is said where something is to be recorded
	}
	for i := range c.routes {
		rt := &c.routes[i]
		if !rt.profile.accepts(&w.request) {
			continue
		}
		key := c.cache.of(&w.request, &rt.profile)
		r := c.cache.get(key, w.life.generation, c.now())
		if r == nil || c.allowed(rt, w.request.Subject.Tenant()) != nil {
			continue
		}
		a := w.begin(rt)
		if err := a.grant.use(ctx); err != nil {
			if err.Code == NoConsent {
				c.cache.drop(key)
				continue
			}
			return nil, err
		}
		a.record.Outcome = "cached"
		r.Attempts = []Attempt{a.record}
		return r, nil
	}
	return nil, nil
}

// keep puts a result into the cache, and takes it out again when the person was
// erased meanwhile.
func (w *work) keep(ctx context.Context, r *Result) {
	c := w.client
	rt := c.route(r.Backend)
	if c.cache.limit <= 0 || rt == nil || !w.life.known {
		return
	}
	key := c.cache.of(&w.request, &rt.profile)
	c.cache.put(key, w.filed, w.life.generation, r, c.now())
	if c.alive(context.WithoutCancel(ctx), w.filed, w.life.generation) != nil {
		c.cache.drop(key)
	}
}
