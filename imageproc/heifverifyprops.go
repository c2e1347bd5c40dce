package imageproc

import (
	"bytes"
	"strings"
)

// heifShape is how a picture is shown: its size and where the axes of the stored
// picture point to, as the two columns of a matrix.
type heifShape struct {
	width, height int64
	right, down   [2]int // in the stored picture, per step to the right and down in the displayed one
	sized         bool
}

// properties reads iprp: ipco, then ipma.
func (v *heifVerifier) properties(b []byte) {
	found := v.ordered(b, "ipco", "ipma")
	v.each(found["ipco"], func(typ string, body []byte) {
		v.property(typ, body)
		v.props = append(v.props, heifSeenProp{typ: typ, body: body})
	})
	m := found["ipma"]
	if len(m) < 8 || m[0] != 0 || heifNumber(m[1:4]) > 1 {
		v.insist(false, "ipma is not the canonical one")
		return
	}
	v.uses(m[8:], int(heifNumber(m[4:8])), heifNumber(m[1:4]) == 1)
	for _, p := range v.props {
		v.insist(p.used, "property %s belongs to nothing", p.typ)
	}
}

// uses reads the entries of ipma.
func (v *heifVerifier) uses(b []byte, count int, wide bool) {
	last := 0
	for ; count > 0 && v.err == nil; count-- {
		if len(b) < 3 {
			break
		}
		n, uses := int(heifNumber(b[:2])), int(b[2])
		size := uses
		if wide {
			size *= 2
		}
		if n <= last || n > len(v.items) || uses == 0 || len(b) < 3+size {
			break
		}
		it := v.items[n-1]
		it.shape = heifShape{right: [2]int{1, 0}, down: [2]int{0, 1}}
		for i := 3; i < 3+size; i++ {
			index := int(b[i] & 0x7F)
			if wide {
				index = index<<8 | int(b[i+1])
				i++
			}
			if index == 0 || index > len(v.props) {
				v.insist(false, "a property that is not there")
				return
			}
			v.props[index-1].used = true
			v.apply(it, v.props[index-1])
		}
		b, last = b[3+size:], n
	}
	v.insist(count == 0 && len(b) == 0, "ipma is cut short")
}

// property holds one property against the form it can have.
func (v *heifVerifier) property(typ string, b []byte) {
	ok := false
	n := len(b)
	switch typ {
	case "ispe":
		ok = n == 12 && heifNumber(b[:4]) == 0 && heifNumber(b[4:8]) > 0 && heifNumber(b[8:]) > 0
	case "irot":
		ok = n == 1 && b[0] < 4
	case "imir":
		ok = n == 1 && b[0] < 2
	case "clap":
		ok = n == 32 && heifSmall(b, 0x00, 0xFF)
	case "pasp":
		ok = n == 8 && b[0]|b[1]|b[4]|b[5] == 0 && coprime(heifNumber(b[:4]), heifNumber(b[4:]))
	case "clli":
		ok = n == 4
	case "lsel":
		ok = n == 2
	case "a1op":
		ok = n == 1
	case "a1lx":
		ok = n == 7 && b[0] == 0 || n == 13 && b[0] == 1
	case "amve":
		ok = n == 8 && b[0] < 6 && (string(b[4:]) == "\x3D\x13\x40\x42" || string(b[4:]) == "\x43\x85\x46\x05")
	case "mdcv":
		ok = n == 24 && b[16] < 6 && b[20] < 6
	case "pixi":
		ok = n > 5 && heifNumber(b[:4]) == 0 && n == 5+int(b[4]) && bytes.IndexFunc(b[5:], func(r rune) bool { return r > 32 }) < 0
	case "colr":
		ok = n == 11 && string(b[:4]) == "nclx" && b[4]|b[6]|b[8]|b[5]>>5|b[7]>>5|b[9]>>5|b[10]&0x7F == 0 ||
			n > 135 && (string(b[:4]) == "prof" || string(b[:4]) == "rICC") && plainProfile(b[4:])
	case "auxC":
		name := strings.TrimSuffix(strings.TrimPrefix(string(b), "\x00\x00\x00\x00"), "\x00")
		ok = len(name)+5 == n && (name == "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" || name == "urn:mpeg:hevc:2015:auxid:1" || name == "urn:mpeg:avc:2015:auxid:1")
	case "hvcC":
		ok = n > 22 && b[0] == 1 && v.parameterSets(b[23:], int(b[22])) && plainConfig(b)
	case "av1C":
		ok = n >= 4 && b[0] == 0x81 && b[3] < 0x20
		if ok {
			v.obus(int64(n-4), &heifSlice{v, b[4:]}, true)
		}
	}
	v.insist(ok, "property %q is not a canonical one", typ)
}

