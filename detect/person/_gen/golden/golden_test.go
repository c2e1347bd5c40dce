package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The committed pictures still give the tensors whose answers are committed,
// for the models that are committed, and every file has the values it should.
func TestCommittedIndex(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata", "golden")
	b, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ix index
	if err := json.Unmarshal(b, &ix); err != nil {
		t.Fatal(err)
	}
	if len(ix.Cases) != len(networks)*len(inputs) {
		t.Fatalf("%d cases", len(ix.Cases))
	}
	for i, c := range ix.Cases {
		n := networks[i/len(inputs)]
		model, err := os.ReadFile(filepath.Join("..", "..", "models", n.name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		img, err := readPicture(filepath.Join(dir, c.Input))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(encode(n.tensor(img)))); got != c.InputSHA256 {
			t.Errorf("%s: the input tensor has sha256 %s, the index %s", c.File, got, c.InputSHA256)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(model)); got != c.ModelSHA256 || c.Model != n.name {
			t.Errorf("%s: the model has sha256 %s, the index %s", c.File, got, c.ModelSHA256)
		}
		values, err := os.ReadFile(filepath.Join(dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, o := range c.Outputs {
			n := o.Shape[0] * o.Shape[1] * o.Shape[2] * o.Shape[3]
			if want := (n + o.Stride - 1) / o.Stride; o.Count != want || o.Offset != at || o.Count < min(n, enough) {
				t.Errorf("%s: %s: %d values from %d, want %d from %d", c.File, o.Name, o.Count, o.Offset, want, at)
			}
			at += o.Count
		}
		if len(values) != 4*at {
			t.Errorf("%s: %d bytes for %d values", c.File, len(values), at)
		}
	}
}

func TestStride(t *testing.T) {
	for _, tt := range []struct{ n, width, want int }{
		{169, 13, 1},
		{4096, 64, 1},    // 2 would leave enough, but always the same columns
		{8192, 64, 3},    // 5 would leave 1639
		{29744, 26, 11},  // 13 divides the width
		{118976, 52, 59}, // 61 would leave 1951
		{139264, 64, 67}, // 71 would leave 1962
	} {
		if got := stride(tt.n, tt.width); got != tt.want {
			t.Errorf("stride(%d, %d) = %d, want %d", tt.n, tt.width, got, tt.want)
		}
	}
}

func TestSampleRoundTrip(t *testing.T) {
	m := headMap{shaped{"x", []int{1, 5, 44, 26}}, make([]float32, 5*44*26)}
	for i := range m.values {
		m.values[i] = -float32(i)
	}
	e, values := answer{input: "a.png", maps: []headMap{m, m}}.sample(false)
	o := e.Outputs[1]
	values = decode(encode(values))[o.Offset:]
	if len(values) != o.Count || o.MaxAbs != 5*44*26-1 {
		t.Fatalf("%d values, index %+v", len(values), o)
	}
	for k, v := range values {
		if v != m.values[k*o.Stride] {
			t.Fatalf("value %d is %v", k, v)
		}
	}
}
