package jpegenc

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Sampling says which planes a picture has.
type Sampling uint8

const (
	Grey     Sampling = iota // Y
	YCbCr420                 // Y, and Cb and Cr at half the width and height, rounded up
	YCbCr444                 // all three at full size
)

// Options configures Start.
type Options struct {
	Quality int // 1 to 100
	// Optimise makes Huffman tables for this picture: some per cent smaller, and
	// all coefficients are kept in memory until Finish, two bytes a sample.
	Optimise bool
	// TwoPass makes the same tables without the memory: all bands are given to Count,
	// in their order, before the first one to Band.
	TwoPass bool
}

// Plane is rows of samples, Stride apart.
type Plane struct {
	Pix    []byte
	Stride int
}

// Encoder is a workspace. It may be used again, and is not safe for use by
// several goroutines at once. The zero value is ready for Start.
type Encoder struct {
	width, height int
	sampling      Sampling
	optimise      bool
	counting      bool // with TwoPass, until the tables are made
	quant         [2][64]uint8
	divide        [2]*divisors
	quality       int // that divide is for
	transform     func(out *[64]int16, src []byte, stride int, d *divisors) uint64

	out   []byte
	raw   []byte // entropy-coded data before zeros are stuffed in
	waits int    // how much of it there is
	acc   uint64 // bits not in raw yet, from the top on
	count uint   // how many, less than 8

	row  int // of luma, the next to come
	last [3]int16
	dc   [2][16]word
	ac   [2][256]word
	kept []block // with optimise
	freq [2][2][257]int

	symbols [2][2][256]uint8 // of tables made for the picture
	before  [2 << 10]byte    // the head, until it is known what follows takes
	edge    [64]byte
	coef    [64]int16
}

// mostBlocks is how many stay for the next picture: some 5 megapixels.
const mostBlocks = 1 << 17

// block is quantised coefficients.
type block struct {
	coef    [64]int16 // natural order
	nonzero uint64
	plane   uint8
}

// Start begins a picture of width×height samples, both 1 to 65535.
func (e *Encoder) Start(width, height int, s Sampling, o Options) {
	e.width, e.height, e.sampling, e.optimise, e.counting = width, height, s, o.Optimise, o.TwoPass && !o.Optimise
	if e.divide[0] == nil || e.quality != o.Quality {
		e.quality = o.Quality
		for i := range e.quant {
			e.quant[i] = quantTable(&baseQuant[i], o.Quality)
			e.divide[i] = newDivisors(&e.quant[i])
		}
	}
	e.transform = bestKernel().transform
	if e.raw == nil {
		e.raw = make([]byte, waiting)
	}
	e.acc, e.count, e.waits, e.row, e.last = 0, 0, 0, 0, [3]int16{}
	e.kept, e.freq = e.kept[:0], [2][2][257]int{}
	if e.counting {
		e.out = e.before[:0]
	} else {
		e.out = make([]byte, 0, width*height/4+4<<10) // what a photo of usual quality takes
	}
	e.head()
	if e.optimise || e.counting {
		return
	}
	for i := range e.classes() {
		e.words(i, &standardDC[i], &standardAC[i])
		e.huffman(i, &standardDC[i], &standardAC[i])
	}
	e.scan()
}

// BandRows is how many rows of luma a band has: 16 for 4:2:0, else 8.
func (e *Encoder) BandRows() int {
	if e.sampling == YCbCr420 {
		return 16
	}
	return 8
}

// planes is how many there are, classes how many kinds of tables they use.
func (e *Encoder) planes() int {
	if e.sampling == Grey {
		return 1
	}
	return 3
}

func (e *Encoder) classes() int { return min(e.planes(), 2) }

// Band adds the next BandRows rows, or what is left of them. Rows of a plane hold
// whole blocks of 8 samples: what the picture lacks there, [Convert] or [Pad] makes
// up. Rows beyond the picture are not read.
func (e *Encoder) Band(b *[3]Plane) {
	rows := min(e.BandRows(), e.height-e.row)
	if rows <= 0 {
		return
	}
	if e.counting {
		e.counting, e.last = false, [3]int16{}
		e.tables()
		e.out = append(make([]byte, 0, len(e.out)+e.expected()), e.out...)
		e.scan()
	}
	e.blocks(b, rows)
	e.row += rows
}

// Count counts the symbols of a band of rows rows for the tables.
func (e *Encoder) Count(b *[3]Plane, rows int) { e.blocks(b, rows) }

// blocks goes through the blocks of a band.
func (e *Encoder) blocks(b *[3]Plane, rows int) {
	if e.sampling == YCbCr420 {
		e.band420(b, rows)
	} else {
		for x := 0; x < e.width; x += 8 {
			for c := range e.planes() {
				e.add(c, b[c], x, 0, rows)
			}
		}
	}
}

// band420 goes through a row of MCUs: two by two blocks of Y, one of Cb, one of
// Cr. A block of Y that lies wholly beyond the picture is its predecessor's mean.
func (e *Encoder) band420(b *[3]Plane, rows int) {
	for x := 0; x < e.width; x += 16 {
		for y := 0; y < 16; y += 8 {
			for right := 0; right < 16; right += 8 {
				if x+right < e.width && y < rows {
					e.add(0, b[0], x+right, y, rows)
				} else {
					e.dummy()
				}
			}
		}
		e.add(1, b[1], x/2, 0, (rows+1)/2)
		e.add(2, b[2], x/2, 0, (rows+1)/2)
	}
}

