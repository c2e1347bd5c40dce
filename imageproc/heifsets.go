package imageproc

import (
	"bytes"
	"errors"
	"math/bits"
)

// Parameter sets of HEVC and the sequence header of AV1 are read to their last bit:
// decoders stop there, so that anything may stand behind it.

var errSet = errors.New("a parameter set of the coded data is not valid, or goes on behind its end")

// bitFields reads numbers of any width, most significant bit first.
type bitFields struct {
	data []byte
	at   int // in bits
	bad  bool
}

func (f *bitFields) u(n int) (v uint64) {
	if n < 0 || n > 64 || f.bad || n > 8*len(f.data)-f.at {
		f.bad = true
		return 0
	}
	for range n {
		v = v<<1 | uint64(f.data[f.at>>3]>>(7-f.at&7)&1)
		f.at++
	}
	return v
}

func (f *bitFields) flag() bool { return f.u(1) == 1 }

// either reads a flag and, if it is not set, the one that is there then; both, if
// it is set.
func (f *bitFields) either() bool {
	if f.flag() {
		return true
	}
	return f.flag()
}

func (f *bitFields) both() bool {
	if !f.flag() {
		return false
	}
	return f.flag()
}

func (f *bitFields) skip(n int) {
	if n > 8*len(f.data)-f.at {
		f.bad = true
		return
	}
	f.at += n
}

// ue reads an Exp-Golomb code, ITU-T H.265 §9.2, of at most limit.
func (f *bitFields) ue(limit uint64) int {
	zeros := 0
	for !f.bad && !f.flag() {
		zeros++
	}
	if zeros > 32 {
		f.bad = true
	}
	v := uint64(1)<<min(zeros, 32) - 1 + f.u(min(zeros, 32))
	if f.bad || v > limit {
		f.bad = true
		return 0
	}
	return int(v)
}

// codes passes over n of them.
func (f *bitFields) codes(n int) {
	for ; n > 0 && !f.bad; n-- {
		f.ue(1<<32 - 1)
	}
}

// ends reports whether nothing is left but a one and zeros.
func (f *bitFields) ends() bool {
	if !f.flag() || f.bad {
		return false
	}
	for f.at&7 != 0 {
		if f.flag() {
			return false
		}
	}
	return len(bytes.Trim(f.data[f.at>>3:], "\x00")) == 0
}

// checkSet reads one of the three kinds of parameter sets behind the header of its
// unit; others pass.
func checkSet(nal []byte) error {
	f := &bitFields{data: unescaped(nal)}
	switch nal[0] >> 1 {
	case nalVPS:
		f.videoSet()
	case nalSPS:
		f.sequenceSet()
	case nalPPS:
		f.pictureSet()
	default:
		return nil
	}
	if !f.ends() {
		return errSet
	}
	return nil
}

// unescaped is what a NAL unit holds behind its header, without the bytes that keep
// start codes apart, §7.4.2.
func unescaped(nal []byte) []byte {
	return bytes.ReplaceAll(nal[2:], []byte{0, 0, 3}, []byte{0, 0})
}

// videoSet reads a VPS, ITU-T H.265 §7.3.2.1. What it may say of other layers is not
// read: there are none.
func (f *bitFields) videoSet() {
	f.skip(12)
	sub := int(f.u(3))
	f.skip(17)
	f.profile(sub)
	f.ordering(sub)
	layers := int(f.u(6))
	f.skip(f.ue(1023) * (layers + 1))
	if f.flag() { // timing
		f.timing()
		for i := range f.ue(1024) {
			f.ue(1023)
			f.decoderModel(i == 0 || f.flag(), sub)
			if f.bad {
				break
			}
		}
	}
	f.bad = f.flag() || f.bad
}

// profile reads profile_tier_level, §7.3.3.
func (f *bitFields) profile(sub int) {
	f.skip(96)
	if sub == 0 {
		return
	}
	for shown := f.u(16) >> (16 - 2*sub) << (64 - 2*sub); shown != 0; shown <<= 2 {
		f.skip(88*int(shown>>63) + 8*int(shown>>62&1))
	}
}

// ordering reads how many pictures wait, for each temporal layer or all.
func (f *bitFields) ordering(sub int) {
	if !f.flag() {
		sub = 0
	}
	f.codes(3 * (sub + 1))
}

