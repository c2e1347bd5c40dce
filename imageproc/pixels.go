package imageproc

import (
	"encoding/binary"
	"image"
	"image/color"
)

// toNRGBA copies img into NRGBA pixels of our own with origin (0, 0).
func toNRGBA(img image.Image) *image.NRGBA {
	b := img.Bounds()
	dst := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	row := rowReader(img)
	for y := range b.Dy() {
		row(b.Min.Y+y, dst.Pix[y*dst.Stride:y*dst.Stride+4*b.Dx()])
	}
	return dst
}

// rowReader returns a function that writes row y of img as NRGBA. The decoders'
// own types have loops of theirs; any other image is asked pixel by pixel.
func rowReader(img image.Image) func(y int, dst []byte) {
	x0 := img.Bounds().Min.X
	switch m := img.(type) {
	case *image.YCbCr:
		return ycbcrRows(m)
	case *image.NYCbCrA:
		colours := ycbcrRows(&m.YCbCr)
		return func(y int, dst []byte) {
			colours(y, dst)
			alpha := m.A[m.AOffset(x0, y):]
			for i := 3; i < len(dst); i += 4 {
				dst[i] = alpha[i/4]
			}
		}
	case *image.Paletted:
		return palettedRows(m)
	case *image.NRGBA:
		return func(y int, dst []byte) { copy(dst, m.Pix[m.PixOffset(x0, y):]) }
	case *image.Gray:
		return func(y int, dst []byte) {
			src := m.Pix[m.PixOffset(x0, y):]
			for i := 0; i < len(dst); i += 4 {
				v := src[i/4]
				dst[i], dst[i+1], dst[i+2], dst[i+3] = v, v, v, 0xFF
			}
		}
	case *image.Gray16:
		return func(y int, dst []byte) {
			src := m.Pix[m.PixOffset(x0, y):]
			for i := 0; i < len(dst); i += 4 {
				v := src[i/2]
				dst[i], dst[i+1], dst[i+2], dst[i+3] = v, v, v, 0xFF
			}
		}
	case *image.NRGBA64:
		return func(y int, dst []byte) { highBytes(dst, m.Pix[m.PixOffset(x0, y):]) }
	case *image.RGBA:
		return func(y int, dst []byte) { unmultiply(dst, m.Pix[m.PixOffset(x0, y):]) }
	case *image.RGBA64:
		if m.Opaque() {
			return func(y int, dst []byte) { highBytes(dst, m.Pix[m.PixOffset(x0, y):]) }
		}
	case *image.CMYK:
		return func(y int, dst []byte) {
			src := m.Pix[m.PixOffset(x0, y):]
			for i := 0; i < len(dst); i += 4 {
				dst[i], dst[i+1], dst[i+2] = color.CMYKToRGB(src[i], src[i+1], src[i+2], src[i+3])
				dst[i+3] = 0xFF
			}
		}
	}
	return func(y int, dst []byte) {
		for i := 0; i < len(dst); i += 4 {
			c := color.NRGBAModel.Convert(img.At(x0+i/4, y)).(color.NRGBA)
			dst[i], dst[i+1], dst[i+2], dst[i+3] = c.R, c.G, c.B, c.A
		}
	}
}

// highBytes keeps the upper half of 16-bit samples.
func highBytes(dst, src []byte) {
	for i := range dst {
		dst[i] = src[2*i]
	}
}

// unmultiply undoes premultiplied alpha; dst may be src. Colour beyond alpha, which no sound
// image has, is cut off.
func unmultiply(dst, src []byte) {
	for i := 0; i < len(dst); i += 4 {
		switch a := uint32(src[i+3]); a {
		case 0xFF:
			copy(dst[i:i+4], src[i:])
		case 0:
			clear(dst[i : i+4])
		default:
			for j := range 3 {
				dst[i+j] = byte(min(255, (uint32(src[i+j])*255+a/2)/a))
			}
			dst[i+3] = byte(a)
		}
	}
}

