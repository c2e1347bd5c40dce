// Package merkle keeps the two hash trees of a consent log inside somebody
// else's database: a log of all records in the order they were written (RFC
// 6962, as golang.org/x/mod/sumdb/tlog has it), and a map from each person to
// their latest record. Stores call Append in the transaction that writes the
// record; whoever proves something reads the nodes in a snapshot.
//
//	err := merkle.Append(tx, merkle.Step{Leaf: tlog.RecordHash(event), Key: pseudonym}) // within the transaction
//	...
//	head, err := merkle.ReadHead(snapshot)
//	path, err := merkle.ProveRecord(snapshot, head.Size, leaf)
//	value, branch, ok, err := merkle.ProveKey(snapshot, pseudonym) // with a Prover where there will be more
//	err = merkle.CheckKey(branch, head.Map, pseudonym, value) // by anybody, anywhere
//
// # Limits
//
// The trees know hashes only. Who signs heads, and who keeps the signed heads
// of yesterday, is for the caller to arrange. A store must run Append under a
// lock or in a serialisable transaction: two at once would write one leaf.
package merkle
