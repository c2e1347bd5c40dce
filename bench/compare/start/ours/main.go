// Command ours loads NanoDet-g, the first argument, and runs it once. It prints
// how much memory it had at most. The file is mapped into memory, which is what
// becomes of the one that detect/person embeds.
package main

import (
	"context"
	"log"
	"os"

	"golang.org/x/sys/unix"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/bench/compare/start/peak"
	"github.com/fitveil/fitveil/detect/infer"
)

func main() {
	data, err := mapped(os.Args[1])
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

func mapped(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
}
