package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/fitveil/fitveil/imageproc/internal/seek"
)

// maxScans bounds what a decoder may have to go through; encoders write some
// ten, and one scan for each coefficient of each component stays below it.
const maxScans = 500

// jpegFrame is the one frame header of a file, T.81 §B.2.2.
type jpegFrame struct {
	header        []byte // the SOF segment as written to the output
	progressive   bool
	extended      bool // SOF1 or SOF2: four Huffman tables of each class
	width, height int
	hMax, vMax    int
	comps         []jpegComponent
	room          [4]jpegComponent
}

type jpegComponent struct {
	id   byte
	h, v int
	tq   byte
}

// jpegTables are the tables in force at some point of a file. The slices are
// parts of the input; nil stands for a table that is not defined.
type jpegTables struct {
	quant   [4][]byte    // precision byte, then 64 or 128 bytes
	huff    [2][4][]byte // by class: DC, AC; 16 counts, then the symbols
	restart int
}

func (p *jpegParser) startFrame(at int, marker byte, body []byte) error {
	name := markerName(marker)
	if p.frame != nil {
		return p.fail(name, at, ErrCorrupt, "second frame header")
	}
	if len(body) < 6 {
		return p.fail(name, at, ErrCorrupt, "length %d", len(body))
	}
	if body[0] != 8 {
		return p.fail(name, at, ErrUnsupported, "%d bits per sample are not supported", body[0])
	}
	f := &p.own
	*f = jpegFrame{
		progressive: marker == mSOF2, extended: marker != mSOF0,
		height: int(binary.BigEndian.Uint16(body[1:])), width: int(binary.BigEndian.Uint16(body[3:])),
	}
	f.comps = f.room[:0]
	n := int(body[5])
	if n != 1 && n != 3 && n != 4 {
		return p.fail(name, at, ErrUnsupported, "%d components are not supported", n)
	}
	if len(body) != 6+3*n {
		return p.fail(name, at, ErrCorrupt, "length %d for %d components", len(body), n)
	}
	if f.width == 0 {
		return p.fail(name, at, ErrCorrupt, "width 0")
	}
	if f.height == 0 {
		return p.fail(name, at, ErrUnsupported, "height given after the first scan is not supported")
	}
	if err := checkSize(JPEG, name, at, int64(f.width), int64(f.height), p.lim); err != nil {
		return err
	}
	for i := range n {
		c := jpegComponent{id: body[6+3*i], h: int(body[7+3*i] >> 4), v: int(body[7+3*i] & 15), tq: body[8+3*i]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.tq > 3 || f.component(c.id) >= 0 {
			return p.fail(name, at, ErrCorrupt, "component %d is not valid", i)
		}
		f.hMax, f.vMax = max(f.hMax, c.h), max(f.vMax, c.v)
		f.comps = append(f.comps, c)
	}
	f.header = p.made.segment(marker, body)
	p.frame = f
	return nil
}

func (f *jpegFrame) component(id byte) int {
	return slices.IndexFunc(f.comps, func(c jpegComponent) bool { return c.id == id })
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (p *jpegParser) defineQuant(at int, body []byte) error {
	for len(body) > 0 {
		precision, id := body[0]>>4, body[0]&15
		n := 1 + 64*(1+int(precision))
		if precision > 1 || id > 3 || len(body) < n {
			return p.fail("DQT", at, ErrCorrupt, "table %d is not valid", id)
		}
		p.now.quant[id] = body[:n]
		if p.embedded {
			p.sent.quant[id] = nil // streams before it may have put another in its place
		}
		body = body[n:]
	}
	return nil
}

func (p *jpegParser) defineHuffman(at int, body []byte) error {
	for len(body) > 0 {
		class, id := body[0]>>4, body[0]&15
		if class > 1 || id > 3 || len(body) < 17 {
			return p.fail("DHT", at, ErrCorrupt, "table is not valid")
		}
		table := body[1:]
		n, ok := huffmanSize(table)
		if !ok {
			return p.fail("DHT", at, ErrCorrupt, "table %d is not valid", id)
		}
		p.now.huff[class][id] = table[:n]
		if p.embedded {
			p.sent.huff[class][id] = nil
		}
		body = table[n:]
	}
	return nil
}

// huffmanSize is the length of a table that begins with 16 counts, and whether
// it is a prefix code, T.81 annex C, without repeated symbols. A repeat decodes
// like its twin, and would let a table hold any text.
func huffmanSize(table []byte) (size int, ok bool) {
	symbols, room := 0, 1
	for _, n := range table[:16] {
		if room = 2*room - int(n); room < 0 {
			return 0, false
		}
		symbols += int(n)
	}
	if symbols == 0 || symbols > 256 || len(table) < 16+symbols {
		return 0, false
	}
	var seen [256]bool
	for _, symbol := range table[16 : 16+symbols] {
		if seen[symbol] {
			return 0, false
		}
		seen[symbol] = true
	}
	return 16 + symbols, true
}

// jpegScan is one scan header, T.81 §B.2.3.
type jpegScan struct {
	count          int
	comp           [4]int // indices into the frame's
	dc, ac         [4]byte
	ss, se, ah, al byte
}

func (s *jpegScan) comps() []int { return s.comp[:s.count] }

func (p *jpegParser) scan(at int, body []byte) error {
	if p.frame == nil {
		return p.fail("SOS", at, ErrCorrupt, "no frame header before it")
	}
	if p.scans++; p.scans > maxScans {
		return p.fail("SOS", at, ErrTooLarge, "more than %d scans", maxScans)
	}
	s, err := p.scanHeader(at, body)
	if err != nil {
		return err
	}
	p.sendQuant()
	if p.scans == 1 {
		p.body.add(p.frame.header)
	}
	if err := p.sendHuffman(at, &s); err != nil {
		return err
	}
	if p.now.restart != p.sent.restart {
		p.sent.restart = p.now.restart
		p.body.add(p.made.of(0xFF, mDRI, 0, 4, byte(p.now.restart>>8), byte(p.now.restart)))
	}
	p.body.add(p.writeScan(&s))
	p.pic.blockVisits += p.frame.blocks(&s)
	from := len(p.body)
	if err := p.entropy(at, p.frame.intervals(&s, p.now.restart)); err != nil {
		return err
	}
	p.noteData(from, &s)
	p.complete = p.complete || p.scans == 1 && p.now.restart == 0 && !p.frame.progressive && !p.embedded && s.count == len(p.frame.comps)
	return nil
}

func (p *jpegParser) scanHeader(at int, body []byte) (s jpegScan, err error) {
	bad := func(what string) (jpegScan, error) { return jpegScan{}, p.fail("SOS", at, ErrCorrupt, "%s", what) }
	f := p.frame
	if len(body) < 1 || body[0] < 1 || int(body[0]) > len(f.comps) || len(body) != 4+2*int(body[0]) {
		return bad("length or number of components is not valid")
	}
	blocks := 0
	for i := range int(body[0]) {
		k := f.component(body[1+2*i])
		if k < 0 || slices.Contains(s.comps(), k) {
			return bad("component is unknown or repeated")
		}
		td, ta := body[2+2*i]>>4, body[2+2*i]&15
		if td > 3 || ta > 3 || !f.extended && (td > 1 || ta > 1) {
			return bad("Huffman table selector is not valid")
		}
		s.comp[i], s.dc[i], s.ac[i] = k, td, ta
		s.count++
		blocks += f.comps[k].h * f.comps[k].v
	}
	if s.count > 1 && blocks > 10 {
		return bad("more than 10 blocks in an MCU")
	}
	last := body[1+2*s.count:]
	s.ss, s.se, s.ah, s.al = last[0], last[1], last[2]>>4, last[2]&15
	if !f.progressive {
		s.ss, s.se, s.ah, s.al = 0, 63, 0, 0 // decoders ignore what a sequential file says here
		return s, nil
	}
	switch {
	case s.se > 63 || s.ss > s.se || s.ss == 0 && s.se != 0:
		return bad("spectral selection is not valid")
	case s.ss > 0 && s.count > 1:
		return bad("AC coefficients of more than one component")
	case s.al > 13 || s.ah != 0 && s.ah != s.al+1:
		return bad("successive approximation is not valid")
	}
	return s, nil
}

// usesDC and usesAC say which Huffman tables the data of a scan needs, T.81
// §G.1.2: a refinement of DC has none.
func (s *jpegScan) usesDC() bool { return s.ss == 0 && s.ah == 0 }
func (s *jpegScan) usesAC() bool { return s.se > 0 }

// sendQuant writes the quantisation tables that the frame uses and that are not
// yet in the output as they stand.
func (p *jpegParser) sendQuant() {
	var room [4][]byte
	parts := room[:0]
	for id, t := range p.now.quant {
		used := slices.ContainsFunc(p.frame.comps, func(c jpegComponent) bool { return int(c.tq) == id })
		if used && t != nil {
			p.use(t)
		}
		if used && t != nil && !bytes.Equal(t, p.sent.quant[id]) {
			p.sent.quant[id] = t
			parts = append(parts, t)
		}
	}
	if len(parts) > 0 {
		p.body.add(p.made.segment(mDQT, parts...))
	}
}

// use notes that a scan needs a table.
func (p *jpegParser) use(table []byte) {
	if p.embedded {
		p.used[&table[0]] = true
	}
}

func (p *jpegParser) sendHuffman(at int, s *jpegScan) error {
	var room [16][]byte
	parts := room[:0]
	need := func(class int, id byte) bool {
		t := p.now.huff[class][id]
		if t == nil {
			return false
		}
		p.use(t)
		if !bytes.Equal(t, p.sent.huff[class][id]) {
			p.sent.huff[class][id] = t
			parts = append(parts, p.made.of(byte(class)<<4|id), t)
		}
		return true
	}
	for i, k := range s.comps() {
		if p.now.quant[p.frame.comps[k].tq] == nil {
			return p.fail("SOS", at, ErrCorrupt, "quantisation table %d is not defined", p.frame.comps[k].tq)
		}
		if s.usesDC() && !need(0, s.dc[i]) || s.usesAC() && !need(1, s.ac[i]) {
			return p.fail("SOS", at, ErrCorrupt, "a Huffman table is not defined")
		}
	}
	if len(parts) > 0 {
		p.body.add(p.made.segment(mDHT, parts...))
	}
	return nil
}

// writeScan writes the header anew, unused selectors as zero.
func (p *jpegParser) writeScan(s *jpegScan) []byte {
	var room [1 + 2*4 + 3]byte
	b := append(room[:0], byte(s.count))
	for i, k := range s.comps() {
		var tables byte
		if s.usesDC() {
			tables |= s.dc[i] << 4
		}
		if s.usesAC() {
			tables |= s.ac[i]
		}
		b = append(b, p.frame.comps[k].id, tables)
	}
	return p.made.segment(mSOS, append(b, s.ss, s.se, s.ah<<4|s.al))
}

// intervals is the number of restart intervals a scan is cut into; 1 without
// restart markers.
func (f *jpegFrame) intervals(s *jpegScan, restart int) int {
	if restart == 0 {
		return 1
	}
	return ceilDiv(f.mcus(s), restart)
}

// mcus is the number of units a scan is made of: in a scan of one component, its
// blocks, T.81 §A.2.
func (f *jpegFrame) mcus(s *jpegScan) int {
	if s.count == 1 {
		c := f.comps[s.comp[0]]
		return ceilDiv(ceilDiv(f.width*c.h, f.hMax), 8) * ceilDiv(ceilDiv(f.height*c.v, f.vMax), 8)
	}
	return ceilDiv(f.width, 8*f.hMax) * ceilDiv(f.height, 8*f.vMax)
}

func (f *jpegFrame) blocks(s *jpegScan) int64 {
	perUnit := 1
	if s.count > 1 {
		perUnit = 0
		for _, k := range s.comps() {
			perUnit += f.comps[k].h * f.comps[k].v
		}
	}
	return int64(perUnit) * int64(f.mcus(s))
}

// entropy finds the end of the entropy-coded data, T.81 §B.1.1.5: it holds
// stuffed zeros, and the restart markers in their order. The data goes into the
// output as it is; fill bytes and surplus intervals do not.
func (p *jpegParser) entropy(at, intervals int) error {
	if p.hole != nil && p.scans == 1 {
		return p.leaveHole(intervals)
	}
	start, i, restarts := p.pos, p.pos, 0
	kernel, _ := seek.Best()
	for {
		k := kernel.Marker(p.data[i:])
		if k < 0 {
			// Cut short: all there is, but for the first half of a marker.
			p.pos = len(p.data)
			p.body.add(bytes.TrimSuffix(p.data[start:], []byte{0xFF}))
			return nil
		}
		i += k
		c := p.data[i+1]
		switch {
		case c >= mRST0 && c <= mRST7 && restarts+1 < intervals:
			if int(c-mRST0) != restarts%8 {
				return p.fail(markerName(c), i, ErrCorrupt, "restart marker out of order")
			}
			restarts++
			i += 2
			continue
		case c == 0xFF:
			j := i + 1
			for j < len(p.data) && p.data[j] == 0xFF {
				j++
			}
			if j < len(p.data) && (p.data[j] == 0 || p.data[j] >= mRST0 && p.data[j] <= mRST7) {
				// Fill bytes inside the data: leave out all but the last.
				if p.segments++; p.segments > p.lim.MaxSegments {
					return p.fail("SOS", at, ErrTooLarge, "more than %d segments", p.lim.MaxSegments)
				}
				p.pic.found.add("fill bytes", j-1-i, 0)
				p.body.add(p.data[start:i])
				start, i = j-1, j-1
				continue
			}
		}
		p.body.add(p.data[start:i])
		p.pos = i
		return nil
	}
}
