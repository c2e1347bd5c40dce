package imageproc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The markers of ITU-T T.81 table B.1 that mean something here.
const (
	mSOF0, mSOF1, mSOF2            = 0xC0, 0xC1, 0xC2
	mDHT, mDAC                     = 0xC4, 0xCC
	mRST0, mRST7                   = 0xD0, 0xD7
	mSOI, mEOI, mSOS               = 0xD8, 0xD9, 0xDA
	mDQT, mDNL, mDRI               = 0xDB, 0xDC, 0xDD
	mDHP, mEXP                     = 0xDE, 0xDF
	mAPP0, mAPP1, mAPP2            = 0xE0, 0xE1, 0xE2
	mAPP11, mAPP12, mAPP13, mAPP14 = 0xEB, 0xEC, 0xED, 0xEE
	mAPP15, mSOF48, mCOM           = 0xEF, 0xF7, 0xFE
	mTEM                           = 0x01
)

// jpegParser takes a JPEG file apart and writes it anew: a fixed head, then for
// each scan the tables it uses, if they changed, its header and its entropy-coded
// data as a slice of the input. Nothing else is copied, so what hides in unused
// tables, between segments, between scans or behind the end has no way through.
type jpegParser struct {
	data     []byte
	pos      int
	lim      Limits
	segments int
	scans    int
	pic      *picture
	meta     jpegMeta
	frame    *jpegFrame
	own      jpegFrame  // that frame points to
	now      jpegTables // as the input defines them at this point
	sent     jpegTables // as the output does
	made     *arena
	body     rope
	scanned  []jpegData
	visited  int64 // blocks of the scans that were to be followed, in this picture and those before it
	hole     *hole // data of the first scan that was not read; nil is none

	x         extras
	keep      Keep
	companion bool        // behind another picture: what follows is not its own
	second    *jpegParser // the gain map, if it is kept
	gain      *gainMap    // what a companion says of itself

	complete bool           // a picture of one scan without restarts, behind which readers may look for more, and it was read
	embedded bool           // in a container that has tables of its own
	used     map[*byte]bool // then: tables that some scan needed, by their first byte
}

func parseJPEG(data []byte, lim Limits, x extras) (*picture, error) {
	p := workspaces.Get().(*workspace).newJPEGParser(data, lim, x)
	p.x = x
	if err := p.walk(); err != nil {
		return nil, err
	}
	if err := p.cutData(x); err != nil {
		return nil, err
	}
	if q := p.second; q != nil {
		q.visited = p.visited
		if q.cutData(x) != nil {
			return nil, p.fail("gain map", p.pos, ErrTooLarge, "too many blocks in all scans to be followed")
		}
	}
	if err := p.upright(x); err != nil {
		return nil, err
	}
	p.finish(x)
	return p.pic, nil
}

func (p *jpegParser) fail(part string, at int, sentinel error, format string, args ...any) error {
	return &FormatError{Format: JPEG, Part: part, Offset: int64(at), Reason: fmt.Sprintf(format, args...), Err: sentinel}
}

// newJPEGParser is the parser of a workspace, which its picture gives back.
func (w *workspace) newJPEGParser(data []byte, lim Limits, x extras) *jpegParser {
	p := &w.parser
	w.pic = picture{format: JPEG, orientation: 1, keeps: x.keep.Provenance, work: w, made: &w.made, out: w.out[:0]}
	w.pic.found = findings{w.carriers[:0], w.fields[:0]}
	w.pic.texts = texts{values: w.values[:0], claims: w.claims[:0], made: &w.made}
	*p = jpegParser{data: data, lim: lim, pic: &w.pic, keep: x.keep, made: &w.made, body: w.body[:0], scanned: w.scanned[:0]}
	w.budget = fullBudget
	w.budget.texts, w.budget.tagRoom, w.budget.nameRoom, w.budget.queueRoom = &w.pic.texts, w.tags[:], w.names[:], w.queue[:]
	p.meta = newJPEGMeta(p.pic, &w.budget, x)
	return p
}

// walk visits every marker up to the first EOI.
func (p *jpegParser) walk() error {
	p.pos = 2
	for {
		at, marker, err := p.next()
		if err != nil {
			return err
		}
		if p.segments++; p.segments > p.lim.MaxSegments {
			return p.fail(markerName(marker), at, ErrTooLarge, "more than %d segments", p.lim.MaxSegments)
		}
		switch {
		case marker == mEOI:
			return p.end(at)
		case marker >= mRST0 && marker <= mRST7 || marker == mTEM:
			p.pic.found.add("bytes between segments", 2, 0)
		default:
			switch err := p.segment(at, marker); {
			case err != nil && p.complete && !errors.Is(err, ErrTooLarge):
				p.breakOff(at)
				return nil
			case err != nil:
				return err
			}
		}
	}
}

