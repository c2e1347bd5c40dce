// Command theirs loads NanoDet-g, the first argument, with ONNX Runtime, the
// second, and runs it once. It prints how much memory it had at most.
package main

import (
	"log"
	"os"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/fitveil/fitveil/bench/compare/start/peak"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
	peak.Print()
}

func run(model, library string) error {
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(); err != nil {
		return err
	}
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return err
	}
	if err := opts.SetIntraOpNumThreads(1); err != nil {
		return err
	}
	ins, outs, err := ort.GetInputOutputInfo(model)
	if err != nil {
		return err
	}
	var inNames, outNames []string
	for _, v := range ins {
		inNames = append(inNames, v.Name)
	}
	for _, v := range outs {
		outNames = append(outNames, v.Name)
	}
	session, err := ort.NewDynamicAdvancedSession(model, inNames, outNames, opts)
	if err != nil {
		return err
	}
	in, err := ort.NewTensor(ort.NewShape(1, 3, 416, 416), make([]float32, 3*416*416))
	if err != nil {
		return err
	}
	return session.Run([]ort.Value{in}, make([]ort.Value, len(outNames)))
}
