package consent_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// faulty is a store that lies and fails on demand.
type faulty struct {
	consent.Store
	headErr, appendErr, eventsErr, eraseErr error
	conflicts                               int // how many appends lose the race
	keepErased                              bool
	bendState, bendEvent                    func([]byte) []byte
	whose                                   func(consent.Subject) consent.Subject // reads somebody else's
}

func (f *faulty) who(s consent.Subject) consent.Subject {
	if f.whose != nil {
		return f.whose(s)
	}
	return s
}

func (f *faulty) Head(ctx context.Context, s consent.Subject) (consent.Head, error) {
	if f.headErr != nil {
		return consent.Head{Seq: 1}, f.headErr
	}
	h, err := f.Store.Head(ctx, f.who(s))
	if f.bendState != nil && h.State != nil {
		h.State = f.bendState(h.State)
	}
	return h, err
}

func (f *faulty) Append(ctx context.Context, s consent.Subject, r consent.Record) error {
	if f.conflicts > 0 {
		f.conflicts--
		return consent.ErrConflict
	}
	if f.appendErr != nil {
		return f.appendErr
	}
	return f.Store.Append(ctx, s, r)
}

func (f *faulty) Events(ctx context.Context, s consent.Subject, after uint64) iter.Seq2[consent.Record, error] {
	return func(yield func(consent.Record, error) bool) {
		if f.eventsErr != nil {
			yield(consent.Record{}, f.eventsErr)
			return
		}
		for r, err := range f.Store.Events(ctx, f.who(s), after) {
			if f.bendEvent != nil {
				r.Event = f.bendEvent(r.Event)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func (f *faulty) Erase(ctx context.Context, s consent.Subject) (int, error) {
	if f.eraseErr != nil || f.keepErased {
		return 0, f.eraseErr
	}
	return f.Store.Erase(ctx, s)
}

var errDisk = errors.New("disk is gone")

// Whatever goes wrong underneath, the answer is no.
func TestFailClosed(t *testing.T) {
	for _, row := range []struct {
		name string
		bend func(f *faulty, l *consent.Ledger)
		want error
	}{
		{"store down", func(f *faulty, _ *consent.Ledger) { f.headErr = errDisk }, errDisk},
		{"store says corrupt", func(f *faulty, _ *consent.Ledger) { f.headErr = consent.ErrCorrupt }, consent.ErrCorrupt},
		{"empty row", func(f *faulty, _ *consent.Ledger) { f.bendState = func([]byte) []byte { return nil } }, consent.ErrCorrupt},
		{"short row", func(f *faulty, _ *consent.Ledger) { f.bendState = func(b []byte) []byte { return b[:len(b)-1] } }, consent.ErrCorrupt},
		{"long row", func(f *faulty, _ *consent.Ledger) { f.bendState = func(b []byte) []byte { return append(b, 0) } }, consent.ErrCorrupt},
		{"another person's row", func(f *faulty, l *consent.Ledger) {
			f.whose = func(consent.Subject) consent.Subject { return l.Subject("shop-a", "bob") }
		}, consent.ErrCorrupt},
		{"another tenant's row", func(f *faulty, l *consent.Ledger) {
			f.whose = func(consent.Subject) consent.Subject { return l.Subject("shop-b", "ann") }
		}, consent.ErrCorrupt},
		{"row of another version, events lost", func(f *faulty, _ *consent.Ledger) {
			f.bendState = func([]byte) []byte { return []byte{99} }
			f.eventsErr = errDisk
		}, errDisk},
		{"row of another version, event bent", func(f *faulty, _ *consent.Ledger) {
			f.bendState = func([]byte) []byte { return []byte{99} }
			f.bendEvent = func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
		}, consent.ErrCorrupt},
		{"row of another version, another person's events", func(f *faulty, l *consent.Ledger) {
			f.bendState = func([]byte) []byte { return []byte{99} }
			f.whose = func(consent.Subject) consent.Subject { return l.Subject("shop-a", "bob") }
		}, consent.ErrCorrupt},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx := t.Context()
			f := &faulty{Store: memstore.New()}
			l := newLedger(t, f, &consent.Options{Keys: consent.GenerateKeys()})
			ann := l.Subject("shop-a", "ann")
			for _, who := range []consent.Subject{ann, l.Subject("shop-a", "bob"), l.Subject("shop-b", "ann")} {
				if _, err := l.Grant(ctx, yes(who, time.Now(), consent.TryOnRender)); err != nil {
					t.Fatal(err)
				}
			}
			q := consent.Query{Subject: ann, Purpose: consent.TryOnRender}
			permit, err := l.Permit(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			row.bend(f, l)
			d, err := l.Check(ctx, q)
			if !errors.Is(err, row.want) || d.Allowed || d.Reason != consent.StoreDown {
				t.Errorf("check: %+v, %v; want store-down and %v", d, err, row.want)
			}
			if err := permit.Use(ctx, q); !errors.Is(err, consent.ErrNoConsent) || !errors.Is(err, row.want) {
				t.Errorf("use: %v; want ErrNoConsent and %v", err, row.want)
			}
			if p, err := l.Permit(ctx, q); !p.IsZero() || !errors.Is(err, consent.ErrNoConsent) {
				t.Errorf("permit: %v", err)
			}
			if _, err := l.Grant(ctx, yes(ann, time.Now(), consent.TryOnRender)); !errors.Is(err, row.want) {
				t.Errorf("grant on top of it: %v, want %v", err, row.want)
			}
		})
	}
}

func TestEveryBitOfAStateRowCounts(t *testing.T) {
	ctx := t.Context()
	store := memstore.New()
	keys := consent.GenerateKeys()
	l := newLedger(t, store, &consent.Options{Keys: keys})
	who := l.Subject("shop-a", "ann")
	if _, err := l.Grant(ctx, full(who)); err == nil {
		t.Fatal("that grant has ended")
	}
	g := full(who)
	g.Until = time.Now().Add(time.Hour)
	if _, err := l.Grant(ctx, g); err != nil {
		t.Fatal(err)
	}
	head, err := store.Head(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	if err := consent.OpenState(keys, who, 1, head.State); err != nil {
		t.Fatal(err)
	}
	for i := range len(head.State) * 8 {
		head.State[i/8] ^= 1 << (i % 8)
		if consent.OpenState(keys, who, 1, head.State) == nil {
			t.Fatalf("bit %d of byte %d flipped, and it still opens", i%8, i/8)
		}
		head.State[i/8] ^= 1 << (i % 8)
	}
	if consent.OpenState(keys, who, 2, head.State) == nil {
		t.Error("a row opens under another sequence")
	}
	if consent.OpenState(consent.GenerateKeys(), who, 1, head.State) == nil {
		t.Error("a row opens with other keys")
	}
}

// History reports what was done to the record behind the ledger's back.
func TestHistoryNoticesTampering(t *testing.T) {
	for name, bend := range map[string]func(n int, event []byte, all [][]byte) []byte{
		"bit":        func(n int, e []byte, _ [][]byte) []byte { e[len(e)/2] ^= 1; return e },
		"order":      func(n int, e []byte, all [][]byte) []byte { return all[len(all)-1-n] },
		"repetition": func(n int, e []byte, all [][]byte) []byte { return all[0] },
		"gap":        func(n int, e []byte, all [][]byte) []byte { return all[min(n+1, len(all)-1)] },
		"nothing":    func(n int, e []byte, _ [][]byte) []byte { return nil },
	} {
		f := &faulty{Store: memstore.New()}
		l := newLedger(t, f, &consent.Options{Keys: consent.GenerateKeys()})
		who := l.Subject("shop-a", "ann")
		var all [][]byte
		for range 3 {
			r, err := l.Refuse(t.Context(), who, consent.Sizing)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r.Bytes())
		}
		n := -1
		f.bendEvent = func(e []byte) []byte { n++; return bend(n, e, all) }
		var last error
		for _, err := range l.History(t.Context(), who) {
			last = err
		}
		if !errors.Is(last, consent.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, last)
		}
	}
}

// An event with the right number and a good signature, but of another history
// of the same person: as it was in a copy of the store that went its own way.
func TestHistoryNoticesAFork(t *testing.T) {
	keys := consent.GenerateKeys()
	f := &faulty{Store: memstore.New()}
	here := newLedger(t, f, &consent.Options{Keys: keys})
	there := newLedger(t, memstore.New(), &consent.Options{Keys: keys})
	who := here.Subject("shop-a", "ann")
	var fork []byte
	for range 2 {
		if _, err := here.Refuse(t.Context(), who, consent.Sizing); err != nil {
			t.Fatal(err)
		}
		r, err := there.Refuse(t.Context(), who, consent.Sizing)
		if err != nil {
			t.Fatal(err)
		}
		fork = r.Bytes()
	}
	n := 0
	f.bendEvent = func(e []byte) []byte {
		if n++; n == 2 {
			return fork
		}
		return e
	}
	var last error
	for _, err := range here.History(t.Context(), who) {
		last = err
	}
	if !errors.Is(last, consent.ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", last)
	}
}

func TestLosingRaces(t *testing.T) {
	f := &faulty{Store: memstore.New()}
	l := newLedger(t, f, &consent.Options{Keys: consent.GenerateKeys()})
	who := l.Subject("shop-a", "ann")
	f.conflicts = 5
	if r, err := l.Refuse(t.Context(), who, consent.Sizing); err != nil || r.Seq() != 1 {
		t.Errorf("after five lost races: %v", err)
	}
	f.conflicts = 1 << 30
	if _, err := l.Refuse(t.Context(), who, consent.Sizing); !errors.Is(err, consent.ErrConflict) {
		t.Errorf("losing for ever: %v, want ErrConflict", err)
	}
	f.conflicts, f.appendErr = 0, errDisk
	if _, err := l.Withdraw(t.Context(), who); !errors.Is(err, errDisk) {
		t.Errorf("disk gone: %v", err)
	}
}

func TestEraseIsConfirmed(t *testing.T) {
	f := &faulty{Store: memstore.New()}
	l := newLedger(t, f, &consent.Options{Keys: consent.GenerateKeys()})
	who := l.Subject("shop-a", "ann")
	if _, err := l.Refuse(t.Context(), who, consent.Sizing); err != nil {
		t.Fatal(err)
	}
	f.keepErased = true
	if _, err := l.Erase(t.Context(), who); err == nil {
		t.Error("a store that kept everything was believed")
	}
	f.keepErased, f.eraseErr = false, errDisk
	if _, err := l.Erase(t.Context(), who); !errors.Is(err, errDisk) {
		t.Errorf("disk gone: %v", err)
	}
	f.eraseErr = nil
	if done, err := l.Erase(t.Context(), who); err != nil || done.Events != 1 {
		t.Errorf("%+v, %v", done, err)
	}
}

func FuzzOpenState(f *testing.F) {
	keys := consent.GenerateKeys()
	who := newLedger(f, memstore.New(), &consent.Options{Keys: keys}).Subject("shop-a", "ann")
	f.Add([]byte{1})
	f.Add(append([]byte{1, 1}, make([]byte, 40)...))
	f.Add([]byte{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 'a', 0, 2, 0, 1, 'n', 1, 'v', 1, 1, 'r'})
	f.Fuzz(func(t *testing.T, fields []byte) {
		_ = consent.ReadFields(keys, who, bytes.Clone(fields)) // no panic, no great allocation
		if consent.OpenState(keys, who, 1, fields) == nil {
			t.Error("a row without a seal opens")
		}
	})
}
