package jpeg

import "context"

// Coefs is what a file says of a component, before the transform: blocks of 64
// quantised coefficients in zigzag order. Blocks that only fill up MCUs are not
// part of the picture and not in it.
type Coefs struct {
	Width, Height int       // in blocks
	Quant         [64]int32 // zigzag order
	values        []int16
	stride        int // in blocks
}

// Block returns the coefficients of the block in column x of row y.
func (c *Coefs) Block(x, y int) *[64]int16 {
	return (*[64]int16)(c.values[64*(y*c.stride+x):])
}

// Scan is a scan header: the components it codes, as indices, and which bits of
// which coefficients, T.81 §G.1.1.1.
type Scan struct {
	Comps          []int
	Ss, Se, Ah, Al int
}

// Coefficients reads all scans after ReadHeader, in place of Start. It returns
// the components and, of a progressive file, its scans. The result is the
// Decoder's memory and valid until its next file. A file that ends early is an
// error here, and so is a coefficient of more than 16 bits.
func (d *Decoder) Coefficients(ctx context.Context) ([]Coefs, []Scan, error) {
	d.opts, d.whole, d.script, d.wide = Options{}, true, d.script[:0], false
	for i := range d.header.Components {
		d.planes[i].scale = 8
	}
	if err := d.readProgressive(ctx); err != nil {
		return nil, nil, err
	}
	if d.wide {
		return nil, nil, d.fail(Unsupported, "scan", "a coefficient has more than 16 bits")
	}
	list := make([]Coefs, len(d.header.Components))
	for i := range list {
		c := &d.header.Components[i]
		list[i] = Coefs{Width: c.blocksX, Height: c.blocksY, Quant: d.factors[i], values: d.coefs[i].values, stride: c.paddedX}
	}
	if !d.header.Progressive {
		return list, nil, nil
	}
	return list, d.script, nil
}

// CoefficientMemory is what Coefficients takes beside the file, in bytes.
func (h *Header) CoefficientMemory() int64 {
	var n int64
	for i := range h.Components {
		n += int64(h.Components[i].paddedX) * int64(h.Components[i].paddedY) * (2*64 + 8)
	}
	return n + 1<<20 // tables, window and a band
}

// noted keeps the header of the scan that comes.
func (d *Decoder) noted() {
	s := &d.scan
	d.script = append(d.script, Scan{Comps: append([]int(nil), s.comps...), Ss: s.ss, Se: s.se, Ah: int(s.ah), Al: int(s.al)})
}

var ones = func() (q [64]int32) {
	for i := range q {
		q[i] = 1
	}
	return q
}()

// sequentialUnit reads the blocks of unit (x, y) of a sequential scan.
func (d *Decoder) sequentialUnit(x, y int) bool {
	for i, k := range d.scan.comps {
		c := &d.header.Components[k]
		dc, ac := d.huff[0][d.scan.dc[i]], d.huff[1][d.scan.ac[i]]
		if len(d.scan.comps) == 1 {
			return d.sequentialBlock(k, y*c.paddedX+x, dc, ac)
		}
		for v := range c.V {
			for h := range c.H {
				if !d.sequentialBlock(k, (y*c.V+v)*c.paddedX+x*c.H+h, dc, ac) {
					return false
				}
			}
		}
	}
	return true
}

func (d *Decoder) sequentialBlock(k, at int, dc, ac *huffman) bool {
	s := &d.scanner
	read := s.block(dc, ac, &ones, 63, &s.pred[k])
	if read < 0 {
		return false
	}
	values := d.coefs[k].values[64*at:][:64]
	for z := range max(read, 1) {
		v := s.coef[zigzag[z]]
		d.wide = d.wide || v != int32(int16(v))
		values[z] = int16(v)
	}
	clear(values[max(read, 1):])
	return true
}
