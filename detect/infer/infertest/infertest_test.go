package infertest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fitveil/fitveil/detect/infer"
	"github.com/fitveil/fitveil/detect/infer/infertest"
)

// TestInfer runs the suite.
func TestInfer(t *testing.T) { infertest.Run(t, infertest.Infer(nil), nil) }

// TestKernels runs it with every set of kernels, and the interpreter.
func TestKernels(t *testing.T) {
	for _, name := range infer.Kernels() {
		t.Run(name, func(t *testing.T) {
			infertest.Run(t, infertest.Infer(&infer.Options{Kernels: name}), &infertest.Options{Quick: true})
		})
	}
}

// TestExact runs it without Winograd's method, on two threads.
func TestExact(t *testing.T) {
	infertest.Run(t, infertest.Infer(&infer.Options{Exact: true, Threads: 2}), &infertest.Options{Quick: true})
}

// TestNonFinite holds every set of kernels against the interpreter on graphs with
// infinities and NaN in their inputs.
func TestNonFinite(t *testing.T) {
	for seed := uint64(3); seed < 400; seed += 4 {
		c, err := infertest.Graph(seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range infer.Kernels() {
			c.Check(t, infertest.Infer(&infer.Options{Kernels: name, Threads: 1 + int(seed/4%2)}), nil)
		}
	}
}

// TestGraph runs what can be run of it on the graph that onnx-go decodes a model
// into by itself, without Load: operators that are the same at all opsets.
func TestGraph(t *testing.T) {
	b := infertest.OnnxGo(func() infertest.Computer { return infer.NewGraph(nil) })
	infertest.Run(t, b, &infertest.Options{Quick: true, Operators: []string{"Relu", "Add", "Conv", "MaxPool", "Transpose", "Gemm", "BatchNormalization", "LeakyRelu", "GlobalAveragePool"}, Graphs: 1})
}

// TestNetwork looks inside the two person networks, with every set of kernels.
func TestNetwork(t *testing.T) {
	for _, name := range []string{"nanodet-g-416", "movenet-multipose-256"} {
		model, err := os.ReadFile(filepath.Join("..", "..", "person", "models", name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		for _, kernels := range infer.Kernels() {
			t.Run(name+"/"+kernels, func(t *testing.T) {
				stride := 5
				if kernels == "go" || kernels == "reference" { // slow
					stride = 1
				}
				infertest.Network(t, infertest.Infer(&infer.Options{Kernels: kernels, MaxBytes: 1 << 30}), model, stride, nil)
			})
		}
	}
}

// TestOperatorsCovered wants a node test of every operator that runs.
func TestOperatorsCovered(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range infertest.Nodes() {
		covered[c.Operator] = true
		if len(c.Outputs) == 0 {
			t.Errorf("%s: no answer", c.Name)
		}
	}
	for _, op := range infer.Operators() {
		if !covered[op] {
			t.Errorf("no node test of %s", op)
		}
	}
}
