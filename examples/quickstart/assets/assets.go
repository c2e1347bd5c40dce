// Package assets holds the picture of a person, the product and the size chart
// that the examples work on. README.md says where each comes from.
package assets

import _ "embed"

// Portrait is a JPEG with invented metadata, Tee a PNG with a cut-out T-shirt,
// Chart the sizes it comes in.
var (
	//go:embed portrait.jpg
	Portrait []byte
	//go:embed tee.png
	Tee []byte
	//go:embed chart.json
	Chart []byte
)
