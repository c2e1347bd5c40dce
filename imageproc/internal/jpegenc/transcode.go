package jpegenc

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Component is quantised coefficients: Width × Height blocks, those of the picture
// alone. What fills up MCUs is made here and holds nothing.
type Component struct {
	ID            byte
	H, V          int // sampling factors, 1 to 4
	Width, Height int
	Quant         [64]int32 // 1 to 65535, zigzag order
	// Block returns the block in column x of row y, zigzag order. It need not be
	// valid after the next call.
	Block func(x, y int) *[64]int16
}

// Scan is the header of a progressive scan, T.81 §G.1.1.1. Comps are indices.
type Scan struct {
	Comps          []int
	Ss, Se, Ah, Al int
}

// ErrCoefficient says that a coefficient has more bits than 8-bit JPEG allows.
var ErrCoefficient = errors.New("jpegenc: a coefficient has too many bits")

// Transcode writes coefficients as a file without any marker segment but its
// tables and headers, with Huffman tables made for each scan. With scans it is
// progressive. Without, it is sequential, of one scan, or of one a component
// where an MCU would have more than 10 blocks. The scans have to be those of a
// file that was read whole: each refinement follows what it refines.
func Transcode(width, height int, comps []Component, scans []Scan) ([]byte, error) {
	t := &transcoder{width: width, height: height, comps: comps, progressive: len(scans) > 0}
	if !t.progressive {
		scans = t.sequential()
	}
	t.out = append(t.out, 0xFF, 0xD8)
	t.frame()
	for i := range scans {
		t.scan(&scans[i])
		if t.err != nil {
			return nil, t.err
		}
	}
	return append(t.out, 0xFF, 0xD9), nil
}

type transcoder struct {
	width, height int
	comps         []Component
	progressive   bool
	class         []byte // of each component: which pair of Huffman tables it uses
	hMax, vMax    int
	out           []byte
	err           error

	now   *Scan
	count bool // the first of two passes
	freq  [2][2][257]int
	codes [2][2][256]code
	pred  []int
	zero  [64]int16

	acc  uint64
	bits uint

	eobRun     int
	eobClass   byte
	delayed    []byte // correction bits of the blocks in the run
	correction []byte // of this block
}

type code struct {
	bits   uint16
	length uint8
}

// sequential is the scans of a sequential file.
func (t *transcoder) sequential() []Scan {
	all, blocks := make([]int, len(t.comps)), 0
	for i, c := range t.comps {
		all[i] = i
		blocks += c.H * c.V
	}
	if blocks <= 10 || len(all) == 1 {
		return []Scan{{Comps: all, Se: 63}}
	}
	var list []Scan
	for i := range all {
		list = append(list, Scan{Comps: all[i : i+1], Se: 63})
	}
	return list
}

// frame writes DQT, with equal tables once, and SOF.
func (t *transcoder) frame() {
	var tables [][64]int32
	var ids []byte
	extended := false
	for _, c := range t.comps {
		id := slices.Index(tables, c.Quant)
		if id < 0 {
			id = len(tables)
			tables = append(tables, c.Quant)
		}
		ids = append(ids, byte(id))
		t.class = append(t.class, byte(min(id, 1)))
		t.hMax, t.vMax = max(t.hMax, c.H), max(t.vMax, c.V)
	}
	var dqt []byte
	for id, q := range tables {
		wide := slices.Max(q[:]) > 255
		extended = extended || wide
		if !wide {
			dqt = append(dqt, byte(id))
			for _, v := range q {
				dqt = append(dqt, byte(v))
			}
			continue
		}
		dqt = append(dqt, byte(id)|0x10)
		for _, v := range q {
			dqt = binary.BigEndian.AppendUint16(dqt, uint16(v))
		}
	}
	t.segment(0xDB, dqt)
	marker := byte(0xC0)
	switch {
	case t.progressive:
		marker = 0xC2
	case extended:
		marker = 0xC1
	}
	sof := []byte{8, byte(t.height >> 8), byte(t.height), byte(t.width >> 8), byte(t.width), byte(len(t.comps))}
	for i, c := range t.comps {
		sof = append(sof, c.ID, byte(c.H<<4|c.V), ids[i])
	}
	t.segment(marker, sof)
}

func (t *transcoder) segment(marker byte, body []byte) {
	t.out = append(t.out, 0xFF, marker)
	t.out = binary.BigEndian.AppendUint16(t.out, uint16(len(body)+2))
	t.out = append(t.out, body...)
}

