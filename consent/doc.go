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
//	permit, err := ledger.Permit(ctx, consent.Query{Subject: shopper, Purpose: consent.TryOnRender})
//
// A [Permit] is the proof that a check said yes. It is bound to subject,
// purpose and recipients, is checked again before each side effect, and cannot
// be stored: a job that runs later asks for a new one.
//
// # Limits
//
// The package records and enforces; whether a notice is lawful is not its
// call. Truth of the evidence is the caller's. A store that loses acknowledged
// writes loses consents; boltstore syncs before it answers.
package consent
