package sdk_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	official "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/openai"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

func openaiReading(resp *official.ImagesResponse, err error) (r reading) {
	var e *official.Error
	switch {
	case errors.As(err, &e):
		r.Code = plainStatus(e.StatusCode)
		switch e.Code {
		case "moderation_blocked":
			r.Code = tryon.BlockedInput
		case "insufficient_quota":
			r.Code = tryon.QuotaExhausted
		}
		if ms, err := strconv.Atoi(e.Response.Header.Get("Retry-After-Ms")); err == nil {
			r.After = time.Duration(ms) * time.Millisecond
		}
		return r
	case err != nil:
		return reading{Code: tryon.AcceptedUnknown}
	}
	for _, d := range resp.Data {
		data, err := base64.StdEncoding.DecodeString(d.B64JSON)
		if err != nil {
			return reading{Code: tryon.BadOutput}
		}
		r.Pictures = append(r.Pictures, sum(data))
	}
	if len(r.Pictures) == 0 {
		r.Code = tryon.NoImage
	}
	return r
}

// asForm reads a multipart body: for each name its values, files as type and hash.
func asForm(seen tryontest.Seen) any {
	kind, params, err := mime.ParseMediaType(seen.Header.Get("Content-Type"))
	if err != nil {
		return err.Error()
	}
	fields := map[string][]string{"": {kind}}
	m := multipart.NewReader(bytes.NewReader(seen.Body), params["boundary"])
	for {
		p, err := m.NextPart()
		if err == io.EOF {
			return fields
		}
		if err != nil {
			return err.Error()
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return err.Error()
		}
		value := string(data)
		if p.FileName() != "" {
			value = p.FileName() + " " + p.Header.Get("Content-Type") + " " + sum(data)
		}
		fields[p.FormName()] = append(fields[p.FormName()], value)
	}
}

func TestOpenAI(t *testing.T) {
	kinds := []tryontest.Kind{
		tryontest.Blocked, tryontest.TalksOnly, tryontest.Unauthorised, tryontest.NoCredits, tryontest.Limited,
		tryontest.Retired, tryontest.Fewer, tryontest.Trailing,
	}
	for _, f := range faults(kinds...) {
		t.Run(title(f), func(t *testing.T) {
			theirs, mine := tryontest.NewServer(tryontest.OpenAI{}), tryontest.NewServer(tryontest.OpenAI{})
			theirs.Break(f)
			mine.Break(f)
			q := ask(t, mine, 2)
			client := official.NewClient(
				option.WithAPIKey(tryontest.Key), option.WithBaseURL("https://openai.fake.example/v1/"),
				option.WithHTTPClient(&http.Client{Transport: theirs}), option.WithMaxRetries(0),
			)
			want := openaiReading(client.Images.Edit(t.Context(), official.ImageEditParams{
				Image: official.ImageEditParamsImageUnion{OfFileArray: []io.Reader{
					official.File(bytes.NewReader(q.photo), "0.png", q.kind), official.File(bytes.NewReader(q.item), "1.png", q.kind),
				}},
				Model: "gpt-image-2", Prompt: prompt, N: official.Int(2), OutputFormat: official.ImageEditParamsOutputFormatPNG,
			}))
			b, err := openai.New(&openai.Options{Key: tryontest.Key, Model: "gpt-image-2", Prompt: prompt, BaseURL: "https://openai.fake.example/v1"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, ours(t, b, q)); diff != "" {
				t.Errorf("read differently (-official +ours):\n%s", diff)
			}
			means(t, f, want)
			if diff := cmp.Diff(requests(t, theirs, asForm), requests(t, mine, asForm)); diff != "" {
				t.Errorf("asked differently (-official +ours):\n%s", diff)
			}
		})
	}
}
