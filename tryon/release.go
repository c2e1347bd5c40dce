package tryon

import (
	"bytes"
	"context"
	"image"
	"slices"
	"strings"
	"unicode"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon/identity"
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
	a.client.observe(ctx, Event{
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
	var found []Mark
	for i := range images {
		clean, report, err := a.picture(ctx, images[i].Data, &found)
		if err != nil {
			return nil, 0, err
		}
		n += clean.Report().BytesOut
		result.Images = append(result.Images, clean)
		if report != nil {
			result.Identity = append(result.Identity, *report)
		}
	}
	if a.view != nil && a.client.lock == nil && (a.view.crop != a.request.Photo.Photo().Bounds() || a.view.neutral != nil) {
		result.Warnings = append(result.Warnings, Warning{"minimised", "the picture shows what was sent: the person without the surroundings"})
	}
	result.Marks = append(marks(&a.route.profile, out.Marks), found...)
	if c := a.client; c.label != "" {
		result.Marks = append(result.Marks, Mark{Kind: MarkLabel, Value: c.label, By: "fitveil"})
	}
	return result, n, nil
}

// picture sanitises one picture of a backend, looks at it, takes from it what
// may be taken, and marks it.
func (a *attempt) picture(ctx context.Context, data []byte, found *[]Mark) (*imageproc.Clean, *identity.Report, *Error) {
	c, p := a.client, &a.route.profile
	mark := imageproc.Mark{DigitalSourceType: p.Source, Tool: "fitveil/" + p.Name}
	clean, err := c.cleanOutput(ctx, data, mark)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range clean.Report().Removed {
		if slices.Contains(f.Classes, imageproc.Provenance) && len(*found) < 8 {
			*found = append(*found, Mark{Kind: MarkRemoved, Value: plain(f.Carrier, 100), By: p.Name})
		}
	}
	generated := p.Source != imageproc.AlgorithmicallyEnhanced
	if !generated && c.label == "" {
		return clean, nil, nil
	}
	img, e := clean.Image(nil)
	if e != nil {
		return nil, nil, &Error{Code: BadOutput, Reason: "not-decodable", Err: e}
	}
	drawn, changed := nrgba(img), false
	var report *identity.Report
	if generated {
		if err := a.inspect(ctx, drawn); err != nil {
			return nil, nil, err
		}
		if c.lock != nil && p.Remote() {
			if drawn, report, err = a.hold(drawn); err != nil {
				return nil, nil, err
			}
			changed = true
		}
	}
	if c.label != "" {
		write(drawn, c.label)
		changed = true
	}
	if !changed {
		return clean, nil, nil
	}
	clean, err = c.encode(ctx, drawn, clean, a.request.Photo.Photo(), report != nil, mark)
	return clean, report, err
}

// encode writes a changed picture again: a PNG stays one, the rest becomes JPEG.
func (c *Client) encode(ctx context.Context, img *image.NRGBA, drawn, photo *imageproc.Clean, held bool, mark imageproc.Mark) (*imageproc.Clean, *Error) {
	format, colours := imageproc.JPEG, drawn
	if drawn.Format() == imageproc.PNG {
		format = imageproc.PNG
	}
	if held {
		colours = photo // most pixels are the photo's
	}
	var file bytes.Buffer
	if err := imageproc.Encode(&file, img, format, &imageproc.EncodeOptions{Quality: sentQuality, ColoursOf: colours}); err != nil {
		return nil, &Error{Code: BadOutput, Reason: "not-encodable", Err: err}
	}
	return c.cleanOutput(ctx, file.Bytes(), mark)
}

// inspect looks at a generated picture before anybody else does.
func (a *attempt) inspect(ctx context.Context, drawn *image.NRGBA) *Error {
	if err := a.undressed(drawn); err != nil {
		return err
	}
	d := a.client.detector
	if d == nil {
		return nil
	}
	small := image.Image(drawn)
	if long := max(drawn.Rect.Dx(), drawn.Rect.Dy()); long > detect.ThumbSide {
		w, h := 0, detect.ThumbSide
		if drawn.Rect.Dx() == long {
			w, h = h, w
		}
		var err error
		if small, err = imageproc.Resize(drawn, w, h, &imageproc.ResizeOptions{Filter: imageproc.Box}); err != nil {
			return &Error{Code: BadOutput, Reason: "not-resizable", Err: err}
		}
	}
	scene, err := d.Detect(ctx, small)
	if err != nil {
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		return &Error{Code: Internal, Reason: "detector", Err: err}
	}
	policy := detect.OnePerson()
	if a.request.Task == InRoom {
		policy = detect.NoPeople()
	}
	if verdict, reason := policy.Judge(scene); verdict == detect.Reject {
		return &Error{Code: BadOutput, Reason: Reason(reason)}
	}
	return nil
}

// hold is the identity lock: the photo, with the edited region of what was
// drawn.
func (a *attempt) hold(drawn *image.NRGBA) (*image.NRGBA, *identity.Report, *Error) {
	img, err := a.request.Photo.Photo().Image(nil)
	if err != nil {
		return nil, nil, &Error{Code: BadPhoto, Reason: "not-decodable", Err: err}
	}
	photo := nrgba(img)
	v := a.view
	if v == nil {
		v = &view{crop: photo.Rect, scale: 1, sent: nrgba(img)}
	}
	region, face := a.edit(photo.Rect)
	if region == nil { // a job that was started before the lock was asked for
		return nil, nil, &Error{Code: Unsupported, Reason: "no-region"}
	}
	report, err := identity.Measure(v.sent, drawn, v.ignore(region), v.box(face), a.client.lock)
	if err != nil {
		return nil, nil, &Error{Code: Drifted, Err: err}
	}
	report.Compose(photo, drawn, region, identity.Place{X: float64(v.crop.Min.X), Y: float64(v.crop.Min.Y), Scale: v.scale})
	return photo, report, nil
}

// lockable refuses a photo before it is sent with which the lock could hold
// nothing that comes back: none of its pixels are known to be edited, or too
// little can be recognised in the rest. A route without a lock may still do it.
func (a *attempt) lockable() *Error {
	p := &a.route.profile
	if a.client.lock == nil || !p.Remote() || p.Source == imageproc.AlgorithmicallyEnhanced {
		return nil
	}
	region, _ := a.edit(a.request.Photo.Photo().Bounds())
	if region == nil {
		return &Error{Code: Unsupported, Reason: "no-region"}
	}
	v := a.view
	if v == nil {
		img, err := a.request.Photo.Photo().Image(nil)
		if err != nil {
			return &Error{Code: BadPhoto, Reason: "not-decodable", Err: err}
		}
		v = &view{crop: img.Bounds(), scale: 1, sent: nrgba(img)}
	}
	if err := identity.Check(v.sent, v.ignore(region)); err != nil {
		return &Error{Code: Unsupported, Reason: "too-plain", Err: err}
	}
	return nil
}

// edit is what may change, by the request's region or by the garments, and the
// face, which may not.
func (a *attempt) edit(b image.Rectangle) (*image.Alpha, image.Rectangle) {
	var face image.Rectangle
	f := newFigure(a.request.Photo.Scene())
	if a.request.Task == OnPerson && f != nil {
		face = f.faceBox()
	}
	if poly := a.request.Region.Polygon; len(poly) > 0 {
		mask := image.NewAlpha(b)
		r := a.request.Region.bounds().Intersect(b)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				if inside(poly, float64(x)+.5, float64(y)+.5) {
					mask.Pix[mask.PixOffset(x, y)] = 255
				}
			}
		}
		return mask, face
	}
	if a.request.Task != OnPerson || f == nil || !f.clear {
		return nil, face
	}
	return f.edit(b, a.request.Items), face
}

