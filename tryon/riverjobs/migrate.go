package riverjobs

import (
	"context"
	_ "embed" // the schema
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations.sql
var schema string

// Schema is the schema of this package as plain SQL, for those who run their own
// tool. River's comes with its own.
func Schema() string { return schema }

// Migrate brings River's schema and this package's up to date, in the first
// schema of the search path. It may be called again, also at once; the pool
// needs two connections.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("riverjobs: %w", err)
	}
	return wrap(pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		// One at a time: River's migrations do not wait for each other, and each
		// is a transaction of its own.
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(7203094011531874)"); err != nil {
			return err
		}
		if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, schema)
		return err
	}))
}

// wrap says who speaks. Of what PostgreSQL says, the text of its errors has the
// message and the code; the detail, which may quote a row, stays inside.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("riverjobs: %w", err)
}
