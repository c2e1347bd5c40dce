package tryon

import (
	"context"
	"errors"
	"image"
	"slices"
	"strings"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon/identity"
)

// Request is one try-on. Render works on a copy that it makes on entry.
type Request struct {
	Subject consent.Subject
	Photo   *detect.Screened
	// Order is the shop's own name for this request, such as a queue's, at most
	// 128 printable ASCII characters; it is on record with each job that the
	// request leads to, and never sent. "" for none.
	Order string
	Items []Item // 1 to 8
	Task  Task
	N     int    // pictures wanted, 1 to 8; default 1
	Seed  *int64 // nil: the backend's choice
	// Region is where the picture may change; the zero Region follows from the
	// garments, and of a room it is the backend's choice.
	Region EditRegion
	// Minimise says what of the photo a remote backend gets.
	Minimise Minimise
	// Still is asked, like consent, right before a backend gets the photo and before
	// each request that it makes to hand it over, whether the request still stands: a
	// queue's order may have been taken back. An error ends it as Canceled, and nothing
	// more is sent. It is asked when Client.Erase would be noticed already: what was taken
	// back before an Erase is never sent after it. nil: it stands.
	Still func(ctx context.Context) error
}

// Result is what came back. The caller owns it.
type Result struct {
	Images  []*imageproc.Clean
	Backend string
	Model   string // the backend's; may be empty
	Job     string // the name under which the store knows it; "" when nothing was recorded
	Marks   []Mark // on every picture
	// Identity is what the identity lock measured, one for each picture; nil
	// without a lock.
	Identity []identity.Report
	Warnings []Warning
	Attempts []Attempt // who was asked, in order; the last one drew the pictures
}

// Attempt records that a backend was asked, and what it received.
type Attempt struct {
	Job          string        `json:"job,omitempty"` // its name on record; "" when nothing was recorded
	Backend      string        `json:"backend"`
	SubProcessor string        `json:"sub_processor,omitempty"` // "" when the photo stayed in the process
	Region       string        `json:"region,omitempty"`
	Start        time.Time     `json:"start"`
	Duration     time.Duration `json:"duration_ns"`
	Requests     int           `json:"requests"`   // through the gated client
	BytesSent    int64         `json:"bytes_sent"` // request bodies, through the gated client
	Outcome      string        `json:"outcome"`    // "ok" or the name of a Code
	// Unmanaged is the reason given to consent.Unmanaged; "" when a ledger vouches.
	Unmanaged string `json:"unmanaged,omitempty"`
}

// snapshot copies everything the caller could change while Render works: the
// slices, and the handles behind the pointers.
func (r *Request) snapshot() Request {
	s := *r
	if r.Photo != nil {
		photo := *r.Photo
		s.Photo = &photo
	}
	s.Items = slices.Clone(r.Items)
	for i := range s.Items {
		if img := s.Items[i].Image; img != nil {
			own := *img
			s.Items[i].Image = &own
		}
	}
	if r.Seed != nil {
		seed := *r.Seed
		s.Seed = &seed
	}
	s.Region.Polygon = slices.Clone(r.Region.Polygon)
	if s.N == 0 {
		s.N = 1
	}
	return s
}

// input is a backend's own copy of the request.
func (r *Request) input() *Input {
	s := r.snapshot()
	return &Input{Photo: s.Photo, Items: s.Items, Task: s.Task, N: s.N, Seed: s.Seed, Region: s.Region}
}

// check refuses a request that is incomplete, unscreened or unsuited to its
// task. It looks at nothing outside the request.
func (r *Request) check() *Error {
	switch {
	case r.Photo.IsZero():
		return &Error{Code: NotScreened}
	case len(r.Order) > 128 || strings.ContainsFunc(r.Order, func(c rune) bool { return c <= ' ' || c > '~' }):
		return badRequest("order", "the order's name is not up to 128 printable ASCII characters")
	case r.Task > InRoom:
		return badRequest("task", "no such task")
	case r.N < 1 || r.N > maxPictures:
		return badRequest("pictures", "number of pictures is not 1 to 8")
	case len(r.Items) < 1 || len(r.Items) > maxItems:
		return badRequest("items", "number of items is not 1 to 8")
	}
	for i := range r.Items {
		if r.Items[i].Image.IsZero() {
			return badRequest("item-image", "an item's picture was not sanitised")
		}
		if r.Items[i].Garment > Dress {
			return badRequest("garment", "no such garment")
		}
	}
	if !r.Region.sound(r.Photo.Photo().Bounds()) {
		return badRequest("region", "the region is no polygon of 3 to 64 points in the photo")
	}
	return suits(r.Photo, r.Task)
}

