package person_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/detect/infer"
	"gorgonia.org/tensor"
)

// A goldenCase is one entry of testdata/golden/index.json; the README beside it
// has the meaning of the fields.
type goldenCase struct {
	Model       string  `json:"model"`
	ModelSHA256 string  `json:"model_sha256"`
	Input       string  `json:"input"`
	InputSHA256 string  `json:"input_sha256"`
	Tolerance   float64 `json:"tolerance"`
	File        string  `json:"file"`
	Outputs     []struct {
		Name   string  `json:"name"`
		Shape  []int   `json:"shape"`
		Stride int     `json:"stride"`
		Offset int     `json:"offset"`
		Count  int     `json:"count"`
		MaxAbs float64 `json:"max_abs"`
	} `json:"outputs"`
}

// The largest differences from ONNX Runtime that we allow ourselves.
var tolerances = map[string]float64{"nanodet-g-416": 2e-5, "movenet-multipose-256": 1e-3}

const golden = "testdata/golden"

// TestGolden compares what the engine answers with what ONNX Runtime answered.
func TestGolden(t *testing.T) {
	var index struct{ Cases []goldenCase }
	data, err := os.ReadFile(filepath.Join(golden, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Cases) < 2*len(tolerances) {
		t.Fatalf("only %d cases", len(index.Cases))
	}
	for _, c := range index.Cases {
		t.Run(c.Model+"/"+c.Input, func(t *testing.T) { c.check(t) })
	}
}

func (c *goldenCase) check(t *testing.T) {
	most, ok := tolerances[c.Model]
	if !ok || c.Tolerance > most {
		t.Fatalf("tolerance %g, want at most %g", c.Tolerance, most)
	}
	model, err := os.ReadFile(filepath.Join("models", c.Model+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(model); hex.EncodeToString(sum[:]) != c.ModelSHA256 {
		t.Fatal("the answers belong to another model file; see testdata/golden/README.md")
	}
	input, shape := goldenInput(t, c.Model, filepath.Join(golden, c.Input))
	if sum := sha256.Sum256(littleEndian(input)); hex.EncodeToString(sum[:]) != c.InputSHA256 {
		t.Fatal("the input tensor is not the one of the answers")
	}
	want := readFloats(t, filepath.Join(golden, c.File))

	prog, err := infer.Load(model, &infer.Options{Threads: runtime.GOMAXPROCS(0)})
	if err != nil {
		t.Fatal(err)
	}
	got := runModel(t, prog, input, shape)
	for _, o := range c.Outputs {
		values, ok := got[o.Name]
		if !ok {
			t.Errorf("no output %q", o.Name)
			continue
		}
		var worst, largest float64
		for _, v := range values {
			largest = max(largest, math.Abs(float64(v)))
		}
		for k := range o.Count {
			worst = max(worst, distance(values[k*o.Stride], want[o.Offset+k]))
		}
		t.Logf("%s: differs by at most %.2g", o.Name, worst)
		if worst > c.Tolerance || math.Abs(largest-o.MaxAbs) > c.Tolerance {
			t.Errorf("%s: differs by %g, and by %g in its largest value; want at most %g", o.Name, worst, math.Abs(largest-o.MaxAbs), c.Tolerance)
		}
	}
}

// distance is |a-b|, and infinite where either is NaN.
func distance(a, b float32) float64 {
	if d := math.Abs(float64(a) - float64(b)); !math.IsNaN(d) {
		return d
	}
	return math.Inf(1)
}

// runModel runs a model of one input and gives its outputs by name.
func runModel(t *testing.T, prog *infer.Program, input []float32, shape []int) map[string][]float32 {
	t.Helper()
	out := make([]tensor.Tensor, len(prog.Outputs()))
	in := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(input)))
	if err := prog.NewSession().Run(context.Background(), []tensor.Tensor{in}, out); err != nil {
		t.Fatal(err)
	}
	got := map[string][]float32{}
	for i, v := range prog.Outputs() {
		got[v.Name] = out[i].Data().([]float32)
	}
	return got
}

// goldenInput turns a 256×256 picture into a model's input as the README there
// says.
func goldenInput(t *testing.T, model, file string) (pixels []float32, shape []int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != image.Rect(0, 0, 256, 256) {
		t.Fatalf("%s: %v", file, img.Bounds())
	}
	side := 416
	if model == "movenet-multipose-256" {
		side = 256
	}
	mean := [3]float32{103.53, 116.28, 123.675}
	deviation := [3]float32{57.375, 57.12, 58.395}
	pixels = make([]float32, 3*side*side)
	for y := range side {
		for x := range side {
			p := color.NRGBAModel.Convert(img.At(x*256/side, y*256/side)).(color.NRGBA)
			rgb := [3]uint8{p.R, p.G, p.B}
			for c := range 3 {
				v := float32(rgb[c])
				if side == 416 {
					v = (float32(rgb[2-c]) - mean[c]) / deviation[c]
				}
				pixels[(c*side+y)*side+x] = v
			}
		}
	}
	return pixels, []int{1, 3, side, side}
}

func littleEndian(values []float32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func readFloats(t *testing.T, file string) []float32 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}
