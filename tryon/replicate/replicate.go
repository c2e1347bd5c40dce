// Package replicate has pictures drawn by models that Replicate runs
// (predictions).
//
//	backend, err := replicate.New(&replicate.Options{Key: key, Model: "owner/model", Inputs: inputs})
//	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger})
//
// # Limits
//
// Pictures go inline; inputs and outputs of predictions are deleted by
// themselves after an hour, and there is no call that does it sooner. Many
// try-on models there may not be used commercially: say so in
// Options.NonCommercial. Never verified against the live service.
package replicate

import (
	"context"
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
const Name = "replicate"

// Options configures New.
type Options struct {
	Key     tryon.Key
	Webhook tryon.Key // the secret of callbacks, whsec_…; "" refuses all of them
	Model   string    // owner/model, or
	Version string    // the hash of a version; one of the two
	// Inputs builds the model's input from pictures as data URIs; required.
	Inputs        func(in *tryon.Input, photo string, items []string) map[string]any
	BaseURL       string   // default https://api.replicate.com
	ResultHosts   []string // default .replicate.delivery
	NonCommercial bool     // the model's licence forbids commercial use
	Contract      *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	o       Options
	profile tryon.Profile
	wire    *wire.Service
	verify  func(*tryon.Callback) error
}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	if o == nil || o.Key == "" || (o.Model == "") == (o.Version == "") || o.Inputs == nil || strings.ContainsAny(o.Model, "?#%: ") {
		return nil, errors.New("replicate: a key, inputs, and either a model or a version are needed")
	}
	base, err := wire.Base(o.BaseURL, "https://api.replicate.com")
	if err != nil {
		return nil, fmt.Errorf("replicate: %w", err)
	}
	b := &Backend{o: *o}
	key, secret := string(o.Key), string(o.Webhook)
	b.o.Key, b.o.Webhook = "", ""
	b.wire = &wire.Service{Base: base, Auth: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) }}
	b.verify = func(c *tryon.Callback) error {
		if secret == "" {
			return errors.New("replicate: no secret to check callbacks with")
		}
		return wire.StandardWebhook(secret, c.Header, c.Body, c.Now)
	}
	if b.o.ResultHosts == nil {
		b.o.ResultHosts = []string{".replicate.delivery"}
	}
	b.profile = tryon.Profile{
		Name: Name, Tasks: []tryon.Task{tryon.OnPerson, tryon.InRoom}, MaxSide: 1536, MaxItems: 4,
		SubProcessor: "Replicate, Inc.", Region: "US", Hosts: []string{base.Host}, ResultHosts: b.o.ResultHosts,
		Model: o.Model + o.Version, Uploads: tryon.KeptFor(time.Hour), Outputs: tryon.KeptFor(time.Hour), NonCommercial: o.NonCommercial,
	}
	o.Contract.Apply(&b.profile)
	return b, nil
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
	items, err := wire.Items(in, 1024)
	if err != nil {
		return nil, err
	}
	var uris []string
	for _, p := range items {
		uris = append(uris, p.DataURI())
	}
	question := map[string]any{"input": b.o.Inputs(in, photo.DataURI(), uris)}
	path := "/v1/models/" + b.o.Model + "/predictions"
	if b.o.Version != "" {
		path, question["version"] = "/v1/predictions", b.o.Version
	}
	if in.Callback != "" {
		question["webhook"], question["webhook_events_filter"] = in.Callback, []string{"completed"}
	}
	var a struct{ ID string }
	if err := b.wire.Submit(ctx, in.HTTP, wire.Call{Path: path, JSON: question}, &a); err != nil {
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
		Output json.RawMessage
		Error  string
	}
	if err := b.wire.Ask(ctx, h.HTTP, wire.Call{Path: "/v1/predictions/" + url.PathEscape(h.ID)}, &a); err != nil {
		return nil, err
	}
	switch a.Status {
	case "starting", "processing":
		return nil, tryon.Pending(0)
	case "succeeded":
		return wire.Fetch(ctx, h.HTTP, addresses(a.Output), 8)
	case "failed":
		return nil, failed(a.Error)
	case "canceled", "aborted":
		return nil, &tryon.Error{Code: tryon.Internal, Reason: "canceled-there"}
	}
	return nil, &tryon.Error{Code: tryon.Unavailable, Reason: "odd-state", Retry: true}
}

// addresses are in an output that is one of them or a list.
func addresses(output json.RawMessage) []string {
	var one string
	if json.Unmarshal(output, &one) == nil && one != "" {
		return []string{one}
	}
	var list []string
	if json.Unmarshal(output, &list) != nil {
		return nil
	}
	return list
}

// failed reads a model's message: there are no codes.
func failed(message string) error {
	m := strings.ToLower(message)
	for _, w := range []string{"nsfw", "safety", "sensitive", "moderat", "flagged"} {
		if strings.Contains(m, w) {
			return &tryon.Error{Code: tryon.BlockedOutput, Reason: "moderation"}
		}
	}
	return &tryon.Error{Code: tryon.Internal, Reason: "generation-failed"}
}

// Cancel implements tryon.Canceler.
func (b *Backend) Cancel(ctx context.Context, h *tryon.Handle) error {
	return b.wire.Erase(ctx, h.HTTP, wire.Call{Method: http.MethodPost, Path: "/v1/predictions/" + url.PathEscape(h.ID) + "/cancel"})
}

// VerifyCallback implements tryon.CallbackVerifier by the rules of Standard
// Webhooks.
func (b *Backend) VerifyCallback(_ context.Context, c *tryon.Callback) (string, error) {
	if err := b.verify(c); err != nil {
		return "", err
	}
	var body struct{ ID string }
	if err := json.Unmarshal(c.Body, &body); err != nil {
		return "", errors.New("replicate: not a callback")
	}
	return body.ID, nil
}
