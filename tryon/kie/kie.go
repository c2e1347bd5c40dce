// Package kie has pictures drawn by models that Kie.ai sells (createTask,
// recordInfo).
//
//	backend, err := kie.New(&kie.Options{Key: key, Model: "nano-banana-2"})
//	client, err := tryon.New(&tryon.Options{
//		Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger, Callback: "https://shop.example/callbacks",
//	})
//
// # Limits
//
// Pictures are uploaded to a store whose addresses are public to whoever knows
// them, under random names; its documents say 24 hours in one place and three
// days in others, and there is no delete call. Uploads are declared as 72
// hours, which most agreements refuse: say what yours says in Options.Contract,
// or serve the pictures from the shop's own server ([NewHosted]).
// Callbacks sign the job's name and a time, not the body. Never verified
// against the live service.
package kie

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Name is the backend's name.
const Name = "kie"

// Options configures New.
type Options struct {
	Key tryon.Key
	// Webhook is the secret of callbacks; "" refuses them all, and jobs are
	// asked about at intervals only.
	Webhook tryon.Key
	Model   string // required: models live for months
	// ImageField is the name under which the model takes pictures. Default
	// "image_input", which is what nano-banana-2 and -pro call it.
	ImageField  string
	Prompt      string   // instead of the standard one
	BaseURL     string   // default https://api.kie.ai
	UploadURL   string   // default https://kieai.redpandaai.co
	ResultHosts []string // default .aiquickdraw.com, .kie.ai, .redpandaai.co
	Contract    *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	o       Options
	profile tryon.Profile
	wire    *wire.Service
	uploads *wire.Service
	verify  func(text, signature string) error
	store   func(ctx context.Context, in *tryon.Input, p *wire.Picture, name string) (address string, err error)
}

// Models is what was known of the models' lives on the day in AsOf. Kie sells
// other makers' models and announces no dates of its own.
func Models() []tryon.Model {
	return []tryon.Model{{ID: "nano-banana-pro", AsOf: "2026-11-22"}, {ID: "nano-banana-2", AsOf: "2026-11-22"}, {ID: "nano-banana-2-lite", AsOf: "2026-11-22"}}
}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	if o == nil || o.Key == "" || o.Model == "" {
		return nil, errors.New("kie: a key and a model are needed")
	}
	base, err := wire.Base(o.BaseURL, "https://api.kie.ai")
	if err != nil {
		return nil, fmt.Errorf("kie: %w", err)
	}
	up, err := wire.Base(o.UploadURL, "https://kieai.redpandaai.co")
	if err != nil {
		return nil, fmt.Errorf("kie: uploads: %w", err)
	}
	b := &Backend{o: *o}
	key, secret := string(o.Key), []byte(o.Webhook)
	b.o.Key, b.o.Webhook = "", ""
	auth := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) }
	b.wire, b.uploads = &wire.Service{Base: base, Auth: auth}, &wire.Service{Base: up, Auth: auth}
	b.verify = func(text, signature string) error { return wire.HMAC(secret, text, signature) } // never holds without a secret
	b.o.ImageField = cmp.Or(o.ImageField, "image_input")
	if b.o.ResultHosts == nil {
		b.o.ResultHosts = []string{".aiquickdraw.com", ".kie.ai", ".redpandaai.co"}
	}
	b.profile = tryon.Profile{
		Name: Name, Tasks: []tryon.Task{tryon.OnPerson, tryon.InRoom}, MaxItems: 4, MaxSide: 1536,
		SubProcessor: "Kie.ai", Region: "unknown", Hosts: []string{base.Host, up.Host}, ResultHosts: b.o.ResultHosts,
		Model: o.Model, Models: Models(), Uploads: tryon.KeptFor(72 * time.Hour),
	}
	o.Contract.Apply(&b.profile)
	b.store = b.upload
	return b, nil
}

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile { return b.profile }

// Classify implements tryon.Backend.
func (b *Backend) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

// envelope is around every answer: its code counts, whatever the status is.
type envelope[T any] struct {
	Code int `json:"code"`
	Data T   `json:"data"`
}

