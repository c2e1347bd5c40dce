package main

import "fmt"

// A kernel is a convolution's weights in ONNX order, bits untouched.
type kernel struct {
	dims    []int // outputs, inputs per group, rows, columns
	data    []byte
	group   int
	outputs int   // channels in the source, before slicing
	kept    []int // channels that slicing kept, nil for all
}

// kernel permutes w for a convolution over the given number of channels.
func (l *lowering) kernel(n *node, w *constant, channels int) (kernel, error) {
	rows, cols, in, out := w.shape[0], w.shape[1], w.shape[2], w.shape[3]
	if in != channels {
		return kernel{}, fmt.Errorf("weights for %d channels over %d", in, channels)
	}
	kept := l.spec.keep[w.name]
	if n.Op == "DepthwiseConv2dNative" || n.Op == "FusedDepthwiseConv2dNative" {
		if out != 1 || kept != nil {
			return kernel{}, fmt.Errorf("depthwise with multiplier %d or slicing", out)
		}
		data := permute(w.data, rows*cols, in)
		return kernel{[]int{in, 1, rows, cols}, data, in, in, nil}, nil
	}
	// rows×cols×in×out becomes out×(rows×cols×in), then each row of that is
	// rows×cols×in and becomes in×rows×cols.
	size := rows * cols * in * 2 // bytes of one output channel
	byOut := pick(permute(w.data, rows*cols*in, out), size, kept)
	data := make([]byte, 0, len(byOut))
	for at := 0; at < len(byOut); at += size {
		data = append(data, permute(byOut[at:at+size], rows*cols, in)...)
	}
	return kernel{[]int{len(data) / size, in, rows, cols}, data, 1, out, kept}, nil
}

// permute transposes a rows×cols matrix of 16-bit elements.
func permute(data []byte, rows, cols int) []byte {
	out := make([]byte, rows*cols*2)
	for r := range rows {
		for c := range cols {
			copy(out[2*(c*rows+r):], data[2*(r*cols+c):][:2])
		}
	}
	return out
}

// pick keeps the records of the given size with the given numbers, all for nil.
func pick(data []byte, size int, kept []int) []byte {
	if kept == nil {
		return data
	}
	var out []byte
	for _, k := range kept {
		out = append(out, data[k*size:][:size]...)
	}
	return out
}