// breakOff ends a file that breaks the rules behind the one scan that has the whole
// picture: readers do not look there.
func (p *jpegParser) breakOff(at int) {
	p.pic.mend(brokenSegment)
	rest := p.data[at:]
	p.pic.texts.trailer(rest)
	p.pic.found.add("bytes after the picture", len(rest), trailerClasses(rest))
}

// next finds the next marker. Whatever lies before it is dropped: T.81 §B.1.1.2
// allows fill bytes there, and decoders skip all else.
func (p *jpegParser) next() (at int, marker byte, err error) {
	start := p.pos
	for i := start; ; {
		k := bytes.IndexByte(p.data[i:], 0xFF)
		if k < 0 {
			return p.missingEOI(start)
		}
		for i += k; i < len(p.data) && p.data[i] == 0xFF; i++ {
		}
		if i == len(p.data) {
			return p.missingEOI(start)
		}
		if p.data[i] == 0 {
			continue
		}
		at, p.pos = i-1, i+1
		if gap := p.data[start:at]; bytes.Count(gap, []byte{0xFF}) < len(gap) {
			p.pic.texts.blob(gap)
			p.pic.found.add("bytes between segments", len(gap), 0)
		} else if len(gap) > 0 {
			p.pic.found.add("fill bytes", len(gap), 0)
		}
		return at, p.data[i], nil
	}
}

// missingEOI ends a file that is cut short: with what there is, as decoders do, if
// a picture has begun. The output gets an EOI.
func (p *jpegParser) missingEOI(start int) (at int, marker byte, err error) {
	if p.scans == 0 {
		return 0, 0, p.truncated()
	}
	if gap := p.data[start:]; len(gap) > 0 {
		p.pic.texts.blob(gap)
		p.pic.found.add("bytes between segments", len(gap), 0)
	}
	p.pic.mend(cutShort)
	p.pos = len(p.data)
	return len(p.data), mEOI, nil
}

func (p *jpegParser) truncated() error {
	return p.fail("end", len(p.data), ErrCorrupt, "no EOI marker: the file is truncated")
}

// end handles EOI: a frame with at least one scan, and bytes that follow.
func (p *jpegParser) end(at int) error {
	if p.scans == 0 {
		return p.fail("EOI", at, ErrCorrupt, "no picture before it")
	}
	tail := [][]byte{p.data[min(at+2, len(p.data)):]}
	switch {
	case p.companion:
		return nil
	case p.keep.GainMap:
		tail = p.takeGainMap(tail[0])
	}
	for _, part := range tail {
		if len(part) > 0 {
			p.pic.texts.trailer(part)
			p.pic.found.add("bytes after EOI", len(part), trailerClasses(part))
		}
	}
	return nil
}

// segment reads one marker segment and keeps what a picture needs of it.
func (p *jpegParser) segment(at int, marker byte) error {
	name := markerName(marker)
	if reason := refusedMarkers[marker]; reason != "" {
		return p.fail(name, at, ErrUnsupported, "%s", reason)
	}
	if marker == mSOI || marker < mSOF0 || marker >= 0xF0 && marker != mCOM {
		return p.fail(name, at, ErrCorrupt, "marker in a place where none may be")
	}
	if len(p.data)-p.pos < 2 {
		return p.truncated()
	}
	n := int(binary.BigEndian.Uint16(p.data[p.pos:]))
	if n < 2 && (marker == mCOM || marker >= mAPP0 && marker <= mAPP15) {
		// Readers skip nothing but the length, and go on to the next marker.
		p.pic.found.add(name, 4, 0)
		p.pos += 2
		return nil
	}
	if n < 2 || n > len(p.data)-p.pos {
		return p.fail(name, at, ErrCorrupt, "length %d with %d bytes left", n, len(p.data)-p.pos)
	}
	body := p.data[p.pos+2 : p.pos+n]
	p.pos += n
	switch marker {
	case mSOF0, mSOF1, mSOF2:
		return p.startFrame(at, marker, body)
	case mDQT:
		return p.defineQuant(at, body)
	case mDHT:
		return p.defineHuffman(at, body)
	case mDRI:
		if len(body) != 2 {
			return p.fail(name, at, ErrCorrupt, "length %d", len(body))
		}
		p.now.restart = int(binary.BigEndian.Uint16(body))
	case mSOS:
		return p.scan(at, body)
	case mDNL, mDAC:
		p.pic.texts.blob(body)
		p.pic.found.add(name, n+2, 0)
	default:
		p.meta.segment(marker, body, p.scans == 0)
	}
	return nil
}

