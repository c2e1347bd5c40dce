package imageproc

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/fitveil/fitveil/imageproc/internal/seek"
)

// jpegVerifier is the second walker: it reads the very bytes that are about to
// be released, as a stream, and accepts one grammar only. It shares no code with
// the parser, so that a mistake there does not excuse itself here, but for what
// finds the next marker, which is package seek and tested by itself.
//
//	SOI [APP0 JFIF] [APP1 Exif] [APP1 XMP] [APP11 JUMBF]* [APP2 ISO 21496-1]
//	[APP2 MPF] [APP2 ICC]* [APP14 Adobe] [DQT] SOF ([DQT] [DHT] [DRI] SOS data)+ EOI,
//	the same once more if there is a gain map, and no byte more
type jpegVerifier struct {
	r      *ropeReader
	at     int64
	marker byte
	body   []byte // of the segment last read; valid until the next one
	buf    [1 << 10]byte
	large  []byte // instead of buf, once a segment needed it
	err    error

	size     [2]int    // width and height of the frame
	quantOf  [256]int8 // by component id: its quantisation table and 1; 0 is no component
	baseline bool
	progress bool
	quant    [4]bool
	huff     [32]bool // class<<4 | id
	fresh    [32]bool // Huffman tables no scan has used yet
	restart  bool

	indexed              bool  // there is an index of two pictures
	first, next, nextLen int64 // what it says: bytes of this one; where the other begins, and its size
}

// jpegVerifiers are those in no use, and empty.
var jpegVerifiers = sync.Pool{New: func() any { return new(jpegVerifier) }}

// verifyJPEG returns ErrVerify, as a *FormatError, unless r holds exactly one
// picture of the size, orientation, profile and packet given.
func verifyJPEG(r *ropeReader, want *picture, packet []byte) error {
	v := jpegVerifiers.Get().(*jpegVerifier)
	defer v.close()
	v.r = r
	v.picture(want, packet)
	if v.indexed != (want.second != nil) {
		v.reject("a gain map is announced, or is not")
	}
	if want.second != nil && v.err == nil {
		w := &jpegVerifier{r: v.r, at: v.at}
		if w.picture(want.second, want.second.packet); w.err != nil {
			return w.err
		}
		if v.first != v.at || v.next != v.at || v.nextLen != w.at-v.at || w.indexed {
			v.reject("the index is not that of the pictures")
		}
		v.at = w.at
	}
	if v.err == nil {
		if _, err := v.r.ReadByte(); err != io.EOF {
			v.reject("bytes after EOI")
		}
	}
	return v.err
}

func (v *jpegVerifier) close() {
	*v = jpegVerifier{}
	jpegVerifiers.Put(v)
}

func (v *jpegVerifier) picture(want *picture, packet []byte) {
	if b := v.take(2); string(b) != "\xFF\xD8" {
		v.reject("no SOI")
	}
	v.segment()
	v.head(want, packet)
	v.tables()
	v.frame(want)
	v.scans()
}

func (v *jpegVerifier) reject(format string, args ...any) {
	if v.err == nil {
		v.err = &FormatError{Format: JPEG, Part: "output", Offset: v.at, Reason: fmt.Sprintf(format, args...), Err: ErrVerify}
	}
}

// take reads n bytes into the buffer; after an error it gives zeros.
func (v *jpegVerifier) take(n int) []byte {
	b := v.large
	if n <= len(v.buf) {
		b = v.buf[:]
	} else if b == nil {
		v.large = make([]byte, 0xFFFF)
		b = v.large
	}
	b = b[:n]
	if v.err == nil {
		k, err := io.ReadFull(v.r, b)
		if v.at += int64(k); err != nil {
			v.reject("cut short")
		}
	}
	if v.err != nil {
		clear(b)
	}
	return b
}

// segment reads a marker and, but for EOI, the segment behind it.
func (v *jpegVerifier) segment() {
	m := v.take(2)
	if v.err == nil && (m[0] != 0xFF || m[1] < 0xC0 || m[1] == 0xFF) {
		v.reject("no marker where one has to be")
	}
	if v.marker = m[1]; v.marker == 0xD9 || v.err != nil {
		v.body = nil
		return
	}
	m = v.take(2)
	n := int(m[0])<<8 | int(m[1])
	if n < 2 {
		v.reject("segment length %d", n)
		n = 2
	}
	v.body = v.take(n - 2)
}

// pass goes on to the next segment if this one is the one described.
func (v *jpegVerifier) pass(marker byte, body string) bool {
	if v.err != nil || v.marker != marker || string(v.body) != body {
		return false
	}
	v.segment()
	return true
}

