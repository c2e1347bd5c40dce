package person

import (
	"image"
	"image/color"
)

// rowReader returns a function that writes row y of img, as R, G, B bytes, to
// dst. What is transparent is seen on white, as product pictures are shown.
func rowReader(img image.Image) func(dst []byte, y int) {
	b := img.Bounds()
	switch img := img.(type) {
	case *image.RGBA:
		return func(dst []byte, y int) {
			src := img.Pix[img.PixOffset(b.Min.X, y):][:4*b.Dx()]
			for i, j := 0, 0; i < len(src); i, j = i+4, j+3 {
				white := 255 - src[i+3] // what premultiplied colours leave open
				dst[j], dst[j+1], dst[j+2] = src[i]+white, src[i+1]+white, src[i+2]+white
			}
		}
	case *image.NRGBA:
		return func(dst []byte, y int) {
			src := img.Pix[img.PixOffset(b.Min.X, y):][:4*b.Dx()]
			for i, j := 0, 0; i < len(src); i, j = i+4, j+3 {
				a := uint32(src[i+3])
				if a == 255 {
					dst[j], dst[j+1], dst[j+2] = src[i], src[i+1], src[i+2]
					continue
				}
				for c := range 3 {
					dst[j+c] = byte((uint32(src[i+c])*a + 255*(255-a) + 127) / 255)
				}
			}
		}
	case *image.YCbCr:
		return func(dst []byte, y int) {
			for x := b.Min.X; x < b.Max.X; x++ {
				luma, chroma := img.YOffset(x, y), img.COffset(x, y)
				j := 3 * (x - b.Min.X)
				dst[j], dst[j+1], dst[j+2] = color.YCbCrToRGB(img.Y[luma], img.Cb[chroma], img.Cr[chroma])
			}
		}
	case *image.Gray:
		return func(dst []byte, y int) {
			for i, v := range img.Pix[img.PixOffset(b.Min.X, y):][:b.Dx()] {
				dst[3*i], dst[3*i+1], dst[3*i+2] = v, v, v
			}
		}
	}
	return func(dst []byte, y int) {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, a := img.At(x, y).RGBA()
			j, white := 3*(x-b.Min.X), 0xffff-a
			dst[j], dst[j+1], dst[j+2] = byte((r+white)>>8), byte((g+white)>>8), byte((bl+white)>>8)
		}
	}
}
