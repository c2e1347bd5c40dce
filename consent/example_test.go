package consent_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

const notice = "May we draw this shirt on your photo? The photo is deleted afterwards."

// evidenceOf is what a shop writes down when somebody presses its button.
func evidenceOf(p consent.Purpose) consent.Evidence {
	return consent.Evidence{
		Notice:      consent.NoticeRef{ID: "tryon", Version: "3", Language: "en", SHA256: sha256.Sum256([]byte(notice))},
		Choices:     []consent.Choice{{Purpose: p, Granted: true}, {Purpose: consent.ProfileStore, Granted: false}},
		Affirmative: true,
		Surface:     "product-page/12",
		At:          time.Now(),
		Nonce:       []byte(rand.Text()), // made when the form is, and sent back with it
	}
}

func Example() {
	ctx := context.Background()
	keys, store := consent.GenerateKeys(), memstore.New()

	ledger, err := consent.New(store, &consent.Options{Keys: keys})
	if err != nil {
		log.Fatal(err)
	}
	shopper := ledger.Subject("shop-a", "customer-4711") // a keyed pseudonym; the id itself is not kept
	receipt, err := ledger.Grant(ctx, consent.Grant{
		Subject:  shopper,
		Purposes: []consent.Purpose{consent.TryOnRender},
		Evidence: evidenceOf(consent.TryOnRender), // what was shown, in which language, and what the person did
	})
	if err != nil {
		log.Fatal(err)
	}
	query := consent.Query{Subject: shopper, Purpose: consent.TryOnRender}
	permit, err := ledger.Permit(ctx, query)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("use:", permit.Use(ctx, query)) // again before each side effect
	fmt.Println("receipt:", receipt.Verify(keys.PublicKey()))

	if _, err := ledger.Withdraw(ctx, shopper); err != nil {
		log.Fatal(err)
	}
	fmt.Println("use:", permit.Use(ctx, query))
	fmt.Println(shopper, permit, receipt, keys)
	// Output:
	// use: <nil>
	// receipt: <nil>
	// use: consent: denied: withdrawn: the person took their consent back
	// [consent.Subject] [consent.Permit] [consent.Receipt] [consent.Keys]
}

func ExampleLedger_Check() {
	ctx := context.Background()
	ledger, err := consent.New(memstore.New(), nil)
	if err != nil {
		log.Fatal(err)
	}
	shopper := ledger.Subject("shop-a", "customer-4711")
	grant := consent.Grant{
		Subject:    shopper,
		Purposes:   []consent.Purpose{consent.TryOnRender},
		Recipients: []string{"renderer.example"},
		Evidence:   evidenceOf(consent.TryOnRender),
	}
	if _, err := ledger.Grant(ctx, grant); err != nil {
		log.Fatal(err)
	}
	for _, q := range []consent.Query{
		{Subject: shopper, Purpose: consent.TryOnRender, Recipients: []string{"renderer.example"}},
		{Subject: shopper, Purpose: consent.TryOnRender, Recipients: []string{"advertiser.example"}},
		{Subject: shopper, Purpose: consent.ProfileStore}, // offered beside it, and left alone
		{Subject: shopper, Purpose: consent.Sizing},
	} {
		d, err := ledger.Check(ctx, q)
		fmt.Println(d.Allowed, d.Reason, err)
	}
	// Output:
	// true granted <nil>
	// false recipient-blocked <nil>
	// false refused <nil>
	// false never-asked <nil>
}

func ExampleLedger_Grant_refused() {
	ctx := context.Background()
	ledger, err := consent.New(memstore.New(), nil)
	if err != nil {
		log.Fatal(err)
	}
	evidence := evidenceOf(consent.Sizing)
	evidence.Affirmative = false // the box was ticked in advance
	_, err = ledger.Grant(ctx, consent.Grant{
		Subject:  ledger.Subject("shop-a", "customer-4711"),
		Purposes: []consent.Purpose{consent.Sizing},
		Evidence: evidence,
	})
	fmt.Println(err, errors.Is(err, consent.ErrNotAffirmative))
	// Output: consent: grant: no affirmative act true
}

