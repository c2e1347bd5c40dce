// Package infer runs ONNX models in pure Go. It is a backend for onnx-go: the
// model file is checked and prepared by a pass over the protobuf wire format,
// onnx-go decodes graph and attributes, and the graph is compiled into a
// [Program] with fixed shapes and a static memory plan.
//
//	prog, err := infer.Load(model, nil)
//	s := prog.NewSession()
//	in := tensor.New(tensor.WithShape(1, 3, 416, 416), tensor.WithBacking(pixels))
//	out := make([]tensor.Tensor, len(prog.Outputs()))
//	err = s.Run(ctx, []tensor.Tensor{in}, out)
//	scores := out[0].Data().([]float32)
//
// A Program is immutable and shared; a Session holds the scratch memory of one
// run at a time and costs little.
//
// # Limits
//
// Models are trusted as far as their meaning goes, not as far as their bytes
// go: a broken file is an error, never a panic. Float32 graphs of the operators
// listed by [Operators] run; everything else is refused at Load with operator
// and node named.
package infer
