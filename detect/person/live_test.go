package person_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/fitveil/fitveil/detect/infer"
)

// TestLive runs both models in ONNX Runtime and compares every value of every
// output, where TestGolden has samples.
func TestLive(t *testing.T) {
	modules := os.Getenv("FITVEIL_ORT_DIR")
	if modules == "" {
		const how = "set FITVEIL_ORT_DIR to the folder in which `npm install --prefix DIR --ignore-scripts onnxruntime-node@1.30.0` installed"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip("no ONNX Runtime to compare with: " + how)
	}
	pictures := []string{"hopper", "coffee", "waves"}
	for model, most := range tolerances {
		t.Run(model, func(t *testing.T) {
			dir, file := t.TempDir(), filepath.Join("models", model+".onnx")
			args := []string{filepath.Join("_gen", "golden", "golden.mjs"), modules, file, dir}
			var inputs [][]float32
			var shape []int
			for _, name := range pictures {
				var input []float32
				input, shape = goldenInput(t, model, filepath.Join(golden, name+".png"))
				in := filepath.Join(dir, name+".in")
				if err := os.WriteFile(in, littleEndian(input), 0o600); err != nil {
					t.Fatal(err)
				}
				inputs, args = append(inputs, input), append(args, in)
			}
			said, err := exec.Command("node", args...).Output()
			if err != nil {
				t.Fatalf("node: %v", err)
			}
			var ort struct{ Runtime string }
			if err := json.Unmarshal(said, &ort); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			prog, err := infer.Load(data, &infer.Options{Threads: runtime.GOMAXPROCS(0)})
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range pictures {
				for output, got := range runModel(t, prog, inputs[i], shape) {
					want := readFloats(t, filepath.Join(dir, fmt.Sprintf("%d.%s.f32", i, output)))
					if len(want) != len(got) {
						t.Fatalf("%s, %s: %d values, want %d", name, output, len(got), len(want))
					}
					worst := 0.0
					for j := range got {
						worst = max(worst, distance(got[j], want[j]))
					}
					t.Logf("%s, %s: differs from %s by at most %.2g", name, output, ort.Runtime, worst)
					if worst > most {
						t.Errorf("%s, %s: differs by %g, want at most %g", name, output, worst, most)
					}
				}
			}
		})
	}
}
