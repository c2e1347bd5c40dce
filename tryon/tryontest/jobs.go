package tryontest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Kie fakes Kie.ai: file upload, createTask, recordInfo.
type Kie struct{}

// Hosts implements Service.
func (Kie) Hosts() []string { return []string{"kie.fake.example", "uploads.kie.fake.example"} }

// Stage implements Service.
func (Kie) Stage(r *http.Request) Stage {
	switch r.URL.Path {
	case "/api/file-base64-upload":
		return Upload
	case "/api/v1/jobs/createTask":
		return Submit
	case "/api/v1/jobs/recordInfo":
		return Poll
	}
	return Result
}

// Serve implements Service. The code in the body counts, and the status is 200.
func (k Kie) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	if strings.HasPrefix(r.URL.Path, "/r/") {
		x.ServePicture(w, r)
		return
	}
	code := map[Kind]int{Unauthorised: 401, NoCredits: 402, Limited: 429, Retired: 404}[x.Fault.Kind]
	if r.Header.Get("Authorization") != "Bearer "+Key {
		code = 401
	}
	if code != 0 && k.Stage(r) != Poll {
		reply(w, 200, object{"code": code, "msg": "an example", "data": nil})
		return
	}
	switch r.URL.Path {
	case "/api/file-base64-upload":
		var q struct{ Base64Data, FileName string }
		if json.Unmarshal(body, &q) != nil || !strings.HasPrefix(q.Base64Data, "data:image/") || q.FileName == "" {
			reply(w, 200, object{"code": 422, "msg": "an example"})
			return
		}
		reply(w, 200, object{"code": 200, "success": true, "data": object{"fileName": q.FileName, "downloadUrl": "https://" + k.Hosts()[1] + "/f/" + q.FileName}})
	case "/api/v1/jobs/createTask":
		var q struct {
			Model, CallBackURL string
			Input              struct {
				Prompt     string
				ImageInput []string `json:"image_input"`
			}
		}
		if json.Unmarshal(body, &q) != nil || q.Model == "" || len(q.Input.ImageInput) < 2 {
			reply(w, 200, object{"code": 422, "msg": "an example"})
			return
		}
		reply(w, 200, object{"code": 200, "msg": "success", "data": object{"taskId": x.Accept(1, q.CallBackURL)}})
	case "/api/v1/jobs/recordInfo":
		k.record(w, r, x)
	default:
		reply(w, 404, object{"code": 404})
	}
}

func (k Kie) record(w http.ResponseWriter, r *http.Request, x *Exchange) {
	id := r.URL.Query().Get("taskId")
	known, over, n := x.Ask(id)
	data := object{"taskId": id, "model": "fake", "param": "{}", "createTime": 1}
	switch {
	case !known:
		reply(w, 200, object{"code": 404, "msg": "recordInfo is null"})
		return
	case !over:
		data["state"] = "generating"
	case x.Fault.Kind == Blocked || x.Fault.Kind == BlockedOutput:
		data["state"], data["failCode"], data["failMsg"] = "fail", "430", "Your content was flagged as violating our content policy"
	case x.Fault.Kind == JobFails:
		data["state"], data["failCode"], data["failMsg"] = "fail", "500", "internal error, please try again later"
	case x.Fault.Kind == TalksOnly:
		data["state"], data["resultJson"] = "success", `{"resultUrls":[]}`
	default:
		urls, _ := json.Marshal(object{"resultUrls": x.Addresses("https://"+k.Hosts()[0]+"/r/", n)})
		data["state"], data["resultJson"] = "success", string(urls)
	}
	reply(w, 200, object{"code": 200, "msg": "success", "data": data})
}

// FASHN fakes run and status.
type FASHN struct{}

// Hosts implements Service.
func (FASHN) Hosts() []string { return []string{"fashn.fake.example"} }

// Stage implements Service.
func (FASHN) Stage(r *http.Request) Stage {
	if r.URL.Path == "/v1/run" {
		return Submit
	}
	return Poll
}

