package imageproc

import (
	"bufio"
	"encoding/binary"
	"image"
	"image/gif"
	"io"

	"golang.org/x/image/webp"
)

// The decoders of WebP and GIF are handed outputs of the parser only, whose
// sizes it has checked and charged. Of an animation they see the first frame, as
// a file of its own, so that no more is decoded than is shown.

// decodeWebP decodes a still, or the first frame of an animation on a
// transparent canvas. x/image asks for an ALPH chunk where VP8X says alpha and
// refuses it elsewhere, so that flag is set by what there is.
func decodeWebP(r io.Reader) (image.Image, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(30)
	if err != nil || string(head[12:16]) != "VP8X" {
		return decodeStill(br)
	}
	canvas := image.Rect(0, 0, 1+int(uint24(head[24:])), 1+int(uint24(head[27:])))
	left := int64(binary.LittleEndian.Uint32(head[4:])) + 8 - 30
	size := [6]byte(head[24:])
	if _, err := br.Discard(30); err != nil {
		return nil, err
	}
	var c [24]byte // a chunk's framing, and of ANMF its header
	for {
		next, err := br.Peek(8)
		if err != nil {
			return nil, err
		}
		if copy(c[:], next); string(c[:4]) == "ANMF" || isPicture(string(c[:4])) {
			break
		}
		n := 8 + int64(binary.LittleEndian.Uint32(c[4:]))
		n += n & 1
		if _, err := io.CopyN(io.Discard, br, n); err != nil {
			return nil, err
		}
		left -= n
	}
	moving := string(c[:4]) == "ANMF"
	if moving {
		if _, err := io.ReadFull(br, c[:]); err != nil {
			return nil, err
		}
		left, size = int64(binary.LittleEndian.Uint32(c[4:]))-16, [6]byte(c[14:])
	}
	file := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(22+left))
	file = append(file, "WEBPVP8X\x0A\x00\x00\x00"...)
	flags := byte(0)
	if typ, err := br.Peek(4); err == nil && string(typ) == "ALPH" {
		flags = webpAlpha
	}
	file = append(append(file, flags, 0, 0, 0), size[:]...)
	img, err := decodeStill(io.MultiReader(sliceReader(file), io.LimitReader(br, left)))
	if err != nil || !moving {
		return img, err
	}
	return onCanvas(img, canvas, 2*int(uint24(c[8:])), 2*int(uint24(c[11:]))), nil
}

// decodeStill undoes what x/image leaves undone: VP8 has luma from 16 to 235 and
// chroma from 16 to 240, RFC 6386 §9.2, and the planes of package image reach
// from 0 to 255.
func decodeStill(r io.Reader) (image.Image, error) {
	img, err := webp.Decode(r)
	switch m := img.(type) {
	case *image.YCbCr:
		fullRange(m)
	case *image.NYCbCrA:
		fullRange(&m.YCbCr)
	}
	return img, err
}

func fullRange(m *image.YCbCr) {
	stretch := func(plane []byte, zero, span int) {
		var table [256]byte
		for v := range table {
			full := (v-zero)*255*2 + span // twice, and half a step for rounding
			if zero == 128 {
				full += 128 * 2 * span
			}
			table[v] = byte(max(0, min(255, floorDiv(full, 2*span))))
		}
		for i, v := range plane {
			plane[i] = table[v]
		}
	}
	stretch(m.Y, 16, 219)
	stretch(m.Cb, 128, 224)
	stretch(m.Cr, 128, 224)
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// decodeGIF decodes the first picture, on a transparent canvas where it does not
// fill it.
func decodeGIF(r io.Reader) (image.Image, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	file := make([]byte, 13, 13+768+8+10)
	if _, err := io.ReadFull(br, file); err != nil {
		return nil, err
	}
	table := tableSize(file[10])
	file = file[:13+table]
	if _, err := io.ReadFull(br, file[13:]); err != nil {
		return nil, err
	}
	var d [9]byte
	for {
		introducer, err := br.ReadByte()
		if err != nil {
			return nil, err
		}
		if introducer == gifImage {
			break
		}
		label, err := br.ReadByte()
		if err != nil {
			return nil, err
		}
		for {
			n, err := br.ReadByte()
			if err != nil {
				return nil, err
			}
			if n == 0 {
				break
			}
			block := make([]byte, n)
			if _, err := io.ReadFull(br, block); err != nil {
				return nil, err
			}
			if label == gifControl {
				file = append(append(append(file, gifExtension, gifControl, 4), block...), 0)
			}
		}
	}
	if _, err := io.ReadFull(br, d[:]); err != nil {
		return nil, err
	}
	u := func(b []byte) int { return int(binary.LittleEndian.Uint16(b)) }
	left, top := u(d[:]), u(d[2:])
	canvas := image.Rect(0, 0, max(u(file[6:]), left+u(d[4:])), max(u(file[8:]), top+u(d[6:])))
	copy(file[6:10], d[4:8]) // a screen of the picture's size
	clear(d[:4])
	file = append(append(file, gifImage), d[:]...)
	img, err := gif.Decode(io.MultiReader(sliceReader(file), br))
	if err != nil {
		return nil, err
	}
	return onCanvas(img, canvas, left, top), nil
}

// onCanvas lays img on a transparent canvas, unless it fills it.
func onCanvas(img image.Image, canvas image.Rectangle, left, top int) image.Image {
	if img.Bounds() == canvas {
		return img
	}
	dst := image.NewNRGBA(canvas)
	b := img.Bounds()
	at := image.Rect(left, top, left+b.Dx(), top+b.Dy())
	row := rowReader(img)
	for y := range b.Dy() {
		i := dst.PixOffset(at.Min.X, at.Min.Y+y)
		row(b.Min.Y+y, dst.Pix[i:i+4*b.Dx()])
	}
	return dst
}

func sliceReader(b []byte) io.Reader { return rope{b}.reader() }
