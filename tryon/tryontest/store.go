package tryontest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/tryon"
)

// RunStore tests a store: open gives an empty one.
func RunStore(t *testing.T, open func(t *testing.T) tryon.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, tryon.Store)
	}{
		{"put, get, delete", storeBasics},
		{"find", storeFind},
		{"replace", storeReplace},
		{"copies", storeCopies},
		{"at once", storeAtOnce},
		{"ended context", storeContext},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func entry(kind tryon.Kind, id string, who byte, due int) tryon.Record {
	r := tryon.Record{Kind: kind, ID: id, Data: fmt.Appendf(nil, `{"id":%q}`, id)}
	if who != 0 {
		r.Subject = [32]byte{who}
	}
	if due != 0 {
		r.Due = noon.Add(time.Duration(due) * time.Minute)
	}
	return r
}

func storeBasics(t *testing.T, s tryon.Store) {
	a := entry(tryon.KindJob, "a", 1, 5)
	if _, err := s.Get(t.Context(), a.Kind, a.ID); !errors.Is(err, tryon.ErrNoRecord) {
		t.Errorf("empty: %v", err)
	}
	if err := s.Put(t.Context(), a, entry(tryon.KindTransfer, "a", 1, 0)); err != nil {
		t.Fatal(err)
	}
	got := must(s.Get(t.Context(), a.Kind, a.ID))(t)
	if diff := cmp.Diff(a, got); diff != "" {
		t.Error(diff)
	}
	if err := s.Delete(t.Context(), a.Kind, a.ID, "not-there"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), a.Kind, a.ID); !errors.Is(err, tryon.ErrNoRecord) {
		t.Errorf("deleted: %v", err)
	}
	if _, err := s.Get(t.Context(), tryon.KindTransfer, "a"); err != nil {
		t.Errorf("another kind went along: %v", err)
	}
	if list := must(s.Find(t.Context(), tryon.Filter{Kind: a.Kind, DueBy: noon.Add(time.Hour)}))(t); len(list) != 0 {
		t.Errorf("still due: %v", list)
	}
}

func storeFind(t *testing.T, s tryon.Store) {
	for _, r := range []tryon.Record{
		entry(tryon.KindErasure, "a", 1, 9), entry(tryon.KindErasure, "b", 2, 3), entry(tryon.KindErasure, "c", 1, 0),
		entry(tryon.KindErasure, "d", 0, 6), entry(tryon.KindJob, "e", 1, 1), entry(tryon.KindErasure, "f", 1, -600),
	} {
		if err := s.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		f    tryon.Filter
		want string
	}{
		{"all", tryon.Filter{}, "abcdf"},
		{"limit", tryon.Filter{Limit: 2}, "ab"},
		{"after", tryon.Filter{After: "b"}, "cdf"},
		{"after one that is not there", tryon.Filter{After: "bb", Limit: 1}, "c"},
		{"somebody's", tryon.Filter{Subject: [32]byte{1}}, "acf"},
		{"somebody's after", tryon.Filter{Subject: [32]byte{1}, After: "a"}, "cf"},
		{"due", tryon.Filter{DueBy: noon.Add(9 * time.Minute)}, "fbda"},
		{"due, limited", tryon.Filter{DueBy: noon.Add(9 * time.Minute), Limit: 3}, "fbd"},
		{"not due yet", tryon.Filter{DueBy: noon.Add(2 * time.Minute)}, "f"},
		{"somebody's, due", tryon.Filter{DueBy: noon.Add(time.Hour), Subject: [32]byte{2}}, "b"},
		{"nobody's", tryon.Filter{Subject: [32]byte{9}}, ""},
	}
	for _, test := range tests {
		test.f.Kind = tryon.KindErasure
		var got strings.Builder
		for _, r := range must(s.Find(t.Context(), test.f))(t) {
			got.WriteString(r.ID)
		}
		if got.String() != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got.String(), test.want)
		}
	}
}

func storeReplace(t *testing.T, s tryon.Store) {
	for _, r := range []tryon.Record{entry(tryon.KindJob, "a", 1, 5), entry(tryon.KindJob, "a", 2, 0)} {
		if err := s.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for name, f := range map[string]tryon.Filter{
		"the old subject": {Subject: [32]byte{1}}, "the old time": {DueBy: noon.Add(time.Hour)},
	} {
		f.Kind = tryon.KindJob
		if list := must(s.Find(t.Context(), f))(t); len(list) != 0 {
			t.Errorf("found by %s", name)
		}
	}
	if list := must(s.Find(t.Context(), tryon.Filter{Kind: tryon.KindJob, Subject: [32]byte{2}}))(t); len(list) != 1 {
		t.Errorf("got %v", list)
	}
}

func storeCopies(t *testing.T, s tryon.Store) {
	r := entry(tryon.KindJob, "a", 1, 0)
	if err := s.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.Data[0] = 'X'
	first := must(s.Get(t.Context(), r.Kind, r.ID))(t)
	first.Data[1] = 'Y'
	found := must(s.Find(t.Context(), tryon.Filter{Kind: r.Kind}))(t)
	if string(found[0].Data) != `{"id":"a"}` {
		t.Errorf("got %s", found[0].Data)
	}
}

func storeAtOnce(t *testing.T, s tryon.Store) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				if err := s.Put(t.Context(), entry(tryon.KindTransfer, fmt.Sprintf("%d-%d", i, j), byte(i+1), j)); err != nil {
					t.Error(err)
				}
				if _, err := s.Find(t.Context(), tryon.Filter{Kind: tryon.KindTransfer, Limit: 5}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(must(s.Find(t.Context(), tryon.Filter{Kind: tryon.KindTransfer}))(t)); n != 160 {
		t.Errorf("%d records, want 160", n)
	}
}

func storeContext(t *testing.T, s tryon.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, entry(tryon.KindJob, "a", 1, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v", err)
	}
	if _, err := s.Find(ctx, tryon.Filter{Kind: tryon.KindJob}); !errors.Is(err, context.Canceled) {
		t.Errorf("Find: %v", err)
	}
}
