package tryontest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/fitveil/fitveil/tryon"
)

// leaks says where something is that should have arrived nowhere: in requests,
// in words for people, or on record.
func (w *world) leaks(records []tryon.Record) (list []string) {
	secrets := []string{rawID, "jane.doe", secretSKU, secretGPS}
	complain := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for _, s := range w.server.Log() {
		for _, secret := range append(slices.Clone(secrets), Key) {
			if holds(string(s.Body), secret) || holds(s.Path, secret) {
				complain("%s %s: holds %q", s.Stage, s.Method, secret)
			}
		}
		text := fmt.Sprint(s.Header)
		for _, secret := range secrets {
			if holds(text, secret) {
				complain("%s: a header holds %q", s.Stage, secret)
			}
		}
		if s.Stage == Result && w.driver.Addresses && (s.Header.Get("Authorization") != "" || holds(text, Key)) {
			complain("a key went along with a request for a picture")
		}
	}
	words := append(slices.Clone(w.said), w.log.String())
	for _, said := range words {
		if strings.Contains(said, "://") {
			complain("an address in %q", said)
		}
	}
	words = append(words, fmt.Sprintf("%v %+v %#v", w.backend, w.backend, w.backend))
	for _, r := range records {
		words = append(words, string(r.Data))
	}
	w.mu.Lock()
	words = append(words, w.seen...)
	w.mu.Unlock()
	photo := w.request.Photo.Photo().Bytes()
	secrets = append(secrets, Key, string(photo[len(photo)/2:len(photo)/2+16]))
	for _, s := range words {
		for _, secret := range secrets {
			if holds(s, secret) {
				complain("%q holds %q", s[:min(len(s), 200)], secret)
			}
		}
	}
	return list
}

// holds reports whether a text holds a secret of at least eight bytes: as it is,
// for an address, in hexadecimal digits, as a list of bytes, or anywhere inside
// of something that was put into base64.
func holds(text, secret string) bool {
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)), fmt.Sprintf("%X", secret),
		strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	for before := range 3 {
		// What stands before and behind has part in the characters at both ends.
		plain := append(make([]byte, before), secret...)
		first, last := (8*before+5)/6, 8*len(plain)/6
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if strings.Contains(text, e.EncodeToString(plain)[first:last]) {
				return true
			}
		}
	}
	return false
}
