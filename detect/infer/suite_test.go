package infer_test

import (
	"errors"
	"math"
	"testing"

	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/testbackend"
	_ "github.com/owulveryck/onnx-go/backend/testbackend/onnx" // registers the cases

	"github.com/fitveil/fitveil/detect/infer"
)

// TestSuite runs onnx-go's own cases, made from the node tests of the ONNX
// standard at opsets 8 to 10, against the graph, as the suite runs them: with its
// tolerance of 1e-6. All must pass but two: the one whose operator needs a graph
// within the graph must be refused, and one expects numbers that were rounded to
// four decimals, which no computation gives to six.
func TestSuite(t *testing.T) {
	const nested = "TestScan9Sum"
	cases := testbackend.GetAllRegisteredTests()
	for _, c := range cases {
		tc := c()
		if tc.Title == nested {
			var missing *onnx.ErrNotImplemented
			if err := onnx.NewModel(infer.NewGraph(nil)).UnmarshalBinary(tc.ModelB); !errors.As(err, &missing) {
				t.Errorf("%s: got %v, want *onnx.ErrNotImplemented", nested, err)
			}
			continue
		}
		if tc.Title == "TestRoialign" {
			t.Run(tc.Title, func(t *testing.T) { fourDecimals(t, tc) })
			continue
		}
		t.Run(tc.GetInfo(), tc.RunTest(infer.NewGraph(nil), false))
		if tc.Skipped || !tc.Tested {
			t.Errorf("%s: %s did not run", tc.Title, tc.OpType)
		}
	}
	if len(cases) != 348 {
		t.Errorf("the suite has %d cases", len(cases))
	}
}

// fourDecimals runs a case whose expected numbers are rounded to four decimals,
// as were the inputs after the numbers had been computed.
func fourDecimals(t *testing.T, tc *testbackend.TestCase) {
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
	got, want := out[0].Data().([]float32), tc.ExpectedOutput[0].Data().([]float32)
	for i, w := range want {
		if rounded := math.Round(float64(w)*1e4) / 1e4; math.Abs(rounded-float64(w)) > 1e-7 {
			t.Errorf("element %d: the suite has %v, more than four decimals", i, w)
		}
		if !(math.Abs(float64(got[i])-float64(w)) <= 1e-4) {
			t.Errorf("element %d is %v, want %v", i, got[i], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d elements, want %d", len(got), len(want))
	}
}
