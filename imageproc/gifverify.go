package imageproc

import (
	"encoding/binary"
	"io"
)

// gifVerifier is the second walker for GIF: it reads the bytes to be released as
// a stream and lets pass what an output may hold, in that order. It shares no
// code with the parser.
type gifVerifier struct {
	r     *ropeReader
	at    int64
	err   error
	stage int // 0 nothing yet, 1 loop, 2 profile, 3 XMP, 4 content credentials, 5 pictures
	table bool
	// shared says that a picture has the colours of the screen.
	shared bool
	want   *picture
	xmp    []byte
	seen   [6]bool
	first  [2]int // size that the first picture calls for
}

// verifyGIF returns ErrVerify, as a *FormatError, unless r holds pictures on a
// canvas of the size given, the profile and the packet, and nothing else.
func verifyGIF(r *ropeReader, want *picture, packet []byte) error {
	v := &gifVerifier{r: r, want: want, xmp: packet}
	head := v.read(13)
	if s := string(head[:6]); s != "GIF87a" && s != "GIF89a" {
		v.reject("no signature")
	}
	var colours []byte
	if v.table = head[10] >= 0x80; v.table {
		colours = v.read(3 << (head[10]%8 + 1))
	} else if head[11] != 0 {
		v.reject("background without a colour table")
	}
	for v.err == nil {
		introducer := v.read(1)[0]
		if introducer == ';' {
			break
		}
		switch introducer {
		case '!':
			v.extension()
		case ',':
			v.picture()
		default:
			v.reject("no block begins so")
		}
	}
	if v.err != nil {
		return v.err
	}
	if _, err := v.r.ReadByte(); err != io.EOF {
		v.reject("bytes after the trailer")
	}
	if !v.seen[5] || v.seen[4] != (want.c2pa != nil) || v.seen[2] != (want.icc != nil) || v.seen[3] != (packet != nil) {
		v.reject("a block is missing, or there against expectation")
	}
	for i, c := range colours {
		if c != 0 && !v.shared && i/3 != int(head[11]) {
			v.reject("a colour table without use")
		}
	}
	width, height := int(head[6])+256*int(head[7]), int(head[8])+256*int(head[9])
	if max(width, v.first[0]) != want.width || max(height, v.first[1]) != want.height {
		v.reject("size is not the one expected")
	}
	return v.err
}

func (v *gifVerifier) reject(reason string) {
	if v.err == nil {
		v.err = &FormatError{Format: GIF, Part: "output", Offset: v.at, Reason: reason, Err: ErrVerify}
	}
}

// read returns n bytes, zeros once there is an error.
func (v *gifVerifier) read(n int) []byte {
	b := make([]byte, n)
	if v.err == nil {
		if _, err := io.ReadFull(v.r, b); err != nil {
			clear(b)
			v.reject("cut short")
		}
		v.at += int64(n)
	}
	return b
}

// expect rejects the output unless text comes next.
func (v *gifVerifier) expect(text string) {
	if string(v.read(len(text))) != text {
		v.reject("an extension is not the one expected")
	}
}

// reach moves on in the order of blocks.
func (v *gifVerifier) reach(stage int) {
	if stage < v.stage || stage == v.stage && stage < 5 {
		v.reject("a block repeats or is out of order")
	}
	v.stage, v.seen[stage] = stage, true
}

// blocks rejects the output unless data comes next, cut into sub-blocks.
func (v *gifVerifier) blocks(data []byte) {
	for len(data) > 0 && v.err == nil {
		n := min(255, len(data))
		v.expect(string([]byte{byte(n)}) + string(data[:n]))
		data = data[n:]
	}
	v.expect("\x00")
}

func (v *gifVerifier) extension() {
	if v.read(1)[0] == 0xF9 {
		c := v.read(6)
		if c[0] != 4 || c[5] != 0 || c[1] > 0x1F || c[1]%2 == 0 && c[4] != 0 {
			v.reject("graphic control extension is not the canonical one")
		}
		if v.read(1)[0] != ',' {
			v.reject("graphic control extension without a picture")
		}
		v.picture()
		return
	}
	switch string(v.read(12)) {
	case "\x0BNETSCAPE2.0", "\x0BANIMEXTS1.0":
		v.reach(1)
		v.expect("\x03\x01")
		v.read(2)
		v.expect("\x00")
	case "\x0BICCRGBG1012":
		v.reach(2)
		v.blocks(v.want.icc)
	case "\x0BC2PA_GIF\x01\x00\x00":
		v.reach(4)
		v.blocks(v.want.c2pa)
	case "\x0BXMP DataXMP":
		v.reach(3)
		v.expect(string(v.xmp) + "\x01")
		for n := 255; n >= 0; n-- {
			v.expect(string([]byte{byte(n)}))
		}
		v.expect("\x00")
	default:
		v.reject("an extension is not allowed")
	}
}

