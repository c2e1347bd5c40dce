// Package fal has pictures drawn by models that fal runs (its queue).
//
//	backend, err := fal.New(&fal.Options{Key: key, Model: "fal-ai/fashn/tryon/v1.6"})
//	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger})
//
// # Limits
//
// Pictures go inline, and the request asks fal not to store what goes in and
// to drop what comes out after an hour; payloads and outputs are deleted by a
// call as soon as they were fetched. Never verified against the live service.
package fal

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Name is the backend's name.
const Name = "fal"

// Options configures New.
type Options struct {
	Key   tryon.Key
	Model string // required: owner/app, with its sub-path if it has one
	// Inputs builds the model's input from pictures as data URIs. Default:
	// FASHN's model_image, garment_image and category.
	Inputs      func(in *tryon.Input, photo string, items []string) map[string]any
	BaseURL     string   // default https://queue.fal.run
	PlatformURL string   // for deletions; default https://api.fal.ai
	KeysURL     string   // for callbacks; default https://rest.alpha.fal.ai
	ResultHosts []string // default .fal.media
	// NonCommercial says that the model's licence forbids commercial use.
	NonCommercial bool
	Contract      *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	o                    Options
	profile              tryon.Profile
	wire, platform, keys *wire.Service
}

// Models is what was known of the models' lives on the day in AsOf. fal
// announces no dates; FASHN's newer version is the successor that it names.
func Models() []tryon.Model {
	const asOf, fashn = "2026-11-22", "fal-ai/fashn/tryon/v1.6"
	return []tryon.Model{
		{ID: "fashn/tryon", Successor: fashn, AsOf: asOf}, {ID: "fal-ai/fashn/tryon/v1.5", Successor: fashn, AsOf: asOf}, {ID: fashn, AsOf: asOf},
	}
}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	if o == nil || o.Key == "" || strings.Count(o.Model, "/") < 1 || strings.ContainsAny(o.Model, "?#%: ") {
		return nil, errors.New("fal: a key and a model as owner/app are needed")
	}
	b := &Backend{o: *o}
	key := string(o.Key)
	b.o.Key = ""
	auth := func(r *http.Request) { r.Header.Set("Authorization", "Key "+key) }
	var hosts []string
	for _, s := range []struct {
		given, standard string
		service         **wire.Service
		auth            func(*http.Request)
	}{
		{o.BaseURL, "https://queue.fal.run", &b.wire, auth},
		{o.PlatformURL, "https://api.fal.ai", &b.platform, auth},
		{o.KeysURL, "https://rest.alpha.fal.ai", &b.keys, nil},
	} {
		base, err := wire.Base(s.given, s.standard)
		if err != nil {
			return nil, fmt.Errorf("fal: %w", err)
		}
		*s.service = &wire.Service{Base: base, Auth: s.auth, Explain: explain}
		hosts = append(hosts, base.Host)
	}
	if b.o.ResultHosts == nil {
		b.o.ResultHosts = []string{".fal.media"}
	}
	if b.o.Inputs == nil {
		b.o.Inputs = tryOn
	}
	b.profile = tryon.Profile{
		Name: Name, Tasks: []tryon.Task{tryon.OnPerson}, MaxSide: 1536,
		SubProcessor: "Features & Labels, Inc. (fal)", Region: "US", Hosts: hosts, ResultHosts: b.o.ResultHosts,
		Model: o.Model, Models: Models(), Uploads: tryon.NotKept(), Outputs: tryon.ErasedWithin(time.Hour), NonCommercial: o.NonCommercial,
	}
	o.Contract.Apply(&b.profile)
	return b, nil
}

func tryOn(in *tryon.Input, photo string, items []string) map[string]any {
	category := map[tryon.Garment]string{tryon.Top: "tops", tryon.Bottom: "bottoms", tryon.Dress: "one-pieces"}
	m := map[string]any{
		"model_image": photo, "garment_image": items[0], "category": category[in.Items[0].Garment],
		"num_samples": min(in.N, 4), "output_format": "png",
	}
	if in.Seed != nil {
		m["seed"] = uint32(*in.Seed)
	}
	return m
}

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile { return b.profile }

// Classify implements tryon.Backend.
func (b *Backend) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

// Submit implements tryon.Backend.
func (b *Backend) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	photo, err := wire.Photo(in)
	if err != nil {
		return nil, err
	}
	items, err := wire.Items(in, 1536)
	if err != nil {
		return nil, err
	}
	var uris []string
	for _, p := range items {
		uris = append(uris, p.DataURI())
	}
	path := "/" + b.o.Model
	if in.Callback != "" {
		path += "?fal_webhook=" + url.QueryEscape(in.Callback)
	}
	var a struct {
		RequestID string `json:"request_id"`
	}
	err = b.wire.Submit(ctx, in.HTTP, wire.Call{
		Path: path, JSON: b.o.Inputs(in, photo.DataURI(), uris),
		Header: http.Header{
			"X-Fal-Store-Io": {"0"}, "X-Fal-Object-Lifecycle-Preference": {`{"expiration_duration_seconds":3600}`},
			"X-Fal-No-Retry": {"1"},
		},
	}, &a)
	if err != nil {
		return nil, err
	}
	if a.RequestID == "" {
		return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "no-name"}
	}
	return &tryon.Handle{ID: a.RequestID, Left: b.Leftovers(a.RequestID)}, nil
}

