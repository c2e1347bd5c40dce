package main

import (
	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/onnx-gomlx/onnx"
)

// gomlxContest is a small network of ours with gomlx, read by onnx-gomlx, on its
// backend in Go. It has no Resize, so that it cannot run the person models.
func gomlxContest(*setup) (*contest, error) {
	m := small
	data, err := m.data()
	if err != nil {
		return nil, err
	}
	pixels := m.input()
	ours, err := openOurs(data, m.side, pixels, 1)
	if err != nil {
		return nil, err
	}
	backend, err := simplego.New("")
	if err != nil {
		return nil, err
	}
	rival, err := onnx.Parse(data)
	if err != nil {
		return nil, err
	}
	ctx := context.New()
	if err := rival.VariablesToContext(ctx); err != nil {
		return nil, err
	}
	exec, err := context.NewExec(backend, ctx, func(ctx *context.Context, x *graph.Node) *graph.Node {
		return rival.CallGraph(ctx, x.Graph(), map[string]*graph.Node{"in": x})[0]
	})
	if err != nil {
		return nil, err
	}
	in := tensors.FromFlatDataAndDimensions(pixels, 1, 3, m.side, m.side)
	return &contest{
		ours: func() (float64, error) { return process(ours) },
		theirs: func() (float64, error) {
			return process(func() error {
				_, err := exec.Exec(in)
				return err
			})
		},
		close: backend.Finalize,
	}, nil
}
