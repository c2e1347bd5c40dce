package boltstore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "consent")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	keys := consent.GenerateKeys() // a program loads them: consent.LoadKeys

	for range 2 { // the second time is after a restart
		store, err := boltstore.Open(filepath.Join(dir, "consent.db"), nil)
		if err != nil {
			log.Fatal(err)
		}
		ledger, err := consent.New(store, &consent.Options{Keys: keys})
		if err != nil {
			log.Fatal(err)
		}
		shopper := ledger.Subject("shop-a", "customer-4711")
		decision, err := ledger.Check(ctx, consent.Query{Subject: shopper, Purpose: consent.Sizing})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(decision.Reason)
		if _, err := ledger.Refuse(ctx, shopper, consent.Sizing); err != nil {
			log.Fatal(err)
		}
		if err := store.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// never-asked
	// refused
}
