package jpeg

import "context"

// mcuBlock is one block of an MCU.
type mcuBlock struct {
	comp   int
	dc, ac *huffman
	q      *[64]int32
	last   int // zigzag index of the last coefficient that is needed
	scale  int
	at     int // where it goes in the first MCU of a row
	step   int // from MCU to MCU
}

// plan lists the blocks of an MCU of the scan in their order, T.81 §A.2.
func (d *Decoder) plan() {
	d.blocks = d.blocks[:0]
	for i, k := range d.scan.comps {
		c, p := &d.header.Components[k], &d.planes[k]
		width, height := c.H, c.V
		if len(d.scan.comps) == 1 {
			width, height = 1, 1
		}
		b := mcuBlock{
			comp: k, dc: d.huff[0][d.scan.dc[i]], ac: d.huff[1][d.scan.ac[i]], q: &d.factors[k],
			last: kept[p.scale].last, scale: p.scale, step: width * p.scale,
		}
		if b.last < 63 {
			b.ac.needSkip()
		}
		for y := range height {
			for x := range width {
				b.at = y*p.scale*p.stride + x*p.scale
				d.blocks = append(d.blocks, b)
			}
		}
	}
}

// readRow decodes row y of MCUs of a scan of all components.
func (d *Decoder) readRow(y int) error {
	last := d.header.mcusY - 1
	return d.readUnits(d.header.mcusX, y == last)
}

// readUnits decodes a row of units of d.scan, which go to the start of d.planes.
func (d *Decoder) readUnits(count int, last bool) error {
	s := &d.scanner
	for x := 0; x < count; {
		if s.left == 0 {
			if err := d.nextInterval(); err != nil {
				return err
			}
		}
		run := min(count-x, s.left)
		done := 0
		if !s.dead {
			var err error
			if done, err = d.decode(x, run, s.left == run || last && x+run == count); err != nil {
				if !d.opts.Truncated {
					return err
				}
				s.dead, d.truncated = true, true
			}
		}
		for i := done; i < run; i++ {
			d.grey(x + i)
		}
		x += run
		s.left -= run
	}
	return nil
}

// decode decodes count units from unit x of a row on. At the end of an interval
// it looks that no more was read than there is.
func (d *Decoder) decode(x, count int, ends bool) (done int, err error) {
	if d.onlyDC() {
		done, err = d.decodeDCs(x, count)
	} else {
		done, err = d.decodeBlocks(x, count)
	}
	if s := &d.scanner; err == nil && ends && s.ended && s.overrun() {
		err = d.early()
	}
	return done, err
}

func (d *Decoder) decodeBlocks(x, count int) (done int, err error) {
	s := &d.scanner
	for i := range count {
		if s.pos >= s.safe && !s.more() {
			return i, d.early()
		}
		for k := range d.blocks {
			b := &d.blocks[k]
			read := s.block(b.dc, b.ac, b.q, b.last, &s.pred[b.comp])
			if read < 0 {
				return i, d.noCode()
			}
			p := &d.planes[b.comp]
			d.inverse(p.pix[b.at+(x+i)*b.step:], p.stride, &s.coef, read, b.scale)
		}
	}
	return count, nil
}

// decodeDCs is decodeBlocks where a block is one sample.
func (d *Decoder) decodeDCs(x, count int) (done int, err error) {
	s := &d.scanner
	var pix [4][]byte
	for i := range d.header.Components {
		pix[i] = d.planes[i].pix
	}
	for done < count {
		if s.pos >= s.safe && !s.more() {
			return done, d.early()
		}
		read, ok := d.readRun(s, &pix, x+done, count-done, s.safe)
		if done += read; !ok {
			return done, d.noCode()
		}
	}
	return done, nil
}

func (d *Decoder) early() error {
	return d.fail(Truncated, "scan", "the data ends before the picture does")
}

// noCode is what is wrong where a block can't be read.
func (d *Decoder) noCode() error {
	if s := &d.scanner; s.ended && s.pos >= s.safe {
		return d.early()
	}
	return d.fail(Corrupt, "scan", "the data is no code of its table")
}

// grey fills unit x with what a decoder shows where data is missing.
func (d *Decoder) grey(x int) {
	for k := range d.blocks {
		b := &d.blocks[k]
		p := &d.planes[b.comp]
		fill(p.pix[b.at+x*b.step:], p.stride, b.scale, 128)
	}
}

// nextInterval goes to the next restart marker, T.81 §E.2.4.
func (d *Decoder) nextInterval() error {
	s := &d.scanner
	s.left = d.restart
	if s.dead && d.src.marker != 0 && (d.src.marker < mRST0 || d.src.marker > mRST7) {
		return nil // there is nothing more
	}
	marker, ok := d.src.nextMarker()
	if !ok || marker != s.next {
		if ok {
			d.src.marker = marker
		}
		if d.opts.Truncated {
			s.dead, d.truncated = true, true
			return nil
		}
		if !ok || marker == mEOI {
			return d.fail(Truncated, "scan", "the data ends before the picture does")
		}
		return d.fail(Corrupt, "scan", "restart marker RST%d is missing", s.next-mRST0)
	}
	s.next = mRST0 + (s.next-mRST0+1)&7
	s.dead = false
	s.begin()
	return nil
}

// readScans decodes a sequential file whose scans have one or a few components
// each into whole planes.
func (d *Decoder) readScans(ctx context.Context) error {
	d.buffered = true
	for i := range d.header.Components {
		c, p := &d.header.Components[i], &d.planes[i]
		p.stride = c.paddedX * p.scale
		p.pix = d.take(i, p.stride*c.paddedY*p.scale)
		for k := range p.pix {
			p.pix[k] = 128
		}
	}
	for more := true; more; {
		if err := d.readWholeScan(ctx); err != nil {
			return err
		}
		var err error
		if more, err = d.nextScan(); err != nil {
			return d.orEnd(err)
		}
	}
	return d.allSeen()
}

// orEnd takes missing data for the end of the picture where that is allowed.
func (d *Decoder) orEnd(err error) error {
	if e, ok := err.(*Error); ok && e.Kind == Truncated && d.opts.Truncated {
		d.truncated = true
		return nil
	}
	return err
}

// allSeen looks that no component is missing.
func (d *Decoder) allSeen() error {
	for i := range d.header.Components {
		if d.seen[i] {
			continue
		}
		if !d.opts.Truncated {
			return d.fail(Truncated, "EOI", "component %d has no scan", i)
		}
		d.truncated = true
	}
	return nil
}

func (d *Decoder) readWholeScan(ctx context.Context) error {
	d.plan()
	d.startScan()
	unitsX, unitsY := d.units()
	whole := d.planes
	defer func() { d.planes = whole }()
	for y := range unitsY {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, k := range d.scan.comps {
			rows := d.header.Components[k].V
			if len(d.scan.comps) == 1 {
				rows = 1
			}
			p := &d.planes[k]
			p.pix = whole[k].pix[y*rows*p.scale*p.stride:]
		}
		if err := d.readUnits(unitsX, y == unitsY-1); err != nil {
			return err
		}
	}
	return nil
}

// units is how many units there are in a row of the scan and how many rows.
func (d *Decoder) units() (x, y int) {
	if len(d.scan.comps) == 1 {
		c := &d.header.Components[d.scan.comps[0]]
		return c.blocksX, c.blocksY
	}
	return d.header.mcusX, d.header.mcusY
}
