package imageproc

import (
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
)

// split goes through coded data unit by unit, at most limit of them. Neighbours
// that are kept stay one slice.
func (c heifCoding) split(data []byte, limit int) (u heifUnits, err error) {
	next := c.nextNAL
	if c.codec == av1Codec {
		next = nextOBU
	}
	start, at := 0, 0
	for at < len(data) {
		n, keep, classes, err := next(data[at:])
		if err != nil {
			return heifUnits{}, err
		}
		if u.number++; u.number > limit {
			return heifUnits{}, errUnitCount
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
	if data[c.lengths]&0x80 != 0 {
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
	nalPPS         = 34
	nalDelimiter   = 35
	nalPrefixSEI   = 39
	nalSuffixSEI   = 40
)

// keepNAL keeps slices and parameter sets. Supplemental information is not
// required for decoding (annex D); filler, reserved and unspecified units are
// ignored by decoders (§7.4.2.2).
func keepNAL(nal []byte) (bool, classSet) {
	switch t := nal[0] >> 1; {
	case t <= nalLastLeading, t >= nalFirstKey && t <= nalLastKey, t >= nalVPS && t <= nalPPS:
		return true, 0
	case t == nalDelimiter:
		return len(nal) <= 3, 0
	case t == nalPrefixSEI || t == nalSuffixSEI:
		return false, seiClasses(nal[2:])
	}
	return false, 0
}

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
	obuSequence  = 1
	obuDelimiter = 2
	obuFrames    = 3 // to 7: headers, tiles, whole frames
	obuMetadata  = 5
	obuLastFrame = 7
	obuTileList  = 8
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
	t := data[0] >> 3 & 15
	return n, t == obuSequence || t >= obuFrames && t <= obuLastFrame, 0, nil
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
	for range arrays {
		at := len(body)
		first := f.U8()
		typ, count := first&63, int(f.U16())
		if err := p.spend(1+count, b.At); err != nil {
			return nil, c, err
		}
		body = append(append(body, first&0xBF), byte(count>>8), byte(count))
		for range count {
			unit := f.Bytes(int(f.U16()))
			if f.Bad() || len(unit) < 2 {
				return nil, c, p.failBox(b, ErrCorrupt, "an array of units is cut short")
			}
			if unit[0]>>1 != typ {
				return nil, c, p.failBox(b, ErrCorrupt, "a unit in an array of others")
			}
			body = binary.BigEndian.AppendUint16(body, uint16(len(unit)))
			body = append(body, unit...)
			if typ == nalPrefixSEI || typ == nalSuffixSEI {
				classes |= seiClasses(unit[2:])
			}
		}
		if typ < nalVPS || typ > nalPPS {
			body = body[:at]
			continue
		}
		body[22]++
	}
	if f.Bad() {
		return nil, c, p.failBox(b, ErrCorrupt, "cut short")
	}
	if dropped := len(b.Body) - len(body); dropped > 0 {
		c.trimmed = true
		p.pic.found.add("SEI in hvcC", dropped, classes)
	}
	return body, c, nil
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
