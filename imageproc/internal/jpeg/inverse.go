package jpeg

// Constants of the transforms: FIX(x) of libjpeg, round(x · 2¹³).
const (
	fix0211164243 = 1730
	fix0298631336 = 2446
	fix0390180644 = 3196
	fix0509795579 = 4176
	fix0541196100 = 4433
	fix0601344887 = 4926
	fix0720959822 = 5906
	fix0765366865 = 6270
	fix0850430095 = 6967
	fix0899976223 = 7373
	fix1061594337 = 8697
	fix1175875602 = 9633
	fix1272758580 = 10426
	fix1451774981 = 11893
	fix1501321110 = 12299
	fix1847759065 = 15137
	fix1961570560 = 16069
	fix2053119869 = 16819
	fix2172734803 = 17799
	fix2562915447 = 20995
	fix3072711026 = 25172
	fix3624509785 = 29692
)

// inverse transforms dequantised coefficients into n × n samples at dst. With
// read 0 there is nothing but DC. All transforms are exact integer arithmetic,
// so that every implementation gives the same samples.
func (d *Decoder) inverse(dst []byte, stride int, coef *[64]int32, read, n int) {
	if read == 0 || n == 1 {
		v := clamp((coef[0] + 4) >> 3)
		switch n {
		case 1:
			dst[0] = v
		default:
			fill(dst, stride, n, v)
		}
		return
	}
	switch n {
	case 8:
		d.kernels.inverse8(dst, stride, coef)
	case 3:
		d.kernels.inverse3(dst, stride, coef)
	case 2:
		inverse2(dst, stride, coef)
	case 4:
		inverse4(dst, stride, coef)
	case 5:
		inverse5(dst, stride, coef)
	case 6:
		inverse6(dst, stride, coef)
	default:
		inverse7(dst, stride, coef)
	}
}

// clamp makes a sample of a value centred on 0.
func clamp(v int32) byte {
	v += 128
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}

// fill writes n × n equal samples.
func fill(dst []byte, stride, n int, v byte) {
	for y := range n {
		row := dst[y*stride : y*stride+n]
		for x := range row {
			row[x] = v
		}
	}
}

// inverse8 is jidctint.c's transform, of Loeffler, Ligtenberg and Moschytz.
func inverse8(dst []byte, stride int, c *[64]int32) {
	const round1, round2 = 1 << 10, 1 << 17
	for x := range 8 {
		if c[8+x]|c[16+x]|c[24+x]|c[32+x]|c[40+x]|c[48+x]|c[56+x] == 0 {
			v := (c[x]<<13 + round1) >> 11 // not << 2: it wraps as the sums below do
			c[x], c[8+x], c[16+x], c[24+x], c[32+x], c[40+x], c[48+x], c[56+x] = v, v, v, v, v, v, v, v
			continue
		}
		e0, e1, e2, e3, o0, o1, o2, o3 := butterfly(c[x], c[8+x], c[16+x], c[24+x], c[32+x], c[40+x], c[48+x], c[56+x])
		c[x], c[56+x] = (e0+o3+round1)>>11, (e0-o3+round1)>>11
		c[8+x], c[48+x] = (e1+o2+round1)>>11, (e1-o2+round1)>>11
		c[16+x], c[40+x] = (e2+o1+round1)>>11, (e2-o1+round1)>>11
		c[24+x], c[32+x] = (e3+o0+round1)>>11, (e3-o0+round1)>>11
	}
	for y := range 8 {
		r := c[8*y : 8*y+8 : 8*y+8]
		e0, e1, e2, e3, o0, o1, o2, o3 := butterfly(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
		d := dst[y*stride : y*stride+8 : y*stride+8]
		d[0], d[7] = clamp((e0+o3+round2)>>18), clamp((e0-o3+round2)>>18)
		d[1], d[6] = clamp((e1+o2+round2)>>18), clamp((e1-o2+round2)>>18)
		d[2], d[5] = clamp((e2+o1+round2)>>18), clamp((e2-o1+round2)>>18)
		d[3], d[4] = clamp((e3+o0+round2)>>18), clamp((e3-o0+round2)>>18)
	}
}

// butterfly gives the even and the odd part of an eight-point transform.
func butterfly(c0, c1, c2, c3, c4, c5, c6, c7 int32) (e0, e1, e2, e3, o0, o1, o2, o3 int32) {
	z1 := (c2 + c6) * fix0541196100
	t2, t3 := z1-c6*fix1847759065, z1+c2*fix0765366865
	t0, t1 := (c0+c4)<<13, (c0-c4)<<13
	e0, e3, e1, e2 = t0+t3, t0-t3, t1+t2, t1-t2
	z1, z2, z3, z4 := c7+c1, c5+c3, c7+c3, c5+c1
	z5 := (z3 + z4) * fix1175875602
	z1, z2 = -z1*fix0899976223, -z2*fix2562915447
	z3, z4 = z5-z3*fix1961570560, z5-z4*fix0390180644
	o0 = c7*fix0298631336 + z1 + z3
	o1 = c5*fix2053119869 + z2 + z4
	o2 = c3*fix3072711026 + z2 + z3
	o3 = c1*fix1501321110 + z1 + z4
	return
}
