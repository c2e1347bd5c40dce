package infer_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

// What ONNX Runtime answered with the two person models, and how their inputs
// are made: ../person/testdata/golden/README.md.
const (
	goldenDir = "../person/testdata/golden"
	modelDir  = "../person/models"
)

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

func readGolden(t testing.TB) []goldenCase {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(goldenDir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Cases []goldenCase `json:"cases"`
	}
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Cases) == 0 {
		t.Fatal("no golden cases")
	}
	return index.Cases
}

func readModel(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(modelDir, name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pixelsFor makes the input tensor's values from a picture.
func pixelsFor(t *testing.T, model, picture string) []float32 {
	t.Helper()
	f, err := os.Open(filepath.Join(goldenDir, picture))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	switch model {
	case "movenet-multipose-256":
		return planes(img, 256, func(rgb [3]float32, plane int) float32 { return rgb[plane] })
	case "nanodet-g-416":
		mean, deviation := [3]float32{103.53, 116.28, 123.675}, [3]float32{57.375, 57.12, 58.395}
		return planes(img, 416, func(rgb [3]float32, plane int) float32 {
			return float32(rgb[2-plane]-mean[plane]) / deviation[plane]
		})
	}
	t.Fatalf("no rule for the input of %s", model)
	return nil
}

func planes(img image.Image, side int, value func(rgb [3]float32, plane int) float32) []float32 {
	out := make([]float32, 3*side*side)
	for y := range side {
		for x := range side {
			r, g, b, _ := img.At(x*256/side, y*256/side).RGBA()
			rgb := [3]float32{float32(r >> 8), float32(g >> 8), float32(b >> 8)}
			for p := range 3 {
				out[(p*side+y)*side+x] = value(rgb, p)
			}
		}
	}
	return out
}

func floatHash(v []float32) string {
	h := sha256.New()
	if err := binary.Write(h, binary.LittleEndian, v); err != nil {
		panic(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestGolden(t *testing.T) {
	for _, c := range readGolden(t) {
		t.Run(c.Model+"/"+c.Input, func(t *testing.T) {
			model := readModel(t, c.Model)
			if got := sha256.Sum256(model); hex.EncodeToString(got[:]) != c.ModelSHA256 {
				t.Fatalf("model has hash %x, the golden numbers are of %s", got, c.ModelSHA256)
			}
			pixels := pixelsFor(t, c.Model, c.Input)
			if got := floatHash(pixels); got != c.InputSHA256 {
				t.Fatalf("input has hash %s, want %s", got, c.InputSHA256)
			}
			raw, err := os.ReadFile(filepath.Join(goldenDir, c.File))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range engines {
				p, err := infer.Load(model, e.options(infer.Options{Threads: 2}))
				if err != nil {
					t.Fatal(err)
				}
				in := tensor.New(tensor.WithShape(p.Inputs()[0].Shape...), tensor.WithBacking(pixels))
				out := make([]tensor.Tensor, len(p.Outputs()))
				if err := p.NewSession().Run(context.Background(), []tensor.Tensor{in}, out); err != nil {
					t.Fatal(err)
				}
				t.Log(e.name)
				checkGolden(t, c, p.Outputs(), out, raw)
			}
		})
	}
}

func checkGolden(t *testing.T, c goldenCase, values []infer.Value, out []tensor.Tensor, raw []byte) {
	t.Helper()
	if len(values) != len(c.Outputs) {
		t.Fatalf("%d outputs, want %d", len(values), len(c.Outputs))
	}
	for i, o := range c.Outputs {
		if values[i].Name != o.Name || !slices.Equal(values[i].Shape, o.Shape) {
			t.Fatalf("output %d is %s %v, want %s %v", i, values[i].Name, values[i].Shape, o.Name, o.Shape)
		}
		got := out[i].Data().([]float32)
		worst, largest := 0.0, 0.0
		for _, v := range got {
			largest = max(largest, math.Abs(float64(v)))
		}
		for k := range o.Count {
			want := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*(o.Offset+k):]))
			worst = max(worst, math.Abs(float64(got[k*o.Stride])-float64(want)))
		}
		if !(worst <= c.Tolerance) || !(math.Abs(largest-o.MaxAbs) <= c.Tolerance+1e-6*o.MaxAbs) {
			t.Errorf("%s: differs by %.3g, allowed %.3g; largest value %v, want %v", o.Name, worst, c.Tolerance, largest, o.MaxAbs)
		}
		t.Logf("%-12s differs by %.2g of %.4g", o.Name, worst, largest)
	}
}
