package infer_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

func ExampleLoad() {
	model, err := os.ReadFile("../person/models/nanodet-g-416.onnx")
	if err != nil {
		log.Fatal(err)
	}
	prog, err := infer.Load(model, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range append(prog.Inputs(), prog.Outputs()...) {
		fmt.Println(v.Name, v.Dtype, v.Shape)
	}
	// Output:
	// input float32 [1 3 416 416]
	// cls_8 float32 [1 1 52 52]
	// reg_8 float32 [1 44 52 52]
	// cls_16 float32 [1 1 26 26]
	// reg_16 float32 [1 44 26 26]
	// cls_32 float32 [1 1 13 13]
	// reg_32 float32 [1 44 13 13]
}

func ExampleLoad_refused() {
	_, err := infer.Load([]byte("not a model"), nil)
	var format *infer.FormatError
	if errors.As(err, &format) {
		fmt.Println("at byte", format.Offset)
	}
	fmt.Println(errors.Is(err, infer.ErrModel))
	// Output:
	// at byte 0
	// true
}

func ExampleSession_Run() {
	// A model of one node, y = max(0, min(6, x)), as a file would hold it.
	prog, err := infer.Load(clipModel, nil)
	if err != nil {
		log.Fatal(err)
	}
	s := prog.NewSession()
	in := tensor.New(tensor.WithShape(1, 4), tensor.WithBacking([]float32{-2, 3, 6, 9}))
	out := make([]tensor.Tensor, len(prog.Outputs()))
	if err := s.Run(context.Background(), []tensor.Tensor{in}, out); err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Data())

	narrow := tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float32{1, 2, 3}))
	fmt.Println(s.Run(context.Background(), []tensor.Tensor{narrow}, out))
	// Output:
	// [0 3 6 6]
	// infer: input "x" is float32 [1 3], the program has float32 [1 4]: infer: tensor does not fit
}

func ExampleNewGraph() {
	g := infer.NewGraph(nil)
	m := onnx.NewModel(g)
	if err := m.UnmarshalBinary(clipModel); err != nil {
		log.Fatal(err)
	}
	in := tensor.New(tensor.WithShape(1, 4), tensor.WithBacking([]float32{-2, 3, 6, 9}))
	if err := m.SetInput(0, in); err != nil {
		log.Fatal(err)
	}
	if err := g.Run(); err != nil {
		log.Fatal(err)
	}
	out, err := m.GetOutputTensors()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Data())
	// Output: [0 3 6 6]
}

var clipModel = model{
	nodes:   []part{node("Clip", []string{"x", "low", "high"}, []string{"y"})},
	tensors: []part{constant("low", nil, f32(0)), constant("high", nil, f32(6))},
	inputs:  []part{value("x", 1, 1, 4)},
	outs:    []part{value("y", 1, 1, 4)},
}.encode()
