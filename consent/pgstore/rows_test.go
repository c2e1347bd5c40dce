//go:build unix

package pgstore_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/pgstore"
)

// TestManyRows fills the table that checks read, FITVEIL_PG_ROWS rows of it, and
// says how long it takes to find one. What a slow machine makes of it is no
// reason to fail.
func TestManyRows(t *testing.T) {
	rows := 20_000
	if s := os.Getenv("FITVEIL_PG_ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	db := database(t)
	key := bytes.Repeat([]byte{7}, 32)
	state := bytes.Repeat([]byte("state"), 30)
	owner := connect(t, "owner", db)
	began := time.Now()
	// The index at the end, sorted, rather than a row at a time.
	if _, err := owner.Exec(ctx, "alter table consent_state drop constraint consent_state_pkey"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for part := range 2 {
		wg.Go(func() {
			i := part
			n, err := owner.CopyFrom(ctx, pgx.Identifier{"consent_state"}, []string{"tenant", "subject", "seq", "state"},
				pgx.CopyFromFunc(func() ([]any, error) {
					if i >= rows {
						return nil, nil
					}
					id := consent.NewSubject(key, "shop", strconv.Itoa(i)).Pseudonym()
					i += 2
					return []any{"shop", id[:], 1, state}, nil
				}))
			if err != nil || int(n) < rows/2 {
				t.Error(n, err)
			}
		})
	}
	wg.Wait()
	for _, sql := range []string{"alter table consent_state add primary key (tenant, subject)", "vacuum analyze consent_state"} {
		if _, err := owner.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	loaded := time.Since(began)
	s := instance(t, db, &pgstore.Options{Lease: -1})
	t.Logf("%d rows, loaded in %v", rows, loaded.Round(time.Second))
	for _, run := range []struct {
		name             string
		workers, lookups int
	}{
		{"8 at a time, connections new", 8, 400},
		{"8 at a time", 8, 16_000},
		{"1 at a time", 1, 16_000},
		{"8 at a time again", 8, 16_000},
		{"1 at a time again", 1, 16_000},
	} {
		var mu sync.Mutex
		var took []time.Duration
		began := time.Now()
		for range run.workers {
			wg.Go(func() {
				var mine []time.Duration
				for range run.lookups / run.workers {
					who := consent.NewSubject(key, "shop", strconv.Itoa(rand.IntN(rows)))
					start := time.Now()
					head, err := s.Head(ctx, who)
					mine = append(mine, time.Since(start))
					if err != nil || head.Seq != 1 || !bytes.Equal(head.State, state) {
						t.Errorf("at %d, %v", head.Seq, err)
						return
					}
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, mine...)
			})
		}
		wg.Wait()
		all := time.Since(began)
		slices.Sort(took)
		at := func(q int) string { return took[len(took)*q/1000].Round(time.Microsecond).String() }
		t.Logf("%s: p50 %s, p90 %s, p99 %s, p99.9 %s, %.0f lookups/s", run.name, at(500), at(900), at(990), at(999), float64(len(took))/all.Seconds())
	}
}
