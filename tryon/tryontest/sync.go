package tryontest

import (
	"cmp"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
)

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // into memory
}

type object = map[string]any

// googleError is the error object of Google's APIs.
func googleError(w http.ResponseWriter, status int, name string, details ...any) {
	reply(w, status, object{"error": object{"code": status, "message": "an example", "status": name, "details": details}})
}

// googleFault answers the faults that Gemini and Vertex say alike.
func googleFault(w http.ResponseWriter, k Kind) bool {
	switch k {
	case Unauthorised:
		googleError(w, 401, "UNAUTHENTICATED")
	case NoCredits:
		googleError(w, 429, "RESOURCE_EXHAUSTED", object{
			"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []any{object{"quotaId": "GenerateRequestsPerDayPerProject"}},
		})
	case Limited:
		googleError(w, 429, "RESOURCE_EXHAUSTED", object{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"})
	case Retired:
		googleError(w, 404, "NOT_FOUND")
	default:
		return false
	}
	return true
}

// refuseAsGoogle says a bare status as Google's APIs do.
func refuseAsGoogle(w http.ResponseWriter, status int) {
	name := map[int]string{
		400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
		500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
	}[status]
	googleError(w, status, cmp.Or(name, "UNKNOWN"))
}

// Gemini fakes the Gemini API: generateContent, and the Files API.
type Gemini struct{}

// Hosts implements Service.
func (Gemini) Hosts() []string { return []string{"gemini.fake.example"} }

// Stage implements Service.
func (Gemini) Stage(r *http.Request) Stage {
	switch {
	case r.Method == http.MethodDelete:
		return Erase
	case strings.HasPrefix(r.URL.Path, "/upload/"):
		return Upload
	}
	return Submit
}

// Serve implements Service.
func (g Gemini) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	switch {
	case r.Header.Get("X-Goog-Api-Key") != Key:
		googleFault(w, Unauthorised)
	case googleFault(w, x.Fault.Kind):
	case r.Method == http.MethodDelete:
		if !x.Remove(strings.TrimPrefix(r.URL.Path, "/v1beta/")) {
			googleError(w, 403, "PERMISSION_DENIED")
			return
		}
		reply(w, 200, object{})
	case strings.HasPrefix(r.URL.Path, "/upload/"):
		g.upload(w, r, body, x)
	case strings.HasSuffix(r.URL.Path, ":generateContent"):
		g.generate(w, body, x)
	default:
		googleError(w, 404, "NOT_FOUND")
	}
}

func (Gemini) refuse(w http.ResponseWriter, status int) { refuseAsGoogle(w, status) }

func (g Gemini) upload(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	if r.Header.Get("X-Goog-Upload-Command") == "start" {
		var q struct{ File struct{ Name string } }
		if json.Unmarshal(body, &q) != nil {
			googleError(w, 400, "INVALID_ARGUMENT")
			return
		}
		w.Header().Set("X-Goog-Upload-Url", "https://"+g.Hosts()[0]+"/upload/v1beta/files?upload_id="+q.File.Name)
		return
	}
	name := r.URL.Query().Get("upload_id")
	x.Keep(name)
	w.Header().Set("X-Goog-Upload-Status", "final")
	reply(w, 200, object{"file": object{
		"name": name, "uri": "https://" + g.Hosts()[0] + "/v1beta/" + name, "mimeType": r.Header.Get("Content-Type"),
		"sizeBytes": strconv.Itoa(len(body)), "state": "ACTIVE",
	}})
}

func (Gemini) generate(w http.ResponseWriter, body []byte, x *Exchange) {
	var q struct {
		Contents []struct{ Parts []object }
	}
	if json.Unmarshal(body, &q) != nil || len(q.Contents) != 1 || len(q.Contents[0].Parts) < 3 {
		googleError(w, 400, "INVALID_ARGUMENT")
		return
	}
	x.Done()
	meta := object{"usageMetadata": object{"promptTokenCount": 800}, "modelVersion": "fake", "responseId": "r-1"}
	candidate := object{"index": 0, "finishReason": "STOP"}
	switch x.Fault.Kind {
	case Blocked:
		meta["promptFeedback"] = object{"blockReason": "PROHIBITED_CONTENT"}
		reply(w, 200, meta)
		return
	case BlockedOutput:
		candidate["finishReason"], candidate["finishMessage"] = "IMAGE_SAFETY", "withheld"
	case TalksOnly:
		candidate["content"] = object{"role": "model", "parts": []any{object{"text": "Here is your picture!"}}}
	default:
		candidate["content"] = object{"role": "model", "parts": []any{
			object{"text": "Here you are."}, object{"inlineData": object{"mimeType": "image/png", "data": x.Base64()}},
		}}
	}
	meta["candidates"] = []any{candidate}
	reply(w, 200, meta)
}

// Vertex fakes virtual try-on on Vertex AI.
type Vertex struct{}

// Hosts implements Service.
func (Vertex) Hosts() []string { return []string{"vertex.fake.example"} }

// Stage implements Service.
func (Vertex) Stage(*http.Request) Stage { return Submit }

// Serve implements Service.
func (Vertex) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	var q struct {
		Instances  []struct{ PersonImage, ProductImages any }
		Parameters struct{ SampleCount int }
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Key:
		googleFault(w, Unauthorised)
		return
	case googleFault(w, x.Fault.Kind):
		return
	case !strings.HasSuffix(r.URL.Path, ":predict"):
		googleError(w, 404, "NOT_FOUND")
		return
	case json.Unmarshal(body, &q) != nil || len(q.Instances) != 1 || q.Instances[0].PersonImage == nil || q.Instances[0].ProductImages == nil:
		googleError(w, 400, "INVALID_ARGUMENT")
		return
	}
	x.Done()
	list := []any{}
	switch x.Fault.Kind {
	case Blocked, BlockedOutput:
		list = append(list, object{"raiFilteredReason": "Unable to show generated images: 39322892"})
	case TalksOnly:
	case Fewer:
		list = append(list, object{"mimeType": "image/png", "bytesBase64Encoded": x.Base64()}, object{"raiFilteredReason": "39322892"})
	default:
		for range x.Pictures(q.Parameters.SampleCount) {
			list = append(list, object{"mimeType": "image/png", "bytesBase64Encoded": x.Base64()})
		}
	}
	reply(w, 200, object{"predictions": list})
}

