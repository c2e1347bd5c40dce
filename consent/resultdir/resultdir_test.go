package resultdir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/consent/resultdir"
)

// stiff is a holder that fails on demand.
type stiff struct {
	consent.Holder
	eraseErr error
	keeps    bool
}

func (s *stiff) Describe() consent.Holdings {
	h := s.Holder.Describe()
	h.Name = "stiff"
	return h
}

func (s *stiff) Export(ctx context.Context, sel consent.Selection) iter.Seq2[consent.Item, error] {
	if s.eraseErr != nil {
		return func(yield func(consent.Item, error) bool) { yield(consent.Item{}, s.eraseErr) }
	}
	return s.Holder.Export(ctx, sel)
}

func (s *stiff) Erase(ctx context.Context, sel consent.Selection) (int, error) {
	if s.eraseErr != nil || s.keeps {
		return 0, s.eraseErr
	}
	return s.Holder.Erase(ctx, sel)
}

type fixture struct {
	now     time.Time
	dirs    []string
	results []*resultdir.Dir
	stiff   *stiff
	ledger  *consent.Ledger
}

// setUp makes a ledger with two folders, the second behind a holder that can fail.
func setUp(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{now: time.Now().UTC().Truncate(time.Microsecond)}
	for range 2 {
		dir := t.TempDir()
		d, err := resultdir.Open(dir, &resultdir.Options{Region: "EEA", Now: func() time.Time { return f.now }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		f.dirs, f.results = append(f.dirs, dir), append(f.results, d)
	}
	f.stiff = &stiff{Holder: f.results[1]}
	p, err := consent.BuiltinProfile("strict") // results for a day
	if err != nil {
		t.Fatal(err)
	}
	f.ledger, err = consent.New(memstore.New(), &consent.Options{
		Profiles: map[string]*consent.Profile{"shop": p, "other": p},
		Holders:  []consent.Holder{f.results[0], f.stiff},
		Now:      func() time.Time { return f.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) permit(t *testing.T, who consent.Subject) (consent.Permit, consent.Query) {
	t.Helper()
	_, err := f.ledger.Grant(t.Context(), consent.Grant{
		Subject: who, Purposes: []consent.Purpose{consent.TryOnRender},
		Evidence: consent.Evidence{
			Notice:  consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: [32]byte{1}},
			Choices: []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}}, Affirmative: true,
			Surface: "test/1", At: f.now, Nonce: fmt.Append(nil, time.Now().UnixNano()), AtLeast: 18, OwnPhoto: true,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	p, err := f.ledger.Permit(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p, q
}

func (f *fixture) put(t *testing.T, at int, who consent.Subject, data string) string {
	t.Helper()
	p, q := f.permit(t, who)
	id, err := f.results[at].Put(t.Context(), p, q, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// left lists the files of a folder.
func (f *fixture) left(t *testing.T, at int) (names []string) {
	t.Helper()
	err := filepath.WalkDir(f.dirs[at], func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPutAndGet(t *testing.T) {
	f := setUp(t)
	ctx := t.Context()
	ann, bob := f.ledger.Subject("shop", "ann"), f.ledger.Subject("shop", "bob")
	id := f.put(t, 0, ann, "ann's picture")
	if data, err := f.results[0].Get(ctx, ann, id); err != nil || string(data) != "ann's picture" {
		t.Errorf("%q, %v", data, err)
	}
	for name, get := range map[string]func() ([]byte, error){
		"somebody else":  func() ([]byte, error) { return f.results[0].Get(ctx, bob, id) },
		"another tenant": func() ([]byte, error) { return f.results[0].Get(ctx, f.ledger.Subject("other", "ann"), id) },
		"nobody":         func() ([]byte, error) { return f.results[0].Get(ctx, consent.Subject{}, id) },
		"a path":         func() ([]byte, error) { return f.results[0].Get(ctx, bob, "../"+id) },
		"unfinished":     func() ([]byte, error) { return f.results[0].Get(ctx, ann, "."+id) },
	} {
		data, err := get()
		if !errors.Is(err, fs.ErrNotExist) || data != nil {
			t.Errorf("%s: %v", name, err)
		}
		if pseudonym := ann.Pseudonym(); strings.Contains(fmt.Sprint(err), fmt.Sprintf("%x", pseudonym[:4])) {
			t.Errorf("%s: the error names the person: %v", name, err)
		}
	}
	p, q := f.permit(t, bob)
	if _, err := f.ledger.Withdraw(ctx, bob); err != nil {
		t.Fatal(err)
	}
	if _, err := f.results[0].Put(ctx, p, q, []byte("x")); !errors.Is(err, consent.ErrNoConsent) {
		t.Errorf("stored without consent: %v", err)
	}
	if _, err := f.results[0].Put(ctx, p, q, make([]byte, 33<<20)); err == nil {
		t.Error("stored 33 MiB")
	}
	if n := len(f.left(t, 0)); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
	if got := fmt.Sprintf("%+v %s", f.results[0], *f.results[0]); got != "[resultdir.Dir] [resultdir.Dir]" {
		t.Error(got)
	}
	if _, err := resultdir.Open(t.TempDir(), nil); err == nil {
		t.Error("a folder in no region")
	}
}

func TestSweep(t *testing.T) {
	f := setUp(t)
	ctx := t.Context()
	start := f.now
	confirm := &consent.SweepOptions{Confirm: func(context.Context) (time.Time, error) { return f.now, nil }}
	for i, who := range []string{"ann", "bob", "cem"} {
		f.now = start.Add(time.Duration(i) * 10 * time.Hour)
		f.put(t, 0, f.ledger.Subject("shop", who), who)
		f.put(t, 1, f.ledger.Subject("other", who), who)
	}
	for _, row := range []struct {
		after time.Duration // since ann's
		left  int
	}{
		{22*time.Hour + 30*time.Minute, 3},
		{23*time.Hour + 30*time.Minute, 2}, // due before the next time
		{23*time.Hour + 40*time.Minute, 2},
		{33 * time.Hour, 1},
		{43 * time.Hour, 0},
		{500 * time.Hour, 0},
	} {
		f.now = start.Add(row.after)
		swept, err := f.ledger.Sweep(ctx, confirm)
		if err != nil {
			t.Fatal(err)
		}
		for at := range f.dirs {
			if n := len(f.left(t, at)); n != row.left {
				t.Errorf("after %v folder %d has %d files, want %d; %+v", row.after, at, n, row.left, swept)
			}
		}
	}
	if dirs, err := filepath.Glob(f.dirs[0] + "/*/*"); err != nil || len(dirs) > 0 {
		t.Errorf("pseudonyms are left: %d", len(dirs))
	}
	plain, err := consent.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Sweep(ctx, nil); !errors.Is(err, consent.ErrProfile) {
		t.Errorf("without a profile: %v", err)
	}
}

// A clock that jumps ahead destroys nothing by itself.
func TestSweepDistrustsTheClock(t *testing.T) {
	f := setUp(t)
	ctx := t.Context()
	f.put(t, 0, f.ledger.Subject("shop", "ann"), "picture")
	right := f.now.Add(time.Minute)
	f.now = f.now.AddDate(2, 0, 0)
	for _, o := range []*consent.SweepOptions{
		nil,
		{Confirm: func(context.Context) (time.Time, error) { return time.Time{}, errors.New("no answer") }},
	} {
		if _, err := f.ledger.Sweep(ctx, o); !errors.Is(err, consent.ErrClock) {
			t.Errorf("%v, want ErrClock", err)
		}
	}
	swept, err := f.ledger.Sweep(ctx, &consent.SweepOptions{Confirm: func(context.Context) (time.Time, error) { return right, nil }})
	if err != nil || swept.Items != 0 || !swept.At.Equal(right) {
		t.Errorf("the second clock did not count: %+v, %v", swept, err)
	}
	if n := len(f.left(t, 0)); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
}

func TestEraseAndExport(t *testing.T) {
	f := setUp(t)
	ctx := t.Context()
	ann, bob := f.ledger.Subject("shop", "ann"), f.ledger.Subject("shop", "bob")
	f.put(t, 0, ann, "one")
	f.put(t, 1, ann, "two")
	f.put(t, 0, bob, "bob's")
	export := func() (got []string, last error) {
		for it, err := range f.ledger.Export(ctx, ann) {
			if last = err; err == nil {
				got = append(got, fmt.Sprint(it.Holder, " ", it.Category, " ", len(it.Data) > 100, " ", bytes.HasPrefix(it.Data, []byte("t"))))
			}
		}
		return got, last
	}
	got, err := export()
	want := []string{
		"ledger consent-record true false", "ledger consent-record true false", // each put asked
		"results tryon-image false false", "stiff tryon-image false true",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// A holder that is down, and one that says it has erased and has not.
	for name, break_ := range map[string]func(){
		"down": func() { f.stiff.eraseErr = errors.New("holder is down") },
		"lies": func() { f.stiff.eraseErr, f.stiff.keeps = nil, true },
	} {
		break_()
		done, err := f.ledger.Erase(ctx, ann)
		if !errors.Is(err, consent.ErrIncomplete) || done.Events != 0 || len(done.Holders) != 2 || done.Holders[0].Err != nil || done.Holders[1].Err == nil {
			t.Errorf("%s: %+v, %v; want ErrIncomplete", name, done, err)
		}
		if d, err := f.ledger.Check(ctx, consent.Query{Subject: ann, Purpose: consent.TryOnRender}); err != nil || d.Reason != consent.Withdrawn {
			t.Errorf("%s: in between ann counts as %q, %v", name, d.Reason, err)
		}
		f.stiff.keeps, f.stiff.eraseErr = false, nil
		if name == "down" {
			f.stiff.eraseErr = errors.New("holder is down")
			if _, err := export(); !errors.Is(err, consent.ErrIncomplete) {
				t.Errorf("an export without a holder: %v", err)
			}
			f.stiff.eraseErr = nil
		}
	}
	done, err := f.ledger.Erase(ctx, ann)
	if err != nil || done.Events != 3 || done.Holders[1].Items != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if n, m := len(f.left(t, 0)), len(f.left(t, 1)); n != 1 || m != 0 {
		t.Errorf("%d and %d files left, want bob's", n, m)
	}
	if got, err := export(); err != nil || len(got) != 0 {
		t.Errorf("after erasure: %v, %v", got, err)
	}
}

// What a process left half written is swept and erased like the rest, and is
// nothing that anybody can read.
func TestUnfinishedFiles(t *testing.T) {
	f := setUp(t)
	ctx := t.Context()
	ann := f.ledger.Subject("shop", "ann")
	id := f.put(t, 0, ann, "picture")
	whole := f.left(t, 0)[0]
	part := filepath.Join(filepath.Dir(whole), "."+strings.Replace(id, id[len(id)-16:], "0123456789abcdef", 1))
	if err := os.WriteFile(part, []byte("pict"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := consent.Selection{Tenant: "shop", Subject: ann}
	n := 0
	for _, err := range f.results[0].Export(ctx, s) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if err := f.results[0].Verify(ctx, s); n != 1 || !errors.Is(err, consent.ErrNotErased) {
		t.Errorf("exported %d; verify says %v", n, err)
	}
	if n, err := f.results[0].Erase(ctx, s); n != 2 || err != nil {
		t.Errorf("erased %d, %v", n, err)
	}
	if err := f.results[0].Verify(ctx, s); err != nil {
		t.Error(err)
	}
	// A file that nobody can place is no reason to look away.
	f.put(t, 0, ann, "picture")
	if err := os.WriteFile(filepath.Join(filepath.Dir(f.left(t, 0)[0]), "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.results[0].Verify(ctx, s); err == nil {
		t.Error("a strange file, and all is well")
	}
	for _, s := range []consent.Selection{{}, {Tenant: "other", Subject: ann}} {
		if _, err := f.results[0].Erase(ctx, s); err == nil {
			t.Error("a selection without its tenant")
		}
	}
}

func TestHoldersThatBreakThePromise(t *testing.T) {
	p, err := consent.BuiltinProfile("strict")
	if err != nil {
		t.Fatal(err)
	}
	open := func(region, name string) consent.Holder {
		d, err := resultdir.Open(t.TempDir(), &resultdir.Options{Region: region, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	for name, holders := range map[string][]consent.Holder{
		"elsewhere":    {open("US", "")},
		"the same one": {open("EEA", ""), open("EEA", "")},
		"the ledger's": {open("EEA", "ledger")},
		"nil":          {nil},
	} {
		if _, err := consent.New(memstore.New(), &consent.Options{Profiles: map[string]*consent.Profile{"": p}, Holders: holders}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// hanging never comes back before the context ends.
type hanging struct{ consent.Holder }

func (h hanging) Describe() consent.Holdings {
	d := h.Holder.Describe()
	d.Name = "hanging"
	return d
}

func (h hanging) Erase(ctx context.Context, _ consent.Selection) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// A holder that hangs takes its share of the time and no more, and the one
// behind it erases.
func TestHolderThatHangs(t *testing.T) {
	p, err := consent.BuiltinProfile("strict")
	if err != nil {
		t.Fatal(err)
	}
	for name, erase := range map[string]func(context.Context, *fixture, consent.Subject) error{
		"erase": func(ctx context.Context, f *fixture, who consent.Subject) error {
			_, err := f.ledger.Erase(ctx, who)
			return err
		},
		"sweep": func(ctx context.Context, f *fixture, _ consent.Subject) error {
			f.now = f.now.AddDate(0, 0, 2)
			_, err := f.ledger.Sweep(ctx, &consent.SweepOptions{Confirm: func(context.Context) (time.Time, error) { return f.now, nil }})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := setUp(t)
				if f.ledger, err = consent.New(memstore.New(), &consent.Options{
					Profiles: map[string]*consent.Profile{"shop": p},
					Holders:  []consent.Holder{hanging{f.results[1]}, f.results[0]},
					Now:      func() time.Time { return f.now },
				}); err != nil {
					t.Fatal(err)
				}
				who := f.ledger.Subject("shop", name)
				f.put(t, 0, who, name)
				const limit = 600 * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				start := time.Now()
				if err := erase(ctx, f, who); !errors.Is(err, consent.ErrIncomplete) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, want ErrIncomplete for want of time", err)
				}
				// Two holders and the ledger share the time.
				if took := time.Since(start); took != limit/3 {
					t.Errorf("took %v, want %v", took, limit/3)
				}
				if n := len(f.left(t, 0)); n != 0 {
					t.Errorf("%d results are left behind the holder that hangs", n)
				}
			})
		})
	}
}

// A shop where nobody comes for weeks keeps its promises all the same: the clock
// that a sweep has found right is believed as long as the process has lived with
// it. One that leaps is not.
func TestQuietShop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setUp(t)
		p, err := consent.BuiltinProfile("photo-tryon") // results for 90 days
		if err != nil {
			t.Fatal(err)
		}
		var ahead time.Duration
		if f.ledger, err = consent.New(memstore.New(), &consent.Options{
			Profiles: map[string]*consent.Profile{"shop": p}, Holders: []consent.Holder{f.results[0]},
			Now: func() time.Time { return time.Now().Add(ahead) },
		}); err != nil {
			t.Fatal(err)
		}
		f.now = time.Now()
		f.put(t, 0, f.ledger.Subject("shop", "ann"), "picture")
		const every = 12 * time.Hour
		sweep := func() error {
			_, err := f.ledger.Sweep(t.Context(), &consent.SweepOptions{Every: every})
			return err
		}
		for day := 0.5; day <= 89.5; day += 0.5 {
			time.Sleep(every)
			if err := sweep(); err != nil {
				t.Fatalf("day %v: %v", day, err)
			}
			if n := len(f.left(t, 0)); (n == 0) != (day == 89.5) {
				t.Fatalf("day %v: %d results", day, n)
			}
			if day == 40 {
				ahead = 60 * 24 * time.Hour
				if err := sweep(); !errors.Is(err, consent.ErrClock) {
					t.Fatalf("a leap of sixty days: %v, want ErrClock", err)
				}
				ahead = 0
			}
		}
	})
}
