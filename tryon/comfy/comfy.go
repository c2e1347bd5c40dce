// Package comfy has pictures drawn by a ComfyUI server that the shop runs
// itself, with a workflow of the shop's own.
//
//	backend, err := comfy.New(&comfy.Options{
//		BaseURL: "https://gpu.internal.example", Workflow: workflow, // exported in API format
//		Contract: &tryon.Contract{SubProcessor: "the shop itself", Region: "EU", Uploads: &day, Outputs: &day},
//	})
//
// In the workflow the strings {{photo}}, {{item}} and {{prompt}} are replaced,
// and {{seed}} by a number.
//
// # Limits
//
// The history of a job is deleted by a call; uploaded files and pictures are
// not, there is no call for it: have the server empty its input and output
// folders, and say in Options.Contract how often. The server needs https: put
// a proxy before it. Never verified against a live server.
package comfy

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Name is the backend's name.
const Name = "comfy"

// Options configures New.
type Options struct {
	BaseURL       string // required
	Workflow      []byte // required: JSON in API format
	Node          string // the node whose pictures count; default: all that are of type "output"
	Prompt        string // instead of the standard one
	Model         string // a name for the workflow, for records
	Key           tryon.Key
	Tasks         []tryon.Task // default OnPerson
	NonCommercial bool         // a model's licence forbids commercial use
	Contract      *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	o       Options
	profile tryon.Profile
	wire    *wire.Service
}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	var graph map[string]any
	if o == nil || o.BaseURL == "" || json.Unmarshal(o.Workflow, &graph) != nil || len(graph) == 0 {
		return nil, errors.New("comfy: an address and a workflow in API format are needed")
	}
	base, err := wire.Base(o.BaseURL, "")
	if err != nil {
		return nil, fmt.Errorf("comfy: %w", err)
	}
	b := &Backend{o: *o, wire: &wire.Service{Base: base}}
	if key := string(o.Key); key != "" {
		b.wire.Auth = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) }
	}
	b.o.Key, b.o.Workflow = "", bytes.Clone(o.Workflow)
	b.profile = tryon.Profile{
		Name: Name, Tasks: o.Tasks, MaxSide: 1536, Private: true, SubProcessor: "the shop itself", Region: "own",
		Hosts: []string{base.Host}, Model: o.Model, NonCommercial: o.NonCommercial,
	}
	if o.Tasks == nil {
		b.profile.Tasks = []tryon.Task{tryon.OnPerson}
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
	var names [2]string
	for i, p := range []*wire.Picture{photo, items[0]} {
		if names[i], err = b.upload(ctx, in, p, fmt.Sprintf("%s-%d.%s", in.Job, i, p.Ext())); err != nil {
			return nil, err
		}
	}
	seed := in.Seed
	if seed == nil {
		var r [8]byte
		rand.Read(r[:])
		s := int64(binary.LittleEndian.Uint64(r[:]) >> 12)
		seed = &s
	}
	var graph any
	if err := json.Unmarshal(b.o.Workflow, &graph); err != nil {
		return nil, err
	}
	graph = fill(graph, map[string]any{
		"{{photo}}": names[0], "{{item}}": names[1], "{{prompt}}": wire.Prompt(in, b.o.Prompt), "{{seed}}": *seed,
	})
	var a struct {
		PromptID string `json:"prompt_id"`
	}
	if err := b.wire.Submit(ctx, in.HTTP, wire.Call{Path: "/prompt", JSON: map[string]any{"prompt": graph, "client_id": in.Job}}, &a); err != nil {
		return nil, err
	}
	if a.PromptID == "" {
		return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "no-name"}
	}
	return &tryon.Handle{ID: a.PromptID, Left: []tryon.Leftover{{Kind: "job", ID: a.PromptID}}}, nil
}

