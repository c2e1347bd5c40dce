// Package resample scales planes of bytes with a separable filter in fixed point,
// row by row as they come from a decoder, and turns them upright on the way.
//
//	var p resample.Plane
//	p.Start(resample.Spec{
//		Width: 1512, Height: 1134, DstWidth: 1024, DstHeight: 768,
//		Orientation: 6, Dst: pix, DstStride: 768,
//	})
//	for _, row := range rows {
//		p.Push(row)
//	}
//
// Both passes filter down columns, where neighbouring samples get the same
// weight and eight fit a register: rows are weighed as they come, sixty-four at a
// time are transposed, and weighed again. An orientation that swaps the axes
// then costs nothing, and what is held is a few rows, a strip and the result.
//
// Weights are whole 128ths and samples are rounded to 8 bits between the passes.
// Every implementation gives the same bytes. The filters work on the numbers as
// they are, that is with their gamma, as libvips and browsers do: fine lines come
// out a little darker than with linear light.
//
// Limits: a filter of more than MaxTaps samples is refused; average first.
package resample