func ExampleLedger_History() {
	ctx := context.Background()
	ledger, err := consent.New(memstore.New(), nil)
	if err != nil {
		log.Fatal(err)
	}
	shopper := ledger.Subject("shop-a", "customer-4711")
	if _, err := ledger.Refuse(ctx, shopper, consent.TryOnRender); err != nil {
		log.Fatal(err)
	}
	if _, err := ledger.Grant(ctx, consent.Grant{
		Subject:  shopper,
		Purposes: []consent.Purpose{consent.Sizing},
		Evidence: evidenceOf(consent.Sizing),
	}); err != nil {
		log.Fatal(err)
	}
	if _, err := ledger.Withdraw(ctx, shopper); err != nil {
		log.Fatal(err)
	}
	for event, err := range ledger.History(ctx, shopper) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Seq, event.Kind, event.Purposes, event.All)
	}
	done, err := ledger.Erase(ctx, shopper)
	fmt.Println("erased", done.Events, err)
	// Output:
	// 1 refused [tryon.render] false
	// 2 granted [sizing] false
	// 3 withdrawn [] true
	// erased 3 <nil>
}

// A person, or a court, checks a receipt with nothing but the public key.
func ExampleVerifyReceipt() {
	ctx := context.Background()
	keys := consent.GenerateKeys()
	ledger, err := consent.New(memstore.New(), &consent.Options{Keys: keys})
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := ledger.Refuse(ctx, ledger.Subject("shop-a", "customer-4711"), consent.Sizing)
	if err != nil {
		log.Fatal(err)
	}
	handedOut, published := receipt.Bytes(), keys.PublicKey()

	read, err := consent.VerifyReceipt(handedOut, published)
	fmt.Println(read.Kind(), read.Seq(), err)
	handedOut[len(handedOut)/2] ^= 1
	_, err = consent.VerifyReceipt(handedOut, published)
	fmt.Println(errors.Is(err, consent.ErrReceipt))
	// Output:
	// refused 1 <nil>
	// true
}

// A shop that keeps consent elsewhere says so, once, and visibly.
func ExampleUnmanaged() {
	ctx := context.Background()
	key := make([]byte, 32) // a secret of the shop's
	if _, err := rand.Read(key); err != nil {
		log.Fatal(err)
	}
	shopper := consent.NewSubject(key, "shop-a", "customer-4711")
	permit := consent.Unmanaged("consent is kept by the shop system").For(shopper)
	reason, unmanaged := permit.Unmanaged()
	fmt.Println(unmanaged, reason)
	fmt.Println(permit.Use(ctx, consent.Query{Subject: shopper, Purpose: consent.TryOnRender}))
	fmt.Println(consent.Permit{}.Use(ctx, consent.Query{Subject: shopper, Purpose: consent.TryOnRender}))
	// Output:
	// true consent is kept by the shop system
	// <nil>
	// consent: denied: no-permit: there is no permit
}

// Keys are made once and live away from the data.
func ExampleKeys_Save() {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "consent.keys")

	keys, err := consent.LoadKeys(path)
	if errors.Is(err, os.ErrNotExist) { // the first start
		keys = consent.GenerateKeys()
		err = keys.Save(path)
	}
	fmt.Println(keys, err)

	again, err := consent.LoadKeys(path)
	fmt.Println(again.PublicKey().Equal(keys.PublicKey()), err)
	// Output:
	// [consent.Keys] <nil>
	// true <nil>
}

// All five agreements at once, each for a tenant of its own.
func ExampleBuiltinProfile() {
	profiles := make(map[string]*consent.Profile)
	for tenant, name := range map[string]string{
		"shoes": "sizing-archive", "advice": "conversation", "rooms": "room-render", "fashion": "photo-tryon", "recommender": "recommendation",
	} {
		p, err := consent.BuiltinProfile(name)
		if err != nil {
			log.Fatal(err)
		}
		profiles[tenant] = p
	}
	day := consent.Period{Days: 1} // this shop keeps photos for less than it may
	short, err := profiles["fashion"].Shorten(consent.Photo, day)
	if err != nil {
		log.Fatal(err)
	}
	profiles["fashion"] = short
	ledger, err := consent.New(memstore.New(), &consent.Options{Profiles: profiles})
	if err != nil {
		log.Fatal(err)
	}
	for _, tenant := range []string{"fashion", "rooms"} {
		q := consent.Query{Subject: ledger.Subject(tenant, "customer-4711"), Purpose: consent.TryOnRender}
		d, err := ledger.Check(context.Background(), q)
		fmt.Println(tenant, d.Reason, err)
	}
	// Output:
	// fashion never-asked <nil>
	// rooms bad-query consent: unknown purpose "tryon.render"
}
