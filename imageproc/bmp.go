package imageproc

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// BMP is Windows' device-independent bitmap in a file: a header of 14 bytes, then
// one of 12 to 124 with the fields of BITMAPCOREHEADER, BITMAPINFOHEADER,
// BITMAPV4HEADER or BITMAPV5HEADER ([MS-WMF] §2.2.2.9, wingdi.h), a palette, and
// rows of pixels that begin where the first header says.
const (
	bmpHead = 14 // BITMAPFILEHEADER
	bmpCore = 12
	bmpInfo = 40
	bmpV3   = 56 // with a mask for alpha
	bmpV4   = 108
	bmpV5   = 124

	// What runs make of a file is 128 times as long at most, but for rows that are
	// blank or missing. Of those no more than this is written out.
	bmpBlank = 16 << 20

	bmpPlain, bmpRLE8, bmpRLE4         = 0, 1, 2
	bmpMasks, bmpJPEG, bmpPNG, bmpArgb = 3, 4, 5, 6

	bmpEmbedded, bmpLinked, bmpSRGB = 0x4D424544, 0x4C494E4B, 0x73524742 // bV5CSType
)

// bmpParser reads a file and writes its pixels anew in one of the forms that every
// decoder knows: a palette and 1, 4 or 8 bits for a pixel, 24 bits, or 32 with
// alpha; rows from the bottom up. Nothing of the input goes over as it is, so
// that no reserved byte, padding, unused bit or gap has a way through.
type bmpParser struct {
	data          []byte
	pic           *picture
	head          int // bytes of the second header
	width, height int
	down          bool // the rows' order: from the top
	bits          int
	compression   uint32
	masks         [4]uint32 // red, green, blue, alpha
	palette       []byte    // four bytes for an entry: blue, green, red, 0
	headEnd, at   int       // of headers and palette; of the pixels
	end           int       // of what was read of the pixels

	outBits int
	stride  int
	rows    []byte // of the output
}

func parseBMP(data []byte, lim Limits, x extras) (*picture, error) {
	p := &bmpParser{data: data, pic: &picture{format: BMP, orientation: 1, channels: 3}}
	if err := p.header(lim); err != nil {
		return nil, err
	}
	if err := p.colours(); err != nil {
		return nil, err
	}
	p.pic.width, p.pic.height = p.width, p.height
	p.layout()
	// A few bytes may stand for many pixels where runs are coded, or rows are missing.
	p.pic.size = int64(len(data))
	stride := bmpStride(p.width, p.outBits)
	if most := max(bmpBlank, 128*int64(len(data))); stride*int64(p.height) > most {
		return nil, p.fail("header", bmpHead, ErrTooLarge, "%d bytes of pixels from a file of %d", stride*int64(p.height), len(data))
	}
	if err := p.pic.afford(stride*int64(p.height), lim); err != nil {
		return nil, err
	}
	p.stride = int(stride)
	p.rows = make([]byte, p.stride*p.height)
	if err := p.pixels(); err != nil {
		return nil, err
	}
	p.rest()
	x.settle(p.pic)
	p.write()
	return p.pic, nil
}

func (p *bmpParser) fail(part string, at int, sentinel error, format string, args ...any) error {
	return &FormatError{Format: BMP, Part: part, Offset: int64(at), Reason: fmt.Sprintf(format, args...), Err: sentinel}
}

// field reads four bytes of the second header; those it is too short for are 0.
func (p *bmpParser) field(at int) uint32 {
	if at+4 > p.head {
		return 0
	}
	return binary.LittleEndian.Uint32(p.data[bmpHead+at:])
}