func (e *envelope[T]) check() error {
	switch e.Code {
	case 0, http.StatusOK:
		return nil
	case 422, 505:
		return &tryon.Error{Code: tryon.Unsupported, Reason: "rejected"}
	case 455:
		return &tryon.Error{Code: tryon.Unavailable, Reason: "maintenance", Retry: true, After: time.Minute}
	case 501:
		return &tryon.Error{Code: tryon.Internal, Reason: "generation-failed"}
	}
	return wire.Fault(wire.Status(e.Code), nil)
}

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
	var addresses []string
	for i, p := range append([]*wire.Picture{photo}, items...) {
		address, err := b.store(ctx, in, p, fmt.Sprintf("%s-%d.%s", in.Job, i, p.Ext()))
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, address)
	}
	task := map[string]any{"model": b.o.Model, "input": map[string]any{
		"prompt": wire.Prompt(in, b.o.Prompt), b.o.ImageField: addresses, "output_format": "png",
	}}
	if in.Callback != "" {
		task["callBackUrl"] = in.Callback
	}
	var a envelope[struct {
		TaskID string `json:"taskId"`
	}]
	if err := b.wire.Submit(ctx, in.HTTP, wire.Call{Path: "/api/v1/jobs/createTask", JSON: task}, &a); err != nil {
		return nil, err
	}
	if err := a.check(); err != nil {
		return nil, wire.Begun(a.Code, err)
	}
	if a.Data.TaskID == "" {
		return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "no-name"}
	}
	return &tryon.Handle{ID: a.Data.TaskID, State: fmt.Sprint(in.N)}, nil
}

func (b *Backend) upload(ctx context.Context, in *tryon.Input, p *wire.Picture, name string) (string, error) {
	var a envelope[struct {
		DownloadURL string `json:"downloadUrl"`
	}]
	_, err := b.uploads.Prepare(ctx, in.HTTP, wire.Call{
		Path: "/api/file-base64-upload",
		JSON: map[string]string{"base64Data": p.DataURI(), "uploadPath": "tryon", "fileName": name},
	}, &a)
	if err == nil {
		err = a.check()
	}
	if err == nil && a.Data.DownloadURL == "" {
		err = &tryon.Error{Code: tryon.Unavailable, Reason: "no-upload-address", Retry: true}
	}
	return a.Data.DownloadURL, err
}

// Poll implements tryon.Backend.
func (b *Backend) Poll(ctx context.Context, h *tryon.Handle) (*tryon.Output, error) {
	var a envelope[struct {
		State      string `json:"state"`
		ResultJSON string `json:"resultJson"`
		FailCode   string `json:"failCode"`
		FailMsg    string `json:"failMsg"`
	}]
	if err := b.wire.Ask(ctx, h.HTTP, wire.Call{Path: "/api/v1/jobs/recordInfo?taskId=" + url.QueryEscape(h.ID)}, &a); err != nil {
		return nil, err
	}
	if a.Code == http.StatusNotFound {
		return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "job-lost"}
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	switch a.Data.State {
	case "waiting", "queuing", "generating":
		return nil, tryon.Pending(0)
	case "success":
	case "fail":
		return nil, failed(a.Data.FailCode, a.Data.FailMsg)
	default:
		return nil, &tryon.Error{Code: tryon.Unavailable, Reason: "odd-state", Retry: true}
	}
	var r struct {
		ResultURLs []string `json:"resultUrls"`
	}
	if json.Unmarshal([]byte(a.Data.ResultJSON), &r) != nil {
		return nil, &tryon.Error{Code: tryon.NoImage, Reason: "unreadable-answer"}
	}
	return wire.Fetch(ctx, h.HTTP, r.ResultURLs, 8)
}

// failed reads why a task failed. There is no code for moderation: the message
// has to be looked at.
func failed(code, message string) error {
	m, words := strings.ToLower(message), []string{"safety", "policy", "sensitive", "nsfw", "prohibited", "moderat"}
	if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(m, w) }) {
		return &tryon.Error{Code: tryon.BlockedOutput, Reason: "moderation"}
	}
	if code == "400" || code == "422" {
		return &tryon.Error{Code: tryon.Unsupported, Reason: "rejected"}
	}
	return &tryon.Error{Code: tryon.Internal, Reason: "generation-failed"}
}

// VerifyCallback implements tryon.CallbackVerifier. Without a secret every
// callback is refused.
func (b *Backend) VerifyCallback(_ context.Context, c *tryon.Callback) (string, error) {
	var body struct {
		TaskID string `json:"taskId"`
		Data   struct {
			TaskID  string `json:"taskId"`
			TaskID2 string `json:"task_id"`
		} `json:"data"`
	}
	if json.Unmarshal(c.Body, &body) != nil {
		return "", errors.New("kie: not a callback")
	}
	id := cmp.Or(body.Data.TaskID, body.Data.TaskID2, body.TaskID)
	stamp := c.Header.Get("X-Webhook-Timestamp")
	if err := wire.Fresh(stamp, c.Now); err != nil {
		return "", err
	}
	return id, b.verify(id+"."+stamp, c.Header.Get("X-Webhook-Signature"))
}