// picture reads an image descriptor, its colour table and its data.
func (v *gifVerifier) picture() {
	d := v.read(9)
	u := func(i int) int { return int(d[i]) + 256*int(d[i+1]) }
	if !v.seen[5] {
		v.first = [2]int{u(0) + u(4), u(2) + u(6)}
	}
	v.reach(5)
	if d[8]&0x18 != 0 || u(4) == 0 || u(6) == 0 {
		v.reject("image descriptor is not valid")
	}
	if d[8] >= 0x80 {
		v.read(3 << (d[8]%8 + 1))
	} else {
		v.shared = true
		if !v.table {
			v.reject("no colour table")
		}
	}
	size := v.read(1)[0]
	if size < 2 || size > 8 {
		v.reject("code size is not valid")
		return
	}
	codes := codeCounter{low: uint(size)}
	codes.clear()
	for v.err == nil {
		n := v.read(1)[0]
		if n == 0 {
			break
		}
		for data := v.read(int(n)); len(data) > 0; {
			if data = data[codes.words(data):]; len(data) == 0 {
				break
			}
			if !codes.byte(data[0]) {
				v.reject("bytes after the last code")
				return
			}
			data = data[1:]
		}
	}
	if codes.over && codes.pending != 0 {
		v.reject("bits after the last code")
	}
}

// codeCounter knows of LZW only how wide the next code is, for that depends on
// the number of codes since the last clear, and so finds the end code.
type codeCounter struct {
	low     uint // bits of a pixel
	wide    uint // bits of the next code
	count   uint // codes since the last clear
	pending uint64
	filled  uint
	over    bool // the end code was read
}

func (c *codeCounter) clear() { c.wide, c.count = c.low+1, 0 }

// words takes several codes with each word of 64 bits, while their width stays and none
// is a clear or the end, and returns how many bytes they took.
func (c *codeCounter) words(b []byte) (taken int) {
	several := 56 / c.wide
	bits, wider := several*c.wide, uint(1)<<c.wide-1<<c.low-1 // the count from which codes are wider
	if c.wide == 12 {
		wider = 1 << 31
	}
	if len(b) < 8 || c.over || c.count+several >= wider {
		return 0
	}
	// Clear and end differ in the lowest bit alone. Without it, a code that differs from
	// them in none is a field of zeros, which is what borrows from the bit above it.
	ones := uint64(0)
	for range several {
		ones = ones<<c.wide | 1
	}
	clears, tops := ones<<c.low, ones<<(c.wide-1)
	fields := (1<<bits - 1) &^ tops
	for ; len(b)-taken >= 8 && c.count+several < wider; c.count += several {
		word := c.pending | binary.LittleEndian.Uint64(b[taken:])<<c.filled
		x := (word ^ clears) >> 1 & fields
		if (x-ones)&tops != 0 {
			break
		}
		n := (bits - c.filled + 7) / 8
		c.filled += 8*n - bits
		c.pending = word >> bits & (1<<c.filled - 1)
		taken += int(n)
	}
	c.settle() // of what is left, less than a byte, short codes may be whole, the end among them
	return taken
}

// byte takes one byte; it is false behind the end.
func (c *codeCounter) byte(b byte) bool {
	if c.over {
		return false
	}
	c.pending += uint64(b) << c.filled
	c.filled += 8
	return c.settle()
}

// settle takes the codes that are there in full; it is false where a byte or more is
// behind the end.
func (c *codeCounter) settle() bool {
	for c.filled >= c.wide {
		code := c.pending % (1 << c.wide)
		c.pending >>= c.wide
		c.filled -= c.wide
		switch code {
		case 1 << c.low:
			c.clear()
		case 1<<c.low + 1:
			c.over = true
			return c.filled < 8
		default:
			// The table holds the pixels, two codes of its own, and one entry for
			// each code but the first.
			if c.count++; c.count+1<<c.low+1 >= 1<<c.wide && c.wide < 12 {
				c.wide++
			}
		}
	}
	return true
}