// Serve implements Service. One status has three meanings.
func (FASHN) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	fail := func(status int, name string) { reply(w, status, object{"error": name, "message": "an example"}) }
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Key, x.Fault.Kind == Unauthorised:
		fail(401, "UnauthorizedAccess")
	case x.Fault.Kind == NoCredits:
		fail(429, "OutOfCredits")
	case x.Fault.Kind == Limited:
		fail(429, "ConcurrencyLimitExceeded")
	case x.Fault.Kind == Retired:
		fail(404, "NotFound")
	case r.URL.Path == "/v1/run":
		var q struct {
			ModelName string `json:"model_name"`
			Inputs    struct {
				ModelImage   string `json:"model_image"`
				GarmentImage string `json:"garment_image"`
				NumSamples   int    `json:"num_samples"`
			}
		}
		if json.Unmarshal(body, &q) != nil || q.ModelName == "" || !strings.HasPrefix(q.Inputs.ModelImage, "data:image/") || !strings.HasPrefix(q.Inputs.GarmentImage, "data:image/") {
			fail(400, "BadRequest")
			return
		}
		reply(w, 200, object{"id": x.Accept(q.Inputs.NumSamples, r.URL.Query().Get("webhook_url")), "error": nil})
	default:
		id := strings.TrimPrefix(r.URL.Path, "/v1/status/")
		known, over, n := x.Ask(id)
		a := object{"id": id, "status": "processing", "error": nil}
		switch {
		case !known:
			fail(404, "NotFound")
			return
		case !over:
		case x.Fault.Kind == Blocked || x.Fault.Kind == BlockedOutput:
			a["status"], a["error"] = "failed", object{"name": "ContentModerationError", "message": "an example"}
		case x.Fault.Kind == JobFails:
			a["status"], a["error"] = "failed", object{"name": "PipelineError", "message": "an example"}
		case x.Fault.Kind == TalksOnly:
			a["status"], a["output"] = "completed", []string{}
		default:
			var list []string
			for range x.Pictures(n) {
				list = append(list, "data:image/png;base64,"+x.Base64())
			}
			if x.Fault.Kind == EvilAddress {
				list = []string{x.Fault.To}
			}
			a["status"], a["output"] = "completed", list
		}
		reply(w, 200, a)
	}
}

// Fal fakes the queue of fal, deletions, and the keys of its callbacks.
type Fal struct{ Keys []byte }

// Hosts implements Service.
func (Fal) Hosts() []string {
	return []string{"queue.fal.fake.example", "api.fal.fake.example", "rest.fal.fake.example"}
}

// Stage implements Service.
func (Fal) Stage(r *http.Request) Stage {
	switch {
	case strings.HasPrefix(r.URL.Path, "/.well-known/"):
		return Other
	case r.Method == http.MethodPut, r.Method == http.MethodDelete:
		return Erase
	case r.Method == http.MethodPost:
		return Submit
	case strings.HasPrefix(r.URL.Path, "/r/"):
		return Result
	}
	return Poll
}

// Serve implements Service. A job that is completed may have failed.
func (f Fal) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	path, key := r.URL.Path, r.Header.Get("Authorization") == "Key "+Key
	detail := func(status int, kind string) {
		reply(w, status, object{"detail": []any{object{"loc": []string{"body"}, "msg": "an example", "type": kind}}})
	}
	switch {
	case strings.HasPrefix(path, "/.well-known/"):
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(f.Keys)
	case strings.HasPrefix(path, "/r/"):
		x.ServePicture(w, r)
	case !key || x.Fault.Kind == Unauthorised:
		reply(w, 401, object{"detail": "Authentication is required"})
	case x.Fault.Kind == NoCredits:
		reply(w, 402, object{"detail": "Exhausted balance"})
	case x.Fault.Kind == Limited:
		reply(w, 429, object{"detail": "Too many requests"})
	case x.Fault.Kind == Retired:
		reply(w, 404, object{"detail": "Application not found"})
	case r.Method == http.MethodDelete:
		if !x.Remove(strings.TrimSuffix(strings.TrimPrefix(path, "/v1/models/requests/"), "/payloads")) {
			reply(w, 404, object{"detail": "not found"})
			return
		}
		reply(w, 200, object{"cdn_delete_results": []any{}})
	case r.Method == http.MethodPut:
		reply(w, 202, object{"status": "CANCELLATION_REQUESTED"})
	case r.Method == http.MethodPost:
		var q object
		if json.Unmarshal(body, &q) != nil || q["model_image"] == nil {
			detail(422, "missing")
			return
		}
		n, _ := q["num_samples"].(float64)
		id := x.Accept(int(n), r.URL.Query().Get("fal_webhook"))
		base := "https://" + f.Hosts()[0] + "/fal-ai/fashn/requests/" + id
		reply(w, 200, object{"request_id": id, "response_url": base, "status_url": base + "/status", "cancel_url": base + "/cancel", "queue_position": 0})
	default:
		f.ask(w, path, x, detail)
	}
}

