package imageproc

import (
	"bytes"
	"encoding/binary"
	"io"
)

// verifiedStrips is what is known of the strips and tiles read so far.
type verifiedStrips struct {
	list []([2]uint32) // place and length, while none was pointed at again
	seen map[[2]uint32]bool
	jpeg *jpegVerifier
	// bytes are those of a strip, stands what codes of LZW stand for.
	bytes  []byte
	part   rope // the same where it lies
	stands codeValues
}

// data reads the strips or tiles of a page. Each begins where the last one ends,
// or is one that was read already, or is missing.
func (v *tiffVerifier) data(p *verifiedTIFF) {
	offsets, counts := p.numbers[273], p.numbers[279]
	if tiled := p.numbers[324]; tiled != nil {
		offsets, counts = tiled, p.numbers[325]
	}
	if uint64(len(offsets)) != p.chunks() || len(counts) != len(offsets) {
		v.reject("not as many strips or tiles as the picture needs")
	}
	base := v.tables(p.tables)
	for i := 0; i < len(offsets) && v.err == nil; i++ {
		place := [2]uint32{offsets[i], counts[i]}
		switch {
		case place == [2]uint32{}:
		case uint64(place[0]) == v.at && place[1] > 0:
			if v.strips.seen != nil {
				v.strips.seen[place] = true
			} else {
				v.strips.list = append(v.strips.list, place)
			}
			v.chunk(p, uint64(i), uint64(place[1]), base)
		case !v.strips.again(place):
			v.reject("a strip or tile is not where the one before it ends")
		}
	}
}

// again says whether a strip or tile was read before.
func (s *verifiedStrips) again(place [2]uint32) bool {
	if s.seen == nil {
		s.seen = make(map[[2]uint32]bool, len(s.list))
		for _, p := range s.list {
			s.seen[p] = true
		}
		s.list = nil
	}
	return s.seen[place]
}

// chunks is how many strips or tiles a page has to have.
func (p *verifiedTIFF) chunks() uint64 {
	width, height := uint64(p.number(256, 0)), uint64(p.number(257, 0))
	n := uint64(1)
	if w, h := uint64(p.number(322, 0)), uint64(p.number(323, 0)); p.numbers[322] != nil {
		if w == 0 || h == 0 {
			return 0
		}
		n = (width + w - 1) / w * ((height + h - 1) / h)
	} else if rows := uint64(p.number(278, 0)); rows == 0 || rows > height {
		return 0
	} else {
		n = (height + rows - 1) / rows
	}
	if p.number(284, 1) == 2 {
		n *= uint64(p.number(277, 1))
	}
	return n
}

// chunk reads one strip or tile of n bytes.
func (v *tiffVerifier) chunk(p *verifiedTIFF, i, n uint64, base map[byte]bool) {
	v.strips.part = v.r.next(v.strips.part[:0], int64(n))
	part := v.strips.part
	if uint64(part.size()) != n {
		v.reject("cut short")
		return
	}
	switch p.number(259, 0) {
	case 1:
		if most := p.most(i); most > 0 && (n > most || n < most && len(p.numbers[273]) == 1) {
			v.reject("bytes behind the pixels, or missing")
		}
		v.edges(part, p, i)
	case 7:
		v.stream(part, base, p)
	case 32773:
		v.runs(part, p, p.most(i))
	case 5:
		if p.number(266, 1) == 2 {
			part = rope{bytes.Clone(v.plainBits(part, p))}
		}
		v.codes(part, p.most(i))
	case 50001:
		v.riff(part.reader(), int64(n))
	case 34925:
		v.backwards(v.plainBits(part, p))
	case 50000:
		v.blocks(v.plainBits(part, p))
	case 2, 3, 4, 8, 32771, 32809, 32946, 34676, 34677:
	default:
		v.reject("compression is not one that is allowed")
	}
	v.at += n
}

// edges rejects a tile that has anything beyond the picture, but for the rest of a byte.
func (v *tiffVerifier) edges(part rope, p *verifiedTIFF, i uint64) {
	width, height := uint64(p.number(256, 0)), uint64(p.number(257, 0))
	w, h := uint64(p.number(322, 0)), uint64(p.number(323, 0))
	samples := uint64(p.number(277, 1))
	if p.numbers[322] == nil || p.number(262, 0) == 6 && samples == 3 || p.number(258, 1) == 0 {
		return
	}
	columns := (width + w - 1) / w
	right, below := (i%columns+1)*w, (i/columns%((height+h-1)/h)+1)*h
	if right <= width && below <= height {
		return
	}
	pixel := uint64(p.number(258, 1))
	if p.number(284, 1) != 2 {
		pixel *= samples
	}
	line, last := (w*pixel+7)/8, h
	inside := line
	if right > width {
		inside = ((w-right+width)*pixel + 7) / 8
	}
	if below > height {
		last = h - below + height
	}
	tile := v.whole(part)
	for k, b := range tile[:len(tile)-8] {
		if b != 0 && (uint64(k)%line >= inside || uint64(k)/line >= last) {
			v.reject("a tile has bytes beyond the picture")
			return
		}
	}
}

