// Package fast compiles graphs into programs that run on the kernels of package
// kernel.
//
//	p, err := fast.Compile(&fast.Graph{Inputs: in, Outputs: out, Nodes: nodes}, fast.Options{Threads: 1, MaxBytes: 1 << 28, Memory: budget})
//	p.Pack()
//	s := p.NewSession()
//	s.Give(0, pixels)
//	err = s.Run(ctx)
//	scores := ir.Of[float32](s.Output(0))
//
// It takes the graph the reference operators have checked, given shapes and
// folded. Pictures are kept in blocks of 16 channels with zeros around them;
// what follows a convolution is done while its sums are still in registers;
// concatenations are written in place. A node there is nothing fast for runs
// with its reference kernel, on rows, so that every graph runs.
//
// # Limits
//
// Sums are taken in another order than the reference's, and 3×3 convolutions by
// Winograd's F(4×4, 3×3) unless Options.Exact: results differ by rounding, on
// the networks measured by some 1e−5 of the largest value.
package fast
