package infer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
	"github.com/fitveil/fitveil/detect/infer/infertest"
)

// FuzzLoad wants of any file: an error of the three kinds, or a program that
// runs, on either engine, and runs again.
func FuzzLoad(f *testing.F) {
	for _, c := range allCases() {
		m, _ := c.model(false)
		f.Add(m.encode())
	}
	seen := map[string]bool{}
	for _, c := range infertest.Nodes() { // one small model of each operator
		if !seen[c.Operator] && len(c.Model) < 1<<10 {
			seen[c.Operator] = true
			f.Add(c.Model)
		}
	}
	for _, m := range []model{relu(), small(), added(constant("w", []int{1}, f32(1)))} {
		b := m.encode()
		f.Add(b)
		f.Add(b[:len(b)/2])
		for i := 0; i < len(b); i += 7 {
			spoiled := append([]byte(nil), b...)
			spoiled[i] ^= 0x80
			f.Add(spoiled)
		}
	}
	o := infer.Options{MaxBytes: 1 << 20, Dims: map[string]int{"batch": 1}}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, e := range engines {
			p, err := infer.Load(b, e.options(o))
			if err == nil {
				runTwice(t, p)
				continue
			}
			if !errors.Is(err, infer.ErrModel) && !errors.Is(err, infer.ErrUnsupported) && !errors.Is(err, infer.ErrTooLarge) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
	})
}

func runTwice(t *testing.T, p *infer.Program) { runFor(t, p, time.Second) }

// runFor runs p twice, or for so long.
func runFor(t *testing.T, p *infer.Program, limit time.Duration) {
	t.Helper()
	s, in := p.NewSession(), make([]tensor.Tensor, len(p.Inputs()))
	for i, v := range p.Inputs() {
		in[i] = tensor.New(tensor.Of(v.Dtype), tensor.WithShape(v.Shape...))
	}
	// What runs long is not a fault: time is the caller's to bound.
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for range 2 {
		err := s.Run(ctx, in, make([]tensor.Tensor, len(p.Outputs())))
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}
