package tryontest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

// between separates answers in the fuzzer's input.
const between = "\x00--next--\x00"

// script answers requests with what it was given, one after the other and then
// the last again, of the type it was given.
type script struct {
	status  int
	kind    string
	answers [][]byte
	next    int
	record  http.RoundTripper // instead, and keeps what it answers
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.record != nil {
		resp, err := s.record.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body)
		s.status, s.kind, s.answers = resp.StatusCode, resp.Header.Get("Content-Type"), append(s.answers, body)
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return resp, err
	}
	body := s.answers[min(s.next, len(s.answers)-1)]
	status := 200
	if s.next++; s.next >= len(s.answers) {
		status = s.status // the last one: those before it let the protocol go on
	}
	return &http.Response{
		StatusCode: status, Request: r, Body: io.NopCloser(bytes.NewReader(body)),
		Header: http.Header{"Content-Type": {s.kind}, "X-Goog-Upload-Url": {"https://gemini.fake.example/up"}, "Retry-After": {string(body[:min(len(body), 4)])}},
	}, nil
}

// conversation has a driver submit, poll and erase, and returns its errors and
// how much it took for pictures.
func conversation(ctx context.Context, b tryon.Backend, photo *detect.Screened, item tryon.Item, c *http.Client) (errs []error, taken int) {
	in := &tryon.Input{
		Photo: photo, Items: []tryon.Item{item}, N: 2, Job: strings.Repeat("0", 32), Callback: "https://shop.example/cb", HTTP: c,
		Leave: func(context.Context, tryon.Leftover) error { return nil },
	}
	h, err := b.Submit(ctx, in)
	errs = append(errs, err)
	if err != nil || h == nil {
		return errs, 0
	}
	out := h.Done
	for range 3 {
		if out != nil {
			break
		}
		own := *h
		own.HTTP = c
		out, err = b.Poll(ctx, &own)
		errs = append(errs, err)
	}
	if e, ok := b.(tryon.Eraser); ok {
		for _, l := range h.Left {
			errs = append(errs, e.Erase(ctx, &tryon.Erasure{Leftover: l, HTTP: c}))
		}
	}
	if out != nil {
		for _, p := range out.Images {
			taken += len(p.Data)
		}
	}
	return errs, taken
}

// FuzzDrivers has every driver read what the fuzzer answers: no panic, no end of
// waiting, every error of a known code and silent about key and address.
func FuzzDrivers(f *testing.F) {
	sim := &simulation{}
	photo, err := detect.Screen(f.Context(), anybody{}, sim.picture(f, 1), detect.OnePerson(), nil)
	if err != nil {
		f.Fatal(err)
	}
	item := tryon.Item{Image: sim.picture(f, 2)}
	all := drivers()
	list := slices.Sorted(maps.Keys(all))
	var backends []tryon.Backend
	for i, name := range list {
		b, err := all[name].New()
		if err != nil {
			f.Fatal(err)
		}
		backends = append(backends, b)
		for _, kind := range []tryontest.Kind{"", tryontest.Blocked, tryontest.Unauthorised, tryontest.Limited, tryontest.JobFails, tryontest.TalksOnly} {
			server := tryontest.NewServer(all[name].Service())
			server.Break(tryontest.Fault{On: tryontest.Submit, Kind: kind})
			s := &script{record: server}
			conversation(f.Context(), b, photo, item, &http.Client{Transport: s})
			f.Add(uint8(i), uint16(s.status), s.kind, bytes.Join(s.answers, []byte(between)))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, status uint16, kind string, data []byte) {
		b := backends[int(which)%len(backends)]
		s := &script{status: 200 + int(status)%400, kind: kind, answers: bytes.Split(data, []byte(between))}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		errs, taken := conversation(ctx, b, photo, item, &http.Client{Transport: s})
		if ctx.Err() != nil {
			t.Error("it did not come to an end")
		}
		if taken > 8*len(data) {
			t.Errorf("%d bytes of pictures out of %d", taken, len(data))
		}
		for _, err := range errs {
			if err == nil || errors.Is(err, tryon.ErrPending) || errors.Is(err, tryon.ErrNotErasable) {
				continue
			}
			if fault := b.Classify(err); fault.Code == tryon.Unknown || fault.After < 0 {
				t.Errorf("%v is classified as %+v", err, fault)
			}
			if text := err.Error(); strings.Contains(text, tryontest.Key) || strings.Contains(text, "://") {
				t.Errorf("%q says too much", text)
			}
		}
	})
}
