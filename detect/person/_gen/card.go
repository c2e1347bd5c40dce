package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// cardTexts holds one template a model. Prose is written there by hand; every
// hash, size and count comes from here, so a card cannot go stale unnoticed.
//
//go:embed cards/*.tmpl
var cardTexts embed.FS

// cardFacts are what the generator knows about a model.
type cardFacts struct {
	Package, Integrity     string
	GraphFile, WeightsFile string
	GraphSum, WeightsSum   string
	GeneratedBy            string
	File, Sum              string
	Size, Weights          int
	IR, Opset              int
	Operators              string
}

// renderCard fills the model's card in.
func renderCard(s spec, src *source, data []byte) ([]byte, error) {
	m, err := readModel(data)
	if err != nil {
		return nil, err
	}
	f := cardFacts{
		Package: carrierName + " " + carrierVersion, Integrity: carrierIntegrity,
		GraphFile: s.graph, WeightsFile: s.weights,
		GraphSum: fmt.Sprintf("%x", src.graphSum), WeightsSum: fmt.Sprintf("%x", src.weightsSum),
		GeneratedBy: src.generatedBy,
		File:        s.name + ".onnx", Sum: fmt.Sprintf("%x", sha256.Sum256(data)),
		Size: len(data), IR: m.ir, Opset: m.opset, Operators: operatorList(m),
	}
	for _, t := range m.inits {
		if t.typ == onnxFloat16 {
			f.Weights += len(t.data) / 2
		}
	}
	t, err := template.ParseFS(cardTexts, "cards/"+s.name+".md.tmpl")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, f)
	return b.Bytes(), err
}

// operatorList counts the nodes by operator, the commonest first.
func operatorList(m *model) string {
	count := map[string]int{}
	for _, n := range m.nodes {
		count[n.op]++
	}
	ops := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	for i, op := range ops {
		ops[i] = fmt.Sprintf("%s %d", op, count[op])
	}
	return strings.Join(ops, ", ")
}
