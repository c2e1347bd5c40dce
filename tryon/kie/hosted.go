package kie

import (
	"context"
	"errors"
	"time"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/wire"
)

// Hoster serves pictures on the shop's own server for as long as a job needs
// them. Its addresses are https, and cannot be guessed.
type Hoster interface {
	// Host serves a picture and returns its address. name is random, and says
	// nothing.
	Host(ctx context.Context, name, mime string, data []byte) (address string, err error)
	// Remove ends it. A picture that is not there is no error.
	Remove(ctx context.Context, name string) error
}

// Hosted is a Backend whose pictures stay with the shop: Kie fetches them from
// there, and they are removed when the job is over. Kie's store, which has no
// delete call, gets nothing.
//
// What Kie fetches does not pass through this process: the pictures' bytes are
// neither in Attempt.BytesSent nor among the transfers on record, which have the
// request that names their addresses. Who fetched what, and how often, is in the
// logs of the server that serves them.
type Hosted struct {
	*Backend
	hoster Hoster
}

// NewHosted makes the backend. most is how long the hoster serves a picture that
// nobody removes; what Kie keeps of what it fetched is its own retention of
// uploads, and goes into Options.Contract. Without it, that is unknown.
func NewHosted(o *Options, h Hoster, most time.Duration) (*Hosted, error) {
	if h == nil || most <= 0 {
		return nil, errors.New("kie: a hoster, and how long it serves, are needed")
	}
	b, err := New(o)
	if err != nil {
		return nil, err
	}
	b.profile.Uploads = tryon.Retention{Max: most, Erasable: true}
	if c := o.Contract; c != nil && c.Uploads != nil {
		b.profile.Uploads.Known, b.profile.Uploads.Max = c.Uploads.Known, max(most, c.Uploads.Max)
	}
	hosted := &Hosted{b, h}
	b.store = hosted.host
	return hosted, nil
}

func (h *Hosted) host(ctx context.Context, in *tryon.Input, p *wire.Picture, name string) (string, error) {
	if err := in.Leave(ctx, tryon.Leftover{Kind: "upload", ID: name}); err != nil {
		return "", err
	}
	address, err := h.hoster.Host(ctx, name, p.MIME, p.Data)
	if err != nil {
		return "", &tryon.Error{Code: tryon.Unavailable, Reason: "not-hosted", Err: err}
	}
	return address, nil
}

// Erase implements tryon.Eraser.
func (h *Hosted) Erase(ctx context.Context, e *tryon.Erasure) error {
	if e.Kind != "upload" {
		return tryon.ErrNotErasable
	}
	return h.hoster.Remove(ctx, e.ID)
}
