package ends

import "math/bits"

// Partition is a part of a VP8 frame that is coded for itself: where in the frame it
// is, and how many of its bytes decoding looks at, one at least where there is one.
type Partition struct {
	At, Size, Used int
	// Flushed says that the few bytes behind those, if any, are what an encoder leaves
	// that writes out what it holds: false and false again, each as likely as true.
	Flushed bool
}

// VP8 follows the partitions of a key frame, RFC 6386: the first, which says how each
// macroblock is predicted, and those with the coefficients, of which the last goes on
// to the end of the frame. The header of ten bytes has to be there. Broken is a frame
// that goes on behind its end, or whose partitions do; a decoder may show nothing of
// it. Each block of coefficients is taken off work; Costly is what takes more.
func VP8(frame []byte, work *int) ([]Partition, State) {
	d := &vp8{width: (int(frame[6]) + int(frame[7]&0x3F)<<8 + 15) / 16, height: (int(frame[8]) + int(frame[9]&0x3F)<<8 + 15) / 16}
	size := (int(frame[0]) | int(frame[1])<<8 | int(frame[2])<<16) >> 5
	if size > len(frame)-10 {
		return nil, Broken
	}
	d.first.begin(frame[10 : 10+size])
	d.header()
	parts := []Partition{{At: 10, Size: size}}
	at := 10 + size + 3*(d.coded-1)
	if at > len(frame) {
		return nil, Broken
	}
	for i := range d.coded {
		n := len(frame) - at
		if sizes := frame[10+size:]; i < d.coded-1 {
			n = int(sizes[3*i]) | int(sizes[3*i+1])<<8 | int(sizes[3*i+2])<<16
		}
		if n > len(frame)-at {
			return nil, Broken
		}
		parts = append(parts, Partition{At: at, Size: n})
		d.tokens[i].begin(frame[at : at+n])
		at += n
	}
	d.above = make([]vp8Block, d.width)
	for y := range d.height {
		r := &d.tokens[y%d.coded]
		if *work -= 25 * d.width; *work < 0 {
			return nil, Costly
		}
		d.left = vp8Block{}
		for x := range d.width {
			d.macroblock(r, &d.above[x])
		}
		if d.first.over || r.over {
			return nil, Broken
		}
	}
	parts[0].Used, parts[0].Flushed = d.first.ends()
	for i := range d.coded {
		parts[1+i].Used, parts[1+i].Flushed = d.tokens[i].ends()
	}
	return parts, Whole
}

type vp8 struct {
	width, height int // in macroblocks
	first         boolReader
	coded         int // partitions with coefficients
	tokens        [8]boolReader
	segments      bool // each macroblock says of which segment it is
	segment       [3]uint8
	skips         bool // each macroblock says whether it has no coefficients
	skip          uint8
	likely        [4][8][3][11]uint8
	above         []vp8Block
	left          vp8Block
}

// vp8Block is what of a macroblock its neighbours below and to the right depend on:
// the modes of its last four blocks, and which of those have coefficients, of luma,
// of either chroma plane, and of the luma's means.
type vp8Block struct {
	modes [4]uint8
	luma  [4]uint8
	blue  [2]uint8
	red   [2]uint8
	means uint8
}

// header reads the frame header, RFC 6386 §9.2 to §9.11, and §19.2.
func (d *vp8) header() {
	r := &d.first
	r.even(2)
	if r.flag() {
		d.segments = r.flag()
		if r.flag() {
			r.even(1)
			for range 4 {
				r.optional(8)
			}
			for range 4 {
				r.optional(7)
			}
		}
		if d.segments {
			for i := range d.segment {
				if d.segment[i] = 255; r.flag() {
					d.segment[i] = uint8(r.even(8))
				}
			}
		}
	}
	r.even(10)
	if r.flag() {
		if r.flag() { // two flags of the loop filter, of which the second is there after the first
			for range 8 {
				r.optional(7)
			}
		}
	}
	d.coded = 1 << r.even(2)
	r.even(7)
	for range 5 {
		r.optional(5)
	}
	r.even(1)
	d.likely = vp8Tokens
	for i := range d.likely {
		for j := range d.likely[i] {
			for k := range d.likely[i][j] {
				for l := range d.likely[i][j][k] {
					if r.bool(vp8Updates[i][j][k][l]) {
						d.likely[i][j][k][l] = uint8(r.even(8))
					}
				}
			}
		}
	}
	if d.skips = r.flag(); d.skips {
		d.skip = uint8(r.even(8))
	}
}

