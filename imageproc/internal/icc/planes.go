package icc

// Planes converts a picture of YCbCr in place, whose chroma has one sample for
// sub × sub pixels, rounded up at the edges: sub is 1 or 2. Strides are widths.
func (t *Transform) Planes(y, cb, cr []byte, width, height, sub int) {
	cw := (width + sub - 1) / sub
	m := t.matrix
	for cy := 0; cy*sub < height; cy++ {
		rows := min(sub, height-cy*sub)
		for cx := range cw {
			at := cy*cw + cx
			columns := min(sub, width-cx*sub)
			dr, dg, db := chroma(cb[at], cr[at])
			var sr, sg, sb int32
			for j := range rows {
				row := y[(cy*sub+j)*width+cx*sub:][:columns]
				for i, v := range row {
					l := int(v) + 256
					lr, lg, lb := t.linear[0][l+dr], t.linear[1][l+dg], t.linear[2][l+db]
					r := int32(t.encode[light(m[0]*lr+m[1]*lg+m[2]*lb)])
					g := int32(t.encode[light(m[3]*lr+m[4]*lg+m[5]*lb)])
					b := int32(t.encode[light(m[6]*lr+m[7]*lg+m[8]*lb)])
					row[i] = byte((19595*r + 38470*g + 7471*b + 1<<15) >> 16)
					sr, sg, sb = sr+r, sg+g, sb+b
				}
			}
			n := int32(rows * columns)
			cb[at] = centred((-11056*sr-21712*sg+32768*sb)/n + 1<<15)
			cr[at] = centred((32768*sr-27440*sg-5328*sb)/n + 1<<15)
		}
	}
}

// chroma gives what a sample adds to luma, JFIF 1.02.
func chroma(cb, cr byte) (r, g, b int) {
	u, v := int(cb)-128, int(cr)-128
	return (91881*v + 1<<15) >> 16, (-22554*u - 46802*v + 1<<15) >> 16, (116130*u + 1<<15) >> 16
}

func clamp(v int32) byte { return byte(max(0, min(255, v))) }

func centred(v int32) byte { return clamp(v>>16 + 128) }
