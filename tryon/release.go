package tryon

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/fitveil/fitveil/imageproc"
)

// smallest is the least side of a picture that is taken for a result.
const smallest = 16

// release turns a backend's output into a result: each picture is sanitised
// like an upload, marked, proved to decode, and consent is asked for once more
// before any of it leaves the client.
func (a *attempt) release(ctx context.Context, out *Output) (*Result, *Error) {
	start := a.client.now()
	result, n, err := a.sanitise(ctx, out)
	if err == nil {
		err = a.grant.use(ctx)
	}
	if err != nil {
		result, n = nil, 0
	}
	a.client.observe(Event{
		Stage: StageRelease, Backend: a.route.profile.Name, Outcome: outcome(err),
		Duration: a.client.now().Sub(start), Bytes: n,
	})
	return result, err
}

func (a *attempt) sanitise(ctx context.Context, out *Output) (*Result, int64, *Error) {
	if len(out.Images) == 0 {
		return nil, 0, &Error{Code: NoImage}
	}
	result := &Result{Backend: a.route.profile.Name}
	result.Warnings = mergeWarnings(nil, out.Warnings)
	images := out.Images
	if len(images) > a.request.N {
		images = images[:a.request.N]
		result.Warnings = append(result.Warnings, Warning{"extra-pictures", "the backend drew more pictures than asked for; the rest was dropped"})
	} else if len(images) < a.request.N {
		result.Warnings = append(result.Warnings, Warning{"fewer-pictures", "the backend drew fewer pictures than asked for"})
	}
	var n int64
	for i := range images {
		clean, err := a.client.cleanOutput(ctx, images[i].Data, a.route.profile.Source, result.Backend)
		if err != nil {
			return nil, 0, err
		}
		n += clean.Report().BytesOut
		result.Images = append(result.Images, clean)
	}
	result.Marks = marks(&a.route.profile, out.Marks)
	return result, n, nil
}

// cleanOutput sanitises, marks and checks one picture of a backend.
func (c *Client) cleanOutput(ctx context.Context, data []byte, source imageproc.SourceType, backend string) (*imageproc.Clean, *Error) {
	bad := func(reason Reason, err error) *Error {
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		return &Error{Code: BadOutput, Reason: reason, Err: err}
	}
	if len(data) == 0 {
		return nil, &Error{Code: NoImage, Reason: "empty-picture"}
	}
	clean, err := imageproc.Sanitize(ctx, bytes.NewReader(data), &imageproc.SanitizeOptions{
		Limits: c.limits,
		Mark:   imageproc.Mark{DigitalSourceType: source, Tool: "fitveil/" + backend},
	})
	if err != nil {
		return nil, bad("not-a-picture", err)
	}
	if f := clean.Format(); f != imageproc.JPEG && f != imageproc.PNG {
		return nil, bad("format", nil)
	}
	if b := clean.Bounds(); min(b.Dx(), b.Dy()) < smallest {
		return nil, bad("too-small", nil)
	}
	// A container in order says nothing of the pixels inside.
	if _, err := clean.Thumb(64); err != nil {
		return nil, bad("not-decodable", err)
	}
	return clean, nil
}

// marks lists what a released picture carries: the client's own mark first,
// then what the backend declares, where that is well-formed.
func marks(p *Profile, declared []Mark) []Mark {
	list := []Mark{{Kind: MarkSourceType, Value: string(p.Source), By: "fitveil"}}
	for _, m := range declared[:min(len(declared), 16)] {
		if word(m.Kind, 40) && m.Kind != MarkSourceType {
			list = append(list, Mark{Kind: m.Kind, Value: plain(m.Value, 100), By: p.Name})
		}
	}
	return list
}

// mergeWarnings appends to dst the warnings of src that are well-formed, one
// of each code.
func mergeWarnings(dst, src []Warning) []Warning {
	for _, w := range src[:min(len(src), 32)] {
		if word(w.Code, 40) && !slices.ContainsFunc(dst, func(d Warning) bool { return d.Code == w.Code }) {
			dst = append(dst, Warning{Code: w.Code, Text: plain(w.Text, 200)})
		}
	}
	return dst
}

// plain is s when it is short printable text without addresses, else "": a
// backend's text may end up in a shop's log or page.
func plain(s string, limit int) string {
	if len(s) > limit || strings.Contains(s, "://") || strings.Contains(s, "data:") ||
		strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return s
}
