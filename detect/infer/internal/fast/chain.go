package fast

import "slices"

// chain runs convolutions that follow each other in bands of rows, so that what
// lies between them never leaves the second-level cache. A unit is a band of the
// last one's rows.
//
// Each worker has room for the rows a band needs of each tensor in between. Rows
// two bands have in common are moved, not computed again.
type chain struct {
	links []link
	inner []*tensor // between links, a height of as many rows as a band needs
	band  int
	views []view // of inner, as if its first row were that of the picture and the arena began there
	from  []int  // where inner is in the scratch memory
	room  int    // what the links themselves need of it
	total int    // what all need
}

// link is an operation that can compute any rows of its output when it has the
// rows of the input they are made of.
type link interface {
	op
	ends() (from, to *tensor)
	// reads are the rows of the input that output rows lo to hi are made of,
	// padding included.
	reads(lo, hi int) (from, to int)
	// rows computes output rows lo to hi of image n. The views are those of the
	// tensors, wherever they are.
	rows(w *worker, src, dst *view, n, lo, hi int)
}

func (s *sliding) reads(lo, hi int) (from, to int) {
	return lo*s.stride[0] - s.pad[0], (hi-1)*s.stride[0] - s.pad[0] + s.dilation[0]*(s.k[0]-1) + 1
}

const maxLinks = 4

// maxPooled is how many rows a pool in a chain may need for one of its own: a
// mean over a picture would have all of it in the chain's memory.
const maxPooled = 8

// fuse replaces operations that follow each other by chains.
func (c *compiler) fuse() {
	private := c.private()
	var ops []op
	var names []string
	for i := 0; i < len(c.ops); {
		links := c.follows(i, private)
		if ch := newChain(links, c.sizes); ch != nil {
			ops, names = append(ops, ch), append(names, c.names[i])
			i += len(links)
		} else {
			ops, names = append(ops, c.ops[i]), append(names, c.names[i])
			i++
		}
	}
	c.ops, c.names = ops, names
}

// private finds the tensors that one operation writes, one other reads, and that
// share no memory.
func (c *compiler) private() map[*tensor]bool {
	readers, writers, shared := map[*tensor]int{}, map[*tensor]int{}, map[*tensor]bool{}
	for _, o := range c.ops {
		in, out := o.tensors()
		for _, t := range in {
			readers[t]++
		}
		for _, t := range out {
			writers[t]++
		}
		for _, t := range slices.Concat(in, out) {
			if r, _ := t.root(); r != t {
				shared[r], shared[t] = true, true
			}
		}
	}
	for _, t := range c.blocked { // views nobody reads yet
		if r, _ := t.root(); r != t {
			shared[r], shared[t] = true, true
		}
	}
	found := map[*tensor]bool{}
	for t := range writers {
		found[t] = t.blocked && writers[t] == 1 && readers[t] == 1 && !shared[t]
	}
	return found
}

// follows lists the links from operation i on: each reads what the one before
// it writes, and nobody else does.
func (c *compiler) follows(i int, private map[*tensor]bool) (links []link) {
	weights := 0
	for ; i < len(c.ops) && len(links) < maxLinks; i++ {
		l, ok := c.ops[i].(link)
		if p, high := c.ops[i].(*pool); !ok || high && p.k[0] > maxPooled {
			break
		}
		var size slab
		l.prepare(nil, &size)
		if weights += size.used; weights > c.sizes.chainWeights {
			break
		}
		if n := len(links); n > 0 {
			_, last := links[n-1].ends()
			if from, _ := l.ends(); from != last || !private[last] {
				break
			}
		}
		links = append(links, l)
	}
	return links
}

// newChain makes a chain of links, nil if that would gain nothing.
func newChain(links []link, z sizes) *chain {
	total, row := 0, 0
	for i := range max(0, len(links)-1) {
		_, t := links[i].ends()
		total += t.blocks() * t.h * t.w * block
		// As many rows as one more row of the last link needs.
		lo, hi := 0, 1
		for _, l := range links[i+1:] {
			_, a := l.reads(lo, hi)
			_, b := l.reads(lo, hi+1)
			lo, hi = 0, b-a
		}
		row += t.blocks() * hi * t.w * block
	}
	if total < z.chain {
		return nil
	}
	c := &chain{links: links, band: max(1, z.chainBand/row)}
	_, last := links[len(links)-1].ends()
	c.band = min(c.band, last.h)
	bands := (last.h + c.band - 1) / c.band
	c.band = (last.h + bands - 1) / bands
	lo, hi := 0, c.band
	for i := len(links) - 1; i > 0; i-- {
		t, _ := links[i].ends()
		lo, hi = links[i].reads(lo, hi)
		t.local, t.capacity = true, hi-lo
		c.inner = append([]*tensor{t}, c.inner...)
	}
	c.lay()
	return c
}

