package fast

// What a chain reads first is the caller's picture, and what it writes last other
// operations had the memory of: both come from beyond the second-level cache. The
// products between them leave the memory idle, so that they fetch both for the band
// after theirs.

// stretches are pieces of memory to fetch, of one size and the same distance apart.
type stretches struct {
	memory             []float32 // from the first on
	size, pitch, count int
	done               int // floats of the first
}

// next cuts off up to n floats, and returns memory that begins with them. It is nil
// where none are left.
func (s *stretches) next(n int) []float32 {
	if s.count == 0 {
		return nil
	}
	m := s.memory[s.done:]
	if s.done += n; s.done >= s.size {
		if s.done, s.count = 0, s.count-1; s.count > 0 {
			s.memory = s.memory[s.pitch:]
		}
	}
	return m
}

// rows are where rows of an image of t are.
func (s *Session) rows(t *tensor, n int, rows rowRange) stretches {
	if rows.lo >= rows.hi {
		return stretches{}
	}
	if t.blocked {
		v := t.view()
		return stretches{
			memory: s.arena[v.pixel(n, 0, rows.lo, 0):],
			size:   (rows.hi-rows.lo-1)*v.pitch + t.w*block, pitch: v.area, count: t.blocks(),
		}
	}
	depth, height, width := t.value.Shape[1], t.value.Shape[2], t.value.Shape[3]
	return stretches{
		memory: s.plane(t)[(n*depth*height+rows.lo)*width:],
		size:   (rows.hi - rows.lo) * width, pitch: height * width, count: depth,
	}
}

// ahead are the rows that a band of the last link's output is the first to read and
// to write. There are none where the chain reads what an operation before it wrote:
// mostly that is near, and then to fetch it costs more than it saves.
func (c *chain) ahead(s *Session, n int, band rowRange) (ahead [2]stretches) {
	from, last := c.ends()
	if from.blocked {
		return ahead
	}
	news := rowRange{max(0, c.reach(band.lo)), min(c.reach(band.hi), from.value.Shape[2])}
	return [2]stretches{s.rows(from, n, news), s.rows(last, n, band)}
}

// reach is how far into what the first link reads the first rows of the last one's
// output go, so many of them.
func (c *chain) reach(rows int) int {
	lo, hi := 0, rows
	for i := len(c.links) - 1; i >= 0; i-- {
		lo, hi = c.links[i].reads(lo, hi)
	}
	return hi
}

// fetchAhead is memory to fetch, nil where there is none: n floats will be.
func (w *worker) fetchAhead(n int) []float32 {
	for i := range w.ahead {
		if m := w.ahead[i].next(n); m != nil {
			return m
		}
	}
	return nil
}
