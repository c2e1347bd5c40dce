// Package jpegenc writes baseline JPEG files (ITU-T T.81) from planes of samples:
// grey, 4:2:0 or 4:4:4, with libjpeg's quantisation tables, accurate integer
// transform and rounding, so that a file has libjpeg's size and quality.
//
//	var e jpegenc.Encoder
//	e.Start(width, height, jpegenc.YCbCr420, jpegenc.Options{Quality: 85})
//	for y := 0; y < height; y += e.BandRows() {
//		e.Band(&band) // the next rows, planar
//	}
//	file := e.Finish() // valid until the next Start
//
// What makes it fast: transform, quantiser and the search for coefficients that
// are not zero are one step over a block, in assembly where the processor has
// AVX2; the entropy coder visits only those coefficients and writes four bytes
// at a time.
//
// A file holds SOI, DQT, SOF0, DHT, SOS and EOI, and no metadata.
package jpegenc
