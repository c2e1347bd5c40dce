package tryontest_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/comfy"
	"github.com/fitveil/fitveil/tryon/fal"
	"github.com/fitveil/fitveil/tryon/fashn"
	"github.com/fitveil/fitveil/tryon/gemini"
	"github.com/fitveil/fitveil/tryon/gradio"
	"github.com/fitveil/fitveil/tryon/kie"
	"github.com/fitveil/fitveil/tryon/openai"
	"github.com/fitveil/fitveil/tryon/replicate"
	"github.com/fitveil/fitveil/tryon/tryontest"
	"github.com/fitveil/fitveil/tryon/vertex"
)

const secret = "c2VjcmV0LW9mLXRoZS1zaG9w" // of callbacks, in base64

func mac(text string) string {
	key, _ := base64.StdEncoding.DecodeString(secret)
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func stamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// falKey signs the callbacks of the fake.
var falKey = ed25519.NewKeyFromSeed([]byte("a seed of thirty-two bytes, yes!"))

func drivers() map[string]tryontest.Driver {
	const key = tryontest.Key
	jwks, _ := json.Marshal(map[string]any{"keys": []any{
		map[string]string{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(falKey.Public().(ed25519.PublicKey))},
	}})
	workflow := []byte(`{"1":{"class_type":"LoadImage","inputs":{"image":"{{photo}}"}},"2":{"class_type":"LoadImage","inputs":{"image":"{{item}}"}},
		"3":{"class_type":"Draw","inputs":{"text":"{{prompt}}","seed":"{{seed}}","a":["1",0],"b":["2",0]}},"9":{"class_type":"SaveImage","inputs":{"images":["3",0]}}}`)
	inputs := func(in *tryon.Input, photo string, items []string) map[string]any {
		return map[string]any{"photo": photo, "garment": items[0], "n": in.N}
	}
	return map[string]tryontest.Driver{
		"gemini": {
			New: func() (tryon.Backend, error) {
				return gemini.New(&gemini.Options{Key: key, Model: "gemini-3.1-flash-image", BaseURL: "https://gemini.fake.example"})
			},
			Service: func() tryontest.Service { return tryontest.Gemini{} },
		},
		"gemini with files": {
			New: func() (tryon.Backend, error) {
				return gemini.New(&gemini.Options{Key: key, Model: "gemini-3.1-flash-image", BaseURL: "https://gemini.fake.example", Files: true})
			},
			Service: func() tryontest.Service { return tryontest.Gemini{} }, Uploads: true,
		},
		"vertex": {
			New: func() (tryon.Backend, error) {
				return vertex.New(&vertex.Options{
					Project: "p", Location: "europe-west1", BaseURL: "https://vertex.fake.example",
					Token: func(context.Context) (tryon.Key, error) { return key, nil },
				})
			},
			Service: func() tryontest.Service { return tryontest.Vertex{} }, Several: true,
		},
		"openai": {
			New: func() (tryon.Backend, error) {
				return openai.New(&openai.Options{Key: key, Model: "gpt-image-2", BaseURL: "https://openai.fake.example/v1"})
			},
			Service: func() tryontest.Service { return tryontest.OpenAI{} }, Several: true,
		},
		"kie": {
			New: func() (tryon.Backend, error) {
				key, _ := base64.StdEncoding.DecodeString(secret)
				return kie.New(&kie.Options{
					Key: tryontest.Key, Webhook: tryon.Key(key), Model: "nano-banana-2",
					BaseURL: "https://kie.fake.example", UploadURL: "https://uploads.kie.fake.example",
				})
			},
			Service: func() tryontest.Service { return tryontest.Kie{} }, Async: true, Uploads: true, Addresses: true,
			Sign: func(_ *tryontest.Server, job string, at time.Time) (http.Header, []byte) {
				return http.Header{
					"X-Webhook-Timestamp": {stamp(at)}, "X-Webhook-Signature": {mac(job + "." + stamp(at))},
				}, fmt.Appendf(nil, `{"code":200,"data":{"task_id":%q,"resultJson":"{\"resultUrls\":[\"https://evil.example\"]}"}}`, job)
			},
		},
		"kie, hosted by the shop": {
			New: func() (tryon.Backend, error) {
				return kie.NewHosted(&kie.Options{
					Key: tryontest.Key, Model: "nano-banana-2", BaseURL: "https://kie.fake.example", UploadURL: "https://uploads.kie.fake.example",
				}, &shelf{}, time.Hour)
			},
			Service: func() tryontest.Service { return tryontest.Kie{} }, Async: true, Addresses: true, JobsStay: true,
		},
		"fashn": {
			New: func() (tryon.Backend, error) {
				return fashn.New(&fashn.Options{Key: key, BaseURL: "https://fashn.fake.example"})
			},
			Service: func() tryontest.Service { return tryontest.FASHN{} }, Async: true, Several: true,
		},
		"fal": {
			New: func() (tryon.Backend, error) {
				return fal.New(&fal.Options{
					Key: key, Model: "fal-ai/fashn/tryon/v1.6", BaseURL: "https://queue.fal.fake.example",
					PlatformURL: "https://api.fal.fake.example", KeysURL: "https://rest.fal.fake.example",
				})
			},
			Service: func() tryontest.Service { return tryontest.Fal{Keys: jwks} }, Async: true, Addresses: true, Several: true,
			Sign: func(_ *tryontest.Server, job string, at time.Time) (http.Header, []byte) {
				body := fmt.Appendf(nil, `{"request_id":%q,"status":"OK"}`, job)
				sum := sha256.Sum256(body)
				text := strings.Join([]string{job, "user", stamp(at), hex.EncodeToString(sum[:])}, "\n")
				return http.Header{
					"X-Fal-Webhook-Request-Id": {job}, "X-Fal-Webhook-User-Id": {"user"}, "X-Fal-Webhook-Timestamp": {stamp(at)},
					"X-Fal-Webhook-Signature": {hex.EncodeToString(ed25519.Sign(falKey, []byte(text)))},
				}, body
			},
		},
		"replicate": {
			New: func() (tryon.Backend, error) {
				return replicate.New(&replicate.Options{
					Key: key, Webhook: "whsec_" + secret, Model: "shop/tryon", Inputs: inputs, BaseURL: "https://replicate.fake.example",
				})
			},
			Service: func() tryontest.Service { return tryontest.Replicate{} }, Async: true, Addresses: true, Several: true,
			Sign: func(_ *tryontest.Server, job string, at time.Time) (http.Header, []byte) {
				body := fmt.Appendf(nil, `{"id":%q,"status":"succeeded","output":"https://evil.example"}`, job)
				return http.Header{
					"Webhook-Id": {"msg-1"}, "Webhook-Timestamp": {stamp(at)},
					"Webhook-Signature": {"v1,bm90IHRoaXM= v1," + mac("msg-1."+stamp(at)+"."+string(body))},
				}, body
			},
		},
		"gradio": {
			New: func() (tryon.Backend, error) {
				return gradio.New(&gradio.Options{BaseURL: "https://gradio.fake.example", API: gradio.IDMVTON})
			},
			Service: func() tryontest.Service { return tryontest.Gradio{} },
			Async:   true, Uploads: true, Addresses: true, Keyless: true, Once: true,
			Deaf: []tryontest.Kind{tryontest.NoCredits, tryontest.EvilAddress},
		},
		"comfy": {
			New: func() (tryon.Backend, error) {
				return comfy.New(&comfy.Options{BaseURL: "https://comfy.fake.example", Workflow: workflow})
			},
			Service: func() tryontest.Service { return tryontest.Comfy{} },
			Async:   true, Uploads: true, Addresses: true, Keyless: true,
			Deaf: []tryontest.Kind{tryontest.NoCredits, tryontest.Blocked, tryontest.BlockedOutput, tryontest.EvilAddress},
		},
	}
}

// shelf serves pictures of the shop's.
type shelf struct {
	mu       sync.Mutex
	pictures map[string][]byte
	served   int
}

func (s *shelf) Host(_ context.Context, name, _ string, data []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pictures == nil {
		s.pictures = map[string][]byte{}
	}
	s.pictures[name] = data
	s.served++
	return "https://shop.example/shelf/" + name, nil
}

func (s *shelf) Remove(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pictures, name)
	return nil
}