// Leftovers implements tryon.Leaver.
func (b *Backend) Leftovers(id string) []tryon.Leftover {
	return []tryon.Leftover{{Kind: "output", ID: id}}
}

// request is the path of accepted work: the model without its sub-path.
func (b *Backend) request(id string) string {
	parts := strings.SplitN(b.o.Model, "/", 3)
	return "/" + parts[0] + "/" + parts[1] + "/requests/" + url.PathEscape(id)
}

// Poll implements tryon.Backend.
func (b *Backend) Poll(ctx context.Context, h *tryon.Handle) (*tryon.Output, error) {
	var s struct{ Status string }
	if err := b.wire.Ask(ctx, h.HTTP, wire.Call{Path: b.request(h.ID) + "/status"}, &s); err != nil {
		return nil, err
	}
	switch s.Status {
	case "IN_QUEUE", "IN_PROGRESS":
		return nil, tryon.Pending(0)
	case "COMPLETED":
	default:
		return nil, &tryon.Error{Code: tryon.Unavailable, Reason: "odd-state", Retry: true}
	}
	var a struct {
		Images []struct{ URL string }
		Image  struct{ URL string }
	}
	if err := b.wire.Ask(ctx, h.HTTP, wire.Call{Path: b.request(h.ID)}, &a); err != nil {
		return nil, err
	}
	var addresses []string
	for _, i := range a.Images {
		addresses = append(addresses, i.URL)
	}
	if a.Image.URL != "" {
		addresses = append(addresses, a.Image.URL)
	}
	return wire.Fetch(ctx, h.HTTP, addresses, 8)
}

// Cancel implements tryon.Canceler.
func (b *Backend) Cancel(ctx context.Context, h *tryon.Handle) error {
	return b.wire.Erase(ctx, h.HTTP, wire.Call{Method: http.MethodPut, Path: b.request(h.ID) + "/cancel"})
}

// Erase implements tryon.Eraser: payloads and outputs of a request.
func (b *Backend) Erase(ctx context.Context, e *tryon.Erasure) error {
	if e.Kind != "output" {
		return tryon.ErrNotErasable
	}
	return b.platform.Erase(ctx, e.HTTP, wire.Call{
		Method: http.MethodDelete, Path: "/v1/models/requests/" + url.PathEscape(e.ID) + "/payloads",
	})
}

// explain reads the errors of models, which come with status 422, and 200 jobs
// that were no success with the model's status.
func explain(status int, body []byte) (tryon.Fault, bool) {
	var e struct {
		Detail []struct{ Type string }
	}
	if json.Unmarshal(body, &e) != nil || len(e.Detail) == 0 {
		return tryon.Fault{}, false
	}
	switch e.Detail[0].Type {
	case "content_policy_violation":
		return tryon.Fault{Code: tryon.BlockedInput, Reason: "content-policy"}, true
	case "no_media_generated":
		return tryon.Fault{Code: tryon.NoImage}, true
	case "image_too_small", "image_too_large", "image_load_error", "face_detection_error":
		return tryon.Fault{Code: tryon.BadPhoto, Reason: "rejected"}, true
	}
	return wire.Status(status), true
}

// VerifyCallback implements tryon.CallbackVerifier: Ed25519 over request, user,
// time and the hash of the body, by one of the keys that fal publishes.
func (b *Backend) VerifyCallback(ctx context.Context, c *tryon.Callback) (string, error) {
	wrong := errors.New("fal: not a callback of fal's")
	id, stamp := c.Header.Get("X-Fal-Webhook-Request-Id"), c.Header.Get("X-Fal-Webhook-Timestamp")
	signature, err := hex.DecodeString(c.Header.Get("X-Fal-Webhook-Signature"))
	if err != nil || id == "" {
		return "", wrong
	}
	if err := wire.Fresh(stamp, c.Now); err != nil {
		return "", err
	}
	var set struct {
		Keys []struct{ X string }
	}
	if err := b.keys.Ask(ctx, c.HTTP, wire.Call{Path: "/.well-known/jwks.json"}, &set); err != nil {
		return "", err
	}
	sum := sha256.Sum256(c.Body)
	text := strings.Join([]string{id, c.Header.Get("X-Fal-Webhook-User-Id"), stamp, hex.EncodeToString(sum[:])}, "\n")
	for _, k := range set.Keys[:min(len(set.Keys), 16)] {
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(k.X, "="))
		if err == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, []byte(text), signature) {
			return id, nil
		}
	}
	return "", wrong
}
