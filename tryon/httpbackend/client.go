package httpbackend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Name is the backend's default name.
const Name = "httpbackend"

// Options configures New.
type Options struct {
	BaseURL  string // required
	Key      tryon.Key
	Name     string       // of the backend, where there are several; default Name
	Tasks    []tryon.Task // default both
	Garments []tryon.Garment
	MaxItems int // default 1
	MaxSide  int // default 2048
	// Keep is how long the server keeps a job that is not deleted. Default an
	// hour, which is the handler's.
	Keep time.Duration
	// Private says that the server is in the shop's own network.
	Private  bool
	Contract *tryon.Contract // who runs the server, and where; required
}

// Backend is safe for use by many goroutines.
type Backend struct {
	profile tryon.Profile
	wire    *wire.Service
}

// New makes the client side.
func New(o *Options) (*Backend, error) {
	if o == nil || o.BaseURL == "" || o.Contract == nil || o.Contract.SubProcessor == "" || o.Contract.Region == "" {
		return nil, errors.New("httpbackend: an address, and who runs the server and where, are needed")
	}
	base, err := wire.Base(o.BaseURL, "")
	if err != nil {
		return nil, fmt.Errorf("httpbackend: %w", err)
	}
	b := &Backend{wire: &wire.Service{Base: base, Explain: explain}}
	if key := string(o.Key); key != "" {
		b.wire.Auth = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) }
	}
	keep := o.Keep
	if keep <= 0 {
		keep = defaultKeep
	}
	b.profile = tryon.Profile{
		Name: Name, Tasks: o.Tasks, Garments: o.Garments, MaxItems: o.MaxItems, MaxSide: 2048, Hosts: []string{base.Host},
		Private: o.Private, Uploads: tryon.ErasedWithin(keep), Outputs: tryon.ErasedWithin(keep), AbuseLog: tryon.NotKept(),
	}
	if o.Name != "" {
		b.profile.Name = o.Name
	}
	if o.Tasks == nil {
		b.profile.Tasks = []tryon.Task{tryon.OnPerson, tryon.InRoom}
	}
	if o.MaxSide > 0 {
		b.profile.MaxSide = o.MaxSide
	}
	o.Contract.Apply(&b.profile)
	return b, nil
}

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile { return b.profile }

// Classify implements tryon.Backend.
func (b *Backend) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

// The bodies of the protocol.
type (
	picture struct {
		MIME string `json:"mime"`
		Data []byte `json:"data"`
	}
	item struct {
		Picture picture `json:"picture"`
		Garment string  `json:"garment,omitempty"`
	}
	job struct {
		Task   string       `json:"task"`
		Photo  picture      `json:"photo"`
		Items  []item       `json:"items"`
		N      int          `json:"n,omitempty"`
		Seed   *int64       `json:"seed,omitempty"`
		Region [][2]float64 `json:"region,omitempty"`
	}
	result struct {
		Images   []picture       `json:"images"`
		Marks    []tryon.Mark    `json:"marks,omitempty"`
		Warnings []tryon.Warning `json:"warnings,omitempty"`
	}
	problem struct {
		Code   string       `json:"code"`
		Reason tryon.Reason `json:"reason,omitempty"`
		Retry  bool         `json:"retry,omitempty"`
	}
)

func path(name string) string { return "/v1/renders/" + name }

// Submit implements tryon.Backend.
func (b *Backend) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	photo, err := wire.Photo(in)
	if err != nil {
		return nil, err
	}
	items, err := wire.Items(in, 2048)
	if err != nil {
		return nil, err
	}
	j := job{Task: in.Task.String(), Photo: picture{photo.MIME, photo.Data}, N: in.N, Seed: in.Seed}
	for i, p := range items {
		j.Items = append(j.Items, item{picture{p.MIME, p.Data}, in.Items[i].Garment.String()})
	}
	for _, p := range in.Region.Polygon {
		j.Region = append(j.Region, [2]float64{p.X, p.Y})
	}
	if err := in.Leave(ctx, tryon.Leftover{Kind: "job", ID: in.Job}); err != nil {
		return nil, err
	}
	var state struct{ State string }
	if err := b.wire.Submit(ctx, in.HTTP, wire.Call{Method: http.MethodPut, Path: path(in.Job), JSON: j}, &state); err != nil {
		return nil, err
	}
	return &tryon.Handle{ID: in.Job}, nil
}

// Poll implements tryon.Backend.
func (b *Backend) Poll(ctx context.Context, h *tryon.Handle) (*tryon.Output, error) {
	var a struct {
		State string
		result
	}
	if err := b.wire.Ask(ctx, h.HTTP, wire.Call{Path: path(h.ID)}, &a); err != nil {
		return nil, err
	}
	if a.State == "pending" {
		return nil, tryon.Pending(0)
	}
	out := &tryon.Output{Marks: a.Marks, Warnings: a.Warnings}
	for _, p := range a.Images {
		out.Images = append(out.Images, tryon.Encoded{Data: p.Data})
	}
	if len(out.Images) == 0 {
		return nil, &tryon.Error{Code: tryon.NoImage}
	}
	return out, nil
}

// Cancel implements tryon.Canceler, and Erase tryon.Eraser: a deletion stops a
// job, too.
func (b *Backend) Cancel(ctx context.Context, h *tryon.Handle) error {
	return b.wire.Erase(ctx, h.HTTP, wire.Call{Method: http.MethodDelete, Path: path(h.ID)})
}

// Erase implements tryon.Eraser.
func (b *Backend) Erase(ctx context.Context, e *tryon.Erasure) error {
	if e.Kind != "job" {
		return tryon.ErrNotErasable
	}
	return b.wire.Erase(ctx, e.HTTP, wire.Call{Method: http.MethodDelete, Path: path(e.ID)})
}

// codes are those that a server may answer with, and the status of each.
var codes = map[tryon.Code]int{
	tryon.BadRequest: 400, tryon.BadPhoto: 422, tryon.BadProduct: 422, tryon.BlockedInput: 422, tryon.BlockedOutput: 422,
	tryon.BlockedPrompt: 422, tryon.BlockedCopyright: 422, tryon.NoImage: 422, tryon.Unsupported: 422, tryon.Unauthenticated: 401,
	tryon.Forbidden: 403, tryon.RateLimited: 429, tryon.QuotaExhausted: 402, tryon.ModelRetired: 410, tryon.Unavailable: 503,
	tryon.Timeout: 504, tryon.Canceled: 410, tryon.Internal: 500, tryon.NoJob: 404,
}

// explain reads the protocol's problems.
func explain(_ int, body []byte) (tryon.Fault, bool) {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		return tryon.Fault{}, false
	}
	for code := range codes {
		if code.String() == p.Code {
			return tryon.Fault{Code: code, Reason: p.Reason, Retry: p.Retry}, true
		}
	}
	return tryon.Fault{}, false
}