// scan goes through the blocks twice: to count symbols, and to write them.
func (t *transcoder) scan(s *Scan) {
	t.now, t.freq, t.count = s, [2][2][257]int{}, true
	t.pass()
	if t.err != nil {
		return
	}
	var dht []byte
	for class := range t.freq {
		for id := range t.freq[class] {
			if !slices.ContainsFunc(t.freq[class][id][:], func(n int) bool { return n > 0 }) {
				continue
			}
			h := bestTable(&t.freq[class][id], nil)
			dht = append(dht, byte(class<<4|id))
			dht = append(append(dht, h.counts[:]...), h.symbols...)
			h.each(func(symbol uint8, bits uint32, length int) {
				t.codes[class][id][symbol] = code{uint16(bits), uint8(length)}
			})
		}
	}
	if len(dht) > 0 {
		t.segment(0xC4, dht)
	}
	sos := []byte{byte(len(s.Comps))}
	for _, k := range s.Comps {
		var tables byte
		if s.Ss == 0 && s.Ah == 0 {
			tables = t.class[k] << 4
		}
		if s.Se > 0 {
			tables |= t.class[k]
		}
		sos = append(sos, t.comps[k].ID, tables)
	}
	t.segment(0xDA, append(sos, byte(s.Ss), byte(s.Se), byte(s.Ah<<4|s.Al)))
	t.count = false
	t.pass()
	if n := t.bits % 8; n > 0 {
		t.put(1<<(8-n)-1, 8-n) // T.81 F.1.2.3: filled up with ones
	}
	t.flush()
}

// pass codes each block of a scan in its order, T.81 §A.2. Beyond the picture
// they repeat the mean of the one before.
func (t *transcoder) pass() {
	t.pred = make([]int, len(t.comps))
	s := t.now
	if len(s.Comps) == 1 {
		k := s.Comps[0]
		c := &t.comps[k]
		for y := range c.Height {
			for x := range c.Width {
				t.block(k, c.Block(x, y))
			}
		}
	} else {
		t.units()
	}
	t.endRun()
}

func (t *transcoder) units() {
	across, down := (t.width+8*t.hMax-1)/(8*t.hMax), (t.height+8*t.vMax-1)/(8*t.vMax)
	last := make([]int16, len(t.comps))
	for y := range down {
		for x := range across {
			for _, k := range t.now.Comps {
				c := &t.comps[k]
				for v := range c.V {
					for h := range c.H {
						if bx, by := x*c.H+h, y*c.V+v; bx < c.Width && by < c.Height {
							b := c.Block(bx, by)
							last[k] = b[0]
							t.block(k, b)
							continue
						}
						t.zero[0] = last[k]
						t.block(k, &t.zero)
					}
				}
			}
		}
	}
}

func (t *transcoder) block(k int, b *[64]int16) {
	s := t.now
	switch {
	case !t.progressive:
		t.dc(k, int(b[0]))
		t.ac(k, b)
	case s.Ss == 0 && s.Ah == 0:
		t.dc(k, int(b[0])>>s.Al)
	case s.Ss == 0:
		if !t.count {
			t.put(uint32(b[0]>>s.Al)&1, 1)
		}
	case s.Ah == 0:
		t.firstAC(k, b)
	default:
		t.refineAC(k, b)
	}
}

// The most bits that a coefficient may have, T.81 tables F.1 and F.2.
const (
	maxDCBits = 11
	maxACBits = 10
)

func (t *transcoder) dc(k, v int) {
	value, size := magnitude(int32(v - t.pred[k]))
	t.pred[k] = v
	if size > maxDCBits {
		t.err = ErrCoefficient
		return
	}
	t.symbol(0, t.class[k], byte(size))
	t.put(uint32(value), size)
}

func (t *transcoder) ac(k int, b *[64]int16) {
	run := 0
	for _, v := range b[1:] {
		if v == 0 {
			run++
			continue
		}
		t.coefficient(t.class[k], run, int32(v))
		run = 0
	}
	if run > 0 {
		t.symbol(1, t.class[k], 0)
	}
}

// coefficient codes one after run zeros.
func (t *transcoder) coefficient(class byte, run int, v int32) {
	for ; run > 15; run -= 16 {
		t.symbol(1, class, 0xF0)
	}
	value, size := magnitude(v)
	if size > maxACBits {
		t.err = ErrCoefficient
		return
	}
	t.symbol(1, class, byte(run<<4)|byte(size))
	t.put(uint32(value), size)
}

