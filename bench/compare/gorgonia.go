package main

import (
	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/x/gorgonnx"
	"gorgonia.org/tensor"
)

// gorgoniaContest is a small network of ours with onnx-go's own backend. It has
// no Resize and no grouped Conv, so that it cannot run the person models.
func gorgoniaContest(*setup) (*contest, error) {
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
	backend := gorgonnx.NewGraph()
	rival := onnx.NewModel(backend)
	if err := rival.UnmarshalBinary(data); err != nil {
		return nil, err
	}
	if err := rival.SetInput(0, tensor.New(tensor.WithShape(1, 3, m.side, m.side), tensor.WithBacking(pixels))); err != nil {
		return nil, err
	}
	return &contest{
		ours:   func() (float64, error) { return process(ours) },
		theirs: func() (float64, error) { return process(backend.Run) },
		close:  func() {},
	}, nil
}