func (f *bitFields) timing() {
	f.skip(64)
	if f.flag() {
		f.codes(1)
	}
}

// decoderModel reads hrd_parameters, §E.2.2.
func (f *bitFields) decoderModel(common bool, sub int) {
	kinds, parts := 0, false
	if common {
		kinds = bits.OnesCount64(f.u(2))
		if kinds > 0 {
			if parts = f.flag(); parts {
				f.skip(19)
			}
			f.skip(8)
			if parts {
				f.skip(4)
			}
			f.skip(15)
		}
	}
	for i := 0; i <= sub && !f.bad; i++ {
		fixed := f.either()
		soon := false
		if fixed {
			f.codes(1)
		} else {
			soon = f.flag()
		}
		buffers := 1
		if !soon {
			buffers = f.ue(31) + 1
		}
		for range kinds * buffers {
			f.codes(2)
			if parts {
				f.codes(2)
			}
			f.skip(1)
		}
	}
}

// sequenceSet reads an SPS, §7.3.2.2.
func (f *bitFields) sequenceSet() {
	f.skip(4)
	sub := int(f.u(3))
	f.skip(1)
	f.profile(sub)
	f.ue(15)
	chroma := f.ue(3)
	if chroma == 3 {
		f.skip(1)
	}
	f.codes(2)
	if f.flag() {
		f.codes(4)
	}
	depths := [3]int{8 + f.ue(8), 8 + f.ue(8)}
	depths[2] = depths[1]
	counter := f.ue(12) + 4
	f.ordering(sub)
	f.codes(6)
	if f.both() {
		f.scalingLists()
	}
	f.skip(2)
	if f.flag() { // PCM
		f.skip(8)
		f.codes(2)
		f.skip(1)
	}
	f.referenceSets()
	if f.flag() {
		f.skip(f.ue(32) * (counter + 1))
	}
	f.skip(2)
	if f.flag() {
		f.usability(sub)
	}
	if !f.flag() {
		return
	}
	ranges := f.flag()
	layers, depth, screen := f.flag(), f.flag(), f.flag()
	f.bad = f.bad || depth || f.u(4) != 0
	if ranges {
		f.skip(9)
	}
	if layers {
		f.skip(1)
	}
	if screen {
		f.screenContent(chroma, depths)
	}
}

// screenContent reads the extension of §7.3.2.2.3.
func (f *bitFields) screenContent(chroma int, depths [3]int) {
	f.skip(1)
	if f.flag() {
		f.codes(2)
		if f.flag() {
			n := f.ue(127) + 1
			for i := range min(1+2*chroma, 3) {
				f.skip(n * depths[i])
			}
		}
	}
	f.skip(3)
}

// scalingLists reads §7.3.4.
func (f *bitFields) scalingLists() {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for i := 0; i < 6; i += step {
			switch {
			case !f.flag():
				f.codes(1)
			case size > 1:
				f.codes(65)
			default:
				f.codes(16 << (2 * size))
			}
		}
	}
}

// referenceSets reads the lists of pictures that others are predicted from, §7.3.7.
func (f *bitFields) referenceSets() {
	before := 0
	for i := range f.ue(64) {
		if i > 0 && f.flag() {
			f.skip(1)
			f.codes(1)
			n := 0
			for range before + 1 {
				if f.either() {
					n++
				}
			}
			before = n
			continue
		}
		before = f.ue(16) + f.ue(16)
		for range before {
			f.codes(1)
			f.skip(1)
		}
	}
}

// usability reads the VUI, §E.2.1.
func (f *bitFields) usability(sub int) {
	if f.flag() && f.u(8) == 255 {
		f.skip(32)
	}
	if f.flag() {
		f.skip(1)
	}
	if f.flag() {
		f.skip(4)
		if f.flag() {
			f.skip(24)
		}
	}
	if f.flag() {
		f.codes(2)
	}
	f.skip(3)
	if f.flag() {
		f.codes(4)
	}
	if f.flag() {
		f.timing()
		if f.flag() {
			f.decoderModel(true, sub)
		}
	}
	if f.flag() {
		f.skip(3)
		f.codes(5)
	}
}

