// Package openai has pictures drawn by OpenAI's image models (images/edits).
//
//	backend, err := openai.New(&openai.Options{Key: key, Model: "gpt-image-2", Residency: "eu"})
//	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger})
//
// # Limits
//
// Prompts and pictures are kept up to 30 days in a log for finding abuse
// unless the organisation has zero retention: say so in Options.Contract. Never
// verified against the live service; written from its public documents and
// from what its official Go client sends.
package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Name is the backend's name.
const Name = "openai"

// Options configures New.
type Options struct {
	Key    tryon.Key
	Model  string // required: models live for months
	Prompt string // instead of the standard one
	// Size is "auto", "1024x1536" and the like; default "auto". Quality is "low",
	// "medium", "high" or "auto"; default "auto".
	Size, Quality string
	// Residency keeps data in a region the organisation has bought: "eu" or "us".
	Residency string
	// SafetyIdentifier is sent along where the shop wants to be told of misuse;
	// it must not be anything of the shopper's.
	SafetyIdentifier string
	BaseURL          string // default https://api.openai.com/v1, or its regional host
	Contract         *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	o       Options
	profile tryon.Profile
	wire    *wire.Service
}

// Models is what was known of the models' lives on the day in AsOf.
func Models() []tryon.Model {
	const asOf = "2026-11-21"
	list := []tryon.Model{
		{ID: "gpt-image-1", Shutdown: time.Date(2026, 10, 23, 0, 0, 0, 0, time.UTC), Successor: "gpt-image-2", AsOf: asOf},
	}
	for _, id := range []string{
		"gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2", "gpt-image-2.5-sunburst", "gpt-image-2.5-flare",
		"gpt-image-2.6-sunburst", "gpt-image-2.6-flare", "chatgpt-image-latest",
	} {
		list = append(list, tryon.Model{ID: id, AsOf: asOf})
	}
	return list
}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	if o == nil || o.Key == "" || o.Model == "" {
		return nil, errors.New("openai: a key and a model are needed")
	}
	standard, region := "https://api.openai.com/v1", "US"
	switch o.Residency {
	case "":
	case "eu":
		standard, region = "https://eu.api.openai.com/v1", "EU"
	case "us":
		standard = "https://us.api.openai.com/v1"
	default:
		return nil, errors.New("openai: residency is \"eu\", \"us\" or empty")
	}
	base, err := wire.Base(o.BaseURL, standard)
	if err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	b := &Backend{o: *o}
	key := string(o.Key)
	b.o.Key = ""
	b.wire = &wire.Service{
		Base: base, Explain: explain,
		Auth: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) },
	}
	b.profile = tryon.Profile{
		Name: Name, Tasks: []tryon.Task{tryon.OnPerson, tryon.InRoom}, MaxItems: 8, MaxSide: 1536,
		SubProcessor: "OpenAI OpCo, LLC", Region: region, Hosts: []string{base.Host},
		Model: o.Model, Models: Models(), Uploads: tryon.NotKept(), Outputs: tryon.NotKept(),
		AbuseLog: tryon.KeptFor(30 * 24 * time.Hour),
	}
	if region == "EU" {
		b.profile.SubProcessor = "OpenAI Ireland Ltd"
	}
	o.Contract.Apply(&b.profile)
	return b, nil
}

// Describe implements tryon.Backend.
func (b *Backend) Describe() tryon.Profile { return b.profile }

// Classify implements tryon.Backend.
func (b *Backend) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

// Poll implements tryon.Backend; nothing is ever pending.
func (b *Backend) Poll(context.Context, *tryon.Handle) (*tryon.Output, error) {
	return nil, &tryon.Error{Code: tryon.AcceptedUnknown}
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
	body, kind, err := b.form(in, append([]*wire.Picture{photo}, items...))
	if err != nil {
		return nil, err
	}
	var a struct {
		Data []struct {
			B64 string `json:"b64_json"`
		} `json:"data"`
	}
	if err := b.wire.Submit(ctx, in.HTTP, wire.Call{Path: "/images/edits", Body: body, Type: kind}, &a); err != nil {
		return nil, err
	}
	out := &tryon.Output{Marks: []tryon.Mark{{Kind: "c2pa", Value: "declared"}}}
	for _, d := range a.Data {
		if d.B64 == "" {
			continue
		}
		picture, err := wire.Decode(d.B64)
		if err != nil {
			return nil, err
		}
		out.Images = append(out.Images, picture)
	}
	if len(out.Images) == 0 {
		return nil, &tryon.Error{Code: tryon.NoImage}
	}
	return &tryon.Handle{Done: out}, nil
}

// form is the multipart body: the pictures, named by number, and the fields.
func (b *Backend) form(in *tryon.Input, pictures []*wire.Picture) ([]byte, string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i, p := range pictures {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf(`form-data; name="image[]"; filename="%d.%s"`, i, p.Ext())},
			"Content-Type":        {p.MIME},
		})
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write(p.Data); err != nil {
			return nil, "", err
		}
	}
	for _, f := range [][2]string{
		{"model", b.o.Model},
		{"prompt", wire.Prompt(in, b.o.Prompt)},
		{"n", strconv.Itoa(in.N)},
		{"size", b.o.Size},
		{"quality", b.o.Quality},
		{"output_format", "png"},
		{"safety_identifier", b.o.SafetyIdentifier},
	} {
		if f[1] == "" {
			continue
		}
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, "", err
		}
	}
	err := w.Close()
	return body.Bytes(), w.FormDataContentType(), err
}

// explain reads OpenAI's error objects.
func explain(status int, body []byte) (tryon.Fault, bool) {
	var e struct {
		Error struct {
			Code string `json:"code"`
			Type string `json:"type"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return tryon.Fault{}, false
	}
	switch e.Error.Code {
	case "moderation_blocked", "content_policy_violation":
		return tryon.Fault{Code: tryon.BlockedInput, Reason: "moderation-blocked"}, true
	case "insufficient_quota", "billing_hard_limit_reached":
		return tryon.Fault{Code: tryon.QuotaExhausted}, true
	case "model_not_found":
		return tryon.Fault{Code: tryon.ModelRetired}, true
	case "invalid_image_file", "image_parse_error", "unsupported_image":
		return tryon.Fault{Code: tryon.BadPhoto, Reason: "rejected"}, true
	case "invalid_api_key":
		return tryon.Fault{Code: tryon.Unauthenticated}, true
	}
	f := wire.Status(status)
	if status == http.StatusNotFound && e.Error.Code == "" {
		f = tryon.Fault{Code: tryon.ModelRetired}
	}
	return f, e.Error.Code != "" || e.Error.Type != ""
}
