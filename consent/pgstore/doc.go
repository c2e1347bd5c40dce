// Package pgstore is the consent store for several instances of a program that
// share a PostgreSQL database, version 13 or newer.
//
//	pool, err := pgxpool.New(ctx, "postgres://shop@db/consent")
//	if err != nil {
//		return err
//	}
//	defer pool.Close()
//	if err := pgstore.Migrate(ctx, pool); err != nil { // or run the files of Migrations with your own tool
//		return err
//	}
//	store, err := pgstore.New(ctx, pool, nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	ledger, err := consent.New(store, &consent.Options{Keys: keys})
//
// # Several instances
//
// An instance answers checks from memory only while it knows that it has missed
// nothing that was committed more than Options.Lease ago, 250 ms by default. It
// asks the database what has changed several times a lease, and at once when it
// is notified. What is not answered within the lease ends the answering from
// memory, so a notification that is late or lost delays nothing: only what was
// read counts. The lease is timed by the process's monotonic clock. Where that
// stands still while a virtual machine is suspended, as on Linux, an instance that
// wakes up may answer from memory for what was left of its lease. After Withdraw has returned at one instance, another one says yes
// for a lease at most; from then on it says no, or that it cannot tell.
//
// A consent bound to a session ([consent.Grant].Heartbeat) lives as long as any
// instance hears its beats. Where a session stands is read from the database at
// each check, and by the clock of the instance that checks: keep the clocks
// together, as for Until.
//
// # Walls between tenants
//
// Every key has the tenant in it. Behind that stands row-level security: a
// transaction says which tenant it is for and sees no other's rows; one that
// says nothing sees none. New refuses a role that is not bound by it.
//
// # Limits
//
// What is erased is gone for every reader at once, and from the files of the
// database after vacuum; from its write-ahead log and backups when those are
// recycled. Events of one tenant are written one after another, which the log
// needs. An acknowledged write is as durable as the server's synchronous_commit
// and, with replicas, a synchronous standby make it; New refuses a session with
// synchronous_commit off.
package pgstore
