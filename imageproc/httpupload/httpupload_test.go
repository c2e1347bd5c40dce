package httpupload_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/imageproc/httpupload"
)

func jpegFile() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 24, 16)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func pngFile() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 24, 16))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// form writes parts in order; a name that ends in "@" is a file.
func form(parts ...any) (contentType string, body []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		name, data := parts[i].(string), parts[i+1].([]byte)
		var dst io.Writer
		var err error
		if file, ok := strings.CutSuffix(name, "@"); ok {
			dst, err = w.CreateFormFile(file, "IMG_0001 Jane Doe.jpg")
		} else {
			dst, err = w.CreateFormField(name)
		}
		if err == nil {
			_, err = dst.Write(data)
		}
		if err != nil {
			panic(err)
		}
	}
	w.Close()
	return w.FormDataContentType(), b.Bytes()
}

func many(n int) (parts []any) {
	for i := range n {
		parts = append(parts, fmt.Sprint("f", i), []byte("v"))
	}
	return parts
}

func TestRead(t *testing.T) {
	small := &httpupload.Options{Sanitize: imageproc.SanitizeOptions{Limits: imageproc.Limits{MaxBytes: 100}}}
	formOf := func(parts ...any) [2]string { ct, b := form(parts...); return [2]string{ct, string(b)} }
	jpg, pngData := string(jpegFile()), string(pngFile())

	tests := []struct {
		name        string
		method      string
		contentType string
		body        string
		header      [2]string
		options     *httpupload.Options
		status      int // 0: accepted
		code        httpupload.Code
	}{
		{name: "jpeg body", contentType: "image/jpeg", body: jpg},
		{name: "put", method: "PUT", contentType: "image/png", body: pngData},
		{name: "the bytes decide, not the header", contentType: "image/png", body: jpg},
		{name: "octet stream", contentType: "application/octet-stream", body: pngData},
		{name: "form", contentType: formOf("item", []byte("tee"), "photo@", jpegFile())[0], body: "form"},

		{name: "get", method: "GET", contentType: "image/jpeg", status: 405, code: httpupload.BadMethod},
		{name: "no content type", body: jpg, status: 415, code: httpupload.Unsupported},
		{name: "json", contentType: "application/json", body: "{}", status: 415, code: httpupload.Unsupported},
		{name: "compressed", contentType: "image/jpeg", body: jpg, header: [2]string{"Content-Encoding", "gzip"}, status: 415, code: httpupload.Unsupported},
		{name: "empty", contentType: "image/jpeg", status: 400, code: httpupload.NoPicture},
		{name: "not a picture", contentType: "image/jpeg", body: "<html>", status: 415, code: httpupload.Unsupported},
		{name: "psd", contentType: "image/jpeg", body: "8BPS\x00\x01" + strings.Repeat("\x00", 40), status: 415, code: httpupload.Unsupported},
		{name: "truncated", contentType: "image/jpeg", body: jpg[:len(jpg)/2], status: 422, code: httpupload.Corrupt},
		{name: "too many bytes", contentType: "image/jpeg", body: jpg, options: small, status: 413, code: httpupload.TooLarge},
		{name: "form without boundary", contentType: "multipart/form-data", body: jpg, status: 400, code: httpupload.BadForm},
		{name: "form cut short", contentType: "multipart/form-data; boundary=x", body: "--x\r\nContent-Disp", status: 400, code: httpupload.BadForm},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.body == "form" {
				f := formOf("item", []byte("tee"), "photo@", jpegFile())
				tt.contentType, tt.body = f[0], f[1]
			}
			if tt.method == "" {
				tt.method = "POST"
			}
			r := httptest.NewRequest(tt.method, "/photo", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			if tt.header[0] != "" {
				r.Header.Set(tt.header[0], tt.header[1])
			}
			w := httptest.NewRecorder()
			up, err := httpupload.Read(w, r, tt.options)
			if tt.status == 0 {
				if err != nil || up.Photo.Bounds() != image.Rect(0, 0, 24, 16) {
					t.Fatalf("got %v, %v", up, err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			httpupload.WriteProblem(w, err)
			checkProblem(t, w, tt.status, tt.code)
		})
	}
}

func checkProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code httpupload.Code) {
	t.Helper()
	var got struct {
		Type, Title, Detail string
		Status              int
		Code                httpupload.Code
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w.Code != status || got.Status != status || got.Code != code {
		t.Errorf("got %d %d %q, want %d %q", w.Code, got.Status, got.Code, status, code)
	}
	if got.Detail == "" || got.Title == "" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("not a problem document: %s", w.Body)
	}
}

func TestForms(t *testing.T) {
	tests := []struct {
		name  string
		parts []any
		code  httpupload.Code // "": accepted
	}{
		{"photo last", []any{"a", []byte("1"), "a", []byte("2"), "photo@", jpegFile()}, ""},
		{"photo without a file name", []any{"photo", jpegFile()}, ""},
		{"no photo", []any{"a", []byte("1")}, httpupload.NoPicture},
		{"empty photo", []any{"photo@", []byte{}}, httpupload.NoPicture},
		{"two photos", []any{"photo@", jpegFile(), "photo@", jpegFile()}, httpupload.BadForm},
		{"a file elsewhere", []any{"cv@", []byte("%PDF"), "photo@", jpegFile()}, httpupload.BadForm},
		{"fields too large", []any{"a", make([]byte, 40<<10), "b", make([]byte, 40<<10), "photo@", jpegFile()}, httpupload.BadForm},
		{"too many parts", many(33), httpupload.BadForm},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ct, body := form(tt.parts...)
			r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
			r.Header.Set("Content-Type", ct)
			up, err := httpupload.Read(httptest.NewRecorder(), r, nil)
			if tt.code == "" {
				if err != nil || up.Photo.IsZero() {
					t.Fatalf("refused: %v", err)
				}
				if tt.name == "photo last" && (len(up.Form["a"]) != 2 || up.Form["a"][1] != "2") {
					t.Errorf("fields are %v", up.Form)
				}
				return
			}
			if err == nil || httpupload.ProblemOf(err).Code != tt.code {
				t.Errorf("got %v, want %s", err, tt.code)
			}
			if err != nil && strings.Contains(err.Error(), "Jane") {
				t.Error("the error repeats a file name")
			}
		})
	}
}

