// Package kernel holds the inner loops of the fast engine, in sets: one of pure
// Go that runs everywhere and says what each kernel does, and one for each
// instruction set there is assembly for. The assembly for amd64 is written by
// the generator in _gen, that for arm64 by hand: its macros are in neon_arm64.h.
//
//	s := kernel.Best()
//	c := &kernel.Conv{In: in, Off: []int32{0, 8}, W: weights, Bias: bias, Out: out, Step: kernel.Block, Tiles: 4}
//	s.Conv[1][2](c) // one block of 16 output channels, tiles of two pixels, 16 input channels
//
// Kernels work on pixels of [Block] channels that lie next to each other. They
// know nothing of borders: whoever calls them keeps zeros around a picture. A
// kernel does not allocate, keeps no state and touches nothing but what its
// arguments say.
//
// # Limits
//
// The Go kernels check bounds like any Go code. The assembly checks nothing: its
// arguments are right or memory is lost. An assembly function can't be
// interrupted by the scheduler, so that callers must not ask one call for more
// than some 50 µs of work.
package kernel

//go:generate go run -C _gen . -isa avx512 -pkg kernel -out ../avx512_amd64.s -stubs ../avx512_amd64.go -tables ../avx512_tables_amd64.go
//go:generate go run -C _gen . -isa avx2 -pkg kernel -out ../avx2_amd64.s -stubs ../avx2_amd64.go -tables ../avx2_tables_amd64.go