func (f Fal) ask(w http.ResponseWriter, path string, x *Exchange, detail func(int, string)) {
	_, rest, _ := strings.Cut(path, "/requests/")
	if id, ok := strings.CutSuffix(rest, "/status"); ok {
		known, over, _ := x.Ask(id)
		switch {
		case !known:
			reply(w, 404, object{"detail": "Request not found"})
		case !over:
			reply(w, 202, object{"status": "IN_PROGRESS"})
		default:
			reply(w, 200, object{"status": "COMPLETED"})
		}
		return
	}
	known, n := x.Over(rest)
	switch {
	case !known:
		reply(w, 404, object{"detail": "Request not found"})
	case x.Fault.Kind == Blocked || x.Fault.Kind == BlockedOutput:
		detail(422, "content_policy_violation")
	case x.Fault.Kind == JobFails:
		detail(422, "value_error")
	case x.Fault.Kind == TalksOnly:
		reply(w, 200, object{"images": []any{}})
	default:
		var list []any
		for _, a := range x.Addresses("https://"+f.Hosts()[0]+"/r/", n) {
			list = append(list, object{"url": a, "content_type": "image/png"})
		}
		reply(w, 200, object{"images": list})
	}
}

// Replicate fakes predictions.
type Replicate struct{}

// Hosts implements Service.
func (Replicate) Hosts() []string { return []string{"replicate.fake.example"} }

// Stage implements Service.
func (Replicate) Stage(r *http.Request) Stage {
	switch {
	case strings.HasSuffix(r.URL.Path, "/cancel"):
		return Erase
	case r.Method == http.MethodPost:
		return Submit
	case strings.HasPrefix(r.URL.Path, "/r/"):
		return Result
	}
	return Poll
}

// Serve implements Service.
func (p Replicate) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	fail := func(status int) {
		reply(w, status, object{"detail": "an example", "title": http.StatusText(status), "status": status})
	}
	status := map[Kind]int{Unauthorised: 401, NoCredits: 402, Limited: 429, Retired: 404}[x.Fault.Kind]
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/r/"):
		x.ServePicture(w, r)
	case r.Header.Get("Authorization") != "Bearer "+Key:
		fail(401)
	case status != 0:
		fail(status)
	case strings.HasSuffix(path, "/cancel"):
		reply(w, 200, object{"status": "canceled"})
	case r.Method == http.MethodPost:
		var q struct {
			Input   object
			Webhook string
		}
		if json.Unmarshal(body, &q) != nil || q.Input["photo"] == nil {
			fail(422)
			return
		}
		n, _ := q.Input["n"].(float64)
		reply(w, 201, object{"id": x.Accept(int(n), q.Webhook), "status": "starting"})
	default:
		id := strings.TrimPrefix(path, "/v1/predictions/")
		known, over, n := x.Ask(id)
		a := object{"id": id, "status": "processing", "error": nil, "output": nil}
		switch {
		case !known:
			fail(404)
			return
		case !over:
		case x.Fault.Kind == Blocked || x.Fault.Kind == BlockedOutput:
			a["status"], a["error"] = "failed", "NSFW content detected. Try running it again, or try a different prompt."
		case x.Fault.Kind == JobFails:
			a["status"], a["error"] = "failed", "CUDA out of memory"
		case x.Fault.Kind == TalksOnly:
			a["status"], a["output"] = "succeeded", []string{}
		default:
			a["status"], a["output"] = "succeeded", x.Addresses("https://"+p.Hosts()[0]+"/r/", n)
		}
		reply(w, 200, a)
	}
}

// Gradio fakes an app: upload, call, and its stream of events.
type Gradio struct{}

// Hosts implements Service.
func (Gradio) Hosts() []string { return []string{"gradio.fake.example"} }

// Stage implements Service.
func (Gradio) Stage(r *http.Request) Stage {
	switch {
	case strings.HasSuffix(r.URL.Path, "/upload"):
		return Upload
	case r.Method == http.MethodPost:
		return Submit
	case strings.Contains(r.URL.Path, "/file="):
		return Result
	}
	return Poll
}

