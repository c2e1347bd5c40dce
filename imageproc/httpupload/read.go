package httpupload

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/fitveil/fitveil/imageproc"
)

// Options configures Read; nil means defaults.
type Options struct {
	Sanitize imageproc.SanitizeOptions
	Field    string // name of the form's file field; default "photo"
}

// Upload is what a request held.
type Upload struct {
	Photo *imageproc.Clean
	// Form holds the other fields of a multipart form, as the client sent them;
	// nil when the body was the picture itself.
	Form map[string][]string
}

const (
	defaultBytes = 20 << 20 // imageproc's own default
	maxParts     = 32
	maxFields    = 64 << 10 // bytes of names and values of all small fields
	formOverhead = 1 << 20  // what a form may add to its picture
)

var errInterrupted = errors.New("httpupload: body ended early")

// Read takes the picture out of r, a POST or PUT whose body is an image or a
// multipart form, and sanitises it. w is needed to hang up on a client that
// sends too much. Errors are *Problem.
func Read(w http.ResponseWriter, r *http.Request, o *Options) (*Upload, error) {
	if o == nil {
		o = &Options{}
	}
	limit := o.Sanitize.Limits.MaxBytes
	if limit <= 0 {
		limit = defaultBytes
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := err == nil && kind == "multipart/form-data"
	if form {
		limit += formOverhead
	}
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodPut:
		return nil, problem(http.StatusMethodNotAllowed, BadMethod, nil, "Send the picture with POST or PUT.")
	case r.Header.Get("Content-Encoding") != "":
		return nil, problem(http.StatusUnsupportedMediaType, Unsupported, nil, "Send the picture without a content encoding.")
	case err != nil || !(form || strings.HasPrefix(kind, "image/") || kind == "application/octet-stream"):
		return nil, problem(http.StatusUnsupportedMediaType, Unsupported, err, "Send a picture, or a form with a picture in it.")
	case r.ContentLength > limit: // refused before a byte of it is read
		return nil, problem(http.StatusRequestEntityTooLarge, TooLarge, nil, "The picture is too large.")
	}
	body := http.MaxBytesReader(w, r.Body, limit)
	if form {
		return readForm(r, body, params["boundary"], o)
	}
	photo, err := sanitize(r, body, o)
	if err != nil {
		return nil, ProblemOf(err)
	}
	return &Upload{Photo: photo}, nil
}

func sanitize(r *http.Request, body io.Reader, o *Options) (*imageproc.Clean, error) {
	first := make([]byte, 1)
	n, err := io.ReadFull(body, first)
	if n == 0 && errors.Is(err, io.EOF) {
		return nil, problem(http.StatusBadRequest, NoPicture, nil, "There is no picture in the request.")
	}
	if err != nil {
		return nil, interrupted(err)
	}
	options := o.Sanitize
	return imageproc.Sanitize(r.Context(), io.MultiReader(strings.NewReader(string(first)), &reader{body}), &options)
}

// reader turns the network's errors into ours, so that they are told apart from
// those of the picture.
type reader struct{ r io.Reader }

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = interrupted(err)
	}
	return n, err
}

// interrupted leaves "too many bytes" as it is; all else that can go wrong
// while reading a body is a client that stopped sending.
func interrupted(err error) error {
	var tooMany *http.MaxBytesError
	if errors.As(err, &tooMany) {
		return err
	}
	return errors.Join(errInterrupted, err)
}

func readForm(r *http.Request, body io.Reader, boundary string, o *Options) (*Upload, error) {
	if boundary == "" {
		return nil, badForm(nil, "The form names no boundary.")
	}
	field := o.Field
	if field == "" {
		field = "photo"
	}
	up := &Upload{Form: map[string][]string{}}
	left := maxFields
	mr := multipart.NewReader(body, boundary)
	for parts := 0; ; parts++ {
		part, err := mr.NextRawPart() // raw: no transfer encoding is undone
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, formError(err)
		}
		if parts == maxParts {
			return nil, badForm(nil, "The form has too many parts.")
		}
		if part.FormName() != field {
			if left, err = up.addField(part, left); err != nil {
				return nil, err
			}
			continue
		}
		if up.Photo != nil {
			return nil, badForm(nil, "The form has more than one picture.")
		}
		if up.Photo, err = sanitize(r, part, o); err != nil {
			return nil, ProblemOf(err)
		}
	}
	if up.Photo == nil {
		return nil, problem(http.StatusBadRequest, NoPicture, nil, "There is no picture in the request.")
	}
	return up, nil
}

// addField keeps a small field. A second file is not wanted and not read.
func (up *Upload) addField(part *multipart.Part, left int) (int, error) {
	if part.FileName() != "" {
		return left, badForm(nil, "The form has a file in another field than the picture's.")
	}
	left -= len(part.FormName())
	value, err := io.ReadAll(io.LimitReader(part, int64(max(left, 0))+1))
	if err != nil {
		return left, formError(err)
	}
	if left -= len(value); left < 0 {
		return left, badForm(nil, "The fields of the form are too large.")
	}
	up.Form[part.FormName()] = append(up.Form[part.FormName()], string(value))
	return left, nil
}

func badForm(err error, detail string) *Problem {
	return problem(http.StatusBadRequest, BadForm, err, "%s", detail)
}

func formError(err error) *Problem {
	var tooMany *http.MaxBytesError
	if errors.As(err, &tooMany) {
		return ProblemOf(err)
	}
	return badForm(err, "The form is broken or incomplete.")
}
