package person

import _ "embed" // the two models

// The models come from a published npm package; models/*.md say which, under
// what licence, and what they were checked against.
//
//go:generate go run -C _gen .

//go:embed models/nanodet-g-416.onnx
var nanodetModel []byte

//go:embed models/movenet-multipose-256.onnx
var movenetModel []byte

// Model is Scene.Model of every answer.
const Model = "nanodet-g-416+movenet-multipose-256"
