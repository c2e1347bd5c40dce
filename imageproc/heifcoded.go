package imageproc

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// A coded picture is a row of units: NAL units in HEVC, OBUs in AV1. Those that
// a decoder needs are kept; messages beside the picture, where encoders leave
// their name and settings and others whatever they like, go.

// heifCoding says how the data of an item or of a sample is cut into units.
type heifCoding struct {
	codec   heifCodec
	lengths int  // HEVC: bytes of the length before each unit
	trimmed bool // units of the configuration were dropped
	still   bool // AV1: a sequence of one frame, as its header says
	layered bool // AV1: of several spatial layers, as its header says
}

type heifCodec uint8

const (
	noCodec heifCodec = iota
	hevcCodec
	av1Codec
)

// heifUnits is what of coded data is kept, and what is not.
type heifUnits struct {
	kept    rope
	dropped int // bytes
	classes classSet
	number  int
}

var (
	errUnitLength = errors.New("a unit of the coded data exceeds it")
	errUnitType   = errors.New("a unit of the coded data is of no valid type")
	errUnitCount  = errors.New("more units of coded data than the limit allows")
	errPictures   = errors.New("the coded data holds more than one picture")
	errText       = errors.New("the coded data has a text in it")
)

// split goes through coded data unit by unit, at most limit of them. Neighbours
// that are kept stay one slice.
func (c heifCoding) split(data []byte, limit int) (u heifUnits, err error) {
	next := c.nextNAL
	if c.codec == av1Codec {
		next = nextOBU
	}
	start, at := 0, 0
	seen := heifPicture{still: c.still, layers: c.layered}
	for at < len(data) {
		n, keep, classes, err := next(data[at:])
		if err != nil {
			return heifUnits{}, err
		}
		if u.number++; u.number > limit {
			return heifUnits{}, errUnitCount
		}
		if err := seen.check(c, data[at:at+n], keep); err != nil {
			return heifUnits{}, err
		}
		if !keep {
			u.kept.add(data[start:at])
			start = at + n
			u.dropped += n
			u.classes |= classes
		}
		at += n
	}
	u.kept.add(data[start:])
	return u, nil
}

// heifPicture is what was seen of the one picture that an item or a sample is.
type heifPicture struct {
	begun  bool
	kind   byte   // HEVC: the type of its slices
	still  bool   // AV1: nothing may follow its frame
	layers bool   // AV1: several frames may be shown, each of a higher layer
	header []byte // AV1: the sequence header
	whole  bool   // AV1: the frame came with its tiles
	shown  int    // AV1: the spatial layer of the last frame that is shown, from 1
}

// check holds the next unit against those before it: what a decoder would take for
// another picture, or for none, is not shown.
func (p *heifPicture) check(c heifCoding, unit []byte, keep bool) error {
	switch {
	case !keep:
		return nil
	case c.codec == av1Codec:
		return p.checkOBU(unit)
	}
	return p.checkNAL(unit[c.lengths:])
}

func (p *heifPicture) checkNAL(nal []byte) error {
	kind := nal[0] >> 1
	if kind > nalLastKey {
		return checkSet(nal)
	}
	first := len(nal) > 2 && nal[2]&0x80 != 0 // first_slice_segment_in_pic_flag, ITU-T H.265 §7.3.6.1
	switch {
	case kind >= nalFirstKey && nal[1]&7 != 1:
		return errUnitType // a key picture is of the first temporal layer, §7.4.2.2
	case p.begun && (first || kind != p.kind):
		return errPictures
	}
	p.begun, p.kind = true, kind
	return noText(nal)
}

func (p *heifPicture) checkOBU(unit []byte) error {
	switch body := obuBody(unit); unit[0] >> 3 & 15 {
	case obuSequence:
		still, layered, err := checkSequenceHeader(body)
		if err != nil {
			return err
		}
		if p.header != nil && !bytes.Equal(p.header, body) {
			return errPictures
		}
		p.header, p.still, p.layers = body, still, layered
	case obuFrameHeader, obuFrame:
		// One frame of each spatial layer is shown, the last that there is of it,
		// AV1 specification §7.5.
		layer := 1
		if unit[0]&4 != 0 {
			layer += int(unit[1] >> 3 & 3)
		}
		if len(body) == 0 || p.begun && p.still || layer <= p.shown || layer > 1 && !p.layers {
			return errPictures
		}
		p.begun, p.whole = true, unit[0]>>3&15 == obuFrame
		if p.still || body[0]&0x90 != 0 { // show_existing_frame or show_frame
			p.shown = layer
		}
	case obuTiles:
		if !p.begun || p.whole && p.shown > 0 {
			return errPictures
		}
	default:
		return nil
	}
	return noText(unit)
}

