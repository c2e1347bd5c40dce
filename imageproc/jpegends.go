package imageproc

import (
	"bytes"
	"sync"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
	"github.com/fitveil/fitveil/imageproc/internal/seek"
)

// jpegData is the data of a scan: where it stands in the body, and what its codes
// mean.
type jpegData struct {
	from, to int // slices of the body
	scan     jpegScan
	dc, ac   [4][]byte // tables of its components
	restart  int
}

// noteData remembers the scan whose data went into the body from there on.
func (p *jpegParser) noteData(from int, s *jpegScan) {
	d := jpegData{from: from, to: len(p.body), scan: *s, restart: p.now.restart}
	for i := range s.count {
		d.dc[i], d.ac[i] = p.now.huff[0][s.dc[i]], p.now.huff[1][s.ac[i]]
	}
	p.scanned = append(p.scanned, d)
}

// cutData takes out of the body what follows the last block of a scan or of a
// restart interval. Where that would take too long in all pictures of the file
// together, it stays; ErrTooLarge if it may not.
func (p *jpegParser) cutData(x extras) error {
	if p.hole != nil || !p.toFollow(x) {
		return nil
	}
	if p.visited += p.pic.blockVisits; p.visited > maxBlockVisits {
		if x.thorough {
			return p.fail("SOS", p.pos, ErrTooLarge, "too many blocks in all scans to be followed")
		}
		return nil
	}
	f := followers.Get().(*followed)
	defer f.close()
	f.p = p
	body := rope(f.room[:0])
	at := 0
	for i := range p.scanned {
		d := &p.scanned[i]
		body = append(body, p.body[at:d.from]...)
		body = append(body, f.data(d)...)
		at = d.to
	}
	body = append(body, p.body[at:]...)
	if f.dropped > 0 {
		p.body = append(p.body[:0], body...)
		p.pic.found.add("bytes after the pixels", f.dropped, 0)
	}
	return nil
}

// toFollow looks at the end of each scan. What a progressive scan means depends on
// those before it, so it is all or none.
func (p *jpegParser) toFollow(x extras) bool {
	for i := range p.scanned {
		if d := &p.scanned[i]; d.to > d.from && x.follows(evenly, p.body[d.from:d.to]...) {
			return true
		}
	}
	return false
}

// followed is what following the scans of a file takes.
type followed struct {
	p       *jpegParser
	room    [64][]byte
	blocks  [16]ends.Block
	walk    ends.Walker
	masks   [4][]uint64 // of each component of a progressive file
	dropped int
	tables  [8]codes // made last, for this file or those before it
	uses    int
}

// codes is a table and what it was made of.
type codes struct {
	spec [16 + 256]byte
	size int
	used int // when
	ends.Huffman
}

// followers are those in no use. They keep their tables: those of many files are the
// same.
var followers = sync.Pool{New: func() any { return new(followed) }}

func (f *followed) close() {
	f.p, f.room, f.blocks, f.walk, f.masks, f.dropped = nil, [64][]byte{}, [16]ends.Block{}, ends.Walker{}, [4][]uint64{}, 0
	followers.Put(f)
}

// table is one that is there, or takes the place of that which nobody has used for
// longest: no scan has more than there are.
func (f *followed) table(spec []byte) *ends.Huffman {
	if spec == nil {
		return nil
	}
	t := &f.tables[0]
	for i := range f.tables {
		c := &f.tables[i]
		if bytes.Equal(c.spec[:c.size], spec) {
			t = c
			break
		}
		if c.used < t.used {
			t = c
		}
	}
	if !bytes.Equal(t.spec[:t.size], spec) {
		t.size = copy(t.spec[:], spec)
		t.Set(spec)
	}
	f.uses++
	t.used = f.uses
	return &t.Huffman
}

// walker is one for the data of a scan.
func (f *followed) walker(d *jpegData) *ends.Walker {
	frame, s := f.p.frame, &d.scan
	w := &f.walk
	*w = ends.Walker{Scan: ends.Scan{Progressive: frame.progressive, Ss: s.ss, Se: s.se, Ah: s.ah, Al: s.al, Blocks: f.blocks[:0]}}
	for i, k := range s.comps() {
		var b ends.Block
		if s.usesDC() {
			b.DC = f.table(d.dc[i])
		}
		if s.usesAC() {
			b.AC = f.table(d.ac[i])
		}
		count := 1
		if s.count > 1 {
			count = frame.comps[k].h * frame.comps[k].v
		}
		for range count {
			w.Blocks = append(w.Blocks, b)
		}
	}
	if frame.progressive && s.ss > 0 {
		masks := &f.masks[s.comp[0]]
		if *masks == nil {
			*masks = make([]uint64, frame.mcus(s))
		}
		w.Masks = *masks
	}
	return w
}

// data is that of a scan without what follows its last block. That is not searched
// for in the output, for it may well be coded data that stands there, too. What comes between
// a restart interval and its marker is passed over by decoders as well.
func (f *followed) data(d *jpegData) rope {
	pieces := f.p.body[d.from:d.to]
	if len(pieces) == 0 {
		return nil
	}
	data := pieces[0]
	if len(pieces) > 1 {
		data = rope(pieces).bytes()
	}
	w := f.walker(d)
	left := f.p.frame.mcus(&d.scan)
	var out rope
	start, dropped := 0, 0
	for from := 0; ; {
		end := nextRestart(data, from)
		units := left
		if d.restart > 0 {
			units = min(d.restart, left)
		}
		left -= units
		used := w.Interval(data[from:end], units)
		if used < end-from {
			dropped += end - from - used
			out.add(data[start : from+used])
			start = end
		}
		if end == len(data) {
			break
		}
		from = end + 2
	}
	if dropped == 0 {
		return rope(pieces)
	}
	f.dropped += dropped
	out.add(data[start:])
	return out
}

// nextRestart is where the next restart marker stands, or the end.
func nextRestart(data []byte, from int) int {
	kernel, _ := seek.Best()
	if k := kernel.Marker(data[from:]); k >= 0 {
		return from + k
	}
	return len(data)
}