// header reads both headers.
func (p *bmpParser) header(lim Limits) error {
	if len(p.data) < bmpHead+4 {
		return p.fail("header", len(p.data), ErrCorrupt, "the file is truncated")
	}
	p.head = int(binary.LittleEndian.Uint32(p.data[bmpHead:]))
	if len(p.data) < bmpHead+p.head {
		return p.fail("header", len(p.data), ErrCorrupt, "the file is truncated")
	}
	width, height := int64(int32(p.field(4))), int64(int32(p.field(8)))
	p.bits = int(p.field(12) >> 16)
	if p.head == bmpCore {
		size := p.field(4)
		width, height, p.bits = int64(size&0xFFFF), int64(size>>16), int(p.field(8)>>16)
	}
	p.down, height = height < 0, max(height, -height)
	if width <= 0 || height == 0 {
		return p.fail("header", bmpHead+4, ErrCorrupt, "%d × %d pixels", width, height)
	}
	if err := checkSize(BMP, "header", bmpHead+4, width, height, lim); err != nil {
		return err
	}
	p.width, p.height, p.compression = int(width), int(height), p.field(16)
	switch {
	case p.head == 64 && p.compression > bmpRLE4:
		return p.fail("header", bmpHead+16, ErrUnsupported, "a compression of OS/2 is not supported")
	case p.compression == bmpJPEG, p.compression == bmpPNG:
		return p.fail("header", bmpHead+16, ErrUnsupported, "JPEG and PNG for printers are not supported")
	}
	fits := false
	switch p.compression {
	case bmpPlain:
		fits = p.bits == 1 || p.bits == 2 || p.bits == 4 || p.bits == 8 || p.bits == 16 || p.bits == 24 || p.bits == 32
	case bmpRLE8:
		fits = p.bits == 8
	case bmpRLE4:
		fits = p.bits == 4
	case bmpMasks, bmpArgb:
		fits = p.bits == 16 || p.bits == 32
	}
	if !fits {
		return p.fail("header", bmpHead+14, ErrUnsupported, "%d bits for a pixel with compression %d are not supported", p.bits, p.compression)
	}
	return nil
}

// colours reads masks and palette, and where the pixels begin.
func (p *bmpParser) colours() error {
	p.headEnd = bmpHead + p.head
	if err := p.readMasks(); err != nil {
		return err
	}
	p.at = int(binary.LittleEndian.Uint32(p.data[10:]))
	if p.at < p.headEnd || p.at > len(p.data) {
		return p.fail("header", 10, ErrCorrupt, "pixels at %d, where there can be none", p.at)
	}
	if p.bits > 8 {
		return nil
	}
	entry := 4
	if p.head == bmpCore {
		entry = 3
	}
	count := 1 << p.bits
	if used := p.field(32); used > 0 && used < uint32(count) {
		count = int(used)
	}
	count = min(count, (p.at-p.headEnd)/entry)
	p.palette = make([]byte, 0, 4*count)
	odd := 0
	for i := range count {
		c := p.data[p.headEnd+i*entry:][:entry]
		p.palette = append(p.palette, c[0], c[1], c[2], 0)
		if entry == 4 && c[3] != 0 {
			odd++
		}
	}
	if odd > 0 {
		p.pic.found.add("reserved bytes of the palette", odd, 0)
	}
	p.headEnd += count * entry
	return nil
}

// readMasks finds out which bits of a pixel are which colour.
func (p *bmpParser) readMasks() error {
	switch {
	case p.bits == 16:
		p.masks = [4]uint32{0x7C00, 0x03E0, 0x001F}
	case p.bits == 32:
		p.masks = [4]uint32{0xFF0000, 0x00FF00, 0x0000FF}
	default:
		return nil
	}
	if p.head >= bmpV3 {
		p.masks[3] = p.field(52)
	}
	if p.compression == bmpMasks || p.compression == bmpArgb {
		n := 3
		if p.compression == bmpArgb {
			n = 4
		}
		from := bmpHead + bmpInfo
		if p.head == bmpInfo { // they follow
			p.headEnd += 4 * n
		} else if p.head < bmpInfo+4*n {
			return p.fail("header", bmpHead, ErrCorrupt, "a header of %d bytes has no masks", p.head)
		}
		if len(p.data) < from+4*n {
			return p.fail("header", len(p.data), ErrCorrupt, "the file is truncated")
		}
		for i := range n {
			p.masks[i] = binary.LittleEndian.Uint32(p.data[from+4*i:])
		}
	}
	all := uint64(0)
	for _, m := range p.masks {
		low := uint64(m) >> bits.TrailingZeros32(m|1<<31)
		if low&(low+1) != 0 || uint64(m)&all != 0 || uint64(m) >= 1<<p.bits {
			if p.compression == bmpPlain { // then the mask for alpha means nothing
				p.masks[3] = 0
				return nil
			}
			return p.fail("header", bmpHead+bmpInfo, ErrCorrupt, "masks are not valid")
		}
		all |= uint64(m)
	}
	return nil
}

