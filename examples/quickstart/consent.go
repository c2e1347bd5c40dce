package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
)

// notice is what the shopper reads before agreeing.
const notice = "We draw the T-shirt on your photo, on this computer. Nobody else receives it. The pictures stay in a folder of this computer until they are deleted."

// openLedger opens a ledger in a temporary folder, with keys that end with this
// run. A shop keeps its keys with consent.Keys.Save, away from the data.
func (v *visit) openLedger() error {
	tmp, err := os.MkdirTemp("", "fitveil-quickstart-")
	if err != nil {
		return err
	}
	store, err := boltstore.Open(filepath.Join(tmp, "consent.db"), nil)
	if err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	v.deleteLedger = sync.OnceValue(func() error { return errors.Join(store.Close(), os.RemoveAll(tmp)) })
	v.ledger, err = consent.New(store, &consent.Options{Keys: consent.GenerateKeys()})
	if err != nil {
		return errors.Join(err, v.deleteLedger())
	}
	v.shopper = v.ledger.Subject("quickstart-shop", "customer-4711")
	return nil
}

// askConsent records the shopper's yes and takes a permit for it. In a shop the
// evidence comes from the form the shopper submitted.
func (v *visit) askConsent(ctx context.Context) error {
	query := consent.Query{Subject: v.shopper, Purpose: consent.TryOnRender}
	before, err := v.ledger.Check(ctx, query)
	if err != nil {
		return err
	}
	nonce := make([]byte, 16)
	rand.Read(nonce)
	receipt, err := v.ledger.Grant(ctx, consent.Grant{
		Subject:  v.shopper,
		Purposes: []consent.Purpose{consent.TryOnRender},
		Evidence: consent.Evidence{
			Notice: consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: sha256.Sum256([]byte(notice))},
			Choices: []consent.Choice{
				{Purpose: consent.TryOnRender, Granted: true},
				{Purpose: consent.ProfileStore, Granted: false},
			},
			Affirmative: true,
			Surface:     "quickstart/1",
			At:          time.Now(),
			Nonce:       nonce,
		},
	})
	if err != nil {
		return err
	}
	// The receipt is the shopper's. It verifies without this ledger.
	if _, err := consent.VerifyReceipt(receipt.Bytes(), v.ledger.PublicKey()); err != nil {
		return err
	}
	v.permit, err = v.ledger.Permit(ctx, query)
	if err != nil {
		return err
	}
	v.agreed(before, receipt)
	return v.save("consent-receipt.json", receipt.Bytes())
}

// erase takes consent back, shows that nothing can be drawn any more, and
// removes the shopper from the ledger and the ledger from the disk.
func (v *visit) erase(ctx context.Context) error {
	if _, err := v.ledger.Withdraw(ctx, v.shopper); err != nil {
		return err
	}
	if _, err := v.client.Render(ctx, v.permit, v.request); !errors.Is(err, consent.ErrNoConsent) {
		return fmt.Errorf("after the withdrawal a try-on was not refused: %w", err)
	}
	erased, err := v.ledger.Erase(ctx, v.shopper)
	if err != nil {
		return err
	}
	if err := v.deleteLedger(); err != nil {
		return err
	}
	v.erased(erased)
	return nil
}
