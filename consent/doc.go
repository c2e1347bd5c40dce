// Package consent keeps the record of what a person agreed to and hands out
// permits against it. Refused, never asked, withdrawn and expired are different
// answers, and none of them opens anything.
//
//	ledger, err := consent.New(store, &consent.Options{Keys: keys})
//	shopper := ledger.Subject("shop-a", customerID) // a keyed pseudonym; the id itself is not kept
//	receipt, err := ledger.Grant(ctx, consent.Grant{
//		Subject:  shopper,
//		Purposes: []consent.Purpose{consent.TryOnRender},
//		Evidence: evidence, // what was shown, in which language, and what the person did
//	})
//	query := consent.Query{Subject: shopper, Purpose: consent.TryOnRender}
//	permit, err := ledger.Permit(ctx, query)
//	err = permit.Use(ctx, query) // again before each side effect
//
// A [Ledger] writes events and works out from them where a person stands. An
// event is signed when it is written, and its [Receipt] verifies offline. A
// [Permit] is the proof that a check said yes. It is bound to subject, purpose
// and recipients, asks the record again at each use, and cannot be stored: a job
// that runs later asks for a new one. Anything that fails is a no.
//
// [Ledger.Prove] shows what a person had answered at a time, and that they had not
// taken it back: [VerifyProof] needs the public key alone, and catches a log that
// was rewritten if somebody has kept a [Checkpoint]. A [Profile] is an agreement
// as data. [Holder] is whatever else keeps personal data: [Ledger.Erase] and
// [Ledger.Export] reach it, [Ledger.Sweep] keeps it to the profile's times, and
// with it the ledger's own records of those who have agreed to nothing any more.
//
// Records live in a [Store]: memstore for tests and sessions, boltstore for a
// file that is synced before a call returns, pgstore for several instances on a
// database. Everything with a secret or a
// person in it (Subject, Permit, Keys, Receipt, Item) prints and logs as a fixed word.
//
// # Limits
//
// The package records and enforces; whether a notice is lawful is not its call,
// and the truth of the evidence is the caller's. A store that loses
// acknowledged writes loses consents. An operator who holds the keys can still
// rewrite a record or cut off its end; the receipts people hold and checkpoints
// kept elsewhere show that, the ledger alone does not. A clock set far ahead ends consents for good: people
// are asked again, nothing is revived.
package consent
