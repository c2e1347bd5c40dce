package tryon

import (
	"sync"
	"time"
)

// Quota bounds what a tenant or a route may use. The zero Quota bounds nothing.
// It is counted in this process.
type Quota struct {
	Renders int           // in each Per
	Per     time.Duration // default a day
	AtOnce  int           // renders at the same time
}

func (q Quota) per() time.Duration {
	if q.Per <= 0 {
		return 24 * time.Hour
	}
	return q.Per
}

// quotas counts what each tenant uses.
type quotas struct {
	quota Quota
	own   map[string]Quota // of some tenants

	mu      sync.Mutex
	tenants map[string]*usage
}

type usage struct {
	since time.Time
	n     int
	now   map[string]struct{}
}

func (q *quotas) of(tenant string) Quota {
	if own, ok := q.own[tenant]; ok {
		return own
	}
	return q.quota
}

// enter counts a render of tenant in; leave takes the name it returns.
func (q *quotas) enter(tenant string, now time.Time) (string, *Error) {
	limit := q.of(tenant)
	if limit.Renders <= 0 && limit.AtOnce <= 0 {
		return "", nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.tenants == nil {
		q.tenants = map[string]*usage{}
	}
	u := q.tenants[tenant]
	if u == nil {
		q.trim(now)
		u = &usage{since: now, now: map[string]struct{}{}}
		q.tenants[tenant] = u
	}
	if now.Sub(u.since) >= limit.per() {
		u.since, u.n = now, 0
	}
	switch {
	case limit.AtOnce > 0 && len(u.now) >= limit.AtOnce:
		return "", &Error{Code: OverQuota, Reason: "too-many-at-once", Retry: true, After: time.Second}
	case limit.Renders > 0 && u.n >= limit.Renders:
		return "", &Error{Code: OverQuota, Reason: "renders", Retry: true, After: u.since.Add(limit.per()).Sub(now)}
	}
	u.n++
	name := newID()
	u.now[name] = struct{}{}
	return name, nil
}

// trim forgets tenants whose time is over, so that the table stays as small as
// the number of tenants that are active.
func (q *quotas) trim(now time.Time) {
	for name, u := range q.tenants {
		if len(u.now) == 0 && now.Sub(u.since) >= q.of(name).per() {
			delete(q.tenants, name)
		}
	}
}

func (q *quotas) leave(tenant, name string) {
	if name == "" {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if u := q.tenants[tenant]; u != nil {
		delete(u.now, name)
	}
}

// spending counts what a route was given, against a cap.
type spending struct {
	quota Quota

	mu    sync.Mutex
	since time.Time
	n     int
}

func (s *spending) take(now time.Time) *Error {
	if s.quota.Renders <= 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() || now.Sub(s.since) >= s.quota.per() {
		s.since, s.n = now, 0
	}
	if s.n >= s.quota.Renders {
		return &Error{Code: OverQuota, Reason: "route", Retry: true, After: s.since.Add(s.quota.per()).Sub(now)}
	}
	s.n++
	return nil
}

// cooling leaves a route alone for a while after what it said. It holds for all
// requests, where a retry is for one request on one route and a fallback for
// one request on the next.
type cooling struct {
	mu    sync.Mutex
	until time.Time
	code  Code
	down  int // times in a row that it was not available
}

const (
	coolRate    = 30 * time.Second // when a rate limit does not say how long
	coolDown    = 30 * time.Second // after coolAfter failures in a row
	coolAfter   = 3
	coolAccount = 10 * time.Minute // the key, the contract or the credits are at fault
	coolModel   = time.Hour
	coolMost    = 24 * time.Hour
)

// check refuses while the route cools down.
func (k *cooling) check(now time.Time) *Error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !now.Before(k.until) {
		return nil
	}
	return &Error{Code: k.code, Reason: "cooling-down", Retry: true, After: k.until.Sub(now)}
}

// note draws the consequences of an attempt's end.
func (k *cooling) note(err *Error, now time.Time) {
	if err != nil && err.Reason == "cooling-down" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		k.down = 0
		return
	}
	d := time.Duration(0)
	switch err.Code {
	case RateLimited:
		if d = err.After; d <= 0 {
			d = coolRate
		}
	case Unauthenticated, Forbidden, QuotaExhausted:
		d = max(err.After, coolAccount)
	case ModelRetired:
		d = coolModel
	case Unavailable:
		if k.down++; k.down >= coolAfter {
			d = max(err.After, coolDown)
		}
	default:
		k.down = 0
	}
	if d > 0 {
		k.until, k.code = now.Add(min(d, coolMost)), err.Code
	}
}
