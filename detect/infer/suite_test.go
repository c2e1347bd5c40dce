package infer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/owulveryck/onnx-go/backend/testbackend"
	_ "github.com/owulveryck/onnx-go/backend/testbackend/onnx" // registers the cases

	"github.com/fitveil/fitveil/detect/infer"
)

// TestSuite runs onnx-go's own cases, made from the node tests of the ONNX
// standard at opsets 8 to 10, against the graph. A case may be skipped only for
// an operator that is not in Operators, or for a reason listed here.
func TestSuite(t *testing.T) {
	passed, skipped := 0, map[string]int{}
	cases := testbackend.GetAllRegisteredTests()
	for _, c := range cases {
		tc := c()
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
