package tryontest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/tryon"
)

// LiveOptions configures Live. Everything but WrongKey and Transport is required.
type LiveOptions struct {
	Photo *detect.Screened // of somebody who agreed that the provider gets it
	Item  tryon.Item
	// Price is what one picture costs at most, and MaxSpend what all may cost
	// together, in one currency.
	Price, MaxSpend float64
	// WrongKey is the driver made with a key that is none; nil leaves the case out.
	WrongKey  tryon.Backend
	Transport http.RoundTripper // for tests; nil: the network
}

// LiveReport is what Live found out, for the table that says when a driver was
// last verified.
type LiveReport struct {
	Driver       string           `json:"driver"`
	Model        string           `json:"model,omitempty"`
	SubProcessor string           `json:"sub_processor"`
	Region       string           `json:"region"`
	Date         string           `json:"date"` // day, UTC
	Planned      float64          `json:"planned"`
	Spent        float64          `json:"spent"` // at most; what was not answered counts
	Bytes        int64            `json:"bytes"` // of request bodies
	OK           bool             `json:"ok"`
	Cases        []LiveCase       `json:"cases"`
	Left         []tryon.Deletion `json:"left"` // what the provider keeps, or has not deleted yet
}

// LiveCase is one thing that was tried.
type LiveCase struct {
	Name    string        `json:"name"`
	OK      bool          `json:"ok"`
	Outcome string        `json:"outcome"` // "ok" or the name of a tryon.Code
	Reason  tryon.Reason  `json:"reason,omitempty"`
	Took    time.Duration `json:"took_ns"`
}

// livePictures is how many pictures Live asks for.
const livePictures = 2

// ErrSpend is what Live returns when it would cost more than it may. Nothing
// was sent then.
var ErrSpend = errors.New("tryontest: it would cost more than it may")

// LivePlan says what Live would do, and does nothing.
func LivePlan(b tryon.Backend, o *LiveOptions) (*LiveReport, error) {
	if b == nil || o == nil || !(o.Price > 0) || math.IsInf(o.Price, 1) || !(o.MaxSpend > 0) {
		return nil, errors.New("tryontest: a backend, a price and what may be spent are needed")
	}
	p := b.Describe()
	r := &LiveReport{
		Driver: p.Name, Model: p.Model, SubProcessor: p.SubProcessor, Region: p.Region, Date: time.Now().UTC().Format(time.DateOnly),
		Planned: livePictures * o.Price, Cases: []LiveCase{}, Left: []tryon.Deletion{},
	}
	if o.WrongKey != nil {
		r.Cases = append(r.Cases, LiveCase{Name: "a wrong key is refused"})
	}
	r.Cases = append(r.Cases, LiveCase{Name: "draws"}, LiveCase{Name: "starts and waits"}, LiveCase{Name: "erases"})
	if r.Planned > o.MaxSpend {
		return r, fmt.Errorf("%w: %v of %v", ErrSpend, r.Planned, o.MaxSpend)
	}
	return r, nil
}

// Live tries a driver against the real service, with the tester's own key, and
// asks for two pictures at most. The photo leaves the machine, under a permit
// that says why: the tester vouches for the person's consent. What is left at
// the provider is erased. An error means that it could not be tried; what the
// service did wrong is in the report.
func Live(ctx context.Context, b tryon.Backend, o *LiveOptions) (*LiveReport, error) {
	r, err := LivePlan(b, o)
	if err != nil {
		return nil, err
	}
	l := &live{o: o, report: r, permit: consent.Unmanaged("live test of a driver")}
	if l.who, err = nobody(); err != nil {
		return nil, err
	}
	l.request = &tryon.Request{Subject: l.who, Photo: o.Photo, Items: []tryon.Item{o.Item}}
	if l.client, err = l.make(b); err != nil {
		return nil, err
	}
	cases := []func(context.Context) error{l.draws, l.waits, l.erases}
	if o.WrongKey != nil {
		cases = append([]func(context.Context) error{l.wrongKey}, cases...)
	}
	r.OK = true
	for i, f := range cases {
		start := time.Now()
		err := f(ctx)
		c := &r.Cases[i]
		c.OK, c.Outcome, c.Took = err == nil, "ok", time.Since(start)
		var e *tryon.Error
		if errors.As(err, &e) {
			c.Outcome, c.Reason = e.Code.String(), e.Reason
		} else if err != nil {
			c.Outcome = tryon.Internal.String()
		}
		r.OK = r.OK && c.OK
	}
	return r, nil
}

