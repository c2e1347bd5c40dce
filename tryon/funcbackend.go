package tryon

import (
	"context"
	"errors"
	"slices"
)

// NewBackend makes a synchronous Backend of a function. The function returns a
// *Error to say what a failure means, for instance
//
//	&tryon.Error{Code: tryon.BadProduct, Reason: "no-cut-out"}
//
// Deadlines and cancellations count as such, and any other error as Internal.
func NewBackend(p Profile, render func(ctx context.Context, in *Input) (*Output, error)) Backend {
	p.Tasks, p.Garments, p.Hosts = slices.Clone(p.Tasks), slices.Clone(p.Garments), slices.Clone(p.Hosts)
	return &funcBackend{profile: p, render: render}
}

type funcBackend struct {
	profile Profile
	render  func(ctx context.Context, in *Input) (*Output, error)
}

func (b *funcBackend) Describe() Profile { return b.profile }

func (b *funcBackend) Submit(ctx context.Context, in *Input) (*Handle, error) {
	out, err := b.render(ctx, in)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, &Error{Code: NoImage, Backend: b.profile.Name}
	}
	return &Handle{Done: out}, nil
}

func (b *funcBackend) Poll(context.Context, *Handle) (*Output, error) {
	return nil, &Error{Code: AcceptedUnknown, Backend: b.profile.Name, Reason: "nothing-pending"}
}

func (b *funcBackend) Classify(err error) Fault { return DefaultFault(err) }

// DefaultFault classifies what every backend classifies alike: a *Error by its
// own code, ends of contexts as Timeout or Canceled, the rest as Internal.
// Backends call it for the errors they do not know better.
func DefaultFault(err error) Fault {
	var e *Error
	switch {
	case errors.As(err, &e):
		return Fault{Code: e.Code, Reason: e.Reason, Retry: e.Retry, After: e.After}
	case errors.Is(err, context.DeadlineExceeded):
		return Fault{Code: Timeout, Retry: true}
	case errors.Is(err, context.Canceled):
		return Fault{Code: Canceled}
	}
	return Fault{Code: Internal}
}
