package tryon

import (
	"context"
	"errors"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

var errNotBuilt = errors.New("tryon: not built yet")

// ErrPending is what Poll returns while the work goes on.
var ErrPending = errors.New("tryon: pending")

// Options configures New.
type Options struct {
	Routes []Route         // tried in order
	Ledger *consent.Ledger // permits must come from it; nil accepts unmanaged permits
}

// Route is a backend and how it may be used.
type Route struct{ Backend Backend }

// Request is one try-on.
type Request struct {
	Subject consent.Subject
	Photo   *detect.Screened
	Items   []Item
	Task    Task
	N       int    // pictures wanted; default 1
	Seed    *int64 // nil: the backend's choice
}

// Result is what came back.
type Result struct {
	Images   []*imageproc.Clean
	Backend  string
	Warnings []Warning
}

// Client renders. Safe for use by many goroutines.
type Client struct{}

// New checks the routes and makes a client.
func New(o *Options) (*Client, error) { return nil, errNotBuilt }

// Render draws r.Items on r.Photo, bounded by ctx.
func (c *Client) Render(ctx context.Context, p consent.Permit, r *Request) (*Result, error) {
	return nil, errNotBuilt
}