func (Vertex) refuse(w http.ResponseWriter, status int) { refuseAsGoogle(w, status) }

// OpenAI fakes images/edits.
type OpenAI struct{}

// Hosts implements Service.
func (OpenAI) Hosts() []string { return []string{"openai.fake.example"} }

// Stage implements Service.
func (OpenAI) Stage(*http.Request) Stage { return Submit }

func openaiError(w http.ResponseWriter, status int, kind, code string) {
	e := object{"message": "an example", "type": kind, "param": nil, "code": nil}
	if code != "" {
		e["code"] = code
	}
	reply(w, status, object{"error": e})
}

func (OpenAI) refuse(w http.ResponseWriter, status int) {
	kind := "invalid_request_error"
	switch {
	case status == http.StatusTooManyRequests:
		kind = "requests"
	case status >= 500:
		kind = "server_error"
	}
	openaiError(w, status, kind, "")
}

// Serve implements Service.
func (OpenAI) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	fields, files, err := form(r, body)
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Key, x.Fault.Kind == Unauthorised:
		openaiError(w, 401, "invalid_request_error", "invalid_api_key")
	case x.Fault.Kind == NoCredits:
		openaiError(w, 429, "insufficient_quota", "insufficient_quota")
	case x.Fault.Kind == Limited:
		w.Header().Set("Retry-After-Ms", "7000")
		openaiError(w, 429, "requests", "rate_limit_exceeded")
	case x.Fault.Kind == Retired:
		openaiError(w, 404, "invalid_request_error", "model_not_found")
	case x.Fault.Kind == Blocked, x.Fault.Kind == BlockedOutput:
		openaiError(w, 400, "image_generation_user_error", "moderation_blocked")
	case r.URL.Path != "/v1/images/edits" || err != nil || len(files["image[]"]) < 2 || fields["prompt"] == "" || fields["model"] == "":
		openaiError(w, 400, "invalid_request_error", "invalid_value")
	default:
		x.Done()
		n, _ := strconv.Atoi(fields["n"])
		data := []any{}
		if x.Fault.Kind == TalksOnly {
			n = 0
		} else {
			n = x.Pictures(n)
		}
		for range n {
			data = append(data, object{"b64_json": x.Base64()})
		}
		reply(w, 200, object{"created": 1, "data": data, "output_format": "png", "size": "1024x1536", "usage": object{"total_tokens": 1}})
	}
}

// form reads a multipart body.
func form(r *http.Request, body []byte) (fields map[string]string, files map[string][][]byte, err error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, nil, http.ErrNotMultipart
	}
	fields, files = map[string]string{}, map[string][][]byte{}
	m := multipart.NewReader(strings.NewReader(string(body)), params["boundary"])
	for {
		p, err := m.NextPart()
		if err == io.EOF {
			return fields, files, nil
		}
		if err != nil {
			return nil, nil, err
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return nil, nil, err
		}
		if p.FileName() != "" {
			files[p.FormName()] = append(files[p.FormName()], data)
			fields[p.FormName()+".filename"] = p.FileName()
		} else {
			fields[p.FormName()] = string(data)
		}
	}
}