// clearRGB is color.YCbCrToRGB before its results are clipped, in 65536ths: small
// enough to be part of the loop that calls it.
func clearRGB(y, cb, cr byte) (r, g, b int32) {
	l, u, v := int32(y)*0x10101, int32(cb)-128, int32(cr)-128
	return l + 91881*v, l - 22554*u - 46802*v, l + 116130*u
}

func clip(v int32) int32 {
	if uint32(v)>>24 == 0 {
		return v
	}
	return ^(v >> 31) & 0xFFFFFF
}

func ycbcrRows(m *image.YCbCr) func(y int, dst []byte) {
	x0 := m.Rect.Min.X
	if m.SubsampleRatio == image.YCbCrSubsampleRatio444 {
		return func(y int, dst []byte) {
			n := len(dst) / 4
			luma, at := m.Y[m.YOffset(x0, y):][:n], m.COffset(x0, y)
			cb, cr := m.Cb[at:][:n], m.Cr[at:][:n]
			for i, v := range luma {
				d := dst[4*i : 4*i+4 : 4*i+4]
				r, g, b := clearRGB(v, cb[i], cr[i])
				if (r|g|b)>>24 != 0 {
					r, g, b = clip(r), clip(g), clip(b)
				}
				d[0], d[1], d[2], d[3] = byte(r>>16), byte(g>>16), byte(b>>16), 0xFF
			}
		}
	}
	return func(y int, dst []byte) {
		luma := m.Y[m.YOffset(x0, y):]
		for i := 0; i < len(dst); i += 4 {
			c := m.COffset(x0+i/4, y)
			dst[i], dst[i+1], dst[i+2] = color.YCbCrToRGB(luma[i/4], m.Cb[c], m.Cr[c])
			dst[i+3] = 0xFF
		}
	}
}

// palettedRows takes an index beyond the palette for transparent.
func palettedRows(m *image.Paletted) func(y int, dst []byte) {
	var table [256]color.NRGBA
	for i, c := range m.Palette[:min(len(m.Palette), 256)] {
		table[i] = color.NRGBAModel.Convert(c).(color.NRGBA)
	}
	return func(y int, dst []byte) {
		src := m.Pix[m.PixOffset(m.Rect.Min.X, y):]
		for i := 0; i < len(dst); i += 4 {
			c := table[src[i/4]]
			dst[i], dst[i+1], dst[i+2], dst[i+3] = c.R, c.G, c.B, c.A
		}
	}
}

// shrink averages squares of n × n pixels, those at the right and lower edge cut
// short, weighting colour by opacity.
func shrink(img image.Image, n int) *image.NRGBA {
	if n <= 1 {
		return toNRGBA(img)
	}
	if m, ok := img.(*image.YCbCr); ok {
		return toNRGBA(shrinkPlanes(m, n))
	}
	b := img.Bounds()
	w, h := ceilDiv(b.Dx(), n), ceilDiv(b.Dy(), n)
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	row := rowReader(img)
	line := make([]byte, 4*b.Dx())
	sums := make([]uint64, 5*w) // r·a, g·a, b·a, a, pixels
	for y := range h {
		clear(sums)
		for sy := y * n; sy < min((y+1)*n, b.Dy()); sy++ {
			row(b.Min.Y+sy, line)
			addRow(sums, line, n)
		}
		for x := range w {
			s, d := sums[5*x:5*x+5], dst.Pix[y*dst.Stride+4*x:]
			if a := s[3]; a > 0 {
				d[0], d[1], d[2] = byte((s[0]+a/2)/a), byte((s[1]+a/2)/a), byte((s[2]+a/2)/a)
				d[3] = byte((a + s[4]/2) / s[4])
			}
		}
	}
	return dst
}

func addRow(sums []uint64, line []byte, n int) {
	for x := 0; len(line) > 0; x++ {
		s := sums[5*x : 5*x+5]
		part := line[:min(4*n, len(line))]
		line = line[len(part):]
		for ; len(part) >= 4; part = part[4:] {
			a := uint64(part[3])
			s[0] += uint64(part[0]) * a
			s[1] += uint64(part[1]) * a
			s[2] += uint64(part[2]) * a
			s[3] += a
			s[4]++
		}
	}
}

