package wire

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// Picture is a picture as providers take it.
type Picture struct {
	Data []byte
	MIME string // image/jpeg or image/png
}

// Base64 is the picture's data in base64.
func (p *Picture) Base64() string { return base64.StdEncoding.EncodeToString(p.Data) }

// DataURI is the picture as an address that contains it.
func (p *Picture) DataURI() string { return "data:" + p.MIME + ";base64," + p.Base64() }

// Ext is the ending of a file name.
func (p *Picture) Ext() string { return strings.TrimPrefix(p.MIME, "image/") }

// Photo is the photo of an input.
func Photo(in *tryon.Input) (*Picture, error) {
	p, err := encoded(in.Photo.Photo(), 0)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.BadPhoto, Reason: "not-encodable", Err: err}
	}
	return p, nil
}

// Items are the product pictures of an input, their longest side at most side.
func Items(in *tryon.Input, side int) ([]*Picture, error) {
	var list []*Picture
	for i := range in.Items {
		p, err := encoded(in.Items[i].Image, side)
		if err != nil {
			return nil, &tryon.Error{Code: tryon.BadProduct, Reason: "not-encodable", Err: err}
		}
		list = append(list, p)
	}
	return list, nil
}

// encoded is a picture as JPEG or PNG.
func encoded(c *imageproc.Clean, side int) (*Picture, error) {
	f, b := c.Format(), c.Bounds()
	small := side <= 0 || max(b.Dx(), b.Dy()) <= side
	switch {
	case f == imageproc.JPEG && small:
		return &Picture{c.Bytes(), "image/jpeg"}, nil
	case f == imageproc.PNG && small:
		return &Picture{c.Bytes(), "image/png"}, nil
	}
	img, err := c.Image(&imageproc.DecodeOptions{MaxSide: side})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if f == imageproc.JPEG {
		err = imageproc.Encode(&out, img, imageproc.JPEG, &imageproc.EncodeOptions{Quality: 92, ColoursOf: c})
		return &Picture{out.Bytes(), "image/jpeg"}, err
	}
	err = imageproc.Encode(&out, img, imageproc.PNG, &imageproc.EncodeOptions{ColoursOf: c})
	return &Picture{out.Bytes(), "image/png"}, err
}

const maxPicture = 32 << 20

// Decode reads a picture in base64, also as a data URI.
func Decode(s string) (tryon.Encoded, error) {
	if rest, ok := strings.CutPrefix(s, "data:"); ok {
		kind, data, ok := strings.Cut(rest, ",")
		if !ok || !strings.HasSuffix(kind, ";base64") || !strings.HasPrefix(kind, "image/") {
			return tryon.Encoded{}, &tryon.Error{Code: tryon.BadOutput, Reason: "data-uri"}
		}
		s = data
	}
	if len(s) > maxPicture/3*4 {
		return tryon.Encoded{}, &tryon.Error{Code: tryon.BadOutput, Reason: "too-large"}
	}
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return tryon.Encoded{}, &tryon.Error{Code: tryon.BadOutput, Reason: "base64"}
	}
	return tryon.Encoded{Data: data}, nil
}

// Fetch gets pictures from addresses that a provider gave, or reads those that
// are data URIs. The gate checks the hosts; no key goes along.
func Fetch(ctx context.Context, c *http.Client, addresses []string, n int) (*tryon.Output, error) {
	out := &tryon.Output{}
	for _, address := range addresses[:max(min(len(addresses), n), 0)] {
		var picture tryon.Encoded
		var err error
		if strings.HasPrefix(address, "data:") {
			picture, err = Decode(address)
		} else {
			picture, err = fetch(ctx, c, address)
		}
		if err != nil {
			return nil, err
		}
		out.Images = append(out.Images, picture)
	}
	if len(out.Images) == 0 {
		return nil, &tryon.Error{Code: tryon.NoImage}
	}
	return out, nil
}

func fetch(ctx context.Context, c *http.Client, address string) (tryon.Encoded, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return tryon.Encoded{}, &tryon.Error{Code: tryon.BadOutput, Reason: "address"}
	}
	req.Header.Set("Accept", "image/*")
	resp, err := c.Do(req)
	if err != nil {
		return tryon.Encoded{}, transient(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone || resp.StatusCode == http.StatusForbidden:
		return tryon.Encoded{}, &tryon.Error{Code: tryon.NoImage, Reason: "picture-gone", Err: &statusError{resp.StatusCode}}
	case resp.StatusCode != http.StatusOK:
		f := Status(resp.StatusCode)
		f.After = RetryAfter(resp.Header, time.Now())
		return tryon.Encoded{}, Fault(f, &statusError{resp.StatusCode})
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if !strings.HasPrefix(kind, "image/") && kind != "application/octet-stream" && kind != "binary/octet-stream" {
		return tryon.Encoded{}, &tryon.Error{Code: tryon.BadOutput, Reason: "content-type"}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxPicture+1))
	switch {
	case len(data) > maxPicture:
		return tryon.Encoded{}, &tryon.Error{Code: tryon.BadOutput, Reason: "too-large"}
	case err != nil:
		var e *tryon.Error
		if errors.As(err, &e) {
			return tryon.Encoded{}, err
		}
		return tryon.Encoded{}, transient(errors.New("the picture was cut short"))
	}
	return tryon.Encoded{Data: data}, nil
}

// Prompt is the instruction for models that take one.
func Prompt(in *tryon.Input, own string) string {
	if own != "" {
		return own
	}
	if in.Task == tryon.InRoom {
		return "The first picture shows a room, the others a product. Place the product in the room, true to scale, " +
			"lit as the room is. Keep everything else in the room exactly as it is, and the framing of the first picture."
	}
	return "The first picture shows a person, the others clothes. Show the same person wearing these clothes. " +
		"Keep face, hair, skin, body shape, pose, hands, background and framing of the first picture exactly as they are. " +
		"The person stays fully dressed."
}
