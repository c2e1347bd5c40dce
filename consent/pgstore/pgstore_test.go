//go:build unix

package pgstore_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/consenttest"
	"github.com/fitveil/fitveil/consent/pgstore"
)

func TestStore(t *testing.T) {
	consenttest.Run(t, func(t *testing.T) consent.Store { return instance(t, database(t), nil) })
}

func TestPrintsAWord(t *testing.T) {
	s := instance(t, database(t), nil)
	if got, want := fmt.Sprintf("%+v", s), "[pgstore.Store]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func grant(who consent.Subject, nonce string) consent.Grant {
	return consent.Grant{
		Subject:  who,
		Purposes: []consent.Purpose{consent.TryOnRender},
		Evidence: consent.Evidence{
			Notice:      consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: sha256.Sum256([]byte("May we?"))},
			Choices:     []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}},
			Affirmative: true,
			Surface:     "test/1",
			At:          time.Now(),
			Nonce:       []byte(nonce),
		},
	}
}

func ledger(t testing.TB, s consent.Store, keys consent.Keys) *consent.Ledger {
	t.Helper()
	l, err := consent.New(s, &consent.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A transaction that has not said which tenant it is for sees no row and writes
// none; one that has sees and writes that tenant's alone. Each partition is
// behind the same wall.
func TestRowsOfATenant(t *testing.T) {
	ctx := t.Context()
	db := database(t)
	s := instance(t, db, nil)
	keys := consent.GenerateKeys()
	l := ledger(t, s, keys)
	for _, shop := range []string{"a", "b"} {
		for i := range 40 {
			g := grant(l.Subject(shop, fmt.Sprint(i)), shop+fmt.Sprint(i))
			g.Heartbeat = time.Minute
			if _, err := l.Grant(ctx, g); err != nil {
				t.Fatal(err)
			}
		}
	}
	pool := connect(t, "shop", db)
	var tables []string
	rows, err := pool.Query(ctx, "select relname from pg_class where relkind in ('r', 'p') and relname ~ '^consent_(state|events|nonces|nodes|sessions)'")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if len(tables) != 4*17+1 {
		t.Fatalf("%d tables and partitions, want %d", len(tables), 4*17+1)
	}
	count := func(tenant, table, where string) (n int) {
		t.Helper()
		tx, err := pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(ctx)
		if tenant != "" {
			if _, err := tx.Exec(ctx, "select set_config('fitveil.tenant', $1, true)", tenant); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.QueryRow(ctx, "select count(*) from "+table+" where "+where).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, table := range tables {
		if n := count("", table, "true"); n != 0 {
			t.Errorf("%s: %d rows without a tenant", table, n)
		}
		if n := count("a", table, "tenant <> 'a'"); n != 0 {
			t.Errorf("%s: %d rows of somebody else", table, n)
		}
	}
	for _, table := range []string{"consent_state", "consent_events", "consent_nonces", "consent_sessions"} {
		if n := count("a", table, "true"); n != 40 {
			t.Errorf("%s: %d rows of shop a, want 40", table, n)
		}
	}
	if n := count("a", "consent_nodes", "true"); n == 0 {
		t.Error("no nodes of shop a")
	}
	for _, row := range []string{
		"consent_nonces (tenant, nonce) values ('b', 'x')",
		"consent_sessions (tenant, subject, purpose, ends) values ('b', 'x', 'sizing', 1)",
	} {
		tx, err := pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, "select set_config('fitveil.tenant', 'a', true)"); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, "insert into "+row); err == nil || !strings.Contains(err.Error(), "row-level security") {
			t.Errorf("wrote a row of another tenant: %s: %v", row, err)
		}
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnfitRole(t *testing.T) {
	db := database(t)
	for role, prepare := range map[string]string{
		"owner":    "select 1",
		"bypasser": "create role bypasser login bypassrls; grant select on all tables in schema public to bypasser",
		"hurried":  "create role hurried login; alter role hurried set synchronous_commit = off; grant select on all tables in schema public to hurried",
	} {
		if err := admin(db, strings.Split(prepare, ";")...); err != nil {
			t.Fatal(err)
		}
		if _, err := pgstore.New(t.Context(), connect(t, role, db), nil); !errors.Is(err, pgstore.ErrRole) {
			t.Errorf("%s: %v, want ErrRole", role, err)
		}
		s, err := pgstore.New(t.Context(), connect(t, role, db), &pgstore.Options{AllowUnsafe: true})
		if err != nil {
			t.Errorf("%s, allowed: %v", role, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := pgstore.New(t.Context(), connect(t, "owner", "postgres"), nil); err == nil || !strings.Contains(err.Error(), "Migrate") {
		t.Errorf("without the schema: %v", err)
	}
	if _, err := pgstore.New(t.Context(), connect(t, "shop", db), &pgstore.Options{Lease: time.Millisecond}); err == nil {
		t.Error("a lease of a millisecond")
	}
}

func TestClosed(t *testing.T) {
	db := database(t)
	pool := connect(t, "shop", db)
	leaks := goleak.IgnoreCurrent()
	s, err := pgstore.New(t.Context(), pool, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := ledger(t, s, consent.GenerateKeys())
	who := l.Subject("shop", "ann")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	if _, err := l.Grant(t.Context(), grant(who, "1")); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Check(t.Context(), q); err != nil || !d.Allowed {
		t.Fatal(d, err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, leaks, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"),
		goleak.IgnoreAnyFunction("github.com/jackc/puddle/v2.(*Pool[...]).acquire"))
	if d, err := l.Check(t.Context(), q); err == nil || d.Allowed {
		t.Errorf("a closed store: %+v, %v", d, err)
	}
	if _, err := l.Withdraw(t.Context(), who); err == nil {
		t.Error("a closed store records")
	}
	if _, err := l.Erase(t.Context(), who); err == nil {
		t.Error("a closed store erases")
	}
	if _, err := l.Checkpoint(context.Background(), "shop"); err == nil {
		t.Error("a closed store shows its trees")
	}
}
