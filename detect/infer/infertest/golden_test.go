package infertest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/fitveil/fitveil/detect/infer"
)

var update = flag.Bool("update", false, "write the answers of ONNX Runtime to golden/")

// ortDir is where npm has put onnxruntime-node.
func ortDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FITVEIL_ORT_DIR")
	switch {
	case dir == "" && os.Getenv("CI") != "":
		t.Fatal("FITVEIL_ORT_DIR is not set")
	case dir == "":
		t.Skip("set FITVEIL_ORT_DIR to a folder where `npm install onnxruntime-node@1.30.0 --ignore-scripts` was run, and have node, to ask ONNX Runtime itself")
	}
	return dir
}

type wireArray struct {
	Type  string `json:"type"`
	Shape []int  `json:"shape"`
	Data  []byte `json:"data"`
}

type question struct {
	Name   string               `json:"name"`
	Model  []byte               `json:"model"`
	Inputs map[string]wireArray `json:"inputs"`
	Fetch  []string             `json:"fetch"`
}

type reply struct {
	Name    string               `json:"name"`
	Outputs map[string]wireArray `json:"outputs"`
	Error   string               `json:"error"`
}

// ask lets ONNX Runtime answer.
func ask(t *testing.T, list []question) []reply {
	t.Helper()
	dir := ortDir(t)
	var in bytes.Buffer
	e := json.NewEncoder(&in)
	for _, q := range list {
		if err := e.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", filepath.Join("testdata", "ort.mjs"), dir)
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.String())
	}
	var replies []reply
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 1<<28)
	for s.Scan() {
		var r reply
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		replies = append(replies, r)
	}
	if len(replies) != len(list) {
		t.Fatalf("%d answers to %d questions\n%s", len(replies), len(list), stderr.String())
	}
	return replies
}

func (c *Case) question(names []string) question {
	q := question{Name: c.Name, Model: c.Model, Inputs: map[string]wireArray{}, Fetch: names}
	for i, name := range c.names {
		x := c.Inputs[i]
		q.Inputs[name] = wireArray{x.Dtype().String(), slices.Clone([]int(x.Shape())), rawBytes(flat(x))}
	}
	return q
}

func flat(x tensor.Tensor) any {
	d := x.Data()
	if x.Shape().IsScalar() {
		switch v := d.(type) {
		case float32:
			return []float32{v}
		case int64:
			return []int64{v}
		}
	}
	return d
}

// kept is how many elements of an output are recorded at least.
const kept = 64

// record is what a file keeps of a reply: all of a small output, samples of a
// large one.
func (a wireArray) record() recordedArray {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	shape := a.Shape
	if shape == nil {
		shape = []int{}
	}
	if n <= 16*kept {
		return recordedArray{a.Type, shape, 0, a.Data}
	}
	return a.samples(kept)
}

// TestAnswers asks ONNX Runtime at the first and the last opset of every node
// test, or with -update at all of them, and holds the recorded answers against
// what it says.
func TestAnswers(t *testing.T) {
	var list []question
	keys := map[string]string{}
	for _, v := range sorted(vectors()) {
		from, to := v.opsets()
		for opset := from; opset <= to; opset++ {
			if opset != from && opset != to && !*update {
				continue
			}
			c := v.at(opset)
			var names []string
			for i := range max(v.outs, 1) {
				names = append(names, fmt.Sprint("y", i))
			}
			list = append(list, c.question(names))
			keys[c.Name] = c.key
		}
	}
	got, order := map[string]recorded{}, []string{}
	for i, r := range ask(t, list) {
		if r.Error != "" {
			t.Errorf("%s: %s", r.Name, strings.SplitN(r.Error, "\n", 2)[0])
			continue
		}
		rec := recorded{Name: keys[r.Name]}
		for _, name := range list[i].Fetch {
			rec.Outputs = append(rec.Outputs, r.Outputs[name].record())
		}
		old, ok := got[rec.Name]
		if !ok {
			order = append(order, rec.Name)
			got[rec.Name] = rec
			continue
		}
		if diff := compareRecords(t, old, rec); diff != "" {
			t.Errorf("%s: another answer than at an earlier opset: %s", r.Name, diff)
		}
	}
	if *update {
		writeAnswers(t, filepath.Join("golden", "nodes.jsonl"), order, got)
		return
	}
	for name, rec := range got {
		if diff := compareWithAnswers(t, answers()[name], rec); diff != "" {
			t.Errorf("%s: the recorded answer is another one: %s", name, diff)
		}
	}
	for name := range answers() {
		if _, ok := got[name]; !ok {
			t.Errorf("%s: recorded, but no such test", name)
		}
	}
}

