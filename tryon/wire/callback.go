package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fresh is how old a signed callback may be, and how far ahead its clock.
const fresh = 5 * time.Minute

var errSignature = errors.New("the signature is wrong, or old")

// Fresh checks the time of a signed callback, Unix seconds.
func Fresh(stamp string, now time.Time) error {
	s, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errSignature
	}
	if d := now.Sub(time.Unix(s, 0)); d > fresh || d < -fresh {
		return errSignature
	}
	return nil
}

// HMAC checks a signature, in base64, of text.
func HMAC(key []byte, text, signature string) error {
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(key) == 0 {
		return errSignature
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	if !hmac.Equal(given, m.Sum(nil)) {
		return errSignature
	}
	return nil
}

// StandardWebhook checks a callback by the rules of Standard Webhooks: one of
// the v1 signatures is the HMAC of id, time and body under the secret.
func StandardWebhook(secret string, h http.Header, body []byte, now time.Time) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return errSignature
	}
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	if err := Fresh(stamp, now); err != nil {
		return err
	}
	for s := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		version, signature, _ := strings.Cut(s, ",")
		if version == "v1" && HMAC(key, id+"."+stamp+"."+string(body), signature) == nil {
			return nil
		}
	}
	return errSignature
}