// layout chooses the form of the output.
func (p *bmpParser) layout() {
	switch {
	case p.masks[3] != 0:
		p.outBits = 32
	case p.bits > 8:
		p.outBits = 24
	case p.bits == 2 || p.compression != bmpPlain:
		p.outBits = 8
	default:
		p.outBits = p.bits
	}
	pixels := int64(p.width) * int64(p.height)
	p.pic.alpha = p.outBits == 32
	if p.pic.memory = 4 * pixels; p.outBits <= 8 {
		p.pic.memory = pixels
	}
}

// bmpStride is the length of a row in bytes.
func bmpStride(width, depth int) int64 { return (int64(width)*int64(depth) + 31) / 32 * 4 }

// rest says what there is beside headers, palette and pixels, and reads the
// colour profile.
func (p *bmpParser) rest() {
	pic := p.pic
	if reserved := p.data[6:10]; string(reserved) != "\x00\x00\x00\x00" {
		pic.found.add("reserved bytes of the header", 4, 0)
	}
	p.aside("bytes before the pixels", p.data[p.headEnd:p.at], 0)
	from, to := p.profile()
	if from < p.end { // not behind the pixels
		from, to = p.end, p.end
	}
	for _, part := range [][]byte{p.data[p.end:from], p.data[to:]} {
		p.aside("bytes after the pixels", part, trailerClasses(part))
	}
}

func (p *bmpParser) aside(carrier string, data []byte, classes classSet) {
	if len(data) == 0 {
		return
	}
	p.pic.texts.trailer(data)
	p.pic.found.add(carrier, len(data), classes)
}

// profile reads the colour profile of BITMAPV5HEADER, embedded or the name of a
// file, and returns where it lies.
func (p *bmpParser) profile() (from, to int) {
	kind := p.field(56)
	if p.head < bmpV5 || kind != bmpEmbedded && kind != bmpLinked {
		return p.end, p.end
	}
	start, size := int64(p.field(112))+bmpHead, int64(p.field(116))
	if start < int64(p.end) || start+size > int64(len(p.data)) {
		return p.end, p.end
	}
	data := p.data[start : start+size]
	if kind == bmpLinked {
		p.aside("name of a colour profile", data, setOf(Device, Person))
	} else if p.pic.icc = cleanICC(data, p.pic); p.pic.icc == nil {
		p.aside("colour profile", data, 0)
	} else if extra := len(data) - len(checkICC(data)); extra > 0 {
		p.pic.found.add("bytes after ICC profile", extra, 0)
	}
	return int(start), int(start + size)
}

// write puts the output together.
func (p *bmpParser) write() {
	head := bmpInfo
	switch {
	case p.pic.icc != nil:
		head = bmpV5
	case p.outBits == 32:
		head = bmpV4
	}
	var palette []byte
	if p.outBits <= 8 {
		palette = make([]byte, 4<<p.outBits)
		copy(palette, p.palette)
	}
	pixelsAt := bmpHead + head + len(palette)
	total := pixelsAt + len(p.rows) + len(p.pic.icc)
	le := binary.LittleEndian
	h := make([]byte, bmpHead+head)
	copy(h, "BM")
	le.PutUint32(h[2:], uint32(total))
	le.PutUint32(h[10:], uint32(pixelsAt))
	info := h[bmpHead:]
	le.PutUint32(info, uint32(head))
	le.PutUint32(info[4:], uint32(p.width))
	le.PutUint32(info[8:], uint32(p.height))
	le.PutUint16(info[12:], 1)
	le.PutUint16(info[14:], uint16(p.outBits))
	le.PutUint32(info[20:], uint32(len(p.rows)))
	if head > bmpInfo {
		if p.outBits == 32 {
			le.PutUint32(info[16:], bmpMasks)
			for i, m := range []uint32{0xFF0000, 0x00FF00, 0x0000FF, 0xFF000000} {
				le.PutUint32(info[40+4*i:], m)
			}
		}
		le.PutUint32(info[56:], bmpSRGB)
	}
	if p.pic.icc != nil {
		le.PutUint32(info[56:], bmpEmbedded)
		le.PutUint32(info[108:], 4) // LCS_GM_IMAGES
		le.PutUint32(info[112:], uint32(total-len(p.pic.icc)-bmpHead))
		le.PutUint32(info[116:], uint32(len(p.pic.icc)))
	}
	p.pic.out.add(h, palette, p.rows, p.pic.icc)
}
