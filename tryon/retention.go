package tryon

import (
	"context"
	"net/http"
	"time"
)

// Retention says how long a kind of data stays with a sub-processor. The zero
// value is unknown, and counts as for ever.
type Retention struct {
	Known bool
	Max   time.Duration // how long at most; 0: not kept
	// Erasable says that the backend is an Eraser and deletes it earlier.
	Erasable bool
}

// within reports whether the data is gone after limit, at the latest.
func (r Retention) within(limit time.Duration) bool { return r.Known && r.Max <= limit }

// NotKept is the Retention of data that is gone when the answer is out.
func NotKept() Retention { return Retention{Known: true} }

// KeptFor is the Retention of data that is deleted after d without being asked.
func KeptFor(d time.Duration) Retention { return Retention{Known: true, Max: d} }

// ErasedWithin is the Retention of data that the backend erases by a call of
// its own, and that is gone after d even if the call fails.
func ErasedWithin(d time.Duration) Retention { return Retention{Known: true, Max: d, Erasable: true} }

// Model is what is known of one model's life.
type Model struct {
	ID        string
	Shutdown  time.Time // it answers no more from then on; zero: no date is known
	Successor string    // what its maker names instead; "" for none
	AsOf      string    // when this was looked up, as 2006-01-02
}

// Leftover is something that is left at a sub-processor: an uploaded file, a
// picture, a job with its inputs.
type Leftover struct {
	Kind string // "upload", "output" or "job"
	ID   string // what Eraser needs to find it, at most 1 KiB; holds no key
}

// Eraser is a backend that can delete what is left behind.
type Eraser interface {
	// Erase deletes e. It returns nil when it is gone, also when it was gone
	// before; an error that is ErrNotErasable when it never will be; any other
	// error is tried again later.
	Erase(ctx context.Context, e *Erasure) error
}

// Leaver is a backend that says what accepted work leaves behind by its name
// alone. It is asked when that name was lost on the way and came with a
// provider's callback; otherwise Handle.Left says it.
type Leaver interface {
	Leftovers(remote string) []Leftover
}

// Erasure is one thing to delete and the means to do it.
type Erasure struct {
	Leftover
	// HTTP reaches Profile.Hosts and does not ask for consent: what is to be
	// deleted is deleted above all when consent is gone.
	HTTP *http.Client
}

// Canceler is a backend that can stop accepted work.
type Canceler interface {
	Cancel(ctx context.Context, h *Handle) error
}

// EditRegion says where a picture may change: a polygon in displayed pixels of
// the photo, of 3 to 64 points. Of a room it is the quadrilateral on the wall
// or the floor that the product covers: top left, top right, bottom right,
// bottom left as seen when standing before it. The zero value is no region.
type EditRegion struct {
	Polygon []Point
}

// Point is a place in displayed pixels of the photo; the first pixel's centre
// is at 0.5.
type Point struct{ X, Y float64 }