type live struct {
	o       *LiveOptions
	report  *LiveReport
	client  *tryon.Client
	permit  consent.Permit
	who     consent.Subject
	request *tryon.Request
	drawn   bool
}

// nobody is a subject that no one else has.
func nobody() (consent.Subject, error) {
	var key [32]byte
	rand.Read(key[:])
	s := consent.NewSubject(key[:], "live-test", rand.Text())
	if s.IsZero() {
		return s, errors.New("tryontest: no subject")
	}
	return s, nil
}

// make makes a client whose route may be given no more than what may be spent.
func (l *live) make(b tryon.Backend) (*tryon.Client, error) {
	most := int(min(l.o.MaxSpend/l.o.Price, livePictures))
	return tryon.New(&tryon.Options{
		Routes:    []tryon.Route{{Backend: b, Retries: -1, Research: true, Spend: tryon.Quota{Renders: most}}},
		Transport: l.o.Transport, Observe: l.observe,
	})
}

func (l *live) observe(e tryon.Event) {
	if e.Stage == tryon.StageAttempt {
		l.report.Bytes += e.Bytes
	}
}

// pay counts a picture, unless the provider said that it drew none.
func (l *live) pay(err error) {
	var e *tryon.Error
	if errors.As(err, &e) && len(e.Attempts) > 0 && e.Attempts[len(e.Attempts)-1].BytesSent == 0 {
		return
	}
	l.report.Spent += l.o.Price
}

func (l *live) wrongKey(ctx context.Context) error {
	client, err := l.make(l.o.WrongKey)
	if err != nil {
		return err
	}
	_, err = client.Render(ctx, l.permit.For(l.who), l.request)
	var e *tryon.Error
	if errors.As(err, &e) && (e.Code == tryon.Unauthenticated || e.Code == tryon.Forbidden) {
		return nil
	}
	if err == nil {
		l.pay(nil)
	}
	return errors.Join(errors.New("tryontest: it was not refused"), err)
}

// afford refuses what would cost more than is left.
func (l *live) afford() error {
	if l.report.Spent+l.o.Price > l.o.MaxSpend*(1+1e-9) { // sums of decimals are not exact
		return &tryon.Error{Code: tryon.OverQuota, Reason: "max-spend"}
	}
	return nil
}

func (l *live) draws(ctx context.Context) error {
	if err := l.afford(); err != nil {
		return err
	}
	result, err := l.client.Render(ctx, l.permit.For(l.who), l.request)
	l.pay(err)
	l.drawn = err == nil
	return l.look(result, err)
}

func (l *live) waits(ctx context.Context) error {
	if !l.drawn {
		return &tryon.Error{Code: tryon.Canceled, Reason: "not-tried"} // it would cost, and tell nothing new
	}
	if err := l.afford(); err != nil {
		return err
	}
	id, err := l.client.Start(ctx, l.permit.For(l.who), l.request)
	l.pay(err)
	if err != nil {
		return err
	}
	return l.look(l.client.Wait(ctx, l.permit.For(l.who), &tryon.Pickup{Job: id, Subject: l.who, Request: l.request}))
}

// look holds what came back against what a result must be.
func (l *live) look(r *tryon.Result, err error) error {
	if err != nil {
		return err
	}
	if len(r.Images) == 0 || r.Images[0].IsZero() || len(r.Marks) == 0 {
		return &tryon.Error{Code: tryon.NoImage}
	}
	h, err := l.client.Holdings(context.Background(), l.who)
	if err != nil {
		return err
	}
	for _, t := range h.Transfers {
		if t.Outcome != tryon.TransferAnswered {
			return &tryon.Error{Code: tryon.Unavailable, Reason: tryon.Reason("transfer-" + t.Outcome)}
		}
	}
	return nil
}

func (l *live) erases(ctx context.Context) error {
	for range 3 {
		r, err := l.client.Erase(ctx, l.who)
		if err != nil {
			return err
		}
		l.report.Left = append(l.report.Left, r.NotPossible...)
		if len(r.Queued) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
	h, err := l.client.Holdings(ctx, l.who)
	if err != nil {
		return err
	}
	l.report.Left = append(l.report.Left, h.Deletions...)
	return &tryon.Error{Code: tryon.Unavailable, Reason: "still-queued"}
}
