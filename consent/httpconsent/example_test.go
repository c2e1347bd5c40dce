package httpconsent_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/httpconsent"
	"github.com/fitveil/fitveil/consent/memstore"
)

func ExampleNew() {
	ledger, err := consent.New(memstore.New(), nil)
	if err != nil {
		panic(err)
	}
	key := make([]byte, 32)
	rand.Read(key) // a shop keeps it with the ledger's keys
	h, err := httpconsent.New(ledger, &httpconsent.Options{
		Key:     key,
		Shopper: func(r *http.Request) (tenant, id string) { return "shop-a", "session-4711" },
		Tenants: []httpconsent.Tenant{{
			Name:    "shop-a",
			Origins: []string{"https://shop-a.example"},
			Notices: []httpconsent.Notice{{
				ID: "tryon", Version: "1", Language: "en", Text: "We draw the garment on your photo, here, and delete both after ten minutes.",
				Choices: []httpconsent.Choice{{Purpose: consent.TryOnRender, Label: "Draw it on my photo"}},
			}},
		}},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/consent/", http.StripPrefix("/consent", h))

	// What the shop's page does.
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/consent/form", nil))
	var form httpconsent.Form
	if err := json.Unmarshal(w.Body.Bytes(), &form); err != nil {
		panic(err)
	}
	fmt.Println("box:", form.Boxes[0].Label)
	answer := httptest.NewRequest(http.MethodPost, "/consent/answer", strings.NewReader(url.Values{"form": {form.Token}, "agree": {"tryon.render"}}.Encode()))
	answer.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer.Header.Set("Origin", "https://shop-a.example")
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, answer)

	receipt, err := consent.VerifyReceipt(w.Body.Bytes(), ledger.PublicKey())
	fmt.Println("answer:", w.Code, receipt.Kind(), err)
	// Output:
	// box: Draw it on my photo
	// answer: 201 granted <nil>
}
