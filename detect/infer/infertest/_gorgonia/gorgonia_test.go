// Package gorgonia runs the suite of package infertest on the backend that
// comes with onnx-go, which computes with gorgonia. It is a module of its own,
// so that nobody else needs gorgonia.
package gorgonia

import (
	"testing"

	"github.com/owulveryck/onnx-go/backend/x/gorgonnx"

	"github.com/fitveil/fitveil/detect/infer/infertest"
)

// can are the operators that backend computes in all their forms. Others it
// lacks, wholly or in part; some end the process in a goroutine of its own.
var can = []string{"Ceil", "Cos", "Exp", "Floor", "Identity", "LeakyRelu", "Log", "Sigmoid", "Sin", "Softplus", "Sqrt", "Tanh"}

func TestGorgonia(t *testing.T) {
	b := infertest.OnnxGo(func() infertest.Computer { return gorgonnx.NewGraph() })
	infertest.Run(t, b, &infertest.Options{Operators: can, Graphs: -1})
}
