package jpeg

// The transforms to fewer samples. Those to 2 and 4 are jidctred.c's, the
// others jidctint.c's; rounding is theirs too.

func inverse2(dst []byte, stride int, c *[64]int32) {
	odd := func(c1, c3, c5, c7 int32) int32 {
		return c1*fix3624509785 - c3*fix1272758580 + c5*fix0850430095 - c7*fix0720959822
	}
	var t [2][8]int32
	for _, x := range [5]int{0, 1, 3, 5, 7} {
		e, o := c[x]<<15, odd(c[8+x], c[24+x], c[40+x], c[56+x])
		t[0][x], t[1][x] = (e+o+1<<12)>>13, (e-o+1<<12)>>13
	}
	for y := range t {
		r := &t[y]
		e, o := r[0]<<15, odd(r[1], r[3], r[5], r[7])
		d := dst[y*stride : y*stride+2]
		d[0], d[1] = clamp((e+o+1<<19)>>20), clamp((e-o+1<<19)>>20)
	}
}

func inverse3(dst []byte, stride int, c *[64]int32) {
	const k, l = 5793, 10033 // √½, √1.5
	var t [3][3]int32
	for x := range 3 {
		c0, c2 := c[x]<<13+1<<10, c[16+x]*k
		e, o := c0+c2, c[8+x]*l
		t[0][x], t[2][x], t[1][x] = (e+o)>>11, (e-o)>>11, (c0-2*c2)>>11
	}
	for y := range t {
		r := &t[y]
		c0, c2 := (r[0]+16)<<13, r[2]*k
		e, o := c0+c2, r[1]*l
		d := dst[y*stride : y*stride+3 : y*stride+3]
		d[0], d[1], d[2] = clamp((e+o)>>18), clamp((c0-2*c2)>>18), clamp((e-o)>>18)
	}
}

func inverse4(dst []byte, stride int, c *[64]int32) {
	odd := func(c1, c3, c5, c7 int32) (o0, o1 int32) {
		o0 = c1*fix2562915447 + c3*fix0899976223 - c5*fix0601344887 - c7*fix0509795579
		o1 = c1*fix1061594337 - c3*fix2172734803 + c5*fix1451774981 - c7*fix0211164243
		return
	}
	var t [4][8]int32
	for x := range 8 {
		if x == 4 {
			continue // not used by the rows
		}
		c0, c2 := c[x]<<14, c[16+x]*fix1847759065-c[48+x]*fix0765366865
		e0, e1 := c0+c2, c0-c2
		o0, o1 := odd(c[8+x], c[24+x], c[40+x], c[56+x])
		t[0][x], t[3][x] = (e0+o0+1<<11)>>12, (e0-o0+1<<11)>>12
		t[1][x], t[2][x] = (e1+o1+1<<11)>>12, (e1-o1+1<<11)>>12
	}
	for y := range t {
		r := &t[y]
		c0, c2 := r[0]<<14, r[2]*fix1847759065-r[6]*fix0765366865
		e0, e1 := c0+c2, c0-c2
		o0, o1 := odd(r[1], r[3], r[5], r[7])
		d := dst[y*stride : y*stride+4 : y*stride+4]
		d[0], d[3] = clamp((e0+o0+1<<18)>>19), clamp((e0-o0+1<<18)>>19)
		d[1], d[2] = clamp((e1+o1+1<<18)>>19), clamp((e1-o1+1<<18)>>19)
	}
}

func inverse5(dst []byte, stride int, c *[64]int32) {
	part := func(c0, c1, c2, c3, c4 int32) (e0, e1, e2, o0, o1 int32) {
		z1, z2 := (c2+c4)*6476, (c2-c4)*2896
		z3 := c0 + z2
		e0, e1, e2 = z3+z1, z3-z1, c0-z2<<2
		z := (c1 + c3) * 6810
		return e0, e1, e2, z + c1*4209, z - c3*17828
	}
	var t [5][5]int32
	for x := range 5 {
		e0, e1, e2, o0, o1 := part(c[x]<<13+1<<10, c[8+x], c[16+x], c[24+x], c[32+x])
		t[0][x], t[4][x], t[1][x], t[3][x], t[2][x] = (e0+o0)>>11, (e0-o0)>>11, (e1+o1)>>11, (e1-o1)>>11, e2>>11
	}
	for y := range t {
		r := &t[y]
		e0, e1, e2, o0, o1 := part((r[0]+16)<<13, r[1], r[2], r[3], r[4])
		d := dst[y*stride : y*stride+5 : y*stride+5]
		d[0], d[4] = clamp((e0+o0)>>18), clamp((e0-o0)>>18)
		d[1], d[3] = clamp((e1+o1)>>18), clamp((e1-o1)>>18)
		d[2] = clamp(e2 >> 18)
	}
}