// finish puts the head before the scans.
func (p *jpegParser) finish(x extras) {
	pic, m := p.pic, &p.meta
	p.finishGainMap()
	m.credentials(pic)
	x.settle(pic)
	pic.width, pic.height = p.frame.width, p.frame.height
	pic.channels = len(p.frame.comps)
	if m.orientation != 0 {
		pic.orientation = m.orientation
	}
	pic.icc = m.profile(pic)
	if x.icc != nil {
		pic.icc = x.icc
	}
	out := &pic.out
	out.add(p.made.of(0xFF, mSOI))
	if m.jfif {
		out.add(p.made.segment(mAPP0, jfifBody(m.aspectX, m.aspectY)))
	}
	if pic.orientation != 1 {
		out.add(p.made.segment(mAPP1, []byte("Exif\x00\x00"), orientationTIFF(pic.orientation)))
	}
	if x.packet != nil {
		out.add(p.made.segment(mAPP1, []byte(xmpSignature), x.packet))
	}
	jumbfSegments(out, pic.c2pa)
	if pic.iso != nil {
		out.add(jpegSegment(mAPP2, []byte(isoGainSignature), pic.iso))
	}
	indexed := len(*out)
	p.addProfile(pic.icc)
	if m.adobe >= 0 {
		out.add(p.made.segment(mAPP14, adobeBody(adobeTransform(m.adobe, len(p.frame.comps)))))
	}
	if p.hole != nil {
		p.hole.piece += len(*out)
		pic.hole = p.hole
	}
	out.add(p.body...)
	out.add(p.made.of(0xFF, mEOI))
	if pic.second != nil {
		p.link(out, indexed)
	}
	if pic.second != nil {
		out.add(pic.second.out...)
	}
}

// jpegSegment frames parts as one marker segment; together they must fit one.
func jpegSegment(marker byte, parts ...[]byte) []byte {
	return (*arena)(nil).segment(marker, parts...)
}

func (a *arena) segment(marker byte, parts ...[]byte) []byte {
	n := 2
	for _, s := range parts {
		n += len(s)
	}
	b := a.room(n + 2)
	b = append(b, 0xFF, marker, byte(n>>8), byte(n))
	for _, s := range parts {
		b = append(b, s...)
	}
	return b
}

// refusedMarkers are coding processes of T.81 and T.87 that browsers do not
// show either.
var refusedMarkers = [256]string{
	0xC3: "lossless coding is not supported", 0xC5: "hierarchical coding is not supported",
	0xC6: "hierarchical coding is not supported", 0xC7: "hierarchical coding is not supported",
	0xC8: "an extension of JPEG is not supported", 0xC9: "arithmetic coding is not supported",
	0xCA: "arithmetic coding is not supported", 0xCB: "arithmetic coding is not supported",
	0xCD: "arithmetic coding is not supported", 0xCE: "arithmetic coding is not supported",
	0xCF: "arithmetic coding is not supported", mDHP: "hierarchical coding is not supported",
	mEXP: "hierarchical coding is not supported", mSOF48: "JPEG-LS is not supported",
}

func markerName(m byte) string { return markerNames[m] }

var markerNames = func() (names [256]string) {
	for m := range names {
		switch {
		case m >= mAPP0 && m <= mAPP15:
			names[m] = fmt.Sprintf("APP%d", m-mAPP0)
		case m >= mRST0 && m <= mRST7:
			names[m] = fmt.Sprintf("RST%d", m-mRST0)
		case m >= 0xC0 && m <= 0xCF:
			names[m] = fmt.Sprintf("SOF%d", m-0xC0)
		default:
			names[m] = fmt.Sprintf("marker FF%02X", m)
		}
	}
	for m, name := range map[byte]string{
		mDHT: "DHT", mDAC: "DAC", mSOI: "SOI", mEOI: "EOI", mSOS: "SOS", mDQT: "DQT", mDNL: "DNL", mDRI: "DRI", mDHP: "DHP", mEXP: "EXP",
		mCOM: "COM", mSOF48: "SOF48",
	} {
		names[m] = name
	}
	return names
}()
