// Package fitveil is the map of the module; the work is done in its packages.
//
//	bytes in → metadata gone → people found (or refused) → consent checked →
//	size recommended → try-on rendered
//
// Three types carry the proof that a step was taken, and the next step accepts
// nothing else:
//
//   - [github.com/fitveil/fitveil/imageproc.Clean]: this picture carries no metadata
//   - [github.com/fitveil/fitveil/detect.Screened]: this picture was looked at and passed a policy
//   - [github.com/fitveil/fitveil/consent.Permit]: this person agreed to this purpose, and still does
//
// The packages:
//
//   - imageproc: strip, inspect, decode, sanitise uploads
//   - detect, detect/person, detect/infer: find people, with our own ONNX engine
//   - sizing: a probability for every size of a chart
//   - consent: the ledger, with stores in memory and in a bbolt file
//   - tryon, tryon/overlay: draw the product, locally or through a backend of one's own
//
// A program that imports one of them compiles and records nothing of the others
// it does not need.
package fitveil
