// Package jpegturn turns JPEG files upright without loss, by moving and negating
// the coefficients of their transform:
//
//	upright, err := jpegturn.Turn(ctx, [][]byte{file}, 6, 512<<20)
//	if errors.Is(err, jpegturn.ErrPartial) {
//		// an edge cuts through a block: it can't be done
//	}
//
// The result decodes to the samples of the input, each in its new place. A
// progressive file stays one, with the same scans. Tables are made anew, restart
// markers go, and so does every marker segment a decoder has no use for, APP14
// included.
//
// Limits: where a side that would come to lie left or on top cuts through an MCU
// the standard has no way to say so, since a picture begins with a whole one.
package jpegturn

import (
	"context"
	"errors"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
	"github.com/fitveil/fitveil/imageproc/internal/jpegenc"
)

// The reasons for which a file is not turned; others are of type *jpeg.Error.
var (
	// ErrPartial: the picture is no multiple of its MCU where it would have to be.
	ErrPartial = errors.New("jpegturn: an edge cuts through an MCU")
	// ErrMemory: the coefficients take more memory than allowed.
	ErrMemory = errors.New("jpegturn: too many coefficients")
	// ErrCoefficient: a coefficient is beyond what 8-bit JPEG may write.
	ErrCoefficient = errors.New("jpegturn: a coefficient has too many bits")
	// ErrDiffers: what was written does not read as it should. It is a bug.
	ErrDiffers = errors.New("jpegturn: the result differs")
)

// move is a change of place: first columns become rows, then both are mirrored.
type move struct{ transpose, flipX, flipY bool }

// moves is what makes a picture of each Exif orientation upright.
var moves = [9]move{
	2: {flipX: true}, 3: {flipX: true, flipY: true}, 4: {flipY: true},
	5: {transpose: true}, 6: {transpose: true, flipX: true}, 7: {true, true, true}, 8: {transpose: true, flipY: true},
}

// Turn returns the file, in one piece or several, turned upright from an Exif
// orientation, 2 to 8. It takes at most memory bytes.
func Turn(ctx context.Context, file [][]byte, orientation int, memory int64) ([]byte, error) {
	var d jpeg.Decoder
	defer d.Release()
	h, err := d.ReadHeader(file)
	if err != nil {
		return nil, err
	}
	if 2*h.CoefficientMemory() > memory { // those of the result are read back
		return nil, ErrMemory
	}
	m := moves[orientation]
	width, height, hMax, vMax := h.Width, h.Height, h.HMax, h.VMax
	if m.transpose {
		width, height, hMax, vMax = height, width, vMax, hMax
	}
	if m.flipX && width%(8*hMax) != 0 || m.flipY && height%(8*vMax) != 0 {
		return nil, ErrPartial
	}
	coefs, script, err := d.Coefficients(ctx)
	if err != nil {
		return nil, err
	}
	comps := make([]jpegenc.Component, len(coefs))
	for i := range coefs {
		comps[i] = m.component(&h.Components[i], &coefs[i])
	}
	scans := make([]jpegenc.Scan, len(script))
	for i, s := range script {
		scans[i] = jpegenc.Scan(s)
	}
	out, err := jpegenc.Transcode(width, height, comps, scans)
	if err == nil && !reads(ctx, out, comps) && scans != nil {
		// The scans contradict each other, or come twice.
		out, err = jpegenc.Transcode(width, height, comps, nil)
		scans = nil
	}
	switch {
	case errors.Is(err, jpegenc.ErrCoefficient):
		return nil, ErrCoefficient
	case err != nil:
		return nil, err
	case scans == nil && !reads(ctx, out, comps):
		return nil, ErrDiffers
	}
	return out, nil
}

// component is a component in its new place.
func (m move) component(c *jpeg.Component, from *jpeg.Coefs) jpegenc.Component {
	to := jpegenc.Component{ID: c.ID, H: c.H, V: c.V, Width: from.Width, Height: from.Height, Quant: from.Quant}
	if m.transpose {
		to.H, to.V, to.Width, to.Height = c.V, c.H, from.Height, from.Width
		for z := range to.Quant {
			to.Quant[z] = from.Quant[transposed[z]]
		}
	}
	var source [64]uint8 // for each coefficient the place it comes from
	var sign [64]int16
	for z, n := range natural {
		source[z], sign[z] = uint8(z), 1
		if m.transpose {
			source[z] = transposed[z]
		}
		// A cosine of odd frequency is odd about the middle.
		if (m.flipX && n&1 == 1) != (m.flipY && n>>3&1 == 1) {
			sign[z] = -1
		}
	}
	block := new([64]int16)
	width, height := to.Width, to.Height
	to.Block = func(x, y int) *[64]int16 {
		if m.flipX {
			x = width - 1 - x
		}
		if m.flipY {
			y = height - 1 - y
		}
		if m.transpose {
			x, y = y, x
		}
		b := from.Block(x, y)
		for z := range block {
			block[z] = b[source[z]&63] * sign[z]
		}
		return block
	}
	return to
}

// reads says whether a file holds just these coefficients.
func reads(ctx context.Context, file []byte, want []jpegenc.Component) bool {
	var d jpeg.Decoder
	defer d.Release()
	if _, err := d.ReadHeader([][]byte{file}); err != nil {
		return false
	}
	got, _, err := d.Coefficients(ctx)
	if err != nil || len(got) != len(want) {
		return false
	}
	for i := range got {
		g, w := &got[i], &want[i]
		if g.Width != w.Width || g.Height != w.Height || g.Quant != w.Quant {
			return false
		}
		for y := range g.Height {
			for x := range g.Width {
				if *g.Block(x, y) != *w.Block(x, y) {
					return false
				}
			}
		}
	}
	return true
}

// natural gives the place in natural order, row by row, of each position in
// zigzag order, T.81 figure A.6: it goes along diagonals, up and down in turn.
var natural = func() (order [64]uint8) {
	z := 0
	for diagonal := range 15 {
		for i := range diagonal + 1 {
			row, column := diagonal-i, i
			if diagonal&1 == 1 {
				row, column = column, row
			}
			if row < 8 && column < 8 {
				order[z] = uint8(8*row + column)
				z++
			}
		}
	}
	return order
}()

// transposed gives the position in zigzag order of the coefficient with row and
// column exchanged.
var transposed = func() (t [64]uint8) {
	var zigzag [64]uint8
	for z, n := range natural {
		zigzag[n] = uint8(z)
	}
	for z, n := range natural {
		t[z] = zigzag[n&7<<3|n>>3]
	}
	return t
}()
