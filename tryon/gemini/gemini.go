// Package gemini has pictures drawn by image models of the Gemini API
// (generateContent).
//
//	backend, err := gemini.New(&gemini.Options{Key: key, Model: "gemini-3.1-flash-image"})
//	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger})
//
// # Limits
//
// One picture a call. There is no choice of region: name one in
// Options.Contract only if the shop's contract does. Prompts and pictures go
// into a log for finding abuse unless the project has zero retention. Never
// verified against the live service; written from its public documents and
// from what its official Go client sends.
package gemini

import (
	"context"
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
const Name = "gemini"

// Options configures New.
type Options struct {
	Key    tryon.Key
	Model  string // required: models live for months
	Prompt string // instead of the standard one
	Size   string // "1K", "2K", "4K"; default "1K"
	// Files uploads pictures with the Files API, which keeps them for 48 hours
	// unless they are deleted, and deletes them. By default they go inline.
	Files    bool
	BaseURL  string // default https://generativelanguage.googleapis.com
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
	const asOf = "2026-11-21"
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	return []tryon.Model{
		{ID: "gemini-2.5-flash-image-preview", Shutdown: day(2026, 6, 25), Successor: "gemini-nano-banana-2.1", AsOf: asOf},
		{ID: "gemini-2.5-flash-image", Successor: "gemini-nano-banana-2.1", AsOf: asOf}, // "earliest October 2026"
		{ID: "gemini-3.1-flash-image", Successor: "gemini-nano-banana-2.1", AsOf: asOf},
		{ID: "gemini-nano-banana-2.1", AsOf: asOf},
	}
}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	if o == nil || o.Key == "" || o.Model == "" || strings.ContainsAny(o.Model, "/?#%: ") {
		return nil, errors.New("gemini: a key and a model are needed")
	}
	base, err := wire.Base(o.BaseURL, "https://generativelanguage.googleapis.com")
	if err != nil {
		return nil, fmt.Errorf("gemini: %w", err)
	}
	b := &Backend{o: *o}
	key := string(o.Key)
	b.o.Key = ""
	b.wire = &wire.Service{
		Base: base, Explain: wire.Google,
		Auth: func(r *http.Request) { r.Header.Set("X-Goog-Api-Key", key) },
	}
	b.profile = tryon.Profile{
		Name: Name, Tasks: []tryon.Task{tryon.OnPerson, tryon.InRoom}, MaxItems: 4, MaxSide: 1536,
		SubProcessor: "Google LLC", Region: "global", Hosts: []string{base.Host},
		Model: o.Model, Models: Models(), Uploads: tryon.NotKept(), Outputs: tryon.NotKept(),
	}
	if o.Files {
		b.profile.Uploads = tryon.ErasedWithin(48 * time.Hour)
	}
	if b.o.Size == "" {
		b.o.Size = "1K"
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

type blob struct {
	MIMEType string `json:"mimeType"`
	Data     string `json:"data"`
}

type file struct {
	MIMEType string `json:"mimeType"`
	FileURI  string `json:"fileUri"`
}

type part struct {
	Text       string `json:"text,omitempty"`
	InlineData *blob  `json:"inlineData,omitempty"`
	FileData   *file  `json:"fileData,omitempty"`
	Thought    bool   `json:"thought,omitempty"`
}

type content struct {
	Role  string `json:"role"`
	Parts []part `json:"parts"`
}

type answer struct {
	Candidates []struct {
		Content      *content `json:"content"`
		FinishReason string   `json:"finishReason"`
	} `json:"candidates"`
	PromptFeedback struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
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
	parts := []part{{Text: wire.Prompt(in, b.o.Prompt)}}
	for i, p := range append([]*wire.Picture{photo}, items...) {
		if !b.o.Files {
			parts = append(parts, part{InlineData: &blob{p.MIME, p.Base64()}})
			continue
		}
		uri, err := b.upload(ctx, in, p, fmt.Sprintf("files/%s-%d", in.Job, i))
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{FileData: &file{p.MIME, uri}})
	}
	config := map[string]any{"responseModalities": []string{"IMAGE"}, "imageConfig": map[string]string{"imageSize": b.o.Size}}
	if in.Seed != nil {
		config["seed"] = int32(*in.Seed)
	}
	var a answer
	err = b.wire.Submit(ctx, in.HTTP, wire.Call{
		Path: "/v1beta/models/" + url.PathEscape(b.o.Model) + ":generateContent",
		JSON: map[string]any{"contents": []content{{"user", parts}}, "generationConfig": config},
	}, &a)
	if err != nil {
		return nil, err
	}
	out, err := a.output()
	if err != nil {
		return nil, err
	}
	return &tryon.Handle{Done: out}, nil
}

// output is what an answer of status 200 holds, which may be a refusal.
func (a *answer) output() (*tryon.Output, error) {
	if r := a.PromptFeedback.BlockReason; r != "" {
		if r == "IMAGE_SAFETY" {
			return nil, &tryon.Error{Code: tryon.BlockedInput, Reason: word(r)}
		}
		return nil, &tryon.Error{Code: tryon.BlockedPrompt, Reason: word(r)}
	}
	out := &tryon.Output{Marks: []tryon.Mark{{Kind: "synthid", Value: "declared"}}}
	finish := ""
	for _, c := range a.Candidates {
		finish = c.FinishReason
		if c.Content == nil {
			continue
		}
		for _, p := range c.Content.Parts {
			if p.InlineData == nil || p.Thought || !strings.HasPrefix(p.InlineData.MIMEType, "image/") {
				continue
			}
			picture, err := wire.Decode(p.InlineData.Data)
			if err != nil {
				return nil, err
			}
			out.Images = append(out.Images, picture)
		}
	}
	switch {
	case len(out.Images) > 0:
		return out, nil
	case strings.Contains(finish, "RECITATION"):
		return nil, &tryon.Error{Code: tryon.BlockedCopyright, Reason: word(finish)}
	case slices.Contains([]string{"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT"}, finish):
		return nil, &tryon.Error{Code: tryon.BlockedOutput, Reason: word(finish)}
	}
	return nil, &tryon.Error{Code: tryon.NoImage, Reason: word(finish)}
}

func word(s string) tryon.Reason {
	return tryon.Reason(strings.ReplaceAll(strings.ToLower(s), "_", "-"))
}

// upload puts a picture into the Files API, under a name that is in the queue
// of deletions before it exists.
func (b *Backend) upload(ctx context.Context, in *tryon.Input, p *wire.Picture, name string) (string, error) {
	if err := in.Leave(ctx, tryon.Leftover{Kind: "upload", ID: name}); err != nil {
		return "", err
	}
	h, err := b.wire.Prepare(ctx, in.HTTP, wire.Call{
		Path: "/upload/v1beta/files",
		JSON: map[string]any{"file": map[string]string{"name": name, "mimeType": p.MIME}},
		Header: http.Header{
			"X-Goog-Upload-Protocol": {"resumable"}, "X-Goog-Upload-Command": {"start"},
			"X-Goog-Upload-Header-Content-Length": {fmt.Sprint(len(p.Data))}, "X-Goog-Upload-Header-Content-Type": {p.MIME},
		},
	}, nil)
	if err != nil {
		return "", err
	}
	to, err := url.Parse(h.Get("X-Goog-Upload-Url"))
	if err != nil || to.Path == "" {
		return "", &tryon.Error{Code: tryon.Unavailable, Reason: "no-upload-address", Retry: true}
	}
	var done struct {
		File struct{ Name, URI string }
	}
	path := to.EscapedPath()
	if to.RawQuery != "" {
		path += "?" + to.RawQuery
	}
	_, err = b.wire.Prepare(ctx, in.HTTP, wire.Call{
		Path: path, Body: p.Data, Type: p.MIME,
		Header: http.Header{"X-Goog-Upload-Command": {"upload, finalize"}, "X-Goog-Upload-Offset": {"0"}},
	}, &done)
	if err != nil {
		return "", err
	}
	if done.File.Name != name && done.File.Name != "" {
		if err := in.Leave(ctx, tryon.Leftover{Kind: "upload", ID: done.File.Name}); err != nil {
			return "", err
		}
	}
	return done.File.URI, nil
}

// Erase implements tryon.Eraser. The API answers 403 for a file that is gone.
func (b *Backend) Erase(ctx context.Context, e *tryon.Erasure) error {
	if e.Kind != "upload" || !strings.HasPrefix(e.ID, "files/") {
		return tryon.ErrNotErasable
	}
	err := b.wire.Erase(ctx, e.HTTP, wire.Call{Method: http.MethodDelete, Path: "/v1beta/files/" + url.PathEscape(strings.TrimPrefix(e.ID, "files/"))})
	if f := tryon.DefaultFault(err); err != nil && f.Code == tryon.Forbidden {
		return nil
	}
	return err
}
