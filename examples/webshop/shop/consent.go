package shop

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/httpconsent"
	"github.com/fitveil/fitveil/imageproc/httpupload"
)

// notice is the text next to the box a shopper ticks; the ledger keeps its hash.
const notice = "We draw the T-shirt on your photo and work out your size, on this server. Nobody else receives the photo or your measurements. " +
	"The pictures are deleted after ten minutes, or at once when you say so; the measurements are not kept."

// consents makes the endpoint behind the page's box and its way back.
func (s *Shop) consents(origins []string) (*httpconsent.Handler, error) {
	key := make([]byte, 32)
	rand.Read(key) // forms are open for an hour at most; a shop that sends links by mail keeps the key
	return httpconsent.New(s.ledger, &httpconsent.Options{
		Key:     key,
		Shopper: func(r *http.Request) (string, string) { return tenant, visitor(r) },
		Tenants: []httpconsent.Tenant{{Name: tenant, Origins: origins, Notices: []httpconsent.Notice{{
			ID: "tryon-and-size", Version: "1", Language: "en", Text: notice, For: 24 * time.Hour,
			Choices: []httpconsent.Choice{
				{Purpose: consent.TryOnRender, Label: "Draw the T-shirt on my photo"},
				{Purpose: consent.Sizing, Label: "Work out my size"},
			},
		}}}},
		Surface: "webshop/1",
		Withdrawn: func(_ context.Context, shopper consent.Subject) error {
			s.log.Info("consent withdrawn", "pictures", s.pictures.drop(shopper))
			return nil
		},
		Logger: s.log,
	})
}

// agreed lets a request through to next only if its shopper has agreed: before
// a byte of the photo is read.
func (s *Shop) agreed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, err := s.ledger.Check(r.Context(), consent.Query{Subject: s.shopper(r), Purpose: consent.TryOnRender})
		if err != nil {
			s.fail(w, err)
			return
		}
		if !d.Allowed {
			refuse(w, http.StatusForbidden, "no-consent", "Before the photo we need your agreement.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse turns a request down in the form the gate uses, too.
func refuse(w http.ResponseWriter, status int, code httpupload.Code, detail string) {
	httpupload.WriteProblem(w, &httpupload.Problem{Status: status, Code: code, Detail: detail})
}

func (s *Shop) fail(w http.ResponseWriter, err error) {
	s.log.Error("request failed", "error", err)
	httpupload.WriteProblem(w, err)
}
