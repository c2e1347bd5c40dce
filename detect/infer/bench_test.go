package infer_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

var benchModels = []string{"nanodet-g-416", "movenet-multipose-256"}

func BenchmarkRun(b *testing.B) {
	for _, name := range benchModels {
		for _, e := range engines {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/%s/threads=%d", name, e.name, threads), func(b *testing.B) {
					p, err := infer.Load(readModel(b, name), e.options(infer.Options{Threads: threads}))
					if err != nil {
						b.Fatal(err)
					}
					s, in, out := p.NewSession(), filled(p.Inputs()), make([]tensor.Tensor, len(p.Outputs()))
					b.ReportAllocs()
					for b.Loop() {
						if err := s.Run(context.Background(), in, out); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// BenchmarkRunLocked is a run of two goroutines that a locked one calls, as beside C libraries.
func BenchmarkRunLocked(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := infer.Load(readModel(b, benchModels[0]), &infer.Options{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	s, in, out := p.NewSession(), filled(p.Inputs()), make([]tensor.Tensor, len(p.Outputs()))
	for b.Loop() {
		if err := s.Run(context.Background(), in, out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, name := range benchModels {
		b.Run(name, func(b *testing.B) {
			model := readModel(b, name)
			b.SetBytes(int64(len(model)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := infer.Load(model, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// filled makes a tensor for each value, with numbers that differ.
func filled(values []infer.Value) []tensor.Tensor {
	out := make([]tensor.Tensor, len(values))
	for i, v := range values {
		t := tensor.New(tensor.Of(v.Dtype), tensor.WithShape(v.Shape...))
		for j, f := 0, t.Float32s(); j < len(f); j++ {
			f[j] = float32(j%251)/125 - 1
		}
		out[i] = t
	}
	return out
}

func BenchmarkNewSession(b *testing.B) {
	for _, name := range benchModels {
		b.Run(name, func(b *testing.B) {
			p, err := infer.Load(readModel(b, name), nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				p.NewSession()
			}
		})
	}
}

// BenchmarkLoadNodes loads 7,500 convolutions, all with the same weights, out of
// a file of some hundred kilobytes.
func BenchmarkLoadNodes(b *testing.B) {
	for _, side := range []int{8, 200} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			const count, channels = 7500, 16
			m := model{tensors: []part{constant("w", []int{channels, channels, 3, 3}, make([]float32, channels*channels*9))}}
			m.inputs = []part{value("x0", 1, 1, channels, side, side)}
			for i := range count {
				m.nodes = append(m.nodes, node("Conv", []string{fmt.Sprint("x", i), "w"}, []string{fmt.Sprint("x", i+1)}, attr("pads", []int{1, 1, 1, 1})))
			}
			m.outs = []part{value(fmt.Sprint("x", count), 1)}
			file := m.encode()
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := infer.Load(file, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMatMul is the larger product of a block of BERT (arXiv:1810.04805,
// base) for 128 words: 302 M multiply-adds.
func BenchmarkMatMul(b *testing.B) {
	const words, in, out = 128, 768, 3072
	m := model{
		nodes:   []part{node("MatMul", []string{"x", "w"}, []string{"y"})},
		tensors: []part{constant("w", []int{in, out}, make([]float32, in*out))},
		inputs:  []part{value("x", 1, words, in)}, outs: []part{value("y", 1)},
	}
	for _, kernels := range infer.Kernels() {
		b.Run(kernels, func(b *testing.B) {
			p := load(b, m, &infer.Options{Kernels: kernels})
			s, x, y := p.NewSession(), filled(p.Inputs()), make([]tensor.Tensor, 1)
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Run(context.Background(), x, y); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*words*in*out/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