// noText refuses coded data of HEVC or AV1 that has a text in it, or a shorter one close
// to its end: only decoding shows where such data ends, and sound data has none.
func noText(unit []byte) error {
	if undecoded.wordy(unit) || evenly.wordy(unit[max(0, len(unit)-256):]) {
		return errText
	}
	return nil
}

// obuBody is what follows the header and the size of an OBU.
func obuBody(unit []byte) []byte {
	head := 1 + int(unit[0]>>2&1)
	if unit[0]&2 != 0 {
		_, used := leb128(unit[head:])
		head += used
	}
	return unit[head:]
}

// nextNAL reads one NAL unit behind its length, ISO/IEC 14496-15 §8.3.2.
func (c heifCoding) nextNAL(data []byte) (n int, keep bool, classes classSet, err error) {
	if len(data) < c.lengths+2 {
		return 0, false, 0, errUnitLength
	}
	var size uint64
	for _, b := range data[:c.lengths] {
		size = size<<8 | uint64(b)
	}
	if size < 2 || size > uint64(len(data)-c.lengths) {
		return 0, false, 0, errUnitLength
	}
	if data[c.lengths]&0x80 != 0 || data[c.lengths+1]&7 == 0 {
		return 0, false, 0, errUnitType
	}
	n = c.lengths + int(size)
	keep, classes = keepNAL(data[c.lengths:n])
	return n, keep, classes, nil
}

// NAL unit types of ITU-T H.265 table 7-1.
const (
	nalLastLeading = 9
	nalFirstKey    = 16
	nalLastKey     = 21
	nalVPS         = 32
	nalSPS         = 33
	nalPPS         = 34
	nalDelimiter   = 35
	nalPrefixSEI   = 39
	nalSuffixSEI   = 40
)

// keepNAL keeps slices and parameter sets. Supplemental information is not
// required for decoding (annex D); filler, reserved and unspecified units are
// ignored by decoders (§7.4.2.2), and so are those of other layers than the first
// (§F.8).
func keepNAL(nal []byte) (bool, classSet) {
	switch t := nal[0] >> 1; {
	case otherLayer(nal):
		return false, 0
	case t <= nalLastLeading, t >= nalFirstKey && t <= nalLastKey, t >= nalVPS && t <= nalPPS:
		return true, 0
	case t == nalDelimiter:
		return len(nal) <= 3, 0
	case t == nalPrefixSEI || t == nalSuffixSEI:
		return false, seiClasses(nal[2:])
	}
	return false, 0
}

// otherLayer reports whether nuh_layer_id is not 0.
func otherLayer(nal []byte) bool { return nal[0]&1 != 0 || nal[1]>>3 != 0 }

// seiClasses looks for user data, in which encoders leave their settings: the
// types of the messages, §7.3.5.
func seiClasses(b []byte) classSet {
	for len(b) > 2 {
		typ, size := 0, 0
		for _, v := range []*int{&typ, &size} {
			for len(b) > 0 && b[0] == 0xFF {
				*v += 255
				b = b[1:]
			}
			if len(b) > 0 {
				*v += int(b[0])
				b = b[1:]
			}
		}
		if typ == 4 || typ == 5 {
			return setOf(Software)
		}
		b = b[min(size, len(b)):]
	}
	return 0
}

// OBU types of the AV1 specification §6.2.2.
const (
	obuSequence    = 1
	obuDelimiter   = 2
	obuFrameHeader = 3
	obuTiles       = 4
	obuMetadata    = 5
	obuFrame       = 6
	obuTileList    = 8
)

// nextOBU reads one OBU, AV1 specification §5.3. The last one may leave out its
// size.
func nextOBU(data []byte) (n int, keep bool, classes classSet, err error) {
	head := 1
	if data[0]&4 != 0 {
		head = 2
	}
	if data[0]&0x80 != 0 || len(data) < head {
		return 0, false, 0, errUnitLength
	}
	n = len(data)
	if data[0]&2 != 0 {
		size, used := leb128(data[head:])
		if used == 0 || size > uint64(len(data)-head-used) {
			return 0, false, 0, errUnitLength
		}
		head += used
		n = head + int(size)
	}
	switch t := data[0] >> 3 & 15; {
	case t == obuTileList:
		return 0, false, 0, errUnitType
	case t == obuMetadata:
		return n, false, setOf(Other), nil
	case t == obuDelimiter:
		return n, n == head, 0, nil
	}
	// A repeated frame header (§5.9.1), padding and reserved types are passed over.
	t := data[0] >> 3 & 15
	return n, t == obuSequence || t >= obuFrameHeader && t <= obuFrame, 0, nil
}

