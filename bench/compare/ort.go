package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

const ortVersion = "1.30."

// ortLibrary is the shared library in the npm package.
func ortLibrary(s *setup) (string, error) {
	how := errMissing("ONNX Runtime is missing: npm install --ignore-scripts --prefix DIR onnxruntime-node@1.30.0, then -ort DIR")
	if s.ortDir == "" {
		return "", how
	}
	found, err := filepath.Glob(filepath.Join(s.ortDir, "node_modules", "onnxruntime-node", "bin", "napi-v*", "linux", "x64", "libonnxruntime.so.1*"))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", how
	}
	return found[0], nil
}

func startORT(s *setup) error {
	if ort.IsInitialized() {
		return nil
	}
	library, err := ortLibrary(s)
	if err != nil {
		return err
	}
	err = startORTAs(library, func(library string) error {
		ort.SetSharedLibraryPath(library)
		return ort.InitializeEnvironment()
	})
	if v := ort.GetVersion(); err == nil && !strings.HasPrefix(v, ortVersion) {
		return fmt.Errorf("ONNX Runtime is %s, not %s as the results say", v, ortVersion)
	}
	return err
}

func openORT(data []byte, side int, pixels []float32, threads int) (run func() error, closeAll func(), err error) {
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, nil, err
	}
	defer opts.Destroy()
	err = errors.Join(opts.SetIntraOpNumThreads(threads), opts.SetInterOpNumThreads(1))
	if err != nil {
		return nil, nil, err
	}
	ins, outs, err := ort.GetInputOutputInfoWithONNXData(data)
	if err != nil {
		return nil, nil, err
	}
	in, err := ort.NewTensor(ort.NewShape(1, 3, int64(side), int64(side)), pixels)
	if err != nil {
		return nil, nil, err
	}
	names := make([]string, len(outs))
	results := make([]ort.Value, len(outs))
	for i, o := range outs {
		names[i] = o.Name
		t, err := ort.NewEmptyTensor[float32](o.Dimensions)
		if err != nil {
			return nil, nil, fmt.Errorf("output %s: %w", o.Name, err)
		}
		results[i] = t
	}
	session, err := ort.NewAdvancedSessionWithONNXData(data, []string{ins[0].Name}, names, []ort.Value{in}, results, opts)
	if err != nil {
		return nil, nil, err
	}
	saidIfCopied()
	closeAll = func() {
		session.Destroy()
		in.Destroy()
		for _, r := range results {
			r.Destroy()
		}
	}
	return session.Run, closeAll, nil
}
