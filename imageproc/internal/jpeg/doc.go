// Package jpeg decodes the JPEG files of ITU-T T.81 that phones,
// cameras and browsers write: baseline, extended sequential and progressive with
// 8 bits a sample, one, three or four components in any legal subsampling.
//
//	var d jpeg.Decoder
//	h, err := d.ReadHeader([][]byte{file})
//	...
//	err = d.Start(jpeg.Options{Scale: [4]int{3, 3, 3, 3}}) // three eighths of the size
//	for {
//		band, err := d.Band(ctx) // one row of MCUs, planar; io.EOF after the last
//		...
//	}
//
// At full size the samples are those of libjpeg's accurate integer transform,
// and at n/8 those of the reduced transforms of libjpeg-turbo, bit for bit.
// Colours are not converted and chroma is not interpolated: that is left to who
// knows the size wanted.
//
// What makes it fast: entropy-coded data is freed of stuffed zeros in a window
// and read 64 bits at a time; coefficients that a reduced transform does not use
// are never decoded one by one, but skipped by a table that swallows several
// symbols at once, for an eighth in assembly where the processor has BMI2; of a
// progressive file only the scans that matter are read.
//
// Limits: lossless, hierarchical, arithmetic and 12-bit files are refused by
// name, and so is a height given after the first scan. A Decoder is a workspace:
// it may be used again, and is not safe for use by several goroutines at once.
package jpeg
