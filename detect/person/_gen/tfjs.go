package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// A source is a parsed tfjs graph model: nodes by name and constants by name.
type source struct {
	nodes                map[string]*node
	consts               map[string]*constant
	generatedBy          string
	graphSum, weightsSum [32]byte
}

// A node is one operation of the tfjs graph.
type node struct {
	Name  string          `json:"name"`
	Op    string          `json:"op"`
	Input []string        `json:"input"`
	Attr  map[string]attr `json:"attr"`
}

// An attr is one attribute in the JSON form of TensorFlow's AttrValue: int64 as
// decimal strings, byte strings in base64.
type attr struct {
	I    json.Number `json:"i"`
	F    float64     `json:"f"`
	B    bool        `json:"b"`
	S    string      `json:"s"`
	List *struct {
		I []json.Number `json:"i"`
		S []string      `json:"s"`
	} `json:"list"`
	Shape *struct {
		Dim []struct {
			Size json.Number `json:"size"`
		} `json:"dim"`
	} `json:"shape"`
}

// The element types that the carrier's models hold.
const (
	half    = "float16"
	integer = "int32"
)

// A constant is one tensor of the weights file: little-endian elements in the
// order of shape. data aliases the file.
type constant struct {
	name  string
	shape []int
	typ   string // half or integer
	data  []byte
}

// parseSource reads model.json and the one weights file that belongs to it.
func parseSource(graph, weights []byte) (*source, error) {
	var doc struct {
		Format          string `json:"format"`
		GeneratedBy     string `json:"generatedBy"`
		ModelTopology   struct{ Node []*node }
		WeightsManifest []struct {
			Weights []manifestEntry `json:"weights"`
		} `json:"weightsManifest"`
	}
	if err := json.Unmarshal(graph, &doc); err != nil {
		return nil, err
	}
	if doc.Format != "graph-model" || len(doc.WeightsManifest) != 1 {
		return nil, fmt.Errorf("format %q with %d weight groups, want graph-model with one", doc.Format, len(doc.WeightsManifest))
	}
	s := &source{nodes: map[string]*node{}, consts: map[string]*constant{}, generatedBy: doc.GeneratedBy}
	for _, n := range doc.ModelTopology.Node {
		if s.nodes[n.Name] != nil {
			return nil, fmt.Errorf("node %q appears twice", n.Name)
		}
		s.nodes[n.Name] = n
	}
	rest := weights
	for _, w := range doc.WeightsManifest[0].Weights {
		c, err := w.constant(rest)
		if err != nil {
			return nil, fmt.Errorf("weights at byte %d: %w", len(weights)-len(rest), err)
		}
		rest = rest[len(c.data):]
		s.consts[c.name] = c
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%d bytes of the weights file belong to no tensor", len(rest))
	}
	return s, nil
}

// A manifestEntry describes one tensor of the weights file.
type manifestEntry struct {
	Name         string `json:"name"`
	Shape        []int  `json:"shape"`
	Dtype        string `json:"dtype"`
	Quantization *struct {
		Dtype string `json:"dtype"`
	} `json:"quantization"`
}

// constant cuts the entry's tensor off the front of data.
func (m manifestEntry) constant(data []byte) (*constant, error) {
	c := &constant{name: m.Name, shape: m.Shape}
	width := 4
	switch q := m.Quantization; {
	case q != nil && q.Dtype == half && m.Dtype == "float32":
		c.typ, width = half, 2
	case q == nil && m.Dtype == integer:
		c.typ = integer
	default:
		return nil, fmt.Errorf("%s: element type %s is not one of float16, int32", m.Name, m.Dtype)
	}
	for _, d := range m.Shape {
		if d < 0 || d > len(data) {
			return nil, fmt.Errorf("%s: dimension %d", m.Name, d)
		}
		width *= d
	}
	if width < 0 || width > len(data) {
		return nil, fmt.Errorf("%s: needs %d bytes, %d left", m.Name, width, len(data))
	}
	c.data = data[:width:width]
	return c, nil
}

// str returns a byte-string attribute, "" where absent or not base64.
func (n *node) str(key string) string { return text(n.Attr[key].S) }

// strs returns a list of byte strings.
func (n *node) strs(key string) []string {
	var out []string
	if l := n.Attr[key].List; l != nil {
		for _, s := range l.S {
			out = append(out, text(s))
		}
	}
	return out
}

// ints returns a list of integers, nil where absent.
func (n *node) ints(key string) ([]int, error) {
	var out []int
	if l := n.Attr[key].List; l != nil {
		for _, s := range l.I {
			v, err := strconv.Atoi(s.String())
			if err != nil {
				return nil, fmt.Errorf("attribute %s: %w", key, err)
			}
			out = append(out, v)
		}
	}
	return out, nil
}

func text(b64 string) string {
	b, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return ""
	}
	return string(b)
}

// port splits a reference "node:2" into its node and output number.
func port(ref string) (string, int, error) {
	name, num, ok := strings.Cut(ref, ":")
	if !ok {
		return name, 0, nil
	}
	n, err := strconv.Atoi(num)
	if err != nil {
		return "", 0, fmt.Errorf("reference %q: %w", ref, err)
	}
	return name, n, nil
}
