package infertest_test

import (
	"context"
	"fmt"

	"github.com/fitveil/fitveil/detect/infer/infertest"
)

// A case is a model, inputs and the answer: it can be used without Run.
func ExampleNodes() {
	b := infertest.Infer(nil)
	for _, c := range infertest.Nodes() {
		if c.Operator != "CumSum" || c.Opset != 21 {
			continue
		}
		out, err := b(context.Background(), c.Model, c.Inputs)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(c.Name, out[0].Shape(), c.Outputs[0].Shape)
	}
	// Output:
	// CumSum/axis 1/opset 21 (2, 3, 2) [2 3 2]
	// CumSum/both/opset 21 (2, 5) [2 5]
	// CumSum/exclusive/opset 21 (2, 5) [2 5]
	// CumSum/reverse/opset 21 (2, 5) [2 5]
}
