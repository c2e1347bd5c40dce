package fast

import "github.com/fitveil/fitveil/detect/infer/internal/kernel"

// Assembly can't be interrupted by the scheduler, so that a call of it holds up
// the garbage collector and with it every other goroutine. No call is given more
// than some 50 µs of work on a CPU of 2 GHz; most take a tenth of that. The
// kernels in Go obey the same limits, which cost nothing.

// callCycles is how much a call of a convolution kernel may take, by the model.
const callCycles = 60e3

// callDepth is how many taps a call gets of a convolution with more than twice as
// many, whose sums wait for each other: even one of a single pixel would take too long.
const callDepth = 1 << 10

// Most that one call gets of other things.
const (
	callTaps    = 32 << 10 // taps of all pixels of a window
	callTiles   = 64       // tiles to transform
	callFloats  = 16 << 10 // elements of a tensor, which may come from memory
	callPixels  = 512      // pixels of a row to interpolate
	callFilters = 1        // vectors of filters to transform; with more the lines of their neighbours leave the cache in between
)

// slide calls a kernel for the window in w, in stretches.
func (w *worker) slide(f func(*kernel.Window)) {
	a := &w.window
	left, most := a.Count, max(1, callTaps/len(a.Off))
	for ; left > most; left -= most {
		a.Count = most
		f(a)
		a.In, a.Out = a.In[most*a.Step:], a.Out[most*block:]
	}
	a.Count = left
	f(a)
}

// forth calls the transform in w, in stretches.
func (w *worker) forth(f *kernel.Winograd) {
	a := &w.transform
	left := a.Tiles
	for ; left > callTiles; left -= callTiles {
		a.Tiles = callTiles
		f.In(a)
		a.In, a.Out = a.In[callTiles*f.Tile*f.Stride*block:], a.Out[callTiles*block:]
	}
	a.Tiles = left
	f.In(a)
}

// back calls the transform of results in w, in stretches.
func (w *worker) back(f *kernel.Winograd) {
	a := &w.result
	left := a.Tiles
	for ; left > callTiles; left -= callTiles {
		a.Tiles = callTiles
		f.Out(a)
		a.In, a.Out = a.In[callTiles*block:], a.Out[callTiles*f.Tile*block:]
	}
	a.Tiles = left
	f.Out(a)
}

// pairs calls a kernel for the two arrays in w, in stretches.
func (w *worker) pairs(f func(*kernel.Pair)) {
	a := &w.pair
	left, right, out := a.A, a.B, a.Out
	for len(out) > 0 {
		n := min(len(out), callFloats)
		a.A, a.B, a.Out = left[:n], right[:n], out[:n]
		f(a)
		left, right, out = left[n:], right[n:], out[n:]
	}
}

// scales calls a kernel for the array in w, in stretches.
func (w *worker) scales(f func(*kernel.Affine)) {
	a := &w.affine
	in, out := a.In, a.Out
	for len(out) > 0 {
		n := min(len(out), callFloats)
		a.In, a.Out = in[:n], out[:n]
		f(a)
		in, out = in[n:], out[n:]
	}
}

// maps calls a kernel for the array in w, in stretches.
func (w *worker) maps(f func(*kernel.Map)) {
	a := &w.apply
	in, out := a.In, a.Out
	for len(out) > 0 {
		n := min(len(out), callFloats)
		a.In, a.Out = in[:n], out[:n]
		f(a)
		in, out = in[n:], out[n:]
	}
}

// resizes calls a kernel for the row in w, in stretches.
func (w *worker) resizes(f func(*kernel.Resize)) {
	a := &w.resize
	for taps := a.Taps; len(taps) > 0; {
		n := min(len(taps), callPixels)
		a.Taps = taps[:n]
		f(a)
		if taps = taps[n:]; len(taps) > 0 {
			a.Out = a.Out[n*block:]
			if a.Add != nil {
				a.Add = a.Add[n*block:]
			}
		}
	}
}

// transformFilters calls the transform of weights for so many blocks that lie next
// to each other, in stretches: the lines one block writes to are beside those of
// the next.
func transformFilters(f *kernel.Winograd, a kernel.WinogradWeights, blocks int) {
	part := a
	for at := 0; at < a.Count; at += callFilters {
		part.Count = min(a.Count-at, callFilters)
		for b := range blocks {
			part.In, part.Out = a.In[at*a.InStep+b*block:], a.Out[at*a.OutStep+b*block:]
			f.Weights(&part)
		}
	}
}
