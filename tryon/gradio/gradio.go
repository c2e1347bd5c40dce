// Package gradio has pictures drawn by a Gradio app that the shop runs itself,
// such as those of IDM-VTON, CatVTON and Leffa.
//
//	backend, err := gradio.New(&gradio.Options{
//		BaseURL: "https://gpu.internal.example", API: gradio.Leffa,
//		Contract: &tryon.Contract{SubProcessor: "the shop itself", Region: "EU", Uploads: &day, Outputs: &day},
//	})
//
// # Limits
//
// Gradio has no delete call: run the app with delete_cache=(600, 3600) or the
// like, and say in Options.Contract what that comes to. IDM-VTON and CatVTON
// may not be used commercially. The app needs https: put a proxy before it. An
// answer is given once; when the connection breaks before it, the job is lost.
// Never verified against a live app.
package gradio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Name is the backend's name.
const Name = "gradio"

// API is an endpoint of an app.
type API struct {
	Name          string // as in api_name, without the slash
	NonCommercial bool   // the model's licence forbids commercial use
	Tasks         []tryon.Task
	Garments      []tryon.Garment // nil: any
	// Data builds the endpoint's arguments from uploaded files.
	Data func(in *tryon.Input, photo, item File) []any
	// Result is the number of the output that holds the picture.
	Result int
}

// File is an uploaded file as an argument.
type File struct {
	Path string            `json:"path"`
	Meta map[string]string `json:"meta"`
}

// The endpoints of three published apps. Their arguments are those of the
// version in their repositories in November 2026.
var (
	IDMVTON = API{
		Name: "tryon", NonCommercial: true, Tasks: []tryon.Task{tryon.OnPerson}, Garments: []tryon.Garment{tryon.Top},
		Data: func(in *tryon.Input, photo, item File) []any {
			return []any{map[string]any{"background": photo, "layers": []any{}, "composite": nil}, item, "clothes", true, false, 30, seed(in)}
		},
	}
	CatVTON = API{
		Name: "submit_function", NonCommercial: true, Tasks: []tryon.Task{tryon.OnPerson},
		Data: func(in *tryon.Input, photo, item File) []any {
			kind := map[tryon.Garment]string{tryon.Top: "upper", tryon.Bottom: "lower", tryon.Dress: "overall"}[in.Items[0].Garment]
			return []any{map[string]any{"background": photo, "layers": []any{}}, item, kind, 50, 2.5, seed(in), "result only"}
		},
	}
	Leffa = API{
		Name: "leffa_predict_vt", Tasks: []tryon.Task{tryon.OnPerson},
		Data: func(in *tryon.Input, photo, item File) []any {
			kind := map[tryon.Garment]string{tryon.Top: "upper_body", tryon.Bottom: "lower_body", tryon.Dress: "dresses"}[in.Items[0].Garment]
			return []any{photo, item, false, 30, 2.5, seed(in), "viton_hd", kind, false, false}
		},
	}
)

func seed(in *tryon.Input) int64 {
	if in.Seed != nil {
		return *in.Seed
	}
	return -1
}

// Options configures New.
type Options struct {
	BaseURL  string    // required
	API      API       // required
	Key      tryon.Key // of an app behind authorisation; "" for none
	Prefix   string    // a path; default "/gradio_api", "/" for Gradio 4
	Contract *tryon.Contract
}

// Backend is safe for use by many goroutines.
type Backend struct {
	o       Options
	profile tryon.Profile
	wire    *wire.Service
	prefix  string
}

