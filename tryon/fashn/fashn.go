// Package fashn has clothes drawn on people by FASHN's try-on models (run,
// status).
//
//	backend, err := fashn.New(&fashn.Options{Key: key})
//	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger})
//
// # Limits
//
// One garment a call. Pictures go inline and come back inline: inputs are not
// stored, outputs stay in memory for an hour. There is no delete call, and
// callbacks are not signed: they are taken as hints. Never verified against
// the live service.
package fashn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Name is the backend's name.
const Name = "fashn"

// Options configures New.
type Options struct {
	Key   tryon.Key
	Model string // default tryon-v1.6
	// Mode is "performance", "balanced" or "quality"; default "balanced".
	// Moderation is "conservative", "permissive" or "none"; default "conservative".
	Mode, Moderation string
	BaseURL          string // default https://api.fashn.ai
	Contract         *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	o       Options
	profile tryon.Profile
	wire    *wire.Service
}

// Models is what was known of the models' lives on the day in AsOf: FASHN calls
// the first stable and the second a preview, and announces the end of neither.
func Models() []tryon.Model {
	const asOf = "2026-11-22"
	return []tryon.Model{{ID: "tryon-v1.6", AsOf: asOf}, {ID: "tryon-max", AsOf: asOf}}
}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	if o == nil || o.Key == "" {
		return nil, errors.New("fashn: a key is needed")
	}
	base, err := wire.Base(o.BaseURL, "https://api.fashn.ai")
	if err != nil {
		return nil, fmt.Errorf("fashn: %w", err)
	}
	b := &Backend{o: *o}
	key := string(o.Key)
	b.o.Key = ""
	b.wire = &wire.Service{
		Base: base, Explain: explain,
		Auth: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) },
	}
	for _, d := range []struct {
		field    *string
		standard string
	}{{&b.o.Model, "tryon-v1.6"}, {&b.o.Mode, "balanced"}, {&b.o.Moderation, "conservative"}} {
		if *d.field == "" {
			*d.field = d.standard
		}
	}
	b.profile = tryon.Profile{
		Name: Name, Tasks: []tryon.Task{tryon.OnPerson}, MaxSide: 1296,
		SubProcessor: "FASHN AI", Region: "US", Hosts: []string{base.Host}, Model: b.o.Model, Models: Models(),
		Uploads: tryon.NotKept(), Outputs: tryon.KeptFor(time.Hour),
	}
	o.Contract.Apply(&b.profile)
	return b, nil
}

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile { return b.profile }

// Classify implements tryon.Backend.
func (b *Backend) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

var categories = map[tryon.Garment]string{tryon.Top: "tops", tryon.Bottom: "bottoms", tryon.Dress: "one-pieces"}

// Submit implements tryon.Backend.
func (b *Backend) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	photo, err := wire.Photo(in)
	if err != nil {
		return nil, err
	}
	items, err := wire.Items(in, 1296)
	if err != nil {
		return nil, err
	}
	inputs := map[string]any{
		"model_image": photo.DataURI(), "garment_image": items[0].DataURI(), "category": categories[in.Items[0].Garment],
		"mode": b.o.Mode, "moderation_level": b.o.Moderation, "num_samples": min(in.N, 4), "output_format": "png", "return_base64": true,
	}
	if in.Seed != nil {
		inputs["seed"] = uint32(*in.Seed)
	}
	path := "/v1/run"
	if in.Callback != "" {
		path += "?webhook_url=" + url.QueryEscape(in.Callback)
	}
	var a struct{ ID string }
	if err := b.wire.Submit(ctx, in.HTTP, wire.Call{Path: path, JSON: map[string]any{"model_name": b.o.Model, "inputs": inputs}}, &a); err != nil {
		return nil, err
	}
	if a.ID == "" {
		return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "no-name"}
	}
	return &tryon.Handle{ID: a.ID}, nil
}

// Poll implements tryon.Backend.
func (b *Backend) Poll(ctx context.Context, h *tryon.Handle) (*tryon.Output, error) {
	var a struct {
		Status string
		Output []string
		Error  *struct{ Name string }
	}
	if err := b.wire.Ask(ctx, h.HTTP, wire.Call{Path: "/v1/status/" + url.PathEscape(h.ID)}, &a); err != nil {
		return nil, err
	}
	switch a.Status {
	case "starting", "in_queue", "processing":
		return nil, tryon.Pending(0)
	case "completed":
		return wire.Fetch(ctx, h.HTTP, a.Output, 8)
	case "failed", "canceled":
		name := ""
		if a.Error != nil {
			name = a.Error.Name
		}
		return nil, failed(name)
	}
	return nil, &tryon.Error{Code: tryon.Unavailable, Reason: "odd-state", Retry: true}
}

// failed reads the names of errors of jobs.
func failed(name string) error {
	switch name {
	case "ContentModerationError":
		return &tryon.Error{Code: tryon.BlockedInput, Reason: "moderation"}
	case "PoseError", "PhotoTypeError":
		return &tryon.Error{Code: tryon.BadPhoto, Reason: "pose"}
	case "ImageLoadError":
		return &tryon.Error{Code: tryon.BadPhoto, Reason: "not-loaded"}
	case "LastModifiedError", "InputValidationError":
		return &tryon.Error{Code: tryon.Unsupported, Reason: "rejected"}
	}
	return &tryon.Error{Code: tryon.Internal, Reason: "generation-failed"}
}

// explain reads the names of errors of calls: one status has three meanings.
func explain(status int, body []byte) (tryon.Fault, bool) {
	var e struct{ Error string }
	if json.Unmarshal(body, &e) != nil {
		return tryon.Fault{}, false
	}
	switch e.Error {
	case "OutOfCredits":
		return tryon.Fault{Code: tryon.QuotaExhausted}, true
	case "RateLimitExceeded", "ConcurrencyLimitExceeded":
		return tryon.Fault{Code: tryon.RateLimited, Retry: true}, true
	case "UnauthorizedAccess":
		return tryon.Fault{Code: tryon.Unauthenticated}, true
	case "NotFound":
		return tryon.Fault{Code: tryon.ModelRetired}, true
	}
	return wire.Status(status), e.Error != ""
}
