package imageproc

import (
	"encoding/binary"
	"math/bits"
)

// pixels fills the rows of the output.
func (p *bmpParser) pixels() error {
	if p.compression == bmpRLE8 || p.compression == bmpRLE4 {
		p.runs()
	} else if err := p.plain(); err != nil {
		return err
	}
	p.clearUnused()
	return nil
}

// clearUnused blackens the colours of the palette that no pixel has: three bytes of
// anything fit into each.
func (p *bmpParser) clearUnused() {
	if p.outBits > 8 {
		return
	}
	var used [256]bool
	mask := byte(1<<p.outBits - 1)
	for y := range p.height {
		row := p.row(y)
		for x := range p.width {
			bit := x * p.outBits
			used[row[bit/8]>>(8-p.outBits-bit%8)&mask] = true
		}
	}
	cleared := 0
	for i := range len(p.palette) / 4 {
		if c := p.palette[4*i:][:3]; !used[i] && (c[0]|c[1]|c[2]) != 0 {
			clear(c)
			cleared += len(c)
		}
	}
	if cleared > 0 {
		p.pic.found.add("unused colours of the palette", cleared, 0)
	}
}

// row is where row y of the input's order goes.
func (p *bmpParser) row(y int) []byte {
	if p.down {
		y = p.height - 1 - y
	}
	return p.rows[y*p.stride:][:p.stride]
}

// plain reads rows that are not compressed. Missing ones stay black, or the first
// colour of the palette.
func (p *bmpParser) plain() error {
	stride := bmpStride(p.width, p.bits)
	used := (int64(p.width)*int64(p.bits) + 7) / 8
	left := p.data[p.at:]
	if int64(len(left)) < used {
		return p.fail("pixels", p.at, ErrCorrupt, "no whole row")
	}
	take := p.taker()
	padding := 0
	for y := range p.height {
		if int64(len(left)) < used {
			p.pic.mend(cutShort)
			left = nil
			break
		}
		in := left[:min(stride, int64(len(left)))]
		take(p.row(y), in[:used])
		for _, b := range in[used:] {
			if b != 0 {
				padding++
			}
		}
		left = left[len(in):]
	}
	p.end = len(p.data) - len(left)
	if padding > 0 {
		p.pic.found.add("bytes between rows", padding, 0)
	}
	return nil
}

// taker returns what turns a row of the input into one of the output.
func (p *bmpParser) taker() func(out, in []byte) {
	width := p.width
	switch {
	case p.bits == 2:
		return func(out, in []byte) {
			for x := range width {
				out[x] = in[x/4] >> (6 - 2*(x%4)) & 3
			}
		}
	case p.bits == p.outBits && p.bits <= 8:
		spare := (8 - width%8*p.bits%8) % 8 // bits of the last byte that are no pixels
		return func(out, in []byte) {
			copy(out, in)
			out[len(in)-1] &= 0xFF << spare
		}
	case p.bits == 24:
		return func(out, in []byte) { copy(out, in) }
	}
	return p.masked()
}

// masked returns what reads pixels of 16 or 32 bits by their masks.
func (p *bmpParser) masked() func(out, in []byte) {
	var scale [4]struct {
		shift int
		most  uint64
	}
	for i, m := range p.masks {
		scale[i].shift = bits.TrailingZeros32(m | 1<<31)
		scale[i].most = uint64(m >> scale[i].shift)
	}
	level := func(i int, v uint32) byte {
		s := scale[i]
		if s.most == 0 {
			return 0
		}
		return byte((uint64(v&p.masks[i])>>s.shift*255 + s.most/2) / s.most)
	}
	size, to, width := p.bits/8, p.outBits/8, p.width
	return func(out, in []byte) {
		for x := range width {
			v := uint32(binary.LittleEndian.Uint16(in[x*size:]))
			if size == 4 {
				v = binary.LittleEndian.Uint32(in[x*4:])
			}
			c := out[x*to:][:to]
			c[0], c[1], c[2] = level(2, v), level(1, v), level(0, v)
			if to == 4 {
				c[3] = level(3, v)
			}
		}
	}
}

// runs reads rows of runs, RLE8 or RLE4. Pixels that no code reaches have the first
// colour of the palette; what lies outside the picture is passed over.
func (p *bmpParser) runs() {
	x, y := 0, 0
	put := func(v byte) {
		if x < p.width && y < p.height {
			p.row(y)[x] = v
		}
		x++
	}
	nibble := p.compression == bmpRLE4
	index := func(v byte, i int) byte {
		switch {
		case !nibble:
			return v
		case i%2 == 0:
			return v >> 4
		}
		return v & 15
	}
	d := p.data
	at := p.at
	for y < p.height {
		if at+2 > len(d) {
			p.pic.mend(cutShort)
			at = len(d)
			break
		}
		n, v := int(d[at]), d[at+1]
		at += 2
		switch {
		case n > 0:
			for i := range min(n, max(p.width-x, 0)) {
				p.row(y)[x+i] = index(v, i)
			}
			x += n
		case v == 0:
			x, y = 0, y+1
		case v == 1:
			p.end = at
			return
		case v == 2:
			if at+2 > len(d) {
				continue // to be found cut short
			}
			x, y = x+int(d[at]), y+int(d[at+1])
			at += 2
		default:
			size := int(v)
			if nibble {
				size = (size + 1) / 2
			}
			size += size & 1
			if at+size > len(d) {
				at = len(d)
				continue
			}
			for i := range int(v) {
				k := i
				if nibble {
					k = i / 2
				}
				put(index(d[at+k], i))
			}
			at += size
		}
	}
	if at+2 <= len(d) && d[at] == 0 && d[at+1] == 1 {
		at += 2 // the end, said behind the last row
	}
	p.end = at
}