func (c *chain) ends() (from, to *tensor) {
	from, _ = c.links[0].ends()
	_, to = c.links[len(c.links)-1].ends()
	return from, to
}

func (c *chain) tensors() (in, out []*tensor) {
	for i, l := range c.links {
		a, b := l.tensors()
		for _, t := range a {
			if i == 0 || !slices.Contains(c.inner, t) {
				in = append(in, t)
			}
		}
		if i == len(c.links)-1 {
			out = b
		}
	}
	return in, out
}

func (c *chain) units() int {
	_, last := c.ends()
	return last.n * ((last.h + c.band - 1) / c.band)
}

// lay divides the memory of a worker: what the links need, then inner.
func (c *chain) lay() {
	for _, l := range c.links {
		c.room = max(c.room, lines(l.scratch()))
	}
	c.total = c.room
	for _, t := range c.inner {
		t.layout()
		c.from = append(c.from, c.total)
		c.total += t.blocks() * t.area
	}
}

func (c *chain) scratch() int { return c.total }

func (c *chain) prepare(p *Program, s *slab) {
	c.views = c.views[:0]
	for _, t := range c.inner {
		c.views = append(c.views, view{origin: t.margin.left * block, pitch: t.pitch, area: t.area})
	}
	for _, l := range c.links {
		l.prepare(p, s)
	}
}

// rowRange are rows lo to hi of a tensor.
type rowRange struct{ lo, hi int }

func (c *chain) run(w *worker, lo, hi int) {
	_, last := c.ends()
	bands := (last.h + c.band - 1) / c.band
	memory := w.scratch
	w.scratch = memory[:c.room]
	for i, t := range c.inner {
		t.sides(memory[c.from[i]:])
	}
	var have [maxLinks]rowRange // of inner, from the band before
	for u := lo; u < hi; u++ {
		n, y := u/bands, u%bands*c.band
		if y == 0 {
			have = [maxLinks]rowRange{}
		}
		if next := y + c.band; u+1 < hi && next < last.h {
			w.ahead = c.ahead(w.Session, n, rowRange{next, min(next+c.band, last.h)})
		}
		c.compute(w, memory, n, rowRange{y, min(y+c.band, last.h)}, &have)
		w.ahead = [2]stretches{}
	}
}

// compute makes rows of the last link. Each link makes what is missing of what
// the next one reads for the rows that it makes.
func (c *chain) compute(w *worker, memory []float32, n int, rows rowRange, have *[maxLinks]rowRange) {
	var need, todo [maxLinks]rowRange // of each link's output
	final := len(c.links) - 1
	need[final], todo[final] = rows, rows
	for i := final; i > 0; i-- {
		need[i-1].lo, need[i-1].hi = c.links[i].reads(todo[i].lo, todo[i].hi)
		todo[i-1] = c.inner[i-1].missing(need[i-1], have[i-1])
	}
	src, dst := &w.from, &w.to
	for i, l := range c.links {
		from, to := l.ends()
		if i == 0 && from.blocked {
			*src = from.view()
		}
		if i == final {
			*dst = to.view()
		} else {
			*dst = c.views[i]
			dst.origin += w.base + c.from[i] - need[i].lo*dst.pitch
			to.carry(memory[c.from[i]:], need[i], have[i])
			have[i] = need[i]
		}
		if todo[i].lo < todo[i].hi {
			l.rows(w, src, dst, n, todo[i].lo, todo[i].hi)
		}
		*src = *dst
	}
}

// sides clears the margins beside the rows of a local tensor.
func (t *tensor) sides(memory []float32) {
	left, right := t.margin.left*block, t.margin.right*block
	for at := 0; at < t.blocks()*t.area; at += t.pitch {
		clear(memory[at:][:left])
		clear(memory[at+t.pitch-right:][:right])
	}
}

// missing are the rows still to be made where some are there already.
func (t *tensor) missing(need, have rowRange) rowRange {
	return rowRange{max(0, need.lo, have.hi), min(t.h, need.hi)}
}

// carry moves the rows that are there already to where they are needed, and
// clears those above and below the picture.
func (t *tensor) carry(memory []float32, need, have rowRange) {
	kept := max(need.lo, have.hi) // rows from need.lo to here are there
	if have.hi == 0 {
		kept = need.lo
	}
	for b := range t.blocks() {
		plane := memory[b*t.area:][:t.area]
		if need.lo < kept {
			copy(plane, plane[(need.lo-have.lo)*t.pitch:][:(kept-need.lo)*t.pitch])
		}
		for y := kept; y < need.hi; y++ {
			if y < 0 || y >= t.h {
				clear(plane[(y-need.lo)*t.pitch:][:t.pitch])
			}
		}
	}
}
