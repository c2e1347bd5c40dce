package imageproc

import (
	"bytes"
	"strings"
)

// profileReader is the second reader of colour profiles. It shares no code with
// the writer and knows one layout only: header, table, and the data of the tags
// side by side up to the end, each as long as the numbers in it call for.
type profileReader struct {
	b    []byte
	tags [len(tagOrder)/5 + 1][]byte // by place
}

// tagOrder is the one order in which tags stand.
const tagOrder = "desc cprt wtpt bkpt chad rXYZ gXYZ bXYZ rTRC gTRC bTRC kTRC A2B0 A2B1 A2B2 B2A0 B2A1 B2A2 cicp"

func (r *profileReader) number(at int) int {
	if at < 0 || at+4 > len(r.b) {
		return -1
	}
	return int(r.b[at])<<24 | int(r.b[at+1])<<16 | int(r.b[at+2])<<8 | int(r.b[at+3])
}

// plainProfile reports whether b is a profile as this package writes them: a
// header without names and dates, tags that hold numbers, and the description
// and the copyright that all of ours have.
func plainProfile(b []byte) bool {
	r := &profileReader{b: b}
	return len(b) >= 156 && r.header() && r.table() && r.complete()
}

func zeroed(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func oneOf(list string, word []byte) bool {
	return len(word) == 4 && strings.Index(list, string(word))%5 == 0
}

func (r *profileReader) header() bool {
	b := r.b
	return r.number(0) == len(b) && r.number(4) == 0 &&
		(string(b[8:12]) == "\x02\x10\x00\x00" || string(b[8:12]) == "\x04\x20\x00\x00") &&
		oneOf("mntr scnr prtr spac", b[12:16]) && oneOf("RGB  GRAY CMYK", b[16:20]) && oneOf("XYZ  Lab ", b[20:24]) &&
		zeroed(b[24:36]) && string(b[36:40]) == "acsp" && zeroed(b[40:67]) && b[67] < 4 &&
		string(b[68:80]) == "\x00\x00\xF6\xD6\x00\x01\x00\x00\x00\x00\xD3\x2D" && zeroed(b[80:128])
}

// table reads the tags, which stand in one order.
func (r *profileReader) table() bool {
	count := r.number(128)
	end := 132 + 12*count
	if count < 3 || count > 19 || end > len(r.b) {
		return false
	}
	last := -1
	for at := 132; at < 132+12*count; at += 12 {
		name, start, size := string(r.b[at:at+4]), r.number(at+4), r.number(at+8)
		place := strings.Index(tagOrder, name)
		if place <= last || place%5 != 0 || size < 12 || start < 132+12*count || start > end || start+size > len(r.b) {
			return false
		}
		data, shared := r.b[start:start+size], false
		for _, other := range r.tags {
			shared = shared || bytes.Equal(other, data)
		}
		if shared != (start < end) {
			return false
		}
		if !shared {
			end = (start + size + 3) &^ 3
			if end > len(r.b) || !zeroed(r.b[start+size:end]) {
				return false
			}
		}
		if !r.fits(name, data) {
			return false
		}
		r.tags[place/5], last = data, place
	}
	return end == len(r.b)
}

// complete reports whether the tags turn numbers into colours.
func (r *profileReader) complete() bool {
	has := func(names string) bool {
		for n := names; len(n) >= 4; n = n[min(5, len(n)):] {
			if r.tags[strings.Index(tagOrder, n[:4])/5] == nil {
				return false
			}
		}
		return true
	}
	switch {
	case !has("desc cprt"):
		return false
	case has("A2B0") || has("A2B1") || has("A2B2"):
		return true
	}
	switch string(r.b[16:20]) {
	case "RGB ":
		return has("rXYZ gXYZ bXYZ rTRC gTRC bTRC")
	case "GRAY":
		return has("kTRC")
	}
	return false
}

// fits reports whether the data is of a type that the tag can have, and as long
// as that calls for.
func (r *profileReader) fits(name string, data []byte) bool {
	typ, rest := string(data[:4]), data[8:]
	if !zeroed(data[4:8]) {
		return false
	}
	switch {
	case name == "desc" && r.b[8] == 2:
		return typ == "desc" && len(rest) == 86 && string(rest[:8]) == "\x00\x00\x00\x04icc\x00" && zeroed(rest[8:])
	case name == "cprt" && r.b[8] == 2:
		return typ == "text" && string(rest) == "none\x00"
	case name == "desc":
		return typ == "mluc" && string(rest) == "\x00\x00\x00\x01\x00\x00\x00\x0CenUS\x00\x00\x00\x06\x00\x00\x00\x1C\x00i\x00c\x00c"
	case name == "cprt":
		return typ == "mluc" && string(rest) == "\x00\x00\x00\x01\x00\x00\x00\x0CenUS\x00\x00\x00\x08\x00\x00\x00\x1C\x00n\x00o\x00n\x00e"
	case name == "chad":
		return typ == "sf32" && len(rest) == 36
	case name == "cicp":
		return typ == "cicp" && len(rest) == 4
	case name[1:] == "TRC":
		return curveLength(data) == len(data)
	case name[1:3] == "2B" && typ == "mAB " || name[1:3] == "2A" && typ == "mBA ":
		return stagesFit(data)
	case name[1:3] == "2B" || name[1:3] == "2A":
		return gridsFit(data)
	}
	return typ == "XYZ " && len(rest) == 12
}

// curveLength is how many bytes the curve at the start of s takes, -1 if there
// is none.
func curveLength(s []byte) int {
	r := profileReader{b: s}
	n := r.number(8)
	switch {
	case n < 0 || !zeroed(s[4:8]):
	case string(s[:4]) == "curv" && n <= 1<<16:
		return 12 + 2*n
	case string(s[:4]) == "para" && n < 5<<16 && n&0xFFFF == 0:
		return 12 + int("\x04\x0C\x10\x14\x1C"[n>>16])
	}
	return -1
}

// power is the number of points of a grid with these sides.
func power(sides ...byte) int {
	n := 1
	for _, s := range sides {
		if n *= int(s); n > 8<<20 {
			return -1 << 24 // and still less than nothing when it is multiplied
		}
	}
	return n
}

func gridsFit(s []byte) bool {
	if len(s) < 52 || s[8] == 0 || s[8] > 15 || s[9] == 0 || s[9] > 15 || s[11] != 0 {
		return false
	}
	in, out := int(s[8]), int(s[9])
	points := power(bytes.Repeat(s[10:11], in)...) * out
	first, last := int(s[48])<<8|int(s[49]), int(s[50])<<8|int(s[51])
	switch {
	case points <= 0:
		return false
	case string(s[:4]) == "mft1":
		return len(s) == 48+256*in+points+256*out
	}
	return string(s[:4]) == "mft2" && first > 1 && last > 1 && first <= 4096 && last <= 4096 && len(s) == 52+2*(in*first+points+out*last)
}

// stagesFit follows the stages of a pipeline, which lie one behind the other.
func stagesFit(s []byte) bool {
	if len(s) < 32 || s[8] == 0 || s[8] > 15 || s[9] == 0 || s[9] > 15 || !zeroed(s[10:12]) {
		return false
	}
	in, out := int(s[8]), int(s[9])
	near, far := out, in
	if s[1] == 'B' { // mBA
		near, far = in, out
	}
	r, at := profileReader{b: s}, 32
	for i, curves := range []int{near, 0, near, 0, far} {
		start := r.number(12 + 4*i)
		if start == 0 {
			continue
		}
		if start != at {
			return false
		}
		switch {
		case i == 1:
			at += 48
		case i == 3:
			if at+20 > len(s) || !zeroed(s[at+in:at+16]) || s[at+16] < 1 || s[at+16] > 2 || !zeroed(s[at+17:at+20]) {
				return false
			}
			points := power(s[at : at+in]...)
			if points <= 0 {
				return false
			}
			at += 20 + points*out*int(s[at+16])
		}
		for ; curves > 0 && at < len(s); curves-- {
			n := curveLength(s[at:])
			if n < 0 || at+n > len(s) {
				return false
			}
			if at += n; !zeroed(s[at:min((at+3)&^3, len(s))]) {
				return false
			}
			at = (at + 3) &^ 3
		}
		if curves > 0 || at > len(s) {
			return false
		}
		if !zeroed(s[at:min((at+3)&^3, len(s))]) {
			return false
		}
		at = (at + 3) &^ 3
	}
	return at == len(s)
}