// add codes the block of plane c whose first sample is at x, y; there are rows rows.
func (e *Encoder) add(c int, p Plane, x, y, rows int) {
	src, stride := p.Pix[y*p.Stride+x:], p.Stride
	if y+8 > rows {
		for i := range 8 {
			copy(e.edge[8*i:8*i+8], src[min(i, rows-1-y)*stride:])
		}
		src, stride = e.edge[:], 8
	}
	class := min(c, 1)
	if e.optimise || e.counting {
		k := e.keep(c)
		k.nonzero = e.transform(&k.coef, src, stride, e.divide[class])
		e.tally(k)
		return
	}
	nonzero := e.transform(&e.coef, src, stride, e.divide[class])
	e.code(c, &e.coef, nonzero)
}

// dummy is a block of Y outside the picture.
func (e *Encoder) dummy() {
	if !e.optimise && !e.counting {
		e.coef[0] = e.last[0]
		e.code(0, &e.coef, 0)
		return
	}
	k := e.keep(0)
	k.coef, k.nonzero = [64]int16{e.last[0]}, 0
	e.tally(k)
}

// keep returns room for a block: where they are counted, that of the last one.
func (e *Encoder) keep(c int) *block {
	if e.counting {
		e.kept = e.kept[:0]
	}
	if len(e.kept) == cap(e.kept) {
		e.kept = append(e.kept, block{})
	} else {
		e.kept = e.kept[:len(e.kept)+1]
	}
	k := &e.kept[len(e.kept)-1]
	k.plane = uint8(c)
	return k
}

// most is the room that the codes of a block need: 64 of up to 26 bits, and 8 bytes
// to write beyond them. Bits wait for their zeros in room for many blocks.
const (
	most    = 64*26/8 + 8
	waiting = 8<<10 + most
)

// code writes a block. nonzero is in natural order; its lowest bit, the DC
// coefficient, does not matter. After each symbol eight bytes are written and the
// whole ones among them count: what depends on the data is then no branch.
func (e *Encoder) code(c int, coef *[64]int16, nonzero uint64) {
	if len(e.raw)-e.waits < most {
		e.stuff()
	}
	class := min(c, 1)
	to, n := e.raw[e.waits:], 0
	acc, count := e.acc, e.count

	value, size := magnitude(int32(coef[0] - e.last[c]))
	e.last[c] = coef[0]
	word := e.dc[class][size&15]
	count += word.length()
	acc |= (word.bits() | value) << (-count & 63)
	binary.BigEndian.PutUint64(to, acc)
	n, acc, count = n+int(count>>3), acc<<(count&56), count&7
	ac := &e.ac[class]
	next := uint(1) // the position after the one coded last
	for left := inZigzag(nonzero &^ 1); left != 0; left &= left - 1 {
		z := uint(bits.TrailingZeros64(left)) & 63
		run := z - next
		next = z + 1
		for ; run > 15; run -= 16 {
			word := ac[0xF0]
			count += word.length()
			acc |= word.bits() << (-count & 63)
			binary.BigEndian.PutUint64(to[n:], acc)
			n, acc, count = n+int(count>>3), acc<<(count&56), count&7
		}
		value, size := magnitude(int32(coef[zigzag[z]&63]))
		word := ac[(run<<4|size)&255]
		count += word.length()
		acc |= (word.bits() | value) << (-count & 63)
		binary.BigEndian.PutUint64(to[n:], acc)
		n, acc, count = n+int(count>>3), acc<<(count&56), count&7
	}
	if next != 64 {
		word := ac[0]
		count += word.length()
		acc |= word.bits() << (-count & 63)
		binary.BigEndian.PutUint64(to[n:], acc)
		n, acc, count = n+int(count>>3), acc<<(count&56), count&7
	}
	e.waits += n
	e.acc, e.count = acc, count
}

// stuff moves what waits to the file, with a zero after each byte of ones (T.81
// F.1.2.3).
func (e *Encoder) stuff() {
	for raw := e.raw[:e.waits]; len(raw) > 0; {
		ones := bytes.IndexByte(raw, 0xFF)
		if ones < 0 {
			e.out = append(e.out, raw...)
			break
		}
		e.out = append(append(e.out, raw[:ones+1]...), 0)
		raw = raw[ones+1:]
	}
	e.waits = 0
}

// inZigzag brings a set of positions from natural to zigzag order.
func inZigzag(natural uint64) uint64 {
	t := &zigzagSets
	return t[0][byte(natural)] | t[1][byte(natural>>8)] | t[2][byte(natural>>16)] | t[3][byte(natural>>24)] |
		t[4][byte(natural>>32)] | t[5][byte(natural>>40)] | t[6][byte(natural>>48)] | t[7][byte(natural>>56)]
}

// magnitude gives the bits that follow a Huffman code, and how many (T.81
// F.1.2.1): the number itself, less one where it is negative.
func magnitude(v int32) (value uint64, size uint) {
	sign := v >> 31
	size = uint(bits.Len32(uint32((v ^ sign) - sign)))
	return uint64(uint32(v+sign) & (1<<(size&31) - 1)), size
}

// Finish ends the picture and returns the file, which the encoder does not keep.
func (e *Encoder) Finish() []byte {
	if e.optimise {
		e.second()
	}
	if e.count > 0 { // T.81 F.1.2.3: filled up with ones
		binary.BigEndian.PutUint64(e.raw[e.waits:], e.acc|(1<<(64-e.count)-1))
		e.waits++
	}
	e.stuff()
	out := append(e.out, 0xFF, 0xD9) // EOI
	e.out = nil
	if cap(e.kept) > mostBlocks {
		e.kept = nil
	}
	return out
}