// heifSmall reports whether the first byte of each number is one of two: then no
// four letters stand in a row.
func heifSmall(b []byte, plus, minus byte) bool {
	for ; len(b) >= 4; b = b[4:] {
		if b[0] != plus && b[0] != minus {
			return false
		}
	}
	return true
}

// coprime reports whether two numbers are above zero and have no common divisor.
func coprime(a, b uint32) bool {
	if a == 0 {
		return false
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a == 1
}

// parameterSets reads the arrays of hvcC: VPS, SPS and PPS, nothing else.
func (v *heifVerifier) parameterSets(b []byte, arrays int) bool {
	for ; arrays > 0; arrays-- {
		if len(b) < 3 || b[0]&0x7F < 32 || b[0]&0x7F > 34 {
			return false
		}
		typ, count := b[0]&0x7F, int(heifNumber(b[1:3]))
		for b = b[3:]; count > 0; count-- {
			if len(b) < 4 || int(heifNumber(b[:2])) > len(b)-2 || heifNumber(b[:2]) < 2 || b[2] != typ<<1 || b[3] == 0 || b[3] > 7 {
				return false
			}
			b = b[2+heifNumber(b[:2]):]
		}
	}
	return len(b) == 0
}

// plainConfig reports whether the fields of hvcC repeat its first SPS, or are fixed.
func plainConfig(b []byte) bool {
	at := 23
	for count := 0; ; count-- {
		for count == 0 {
			if at+5 > len(b) {
				return false
			}
			count = int(heifNumber(b[at+1 : at+3]))
			at += 3
		}
		size := int(heifNumber(b[at : at+2]))
		if b[at+2]>>1 == 33 {
			set := strings.ReplaceAll(string(b[at+4:at+2+size]), "\x00\x00\x03", "\x00\x00")
			return len(set) > 12 && set[1:13] == string(b[1:13]) && string(b[13:16]) == "\xF0\x00\xFC" && b[16]>>2 == 0x3F && b[17]>>3 == 0x1F &&
				b[18]>>3 == 0x1F && b[19]|b[20]|b[21]>>6 == 0
		}
		at += 2 + size
	}
}

// apply notes what a property says about an item.
func (v *heifVerifier) apply(it *heifSeen, p heifSeenProp) {
	s := &it.shape
	switch p.typ {
	case "ispe":
		s.width, s.height, s.sized = int64(heifNumber(p.body[4:8])), int64(heifNumber(p.body[8:])), true
	case "clap":
		s.width, s.height = int64(heifNumber(p.body[:4]))/int64(max(1, heifNumber(p.body[4:8]))), int64(heifNumber(p.body[8:12]))/int64(max(1, heifNumber(p.body[12:16])))
	case "irot":
		for range p.body[0] { // a quarter to the left: right becomes down, down becomes left
			s.right, s.down = s.down, [2]int{-s.right[0], -s.right[1]}
			s.width, s.height = s.height, s.width
		}
	case "imir":
		if p.body[0] == 0 {
			s.down = [2]int{-s.down[0], -s.down[1]}
		} else {
			s.right = [2]int{-s.right[0], -s.right[1]}
		}
	case "auxC":
		it.named = true
	case "hvcC":
		it.coding = "hevc" + string('1'+p.body[21]&3)
	case "av1C":
		it.coding = "av1"
	}
}

// picture holds the primary item against what the report says.
func (v *heifVerifier) picture(want *picture) {
	s := v.items[v.primary-1].shape
	width, height := int64(want.width), int64(want.height)
	if want.orientation >= 5 {
		width, height = height, width
	}
	v.insist(s.sized && s.width == width && s.height == height, "size is not the one expected")
	turned := map[[2][2]int]int{
		{{1, 0}, {0, 1}}: 1, {{-1, 0}, {0, 1}}: 2, {{-1, 0}, {0, -1}}: 3, {{1, 0}, {0, -1}}: 4,
		{{0, 1}, {1, 0}}: 5, {{0, -1}, {1, 0}}: 6, {{0, -1}, {-1, 0}}: 7, {{0, 1}, {-1, 0}}: 8,
	}
	v.insist(turned[[2][2]int{s.right, s.down}] == want.orientation, "orientation is not the one expected")
	for i, it := range v.items {
		coded := it.typ == "hvc1" || it.typ == "av01"
		v.insist(it.typ == "mime" || len(it.inputs) > 0 != coded, "inputs of item %d", i+1)
		v.insist(!coded || it.typ == "hvc1" && strings.HasPrefix(it.coding, "hevc") || it.typ == "av01" && it.coding == "av1", "coding of item %d", i+1)
	}
}