// New makes the backend.
func New(o *Options) (*Backend, error) {
	if o == nil || o.BaseURL == "" || o.API.Name == "" || o.API.Data == nil {
		return nil, errors.New("gradio: an address and an endpoint are needed")
	}
	base, err := wire.Base(o.BaseURL, "")
	if err != nil {
		return nil, fmt.Errorf("gradio: %w", err)
	}
	b := &Backend{o: *o, prefix: "/gradio_api"}
	if o.Prefix != "" {
		if o.Prefix[0] != '/' || strings.ContainsAny(o.Prefix, "?#%: \t\r\n\\") || strings.Contains(o.Prefix, "//") || strings.Contains(o.Prefix, "..") {
			return nil, fmt.Errorf("gradio: the prefix %q is not a path that begins with \"/\"", o.Prefix)
		}
		b.prefix = strings.TrimSuffix(o.Prefix, "/")
	}
	b.wire = &wire.Service{Base: base}
	if key := string(o.Key); key != "" {
		b.wire.Auth = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) }
	}
	b.o.Key = ""
	b.profile = tryon.Profile{
		Name: Name, Tasks: o.API.Tasks, Garments: o.API.Garments, MaxSide: 1024, Private: true,
		SubProcessor: "the shop itself", Region: "own", Hosts: []string{base.Host}, Model: o.API.Name, NonCommercial: o.API.NonCommercial,
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
	var files [2]File
	for i, p := range []*wire.Picture{photo, items[0]} {
		if files[i], err = b.upload(ctx, in, p, fmt.Sprintf("%s-%d.%s", in.Job, i, p.Ext())); err != nil {
			return nil, err
		}
	}
	var a struct {
		EventID string `json:"event_id"`
	}
	err = b.wire.Submit(ctx, in.HTTP, wire.Call{
		Path: b.call(), JSON: map[string]any{"data": b.o.API.Data(in, files[0], files[1])},
	}, &a)
	if err != nil {
		return nil, err
	}
	if a.EventID == "" {
		return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "no-name"}
	}
	return &tryon.Handle{ID: a.EventID}, nil
}

func (b *Backend) call() string { return b.prefix + "/call/" + url.PathEscape(b.o.API.Name) }

func (b *Backend) upload(ctx context.Context, in *tryon.Input, p *wire.Picture, name string) (File, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="files"; filename=%q`, name)}, "Content-Type": {p.MIME},
	})
	if err == nil {
		_, err = part.Write(p.Data)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return File{}, err
	}
	var paths []string
	if _, err := b.wire.Prepare(ctx, in.HTTP, wire.Call{Path: b.prefix + "/upload", Body: body.Bytes(), Type: w.FormDataContentType()}, &paths); err != nil {
		return File{}, err
	}
	if len(paths) != 1 || paths[0] == "" {
		return File{}, &tryon.Error{Code: tryon.Unavailable, Reason: "no-upload-address", Retry: true}
	}
	return File{Path: paths[0], Meta: map[string]string{"_type": "gradio.FileData"}}, nil
}

// Poll implements tryon.Backend: it reads the events of a job up to the last.
func (b *Backend) Poll(ctx context.Context, h *tryon.Handle) (*tryon.Output, error) {
	var stream []byte
	err := b.wire.Ask(ctx, h.HTTP, wire.Call{
		Path: b.call() + "/" + url.PathEscape(h.ID), Header: http.Header{"Accept": {"text/event-stream"}},
	}, &stream)
	if err != nil {
		return nil, err
	}
	event, data := last(stream)
	switch event {
	case "complete":
	case "error":
		if strings.Contains(strings.ToLower(data), "nsfw") {
			return nil, &tryon.Error{Code: tryon.BlockedOutput, Reason: "nsfw"}
		}
		return nil, &tryon.Error{Code: tryon.Internal, Reason: "generation-failed"}
	default:
		return nil, &tryon.Error{Code: tryon.AcceptedUnknown, Reason: "answer-cut-short"}
	}
	var outputs []json.RawMessage
	var picture struct{ Path, URL string }
	if json.Unmarshal([]byte(data), &outputs) != nil || len(outputs) <= b.o.API.Result ||
		json.Unmarshal(outputs[b.o.API.Result], &picture) != nil {
		return nil, &tryon.Error{Code: tryon.NoImage, Reason: "unreadable-answer"}
	}
	if picture.Path == "" {
		return nil, &tryon.Error{Code: tryon.NoImage}
	}
	// Its own idea of its address is not looked at: behind a proxy it is wrong.
	address := b.wire.Base.String() + b.prefix + "/file=" + (&url.URL{Path: picture.Path}).EscapedPath()
	return wire.Fetch(ctx, h.HTTP, []string{address}, 1)
}

// last is the last event of a stream that says how the job ended.
func last(stream []byte) (event, data string) {
	s := bufio.NewScanner(bytes.NewReader(stream))
	s.Buffer(nil, 8<<20)
	name := ""
	for s.Scan() {
		key, value, _ := strings.Cut(s.Text(), ":")
		switch value = strings.TrimPrefix(value, " "); key {
		case "event":
			name = value
		case "data":
			if name == "complete" || name == "error" {
				event, data = name, value
			}
		}
	}
	return event, data
}
