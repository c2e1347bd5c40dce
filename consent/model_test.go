package consent_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// The model: what a ledger must answer, in the simplest form that says it all.

type answer struct {
	kind  consent.Reason
	at    time.Time // of the person's act
	until time.Time
	to    []string
}

type person struct {
	events int
	last   time.Time // of the last event
	allOff time.Time // of the last withdrawal of everything
	says   map[consent.Purpose]answer
}

type model map[string]*person

func (m model) person(name string) *person {
	if m[name] == nil {
		m[name] = &person{says: map[consent.Purpose]answer{}}
	}
	return m[name]
}

func (p *person) event(now time.Time) time.Time {
	p.events++
	p.last = later(p.last, now)
	return p.last
}

func (p *person) grant(now time.Time, g consent.Grant) bool {
	for _, q := range g.Purposes {
		if a := p.says[q]; p.allOff.After(g.Evidence.At) || a.kind != consent.Expired && a.at.After(g.Evidence.At) {
			return false
		}
	}
	at := p.event(now)
	for _, c := range g.Evidence.Choices {
		if c.Granted {
			p.says[c.Purpose] = answer{consent.Granted, g.Evidence.At, g.Until, g.Recipients}
		} else {
			p.says[c.Purpose] = answer{kind: consent.Refused, at: at}
		}
	}
	return true
}

func (p *person) no(now time.Time, kind consent.Reason, purposes ...consent.Purpose) {
	at := p.event(now)
	if len(purposes) == 0 {
		p.allOff, purposes = at, slices.Collect(maps.Keys(p.says))
	}
	for _, q := range purposes {
		p.says[q] = answer{kind: kind, at: at}
	}
}

