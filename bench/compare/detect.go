package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

// model is one of the two person models, and a picture for it.
type model struct {
	file    string
	side    int
	channel func(c int, v float32) float32 // pixel 0..255 to what the model expects
}

var (
	nanodet = model{"nanodet-g-416.onnx", 416, func(c int, v float32) float32 {
		mean, sd := [3]float32{103.53, 116.28, 123.675}, [3]float32{57.375, 57.12, 58.395}
		return (v - mean[c]) / sd[c]
	}}
	movenet = model{"movenet-multipose-256.onnx", 256, func(_ int, v float32) float32 { return v }}
)

func detectJobs() []job {
	return []job{
		{"detect/nanodet", "onnxruntime 1.30, 1 thread", func(s *setup) (*contest, error) { return detectContest(s, nanodet, 1) }},
		{"detect/movenet", "onnxruntime 1.30, 1 thread", func(s *setup) (*contest, error) { return detectContest(s, movenet, 1) }},
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

func detectContest(s *setup, m model, threads int) (*contest, error) {
	if err := startORT(s); err != nil {
		return nil, err
	}
	path := filepath.Join("..", "..", "detect", "person", "models", m.file)
	data, err := os.ReadFile(path)
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
		ours:   func() (float64, error) { return thread(ours) },
		theirs: func() (float64, error) { return thread(theirs) },
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

// startORT loads the shared library out of the npm package.
func startORT(s *setup) error {
	if ort.IsInitialized() {
		return nil
	}
	how := errMissing("ONNX Runtime is missing: npm install --ignore-scripts --prefix DIR onnxruntime-node@1.30.0, then -ort DIR")
	if s.ortDir == "" {
		return how
	}
	found, err := filepath.Glob(filepath.Join(s.ortDir, "node_modules", "onnxruntime-node", "bin", "napi-v*", "linux", "x64", "libonnxruntime.so.1*"))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return how
	}
	ort.SetSharedLibraryPath(found[0])
	return ort.InitializeEnvironment()
}

func openORT(data []byte, side int, pixels []float32, threads int) (run func() error, closeAll func(), err error) {
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, nil, err
	}
	defer opts.Destroy()
	err = errors.Join(opts.SetIntraOpNumThreads(threads), opts.SetInterOpNumThreads(1))
	if err != nil {
		return nil, nil, err
	}
	ins, outs, err := ort.GetInputOutputInfoWithONNXData(data)
	if err != nil {
		return nil, nil, err
	}
	in, err := ort.NewTensor(ort.NewShape(1, 3, int64(side), int64(side)), pixels)
	if err != nil {
		return nil, nil, err
	}
	names := make([]string, len(outs))
	results := make([]ort.Value, len(outs))
	for i, o := range outs {
		names[i] = o.Name
		t, err := ort.NewEmptyTensor[float32](o.Dimensions)
		if err != nil {
			return nil, nil, fmt.Errorf("output %s: %w", o.Name, err)
		}
		results[i] = t
	}
	session, err := ort.NewAdvancedSessionWithONNXData(data, []string{ins[0].Name}, names, []ort.Value{in}, results, opts)
	if err != nil {
		return nil, nil, err
	}
	closeAll = func() {
		session.Destroy()
		in.Destroy()
		for _, r := range results {
			r.Destroy()
		}
	}
	return session.Run, closeAll, nil
}