// TestHosted looks that the shop's shelf is empty when a picture is drawn, and
// that Kie's store got nothing.
func TestHosted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, pictures := tryontest.NewServer(tryontest.Kie{}), &shelf{}
		b, err := kie.NewHosted(&kie.Options{
			Key: tryontest.Key, Model: "nano-banana-2", BaseURL: "https://kie.fake.example", UploadURL: "https://uploads.kie.fake.example",
			Contract: &tryon.Contract{Uploads: new(tryon.KeptFor(time.Minute))},
		}, pictures, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if p := b.Describe(); p.Uploads != tryon.ErasedWithin(time.Hour) {
			t.Errorf("uploads: %+v", p.Uploads)
		}
		r, err := tryontest.Live(t.Context(), b, liveOptions(t, s))
		if err != nil || !r.OK {
			t.Errorf("got %+v, %v", r, err)
		}
		if pictures.served != 4 || len(pictures.pictures) != 0 || s.Count(tryontest.Upload) != 0 {
			t.Errorf("%d served, %d left, %d uploaded", pictures.served, len(pictures.pictures), s.Count(tryontest.Upload))
		}
	})
}

func TestDrivers(t *testing.T) {
	for name, d := range drivers() {
		t.Run(name, func(t *testing.T) { tryontest.Run(t, d) })
	}
}
