package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// maxCompanions bounds how many pictures behind the first are looked at.
const maxCompanions = 8

// takeGainMap looks for a gain map among the pictures behind EOI. It becomes a
// picture of its own, parsed like any other: what is left of the tail is
// returned.
func (p *jpegParser) takeGainMap(tail []byte) (rest [][]byte) {
	from := 0
	for range maxCompanions {
		i := bytes.Index(tail[from:], []byte("\xFF\xD8\xFF"))
		if i < 0 {
			break
		}
		from += i
		q := &jpegParser{data: tail[from:], lim: p.lim, pic: &picture{format: JPEG, orientation: 1}, companion: true}
		q.meta = newJPEGMeta(q.pic, newScanBudget(&q.pic.texts), extras{})
		err := q.walk()
		if err != nil || len(q.pic.mended) > 0 {
			from += 2
			continue
		}
		if q.readGainMap() {
			p.second = q
			return [][]byte{tail[:from], tail[from+q.pos:]}
		}
		from += q.pos
	}
	return [][]byte{tail}
}

// readGainMap says whether the picture is one.
func (p *jpegParser) readGainMap() bool {
	g := &gainMap{}
	for _, c := range p.pic.texts.claims {
		if found := readGainXMP(c.data); c.kind == claimXMP && found != nil {
			g = found
			break
		}
	}
	g.iso = readISOGain(p.meta.iso)
	if *g == (gainMap{}) {
		return false
	}
	// The map lies over the stored picture, and is turned with it.
	p.gain, p.meta.orientation = g, 0
	return true
}

// finishGainMap writes the gain map, before the picture that announces it.
func (p *jpegParser) finishGainMap() {
	q := p.second
	if q == nil {
		return
	}
	if q.gain.iso != nil {
		q.pic.iso = q.gain.iso.bytes()
		p.pic.iso = []byte{0, 0, 0, 0}
	}
	q.pic.texts.claims = nil
	q.finish(extras{packet: q.gain.packet()})
	q.pic.size = q.pic.out.size()
	p.pic.second, p.pic.gain = q.pic, q.gain
	p.pic.texts.join(&q.pic.texts)
	p.pic.found.merge("gain map: ", &q.pic.found)
}

const mpfBytes = 86 // of a segment's body

// mpfSegment is the index of a file of two pictures, CIPA DC-007 §5: the sizes of
// both, and where the second begins, counted from the order mark.
func mpfSegment(first, second, offset int64) []byte {
	b := []byte("MPF\x00MM\x00*\x00\x00\x00\x08\x00\x03" +
		"\xB0\x00\x00\x07\x00\x00\x00\x040100" +
		"\xB0\x01\x00\x04\x00\x00\x00\x01\x00\x00\x00\x02" +
		"\xB0\x02\x00\x07\x00\x00\x00\x20\x00\x00\x00\x32" +
		"\x00\x00\x00\x00")
	for _, e := range [][3]int64{{0x030000, first, 0}, {0, second, offset}} {
		for _, v := range e {
			b = binary.BigEndian.AppendUint32(b, uint32(v))
		}
		b = append(b, 0, 0, 0, 0) // depends on no other
	}
	return jpegSegment(mAPP2, b)
}

// link puts the index before slice at of the output.
func (p *jpegParser) link(out *rope, at int) {
	second, rest := p.pic.second.size, (*out)[at:].size()
	offset := int64(mpfBytes-4) + rest // 4: the signature before the order mark
	*out = slices.Insert(*out, at, mpfSegment(out.size()+4+mpfBytes, second, offset))
}