func inverse6(dst []byte, stride int, c *[64]int32) {
	var t [6][6]int32
	for x := range 6 {
		c0, z := c[x]<<13+1<<10, c[32+x]*5793
		e, e1, o := c0+z, (c0-2*z)>>11, c[16+x]*10033
		e0, e2 := e+o, e-o
		c1, c3, c5 := c[8+x], c[24+x], c[40+x]
		z = (c1 + c5) * 2998
		o0, o2, o1 := z+(c1+c3)<<13, z+(c5-c3)<<13, (c1-c3-c5)<<2
		t[0][x], t[5][x], t[1][x] = (e0+o0)>>11, (e0-o0)>>11, e1+o1
		t[4][x], t[2][x], t[3][x] = e1-o1, (e2+o2)>>11, (e2-o2)>>11
	}
	for y := range t {
		r := &t[y]
		c0, z := (r[0]+16)<<13, r[4]*5793
		e, e1, o := c0+z, c0-2*z, r[2]*10033
		e0, e2 := e+o, e-o
		z = (r[1] + r[5]) * 2998
		o0, o2, o1 := z+(r[1]+r[3])<<13, z+(r[5]-r[3])<<13, (r[1]-r[3]-r[5])<<13
		d := dst[y*stride : y*stride+6 : y*stride+6]
		d[0], d[5] = clamp((e0+o0)>>18), clamp((e0-o0)>>18)
		d[1], d[4] = clamp((e1+o1)>>18), clamp((e1-o1)>>18)
		d[2], d[3] = clamp((e2+o2)>>18), clamp((e2-o2)>>18)
	}
}

func inverse7(dst []byte, stride int, c *[64]int32) {
	part := func(c0, c1, c2, c3, c4, c5, c6 int32) (e0, e1, e2, e3, o0, o1, o2 int32) {
		e0, e2 = (c4-c6)*7223, (c2-c4)*2578
		e1 = e0 + e2 + c0 - c4*15083
		s := c2 + c6
		c4 -= s
		s = s*10438 + c0
		e0 += s - c6*637
		e2 += s - c2*20239
		e3 = c0 + c4*11585
		o1, o2 = (c1+c3)*7663, (c1-c3)*1395
		o0 = o1 - o2
		o1 += o2
		o2 = -(c3 + c5) * 11295
		o1 += o2
		z := (c1 + c5) * 5027
		return e0, e1, e2, e3, o0 + z, o1, o2 + z + c5*15326
	}
	var t [7][7]int32
	for x := range 7 {
		e0, e1, e2, e3, o0, o1, o2 := part(c[x]<<13+1<<10, c[8+x], c[16+x], c[24+x], c[32+x], c[40+x], c[48+x])
		t[0][x], t[6][x], t[1][x], t[5][x] = (e0+o0)>>11, (e0-o0)>>11, (e1+o1)>>11, (e1-o1)>>11
		t[2][x], t[4][x], t[3][x] = (e2+o2)>>11, (e2-o2)>>11, e3>>11
	}
	for y := range t {
		r := &t[y]
		e0, e1, e2, e3, o0, o1, o2 := part((r[0]+16)<<13, r[1], r[2], r[3], r[4], r[5], r[6])
		d := dst[y*stride : y*stride+7 : y*stride+7]
		d[0], d[6], d[1], d[5] = clamp((e0+o0)>>18), clamp((e0-o0)>>18), clamp((e1+o1)>>18), clamp((e1-o1)>>18)
		d[2], d[4], d[3] = clamp((e2+o2)>>18), clamp((e2-o2)>>18), clamp(e3>>18)
	}
}