// Kinds of blocks of coefficients, §13.3: luma without its mean, the means, chroma,
// luma.
const (
	vp8Rest = iota
	vp8Means
	vp8Chroma
	vp8Luma
)

// macroblock follows one, §11 and §13.
func (d *vp8) macroblock(r *boolReader, above *vp8Block) {
	first, left := &d.first, &d.left
	if d.segments {
		if first.bool(d.segment[0]) {
			first.bool(d.segment[2])
		} else {
			first.bool(d.segment[1])
		}
	}
	skipped := d.skips && first.bool(d.skip)
	blocks := !first.bool(145)
	if blocks {
		for y := range left.modes {
			mode := left.modes[y]
			for x := range above.modes {
				mode = first.mode(&vp8Modes[above.modes[x]][mode])
				above.modes[x] = mode
			}
			left.modes[y] = mode
		}
	} else {
		mode := first.large()
		above.modes = [4]uint8{mode, mode, mode, mode}
		left.modes = above.modes
	}
	if first.bool(142) && first.bool(114) {
		first.bool(183)
	}
	if skipped {
		a, l := above.means, left.means
		*above, *left = vp8Block{modes: above.modes}, vp8Block{modes: left.modes}
		if blocks {
			above.means, left.means = a, l
		}
		return
	}
	kind, from := vp8Luma, 0
	if !blocks {
		kind, from = vp8Rest, 1
		above.means = d.block(r, vp8Means, 0, above.means+left.means)
		left.means = above.means
	}
	for y := range left.luma {
		for x := range above.luma {
			above.luma[x] = d.block(r, kind, from, above.luma[x]+left.luma[y])
			left.luma[y] = above.luma[x]
		}
	}
	for _, c := range [2][2]*[2]uint8{{&above.blue, &left.blue}, {&above.red, &left.red}} {
		for y := range c[1] {
			for x := range c[0] {
				c[0][x] = d.block(r, vp8Chroma, 0, c[0][x]+c[1][y])
				c[1][y] = c[0][x]
			}
		}
	}
}

// vp8Bands groups the places of coefficients, §13.3; the last is behind them all.
var vp8Bands = [17]uint8{0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0}

// vp8Extra is how likely the bits are zero that tell large coefficients apart, §13.2.
var vp8Extra = [4][]uint8{
	{173, 148, 140},
	{176, 155, 140, 135},
	{180, 157, 141, 134, 130},
	{254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129},
}

// block follows the tokens of a block of coefficients, §13.2, and returns 1 if there
// are any before the one that ends it.
func (d *vp8) block(r *boolReader, kind, from int, around uint8) uint8 {
	bands := &d.likely[kind]
	p := &bands[vp8Bands[from]][around]
	if !r.bool(p[0]) {
		return 0
	}
	for i := from; i < 16; {
		i++
		if !r.bool(p[1]) {
			p = &bands[vp8Bands[i]][0]
			continue
		}
		if !r.bool(p[2]) {
			p = &bands[vp8Bands[i]][1]
		} else {
			r.size(p)
			p = &bands[vp8Bands[i]][2]
		}
		r.bool(128)
		if i == 16 || !r.bool(p[0]) {
			break
		}
	}
	return 1
}

// boolReader is the arithmetic decoder of §7. The bits above the lowest eight of
// window are decided on; those below are there already.
type boolReader struct {
	data   []byte
	at     int
	window uint32 // the next bits, 16 of them at most, from the 16th down
	held   uint   // how many
	most   uint32 // the range less one
	over   bool   // more was asked for than there is
}