// pictureSet reads a PPS, §7.3.2.3.
func (f *bitFields) pictureSet() {
	f.ue(63)
	f.ue(15)
	f.skip(7)
	f.codes(3)
	f.skip(1)
	skips := f.flag()
	if f.flag() {
		f.codes(1)
	}
	f.codes(2)
	f.skip(4)
	tiles := f.flag()
	f.skip(1)
	if tiles {
		n := f.ue(1<<10) + f.ue(1<<10)
		if !f.flag() {
			f.codes(n)
		}
		f.skip(1)
	}
	f.skip(1)
	if f.flag() {
		f.skip(1)
		if !f.flag() {
			f.codes(2)
		}
	}
	if f.flag() {
		f.scalingLists()
	}
	f.skip(1)
	f.codes(1)
	f.skip(1)
	if f.flag() {
		f.pictureExtensions(skips)
	}
}

func (f *bitFields) pictureExtensions(skips bool) {
	ranges := f.flag()
	others, screen := f.u(2), f.flag()
	f.bad = f.bad || others != 0 || f.u(4) != 0
	if ranges {
		if skips {
			f.codes(1)
		}
		f.skip(1)
		if f.flag() {
			f.codes(1)
			f.codes(2 * (f.ue(5) + 1))
		}
		f.codes(2)
	}
	if !screen {
		return
	}
	f.skip(1)
	if f.flag() {
		f.skip(1)
		f.codes(3)
	}
	if n := 0; f.flag() {
		if n = f.ue(128); n > 0 {
			grey := f.flag()
			width := 8 + f.ue(8)
			if !grey {
				width += 2 * (8 + f.ue(8))
			}
			f.skip(n * width)
		}
	}
}

// checkSequenceHeader reads the sequence header of AV1, AV1 specification §5.5, and
// says whether it is that of a single frame, and whether of several spatial layers.
func checkSequenceHeader(data []byte) (still, layered bool, err error) {
	f := &bitFields{data: data}
	profile := int(f.u(3))
	still = f.flag()
	reduced := f.flag()
	if reduced {
		f.skip(5)
	} else {
		layered = f.operatingPoints()
	}
	width, height := int(f.u(4)), int(f.u(4))
	f.skip(width + height + 2)
	if !reduced && f.flag() {
		f.skip(7)
	}
	f.skip(3)
	if !reduced {
		f.tools()
	}
	f.skip(3)
	f.colour(profile)
	f.skip(1)
	if !f.ends() {
		return false, false, errSet
	}
	return still, layered, nil
}

// operatingPoints reads which layers belong together, and whether there are several.
func (f *bitFields) operatingPoints() (layered bool) {
	delays := 0
	if f.flag() {
		f.skip(64)
		if f.flag() {
			f.codes(1)
		}
		if f.flag() {
			delays = int(f.u(5)) + 1
			f.skip(42)
		}
	}
	waits := f.flag()
	for range f.u(5) + 1 {
		layered = f.u(4) > 1 || layered // a bit for each spatial layer
		f.skip(8)
		if f.u(5) > 7 {
			f.skip(1)
		}
		if delays > 0 && f.flag() {
			f.skip(2*delays + 1)
		}
		if waits && f.flag() {
			f.skip(4)
		}
	}
	return layered
}

// tools reads what a header says of motion and of the order of frames.
func (f *bitFields) tools() {
	f.skip(4)
	ordered := f.flag()
	if ordered {
		f.skip(2)
	}
	screen := f.either()
	if screen && !f.flag() {
		f.skip(1)
	}
	if ordered {
		f.skip(3)
	}
}

// colour reads color_config, §5.5.2.
func (f *bitFields) colour(profile int) {
	high := f.flag()
	twelve := profile == 2 && high && f.flag()
	grey := profile != 1 && f.flag()
	var codes uint64
	if f.flag() {
		codes = f.u(24)
	}
	const rgb = 1<<16 | 13<<8
	switch {
	case grey:
		f.skip(1)
		return
	case codes == rgb:
	default:
		f.skip(1)
		x, y := profile != 1, profile == 0
		if profile == 2 && twelve {
			x = f.flag()
			y = x && f.flag()
		}
		if x && y {
			f.skip(2)
		}
	}
	f.skip(1)
}
