package shop

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/imageproc/httpupload"
)

// notice is the text next to the box a shopper ticks; the ledger keeps its hash.
const notice = "We draw the T-shirt on your photo and work out your size, on this server. Nobody else receives the photo or your measurements. " +
	"The pictures are deleted after ten minutes, or at once when you say so; the measurements are not kept."

// purposes are what the box stands for.
var purposes = []consent.Purpose{consent.TryOnRender, consent.Sizing}

// agree records a shopper's yes, and gives them the receipt.
func (s *Shop) agree(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	receipt, err := s.ledger.Grant(r.Context(), consent.Grant{
		Subject:  s.visitor(w, r),
		Purposes: purposes,
		Evidence: consent.Evidence{
			Notice:      consent.NoticeRef{ID: "tryon-and-size", Version: "1", Language: "en", SHA256: sha256.Sum256([]byte(notice))},
			Choices:     []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}, {Purpose: consent.Sizing, Granted: true}},
			Affirmative: r.PostFormValue("agree") == "yes",
			Surface:     "webshop/1",
			At:          time.Now(),
			Nonce:       []byte(r.PostFormValue("nonce")),
		},
		Until: time.Now().Add(24 * time.Hour),
	})
	switch {
	case errors.Is(err, consent.ErrNotAffirmative):
		refuse(w, http.StatusUnprocessableEntity, "not-agreed", "Tick the box if you agree.")
	case errors.Is(err, consent.ErrEvidence), errors.Is(err, consent.ErrReplay), errors.Is(err, consent.ErrStaleGrant):
		refuse(w, http.StatusConflict, "form-outdated", "This form was used before. Load the page again.")
	case err != nil:
		s.fail(w, err)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="consent-receipt.json"`)
		w.Write(receipt.Bytes())
	}
}

// withdraw takes the consent back, and drops what was made under it.
func (s *Shop) withdraw(w http.ResponseWriter, r *http.Request) {
	shopper := s.visitor(w, r)
	dropped := s.pictures.drop(shopper)
	receipt, err := s.ledger.Withdraw(r.Context(), shopper)
	if err != nil {
		s.fail(w, err)
		return
	}
	dropped += s.pictures.drop(shopper) // what a request under way has stored since
	s.log.Info("consent withdrawn", "pictures", dropped)
	w.Header().Set("Content-Type", "application/json")
	w.Write(receipt.Bytes())
}

// agreed lets a request through to next only if its shopper has agreed: before
// a byte of the photo is read.
func (s *Shop) agreed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, err := s.ledger.Check(r.Context(), consent.Query{Subject: s.visitor(w, r), Purpose: consent.TryOnRender})
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
