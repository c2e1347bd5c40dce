// Package vertex has clothes drawn on people by the virtual try-on model of
// Vertex AI (predict), in a region of the shop's choice.
//
//	backend, err := vertex.New(&vertex.Options{
//		Project: "my-project", Location: "europe-west1", Token: token, // from the shop's own Google credentials
//	})
//	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger})
//
// # Limits
//
// One product a call. Pictures go inline and are not stored; a log for finding
// abuse is possible unless the project has zero retention. Never verified
// against the live service.
package vertex

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Name is the backend's name.
const Name = "vertex"

// Options configures New.
type Options struct {
	Project  string
	Location string // such as "europe-west1"
	// Token gives an OAuth token of the shop's Google credentials. It is asked
	// for each call and keeps tokens itself.
	Token    func(ctx context.Context) (tryon.Key, error)
	Model    string // default virtual-try-on-001
	BaseURL  string // default follows from Location
	Contract *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	o       Options
	profile tryon.Profile
	wire    *wire.Service
}

// Models is what was known of the models' lives on the day in AsOf.
func Models() []tryon.Model {
	return []tryon.Model{{
		ID: "virtual-try-on-001", Shutdown: time.Date(2027, 3, 15, 0, 0, 0, 0, time.UTC), AsOf: "2026-11-21",
	}}
}

// The locations of the model in the European Union.
var european = []string{"eu", "europe-west1", "europe-west4", "europe-west8", "europe-west9", "europe-southwest1", "europe-north1"}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	if o == nil || o.Token == nil || !plain(o.Project) || !plain(o.Location) {
		return nil, errors.New("vertex: project, location and token are needed")
	}
	b := &Backend{o: *o}
	if b.o.Model == "" {
		b.o.Model = "virtual-try-on-001"
	}
	if !plain(b.o.Model) {
		return nil, errors.New("vertex: the model's name is not one")
	}
	base, err := wire.Base(o.BaseURL, "https://"+host(o.Location))
	if err != nil {
		return nil, fmt.Errorf("vertex: %w", err)
	}
	b.wire = &wire.Service{Base: base, Explain: wire.Google}
	region := strings.ToUpper(o.Location)
	if slices.Contains(european, o.Location) {
		region = "EU"
	}
	b.profile = tryon.Profile{
		Name: Name, Tasks: []tryon.Task{tryon.OnPerson}, MaxSide: 2048,
		SubProcessor: "Google Cloud EMEA Limited", Region: region, Hosts: []string{base.Host},
		Model: b.o.Model, Models: Models(), Uploads: tryon.NotKept(), Outputs: tryon.NotKept(),
	}
	o.Contract.Apply(&b.profile)
	return b, nil
}

func host(location string) string {
	switch location {
	case "global":
		return "aiplatform.googleapis.com"
	case "eu", "us":
		return "aiplatform." + location + ".rep.googleapis.com"
	}
	return location + "-aiplatform.googleapis.com"
}

func plain(s string) bool { return s != "" && !strings.ContainsAny(s, "/?#%: ") }

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile { return b.profile }

// Classify implements tryon.Backend.
func (b *Backend) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

// Poll implements tryon.Backend; nothing is ever pending.
func (b *Backend) Poll(context.Context, *tryon.Handle) (*tryon.Output, error) {
	return nil, &tryon.Error{Code: tryon.AcceptedUnknown}
}

type image struct {
	Image struct {
		Data string `json:"bytesBase64Encoded"`
		MIME string `json:"mimeType,omitempty"`
	} `json:"image"`
}

func imageOf(p *wire.Picture) (i image) {
	i.Image.Data, i.Image.MIME = p.Base64(), p.MIME
	return i
}

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
	token, err := b.o.Token(ctx)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.Unauthenticated, Reason: "no-token", Err: err}
	}
	parameters := map[string]any{
		"sampleCount": min(in.N, 4), "addWatermark": in.Seed == nil, "personGeneration": "ALLOW_ADULT",
		"safetySetting": "BLOCK_MEDIUM_AND_ABOVE", "outputOptions": map[string]string{"mimeType": "image/png"},
	}
	if in.Seed != nil { // only without their watermark
		parameters["seed"] = *in.Seed
	}
	var a struct {
		Predictions []struct {
			Data     string `json:"bytesBase64Encoded"`
			Filtered string `json:"raiFilteredReason"`
		} `json:"predictions"`
	}
	err = b.wire.Submit(ctx, in.HTTP, wire.Call{
		Path: fmt.Sprintf("/v1/projects/%s/locations/%s/publishers/google/models/%s:predict", b.o.Project, b.o.Location, b.o.Model),
		JSON: map[string]any{
			"instances":  []any{map[string]any{"personImage": imageOf(photo), "productImages": []image{imageOf(items[0])}}},
			"parameters": parameters,
		},
		Header: http.Header{"Authorization": {"Bearer " + string(token)}},
	}, &a)
	if err != nil {
		return nil, err
	}
	out, filtered := &tryon.Output{}, false
	if in.Seed == nil {
		out.Marks = []tryon.Mark{{Kind: "synthid", Value: "declared"}}
	}
	for _, p := range a.Predictions {
		if p.Data == "" {
			filtered = filtered || p.Filtered != ""
			continue
		}
		picture, err := wire.Decode(p.Data)
		if err != nil {
			return nil, err
		}
		out.Images = append(out.Images, picture)
	}
	switch {
	case len(out.Images) == 0 && filtered:
		return nil, &tryon.Error{Code: tryon.BlockedOutput, Reason: "filtered"}
	case len(out.Images) == 0:
		return nil, &tryon.Error{Code: tryon.NoImage}
	case filtered:
		out.Warnings = []tryon.Warning{{Code: "some-filtered", Text: "some of the pictures were withheld by moderation"}}
	}
	return &tryon.Handle{Done: out}, nil
}