// ignore is where the sent picture and the drawn one may differ.
func (v *view) ignore(region *image.Alpha) *image.Alpha {
	mask := image.NewAlpha(v.sent.Rect)
	for y := range mask.Rect.Dy() {
		for x := range mask.Rect.Dx() {
			px := v.crop.Min.X + int((float64(x)+.5)/v.scale)
			py := v.crop.Min.Y + int((float64(y)+.5)/v.scale)
			i := y*mask.Stride + x
			mask.Pix[i] = region.AlphaAt(px, py).A
			if v.neutral != nil {
				mask.Pix[i] = max(mask.Pix[i], v.neutral.Pix[i])
			}
		}
	}
	return mask
}

// box moves a rectangle of the photo into the sent picture.
func (v *view) box(r image.Rectangle) image.Rectangle {
	if r.Empty() {
		return r
	}
	x0, y0 := v.move(float64(r.Min.X), float64(r.Min.Y))
	x1, y1 := v.move(float64(r.Max.X), float64(r.Max.Y))
	return image.Rect(int(x0), int(y0), int(x1), int(y1)).Intersect(v.sent.Rect)
}

// cleanOutput sanitises, marks and checks one picture of a backend.
func (c *Client) cleanOutput(ctx context.Context, data []byte, mark imageproc.Mark) (*imageproc.Clean, *Error) {
	bad := func(reason Reason, err error) *Error {
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		return &Error{Code: BadOutput, Reason: reason, Err: err}
	}
	if len(data) == 0 {
		return nil, &Error{Code: NoImage, Reason: "empty-picture"}
	}
	clean, err := imageproc.Sanitize(ctx, bytes.NewReader(data), &imageproc.SanitizeOptions{Limits: c.limits, Mark: mark})
	if err != nil {
		return nil, bad("not-a-picture", err)
	}
	if f := clean.Format(); f != imageproc.JPEG && f != imageproc.PNG && f != imageproc.WebP {
		return nil, bad("format", nil)
	}
	if b := clean.Bounds(); min(b.Dx(), b.Dy()) < smallest {
		return nil, bad("too-small", nil)
	}
	// A photo that arrives broken is mended for its owner; a picture that does was
	// not drawn so.
	if len(clean.Report().Mended) > 0 {
		return nil, bad("broken", nil)
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
