package jpegenc

// The conversion of T.871 in 16-bit fixed point, with libjpeg's rounding.
func luma(r, g, b int32) byte { return byte((19595*r + 38470*g + 7471*b + 1<<15) >> 16) }

func blue(r, g, b int32) byte {
	return byte((-11059*r - 21709*g + 32768*b + 128<<16 + 1<<15 - 1) >> 16)
}

func red(r, g, b int32) byte { return byte((32768*r - 27439*g - 5329*b + 128<<16 + 1<<15 - 1) >> 16) }

// Blocks rounds a number of samples up to whole blocks.
func Blocks(n int) int { return (n + 7) &^ 7 }

// Pad fills up rows rows of width samples to whole blocks with the last sample.
func Pad(p Plane, width, rows int) {
	for y := range rows {
		line := p.Pix[y*p.Stride:][:Blocks(width)]
		for x := width; x < len(line); x++ {
			line[x] = line[width-1]
		}
	}
}

// Convert fills a band with rows rows of width pixels of four bytes each: red,
// green, blue and one that is ignored. The planes of dst have room for whole
// blocks. Chroma of 4:2:0 is the mean of two by two pixels.
func Convert(dst *[3]Plane, s Sampling, pix []byte, stride, width, rows int) {
	for y := range rows {
		line := pix[y*stride:][:4*width]
		out := dst[0].Pix[y*dst[0].Stride:][:width]
		for x := range out {
			p := line[4*x:][:4]
			out[x] = luma(int32(p[0]), int32(p[1]), int32(p[2]))
		}
		if s == YCbCr444 {
			cb, cr := dst[1].Pix[y*dst[1].Stride:][:width], dst[2].Pix[y*dst[2].Stride:][:width]
			for x := range cb {
				p := line[4*x:][:4]
				r, g, b := int32(p[0]), int32(p[1]), int32(p[2])
				cb[x], cr[x] = blue(r, g, b), red(r, g, b)
			}
		}
	}
	Pad(dst[0], width, rows)
	switch s {
	case YCbCr444:
		Pad(dst[1], width, rows)
		Pad(dst[2], width, rows)
	case YCbCr420:
		for y := 0; y < rows; y += 2 {
			above, below := pix[y*stride:], pix[min(y+1, rows-1)*stride:]
			cb, cr := dst[1].Pix[y/2*dst[1].Stride:], dst[2].Pix[y/2*dst[2].Stride:]
			n := Blocks((width + 1) / 2)
			half(cb[:n], cr[:n], above[:4*width], below[:4*width])
		}
	}
}

// half takes the mean of two by two pixels, rounding up and down in turn. Beyond
// the last pixel there are more like it.
func half(cb, cr, above, below []byte) {
	last := len(above) - 4
	for x := range cb {
		left, right := min(8*x, last), min(8*x+4, last)
		var b, r int32
		for _, p := range [4][]byte{above[left:], above[right:], below[left:], below[right:]} {
			b += int32(blue(int32(p[0]), int32(p[1]), int32(p[2])))
			r += int32(red(int32(p[0]), int32(p[1]), int32(p[2])))
		}
		bias := int32(1 + x&1)
		cb[x], cr[x] = byte((b+bias)>>2), byte((r+bias)>>2)
	}
}
