package infertest

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/tensor"
)

// What ONNX Runtime 1.30 computes inside the two person networks.
//
//go:embed golden/networks.json
var networkAnswers []byte

// network is a model whose insides are known.
type network struct {
	Name   string        `json:"name"`
	SHA256 string        `json:"sha256"` // of the model
	Input  []int         `json:"input"`
	Low    float64       `json:"low"` // range of the input
	High   float64       `json:"high"`
	Taps   []recordedTap `json:"taps"`
}

// recordedTap is a value of a network.
type recordedTap struct {
	Tap string `json:"tap"`
	recordedArray
}

func networks(t testing.TB) []network {
	t.Helper()
	var list []network
	if err := json.Unmarshal(networkAnswers, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// Network tests a backend on a real network: model is one of the two that
// package detect/person holds, and which is told by its hash. Values inside it
// are made outputs, every one of them, and, unless stride is 1, in a second run
// every stride-th, so that what a backend fuses stays fused; samples of them are compared with those
// of ONNX Runtime.
func Network(t *testing.T, b Backend, model []byte, stride int, o *Options) {
	t.Helper()
	sum := sha256.Sum256(model)
	for _, n := range networks(t) {
		if n.SHA256 != hex.EncodeToString(sum[:]) {
			continue
		}
		for _, step := range slices.Compact([]int{1, stride}) {
			c, err := n.at(model, step)
			if err != nil {
				t.Fatal(err)
			}
			c.Check(t, b, o)
		}
		return
	}
	t.Fatalf("no values are known of a model with hash %x", sum)
}

// at is the network with every step-th of its values an output.
func (n *network) at(model []byte, step int) (*Case, error) {
	c := &Case{Name: n.Name, Inputs: []tensor.Tensor{n.picture()}, Tolerance: 1e-4, key: n.Name}
	var names []string
	for i := step - 1; i < len(n.Taps); i += step {
		a, err := n.Taps[i].read()
		if err != nil {
			return nil, err
		}
		names, c.Outputs = append(names, n.Taps[i].Tap), append(c.Outputs, a)
	}
	var err error
	c.Model, err = withOutputs(model, names)
	return c, err
}

// picture is the input: waves in integers, and noise.
func (n *network) picture() tensor.Tensor {
	shape := n.Input
	r, data := rand.New(rand.NewPCG(8, 88)), make([]float32, shape[1]*shape[2]*shape[3])
	for i := range data {
		x, y, ch := i%shape[3], i/shape[3]%shape[2], i/shape[3]/shape[2]
		wave := func(v, period int) int { v %= 2 * period; return min(v, 2*period-v) * 256 / period }
		v := wave(x+2*y, 61+ch)*2 + wave(3*x-y+2*shape[2], 97)*2 + r.IntN(256)
		data[i] = float32(n.Low + (n.High-n.Low)*float64(v)/1280)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

var errNotAModel = errors.New("infertest: not a model")

// fields calls f for each field of a protobuf message; body is what a field of
// bytes holds, whole all of the field.
func fields(b []byte, f func(number int, body, whole []byte)) error {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return errNotAModel
		}
		end, body := n, []byte(nil)
		switch tag & 7 {
		case 0:
			_, k := binary.Uvarint(b[n:])
			end += max(k, 0)
		case 1:
			end += 8
		case 2:
			size, k := binary.Uvarint(b[n:])
			if k <= 0 || size > uint64(len(b)-n-k) {
				return errNotAModel
			}
			body = b[n+k:][:size]
			end += k + int(size)
		case 5:
			end += 4
		default:
			return errNotAModel
		}
		if end > len(b) || end == n {
			return errNotAModel
		}
		f(int(tag>>3), body, b[:end])
		b = b[end:]
	}
	return nil
}

// withOutputs is the model with other outputs.
func withOutputs(model []byte, names []string) ([]byte, error) {
	var top message
	var inner error
	err := fields(model, func(number int, body, whole []byte) {
		if number != 7 { // graph
			top.b = append(top.b, whole...)
			return
		}
		top.sub(7, func(g *message) {
			inner = fields(body, func(number int, _, whole []byte) {
				if number != 12 { // output
					g.b = append(g.b, whole...)
				}
			})
			for _, name := range names {
				g.sub(12, func(m *message) { m.bytes(1, []byte(name)) })
			}
		})
	})
	return top.b, errors.Join(err, inner)
}

// values lists what the nodes of a model compute, but for casts, which are of
// its weights.
func values(model []byte) (names []string, err error) {
	err = fields(model, func(number int, graph, _ []byte) {
		if number != 7 {
			return
		}
		err := fields(graph, func(number int, node, _ []byte) {
			if number != 1 {
				return
			}
			var outs []string
			cast := false
			_ = fields(node, func(number int, body, _ []byte) { // the node was a field of bytes; ONNX Runtime has read it
				switch number {
				case 2:
					outs = append(outs, string(body))
				case 4:
					cast = bytes.Equal(body, []byte("Cast"))
				}
			})
			if !cast {
				names = append(names, outs...)
			}
		})
		if err != nil {
			names = nil
		}
	})
	return names, err
}
