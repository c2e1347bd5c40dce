package pgstore

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fitveil/fitveil/consent"
)

const (
	channel = "fitveil_consent"
	// notifyEvery bounds how often an instance notifies: a notification in each
	// writing transaction would have them queue for one lock.
	notifyEvery = 10 * time.Millisecond
	// keepOutbox is how long changes stay for others to read. An instance that was
	// away for longer has forgotten everything anyway.
	keepOutbox = 10 * time.Minute
)

// Version implements [consent.Versioner]. ok is true while a reading of the
// changes that began at most a lease ago has come back.
func (s *Store) Version(who consent.Subject) (version uint64, latest int64, ok bool) {
	if s.closed.Load() || int64(time.Since(s.start)) >= s.fresh.Load() {
		return 0, 0, false
	}
	return s.versions.Version(who)
}

// notify tells the other instances that something was written, now and then.
func (s *Store) notify(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		}
		if s.muted.Load() {
			continue
		}
		// A failure costs nothing but time: the others look by themselves.
		if _, err := s.pool.Exec(ctx, "select pg_notify($1, '')", channel); err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelWarn, "pgstore: notification not sent", slog.Any("error", err))
		}
		pause(ctx, notifyEvery)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// watch keeps reading what has changed, on a connection of its own, and begins
// anew when that breaks.
func (s *Store) watch(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.follow(ctx)
		s.fresh.Store(0)
		if ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelWarn, "pgstore: connection for changes lost; every check reads until it is back", slog.Any("error", err))
			pause(ctx, s.lease/2)
		}
	}
}

// follow reads changes until something fails.
func (s *Store) follow(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
		return err
	}
	f := follower{s: s, conn: conn, seen: make(map[int64]uint64)}
	for n := 0; ; n++ {
		if err := f.poll(ctx); err != nil {
			return err
		}
		if n%4096 == 4095 {
			if _, err := conn.Exec(ctx, "delete from consent_outbox where at < clock_timestamp() - $1::interval", keepOutbox); err != nil {
				return err
			}
		}
		wait, cancel := context.WithTimeout(ctx, s.lease/4)
		_, err := conn.WaitForNotification(wait)
		cancel()
		if err != nil && wait.Err() == nil {
			return err
		}
	}
}

// follower reads the outbox. Numbers of rows are given out before their
// transactions commit, so that a row can appear behind one that was read
// already. Transactions are the better measure: every one below a snapshot's
// xmin is over, so it is enough to begin, each time, at the xmin of the time before.
type follower struct {
	s    *Store
	conn *pgx.Conn
	from string           // the xmin of the last reading
	seen map[int64]uint64 // rows read, by number, at or above from; their transactions
}

// poll reads what has changed since the last poll. If that succeeds, nothing
// that was committed before it began is missing.
func (f *follower) poll(ctx context.Context) error {
	began := time.Since(f.s.start)
	ctx, cancel := context.WithTimeout(ctx, f.s.lease) // longer, and it is worth nothing
	defer cancel()
	first := f.from == ""
	if first {
		f.from = "9223372036854775807" // from here on; what was before is not in memory
	}
	rows, err := f.conn.Query(ctx, `select pg_snapshot_xmin(pg_current_snapshot())::text,
			(select coalesce(max(latest), 0) from consent_clock), o.id, o.xid::text::bigint, o.slot
		from (select) one left join consent_outbox o on o.xid >= $1::text::xid8`, f.from)
	if err != nil {
		return err
	}
	var xmin string
	var latest int64
	var id, xid *int64
	var changed *int16
	_, err = pgx.ForEachRow(rows, []any{&xmin, &latest, &id, &xid, &changed}, func() error {
		if id != nil && changed != nil {
			if _, known := f.seen[*id]; !known {
				f.seen[*id] = uint64(*xid)
				f.s.versions.ChangedSlot(int(*changed))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.from = xmin
	f.prune(xmin)
	if first {
		f.s.versions.Forget() // of what was remembered before, changes may be missing
	}
	if latest != 0 {
		f.s.versions.Saw(time.UnixMicro(latest))
	}
	f.s.fresh.Store(int64(began + f.s.lease))
	return nil
}

// prune drops the rows that the next poll does not read.
func (f *follower) prune(xmin string) {
	from, err := strconv.ParseUint(xmin, 10, 64)
	if err != nil {
		return
	}
	for id, xid := range f.seen {
		if xid < from {
			delete(f.seen, id)
		}
	}
}
