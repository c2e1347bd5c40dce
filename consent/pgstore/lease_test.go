//go:build unix

package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/pgstore"
)

// lease is the default that the documentation promises.
const lease = 250 * time.Millisecond

// proxy stands between an instance and the server, and can let the line freeze:
// nothing passes and nothing breaks, as when a network is cut.
type proxy struct {
	dir    string
	frozen atomic.Bool
	lines  sync.WaitGroup
	mu     sync.Mutex
	open   []net.Conn
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "fitveil-px")
	if err != nil {
		t.Fatal(err)
	}
	const socket = ".s.PGSQL.5432"
	l, err := net.Listen("unix", filepath.Join(dir, socket))
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{dir: dir}
	p.lines.Go(func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("unix", filepath.Join(server.dir, socket))
			if err != nil {
				a.Close()
				continue
			}
			p.mu.Lock()
			p.open = append(p.open, a, b)
			p.mu.Unlock()
			p.lines.Go(func() { p.pass(a, b) })
			p.lines.Go(func() { p.pass(b, a) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.frozen.Store(false)
		p.mu.Lock()
		for _, c := range p.open {
			c.Close()
		}
		p.mu.Unlock()
		p.lines.Wait()
		os.RemoveAll(dir)
	})
	return p
}

func (p *proxy) pass(from, to net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		for p.frozen.Load() {
			time.Sleep(time.Millisecond)
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return
			}
			return
		}
	}
}

func behind(t *testing.T, p *proxy, database string) *pgstore.Store {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), fmt.Sprintf("host=%s user=shop dbname=%s", p.dir, database))
	if err != nil {
		t.Fatal(err)
	}
	s, err := pgstore.New(t.Context(), pool, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(); pool.Close() })
	return s
}

// remembers waits until the store answers from memory.
func remembers(t *testing.T, s *pgstore.Store, who consent.Subject) {
	t.Helper()
	for range 500 {
		if _, _, ok := s.Version(who); ok {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the store never comes to answer from memory")
}

// A withdrawal at one instance is in force at another within the lease, whether
// or not it hears of it in time.
func TestLease(t *testing.T) {
	db := database(t)
	line := newProxy(t)
	for name, disturb := range map[string]func(a, b *pgstore.Store){
		"notified":              func(_, _ *pgstore.Store) {},
		"notifications lost":    func(a, _ *pgstore.Store) { a.Mute() },
		"the other end is dead": func(_, _ *pgstore.Store) { line.frozen.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			line.frozen.Store(false)
			keys := consent.GenerateKeys()
			sa, sb := instance(t, db, nil), behind(t, line, db)
			a, b := ledger(t, sa, keys), ledger(t, sb, keys)
			who := a.Subject("shop", "ann")
			q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
			if _, err := a.Grant(t.Context(), grant(who, name)); err != nil {
				t.Fatal(err)
			}
			for range 500 { // until b answers from memory
				remembers(t, sb, who)
				if d, err := b.Check(t.Context(), q); err != nil || !d.Allowed {
					t.Fatal(d.Reason, err)
				}
				time.Sleep(5 * time.Millisecond)
				if testing.AllocsPerRun(1, func() { _, _ = b.Check(t.Context(), q) }) == 0 {
					break
				}
			}
			disturb(sa, sb)
			if _, err := a.Withdraw(t.Context(), who); err != nil {
				t.Fatal(err)
			}
			acknowledged := time.Now()
			last := time.Duration(0) // how long b still said yes
			for time.Since(acknowledged) < 2*lease {
				asked := time.Since(acknowledged)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				d, err := b.Check(ctx, q)
				cancel()
				if d.Allowed && err == nil {
					last = asked
				}
			}
			t.Logf("%s: the other instance said yes for %v", name, last)
			if last > lease {
				t.Errorf("yes %v after the withdrawal, the bound is %v", last, lease)
			}
			line.frozen.Store(false)
		})
	}
}

// TestInstancesRace has eight instances grant and withdraw, some of them deaf,
// mute or cut off now and then. After an acknowledged withdrawal and the bound
// nobody says yes until the person does. FITVEIL_RACE_OPS sets how many grants
// and withdrawals there are.
func TestInstancesRace(t *testing.T) {
	const instances = 8
	ops := int64(300)
	if s := os.Getenv("FITVEIL_RACE_OPS"); s != "" {
		var err error
		if ops, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	db := database(t)
	keys := consent.GenerateKeys()
	line := newProxy(t)
	ledgers := make([]*consent.Ledger, instances)
	for i := range ledgers {
		var s *pgstore.Store
		switch {
		case i < 2:
			s = behind(t, line, db)
		default:
			s = instance(t, db, nil)
		}
		if i%3 == 0 {
			s.Mute()
		}
		ledgers[i] = ledger(t, s, keys)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var freezer sync.WaitGroup
	freezer.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
			line.frozen.Store(true)
			time.Sleep(time.Duration(rand.IntN(600)) * time.Millisecond)
			line.frozen.Store(false)
		}
	})
	var done, yes, no, late atomic.Int64
	var people sync.WaitGroup
	for p := range 64 {
		people.Go(func() {
			dice := rand.New(rand.NewPCG(7, uint64(p)))
			any := func() *consent.Ledger { return ledgers[dice.IntN(instances)] }
			steady := func() *consent.Ledger { return ledgers[2+dice.IntN(instances-2)] }
			tenant, name := fmt.Sprint("shop ", p%16), fmt.Sprint("person ", p)
			// One Subject for each ledger, as a session of a shop has: it remembers the
			// last answer, and is asked again after others have written.
			subjects := make(map[*consent.Ledger]consent.Subject)
			for _, l := range ledgers {
				subjects[l] = l.Subject(tenant, name)
			}
			ask := func() (bool, time.Time) {
				l := any()
				asked := time.Now()
				ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
				defer cancel()
				d, err := l.Check(ctx, consent.Query{Subject: subjects[l], Purpose: consent.TryOnRender})
				return err == nil && d.Allowed, asked
			}
			for round := 0; done.Load() < ops; round++ {
				l := steady()
				if _, err := l.Grant(ctx, grant(subjects[l], fmt.Sprint(name, " round ", round))); err != nil {
					t.Errorf("grant: %v", err)
					return
				}
				for range 3 {
					if ok, _ := ask(); ok {
						yes.Add(1)
					}
				}
				l = steady()
				if _, err := l.Withdraw(ctx, subjects[l]); err != nil {
					t.Errorf("withdraw: %v", err)
					return
				}
				acknowledged := time.Now()
				done.Add(2)
				for range 4 {
					ok, asked := ask()
					switch {
					case !ok:
						no.Add(1)
					case asked.Sub(acknowledged) > lease:
						late.Add(1)
						t.Errorf("%s: yes, asked %v after the withdrawal", name, asked.Sub(acknowledged))
					}
					if round%2 == 0 {
						time.Sleep(time.Duration(dice.IntN(150)) * time.Millisecond)
					}
				}
			}
		})
	}
	people.Wait()
	cancel()
	freezer.Wait()
	t.Logf("%d grants and withdrawals at %d instances; %d times yes while it was one, %d times no after a withdrawal, %d times yes too late",
		done.Load(), instances, yes.Load(), no.Load(), late.Load())
	if yes.Load() < ops/4 || no.Load() < ops {
		t.Errorf("too few answers for a test")
	}
}

