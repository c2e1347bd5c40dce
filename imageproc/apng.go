package imageproc

import "encoding/binary"

// apng follows the animation of a PNG, §11.3.6. It is kept as a whole if it is
// sound as a whole; else it is dropped, and the still picture stays, which is
// what decoders show of a broken animation.
type apng struct {
	control  []byte // acTL
	declared uint32 // frames
	frames   uint32
	next     uint32 // sequence number
	open     bool   // an fcTL behind the picture was read: fdAT may follow
	pending  bool   // and has to, for none did yet
	broken   bool
	dropped  int // bytes of all chunks, should they be dropped

	order    []*pngChunk // IDAT, fcTL and fdAT
	pictures []pngFrame  // behind IDAT
}

func (a *apng) chunk(p *pngParser, c *pngChunk) {
	a.dropped += len(c.whole)
	if a.broken = a.broken || !c.sound; a.broken {
		return
	}
	switch c.typ {
	case "acTL":
		a.broken = a.control != nil || p.stage > pngPalette || len(c.body) != 8
		if !a.broken {
			a.control, a.declared = c.whole, binary.BigEndian.Uint32(c.body)
		}
		return
	case "fcTL":
		a.broken = !a.frameFits(p, c.body)
		a.frames++
		a.open = p.stage == pngAfter
		a.pending = a.open
		if a.open && !a.broken {
			u := func(i int) int { return int(binary.BigEndian.Uint32(c.body[i:])) }
			a.pictures = append(a.pictures, pngFrame{width: u(4), height: u(8)})
		}
	case "fdAT":
		a.broken = !a.open || len(c.body) < 4 || !a.inOrder(c.body)
		a.pending = false
		if last := len(a.pictures) - 1; !a.broken {
			a.pictures[last].chunks = append(a.pictures[last].chunks, c)
		}
	}
	a.order = append(a.order, c)
	p.moving.add(p.data, c)
}

func (a *apng) inOrder(body []byte) bool {
	a.next++
	return binary.BigEndian.Uint32(body) == a.next-1
}

// frameFits checks fcTL: sequence number, size, place, delay, disposal, blending.
func (a *apng) frameFits(p *pngParser, b []byte) bool {
	if a.control == nil || len(b) != 26 || a.pending || !a.inOrder(b) {
		return false
	}
	u := func(i int) uint64 { return uint64(binary.BigEndian.Uint32(b[i:])) }
	w, h, x, y := u(4), u(8), u(12), u(16)
	width, height := uint64(p.header.width), uint64(p.header.height)
	if w == 0 || h == 0 || x+w > width || y+h > height || b[24] > 2 || b[25] > 1 {
		return false
	}
	if p.stage < pngData {
		return a.frames == 0 && w == width && h == height
	}
	return true
}

func (a *apng) sound() bool {
	return !a.broken && a.control != nil && a.frames > 0 && a.frames == a.declared && !a.pending
}

func (a *apng) report(found *findings) {
	if a.dropped > 0 {
		found.add("broken animation", a.dropped, 0)
	}
}
