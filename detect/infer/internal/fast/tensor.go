package fast

import (
	"github.com/fitveil/fitveil/detect/infer/internal/ir"
	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

const block = kernel.Block

// tensor is a place for values in a session's memory, in one of two forms.
//
// A planar tensor is row-major, as ONNX has it. A blocked one has its channels
// in blocks of 16: images × blocks × rows × pixels × 16 channels, where the
// channels that fill up the last block hold anything. Around each plane
// lie margins of zeros, so that a convolution reads its padding like pixels.
type tensor struct {
	value   *ir.Value
	blocked bool

	// Of blocked tensors.
	n, c, h, w int
	margin     margin
	parent     *tensor // whose blocks these are, nil for a tensor of its own
	first      int     // block of the parent this one begins with
	shared     bool    // others read the same blocks under another name: they must not move
	keep       bool    // or only part of them: they must not be overwritten

	// Of tensors between the links of a chain.
	local    bool // not in the arena
	capacity int  // rows there is room for

	// Known once the tensors have places; not used where there is a parent.
	at          int  // offset in the arena, in floats
	begin, end  int  // first operation that writes, last one that reads
	clear       bool // the margins must be zeroed in every run
	external    int  // index of the program's input that it is, −1 = in the arena
	outside     bool // of a type other than float32, not in the arena
	placed      bool
	pitch, area int // floats from row to row, and from block to block
	image       int // and from image to image
}

// margin are the zeros around a plane, in pixels.
type margin struct{ top, left, bottom, right int }

func (m margin) union(o margin) margin {
	return margin{max(m.top, o.top), max(m.left, o.left), max(m.bottom, o.bottom), max(m.right, o.right)}
}

// maxMargin bounds margins; larger pads are left to the reference operators.
const maxMargin = 64

func (m margin) fits() bool {
	return max(m.top, m.left, m.bottom, m.right) <= maxMargin && min(m.top, m.left, m.bottom, m.right) >= 0
}

// root is the tensor that has the memory, and the block this one begins with.
func (t *tensor) root() (*tensor, int) {
	first := 0
	for t.parent != nil {
		first += t.first
		t = t.parent
	}
	return t, first
}

// need widens the margins.
func (t *tensor) need(m margin) {
	r, _ := t.root()
	r.margin = r.margin.union(m)
}

func (t *tensor) blocks() int { return (t.c + block - 1) / block }

// layout computes the distances. Rows are whole pixels and thus whole cache lines.
func (t *tensor) layout() {
	t.pitch = (t.margin.left + t.w + t.margin.right) * block
	if t.local {
		t.area = t.capacity * t.pitch
		return
	}
	t.area = (t.margin.top + t.h + t.margin.bottom) * t.pitch
	t.image = t.blocks() * t.area
}

// size is how many floats the tensor takes in the arena.
func (t *tensor) size() int {
	if t.blocked {
		return t.n * t.image
	}
	return t.value.Len()
}

// view is where the pixels of a blocked tensor are: those of a root, some
// blocks further on.
type view struct {
	origin             int // offset in the arena of block 0, row 0, pixel 0 of the first image
	pitch, area, image int
}

func (t *tensor) view() view {
	r, first := t.root()
	return view{
		origin: r.at + first*r.area + r.margin.top*r.pitch + r.margin.left*block,
		pitch:  r.pitch, area: r.area, image: r.image,
	}
}

// pixel is the offset of a pixel. Rows and columns reach into the margins.
func (v *view) pixel(image, b, y, x int) int {
	return v.origin + image*v.image + b*v.area + y*v.pitch + x*block
}

// zero clears the margins.
func (t *tensor) zero(arena []float32) {
	if t.margin == (margin{}) {
		return
	}
	sides := (t.margin.left + t.margin.right) * block
	for p := range t.n * t.blocks() {
		plane := arena[t.at+p*t.area:][:t.area]
		if sides == 0 {
			clear(plane[:t.margin.top*t.pitch])
			clear(plane[t.area-t.margin.bottom*t.pitch:])
			continue
		}
		// The right margin of a row and the left one of the next lie together.
		head := t.margin.top*t.pitch + t.margin.left*block
		clear(plane[:head])
		for y := range t.h - 1 {
			clear(plane[head+y*t.pitch+t.w*block:][:sides])
		}
		clear(plane[head+(t.h-1)*t.pitch+t.w*block:])
	}
}
