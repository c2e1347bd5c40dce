package ends

import (
	"encoding/binary"
	"math/bits"
)

// VP8L follows the data of a picture of that size in WebP's lossless format, RFC 9649
// §3, behind the header: as in a chunk VP8L behind five bytes, or in ALPH behind one.
// It returns how many bytes decoding takes, and the bits that count of the last one.
// Each code that is read is taken off work; Costly is what takes more, or as many
// tables as no encoder writes.
func VP8L(data []byte, width, height int, work *int) (used int, mask byte, s State) {
	d := &vp8l{data: data, work: work}
	for seen := [4]bool{}; d.take(1) == 1 && d.state == Whole; {
		kind := d.take(2)
		if seen[kind] {
			return 0, 0, Broken
		}
		seen[kind] = true
		switch kind {
		case vp8lPredictor, vp8lColours:
			size := d.take(3) + 2
			d.small(parts(width, size), parts(height, size), false)
		case vp8lPalette:
			colours := int(d.take(8)) + 1
			d.small(colours, 1, false)
			switch {
			case colours <= 2:
				width = parts(width, 3)
			case colours <= 4:
				width = parts(width, 2)
			case colours <= 16:
				width = parts(width, 1)
			}
		}
	}
	d.large(width, height)
	if d.state != Whole {
		return 0, 0, d.state
	}
	if odd := d.at % 8; odd > 0 {
		return d.at/8 + 1, 1<<odd - 1, Whole
	}
	return d.at / 8, 0xFF, Whole
}

// Transforms, §4, of which the third has no data.
const (
	vp8lPredictor = 0
	vp8lColours   = 1
	vp8lPalette   = 3
)

// What no encoder comes near, and hostile data would have us allocate.
const (
	vp8lMostGroups = 2600
	vp8lMostSmall  = 4 << 20 // pixels
)

// parts is how many squares of 1<<size pixels cover n.
func parts(n int, size uint32) int { return (n + 1<<size - 1) >> size }

// vp8l reads bits from the lowest of a byte to the highest.
type vp8l struct {
	data  []byte
	at    int // in bits
	work  *int
	state State
}

func (d *vp8l) fail(s State) {
	if d.state == Whole {
		d.state = s
	}
}

// next is the bits to come, 57 of them at least, with zeros behind the end.
func (d *vp8l) next() uint64 {
	i := d.at >> 3
	if len(d.data)-i >= 8 {
		return binary.LittleEndian.Uint64(d.data[i:]) >> (d.at & 7)
	}
	var b [8]byte
	copy(b[:], d.data[min(i, len(d.data)):])
	return binary.LittleEndian.Uint64(b[:]) >> (d.at & 7)
}

// take reads a number of at most 32 bits.
func (d *vp8l) take(n uint) uint32 {
	v := uint32(d.next() & (1<<n - 1))
	if d.at += int(n); d.at > 8*len(d.data) {
		d.fail(Broken)
	}
	return v
}

// The codes of a group, §6.2.1.
const (
	vp8lGreen = iota // and lengths, and places in the colour cache
	vp8lRed
	vp8lBlue
	vp8lAlpha
	vp8lDistance
)

const vp8lLengths = 24 // of codes for them, behind 256 of green

// vp8lGroup has the codes of a part of the picture.
type vp8lGroup struct {
	codes [5]vp8lCode
	free  bool // each pixel takes no bits
}

// vp8lCode is a prefix code. Of the bits to come the lowest vp8lLook say the symbol and
// how many it takes: symbol<<4 | bits, and 0 if it takes more.
type vp8lCode struct {
	look    []uint16 // nil if there is one symbol, of no bits
	only    uint16
	counts  [16]uint16
	symbols []uint16 // those of more bits, in order
}

const vp8lLook = 8

// symbol reads one.
func (d *vp8l) symbol(c *vp8lCode) int {
	if c.look == nil {
		return int(c.only)
	}
	v := d.next()
	e := c.look[v&(1<<vp8lLook-1)]
	if e != 0 {
		if d.at += int(e & 15); d.at > 8*len(d.data) {
			d.fail(Broken)
		}
		return int(e >> 4)
	}
	code, first, passed := 0, 0, 0
	for l := 1; l < 16; l++ {
		code |= int(v & 1)
		v >>= 1
		n := int(c.counts[l])
		if code-first < n {
			if d.at += l; d.at > 8*len(d.data) {
				d.fail(Broken)
			}
			return int(c.symbols[passed+code-first])
		}
		passed += n
		first, code = (first+n)<<1, code<<1
	}
	d.fail(Broken)
	return 0
}

