package pgstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the schema as plain SQL, one file a step, in order, for
// those who run their own tool. [Migrate] does the same.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// steps lists the files by name, which is their order.
func steps() ([]string, error) {
	names, err := fs.Glob(Migrations(), "*.sql")
	slices.Sort(names)
	return names, err
}

// Migrate brings the schema up to date, in the first schema of the search path.
// Several instances may call it at once. The pool's role has to own the schema;
// for running, give another role select, insert, update and delete on its tables,
// again after a migration that has made one.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	names, err := steps()
	if err != nil {
		return wrap(err)
	}
	return wrap(pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		// One at a time; the number is ours alone by its oddness.
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(7203094011531873)"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "create table if not exists consent_schema (step text primary key, at timestamptz not null default now())"); err != nil {
			return err
		}
		for _, name := range names {
			done, err := tx.Exec(ctx, "insert into consent_schema (step) values ($1) on conflict do nothing", name)
			if err != nil {
				return err
			}
			if done.RowsAffected() == 0 {
				continue
			}
			sql, err := fs.ReadFile(Migrations(), name)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, string(sql)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}))
}
