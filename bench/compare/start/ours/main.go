// Command ours loads NanoDet-g, the first argument, and runs it once. It prints
// how much memory it had at most.
package main

import (
	"context"
	"log"
	"os"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/bench/compare/start/peak"
	"github.com/fitveil/fitveil/detect/infer"
)

func main() {
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	prog, err := infer.Load(data, nil)
	if err != nil {
		log.Fatal(err)
	}
	in := tensor.New(tensor.WithShape(1, 3, 416, 416), tensor.WithBacking(make([]float32, 3*416*416)))
	out := make([]tensor.Tensor, len(prog.Outputs()))
	if err := prog.NewSession().Run(context.Background(), []tensor.Tensor{in}, out); err != nil {
		log.Fatal(err)
	}
	peak.Print()
}
