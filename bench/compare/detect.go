package main

import (
	"context"
	"os"
	"path/filepath"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

// model is a network with one square picture for input.
type model struct {
	side int
	data func() ([]byte, error)
	// channel makes of a pixel from 0 to 255 what the model expects.
	channel func(c int, v float32) float32
}

var (
	nanodet = model{416, person("nanodet-g-416.onnx"), func(c int, v float32) float32 {
		mean, sd := [3]float32{103.53, 116.28, 123.675}, [3]float32{57.375, 57.12, 58.395}
		return (v - mean[c]) / sd[c]
	}}
	movenet = model{256, person("movenet-multipose-256.onnx"), func(_ int, v float32) float32 { return v }}
	dense   = model{416, made(416, denseNet, leakyRelu), unit}
	mobile  = model{416, made(416, mobileNet, relu), unit}
	// What other engines in Go can run, and do not take minutes for.
	small = model{128, made(128, denseNet, relu), unit}
)

const (
	nanodetFile = "nanodet-g-416.onnx"
	ortOne      = "onnxruntime 1.30, 1 thread"
)

func unit(_ int, v float32) float32 { return v/128 - 1 }

func modelPath(file string) string {
	return filepath.Join("..", "..", "detect", "person", "models", file)
}

func person(file string) func() ([]byte, error) {
	return func() ([]byte, error) { return os.ReadFile(modelPath(file)) }
}

func made(side int, build func(int, func(*net)) *net, relu func(*net)) func() ([]byte, error) {
	return func() ([]byte, error) { return build(side, relu).bytes(side), nil }
}

func detectJobs() []job {
	against := func(m model, threads int, clock func(func() error) (float64, error)) func(*setup) (*contest, error) {
		return func(s *setup) (*contest, error) { return ortContest(s, m, threads, clock) }
	}
	return []job{
		{"detect/nanodet", ortOne, against(nanodet, 1, thread)},
		{"detect/movenet", ortOne, against(movenet, 1, thread)},
		{"detect/dense", ortOne, against(dense, 1, thread)},
		{"detect/mobile", ortOne, against(mobile, 1, thread)},
		{"detect/nanodet-avx2", "", narrowed("detect/nanodet")},
		{"detect/movenet-avx2", "", narrowed("detect/movenet")},
		{"detect/dense-avx2", "", narrowed("detect/dense")},
		{"detect/mobile-avx2", "", narrowed("detect/mobile")},
		{"detect/nanodet-2threads", "onnxruntime 1.30, 2 threads, elapsed time", against(nanodet, 2, elapsed)},
		{"detect/dense-2threads", "onnxruntime 1.30, 2 threads, elapsed time", against(dense, 2, elapsed)},
		{"detect/dense-gorgonia", "gorgonia 0.9.18 (onnx-go's own backend), 128 px", gorgoniaContest},
		{"detect/dense-gomlx", "gomlx 0.26 (its backend in Go), 128 px", gomlxContest},
		{"detect/nanodet-start", "onnxruntime 1.30, from the start of the process to the first result", startContest(cpuOf)},
		{"detect/nanodet-memory", "onnxruntime 1.30, resident memory at most, in MB", startContest(memoryOf)},
	}
}

// input is a smooth pattern with some texture, so that activations are neither
// all zero nor all alike.
func (m model) input() []float32 {
	px := make([]float32, 3*m.side*m.side)
	for c := range 3 {
		for y := range m.side {
			for x := range m.side {
				v := float32((x*(c+3)+y*(5-c))%256)/2 + float32((x*x+y*y)/(97+c)%128)
				px[(c*m.side+y)*m.side+x] = m.channel(c, v)
			}
		}
	}
	return px
}

// ortContest is a model with our engine and with ONNX Runtime.
func ortContest(s *setup, m model, threads int, clock func(func() error) (float64, error)) (*contest, error) {
	if err := startORT(s); err != nil {
		return nil, err
	}
	data, err := m.data()
	if err != nil {
		return nil, err
	}
	pixels := m.input()
	ours, err := openOurs(data, m.side, pixels, threads)
	if err != nil {
		return nil, err
	}
	theirs, closeORT, err := openORT(data, m.side, pixels, threads)
	if err != nil {
		return nil, err
	}
	return &contest{
		ours:   func() (float64, error) { return clock(ours) },
		theirs: func() (float64, error) { return clock(theirs) },
		close:  closeORT,
	}, nil
}

func openOurs(data []byte, side int, pixels []float32, threads int) (func() error, error) {
	prog, err := infer.Load(data, &infer.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	session := prog.NewSession()
	in := []tensor.Tensor{tensor.New(tensor.WithShape(1, 3, side, side), tensor.WithBacking(pixels))}
	out := make([]tensor.Tensor, len(prog.Outputs()))
	return func() error { return session.Run(context.Background(), in, out) }, nil
}
