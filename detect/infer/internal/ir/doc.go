// Package ir holds what the parts of the engine hand to each other: arrays,
// and the nodes and values of a graph whose shapes are known.
//
// The pre-pass makes arrays out of initializers, the operators of package ref
// fill nodes in, the compiler of package infer strings nodes together. A second
// set of kernels needs nothing but this package to be written against.
//
//	n := &ir.Node{Op: "Relu", Opset: 13, In: []*ir.Value{x}, Out: []*ir.Value{y}}
//	err := ref.Set().Build[n.Op](n) // checks n, sets the type and shape of y and n.Run
//	c := &ir.Call{In: []*ir.Array{a}, Out: []*ir.Array{b}, Threads: 1}
//	n.Run(c)
//
// # Limits
//
// Every shape is fixed when a node is built; an operator whose output shape
// depends on data it does not have yet is refused.
package ir