// A session that one instance has begun is known to another, kept alive by its
// beats, and over at both; who cannot ask the database says no.
func TestSessionAtTwoInstances(t *testing.T) {
	ctx := t.Context()
	db := database(t)
	line := newProxy(t)
	keys := consent.GenerateKeys()
	a, b := ledger(t, instance(t, db, nil), keys), ledger(t, behind(t, line, db), keys)
	who := a.Subject("shop", "ann")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	ask := func(l *consent.Ledger) (consent.Reason, error) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		d, err := l.Check(ctx, q)
		if d.Allowed && err != nil {
			t.Error("yes with an error")
		}
		return d.Reason, err
	}
	g := grant(who, "session")
	g.Heartbeat = time.Hour
	if _, err := a.Grant(ctx, g); err != nil {
		t.Fatal(err)
	}
	permit, err := b.Permit(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Beat(ctx, who, consent.TryOnRender); err != nil {
		t.Error(err)
	}
	line.frozen.Store(true)
	if got, err := ask(b); err == nil || got != consent.StoreDown {
		t.Errorf("cut off: %q, %v; want an error", got, err)
	}
	line.frozen.Store(false)
	pool := connect(t, "owner", db)
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	for _, sql := range []string{"select set_config('fitveil.tenant', 'shop', true)", "update consent_sessions set ends = ends - 7200000000"} {
		if _, err := tx.Exec(ctx, sql); err != nil { // two hours without a beat
			t.Fatal(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := permit.Use(ctx, q); !errors.Is(err, consent.ErrNoConsent) {
		t.Errorf("a permit of a session that is over: %v", err)
	}
	for _, l := range []*consent.Ledger{a, b} {
		if err := l.Beat(ctx, who, consent.TryOnRender); !errors.Is(err, consent.ErrSession) {
			t.Errorf("a beat too late: %v", err)
		}
		if got, err := ask(l); err != nil || got != consent.SessionEnded && got != consent.Expired {
			t.Errorf("over: %q, %v", got, err)
		}
	}
}
