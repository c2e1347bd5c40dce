// Package ref is the reference interpreter: every operator the engine knows,
// in plain Go, one family a file, each citing the clause of the ONNX standard
// it follows (docs/Operators.md of the onnx project, by operator and version).
//
//	set := ref.Set()
//	n := &ir.Node{Op: "Relu", Opset: 13, In: []*ir.Value{x}, Out: []*ir.Value{y}, MaxLen: 1 << 20}
//	err := set.Build[n.Op](n)
//	n.Run(&ir.Call{In: []*ir.Array{a}, Out: []*ir.Array{b}, Threads: 1})
//
// It is the oracle other kernel sets are compared with, so it prefers the
// obvious loop. Only convolution, where the time goes, is tiled.
//
// # Limits
//
// Arithmetic of networks is float32; elementwise operators that shape
// computations use take integers too. Results do not depend on the number of
// threads, but a compiler that contracts x*y+z into one rounding (arm64, ppc64,
// s390x, amd64 at v3) gives other last bits than one that does not.
package ref