// fill replaces strings that are placeholders, whole.
func fill(v any, with map[string]any) any {
	switch v := v.(type) {
	case string:
		if w, ok := with[v]; ok {
			return w
		}
	case map[string]any:
		for k := range v {
			v[k] = fill(v[k], with)
		}
	case []any:
		for i := range v {
			v[i] = fill(v[i], with)
		}
	}
	return v
}

func (b *Backend) upload(ctx context.Context, in *tryon.Input, p *wire.Picture, name string) (string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="image"; filename=%q`, name)}, "Content-Type": {p.MIME},
	})
	if err == nil {
		_, err = part.Write(p.Data)
	}
	if err = errors.Join(err, w.WriteField("type", "input"), w.WriteField("overwrite", "true"), w.Close()); err != nil {
		return "", err
	}
	var a struct{ Name, Subfolder string }
	if _, err := b.wire.Prepare(ctx, in.HTTP, wire.Call{Path: "/upload/image", Body: body.Bytes(), Type: w.FormDataContentType()}, &a); err != nil {
		return "", err
	}
	if a.Name == "" {
		return "", &tryon.Error{Code: tryon.Unavailable, Reason: "no-upload-name", Retry: true}
	}
	if a.Subfolder != "" {
		return a.Subfolder + "/" + a.Name, nil
	}
	return a.Name, nil
}

type picture struct{ Filename, Subfolder, Type string }

// Poll implements tryon.Backend. A job that runs is not in the history yet, and
// one that nobody knows is neither there nor in the queue.
func (b *Backend) Poll(ctx context.Context, h *tryon.Handle) (*tryon.Output, error) {
	var history map[string]struct {
		Status struct {
			StatusStr string `json:"status_str"`
			Completed bool
		}
		Outputs map[string]struct{ Images []picture }
	}
	if err := b.wire.Ask(ctx, h.HTTP, wire.Call{Path: "/history/" + url.PathEscape(h.ID)}, &history); err != nil {
		return nil, err
	}
	job, known := history[h.ID]
	switch {
	case !known:
		return nil, b.queued(ctx, h)
	case job.Status.StatusStr == "error":
		return nil, &tryon.Error{Code: tryon.Internal, Reason: "generation-failed"}
	}
	var addresses []string
	for node, o := range job.Outputs {
		for _, p := range o.Images {
			if b.o.Node != "" && node != b.o.Node || b.o.Node == "" && p.Type != "output" {
				continue
			}
			q := url.Values{"filename": {p.Filename}, "subfolder": {p.Subfolder}, "type": {p.Type}}
			addresses = append(addresses, b.wire.Base.String()+"/view?"+q.Encode())
		}
	}
	return wire.Fetch(ctx, h.HTTP, addresses, 8)
}

func (b *Backend) queued(ctx context.Context, h *tryon.Handle) error {
	var q struct {
		Running [][]any `json:"queue_running"`
		Pending [][]any `json:"queue_pending"`
	}
	if err := b.wire.Ask(ctx, h.HTTP, wire.Call{Path: "/queue"}, &q); err != nil {
		return err
	}
	for _, entry := range append(q.Running, q.Pending...) {
		if len(entry) > 1 && entry[1] == h.ID {
			h.State = ""
			return tryon.Pending(0)
		}
	}
	// It may have moved to the history between the two questions.
	if h.State == "missed" {
		return &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "job-lost"}
	}
	h.State = "missed"
	return tryon.Pending(0)
}

// Cancel implements tryon.Canceler: it leaves the queue if it still waits.
func (b *Backend) Cancel(ctx context.Context, h *tryon.Handle) error {
	return b.wire.Erase(ctx, h.HTTP, wire.Call{Path: "/queue", JSON: map[string][]string{"delete": {h.ID}}})
}

// Erase implements tryon.Eraser: the history of a job, with its workflow.
func (b *Backend) Erase(ctx context.Context, e *tryon.Erasure) error {
	if e.Kind != "job" {
		return tryon.ErrNotErasable
	}
	return b.wire.Erase(ctx, e.HTTP, wire.Call{Path: "/history", JSON: map[string][]string{"delete": {e.ID}}})
}
