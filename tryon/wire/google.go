package wire

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

// Google reads the error objects of Google's APIs.
func Google(status int, body []byte) (tryon.Fault, bool) {
	var e struct {
		Error struct {
			Status  string `json:"status"`
			Details []struct {
				RetryDelay string `json:"retryDelay"`
				Reason     string `json:"reason"`
				Violations []struct {
					QuotaID string `json:"quotaId"`
				} `json:"violations"`
			} `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return tryon.Fault{}, false
	}
	f := Status(status)
	for _, d := range e.Error.Details {
		if wait, err := time.ParseDuration(d.RetryDelay); err == nil {
			f.After = wait
		}
		if d.Reason == "API_KEY_INVALID" {
			return tryon.Fault{Code: tryon.Unauthenticated}, true
		}
		for _, v := range d.Violations {
			if strings.Contains(v.QuotaID, "PerDay") {
				return tryon.Fault{Code: tryon.QuotaExhausted, After: f.After}, true
			}
		}
	}
	return f, e.Error.Status != ""
}