func (v *jpegVerifier) head(want *picture, packet []byte) {
	if v.marker == 0xE0 {
		b := v.body
		if len(b) != 14 || string(b[:8]) != "JFIF\x00\x01\x01\x00" || b[12]|b[13] != 0 {
			v.reject("APP0 is not the canonical one")
		}
		v.segment()
	}
	turned := v.pass(0xE1, "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"+
		string(rune(want.orientation))+"\x00\x00\x00\x00\x00\x00")
	if turned != (want.orientation != 1) {
		v.reject("orientation is not the one expected")
	}
	if packet != nil && !v.pass(0xE1, "http://ns.adobe.com/xap/1.0/\x00"+string(packet)) {
		v.reject("XMP is not the packet expected")
	}
	v.store(want.c2pa)
	if want.iso != nil && !v.pass(0xE2, "urn:iso:std:iso:ts:21496:-1\x00"+string(want.iso)) {
		v.reject("ISO 21496-1 is not the segment expected")
	}
	v.index()
	v.profile(want.icc)
	if v.marker == 0xEE {
		if s := string(v.body); len(s) != 12 || !strings.HasPrefix(s, "Adobe\x00\x64\x00\x00\x00\x00") || s[11] > 2 {
			v.reject("APP14 is not the canonical one")
		}
		v.segment()
	}
}

// store holds APP11 segments against the manifest store expected, each of which
// has the number of its part, from 1, and the first eight bytes of the store.
func (v *jpegVerifier) store(want []byte) {
	got := 8
	for part := 1; v.err == nil && v.marker == 0xEB; part++ {
		b := v.body
		const head = 16
		if len(b) <= head || want == nil || got+len(b)-head > len(want) ||
			string(b[:head]) != "JP\x00\x01"+string([]byte{byte(part >> 24), byte(part >> 16), byte(part >> 8), byte(part)})+string(want[:8]) ||
			string(b[head:]) != string(want[got:got+len(b)-head]) {
			v.reject("content credentials are not those expected")
			return
		}
		got += len(b) - head
		v.segment()
	}
	if want != nil && got != len(want) {
		v.reject("content credentials are missing")
	}
}

// index reads an MPF segment: all of it but three numbers is given.
func (v *jpegVerifier) index() {
	if v.err != nil || v.marker != 0xE2 || len(v.body) < 4 || string(v.body[:4]) != "MPF\x00" {
		return
	}
	s := string(v.body)
	const before = "MPF\x00MM\x00*\x00\x00\x00\x08\x00\x03\xB0\x00\x00\x07\x00\x00\x00\x040100\xB0\x01\x00\x04\x00\x00\x00\x01\x00\x00\x00\x02" +
		"\xB0\x02\x00\x07\x00\x00\x00\x20\x00\x00\x00\x32\x00\x00\x00\x00\x00\x03\x00\x00"
	zeros := strings.Repeat("\x00", 12)
	if len(s) != len(before)+28 || s[:len(before)] != before || s[len(before)+4:len(before)+16] != zeros || s[len(s)-4:] != zeros[:4] {
		v.reject("MPF is not the canonical one")
		return
	}
	number := func(i int) int64 {
		return int64(s[i])<<24 | int64(s[i+1])<<16 | int64(s[i+2])<<8 | int64(s[i+3])
	}
	v.indexed, v.first, v.nextLen = true, number(len(before)), number(len(before)+16)
	v.next = v.at - int64(len(s)) + 4 + number(len(before)+20)
	v.segment()
}

func (v *jpegVerifier) profile(want []byte) {
	rest := want
	for n := byte(1); v.marker == 0xE2 && v.err == nil; n++ {
		const head = "ICC_PROFILE\x00"
		b := v.body
		if len(b) < len(head)+3 || string(b[:len(head)]) != head || b[len(head)] != n || int(b[len(head)+1]) != (len(want)+65518)/65519 ||
			!bytes.HasPrefix(rest, b[len(head)+2:]) {
			v.reject("ICC profile is not the one expected")
			return
		}
		rest = rest[len(b)-len(head)-2:]
		v.segment()
	}
	if len(rest) > 0 {
		v.reject("ICC profile is missing")
	}
}

// tables reads DQT segments; every table has to be one that a component uses,
// which the frame header, read later, decides.
func (v *jpegVerifier) tables() {
	for v.marker == 0xDB && v.err == nil {
		b := v.body
		for len(b) > 0 {
			size := 65 + 64*int(b[0]>>4)
			if b[0]&0xEC != 0 || len(b) < size {
				v.reject("DQT is not valid")
				return
			}
			v.quant[b[0]&3] = true
			b = b[size:]
		}
		v.segment()
	}
}

