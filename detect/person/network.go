package person

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/infer"
	"gorgonia.org/tensor"
)

// A network is a loaded model and how its picture must be prepared.
type network struct {
	prog    *infer.Program
	format  format
	outputs []int // where the wanted outputs stand among the program's
}

func load(model []byte, o *infer.Options, want format, outputs ...string) (*network, error) {
	prog, err := infer.Load(model, o)
	if err != nil {
		return nil, err
	}
	n := &network{prog: prog, format: want}
	for _, name := range outputs {
		at := -1
		for i, v := range prog.Outputs() {
			if v.Name == name {
				at = i
			}
		}
		if at < 0 {
			return nil, fmt.Errorf("the model has no output %q", name)
		}
		n.outputs = append(n.outputs, at)
	}
	return n, nil
}

// A run is a session of a network with its tensors, reused from picture to
// picture.
type run struct {
	net     *network
	session *infer.Session
	pixels  []float32
	in, out []tensor.Tensor
	answers [][]float32 // the values of out, in the order the outputs were wanted in
}

func newRun(n *network) *run {
	r := &run{net: n, session: n.prog.NewSession(), pixels: make([]float32, 3*n.format.side*n.format.side)}
	in := tensor.New(tensor.WithShape(1, 3, n.format.side, n.format.side), tensor.WithBacking(r.pixels))
	r.in = []tensor.Tensor{in}
	var backing [][]float32
	for _, v := range n.prog.Outputs() {
		size := 1
		for _, d := range v.Shape {
			size *= d
		}
		b := make([]float32, size)
		backing = append(backing, b)
		r.out = append(r.out, tensor.New(tensor.WithShape(v.Shape...), tensor.WithBacking(b)))
	}
	for _, i := range n.outputs {
		r.answers = append(r.answers, backing[i])
	}
	return r
}

// look draws img into the input and runs the network.
func (r *run) look(ctx context.Context, l *letterbox, img image.Image) (fit, error) {
	f := l.draw(r.pixels, img, r.net.format)
	if err := r.session.Run(ctx, r.in, r.out); err != nil {
		return f, fmt.Errorf("person: %w", err)
	}
	for _, values := range r.answers {
		if !finite(values) {
			// A picture in which nothing can be recognised must not pass for one
			// in which nobody is.
			return f, errors.New("person: a network's answer is not finite")
		}
	}
	return f, nil
}

// finite reports whether no value is NaN or infinite: those times 0 are NaN.
func finite(values []float32) bool {
	var sum float32
	for _, v := range values {
		sum += v * 0
	}
	return sum == 0
}

// A workspace holds what one picture needs at a time.
type workspace struct {
	letterbox        letterbox
	nanodet, movenet *run
	boxes            []candidate
	poses            []pose
}

func newWorkspace(d *Detector) *workspace {
	return &workspace{nanodet: newRun(d.nanodet), movenet: newRun(d.movenet)}
}

func (w *workspace) detect(ctx context.Context, img image.Image) (*detect.Scene, error) {
	f, err := w.nanodet.look(ctx, &w.letterbox, img)
	if err != nil {
		return nil, err
	}
	a := w.nanodet.answers
	boxes := nanodetMaps{score: [3][]float32{a[0], a[2], a[4]}, sides: [3][]float32{a[1], a[3], a[5]}}
	w.boxes = boxes.decode(w.boxes[:0], f)

	if f, err = w.movenet.look(ctx, &w.letterbox, img); err != nil {
		return nil, err
	}
	a = w.movenet.answers
	poses := movenetMaps{center: a[0], scale: a[1], offset: a[2], heat: a[3], regress: a[4], refine: a[5]}
	w.poses = poses.decode(w.poses[:0], f)
	return fuse(w.poses, w.boxes, img.Bounds()), nil
}
