package imageproc

import (
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
	b := img.Bounds()
	switch m := img.(type) {
	case *image.YCbCr:
		return func(y int, dst []byte) {
			for i := 0; i < len(dst); i += 4 {
				yi, ci := m.YOffset(b.Min.X+i/4, y), m.COffset(b.Min.X+i/4, y)
				dst[i], dst[i+1], dst[i+2] = color.YCbCrToRGB(m.Y[yi], m.Cb[ci], m.Cr[ci])
				dst[i+3] = 0xFF
			}
		}
	case *image.Gray:
		return func(y int, dst []byte) {
			src := m.Pix[m.PixOffset(b.Min.X, y):]
			for i := 0; i < len(dst); i += 4 {
				v := src[i/4]
				dst[i], dst[i+1], dst[i+2], dst[i+3] = v, v, v, 0xFF
			}
		}
	case *image.NRGBA:
		return func(y int, dst []byte) { copy(dst, m.Pix[m.PixOffset(b.Min.X, y):]) }
	case *image.RGBA:
		if m.Opaque() {
			return func(y int, dst []byte) { copy(dst, m.Pix[m.PixOffset(b.Min.X, y):]) }
		}
	case *image.Paletted:
		return palettedRows(m)
	}
	return func(y int, dst []byte) {
		for i := 0; i < len(dst); i += 4 {
			c := color.NRGBAModel.Convert(img.At(b.Min.X+i/4, y)).(color.NRGBA)
			dst[i], dst[i+1], dst[i+2], dst[i+3] = c.R, c.G, c.B, c.A
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

// orient turns a picture so that it stands as EXIF orientation o says, CIPA
// DC-008 §4.6.4: row 0 and column 0 of the stored picture are, in display, top
// and left (1), top and right (2), bottom right (3), bottom left (4), left top
// (5), right top (6), right bottom (7), left bottom (8).
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
	for y := range h {
		for x := range w {
			var dx, dy int
			switch o {
			case 2:
				dx, dy = w-1-x, y
			case 3:
				dx, dy = w-1-x, h-1-y
			case 4:
				dx, dy = x, h-1-y
			case 5:
				dx, dy = y, x
			case 6:
				dx, dy = h-1-y, x
			case 7:
				dx, dy = h-1-y, w-1-x
			case 8:
				dx, dy = y, w-1-x
			}
			copy(dst.Pix[dy*dst.Stride+4*dx:], src.Pix[y*src.Stride+4*x:y*src.Stride+4*x+4])
		}
	}
	return dst
}
