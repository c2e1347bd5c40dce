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
// Opsets 7 to 21 of the default domain, the operators listed by [Operators],
// one graph without subgraphs, weights inside the file. Networks compute in
// float32, most element-wise operators and reductions also in float64 and in
// integers; float16 and bfloat16 weights are read and cast, int8 and uint8 ones
// are data. Everything else is refused at Load with operator and node named.
// Every shape is known after Load, from the file or from Options.Dims: an
// operator whose output's shape depends on numbers that only a run computes
// (NonMaxSuppression, NonZero, Reshape to a computed shape) is refused.
//
// A broken or hostile file is an error, never a panic, and costs memory and time
// in proportion to its size and to Options.MaxBytes. What a well-formed model
// computes, and how long a run takes, is its author's choice: bound it with the
// context of [Session.Run].
package infer
