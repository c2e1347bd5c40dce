package infer

import (
	"slices"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// file is a model after the pass that comes before onnx-go: everything onnx-go
// cannot read, drops or gets wrong is taken out and kept here, and what is left
// is written anew for it. Field numbers are those of onnx.proto, IR version 10.
type file struct {
	irVersion int64
	opset     int // of the default domain
	inputs    []declared
	outputs   []declared
	tensors   map[string]*ir.Array // initializers by name; they share the file's memory
	nodes     []fileNode
	graph     []byte // ModelProto with nodes and the names of inputs and outputs, for onnx-go
}

// Limits of a file. Those on counts keep the work near proportional to its size:
// onnx-go makes inputs × outputs edges for a node, and the memory plan looks at
// free places for every output.
const (
	maxNodes    = 1 << 14
	maxResults  = 1 << 15 // outputs of all nodes
	maxEdges    = 1 << 18 // inputs × outputs, over all nodes
	minIR       = 3
	maxIR       = 13
	minOpset    = 7
	maxOpset    = 21
	maxDomains  = 1 << 10
	maxDeclared = 1 << 10 // inputs, and outputs
)

// readFile runs the pass over a ModelProto.
func readFile(model []byte) (*file, error) {
	p := &file{tensors: make(map[string]*ir.Array)}
	m := message{buf: model, path: "model"}
	if len(model) == 0 {
		return nil, m.broken(0, "no bytes")
	}
	var graph *message
	domains := 0
	err := m.each(func(f field) error {
		switch f.number {
		case 1: // ir_version
			var err error
			p.irVersion, err = m.varint(f, "ir_version")
			return err
		case 7: // graph
			if graph != nil {
				return m.broken(f.off, "second graph")
			}
			g, err := m.sub(f, "graph")
			graph = &g
			return err
		case 8: // opset_import
			if domains++; domains > maxDomains {
				return m.broken(f.off, "more than %d domains", maxDomains)
			}
			return p.readOpset(m, f)
		case 20:
			return m.unsupported(f.off, "training_info")
		case 25:
			return m.unsupported(f.off, "functions of the model's own")
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case graph == nil:
		return nil, m.broken(0, "no graph")
	case p.irVersion < minIR || p.irVersion > maxIR:
		return nil, m.unsupported(0, "IR version %d, read are %d to %d", p.irVersion, minIR, maxIR)
	case p.opset == 0:
		return nil, m.broken(0, "no opset of the default domain")
	}
	if err := p.readGraph(*graph); err != nil {
		return nil, err
	}
	return p, nil
}

// readOpset reads an OperatorSetIdProto. Other domains may be imported as long
// as no node uses them.
func (p *file) readOpset(m message, f field) error {
	s, err := m.sub(f, "opset_import")
	if err != nil {
		return err
	}
	domain, version := "", int64(0)
	err = s.each(func(f field) (err error) {
		switch f.number {
		case 1:
			domain, err = s.text(f, "domain")
		case 2:
			version, err = s.varint(f, "version")
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case domain != "" && domain != "ai.onnx":
		return nil
	case p.opset != 0:
		return s.broken(s.off, "second opset of the default domain")
	case version < minOpset || version > maxOpset:
		return s.unsupported(s.off, "opset %d, run are %d to %d", version, minOpset, maxOpset)
	}
	p.opset = int(version)
	return nil
}

// readGraph reads a GraphProto and writes the one for onnx-go.
func (p *file) readGraph(g message) error {
	var nodes []byte
	edges, results, initializers := 0, 0, 0
	err := g.each(func(f field) error {
		switch f.number {
		case 1: // node
			if len(p.nodes) == maxNodes {
				return g.unsupported(f.off, "more than %d nodes", maxNodes)
			}
			m, err := g.item(f, "node", len(p.nodes))
			if err != nil {
				return err
			}
			n, rewritten, err := readNode(m)
			if err != nil {
				return err
			}
			results += n.outputs
			if edges += n.inputs * n.outputs; edges > maxEdges || results > maxResults {
				return m.unsupported(m.off, "more than %d edges or %d results", maxEdges, maxResults)
			}
			p.nodes = append(p.nodes, n)
			nodes = appendBytes(nodes, 1, rewritten)
		case 5: // initializer
			m, err := g.item(f, "initializer", initializers)
			if err != nil {
				return err
			}
			initializers++
			return p.readInitializer(m)
		case 11: // input
			return readDeclared(&p.inputs, g, f, "input")
		case 12: // output
			return readDeclared(&p.outputs, g, f, "output")
		case 14:
			return g.unsupported(f.off, "quantization_annotation")
		case 15:
			return g.unsupported(f.off, "sparse_initializer")
		}
		return nil // 13, value_info, says nothing that shape inference does not find
	})
	if err != nil {
		return err
	}
	if len(p.outputs) == 0 {
		return g.broken(g.off, "no output")
	}
	if len(p.nodes) == 0 {
		return g.broken(g.off, "no node")
	}
	// Before IR version 4 initializers were listed among the inputs; later that
	// makes them a default value. Either way they are not asked for.
	p.inputs = slices.DeleteFunc(p.inputs, func(d declared) bool { return p.tensors[d.name] != nil })
	for i := range p.inputs {
		nodes = appendBytes(nodes, 11, appendBytes(nil, 1, p.inputs[i].name))
	}
	for _, d := range p.outputs {
		nodes = appendBytes(nodes, 12, appendBytes(nil, 1, d.name))
	}
	p.graph = appendBytes(appendVarint(nil, 1, uint64(p.irVersion)), 7, nodes)
	return nil
}

func (p *file) readInitializer(m message) error {
	name, a, err := readTensor(m)
	switch {
	case err != nil:
		return err
	case name == "":
		return m.broken(m.off, "initializer without a name")
	case p.tensors[name] != nil:
		return m.broken(m.off, "second initializer %q", name)
	}
	p.tensors[name] = a
	return nil
}