// firstAC is T.81 §G.1.2.2.
func (t *transcoder) firstAC(k int, b *[64]int16) {
	s, run := t.now, 0
	for _, v := range b[s.Ss : s.Se+1] {
		point := int32(v) / (1 << s.Al)
		if point == 0 {
			run++
			continue
		}
		t.endRun()
		t.coefficient(t.class[k], run, point)
		run = 0
	}
	if run > 0 {
		t.lengthenRun(t.class[k])
	}
}

// refineAC is T.81 §G.1.2.3: a 1 for each coefficient that becomes visible, and
// between them a correction bit for each that is already.
func (t *transcoder) refineAC(k int, b *[64]int16) {
	s, class := t.now, t.class[k]
	var size [64]int32
	last := 0 // the last that becomes visible
	for z := s.Ss; z <= s.Se; z++ {
		v := int32(b[z])
		if size[z] = max(v, -v) >> s.Al; size[z] == 1 {
			last = z
		}
	}
	run := 0
	t.correction = t.correction[:0]
	for z := s.Ss; z <= s.Se; z++ {
		if size[z] == 0 {
			run++
			continue
		}
		for run > 15 && z <= last {
			t.endRun()
			t.symbol(1, class, 0xF0)
			run -= 16
			t.flags(&t.correction)
		}
		if size[z] > 1 {
			t.correction = append(t.correction, byte(size[z]&1))
			continue
		}
		t.endRun()
		t.symbol(1, class, byte(run<<4)|1)
		t.put(uint32(^b[z]>>15)&1, 1)
		t.flags(&t.correction)
		run = 0
	}
	if run > 0 || len(t.correction) > 0 {
		t.delayed = append(t.delayed, t.correction...)
		t.lengthenRun(class)
	}
}

// flags writes single bits and forgets them.
func (t *transcoder) flags(list *[]byte) {
	for _, bit := range *list {
		t.put(uint32(bit), 1)
	}
	*list = (*list)[:0]
}

// lengthenRun adds a block that ends here to the run of such.
func (t *transcoder) lengthenRun(class byte) {
	const most, mostBits = 0x7FFF, 4096
	t.eobRun, t.eobClass = t.eobRun+1, class
	if t.eobRun == most || len(t.delayed) > mostBits {
		t.endRun()
	}
}

// endRun writes the run of blocks that ended early.
func (t *transcoder) endRun() {
	if t.eobRun == 0 {
		return
	}
	_, size := magnitude(int32(t.eobRun))
	size--
	t.symbol(1, t.eobClass, byte(size<<4))
	t.put(uint32(t.eobRun)&(1<<size-1), size)
	t.eobRun = 0
	t.flags(&t.delayed)
}

func (t *transcoder) symbol(class int, id, symbol byte) {
	if t.count {
		t.freq[class][id][symbol]++
		return
	}
	c := t.codes[class][id][symbol]
	t.put(uint32(c.bits), uint(c.length))
}

// put writes n bits, at most 16.
func (t *transcoder) put(v uint32, n uint) {
	if t.count {
		return
	}
	t.acc, t.bits = t.acc<<n|uint64(v), t.bits+n
	if t.bits < 32 {
		return
	}
	t.bits -= 32
	t.room()
	n32 := put(t.out[:cap(t.out)], len(t.out), uint32(t.acc>>t.bits))
	t.out = t.out[:n32]
}

// room makes place for eight bytes.
func (t *transcoder) room() {
	if cap(t.out)-len(t.out) < 8 {
		t.out = slices.Grow(t.out, 64<<10)
	}
}

// flush writes whole bytes, the last of a scan.
func (t *transcoder) flush() {
	for ; t.bits > 0; t.bits -= 8 {
		b := byte(t.acc >> (t.bits - 8))
		if t.out = append(t.out, b); b == 0xFF {
			t.out = append(t.out, 0)
		}
	}
}

// put writes four bytes to to[n:], a zero behind each byte of ones, and returns
// the new n.
func put(to []byte, n int, v uint32) int {
	if y := ^v; (y-0x01010101)&^y&0x80808080 == 0 { // no byte of ones
		binary.BigEndian.PutUint32(to[n:], v)
		return n + 4
	}
	for shift := 24; shift >= 0; shift -= 8 {
		b := byte(v >> shift)
		to[n] = b
		n++
		if b == 0xFF {
			to[n] = 0
			n++
		}
	}
	return n
}
