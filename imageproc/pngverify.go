package imageproc

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// pngVerifier is the second walker for PNG: it reads the bytes to be released as
// a stream, checks every CRC and holds each chunk against a list of what an
// output may hold. It shares no code with the parser.
type pngVerifier struct {
	r    *ropeReader
	at   int64
	sum  hash.Hash32
	seen map[string]int
	prev string // type of the chunk before
	err  error
}

// pngRank gives the order of chunks, and with it the list of those allowed: a
// chunk may not follow one of a higher rank. once says that it may not repeat.
var pngRank = map[string]struct {
	rank     int
	min, max uint32
	once     bool
}{
	"IHDR": {0, 13, 13, true},
	"eXIf": {1, 26, 26, true},
	"iTXt": {2, 1, 8192, true},
	"caBX": {2, 8, 1 << 30, true},
	"cICP": {3, 4, 4, true}, "mDCV": {3, 24, 24, true}, "cLLI": {3, 8, 8, true}, "iCCP": {3, 12, 1 << 24, true},
	"sRGB": {3, 1, 1, true}, "gAMA": {3, 4, 4, true}, "cHRM": {3, 32, 32, true}, "sBIT": {4, 1, 4, true},
	"PLTE": {4, 3, 768, true}, "tRNS": {4, 1, 256, true}, "bKGD": {4, 1, 6, true}, "pHYs": {4, 9, 9, true},
	"acTL": {5, 8, 8, true},
	"fcTL": {6, 26, 26, false}, "IDAT": {6, 0, 1<<31 - 1, false}, "fdAT": {6, 4, 1<<31 - 1, false},
	"IEND": {7, 0, 0, true},
}

// verifyPNG returns ErrVerify, as a *FormatError, unless r holds exactly one
// picture of the size, orientation, profile and packet given.
func verifyPNG(r *ropeReader, want *picture, packet []byte) error {
	v := &pngVerifier{r: r, sum: crc32.NewIEEE(), seen: map[string]int{}}
	head := make([]byte, 8)
	if _, err := io.ReadFull(v.r, head); err != nil || string(head) != "\x89PNG\r\n\x1a\n" {
		v.reject("no signature")
	}
	v.at = 8
	for v.err == nil && v.seen["IEND"] == 0 {
		v.chunk(want, packet)
	}
	if v.err != nil {
		return v.err
	}
	if _, err := v.r.ReadByte(); err != io.EOF {
		v.reject("bytes after IEND")
	}
	for typ, should := range map[string]bool{
		"IHDR": true, "IDAT": true, "eXIf": want.orientation != 1, "iTXt": packet != nil, "iCCP": want.icc != nil,
		"caBX": want.c2pa != nil,
	} {
		if (v.seen[typ] > 0) != should {
			v.reject("%s is missing, or there against expectation", typ)
		}
	}
	if v.seen["acTL"] == 0 && v.seen["fcTL"]+v.seen["fdAT"] > 0 {
		v.reject("frames without an animation")
	}
	return v.err
}

func (v *pngVerifier) reject(format string, args ...any) {
	if v.err == nil {
		v.err = &FormatError{Format: PNG, Part: "output", Offset: v.at, Reason: fmt.Sprintf(format, args...), Err: ErrVerify}
	}
}

func (v *pngVerifier) chunk(want *picture, packet []byte) {
	var frame [8]byte
	if _, err := io.ReadFull(v.r, frame[:]); err != nil {
		v.reject("cut short")
		return
	}
	length, typ := binary.BigEndian.Uint32(frame[:4]), string(frame[4:])
	rule, allowed := pngRank[typ]
	if !allowed || length < rule.min || length > rule.max || rule.rank < pngRank[v.prev].rank || rule.once && v.seen[typ] > 0 {
		v.reject("chunk %q is not allowed here", typ)
		return
	}
	if len(v.seen) == 0 && typ != "IHDR" {
		v.reject("no IHDR")
		return
	}
	if typ == "IDAT" && v.seen[typ] > 0 && v.prev != "IDAT" {
		v.reject("picture data in two places")
		return
	}
	v.seen[typ]++
	v.prev = typ
	v.at += 8
	v.sum.Reset()
	v.sum.Write(frame[4:])
	if rule.rank == 6 && typ != "fcTL" {
		v.skip(int64(length))
	} else {
		body := make([]byte, length)
		if _, err := io.ReadFull(v.r, body); err != nil {
			v.reject("cut short")
			return
		}
		v.sum.Write(body)
		v.at += int64(length)
		v.content(typ, body, want, packet)
	}
	if _, err := io.ReadFull(v.r, frame[:4]); err != nil || binary.BigEndian.Uint32(frame[:4]) != v.sum.Sum32() {
		v.reject("bad CRC")
	}
	v.at += 4
}

