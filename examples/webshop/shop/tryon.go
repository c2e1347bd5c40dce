package shop

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect/httpgate"
	"github.com/fitveil/fitveil/sizing"
	"github.com/fitveil/fitveil/tryon"
)

// answer is what the page gets for a photo.
type answer struct {
	Picture string   `json:"picture"` // path of the result
	Removed []string `json:"removed"` // carriers that were taken out of the photo
	Marks   []string `json:"marks"`
}

// tryOn draws the T-shirt. The gate before it has stripped and screened the photo.
func (s *Shop) tryOn(w http.ResponseWriter, r *http.Request) {
	in := httpgate.From(r.Context())
	shopper := s.shopper(r)
	permit, err := s.ledger.Permit(r.Context(), consent.Query{Subject: shopper, Purpose: consent.TryOnRender})
	if err != nil {
		refuse(w, http.StatusForbidden, "no-consent", "The agreement is gone.")
		return
	}
	result, err := s.client.Render(r.Context(), permit, &tryon.Request{
		Subject: shopper, Photo: in.Photo, Items: []tryon.Item{{ID: "tee", Image: s.tee, Garment: tryon.Top}},
	})
	var refused *tryon.Error
	switch {
	case errors.Is(err, tryon.ErrNoConsent):
		refuse(w, http.StatusForbidden, "no-consent", "The agreement is gone.")
		return
	case errors.As(err, &refused) && errors.Is(err, tryon.ErrRefused):
		refuse(w, http.StatusUnprocessableEntity, "photo-refused", "The T-shirt can't be drawn well on this photo. Stand upright, facing the camera, arms at your sides.")
		return
	case err != nil:
		s.fail(w, err)
		return
	}
	a := answer{Picture: "/picture/" + s.pictures.put(shopper, result.Images[0]), Removed: []string{}, Marks: []string{}}
	for _, f := range in.Photo.Photo().Report().Removed {
		a.Removed = append(a.Removed, f.Carrier)
	}
	for _, m := range result.Marks {
		a.Marks = append(a.Marks, m.Value)
	}
	// A withdrawal drops what is stored after it is on record: if that was too
	// early to drop this picture, it is seen here.
	if err := permit.Use(r.Context(), consent.Query{Subject: shopper, Purpose: consent.TryOnRender}); err != nil {
		s.pictures.drop(shopper)
		refuse(w, http.StatusForbidden, "no-consent", "The agreement is gone.")
		return
	}
	s.write(w, a)
}

func (s *Shop) picture(w http.ResponseWriter, r *http.Request) {
	p := s.pictures.get(s.shopper(r), r.PathValue("name"))
	if p == nil {
		refuse(w, http.StatusNotFound, "picture-gone", "The picture is gone.")
		return
	}
	w.Header().Set("Content-Type", "image/"+p.Format().String())
	w.Write(p.Bytes())
}

// size recommends one, from a form of measurements. None of them is kept.
func (s *Shop) size(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	d, err := s.ledger.Check(r.Context(), consent.Query{Subject: s.shopper(r), Purpose: consent.Sizing})
	if err != nil {
		s.fail(w, err)
		return
	}
	if !d.Allowed {
		refuse(w, http.StatusForbidden, "no-consent", "Before the measurements we need your agreement.")
		return
	}
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "bad-form", "The form is broken.")
		return
	}
	body, err := measurements(r.PostForm)
	if err == nil {
		err = body.Validate()
	}
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, "measurement-refused", "One of the measurements can't be right. Centimetres, kilograms and years, please.")
		return
	}
	recommendation, err := s.chart.Recommend(body, nil)
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(recommendation.AppendJSON(nil))
}

// measurements reads the fields of the form; an empty one is unknown.
func measurements(form url.Values) (*sizing.Body, error) {
	b := &sizing.Body{Sex: sizing.Female, Source: sizing.SelfReported}
	for _, name := range []string{"age", "height", "weight_kg", "bust"} {
		text := form.Get(name)
		if text == "" {
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		if name == "age" {
			b.Age = value
			continue
		}
		if err := b.Set(name, value); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (s *Shop) write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.log.Warn("answer not sent", "error", err)
	}
}