// set makes a code of the lengths of its symbols. It has to be complete.
func (c *vp8lCode) set(lengths []uint8) bool {
	*c = vp8lCode{}
	used := 0
	for i, l := range lengths {
		if l > 0 {
			c.counts[l]++
			c.only = uint16(i)
			used++
		}
	}
	if used < 2 {
		return used == 1
	}
	var begin [16]int
	space, all := 1<<15, 0
	for l := 1; l < 16; l++ {
		begin[l] = all
		all += int(c.counts[l])
		space -= int(c.counts[l]) << (15 - l)
	}
	if space != 0 {
		return false
	}
	c.symbols = make([]uint16, all)
	for i, l := range lengths {
		if l > 0 {
			c.symbols[begin[l]] = uint16(i)
			begin[l]++
		}
	}
	c.look = make([]uint16, 1<<vp8lLook)
	code, k := 0, 0
	for l := 1; l <= vp8lLook; l++ {
		for range c.counts[l] {
			from := int(bits.Reverse16(uint16(code))) >> (16 - l)
			for at := from; at < 1<<vp8lLook; at += 1 << l {
				c.look[at] = c.symbols[k]<<4 | uint16(l)
			}
			code++
			k++
		}
		code <<= 1
	}
	return true
}

// vp8lOrder is the order in which lengths of codes of lengths are sent, §6.2.1.
var vp8lOrder = [19]uint8{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// code reads a prefix code of so many symbols, §6.2.1.
func (d *vp8l) code(c *vp8lCode, symbols int) {
	lengths := make([]uint8, max(symbols, 256))
	if d.take(1) == 1 {
		two, bits := d.take(1), 1+7*uint(d.take(1))
		lengths[d.take(bits)] = 1
		if two == 1 {
			lengths[d.take(8)] = 1
		}
	} else {
		d.lengths(lengths[:symbols])
	}
	if *d.work -= symbols; *d.work < 0 {
		d.fail(Costly)
	}
	if !c.set(lengths[:symbols]) {
		d.fail(Broken)
	}
}

// lengths reads how long the codes of the symbols are, coded themselves.
func (d *vp8l) lengths(lengths []uint8) {
	var own [19]uint8
	for _, i := range vp8lOrder[:4+d.take(4)] {
		own[i] = uint8(d.take(3))
	}
	var c vp8lCode
	if !c.set(own[:]) {
		d.fail(Broken)
		return
	}
	most := len(lengths)
	if d.take(1) == 1 {
		most = 2 + int(d.take(2+2*uint(d.take(3))))
	}
	before := uint8(8)
	for i := 0; i < len(lengths) && most > 0 && d.state == Whole; most-- {
		symbol, again, value := d.symbol(&c), 1, uint8(0)
		switch symbol {
		case 16:
			again, value = 3+int(d.take(2)), before
		case 17:
			again = 3 + int(d.take(3))
		case 18:
			again = 11 + int(d.take(7))
		default:
			if value = uint8(symbol); value > 0 {
				before = value
			}
		}
		if again > len(lengths)-i {
			d.fail(Broken)
			return
		}
		for range again {
			lengths[i] = value
			i++
		}
	}
}

// group reads the five codes.
func (d *vp8l) group(g *vp8lGroup, cached int) {
	for i, symbols := range [5]int{256 + vp8lLengths + cached, 256, 256, 256, 40} {
		if d.state == Whole {
			d.code(&g.codes[i], symbols)
		}
	}
	g.free = g.codes[vp8lGreen].only < 256
	for _, c := range g.codes[:vp8lDistance] {
		g.free = g.free && c.look == nil
	}
}

// cache reads how many bits of a colour say its place in the cache, §6.2.3, and
// returns how many places there are.
func (d *vp8l) cache() int {
	if d.take(1) == 0 {
		return 0
	}
	n := d.take(4)
	if n < 1 || n > 11 {
		d.fail(Broken)
		return 0
	}
	return 1 << n
}

// small follows one of the pictures that a transform or the groups need, and returns
// its pixels where they are asked for.
func (d *vp8l) small(width, height int, wanted bool) []uint32 {
	cached := d.cache()
	var one [1]vp8lGroup
	d.group(&one[0], cached)
	p := vp8lPixels{width: width, all: width * height, groups: one[:]}
	if wanted {
		if p.all > vp8lMostSmall {
			d.fail(Costly)
			return nil
		}
		p.pixels, p.cached = make([]uint32, 0, p.all), make([]uint32, cached)
	}
	d.follow(&p)
	return p.pixels
}

// large follows the picture itself.
func (d *vp8l) large(width, height int) {
	cached := d.cache()
	p := vp8lPixels{width: width, all: width * height}
	groups := 1
	if d.take(1) == 1 && d.state == Whole {
		p.size = d.take(3) + 2
		p.across = parts(width, p.size)
		p.which = d.small(p.across, parts(height, p.size), true)
		for _, pixel := range p.which {
			groups = max(groups, int(pixel>>8&0xFFFF)+1)
		}
	}
	if groups > vp8lMostGroups {
		d.fail(Costly)
	}
	if d.state != Whole {
		return
	}
	p.groups = make([]vp8lGroup, groups)
	for i := range p.groups {
		if d.group(&p.groups[i], cached); d.state != Whole {
			return
		}
	}
	d.follow(&p)
}

// vp8lPixels is a picture that is followed.
type vp8lPixels struct {
	width, all int
	groups     []vp8lGroup
	which      []uint32 // the group of each square of 1<<size pixels, in red and green
	size       uint32
	across     int // squares
	pixels     []uint32
	cached     []uint32 // colours, if pixels are wanted
}

// follow reads the codes of all pixels, §6.2.2 and §6.2.3.
func (d *vp8l) follow(p *vp8lPixels) {
	wanted := p.pixels != nil
	g := &p.groups[0]
	until := p.all // up to where the group stays the same
	for n := 0; n < p.all && d.state == Whole; {
		if p.which != nil {
			x := n % p.width
			g = &p.groups[p.which[n/p.width>>p.size*p.across+x>>p.size]>>8&0xFFFF]
			until = n + min(1<<p.size-x&(1<<p.size-1), p.width-x)
		}
		if g.free && !wanted {
			n = until
			*d.work--
		}
		for n < until && d.state == Whole {
			if *d.work--; *d.work < 0 {
				d.fail(Costly)
				return
			}
			switch s := d.symbol(&g.codes[vp8lGreen]); {
			case s < 256:
				red, blue, alpha := d.symbol(&g.codes[vp8lRed]), d.symbol(&g.codes[vp8lBlue]), d.symbol(&g.codes[vp8lAlpha])
				if wanted {
					p.add(uint32(alpha<<24 | red<<16 | s<<8 | blue))
				}
				n++
			case s < 256+vp8lLengths:
				length := d.number(s - 256)
				from := n - p.distance(d.number(d.symbol(&g.codes[vp8lDistance])))
				if length > p.all-n || from < 0 {
					d.fail(Broken)
					return
				}
				for i := 0; i < length && wanted; i++ {
					p.add(p.pixels[from+i])
				}
				n += length
			default:
				if wanted {
					p.add(p.cached[s-256-vp8lLengths])
				}
				n++
			}
		}
	}
	if *d.work < 0 {
		d.fail(Costly)
	}
}

// number reads the bits behind the code of a length or a distance, §5.2.2.
func (d *vp8l) number(code int) int {
	if code < 4 {
		return code + 1
	}
	extra := uint(code-2) >> 1
	return (2+code&1)<<extra + int(d.take(extra)) + 1
}

// add appends a pixel and keeps its colour.
func (p *vp8lPixels) add(pixel uint32) {
	p.pixels = append(p.pixels, pixel)
	if len(p.cached) > 0 {
		p.cached[pixel*0x1E35A7BD>>(33-bits.Len(uint(len(p.cached))))] = pixel
	}
}

// distance is how many pixels back a copy begins; the first 120 codes are places nearby.
func (p *vp8lPixels) distance(code int) int {
	if code > len(vp8lNear) {
		return code - len(vp8lNear)
	}
	near := vp8lNear[code-1]
	return max(1, int(near>>4)*p.width+8-int(near&15))
}