// most is how many bytes pixels that are not compressed take, 0 if chroma is
// stored in planes of other sizes.
func (p *verifiedTIFF) most(i uint64) uint64 {
	width, rows := uint64(p.number(256, 0)), uint64(p.number(278, 0))
	if p.numbers[322] != nil {
		width, rows = uint64(p.number(322, 0)), uint64(p.number(323, 0))
	} else {
		perPlane := (uint64(p.number(257, 0)) + rows - 1) / rows
		rows = min(rows, uint64(p.number(257, 0))-i%perPlane*rows)
	}
	bits, samples := uint64(p.number(258, 1)), uint64(p.number(277, 1))
	planes := p.number(284, 1) == 2
	if p.number(262, 0) == 6 && samples == 3 {
		h, w := uint64(2), uint64(2)
		if s := p.numbers[530]; len(s) == 2 {
			w, h = uint64(s[0]), uint64(s[1])
		}
		if planes || w == 0 || h == 0 {
			return 0
		}
		return ((width+w-1)/w*((rows+h-1)/h)*(w*h+2)*bits + 7) / 8
	}
	if planes {
		samples = 1
	}
	return (width*samples*bits + 7) / 8 * rows
}

// tables reads JPEGTables: SOI, DQT, DHT, EOI. The result has the quantisation
// tables by number and, with 0x80, the Huffman tables by class and number.
func (v *tiffVerifier) tables(b []byte) map[byte]bool {
	base := make(map[byte]bool)
	if b == nil {
		return base
	}
	if len(b) < 4 || string(b[:2]) != "\xFF\xD8" || string(b[len(b)-2:]) != "\xFF\xD9" {
		v.reject("JPEGTables without SOI and EOI")
		return base
	}
	for b = b[2 : len(b)-2]; len(b) > 0 && v.err == nil; {
		if len(b) < 4 || b[0] != 0xFF || b[1] != 0xDB && b[1] != 0xC4 {
			v.reject("JPEGTables hold more than tables")
			break
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 2 || n+2 > len(b) {
			v.reject("JPEGTables are cut short")
			break
		}
		body := b[4 : n+2]
		for len(body) > 0 {
			size := 65 + 64*int(body[0]>>4)
			if b[1] == 0xC4 {
				size = 17
				for _, k := range body[1:min(17, len(body))] {
					size += int(k)
				}
			}
			if body[0]&0xEC != 0 || size > len(body) {
				v.reject("a table is not valid")
				return base
			}
			if b[1] == 0xC4 {
				base[0x80|body[0]] = true
			} else {
				base[body[0]&3] = true
			}
			body = body[size:]
		}
		b = b[n+2:]
	}
	return base
}

// stream reads a JPEG stream whose tables may be those of the page.
func (v *tiffVerifier) stream(part rope, base map[byte]bool, p *verifiedTIFF) {
	if v.strips.jpeg == nil {
		v.strips.jpeg = new(jpegVerifier)
	}
	j := v.strips.jpeg
	*j = jpegVerifier{r: part.reader(), large: j.large, at: int64(v.at)}
	if b := j.take(2); string(b) != "\xFF\xD8" {
		j.reject("no SOI")
	}
	j.segment()
	j.tables()
	j.frame(nil)
	width, height := p.number(256, 0), p.number(278, 0)+31 // a strip may end with whole blocks
	if p.numbers[322] != nil {
		width, height = p.number(322, 0), p.number(323, 0)
	}
	if uint64(j.size[0]) > uint64(width) || uint64(j.size[1]) > uint64(height) {
		j.reject("larger than its place")
	}
	for id := range base {
		if id >= 0x80 {
			j.huff[id&0x7F] = true
		} else {
			j.quant[id] = true
		}
	}
	j.scans()
	if j.err == nil {
		if _, err := j.r.ReadByte(); err != io.EOF {
			j.reject("bytes after EOI")
		}
	}
	if j.err != nil {
		v.reject("JPEG in it: " + j.err.(*FormatError).Reason)
	}
}

// runs reads PackBits: the code that gives the last pixel is the last one.
func (v *tiffVerifier) runs(part rope, p *verifiedTIFF, pixels uint64) {
	if pixels == 0 {
		return
	}
	strip := part[0]
	if len(part) > 1 {
		strip = v.whole(part)
		strip = strip[:len(strip)-8]
	}
	behind := runsLeave(strip, pixels)
	if behind > 0 && p.number(266, 1) == 2 { // there are decoders of either kind
		behind = min(behind, runsLeave(v.plainBits(part, p), pixels))
	}
	if behind > 0 {
		v.reject("bytes behind the pixels")
	}
}

// runsLeave is how many bytes there are behind the codes of so many pixels.
func runsLeave(strip []byte, pixels uint64) int {
	at := 0
	for pixels > 0 && at < len(strip) {
		code := strip[at]
		length := uint64(0)
		switch {
		case code == 0: // a step that is known lets the processor read ahead
			length, at = 1, at+2
		case code < 128:
			length, at = uint64(code)+1, at+2+int(code)
		case code > 128:
			length, at = 257-uint64(code), at+2
		default:
			at++
		}
		pixels -= min(pixels, length)
	}
	return max(0, len(strip)-at)
}

// whole joins a strip, and has eight zeros follow.
func (v *tiffVerifier) whole(part rope) []byte {
	strip := v.strips.bytes[:0]
	for _, b := range part {
		strip = append(strip, b...)
	}
	v.strips.bytes = append(strip, make([]byte, 8)...)
	return v.strips.bytes
}

// codeValues are how many pixels each code of LZW stands for, noString of those
// that stand for none.
type codeValues [4096]uint16

// noString is more than eight strings have together.
const noString = 1 << 15

// reset is what the codes stand for before the first one.
func (s *codeValues) reset() {
	for i := range 256 {
		s[i] = 1
	}
	s[256] = noString
	for n := 1; n < len(s)-256; n *= 2 {
		copy(s[256+n:], s[256:256+n])
	}
}

// strings goes on from a code, by eight at a time, which are as many bytes as a code
// has bits, as long as all are strings of the same width, and none has the last pixel.
// It leaves a code before the eight zeros that follow the strip.
func (s *codeValues) strings(strip []byte, bit, known, wide uint64, before uint16, given, pixels uint64) (uint64, uint64, uint16, uint64) {
	fresh := s[known : 1<<(wide&15)-1]
	rest, odd, missing := strip[bit/8:], bit%8, pixels-given
	eights := uint64(0)
	// A width that is known beforehand is quicker to take apart.
	switch wide {
	case 12:
		for len(fresh) > 8 && len(rest) >= 24 {
			four := binary.BigEndian.Uint64(rest) << odd
			a := s.then(&fresh[0], before, four>>52)
			b := s.then(&fresh[1], a, four>>40&0xFFF)
			c := s.then(&fresh[2], b, four>>28&0xFFF)
			d := s.then(&fresh[3], c, four>>16&0xFFF)
			sum := uint64(a) + uint64(b) + uint64(c) + uint64(d)
			four = binary.BigEndian.Uint64(rest[6:]) << odd
			a = s.then(&fresh[4], d, four>>52)
			b = s.then(&fresh[5], a, four>>40&0xFFF)
			c = s.then(&fresh[6], b, four>>28&0xFFF)
			d = s.then(&fresh[7], c, four>>16&0xFFF)
			if sum += uint64(a) + uint64(b) + uint64(c) + uint64(d); sum >= noString || sum >= missing {
				break
			}
			missing, before, eights = missing-sum, d, eights+1
			fresh, rest = fresh[8:], rest[12:]
		}
	case 11:
		for len(fresh) > 8 && len(rest) >= 24 {
			four := binary.BigEndian.Uint64(rest) << odd
			a := s.then(&fresh[0], before, four>>53)
			b := s.then(&fresh[1], a, four>>42&0x7FF)
			c := s.then(&fresh[2], b, four>>31&0x7FF)
			d := s.then(&fresh[3], c, four>>20&0x7FF)
			sum := uint64(a) + uint64(b) + uint64(c) + uint64(d)
			four = binary.BigEndian.Uint64(rest[5:]) << (odd + 4)
			a = s.then(&fresh[4], d, four>>53)
			b = s.then(&fresh[5], a, four>>42&0x7FF)
			c = s.then(&fresh[6], b, four>>31&0x7FF)
			d = s.then(&fresh[7], c, four>>20&0x7FF)
			if sum += uint64(a) + uint64(b) + uint64(c) + uint64(d); sum >= noString || sum >= missing {
				break
			}
			missing, before, eights = missing-sum, d, eights+1
			fresh, rest = fresh[8:], rest[11:]
		}
	case 10:
		for len(fresh) > 8 && len(rest) >= 24 {
			four := binary.BigEndian.Uint64(rest) << odd
			a := s.then(&fresh[0], before, four>>54)
			b := s.then(&fresh[1], a, four>>44&0x3FF)
			c := s.then(&fresh[2], b, four>>34&0x3FF)
			d := s.then(&fresh[3], c, four>>24&0x3FF)
			sum := uint64(a) + uint64(b) + uint64(c) + uint64(d)
			four = binary.BigEndian.Uint64(rest[5:]) << odd
			a = s.then(&fresh[4], d, four>>54)
			b = s.then(&fresh[5], a, four>>44&0x3FF)
			c = s.then(&fresh[6], b, four>>34&0x3FF)
			d = s.then(&fresh[7], c, four>>24&0x3FF)
			if sum += uint64(a) + uint64(b) + uint64(c) + uint64(d); sum >= noString || sum >= missing {
				break
			}
			missing, before, eights = missing-sum, d, eights+1
			fresh, rest = fresh[8:], rest[10:]
		}
	case 9:
		for len(fresh) > 8 && len(rest) >= 24 {
			four := binary.BigEndian.Uint64(rest) << odd
			a := s.then(&fresh[0], before, four>>55)
			b := s.then(&fresh[1], a, four>>46&0x1FF)
			c := s.then(&fresh[2], b, four>>37&0x1FF)
			d := s.then(&fresh[3], c, four>>28&0x1FF)
			sum := uint64(a) + uint64(b) + uint64(c) + uint64(d)
			four = binary.BigEndian.Uint64(rest[4:]) << (odd + 4)
			a = s.then(&fresh[4], d, four>>55)
			b = s.then(&fresh[5], a, four>>46&0x1FF)
			c = s.then(&fresh[6], b, four>>37&0x1FF)
			d = s.then(&fresh[7], c, four>>28&0x1FF)
			if sum += uint64(a) + uint64(b) + uint64(c) + uint64(d); sum >= noString || sum >= missing {
				break
			}
			missing, before, eights = missing-sum, d, eights+1
			fresh, rest = fresh[8:], rest[9:]
		}
	}
	for i := range fresh[:min(8, len(fresh))] {
		fresh[i] = noString
	}
	return bit + 8*wide*eights, known + 8*eights, before, pixels - missing
}

// then is the length of a code's string; behind the code before it, a string one
// longer than that one's is new.
func (s *codeValues) then(fresh *uint16, before uint16, code uint64) uint16 {
	*fresh = before + 1
	return s[code]
}

// codes reads LZW, and knows of each code how many pixels it stands for: the last
// one is that of the last pixel, or the end behind it.
func (v *tiffVerifier) codes(part rope, pixels uint64) {
	strip := v.whole(part)
	n := len(strip) - 8
	if pixels == 0 || n >= 2 && strip[0] == 0 && strip[1]&1 == 1 {
		return
	}
	stands := &v.strips.stands
	stands.reset()
	total := uint64(8 * n)
	bit, known, wide, before, given := uint64(0), uint64(258), uint64(9), uint16(0), uint64(0)
	for bit+wide <= total {
		if before > 0 && given < pixels && known+9 < 1<<wide {
			bit, known, before, given = stands.strings(strip, bit, known, wide, before, given, pixels)
		}
		code := binary.BigEndian.Uint64(strip[bit/8:]) << (bit % 8) >> (64 - wide)
		switch {
		case code == 257:
			if total-bit-wide >= 8 {
				v.reject("bytes behind the last code")
			}
			return
		case given >= pixels:
			if total-bit >= 8 {
				v.reject("bytes behind the pixels")
			}
			return
		case code == 256:
			bit += wide
			for i := range stands[258:known] {
				stands[258+i] = noString
			}
			known, wide, before = 258, 9, 0
			continue
		}
		bit += wide
		if before > 0 && known < uint64(len(stands)) {
			stands[known] = before + 1
			if known++; wide < 12 && known == 1<<wide-1 {
				wide++
			}
		}
		if code >= known {
			return // no decoder goes on from here
		}
		before = stands[code]
		given += uint64(before)
	}
	if given >= pixels && total-bit >= 8 {
		v.reject("bytes behind the pixels")
	}
}

// riff reads a WebP file in a strip: pictures, and what says how they are coded.
func (v *tiffVerifier) riff(r *ropeReader, size int64) {
	var b [12]byte
	if _, err := io.ReadFull(r, b[:]); err != nil || string(b[:4]) != "RIFF" || string(b[8:]) != "WEBP" ||
		int64(binary.LittleEndian.Uint32(b[4:]))+8 != size {
		v.reject("WebP in it: no header, or bytes behind it")
		return
	}
	for {
		if _, err := io.ReadFull(r, b[:8]); err == io.EOF {
			return
		} else if err != nil {
			v.reject("WebP in it: cut short")
			return
		}
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		n += n & 1
		switch string(b[:4]) {
		case "VP8 ", "VP8L", "VP8X", "ALPH":
		default:
			v.reject("WebP in it: a chunk is not allowed")
			return
		}
		if _, err := r.Discard(int(n)); err != nil {
			v.reject("WebP in it: cut short")
			return
		}
	}
}
