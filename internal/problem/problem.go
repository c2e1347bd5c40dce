// Package problem writes refusals as application/problem+json (RFC 9457).
package problem

import (
	"encoding/json"
	"net/http"
)

// Document is the members of a problem that fitveil uses: a stable code, and an
// English sentence.
func Document(status int, code, detail string) ([]byte, error) {
	return json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, code, detail})
}

// Write sends a problem that nobody may store.
func Write(w http.ResponseWriter, status int, code, detail string) {
	body, err := Document(status, code, detail)
	if err != nil { // two strings and a number: it cannot fail
		body = []byte(`{}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) // the client may be gone, and there is nobody to tell
}
