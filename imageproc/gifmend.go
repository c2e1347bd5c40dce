package imageproc

import (
	"bytes"
	"compress/lzw"
	"slices"
)

// maxMendedGIF bounds the pixels of all pictures of a file that are coded anew.
const maxMendedGIF = 32 << 20

// gifFrame is a picture whose codes break off or break the rules, taken apart so that
// it can be coded anew.
type gifFrame struct {
	control []byte // a graphic control extension, or nil
	head    []byte // the image descriptor
	colours []byte // the table that counts for it
	local   bool   // which is its own
	size    byte   // of LZW's codes
	codes   []byte
}

// mendFrame writes the pixels that players show of a broken picture, and
// transparency in place of those that they do not.
func (p *gifParser) mendFrame(at int, f *gifFrame) error {
	width, height := int(f.head[5])+256*int(f.head[6]), int(f.head[7])+256*int(f.head[8])
	if p.mended += width * height; p.mended > maxMendedGIF {
		return p.fail("image", at, ErrTooLarge, "too many pixels of broken pictures")
	}
	p.pic.alpha = p.pic.alpha || p.frames == 1
	pixels := lzwPixels(f.size, f.codes, width*height)
	if missing := width*height - len(pixels); missing > 0 {
		index, ok := f.transparent(pixels)
		rows := len(pixels) / width
		if interlaced := f.head[9]&0x40 != 0; !ok && !interlaced && rows > 0 {
			pixels, missing = pixels[:rows*width], 0
			f.head[7], f.head[8] = byte(rows), byte(rows>>8)
		}
		pixels = append(pixels, bytes.Repeat([]byte{index}, missing)...)
	}
	literal := byte(2)
	for len(f.colours) > 3<<literal {
		literal++
	}
	for i, v := range pixels {
		if int(v) >= 1<<literal {
			pixels[i] = 0 // behind the end of the table: what it shows, no two players agree on
		}
	}
	if f.head[9] &^= 0x87; f.local {
		for size := 6; size < len(f.colours); size *= 2 {
			f.head[9]++
		}
		f.head[9] |= 0x80
	}
	p.pixels.add(f.control, f.head)
	if f.local {
		p.pixels.add(f.colours)
	}
	p.pixels.add([]byte{literal})
	var coded bytes.Buffer
	w := lzw.NewWriter(&coded, lzw.LSB, int(literal))
	_, _ = w.Write(pixels) // a buffer takes all
	_ = w.Close()
	for block := range slices.Chunk(coded.Bytes(), 255) {
		p.pixels.add([]byte{byte(len(block))}, block)
	}
	p.pixels.add(zeroByte)
	return nil
}

// transparent has an index show nothing: the one that does so far, or one that no
// pixel uses, for which the table may have to grow. It is not ok if there is none.
func (f *gifFrame) transparent(pixels []byte) (index byte, ok bool) {
	if f.control != nil && f.control[3]&1 == 1 {
		return f.control[6], true
	}
	var used [256]bool
	for _, v := range pixels {
		used[v] = true
	}
	free := slices.Index(used[:], false)
	if free < 0 {
		return 0, false
	}
	if 3*free >= len(f.colours) {
		larger := make([]byte, 6)
		for len(larger) <= 3*free {
			larger = make([]byte, 2*len(larger))
		}
		copy(larger, f.colours)
		f.colours, f.local = larger, true
	}
	if f.control == nil {
		f.control = []byte{gifExtension, gifControl, 4, 0, 0, 0, 0, 0}
	}
	f.control = bytes.Clone(f.control)
	f.control[3] |= 1
	f.control[6] = byte(free)
	return byte(free), true
}

// validCodes says whether codes can begin with that size.
func validCodes(size byte) bool { return size >= 1 && size <= 11 }

// lzwPixels follows codes, appendix F, as far as they make sense.
func lzwPixels(size byte, codes []byte, most int) []byte {
	if !validCodes(size) {
		return nil
	}
	var before [4096]uint16 // the code for all of its pixels but the last
	var last, first [4096]byte
	var length [4096]uint16
	clearCode := 1 << size
	for i := range clearCode {
		last[i], first[i], length[i] = byte(i), byte(i), 1
	}
	var out []byte
	next, width := clearCode+2, uint(size)+1
	previous := -1
	bits, held := uint32(0), uint(0)
	for len(out) < most {
		for held < width {
			if len(codes) == 0 {
				return out
			}
			bits |= uint32(codes[0]) << held
			codes, held = codes[1:], held+8
		}
		code := int(bits & (1<<width - 1))
		bits, held = bits>>width, held-width
		switch {
		case code == clearCode:
			next, width, previous = clearCode+2, uint(size)+1, -1
			continue
		case code == clearCode+1 || code > next || code > clearCode && previous < 0 || code == next && next == 4096:
			return out
		}
		if previous >= 0 && next < 4096 {
			before[next], first[next], length[next] = uint16(previous), first[previous], length[previous]+1
			last[next] = first[code]
			if code == next {
				last[next] = first[previous]
			}
			if next++; next == 1<<width && width < 12 {
				width++
			}
		}
		previous = code
		at := len(out)
		out = append(out, make([]byte, length[code])...)
		for i := len(out) - 1; i >= at; i-- {
			out[i] = last[code]
			code = int(before[code])
		}
	}
	return out[:most]
}