// Serve implements Service.
func (Gradio) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	status := map[Kind]int{Unauthorised: 401, Limited: 429, Retired: 404}[x.Fault.Kind]
	path := r.URL.Path
	switch {
	case strings.Contains(path, "/file="):
		x.ServePicture(w, r)
	case status != 0:
		reply(w, status, object{"detail": "an example"})
	case strings.HasSuffix(path, "/upload"):
		fields, files, err := form(r, body)
		if err != nil || len(files["files"]) != 1 {
			reply(w, 422, object{"detail": "an example"})
			return
		}
		reply(w, 200, []string{"/tmp/gradio/0123/" + fields["files.filename"]})
	case r.Method == http.MethodPost:
		var q struct{ Data []any }
		if json.Unmarshal(body, &q) != nil || len(q.Data) < 2 {
			reply(w, 422, object{"detail": "an example"})
			return
		}
		reply(w, 200, object{"event_id": x.Accept(1, "")})
	default:
		known, _, _ := x.Ask(path[strings.LastIndex(path, "/")+1:])
		w.Header().Set("Content-Type", "text/event-stream")
		switch {
		case !known:
			w.WriteHeader(404)
		case x.Fault.Kind == Blocked || x.Fault.Kind == BlockedOutput:
			fmt.Fprint(w, "event: generating\ndata: null\n\nevent: error\ndata: \"NSFW content was found\"\n\n")
		case x.Fault.Kind == JobFails:
			fmt.Fprint(w, "event: error\ndata: null\n\n")
		case x.Fault.Kind == TalksOnly:
			fmt.Fprint(w, "event: complete\ndata: [null, null]\n\n")
		default:
			fmt.Fprintf(w, "event: heartbeat\ndata: null\n\nevent: complete\ndata: [{\"path\": \"/tmp/gradio/out%s.png\", \"url\": \"http://localhost:7860/x\"}, null]\n\n", spoilt(x.Fault.Kind))
		}
	}
}

// Comfy fakes ComfyUI: upload, prompt, history, queue, view.
type Comfy struct{}

// Hosts implements Service.
func (Comfy) Hosts() []string { return []string{"comfy.fake.example"} }

// Stage implements Service.
func (Comfy) Stage(r *http.Request) Stage {
	switch {
	case r.URL.Path == "/upload/image":
		return Upload
	case r.URL.Path == "/prompt":
		return Submit
	case r.URL.Path == "/view":
		return Result
	case r.Method == http.MethodPost:
		return Erase
	}
	return Poll
}

// Serve implements Service.
func (Comfy) Serve(w http.ResponseWriter, r *http.Request, body []byte, x *Exchange) {
	status := map[Kind]int{Unauthorised: 401, Limited: 429, Retired: 404}[x.Fault.Kind]
	path := r.URL.Path
	switch {
	case path == "/view":
		x.ServePicture(w, r)
	case status != 0:
		w.WriteHeader(status)
	case path == "/upload/image":
		fields, files, err := form(r, body)
		if err != nil || len(files["image"]) != 1 {
			w.WriteHeader(400)
			return
		}
		reply(w, 200, object{"name": fields["image.filename"], "subfolder": "", "type": "input"})
	case path == "/prompt":
		var q struct {
			Prompt   map[string]any
			ClientID string `json:"client_id"`
		}
		if json.Unmarshal(body, &q) != nil || len(q.Prompt) == 0 || strings.Contains(string(body), "{{") {
			reply(w, 400, object{"error": object{"type": "prompt_no_outputs"}, "node_errors": object{}})
			return
		}
		reply(w, 200, object{"prompt_id": x.Accept(1, ""), "number": 1, "node_errors": object{}})
	case len(body) > 0:
		var q struct{ Delete []string }
		if json.Unmarshal(body, &q) == nil && path == "/history" {
			for _, id := range q.Delete {
				x.Remove(id)
			}
		}
	case path == "/queue":
		reply(w, 200, object{"queue_running": x.running(), "queue_pending": []any{}})
	default:
		id := strings.TrimPrefix(path, "/history/")
		known, over, _ := x.Ask(id)
		if !known || !over {
			reply(w, 200, object{})
			return
		}
		entry := object{"status": object{"status_str": "success", "completed": true}}
		switch x.Fault.Kind {
		case JobFails:
			entry["status"] = object{"status_str": "error", "completed": false}
		case TalksOnly:
			entry["outputs"] = object{}
		default:
			entry["outputs"] = object{"9": object{"images": []any{object{"filename": "out" + spoilt(x.Fault.Kind) + ".png", "subfolder": "", "type": "output"}}}}
		}
		reply(w, 200, object{id: entry})
	}
}

// running lists the jobs that are not over, as ComfyUI's queue does.
func (x *Exchange) running() []any {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	list := []any{}
	for id, j := range x.s.jobs {
		if j.polls <= max(x.s.Slowness, 1) && j.fault.Kind != JobLost {
			list = append(list, []any{1, id})
		}
	}
	return list
}
