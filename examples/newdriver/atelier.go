// Package newdriver is the driver of a rendering service that does not exist,
// to be copied by whoever writes one for a service that does. Its test runs the
// suite, with a fake of the service that stands beside it.
//
//	backend, err := newdriver.New(&newdriver.Options{Key: key})
//	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger})
//
// The service takes an order (POST /v2/orders), says how far it is (GET
// /v2/orders/NAME), serves its pictures (GET /v2/orders/NAME/pictures/1) and
// forgets it (DELETE /v2/orders/NAME).
//
// # Limits
//
// There is no such service.
package newdriver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Options configures New.
type Options struct {
	Key      tryon.Key // prints as a fixed word, wherever it gets to
	BaseURL  string    // default https://api.atelier.example
	Contract *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	profile tryon.Profile
	service *wire.Service
}

// What a driver can do besides drawing is found by type; these lines find typing
// errors.
var (
	_ tryon.Eraser = (*Backend)(nil)
	_ tryon.Leaver = (*Backend)(nil)
)

// New makes the backend. The key goes into a header and is kept nowhere else.
func New(o *Options) (*Backend, error) {
	if o == nil || o.Key == "" {
		return nil, errors.New("newdriver: a key is needed")
	}
	base, err := wire.Base(o.BaseURL, "https://api.atelier.example")
	if err != nil {
		return nil, fmt.Errorf("newdriver: %w", err)
	}
	key := string(o.Key)
	b := &Backend{
		service: &wire.Service{
			Base: base, Explain: explain,
			Auth: func(r *http.Request) { r.Header.Set("X-Atelier-Key", key) },
		},
		// What the client holds against consent and agreements before a photo leaves.
		profile: tryon.Profile{
			Name: "atelier", Tasks: []tryon.Task{tryon.OnPerson}, MaxItems: 3, MaxSide: 1024,
			SubProcessor: "Atelier Ltd", Region: "EU", Hosts: []string{base.Host},
			Uploads: tryon.ErasedWithin(24 * time.Hour), Outputs: tryon.ErasedWithin(24 * time.Hour), AbuseLog: tryon.NotKept(),
		},
	}
	o.Contract.Apply(&b.profile)
	return b, nil
}

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile { return b.profile }

// Classify implements tryon.Backend. The calls of wire return classified errors.
func (b *Backend) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

// Submit implements tryon.Backend.
func (b *Backend) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	photo, err := wire.Photo(in)
	if err != nil {
		return nil, err
	}
	items, err := wire.Items(in, 1024)
	if err != nil {
		return nil, err
	}
	order := map[string]any{"portrait": photo.Base64(), "copies": in.N}
	var garments []string
	for _, p := range items {
		garments = append(garments, p.Base64())
	}
	order["garments"] = garments
	if in.Callback != "" {
		order["notify"] = in.Callback
	}
	var a struct {
		Order string `json:"order"`
	}
	if err := b.service.Submit(ctx, in.HTTP, wire.Call{Path: "/v2/orders", JSON: order}, &a); err != nil {
		return nil, err
	}
	if a.Order == "" { // it may have begun: nobody may be asked again
		return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "no-name"}
	}
	return &tryon.Handle{ID: a.Order, Left: b.Leftovers(a.Order)}, nil
}

// Leftovers implements tryon.Leaver: an order is deleted by its name.
func (b *Backend) Leftovers(remote string) []tryon.Leftover {
	return []tryon.Leftover{{Kind: "job", ID: remote}}
}

// Poll implements tryon.Backend.
func (b *Backend) Poll(ctx context.Context, h *tryon.Handle) (*tryon.Output, error) {
	path := "/v2/orders/" + url.PathEscape(h.ID)
	var a struct {
		Phase    string `json:"phase"`
		Why      string `json:"why"`
		Pictures int    `json:"pictures"`
	}
	if err := b.service.Ask(ctx, h.HTTP, wire.Call{Path: path}, &a); err != nil {
		return nil, err
	}
	switch a.Phase {
	case "queued", "drawing":
		return nil, tryon.Pending(0)
	case "refused":
		return nil, &tryon.Error{Code: tryon.BlockedInput, Reason: "moderation"}
	case "failed":
		return nil, &tryon.Error{Code: tryon.Internal, Reason: "generation-failed"}
	case "ready":
		return b.pictures(ctx, h, path, a.Pictures)
	}
	return nil, &tryon.Error{Code: tryon.Unavailable, Reason: "odd-state", Retry: true}
}

// pictures fetches the pictures of an order that is ready.
func (b *Backend) pictures(ctx context.Context, h *tryon.Handle, path string, n int) (*tryon.Output, error) {
	out := &tryon.Output{}
	for i := range min(n, 8) {
		var data []byte
		call := wire.Call{Path: path + "/pictures/" + strconv.Itoa(i+1), Header: http.Header{"Accept": {"image/*"}}}
		if _, err := b.service.Do(ctx, h.HTTP, call, &data); err != nil {
			return nil, err
		}
		out.Images = append(out.Images, tryon.Encoded{Data: data}) // the client looks whether it is a picture
	}
	if len(out.Images) == 0 {
		return nil, &tryon.Error{Code: tryon.NoImage}
	}
	return out, nil
}

// Erase implements tryon.Eraser.
func (b *Backend) Erase(ctx context.Context, e *tryon.Erasure) error {
	return b.service.Erase(ctx, e.HTTP, wire.Call{Method: http.MethodDelete, Path: "/v2/orders/" + url.PathEscape(e.ID)})
}

// explain reads the service's own words where a status says too little.
func explain(status int, body []byte) (tryon.Fault, bool) {
	var e struct {
		Problem string `json:"problem"`
	}
	if json.Unmarshal(body, &e) != nil {
		return tryon.Fault{}, false
	}
	switch e.Problem {
	case "no-balance":
		return tryon.Fault{Code: tryon.QuotaExhausted}, true
	case "too-busy":
		return tryon.Fault{Code: tryon.RateLimited, Retry: true}, true
	case "no-such-style":
		return tryon.Fault{Code: tryon.ModelRetired}, true
	}
	return wire.Status(status), false
}
