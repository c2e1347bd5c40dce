package sdk_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

// reading is what a client understood of an answer. Of an official client's it
// is written down by this module's tests from the client's own types, so that
// two readers who share no line of code say the same.
type reading struct {
	Pictures []string // SHA-256
	Code     tryon.Code
	After    time.Duration
	Files    []string // names of uploads
}

const prompt = "Draw the clothes on the person."

// question is a photo and a product picture, as both clients send them.
type question struct {
	input         *tryon.Input
	photo, item   []byte
	kind, jobName string
	left          []tryon.Leftover
}

type anybody struct{}

func (anybody) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	return &detect.Scene{Presence: .9, Bounds: b, People: []detect.Person{{Box: b, Score: .9}}}, nil
}

func picture(t *testing.T, shade uint8) *imageproc.Clean {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 48, 64))
	for y := range 64 {
		for x := range 48 {
			img.SetNRGBA(x, y, color.NRGBA{shade, uint8(x), uint8(y), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	c, err := imageproc.Sanitize(t.Context(), &b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ask makes a question whose traffic goes to s.
func ask(t *testing.T, s http.RoundTripper, n int) *question {
	t.Helper()
	photo, item := picture(t, 200), picture(t, 20)
	screened, err := detect.Screen(t.Context(), anybody{}, photo, detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	q := &question{photo: photo.Bytes(), item: item.Bytes(), kind: "image/png", jobName: strings.Repeat("0123456789abcdef", 2)}
	q.input = &tryon.Input{
		Photo: screened, Items: []tryon.Item{{Image: item, Garment: tryon.Top}}, N: n, Job: q.jobName, HTTP: &http.Client{Transport: s},
		Leave: func(_ context.Context, l tryon.Leftover) error {
			q.left = append(q.left, l)
			return nil
		},
	}
	return q
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// ours is what a driver of this module understood.
func ours(t *testing.T, b tryon.Backend, q *question) reading {
	t.Helper()
	h, err := b.Submit(t.Context(), q.input)
	var r reading
	for _, l := range q.left {
		r.Files = append(r.Files, l.ID)
	}
	if err != nil {
		f := b.Classify(err)
		r.Code, r.After = f.Code, f.After
		return r
	}
	for _, p := range h.Done.Images {
		r.Pictures = append(r.Pictures, sum(p.Data))
	}
	return r
}

// request is what of a request the service acts upon.
type request struct {
	Method, Path, Key string
	Command           string // of an upload
	Declared          string // type of an upload
	Body              any
}

// requests are what arrived; body reads one.
func requests(t *testing.T, s *tryontest.Server, body func(tryontest.Seen) any) []request {
	t.Helper()
	var list []request
	for _, seen := range s.Log() {
		h := seen.Header
		list = append(list, request{
			Method: seen.Method, Path: strings.TrimSuffix(seen.Path, "?"), Key: h.Get("X-Goog-Api-Key") + h.Get("Authorization"),
			Command: h.Get("X-Goog-Upload-Command"), Declared: h.Get("X-Goog-Upload-Header-Content-Type"), Body: body(seen),
		})
	}
	return list
}

// asJSON reads a body of JSON; other bodies stand for themselves.
func asJSON(seen tryontest.Seen) any {
	var v any
	if json.Unmarshal(seen.Body, &v) != nil {
		return sum(seen.Body)
	}
	return v
}

// canned answers every request alike.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		StatusCode: c.status, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(c.body)),
	}, nil
}

// faults are what a service says in its own words.
func faults(kinds ...tryontest.Kind) []tryontest.Fault {
	list := []tryontest.Fault{{}}
	for _, k := range kinds {
		list = append(list, tryontest.Fault{On: tryontest.Submit, Kind: k})
	}
	for _, status := range []int{400, 403, 413, 500, 503} {
		list = append(list, tryontest.Fault{On: tryontest.Submit, Kind: tryontest.Status, Status: status})
	}
	return append(list, tryontest.Fault{On: tryontest.Submit, Kind: tryontest.Truncate}, tryontest.Fault{On: tryontest.Submit, Kind: tryontest.WrongType})
}

func title(f tryontest.Fault) string {
	switch f.Kind {
	case "":
		return "well"
	case tryontest.Status:
		return http.StatusText(f.Status)
	}
	return string(f.Kind)
}

// plainStatus is what a status means that came without the service's words.
func plainStatus(status int) tryon.Code {
	switch {
	case status == 401:
		return tryon.Unauthenticated
	case status == 403:
		return tryon.Forbidden
	case status == 404:
		return tryon.ModelRetired
	case status == 413:
		return tryon.BadPhoto
	case status == 429:
		return tryon.RateLimited
	case status >= 500:
		return tryon.Unavailable
	}
	return tryon.Unsupported
}

// means holds what both understood against the fault that was made, so that
// they cannot agree on nothing.
func means(t *testing.T, f tryontest.Fault, r reading) {
	t.Helper()
	want := map[tryontest.Kind]tryon.Code{
		"": tryon.Unknown, tryontest.Trailing: tryon.Unknown, tryontest.Fewer: tryon.Unknown, tryontest.TalksOnly: tryon.NoImage,
		tryontest.Unauthorised: tryon.Unauthenticated, tryontest.NoCredits: tryon.QuotaExhausted, tryontest.Limited: tryon.RateLimited,
		tryontest.Retired: tryon.ModelRetired, tryontest.Truncate: tryon.AcceptedUnknown, tryontest.WrongType: tryon.AcceptedUnknown,
		tryontest.Status: plainStatus(f.Status),
	}
	switch code, ok := want[f.Kind]; {
	case f.Kind == tryontest.Blocked, f.Kind == tryontest.BlockedOutput:
		if !errors.Is(&tryon.Error{Code: r.Code}, tryon.ErrBlocked) {
			t.Errorf("a refusal by moderation was read as %v", r.Code)
		}
	case !ok || r.Code != code || (code == tryon.Unknown) != (len(r.Pictures) > 0) || f.Kind == tryontest.Limited && r.After != 7*time.Second:
		t.Errorf("%s was read as %v after %v with %d pictures", f.Kind, r.Code, r.After, len(r.Pictures))
	}
}