// TestServer uploads through a real server: a body that is too large is cut
// off, and a client that goes away is told apart from a bad picture.
func TestServer(t *testing.T) {
	codes := make(chan httpupload.Code, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := httpupload.Read(w, r, &httpupload.Options{Sanitize: imageproc.SanitizeOptions{Limits: imageproc.Limits{MaxBytes: 1 << 20}}})
		codes <- httpupload.ProblemOf(err).Code
		httpupload.WriteProblem(w, err)
	}))
	defer srv.Close()

	// Without a Content-Length the size shows only while reading.
	body := io.MultiReader(bytes.NewReader(jpegFile()), &zeros{left: 8 << 20})
	req, err := http.NewRequest("POST", srv.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "image/jpeg")
	if resp, err := srv.Client().Do(req); err == nil { // the server may hang up first
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", resp.StatusCode)
		}
		resp.Body.Close()
	}
	if c := <-codes; c != httpupload.TooLarge {
		t.Errorf("too large: %s", c)
	}

	pr, pw := io.Pipe()
	req, err = http.NewRequestWithContext(t.Context(), "POST", srv.URL, pr)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "image/jpeg")
	go func() {
		pw.Write(jpegFile()[:20])
		pw.CloseWithError(io.ErrUnexpectedEOF)
	}()
	if resp, err := srv.Client().Do(req); err == nil {
		resp.Body.Close()
	}
	if c := <-codes; c != httpupload.Timeout {
		t.Errorf("interrupted: %s", c)
	}
}

type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	z.left -= n
	return n, nil
}

func FuzzReadForm(f *testing.F) {
	ct, body := form("item", []byte("tee"), "photo@", jpegFile())
	f.Add(ct, body)
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\n\r\n--x--"))
	f.Add("image/jpeg", jpegFile())
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		up, err := httpupload.Read(httptest.NewRecorder(), r, nil)
		if (err == nil) == (up == nil || up.Photo.IsZero()) {
			t.Errorf("got %v and %v", up, err)
		}
		if err != nil && httpupload.ProblemOf(err).Status < 400 {
			t.Errorf("status of %v", err)
		}
	})
}

func ExampleRead() {
	upload := func(w http.ResponseWriter, r *http.Request) {
		up, err := httpupload.Read(w, r, nil)
		if err != nil {
			httpupload.WriteProblem(w, err)
			return
		}
		fmt.Fprintln(w, up.Photo.Format(), up.Photo.Bounds().Size())
	}
	for _, body := range [][]byte{jpegFile(), []byte("not a picture")} {
		r := httptest.NewRequest("POST", "/photo", bytes.NewReader(body))
		r.Header.Set("Content-Type", "image/jpeg")
		w := httptest.NewRecorder()
		upload(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 jpeg (24,16)
	// 415 {"type":"about:blank","title":"Unsupported Media Type","status":415,"code":"unsupported-format","detail":"This file is not a picture of a known kind."}
}