func (p *person) check(now, latest time.Time, q consent.Query) consent.Reason {
	a, asked := p.says[q.Purpose]
	switch {
	case !asked:
		return consent.NeverAsked
	case a.kind != consent.Granted:
		return a.kind
	case !a.until.IsZero() && !now.Before(a.until):
		p.says[q.Purpose] = answer{kind: consent.Expired, at: p.event(now)}
		return consent.Expired
	case !a.until.IsZero() && !latest.Before(a.until):
		return consent.ClockSuspect
	case slices.ContainsFunc(q.Recipients, func(r string) bool { return !slices.Contains(a.to, r) }):
		return consent.RecipientBlocked
	}
	return consent.Granted
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestModel has a ledger and the model do the same and compares all answers.
func TestModel(t *testing.T) {
	purposes := []consent.Purpose{consent.TryOnRender, consent.Sizing, consent.ProfileStore}
	names := []string{"ann", "bob"}
	tos := []string{"renderer", "storage"}
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		c := &clock{noon}
		var latest time.Time // that the ledger or its store has seen
		now := func() time.Time {
			latest = later(latest, c.t)
			return c.t
		}
		keys := consent.GenerateKeys()
		store := memstore.New()
		l, err := consent.New(store, &consent.Options{Keys: keys, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		m := model{}
		past := map[string][]consent.Grant{}   // accepted, to send again
		permits := map[string]consent.Permit{} // the last that was given

		// The same Subjects all along: they remember what a ledger said last.
		subjects := map[string]consent.Subject{}
		for _, name := range names {
			subjects[name] = l.Subject("shop", name)
		}
		draw := func() (string, consent.Subject) {
			name := rapid.SampledFrom(names).Draw(t, "person")
			return name, subjects[name]
		}
		some := func(label string, min int) []consent.Purpose {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(purposes), min, 3, rapid.ID).Draw(t, label)
		}
		t.Repeat(map[string]func(*rapid.T){
			"grant": func(t *rapid.T) {
				name, who := draw()
				g := yes(who, c.t.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "age"))*time.Minute), some("purposes", 1)...)
				for _, p := range purposes {
					declined := rapid.Bool().Draw(t, "declined")
					if declined && !slices.Contains(g.Purposes, p) {
						g.Evidence.Choices = append(g.Evidence.Choices, consent.Choice{Purpose: p})
					}
				}
				g.Recipients = rapid.SliceOfDistinct(rapid.SampledFrom(tos), rapid.ID).Draw(t, "recipients")
				if n := rapid.IntRange(0, 5).Draw(t, "minutes"); n > 0 {
					g.Until = c.t.Add(time.Duration(n) * time.Minute)
				}
				_, err := l.Grant(ctx, g)
				if m.person(name).grant(c.t, g) {
					past[name] = append(past[name], g)
				} else if errors.Is(err, consent.ErrStaleGrant) {
					err = nil
				} else {
					t.Fatalf("stale grant: %v", err)
				}
				if err != nil {
					t.Fatal(err)
				}
			},
			"grant again": func(t *rapid.T) {
				name, _ := draw()
				if len(past[name]) == 0 {
					return
				}
				g := rapid.SampledFrom(past[name]).Draw(t, "grant")
				if !g.Until.IsZero() && !g.Until.After(c.t) {
					return // refused before anybody looks at the nonce
				}
				if !g.Evidence.At.Before(c.t.Add(5 * time.Minute)) {
					return // the same, with the clock set back
				}
				if r, err := l.Grant(ctx, g); err != nil || r.Kind() != consent.Granted {
					t.Fatalf("sent again: %v", err)
				}
			},
			"refuse": func(t *rapid.T) {
				name, who := draw()
				p := some("purposes", 1)
				if _, err := l.Refuse(ctx, who, p...); err != nil {
					t.Fatal(err)
				}
				m.person(name).no(c.t, consent.Refused, p...)
			},
			"withdraw": func(t *rapid.T) {
				name, who := draw()
				p := some("purposes", 0)
				if _, err := l.Withdraw(ctx, who, p...); err != nil {
					t.Fatal(err)
				}
				m.person(name).no(c.t, consent.Withdrawn, p...)
			},
			"erase": func(t *rapid.T) {
				name, who := draw()
				done, err := l.Erase(ctx, who)
				if err != nil || done.Events != m.person(name).events {
					t.Fatalf("erased %d events, %v; want %d", done.Events, err, m.person(name).events)
				}
				delete(m, name)
				delete(past, name)
			},
			"time": func(t *rapid.T) {
				c.t = c.t.Add(time.Duration(rapid.IntRange(-2, 4).Draw(t, "minutes")) * time.Minute)
			},
			"restart": func(t *rapid.T) {
				// What was only seen, not written, is forgotten; so is every permit.
				head, err := store.Head(ctx, l.Subject("shop", "ann"))
				if err != nil {
					t.Fatal(err)
				}
				latest = head.Time
				if l, err = consent.New(store, &consent.Options{Keys: keys, Now: now}); err != nil {
					t.Fatal(err)
				}
				clear(permits)
			},
			"check": func(t *rapid.T) {
				name, who := draw()
				q := consent.Query{
					Subject: who, Purpose: rapid.SampledFrom(purposes).Draw(t, "purpose"),
					Recipients: rapid.SliceOfDistinct(rapid.SampledFrom(tos), rapid.ID).Draw(t, "recipients"),
				}
				want := m.person(name).check(c.t, latest, q)
				if d, err := l.Check(ctx, q); err != nil || d.Reason != want || d.Allowed != (want == consent.Granted) {
					t.Fatalf("%s %s: got %+v, %v; want %q", name, q.Purpose, d, err, want)
				}
				p, err := l.Permit(ctx, q)
				if (err == nil) != (want == consent.Granted) {
					t.Fatalf("permit: %v, answer %q", err, want)
				}
				if err == nil {
					permits[name] = p
				}
				// An old permit never allows what the record does not.
				if old, ok := permits[name]; ok && old.Use(ctx, q) == nil && want != consent.Granted {
					t.Fatalf("a permit allowed what is %q", want)
				}
			},
			"history": func(t *rapid.T) {
				for _, name := range names {
					n := 0
					for _, err := range l.History(ctx, l.Subject("shop", name)) {
						if err != nil {
							t.Fatal(err)
						}
						n++
					}
					if n != m.person(name).events {
						t.Fatalf("%s has %d events, want %d", name, n, m.person(name).events)
					}
				}
			},
		})
	})
}
