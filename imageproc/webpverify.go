package imageproc

import (
	"fmt"
	"io"
)

// webpVerifier is the second walker for WebP: it reads the bytes to be released
// as a stream and holds each chunk against a list of what an output may hold and
// in which order. It shares no code with the parser.
type webpVerifier struct {
	r               *ropeReader
	at              int64
	err             error
	prev            int    // rank of the chunk before
	flags           byte   // of VP8X
	seen            byte   // the flags that the chunks call for
	sizes           [2]int // of the canvas, which is that of a still
	shown           int    // pictures
	extended, store bool   // there was VP8X, there was C2PA
	alph            bool   // the chunk before was ALPH
}

// webpRank gives the order of chunks; only frames may repeat.
var webpRank = map[string]int{
	"VP8X": 1, "ICCP": 2, "ANIM": 3, "ALPH": 4, "VP8 ": 5, "VP8L": 5, "ANMF": 6, "EXIF": 7, "XMP ": 8, "C2PA": 9,
}

// verifyWebP returns ErrVerify, as a *FormatError, unless r holds exactly one
// picture of the size, orientation, profile and packet given.
func verifyWebP(r *ropeReader, want *picture, packet []byte) error {
	v := &webpVerifier{r: r, sizes: [2]int{want.width, want.height}}
	head := v.read(12)
	if v.err == nil && (string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP") {
		v.reject("no signature")
	}
	if v.err != nil {
		return v.err
	}
	for end := 8 + little(head[4:8]); v.err == nil && v.at < end; {
		v.chunk(end, want, packet)
	}
	if v.err != nil {
		return v.err
	}
	if _, err := v.r.ReadByte(); err != io.EOF {
		v.reject("bytes after RIFF")
	}
	v.checkFlags(want, packet)
	return v.err
}

// checkFlags holds VP8X against what was there.
func (v *webpVerifier) checkFlags(want *picture, packet []byte) {
	needed := v.seen &^ 0x10
	if v.extended && want.flagged {
		needed |= 0x10 // a simple file tells about alpha in VP8L
	}
	switch {
	case v.shown == 0 || v.seen&2 == 0 && v.shown > 1:
		v.reject("not one picture")
	case v.flags != needed || v.alph:
		v.reject("flags are not those of the chunks")
	case v.extended && v.flags == 0 && v.seen&0x10 == 0 && want.c2pa == nil:
		v.reject("VP8X without use")
	case v.store != (want.c2pa != nil):
		v.reject("content credentials are missing, or there against expectation")
	case want.orientation != 1 != (v.seen&8 != 0), packet != nil != (v.seen&4 != 0), want.icc != nil != (v.seen&0x20 != 0):
		v.reject("a chunk is missing, or there against expectation")
	}
}

func (v *webpVerifier) reject(format string, args ...any) {
	if v.err == nil {
		v.err = &FormatError{Format: WebP, Part: "output", Offset: v.at, Reason: fmt.Sprintf(format, args...), Err: ErrVerify}
	}
}

// read returns n bytes, zeros once there is an error.
func (v *webpVerifier) read(n int64) []byte {
	b := make([]byte, n)
	if v.err == nil {
		if _, err := io.ReadFull(v.r, b); err != nil {
			clear(b)
			v.reject("cut short")
		}
		v.at += n
	}
	return b
}

func (v *webpVerifier) skip(n int64) {
	for n > 0 && v.err == nil {
		k, err := v.r.Discard(int(min(n, 1<<30)))
		if err != nil {
			v.reject("cut short")
		}
		n, v.at = n-int64(k), v.at+int64(k)
	}
}

// little is a number with its lowest byte first.
func little(b []byte) int64 {
	var n int64
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | int64(b[i])
	}
	return n
}

func (v *webpVerifier) chunk(end int64, want *picture, packet []byte) {
	head := v.read(8)
	typ, length := string(head[:4]), little(head[4:])
	rank := webpRank[typ]
	next := v.at + length + length%2
	switch {
	case v.err != nil:
		return
	case next > end:
		v.reject("chunk %q is longer than the file", typ)
		return
	case rank == 0, rank < v.prev, v.seen&2 != 0 && (rank == 4 || rank == 5), rank == v.prev && typ != "ANMF", v.prev == 0 && rank != 1 && rank != 5:
		v.reject("chunk %q is not allowed here", typ)
		return
	}
	v.prev = rank
	switch typ {
	case "ANMF":
		v.frame(length)
	case "ALPH", "VP8 ", "VP8L":
		v.picture(typ, length, v.sizes)
	default:
		if length > 1<<24 {
			v.reject("chunk %q is too long", typ)
			return
		}
		v.content(typ, v.read(length), want, packet)
		v.pad(length)
	}
	if v.at != next {
		v.reject("chunk %q holds something else", typ)
	}
}