func compareRecords(t *testing.T, a, b recorded) string {
	t.Helper()
	var list []Answer
	for i := range a.Outputs {
		x, err := a.Outputs[i].read()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	return compareWithAnswers(t, list, b)
}

// compareWithAnswers allows for ONNX Runtime's rounding, which depends on the CPU.
func compareWithAnswers(t *testing.T, want []Answer, got recorded) string {
	t.Helper()
	if len(want) != len(got.Outputs) {
		return fmt.Sprintf("%d outputs, want %d", len(got.Outputs), len(want))
	}
	for i, r := range got.Outputs {
		a, err := r.read()
		if err != nil {
			return err.Error()
		}
		if a.Stride != want[i].Stride {
			return fmt.Sprintf("stride %d, want %d", a.Stride, want[i].Stride)
		}
		w := want[i]
		w.Stride = 1 // both hold the same samples
		if diff := w.differs(a.Shape, a.Data, 2e-6); diff != "" {
			return diff
		}
	}
	return ""
}

func writeAnswers(t *testing.T, file string, order []string, got map[string]recorded) {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	for _, name := range order {
		if err := e.Encode(got[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d answers, %d bytes", len(order), out.Len())
}

// TestVectorsDoNotChange makes each case twice.
func TestVectorsDoNotChange(t *testing.T) {
	for _, v := range vectors() {
		a, b := v.at(13), v.at(13)
		if !bytes.Equal(a.Model, b.Model) || cmp.Diff(len(a.Inputs), len(b.Inputs)) != "" {
			t.Errorf("%s: another model the second time", v.key())
		}
	}
}

// TestNetworkAnswers asks ONNX Runtime for some of what it computes inside the
// person networks, or with -update for all of it, and holds the recorded samples
// against that.
func TestNetworkAnswers(t *testing.T) {
	list := []network{
		{Name: "nanodet-g-416", Input: []int{1, 3, 416, 416}, Low: -2, High: 2},
		{Name: "movenet-multipose-256", Input: []int{1, 3, 256, 256}, Low: 0, High: 255},
	}
	for i := range list {
		n := &list[i]
		model, err := os.ReadFile(filepath.Join("..", "..", "person", "models", n.Name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		n.SHA256 = fmt.Sprintf("%x", sha256.Sum256(model))
		names, err := values(model)
		if err != nil || len(names) < 80 {
			t.Fatalf("%d values, %v", len(names), err)
		}
		if !*update {
			names = every(7, names)
		}
		c := &Case{Name: n.Name, Inputs: []tensor.Tensor{n.picture()}, names: []string{inputName(t, model)}}
		if c.Model, err = withOutputs(model, names); err != nil {
			t.Fatal(err)
		}
		r := ask(t, []question{c.question(names)})[0]
		if r.Error != "" {
			t.Fatal(r.Error)
		}
		for _, name := range names {
			n.Taps = append(n.Taps, recordedTap{name, r.Outputs[name].samples(24)})
		}
	}
	file := filepath.Join("golden", "networks.json")
	if *update {
		out, err := json.MarshalIndent(list, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(out, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	for i, n := range networks(t) {
		got := list[i]
		n.Taps = every(7, n.Taps)
		if n.Name != got.Name || n.SHA256 != got.SHA256 || len(n.Taps) != len(got.Taps) {
			t.Fatalf("recorded are %d values of %s %s, there are %d of %s %s", len(n.Taps), n.Name, n.SHA256, len(got.Taps), got.Name, got.SHA256)
		}
		for k, tap := range n.Taps {
			want, err := tap.read()
			if err != nil {
				t.Fatal(err)
			}
			have, err := got.Taps[k].read()
			if err != nil {
				t.Fatal(err)
			}
			want.Stride = 1 // both hold the same samples
			if diff := want.differs(have.Shape, have.Data, 2e-5); diff != "" {
				t.Errorf("%s: %s: %s", n.Name, tap.Tap, diff)
			}
		}
	}
}

// every is each step-th element.
func every[T any](step int, list []T) (out []T) {
	for i := 0; i < len(list); i += step {
		out = append(out, list[i])
	}
	return out
}

// inputName is that of a network's only input.
func inputName(t *testing.T, model []byte) string {
	t.Helper()
	p, err := infer.Load(model, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Inputs()[0].Name
}

// samples keeps so many elements.
func (a wireArray) samples(count int) recordedArray {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	stride, size := max(1, n/count|1), len(a.Data)/n
	var data []byte
	for i := 0; i < n; i += stride {
		data = append(data, a.Data[i*size:][:size]...)
	}
	return recordedArray{a.Type, a.Shape, stride, data}
}