func (r *boolReader) begin(data []byte) { *r = boolReader{data: data, most: 254} }

// ends says how many bytes were looked at, for a decision takes eight bits, and
// whether what follows is nothing but false.
func (r *boolReader) ends() (used int, flushed bool) {
	used = min(max(r.at, 1), len(r.data))
	const most = 8 // bytes; encoders leave four at most
	if len(r.data)-used > most {
		return used, false
	}
	for rest := *r; r.at < len(r.data) && (rest.at < len(rest.data) || rest.held >= 8); {
		if rest.flag() {
			return used, false
		}
	}
	return used, true
}

// bool decides one that is false as likely as p of 256.
func (r *boolReader) bool(p uint8) bool {
	if r.held < 8 {
		if r.at >= len(r.data) {
			r.over = true
			return false
		}
		r.window |= uint32(r.data[r.at]) << (8 - r.held)
		r.at++
		r.held += 8
	}
	split := r.most*uint32(p)>>8 + 1
	is := r.window >= split<<8
	if is {
		r.most -= split
		r.window -= split << 8
	} else {
		r.most = split - 1
	}
	if shift := uint(bits.LeadingZeros8(uint8(r.most + 1))); shift > 0 {
		r.most = (r.most+1)<<shift - 1
		r.window <<= shift
		r.held -= shift
	}
	return is
}

func (r *boolReader) flag() bool { return r.bool(128) }

// even reads a number of n bits, each as likely as not.
func (r *boolReader) even(n int) (v uint32) {
	for range n {
		v <<= 1
		if r.bool(128) {
			v |= 1
		}
	}
	return v
}

// optional reads a flag and, if it is set, so many bits.
func (r *boolReader) optional(n int) {
	if r.flag() {
		r.even(n)
	}
}

// The modes of a block in the order of vp8Modes.
const (
	vp8DC = iota
	vp8TrueMotion
	vp8Vertical
	vp8Horizontal
	vp8RightDown
	vp8VerticalRight
	vp8LeftDown
	vp8VerticalLeft
	vp8HorizontalDown
	vp8HorizontalUp
)

// large reads the mode of a macroblock that has one for all of its luma, §11.2.
func (r *boolReader) large() uint8 {
	if r.bool(156) {
		if r.bool(128) {
			return vp8TrueMotion
		}
		return vp8Horizontal
	}
	if r.bool(163) {
		return vp8Vertical
	}
	return vp8DC
}

// mode reads the mode of a block, §11.2.
func (r *boolReader) mode(p *[9]uint8) uint8 {
	switch {
	case !r.bool(p[0]):
		return vp8DC
	case !r.bool(p[1]):
		return vp8TrueMotion
	case !r.bool(p[2]):
		return vp8Vertical
	case r.bool(p[3]):
		switch {
		case !r.bool(p[6]):
			return vp8LeftDown
		case !r.bool(p[7]):
			return vp8VerticalLeft
		case !r.bool(p[8]):
			return vp8HorizontalDown
		}
		return vp8HorizontalUp
	case !r.bool(p[4]):
		return vp8Horizontal
	case !r.bool(p[5]):
		return vp8RightDown
	}
	return vp8VerticalRight
}

// size passes over the rest of a coefficient larger than one, §13.2.
func (r *boolReader) size(p *[11]uint8) {
	switch {
	case !r.bool(p[3]):
		if r.bool(p[4]) {
			r.bool(p[5])
		}
	case r.bool(p[6]):
		kind := 0
		if r.bool(p[8]) {
			kind = 2
		}
		if r.bool(p[9+kind/2]) {
			kind++
		}
		for _, likely := range vp8Extra[kind] {
			r.bool(likely)
		}
	case r.bool(p[7]):
		r.bool(165)
		r.bool(145)
	default:
		r.bool(159)
	}
}
