package tryontest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// What a request or a log must not hold is found however it is written.
func TestLeaks(t *testing.T) {
	photo := must(imageproc.Sanitize(t.Context(), bytes.NewReader(upload(90)), nil))(t)
	screened := must(detect.Screen(t.Context(), onePerson{}, photo, detect.OnePerson(), nil))(t)
	body := func(data []byte) []byte {
		encoded, err := json.Marshal(map[string]any{"contents": []any{map[string]any{"inline": data}}})
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	shifted := func(n int) []byte { return append(bytes.Repeat([]byte{0xFF}, n), upload(90)...) }
	half := photo.Bytes()[len(photo.Bytes())/2:]
	tests := []struct {
		name string
		seen Seen
		said string
		want string // "" for none
	}{
		{"a clean photo", Seen{Stage: Submit, Body: body(photo.Bytes())}, "", ""},
		{"the key where it belongs", Seen{Stage: Submit, Header: http.Header{"X-Api-Key": {Key}}}, "", ""},
		{"a photo with its place, as it is", Seen{Stage: Upload, Body: upload(90)}, "", secretGPS},
		{"in base64", Seen{Stage: Submit, Body: body(upload(90))}, "", secretGPS},
		{"in base64, a byte on", Seen{Stage: Submit, Body: body(shifted(1))}, "", secretGPS},
		{"in base64, two bytes on", Seen{Stage: Submit, Body: body(shifted(2))}, "", secretGPS},
		{"in base64 for addresses", Seen{Stage: Submit, Path: "/" + base64.RawURLEncoding.EncodeToString(shifted(1))}, "", secretGPS},
		{"a person's name in an address", Seen{Stage: Poll, Path: "/?u=customer-4711-jane.doe%40example.com"}, "", rawID},
		{"the key in an address", Seen{Stage: Poll, Path: "/?key=" + Key}, "", Key},
		{"the key goes to where pictures are", Seen{Stage: Result, Header: http.Header{"X-Api-Key": {Key}}}, "", "a key went along"},
		{"the key goes there in base64", Seen{Stage: Result, Header: http.Header{"X-Auth": {base64.StdEncoding.EncodeToString([]byte("u:" + Key))}}}, "", "a key went along"},
		{"any authorization goes there", Seen{Stage: Result, Header: http.Header{"Authorization": {"Bearer other"}}}, "", "a key went along"},
		{"the photo in a log", Seen{}, fmt.Sprintf("%v", half), "holds"},
		{"in hexadecimal digits", Seen{}, fmt.Sprintf("%x", half), "holds"},
		{"in base64 in a log", Seen{}, base64.StdEncoding.EncodeToString(half), "holds"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := &world{driver: &Driver{Addresses: true}, server: NewServer(nil), request: tryon.Request{Photo: screened}, said: []string{test.said}}
			w.server.seen = []Seen{test.seen}
			got := strings.Join(w.leaks(nil), "\n")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
