package icc

// Planes converts a picture of YCbCr in place, whose chroma has one sample for
// sub × sub pixels, rounded up at the edges: sub is 1 or 2. Strides are widths.
func (t *Transform) Planes(y, cb, cr []byte, width, height, sub int) {
	t.planes(y, cb, cr, width, height, sub, t.rowsFast)
}

// planes leaves the first samples of two rows to fast, which says how many it has done.
func (t *Transform) planes(y, cb, cr []byte, width, height, sub int, fast func(above, below, cb, cr []byte) int) {
	cw := (width + sub - 1) / sub
	for cy := 0; cy*sub < height; cy++ {
		above := y[cy*sub*width:][:width]
		below := above // counts twice where there is no second row
		if cy*sub+1 < height && sub == 2 {
			below = y[(cy*sub+1)*width:][:width]
		}
		u, v := cb[cy*cw:][:cw], cr[cy*cw:][:cw]
		if sub == 1 {
			t.row(above, u, v)
		} else {
			done := fast(above, below, u, v)
			if 2*done < width {
				t.rows(above[2*done:], below[2*done:], u[done:], v[done:])
			}
		}
	}
}

// row converts a row with chroma of its own for each pixel.
func (t *Transform) row(y, cb, cr []byte) {
	cb, cr = cb[:len(y)], cr[:len(y)]
	for x := range y {
		dr, dg, db := chroma(cb[x], cr[x])
		red, green, blue := (*[256]lanes)(t.light[0][dr:]), (*[256]lanes)(t.light[1][dg:]), (*[256]lanes)(t.light[2][db:])
		r, g, b := t.add(&red[y[x]], &green[y[x]], &blue[y[x]])
		y[x] = luma(r, g, b)
		cb[x], cr[x] = centred(blueness(r, g, b)+1<<15), centred(redness(r, g, b)+1<<15)
	}
}

// rows converts two rows whose pixels share chroma two by two. The rows may be the
// same one.
func (t *Transform) rows(above, below, cb, cr []byte) {
	below = below[:len(above)]
	alone := &above[0] == &below[0]
	cr = cr[:len(cb)]
	for x := range cb {
		dr, dg, db := chroma(cb[x], cr[x])
		red, green, blue := (*[256]lanes)(t.light[0][dr:]), (*[256]lanes)(t.light[1][dg:]), (*[256]lanes)(t.light[2][db:])
		left, right := 2*x, min(2*x+1, len(above)-1)
		r0, g0, b0 := t.add(&red[above[left]], &green[above[left]], &blue[above[left]])
		r1, g1, b1 := t.add(&red[above[right]], &green[above[right]], &blue[above[right]])
		sr, sg, sb := r0+r1, g0+g1, b0+b1
		if alone {
			sr, sg, sb = 2*sr, 2*sg, 2*sb
		} else {
			r2, g2, b2 := t.add(&red[below[left]], &green[below[left]], &blue[below[left]])
			r3, g3, b3 := t.add(&red[below[right]], &green[below[right]], &blue[below[right]])
			sr, sg, sb = sr+r2+r3, sg+g2+g3, sb+b2+b3
			below[left], below[right] = luma(r2, g2, b2), luma(r3, g3, b3)
		}
		above[left], above[right] = luma(r0, g0, b0), luma(r1, g1, b1)
		cb[x], cr[x] = centred(blueness(sr, sg, sb)>>2+1<<15), centred(redness(sr, sg, sb)>>2+1<<15)
	}
}

// Pixels converts pixels of four bytes, red, green, blue and one that stays, in place.
func (t *Transform) Pixels(pix []byte) {
	for ; len(pix) >= 4; pix = pix[4:] {
		pix[0], pix[1], pix[2] = t.RGB(pix[0], pix[1], pix[2])
	}
}

func luma(r, g, b int32) byte      { return byte((19595*r + 38470*g + 7471*b + 1<<15) >> 16) }
func blueness(r, g, b int32) int32 { return -11056*r - 21712*g + 32768*b }
func redness(r, g, b int32) int32  { return 32768*r - 27440*g - 5328*b }

// chroma gives what a sample adds to luma, JFIF 1.02, and 256.
func chroma(cb, cr byte) (r, g, b int) {
	u, v := int(cb)-128, int(cr)-128
	return (91881*v+1<<15)>>16 + 256, (-22554*u-46802*v+1<<15)>>16 + 256, (116130*u+1<<15)>>16 + 256
}

func centred(v int32) byte { return byte(max(0, min(255, v>>16+128))) }
