package ir

// Set is a table of operators. Build checks a node, gives its outputs their
// types and shapes, and leaves a kernel in it, or says why it can't.
type Set struct {
	Name  string
	Build map[string]func(*Node) error // by ONNX operator type
}