func (v *webpVerifier) pad(length int64) {
	if length%2 == 1 && v.read(1)[0] != 0 {
		v.reject("padding is not zero")
	}
}

// content checks the chunks whose bytes are known beforehand.
func (v *webpVerifier) content(typ string, b []byte, want *picture, packet []byte) {
	switch typ {
	case "VP8X":
		if len(b) != 10 || b[0]&0xC1 != 0 || b[1]|b[2]|b[3] != 0 ||
			little(b[4:7]) != int64(want.width-1) || little(b[7:10]) != int64(want.height-1) {
			v.reject("VP8X is not the one expected")
			return
		}
		v.flags, v.extended = b[0], true
	case "ICCP":
		v.seen |= 0x20
		if string(b) != string(want.icc) {
			v.reject("profile is not the one expected")
		}
	case "ANIM":
		v.seen |= 2
		if len(b) != 6 {
			v.reject("ANIM of %d bytes", len(b))
		}
	case "EXIF":
		v.seen |= 8
		if string(b) != "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"+
			string(rune(want.orientation))+"\x00\x00\x00\x00\x00\x00" {
			v.reject("orientation is not the one expected")
		}
	case "C2PA":
		v.store = true
		if string(b) != string(want.c2pa) || !v.extended {
			v.reject("content credentials are not those expected")
		}
	case "XMP ":
		v.seen |= 4
		if string(b) != string(packet) {
			v.reject("XMP is not the packet expected")
		}
	}
}

// frame reads ANMF: its header, then ALPH and VP8, or VP8L, and nothing else.
func (v *webpVerifier) frame(length int64) {
	if v.seen&2 == 0 || length < 16+8 {
		v.reject("frame without an animation, or too short")
		return
	}
	end := v.at + length
	h := v.read(16)
	size := [2]int{int(little(h[6:9])) + 1, int(little(h[9:12])) + 1}
	if h[15]&^3 != 0 || 2*int(little(h[:3]))+size[0] > v.sizes[0] || 2*int(little(h[3:6]))+size[1] > v.sizes[1] {
		v.reject("frame header is not valid")
	}
	shown := v.shown
	for v.err == nil && v.at < end {
		head := v.read(8)
		typ, n := string(head[:4]), little(head[4:])
		if webpRank[typ] != 4 && webpRank[typ] != 5 || v.shown > shown || v.at+n > end {
			v.reject("chunk %q is not allowed in a frame", typ)
			return
		}
		v.picture(typ, n, size)
	}
	if v.shown != shown+1 {
		v.reject("frame without a picture")
	}
}

// picture checks the header of coded pixels, and leaves them unread.
func (v *webpVerifier) picture(typ string, length int64, size [2]int) {
	head := v.read(min(length, 10))
	var got [2]int
	switch {
	case typ == "ALPH":
		if v.alph || len(head) < 1 || head[0]>>6 != 0 || head[0]&3 == 0 && length != 1+int64(size[0])*int64(size[1]) {
			v.reject("ALPH is not valid")
		}
		v.seen |= 0x10
		got = size
	case typ == "VP8 " && len(head) == 10 && string(head[3:6]) == "\x9D\x01*":
		got = [2]int{int(little(head[6:8])) & 0x3FFF, int(little(head[8:10])) & 0x3FFF}
		v.shown++
	case typ == "VP8L" && len(head) >= 5 && head[0] == '/' && !v.alph:
		got = [2]int{int(little(head[1:3]))&0x3FFF + 1, int(little(head[2:5])>>6)&0x3FFF + 1}
		v.seen |= head[4] & 0x10
		v.shown++
	}
	if got != size {
		v.reject("%s is not a picture of the size expected", typ)
	}
	v.alph = typ == "ALPH"
	v.skip(length - int64(len(head)))
	v.pad(length)
}