// skip reads image data for its CRC alone.
func (v *pngVerifier) skip(n int64) {
	for n > 0 {
		b, err := v.r.window(1)
		if err != nil {
			v.reject("cut short")
			return
		}
		b = b[:min(n, int64(len(b)))]
		v.sum.Write(b)
		k, _ := v.r.Discard(len(b)) // as much as was shown is there
		n, v.at = n-int64(k), v.at+int64(k)
	}
}

// content checks the chunks whose bytes are known beforehand or could hold text.
func (v *pngVerifier) content(typ string, b []byte, want *picture, packet []byte) {
	switch typ {
	case "IHDR":
		w, h := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		if int64(w) != int64(want.width) || int64(h) != int64(want.height) {
			v.reject("size is not the one expected")
		}
	case "eXIf":
		if string(b) != "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"+
			string(rune(want.orientation))+"\x00\x00\x00\x00\x00\x00" {
			v.reject("orientation is not the one expected")
		}
	case "iTXt":
		if string(b) != "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+string(packet) {
			v.reject("XMP is not the packet expected")
		}
	case "caBX":
		if string(b) != string(want.c2pa) {
			v.reject("content credentials are not those expected")
		}
	case "pHYs":
		if b[8] != 0 || b[0]|b[1]|b[4]|b[5] != 0 || string(b[:4]) == string(b[4:8]) {
			v.reject("pHYs is not the canonical one")
		}
	case "iCCP":
		v.profile(b, want.icc)
	case "cLLI":
		if (int(b[0])<<24|int(b[1])<<16|int(b[2])<<8|int(b[3]))%1000+(int(b[4])<<24|int(b[5])<<16|int(b[6])<<8|int(b[7]))%1000 != 0 {
			v.reject("cLLI holds no light levels")
		}
		v.numbers(b)
	case "cHRM", "gAMA":
		v.numbers(b)
	case "mDCV":
		switch string(b[:12]) {
		case "\x8A\x48\x39\x08\x21\x34\x9B\xAA\x19\x96\x08\xFC", // BT.2020
			"\x84\xD0\x3E\x80\x33\xC2\x86\xC4\x1D\x4C\x0B\xB8", // P3
			"\x7D\x00\x40\x74\x3A\x98\x75\x30\x1D\x4C\x0B\xB8": // BT.709
		default:
			v.reject("mDCV holds no known primaries")
		}
		if string(b[12:16]) != "\x3D\x13\x40\x42" { // D65
			v.reject("mDCV holds no known white")
		}
		v.numbers(b[16:])
	case "sRGB":
		if b[0] > 3 {
			v.reject("sRGB is not an intent")
		}
	}
}

// numbers rejects what could be letters: the values of colour chunks are small,
// so that the first byte of each is zero, the sign, or, for light, below 6.
func (v *pngVerifier) numbers(b []byte) {
	for ; len(b) >= 4; b = b[4:] {
		if b[0] > 5 && b[0] != 0xFF {
			v.reject("a colour chunk holds no numbers")
		}
	}
}

// profile inflates iCCP and holds it against the profile expected.
func (v *pngVerifier) profile(b, want []byte) {
	if len(b) < 5 || string(b[:5]) != "icc\x00\x00" {
		v.reject("name of the profile is not the neutral one")
		return
	}
	left := bytes.NewReader(b[5:]) // zlib takes single bytes of it, so what it leaves is known
	z, err := zlib.NewReader(left)
	if err != nil {
		v.reject("profile does not inflate")
		return
	}
	got := make([]byte, len(want)+1)
	n, err := io.ReadFull(z, got)
	if err != io.ErrUnexpectedEOF || string(got[:n]) != string(want) || left.Len() > 0 {
		v.reject("profile is not the one expected")
	}
}
