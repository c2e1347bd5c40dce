// Package riverjobs renders try-ons as jobs of River, on PostgreSQL, for shops
// with more than one machine. It is a module of its own: nobody else gets River.
//
//	queue, err := riverjobs.New(pool, &riverjobs.Options{Key: key, Ledger: ledger, Client: client, Item: item})
//	id, err := queue.Enqueue(ctx, &riverjobs.Order{Query: query, Photo: screened, Items: items})
//
//	// on the machines that draw
//	workers := river.NewWorkers()
//	river.AddWorker(workers, queue.Worker())
//	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
//		Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 8}},
//	})
//	err = jobs.Start(ctx)
//
//	// on the machine that shows
//	parcel, err := queue.Collect(ctx, shopper, id)
//
// A job holds the question to the ledger (the pseudonym, the purpose, the
// recipients), the names of the items, and the sealed proof that the photo was
// screened. The photo lies beside it, encrypted; so do the pictures until they
// are fetched. No job holds a permit: whoever works on it asks the ledger for a
// new one, and where that says no, the photo is deleted and the job cancelled.
//
// A worker that dies is replaced when River finds its job stuck
// (river.Config.RescueStuckJobsAfter). What was handed to a backend is on record
// with the job's name before the first byte left: the next worker waits for it,
// and hands nothing over a second time. Where nobody can know what became of it,
// the order fails with code accepted-unknown. An order that [Queue.Erase] took away
// is not handed over, also where a worker had read its photo already.
//
// # Limits
//
// Pictures are drawn at most once: when a worker dies after the backend gave
// them out and before they are stored, they are lost, and the order fails.
// Whoever has the key and the database has the photos that are waiting. Client,
// workers and shop need the same keys of the ledger. Jobs that are over stay in
// River's table for as long as its configuration says, with the pseudonym;
// [Queue.Erase] removes them.
package riverjobs
