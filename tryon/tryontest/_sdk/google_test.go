package sdk_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genai"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/gemini"
	"github.com/fitveil/fitveil/tryon/tryontest"
	"github.com/fitveil/fitveil/tryon/vertex"
)

const geminiModel = "gemini-3.1-flash-image"

func google(t *testing.T, transport http.RoundTripper, c genai.ClientConfig, base string) *genai.Client {
	t.Helper()
	c.HTTPClient, c.HTTPOptions = &http.Client{Transport: transport}, genai.HTTPOptions{BaseURL: base}
	client, err := genai.NewClient(t.Context(), &c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newGemini(t *testing.T, transport http.RoundTripper) *genai.Client {
	return google(t, transport, genai.ClientConfig{APIKey: tryontest.Key, Backend: genai.BackendGeminiAPI}, "https://gemini.fake.example")
}

// finished is what the ends of a candidate mean.
var finished = map[genai.FinishReason]tryon.Code{
	genai.FinishReasonUnspecified: tryon.NoImage, genai.FinishReasonStop: tryon.NoImage, genai.FinishReasonMaxTokens: tryon.NoImage,
	genai.FinishReasonSafety: tryon.BlockedOutput, genai.FinishReasonRecitation: tryon.BlockedCopyright,
	genai.FinishReasonLanguage: tryon.NoImage, genai.FinishReasonOther: tryon.NoImage, genai.FinishReasonBlocklist: tryon.BlockedOutput,
	genai.FinishReasonProhibitedContent: tryon.BlockedOutput, genai.FinishReasonSPII: tryon.BlockedOutput,
	genai.FinishReasonMalformedFunctionCall: tryon.NoImage, genai.FinishReasonImageSafety: tryon.BlockedOutput,
	genai.FinishReasonUnexpectedToolCall: tryon.NoImage, genai.FinishReasonTooManyToolCalls: tryon.NoImage,
	genai.FinishReasonImageProhibitedContent: tryon.BlockedOutput, genai.FinishReasonNoImage: tryon.NoImage,
	genai.FinishReasonImageRecitation: tryon.BlockedCopyright, genai.FinishReasonImageOther: tryon.NoImage,
	genai.FinishReasonContinuation: tryon.NoImage,
}

// blocked is what the refusals of a prompt mean.
var blocked = map[genai.BlockedReason]tryon.Code{
	genai.BlockedReasonUnspecified: tryon.BlockedPrompt, genai.BlockedReasonSafety: tryon.BlockedPrompt, genai.BlockedReasonOther: tryon.BlockedPrompt,
	genai.BlockedReasonBlocklist: tryon.BlockedPrompt, genai.BlockedReasonProhibitedContent: tryon.BlockedPrompt,
	genai.BlockedReasonImageSafety: tryon.BlockedInput, genai.BlockedReasonModelArmor: tryon.BlockedPrompt, genai.BlockedReasonJailbreak: tryon.BlockedPrompt,
}

// googleError is what Google's client says of an error.
func googleError(err error) reading {
	var e genai.APIError
	if !errors.As(err, &e) {
		return reading{Code: tryon.AcceptedUnknown} // an answer that it could not read
	}
	r := reading{Code: plainStatus(e.Code)}
	for _, d := range e.Details {
		if wait, err := time.ParseDuration(text(d["retryDelay"])); err == nil {
			r.After = wait
		}
		violations, _ := d["violations"].([]any)
		for _, v := range violations {
			if m, ok := v.(map[string]any); ok && strings.Contains(text(m["quotaId"]), "PerDay") {
				r.Code = tryon.QuotaExhausted
			}
		}
	}
	return r
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func geminiReading(resp *genai.GenerateContentResponse, err error) (r reading) {
	if err != nil {
		return googleError(err)
	}
	if resp.PromptFeedback != nil {
		return reading{Code: blocked[resp.PromptFeedback.BlockReason]}
	}
	r.Code = tryon.NoImage
	for _, c := range resp.Candidates {
		if c.Content == nil {
			r.Code = finished[c.FinishReason]
			continue
		}
		for _, p := range c.Content.Parts {
			if p.InlineData != nil {
				r.Pictures, r.Code = append(r.Pictures, sum(p.InlineData.Data)), tryon.Unknown
			}
		}
	}
	return r
}

func generate(ctx context.Context, c *genai.Client, parts ...*genai.Part) (*genai.GenerateContentResponse, error) {
	parts = append([]*genai.Part{genai.NewPartFromText(prompt)}, parts...)
	return c.Models.GenerateContent(ctx, geminiModel, []*genai.Content{{Role: "user", Parts: parts}}, &genai.GenerateContentConfig{
		ResponseModalities: []string{"IMAGE"}, ImageConfig: &genai.ImageConfig{ImageSize: "1K"},
	})
}

func TestGemini(t *testing.T) {
	kinds := []tryontest.Kind{
		tryontest.Blocked, tryontest.BlockedOutput, tryontest.TalksOnly, tryontest.Unauthorised, tryontest.NoCredits,
		tryontest.Limited, tryontest.Retired, tryontest.Trailing,
	}
	for _, f := range faults(kinds...) {
		t.Run(title(f), func(t *testing.T) {
			theirs, mine := tryontest.NewServer(tryontest.Gemini{}), tryontest.NewServer(tryontest.Gemini{})
			theirs.Break(f)
			mine.Break(f)
			q := ask(t, mine, 1)
			want := geminiReading(generate(t.Context(), newGemini(t, theirs),
				genai.NewPartFromBytes(q.photo, q.kind), genai.NewPartFromBytes(q.item, q.kind)))
			b, err := gemini.New(&gemini.Options{Key: tryontest.Key, Model: geminiModel, Prompt: prompt, BaseURL: "https://gemini.fake.example"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, ours(t, b, q)); diff != "" {
				t.Errorf("read differently (-official +ours):\n%s", diff)
			}
			means(t, f, want)
			if diff := cmp.Diff(requests(t, theirs, asJSON), requests(t, mine, asJSON)); diff != "" {
				t.Errorf("asked differently (-official +ours):\n%s", diff)
			}
		})
	}
}

// TestGeminiWords has every reason that Google's client has a name for said by
// the service.
func TestGeminiWords(t *testing.T) {
	answers := map[string]string{}
	for reason := range finished {
		answers["finish "+string(reason)] = `{"candidates":[{"index":0,"finishReason":"` + string(reason) + `"}]}`
	}
	for reason := range blocked {
		answers["block "+string(reason)] = `{"promptFeedback":{"blockReason":"` + string(reason) + `"}}`
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			q := ask(t, canned{200, answer}, 1)
			want := geminiReading(generate(t.Context(), newGemini(t, canned{200, answer}), genai.NewPartFromBytes(q.photo, q.kind)))
			b, err := gemini.New(&gemini.Options{Key: tryontest.Key, Model: geminiModel})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, ours(t, b, q)); diff != "" {
				t.Errorf("read differently (-official +ours):\n%s", diff)
			}
		})
	}
}

// TestGeminiFiles uploads, draws and deletes by both clients.
func TestGeminiFiles(t *testing.T) {
	theirs, mine := tryontest.NewServer(tryontest.Gemini{}), tryontest.NewServer(tryontest.Gemini{})
	q := ask(t, mine, 1)
	client := newGemini(t, theirs)
	var parts []*genai.Part
	var want reading
	for i, data := range [][]byte{q.photo, q.item} {
		name := "files/" + q.jobName + "-" + string(rune('0'+i))
		file, err := client.Files.Upload(t.Context(), bytes.NewReader(data), &genai.UploadFileConfig{Name: name, MIMEType: q.kind})
		if err != nil {
			t.Fatal(err)
		}
		if file.State != genai.FileStateActive || file.SizeBytes == nil || *file.SizeBytes != int64(len(data)) || file.Name != name {
			t.Errorf("the official client read %+v", file)
		}
		want.Files = append(want.Files, file.Name)
		parts = append(parts, genai.NewPartFromURI(file.URI, q.kind))
	}
	drawn := geminiReading(generate(t.Context(), client, parts...))
	want.Pictures, want.Code = drawn.Pictures, drawn.Code
	b, err := gemini.New(&gemini.Options{Key: tryontest.Key, Model: geminiModel, Prompt: prompt, Files: true, BaseURL: "https://gemini.fake.example"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ours(t, b, q)); diff != "" {
		t.Errorf("read differently (-official +ours):\n%s", diff)
	}
	for _, name := range want.Files {
		for range 2 { // the second time it is gone
			_, theirErr := client.Files.Delete(t.Context(), name, nil)
			ourErr := b.Erase(t.Context(), &tryon.Erasure{Leftover: tryon.Leftover{Kind: "upload", ID: name}, HTTP: q.input.HTTP})
			gone := theirErr != nil && googleError(theirErr).Code == tryon.Forbidden
			if theirErr != nil && !gone || ourErr != nil {
				t.Errorf("deleting: %v, %v", theirErr, ourErr)
			}
		}
	}
	if left := append(theirs.Left(), mine.Left()...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	asked := requests(t, theirs, asJSON)
	for i := range asked {
		if asked[i].Command == "upload, finalize" {
			asked[i].Declared = "" // the official client repeats the header, which has been answered
		}
	}
	if diff := cmp.Diff(asked, requests(t, mine, asJSON)); diff != "" {
		t.Errorf("asked differently (-official +ours):\n%s", diff)
	}
}

func vertexReading(resp *genai.RecontextImageResponse, err error) (r reading) {
	if err != nil {
		return googleError(err)
	}
	r.Code = tryon.NoImage
	for _, g := range resp.GeneratedImages {
		if g.Image != nil && len(g.Image.ImageBytes) > 0 {
			r.Pictures = append(r.Pictures, sum(g.Image.ImageBytes))
		} else if g.RAIFilteredReason != "" {
			r.Code = tryon.BlockedOutput
		}
	}
	if len(r.Pictures) > 0 {
		r.Code = tryon.Unknown
	}
	return r
}

func TestVertex(t *testing.T) {
	kinds := []tryontest.Kind{
		tryontest.Blocked, tryontest.TalksOnly, tryontest.Unauthorised, tryontest.NoCredits, tryontest.Limited,
		tryontest.Retired, tryontest.Fewer, tryontest.Trailing,
	}
	for _, f := range faults(kinds...) {
		t.Run(title(f), func(t *testing.T) {
			theirs, mine := tryontest.NewServer(tryontest.Vertex{}), tryontest.NewServer(tryontest.Vertex{})
			theirs.Break(f)
			mine.Break(f)
			q := ask(t, mine, 2)
			client := google(t, bearer{theirs}, genai.ClientConfig{Project: "p", Location: "europe-west1", Backend: genai.BackendVertexAI}, "https://vertex.fake.example")
			two, yes := int32(2), true
			want := vertexReading(client.Models.RecontextImage(t.Context(), "virtual-try-on-001", &genai.RecontextImageSource{
				PersonImage:   &genai.Image{ImageBytes: q.photo, MIMEType: q.kind},
				ProductImages: []*genai.ProductImage{{ProductImage: &genai.Image{ImageBytes: q.item, MIMEType: q.kind}}},
			}, &genai.RecontextImageConfig{
				NumberOfImages: &two, AddWatermark: &yes, OutputMIMEType: "image/png",
				PersonGeneration: genai.PersonGenerationAllowAdult, SafetyFilterLevel: genai.SafetyFilterLevelBlockMediumAndAbove,
			}))
			b, err := vertex.New(&vertex.Options{
				Project: "p", Location: "europe-west1", BaseURL: "https://vertex.fake.example",
				Token: func(context.Context) (tryon.Key, error) { return tryontest.Key, nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, ours(t, b, q)); diff != "" {
				t.Errorf("read differently (-official +ours):\n%s", diff)
			}
			means(t, f, want)
			if diff := cmp.Diff(paths(requests(t, theirs, asJSON)), requests(t, mine, asJSON)); diff != "" {
				t.Errorf("asked differently (-official +ours):\n%s", diff)
			}
		})
	}
}

// bearer adds what Google's client gets from its credentials.
type bearer struct{ base http.RoundTripper }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+tryontest.Key)
	return b.base.RoundTrip(r)
}

// paths takes the version out of paths: the official client speaks v1beta1 by
// default, our driver the version that is not a beta.
func paths(list []request) []request {
	for i := range list {
		list[i].Path = strings.Replace(list[i].Path, "/v1beta1/", "/v1/", 1)
	}
	return list
}