// leb128 reads a number of at most eight bytes, §4.10.5; used is 0 if there is
// none.
func leb128(b []byte) (v uint64, used int) {
	for i := range min(8, len(b)) {
		v |= uint64(b[i]&0x7F) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

// keepHEVCConfig keeps hvcC, ISO/IEC 14496-15 §8.3.3.1, with its parameter sets
// and without the arrays of other units.
func (p *heifParser) keepHEVCConfig(b bmff.Box) (body []byte, c heifCoding, err error) {
	f := bmff.NewFields(b.Body)
	head := f.Bytes(22)
	arrays := int(f.U8())
	if f.Bad() || head[0] != 1 {
		return nil, c, p.failBox(b, ErrCorrupt, "length or version is not valid")
	}
	c = heifCoding{codec: hevcCodec, lengths: int(head[21]&3) + 1}
	body = append(append(body, head...), 0)
	var classes classSet
	var sequence []byte // the first SPS
	for range arrays {
		at := len(body)
		first := f.U8()
		typ, count := first&63, int(f.U16())
		if err := p.spend(1+count, b.At); err != nil {
			return nil, c, err
		}
		body = append(append(body, first&0xBF), 0, 0)
		kept := count
		for range count {
			unit := f.Bytes(int(f.U16()))
			if f.Bad() || len(unit) < 2 {
				return nil, c, p.failBox(b, ErrCorrupt, "an array of units is cut short")
			}
			if unit[0]>>1 != typ || unit[1]&7 == 0 {
				return nil, c, p.failBox(b, ErrCorrupt, "a unit in an array of others, or of no temporal layer")
			}
			if otherLayer(unit) {
				kept--
				continue
			}
			if err := checkSet(unit); err != nil {
				return nil, c, p.failBox(b, ErrCorrupt, "%s", err)
			}
			if typ == nalSPS && sequence == nil {
				sequence = unit
			}
			body = binary.BigEndian.AppendUint16(body, uint16(len(unit)))
			body = append(body, unit...)
			if typ == nalPrefixSEI || typ == nalSuffixSEI {
				classes |= seiClasses(unit[2:])
			}
		}
		binary.BigEndian.PutUint16(body[at+1:], uint16(kept))
		if typ < nalVPS || typ > nalPPS || kept == 0 && count > 0 {
			body = body[:at]
			continue
		}
		body[22]++
	}
	if f.Bad() || sequence == nil {
		return nil, c, p.failBox(b, ErrCorrupt, "cut short, or without an SPS")
	}
	plainHEVCHead(body, sequence)
	if dropped := len(b.Body) - len(body); dropped > 0 {
		c.trimmed = true
		p.pic.found.add("SEI in hvcC", dropped, classes)
	}
	return body, c, nil
}

// plainHEVCHead writes what hvcC says of its own as its first SPS does, and leaves
// out the hints: what no decoder asks for could be text.
func plainHEVCHead(head, sequence []byte) {
	set := unescaped(sequence)
	if len(set) > 12 { // as checkSet has seen
		copy(head[1:13], set[1:13])
	}
	for i, v := range []struct{ ones, kept byte }{{0xF0, 0}, {0, 0}, {0xFC, 0}, {0xFC, 3}, {0xF8, 7}, {0xF8, 7}, {0, 0}, {0, 0}, {0, 0x3F}} {
		head[13+i] = v.ones | head[13+i]&v.kept
	}
}

// keepAV1Config keeps av1C, AV1 Codec ISO Media File Format Binding §2.3, with
// its sequence header and without other OBUs.
func (p *heifParser) keepAV1Config(b bmff.Box) (body []byte, c heifCoding, err error) {
	if len(b.Body) < 4 || b.Body[0] != 0x81 {
		return nil, c, p.failBox(b, ErrCorrupt, "length or version is not valid")
	}
	c = heifCoding{codec: av1Codec}
	body = append(body, b.Body[:4]...)
	body[3] &= 0x1F
	var classes classSet
	for rest := b.Body[4:]; len(rest) > 0; {
		n, _, found, err := nextOBU(rest)
		if err != nil {
			return nil, c, p.failBox(b, ErrCorrupt, "%s", err)
		}
		if err := p.spend(1, b.At); err != nil {
			return nil, c, err
		}
		if rest[0]>>3&15 == obuSequence {
			if len(body) > 4 {
				return nil, c, p.failBox(b, ErrCorrupt, "a second sequence header")
			}
			if c.still, c.layered, err = checkSequenceHeader(obuBody(rest[:n])); err != nil {
				return nil, c, p.failBox(b, ErrCorrupt, "%s", err)
			}
			body = append(body, rest[:n]...)
		}
		classes |= found
		rest = rest[n:]
	}
	if dropped := len(b.Body) - len(body); dropped > 0 {
		c.trimmed = true
		p.pic.found.add("OBU in av1C", dropped, classes)
	}
	return body, c, nil
}
