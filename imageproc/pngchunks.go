package imageproc

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"slices"
	"sync"
)

// keep puts an ancillary chunk into the output if its contents are what the
// standard allows, PNG (third edition) §11.3. Numbers out of range are no colour
// but could be text.
func (p *pngParser) keep(c *pngChunk) bool {
	b := c.body
	early := p.stage == pngHead // before PLTE
	switch c.typ {
	case "tRNS":
		return p.keepMiddle(c, p.transparencyFits(len(b)))
	case "bKGD":
		return p.keepMiddle(c, p.backgroundFits(b))
	case "sBIT":
		return p.keepMiddle(c, early && p.bitsFit(b))
	case "pHYs":
		return p.keepAspect(b)
	case "iCCP":
		return early && p.keepProfile(b)
	case "sRGB":
		return p.keepColour(c, early && len(b) == 1 && b[0] <= 3)
	case "gAMA":
		return p.keepColour(c, early && len(b) == 4 && within(b, 1, 10_000_000))
	case "cHRM":
		return p.keepColour(c, early && len(b) == 32 && within(b, -110_000, 110_000))
	case "cICP":
		return p.keepColour(c, early && len(b) == 4 && b[2] == 0 && b[3] <= 1)
	case "cLLI":
		return p.keepColour(c, early && len(b) == 8 && within(b, 0, maxNits) && wholeTenths(b))
	case "mDCV":
		return p.keepColour(c, early && len(b) == 24 && primariesFit(b[:16]) && within(b[16:], 0, maxNits))
	}
	return false
}

// maxNits is the top of the PQ scale, 10,000 cd/m², in units of 0.0001 cd/m².
const maxNits = 100_000_000

// wholeTenths reports whether each light level is one in tenths of cd/m²: the
// levels of CTA-861.3 are whole numbers, and four letters of UTF-16 are not.
func wholeTenths(b []byte) bool {
	for ; len(b) >= 4; b = b[4:] {
		if binary.BigEndian.Uint32(b)%1000 != 0 {
			return false
		}
	}
	return true
}

func (p *pngParser) keepColour(c *pngChunk, fits bool) bool {
	if fits {
		p.colour.add(c.whole)
	}
	return fits
}

func (p *pngParser) keepMiddle(c *pngChunk, fits bool) bool {
	if fits {
		p.middle.add(c.whole)
	}
	return fits
}

// within reports whether each 32-bit number of b lies between lo and hi.
func within(b []byte, lo, hi int32) bool {
	for ; len(b) >= 4; b = b[4:] {
		if v := int32(binary.BigEndian.Uint32(b)); v < lo || v > hi {
			return false
		}
	}
	return true
}

// masteringPrimaries are red, green, blue and white of the displays that pictures
// are mastered on, BT.2020, P3 and BT.709, as x and y in units of 0.00002. Any
// 16 letters would make chromaticities, so no others are kept.
var masteringPrimaries = [][8]uint16{
	{35400, 14600, 8500, 39850, 6550, 2300, 15635, 16450},
	{34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450},
	{32000, 16500, 15000, 30000, 7500, 3000, 15635, 16450},
}

func primariesFit(b []byte) bool {
	var got [8]uint16
	for i := range got {
		got[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return slices.Contains(masteringPrimaries, got)
}

func (p *pngParser) transparencyFits(n int) bool {
	switch p.header.colour {
	case 0:
		return n == 2
	case 2:
		return n == 6
	case 3:
		return n > 0 && n <= p.palette // also: not before PLTE
	}
	return false
}

func (p *pngParser) backgroundFits(b []byte) bool {
	switch p.header.colour {
	case 3:
		return len(b) == 1 && int(b[0]) < p.palette
	case 0, 4:
		return len(b) == 2 && p.samplesFit(b)
	}
	return len(b) == 6 && p.samplesFit(b)
}

// samplesFit checks 16-bit samples against the depth.
func (p *pngParser) samplesFit(b []byte) bool {
	for ; len(b) >= 2; b = b[2:] {
		if uint32(binary.BigEndian.Uint16(b)) >= 1<<p.header.depth {
			return false
		}
	}
	return true
}

func (p *pngParser) bitsFit(b []byte) bool {
	want, depth := int(p.header.channels()), p.header.depth
	if p.header.colour == 3 {
		want, depth = 3, 8
	}
	for _, bits := range b {
		if bits == 0 || bits > depth {
			return false
		}
	}
	return len(b) == want
}

// keepAspect keeps the shape of a pixel, without the scale, if it is not square.
func (p *pngParser) keepAspect(b []byte) bool {
	if len(b) != 9 {
		return false
	}
	x, y := int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
	if x == 0 || y == 0 || x == y {
		return x == y // square: nothing to keep and nothing to report
	}
	d := gcd(x, y)
	if x/d > 0xFFFF || y/d > 0xFFFF {
		return false
	}
	p.middle.add(newChunk("pHYs", aspectBody(x/d, y/d)))
	return true
}

func aspectBody(x, y int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(x))
	return append(binary.BigEndian.AppendUint32(b, uint32(y)), 0)
}

// iccpHead is the head of the iCCP chunk this package writes: a name that says
// nothing, and the one compression method.
const iccpHead = "icc\x00\x00"

// keepProfile keeps the profile, written anew, under a name of ours. It has to
// inflate within bounds and to be one.
func (p *pngParser) keepProfile(b []byte) bool {
	name := bytes.IndexByte(b, 0)
	if name < 1 || name > 79 || len(b) < name+2 || b[name+1] != 0 {
		return false
	}
	packed := b[name+2:]
	inflated, used := inflateProfile(packed)
	profile := cleanICC(inflated, p.pic)
	if profile == nil {
		return false
	}
	if string(b[:name]) != "icc" {
		p.pic.found.add("iCCP name", name, 0)
	}
	if used < len(packed) {
		p.pic.found.add("bytes after ICC profile", len(packed)-used, 0)
	}
	p.pic.icc = profile
	p.colour.add(profileChunk(profile))
	return true
}

// profileWriters are those that are in no use: a new one is larger than most files.
var profileWriters = sync.Pool{New: func() any { return zlib.NewWriter(io.Discard) }}

// profileChunk is iCCP with a profile.
func profileChunk(profile []byte) []byte {
	var packed bytes.Buffer
	z := profileWriters.Get().(*zlib.Writer)
	z.Reset(&packed)
	_, _ = z.Write(profile) // a Buffer does not fail
	_ = z.Close()
	profileWriters.Put(z)
	return newChunk("iCCP", []byte(iccpHead), packed.Bytes())
}

// inflateProfile also says how many bytes of packed the zlib stream takes.
func inflateProfile(packed []byte) (profile []byte, used int) {
	src := bytes.NewReader(packed)
	z, err := zlib.NewReader(src)
	if err != nil {
		return nil, 0
	}
	profile, err = io.ReadAll(io.LimitReader(z, maxICC+1))
	if err != nil || len(checkICC(profile)) != len(profile) || len(profile) == 0 { // libpng wants the size to be exact
		return nil, 0
	}
	return profile, len(packed) - src.Len()
}