func (v *jpegVerifier) frame(want *picture) {
	b := v.body
	if v.err != nil {
		return
	}
	if v.marker < 0xC0 || v.marker > 0xC2 || len(b) < 9 || len(b) != 6+3*int(b[5]) || b[0] != 8 {
		v.reject("frame header is not valid")
		return
	}
	v.baseline, v.progress = v.marker == 0xC0, v.marker == 0xC2
	v.size = [2]int{int(b[3])<<8 | int(b[4]), int(b[1])<<8 | int(b[2])}
	if want != nil && v.size != [2]int{want.width, want.height} {
		v.reject("size is not the one expected")
	}
	var used [4]bool
	for c := b[6:]; len(c) > 0; c = c[3:] {
		if v.quantOf[c[0]] != 0 || c[2] > 3 {
			v.reject("component is not valid")
			return
		}
		v.quantOf[c[0]], used[c[2]] = int8(c[2])+1, true
	}
	for id, there := range v.quant {
		if there && !used[id] {
			v.reject("quantisation table without use")
		}
	}
	v.segment()
}

func (v *jpegVerifier) scans() {
	for n := 0; v.err == nil; n++ {
		if v.marker == 0xD9 {
			if n == 0 {
				v.reject("no scan")
			}
			return
		}
		v.tables()
		for v.marker == 0xC4 && v.err == nil {
			v.huffman()
			v.segment()
		}
		if v.marker == 0xDD && v.err == nil {
			if len(v.body) != 2 {
				v.reject("DRI is not valid")
				return
			}
			v.restart = v.body[0]|v.body[1] != 0
			v.segment()
		}
		v.scanHeader()
		v.entropy()
	}
}

func (v *jpegVerifier) huffman() {
	b := v.body
	for len(b) > 0 {
		if b[0]&0xEC != 0 || len(b) < 17 {
			v.reject("DHT is not valid")
			return
		}
		n := 17
		for _, k := range b[1:17] {
			n += int(k)
		}
		if len(b) < n {
			v.reject("DHT is too short")
			return
		}
		v.huff[b[0]], v.fresh[b[0]] = true, true
		b = b[n:]
	}
}

func (v *jpegVerifier) scanHeader() {
	b := v.body
	if v.err != nil {
		return
	}
	if v.marker != 0xDA || len(b) < 6 || len(b) != 4+2*int(b[0]) {
		v.reject("segment is none that an output has")
		return
	}
	end := b[len(b)-3:]
	if !v.progress && string(end) != "\x00\x3F\x00" {
		v.reject("scan header of a sequential file is not canonical")
	}
	dc, ac := end[0] == 0 && end[2]>>4 == 0, end[1] > 0
	for c := b[1 : len(b)-3]; len(c) > 0; c = c[2:] {
		if tq := v.quantOf[c[0]]; tq == 0 || !v.quant[tq-1] {
			v.reject("scan of an unknown component, or without its quantisation table")
		}
		v.useTable(c[1]>>4, dc)
		v.useTable(c[1]&15|0x10, ac)
	}
	for id, unused := range v.fresh {
		if unused {
			v.reject("Huffman table %02X without use", id)
		}
	}
}

func (v *jpegVerifier) useTable(id byte, used bool) {
	switch {
	case !used && id&15 != 0:
		v.reject("table selector without use is not zero")
	case used && !v.huff[id]:
		v.reject("Huffman table is not defined")
	case used:
		v.fresh[id] = false
	}
}

// entropy reads data up to the next marker: stuffed zeros and restart markers in
// turn are all it may hold.
func (v *jpegVerifier) entropy() {
	next := byte(0xD0)
	kernel, _ := seek.Best()
	for v.err == nil {
		window, err := v.r.window(2)
		if err != nil {
			v.reject("data is cut short")
			return
		}
		i := 0
		for i+1 < len(window) {
			k := kernel.Marker(window[i:])
			if k < 0 {
				i = len(window) - 1 // which may be the first half of one
				break
			}
			c := window[i+k+1]
			i += k + 2
			switch {
			case v.restart && c == next:
				next = 0xD0 | (next+1)&7
			default:
				v.skip(i)
				v.afterData(c)
				return
			}
		}
		v.skip(i)
	}
}

func (v *jpegVerifier) skip(n int) {
	k, _ := v.r.Discard(n) // n bytes were shown
	v.at += int64(k)
}

// afterData reads the segment whose 0xFF is read already.
func (v *jpegVerifier) afterData(c byte) {
	switch c {
	case 0xD9, 0xDB, 0xC4, 0xDD, 0xDA:
	default:
		v.reject("marker %02X behind the data", c)
		return
	}
	v.marker, v.body = c, nil
	if c == 0xD9 {
		return
	}
	b := v.take(2)
	n := max(int(b[0])<<8|int(b[1]), 2)
	v.body = v.take(n - 2)
}