// shrinkPlanes is shrink for a photo: the planes are averaged as they are, which
// is the same but for rounding and takes a fraction of the time.
func shrinkPlanes(m *image.YCbCr, n int) *image.YCbCr {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	dst := image.NewYCbCr(image.Rect(0, 0, ceilDiv(w, n), ceilDiv(h, n)), image.YCbCrSubsampleRatio444)
	r := m.Rect
	average(dst.Y, dst.YStride, m.Y[m.YOffset(r.Min.X, r.Min.Y):], m.YStride, w, h, n, 1, 1)
	// What one chroma sample covers follows from how far apart they lie.
	subX, subY := 1, 1
	for subX < w && m.COffset(r.Min.X+subX, r.Min.Y) == m.COffset(r.Min.X, r.Min.Y) {
		subX++
	}
	for subY < h && m.COffset(r.Min.X, r.Min.Y+subY) == m.COffset(r.Min.X, r.Min.Y) {
		subY++
	}
	at := m.COffset(r.Min.X, r.Min.Y)
	average(dst.Cb, dst.CStride, m.Cb[at:], m.CStride, w, h, n, subX, subY)
	average(dst.Cr, dst.CStride, m.Cr[at:], m.CStride, w, h, n, subX, subY)
	return dst
}

// average writes the mean of each n × n square of a w × h picture, whose plane
// has one sample for subX × subY pixels.
func average(dst []byte, dstStride int, src []byte, stride, w, h, n, subX, subY int) {
	for y := range ceilDiv(h, n) {
		top, bottom := y*n/subY, ceilDiv(min((y+1)*n, h), subY)
		for x := range ceilDiv(w, n) {
			left, right := x*n/subX, ceilDiv(min((x+1)*n, w), subX)
			sum := 0
			for sy := top; sy < bottom; sy++ {
				for _, v := range src[sy*stride+left : sy*stride+right] {
					sum += int(v)
				}
			}
			count := (bottom - top) * (right - left)
			dst[y*dstStride+x] = byte((sum + count/2) / count)
		}
	}
}

// orient turns a picture so that it stands as EXIF orientation o says, CIPA
// DC-008 §4.6.4: row 0 and column 0 of the stored picture are, in display, top
// and left (1), top and right (2), bottom and right (3), bottom and left (4),
// left and top (5), right and top (6), right and bottom (7), left and bottom (8).
func orient(src *image.NRGBA, o int) *image.NRGBA {
	if o <= 1 || o > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dw, dh := w, h
	if o >= 5 {
		dw, dh = h, w
	}
	dst := image.NewNRGBA(image.Rect(0, 0, dw, dh))
	// Where pixel (0, 0) goes, and how far one step along a stored row and down a
	// stored column leads.
	var start, alongRow, downColumn int
	right, bottom := 4*(dw-1), dst.Stride*(dh-1)
	switch o {
	case 2:
		start, alongRow, downColumn = right, -4, dst.Stride
	case 3:
		start, alongRow, downColumn = right+bottom, -4, -dst.Stride
	case 4:
		start, alongRow, downColumn = bottom, 4, -dst.Stride
	case 5:
		start, alongRow, downColumn = 0, dst.Stride, 4
	case 6:
		start, alongRow, downColumn = right, dst.Stride, -4
	case 7:
		start, alongRow, downColumn = right+bottom, -dst.Stride, -4
	case 8:
		start, alongRow, downColumn = bottom, -dst.Stride, 4
	}
	le := binary.LittleEndian
	for y := range h {
		row := src.Pix[y*src.Stride : y*src.Stride+4*w]
		at := start + y*downColumn
		for ; len(row) >= 4; row = row[4:] {
			le.PutUint32(dst.Pix[at:], le.Uint32(row))
			at += alongRow
		}
	}
	return dst
}