// sound reports whether e is no region or one within the picture.
func (e *EditRegion) sound(b image.Rectangle) bool {
	n := len(e.Polygon)
	if n == 0 {
		return true
	}
	for _, p := range e.Polygon {
		if !(p.X >= 0 && p.Y >= 0 && p.X <= float64(b.Dx()) && p.Y <= float64(b.Dy())) { // NaN fails too
			return false
		}
	}
	return n >= 3 && n <= 64
}

// clone copies a result and its lists. The pictures are immutable.
func (r *Result) clone() Result {
	c := *r
	c.Images, c.Marks, c.Warnings = slices.Clone(r.Images), slices.Clone(r.Marks), slices.Clone(r.Warnings)
	c.Attempts, c.Identity = slices.Clone(r.Attempts), slices.Clone(r.Identity)
	return c
}

// stands asks whether the request still does.
func (r *Request) stands(ctx context.Context) *Error {
	if r.Still == nil {
		return nil
	}
	err := r.Still(ctx)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return &Error{Code: Canceled, Reason: reasonTakenBack, Err: err}
}

const reasonTakenBack Reason = "taken-back"

func badRequest(reason Reason, text string) *Error {
	return &Error{Code: BadRequest, Reason: reason, Err: errors.New("tryon: " + text)}
}

// suits holds the scene that was stored when the photo was screened against
// the client's own policy for the task: a photo may have been screened under
// any policy, AnyPeople or a lenient one of the caller's.
func suits(photo *detect.Screened, t Task) *Error {
	policy := detect.OnePerson()
	if t == InRoom {
		policy = detect.NoPeople()
	}
	scene := photo.Scene()
	verdict, reason := policy.Judge(scene)
	if verdict == detect.Pass || verdict == detect.Unsure && reviewed(photo, policy) {
		return nil
	}
	return &Error{
		Code: PolicyRefused, Reason: Reason(reason),
		Err: &detect.PolicyError{Policy: policy, Scene: scene, Reason: reason},
	}
}

// reviewed reports whether somebody looked at an unsure photo and said that as
// many people are in it as policy wants.
func reviewed(photo *detect.Screened, policy detect.Policy) bool {
	was := photo.Policy()
	return photo.Reviewed() && was.MinPeople == policy.MinPeople && was.MaxPeople == policy.MaxPeople
}

// checkPermit refuses permits that are no proof for this client: zero ones,
// and with a ledger those of another ledger or of none.
func (c *Client) checkPermit(p consent.Permit) *Error {
	switch {
	case p.IsZero():
		return &Error{Code: NoConsent, Reason: "no-permit"}
	case c.ledger == nil || c.ledger.Issued(p):
		return nil
	}
	if _, unmanaged := p.Unmanaged(); unmanaged {
		return &Error{Code: NoConsent, Reason: "unmanaged-permit"}
	}
	return &Error{Code: NoConsent, Reason: "foreign-permit"}
}

// grant is a permit together with what it is used for in one attempt.
type grant struct {
	permit consent.Permit
	query  consent.Query
}

func newGrant(p consent.Permit, s consent.Subject, profile *Profile) grant {
	q := consent.Query{Subject: s, Purpose: consent.TryOnRender}
	if profile.SubProcessor != "" {
		q.Recipients = []string{profile.SubProcessor}
	}
	return grant{permit: p, query: q}
}

// use asks whether consent holds now, for this recipient.
func (g grant) use(ctx context.Context) *Error {
	q := g.query
	q.Recipients = slices.Clone(q.Recipients)
	err := g.permit.Use(ctx, q)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	e := &Error{Code: NoConsent, Err: err}
	var denied *consent.DeniedError
	if errors.As(err, &denied) {
		e.Reason = Reason(denied.Reason)
	}
	return e
}
