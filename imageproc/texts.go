package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// texts collects the string values that the metadata of an input holds, as the
// readers of it come across them, so that the output can be searched for them
// before it is released. It is bounded: what is beyond the bounds goes from the
// output all the same, and is not searched for. The values never leave the call.
type texts struct {
	values [][]byte // UTF-8, or Latin-1 where they are none; parts of the input
	blobs  int      // bytes of unknown structure looked through so far
	claims []claim  // where creator, rights and source type may be said
	made   *arena   // for values that are no parts of the input
}

const (
	maxTexts      = 512
	maxTextBytes  = 256 // of one value: its beginning is searched for
	minTextBytes  = 8   // shorter ones occur by chance
	longTextBytes = 16  // in coded data, so do those that are shorter than this
	minDistinct   = 5
	maxTextBlobs  = 256 << 10
)

// add takes a value; one with zeros inside is several.
func (t *texts) add(value []byte) {
	if isUTF16 := len(value) >= 2*minTextBytes; isUTF16 {
		switch {
		case everyOther(value[:minTextBytes*2], 1):
			t.addUTF16(value, binary.LittleEndian)
			return
		case everyOther(value[:minTextBytes*2], 0):
			t.addUTF16(value, binary.BigEndian)
			return
		}
	}
	t.each(value)
}

// each takes what stands between zeros.
func (t *texts) each(value []byte) {
	for len(value) > 0 {
		part := value
		if end := bytes.IndexByte(value, 0); end >= 0 {
			part, value = value[:end], value[end+1:]
		} else {
			value = nil
		}
		t.take(part)
	}
}

// everyOther reports whether each second byte, from the one at i, is zero.
func everyOther(b []byte, i int) bool {
	for ; i < len(b); i += 2 {
		if b[i] != 0 {
			return false
		}
	}
	return true
}

func (t *texts) addUTF16(value []byte, order binary.ByteOrder) {
	t.each(t.fromUTF16(value[:min(len(value), 2*maxTextBytes)], order))
}

// fromUTF16 is a text in UTF-8.
func (t *texts) fromUTF16(value []byte, order binary.ByteOrder) []byte {
	value = value[:len(value)&^1]
	text := t.made.room(len(value) / 2 * 3) // of a unit at most
	for ; len(value) > 0; value = value[2:] {
		r := rune(order.Uint16(value))
		if utf16.IsSurrogate(r) {
			if len(value) < 4 {
				r = utf8.RuneError
			} else if r = utf16.DecodeRune(r, rune(order.Uint16(value[2:]))); r != utf8.RuneError {
				value = value[2:]
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return text
}

func (t *texts) take(value []byte) {
	if value = bytes.TrimSpace(value); len(value) < minTextBytes {
		return
	}
	if len(value) > maxTextBytes {
		value = value[:maxTextBytes]
		for i := 0; i < utf8.UTFMax && !utf8.Valid(value); i++ {
			value = value[:len(value)-1]
		}
	}
	if isControl := func(c byte) bool { return printable[c] == 0 && c < 0x80 && c != '\n' && c != '\r' && c != '\t' }; slices.ContainsFunc(value, isControl) {
		return // no text
	}
	if len(t.values) < maxTexts && telling(value) {
		t.values = append(t.values, value)
	}
}

// join takes the values of a part that is a file of another format.
func (t *texts) join(part *texts) {
	t.values = append(t.values, part.values[:min(len(part.values), maxTexts-len(t.values))]...)
}

// telling reports whether a value is long and varied enough not to occur in
// coded data by chance.
func telling(value []byte) bool {
	if len(value) < minTextBytes {
		return false
	}
	var seen [256]bool
	distinct := 0
	for _, c := range value {
		if !seen[c] {
			if seen[c], distinct = true, distinct+1; distinct == minDistinct {
				return true
			}
		}
	}
	return false
}

// blob takes what reads as text in a block of unknown structure, such as a maker
// note: runs of printable characters, most of them letters and digits. What
// follows the beginning of an embedded picture is none.
func (t *texts) blob(data []byte) { t.runs(data, minTextBytes) }

// runs is blob for texts of so many bytes or more.
func (t *texts) runs(data []byte, least int) {
	data = data[:min(len(data), maxTextBlobs-t.blobs)]
	t.blobs += len(data)
	for _, signature := range []string{"\xFF\xD8\xFF", pngSignature} {
		if i := bytes.Index(data, []byte(signature)); i >= 0 {
			data = data[:i]
		}
	}
	for start := 0; len(data)-start >= least; {
		// Of what may be a run the last byte is looked at first: most are none.
		k := start + least - 1
		for k >= start && printable[data[k]] != 0 {
			k--
		}
		if k >= start {
			start = k + 1
			continue
		}
		end, words := start, 0
		for end < len(data) && printable[data[end]] != 0 {
			words += int(printable[data[end]] & 1)
			end++
		}
		if 4*words >= 3*(end-start) {
			t.take(data[start:end])
		}
		start = end + 1
	}
}

// printable is 0 for what is no text in ASCII, 3 for letters, digits and spaces,
// 2 for the rest.
var printable = func() (kinds [256]byte) {
	for c := ' '; c <= '~'; c++ {
		kinds[c] = 2
		if c == ' ' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			kinds[c] = 3
		}
	}
	return kinds
}()

// trailer looks through both ends of what lies behind a picture: films and
// makers' blocks have their names there. Of further pictures, which may be the same
// as the one before, the coded data is left out: of a long tail with such pictures
// only what follows the end of the last one is looked at, of a short one what is
// before the first. Where most is not printable, short texts may be
// coded data, too, and longer ones alone count.
func (t *texts) trailer(tail []byte) {
	const end = 16 << 10
	if f := Sniff(tail); f == WebP || f == GIF {
		return
	}
	first, last := tail, []byte(nil)
	if len(tail) > 2*end {
		first, last = tail[:end], tail[len(tail)-end:]
	}
	if bytes.Contains(tail, []byte("\xFF\xD8\xFF")) || bytes.Contains(tail, []byte(pngSignature)) {
		if i := max(bytes.LastIndex(last, []byte("\xFF\xD9")), bytes.LastIndex(last, []byte("IEND\xAE\x42\x60\x82"))); i >= 0 {
			last = last[i:]
		} else {
			last = nil
		}
	}
	for _, part := range [][]byte{first, last} {
		least := minTextBytes
		if n := len(part); n > 256 && 2*printed(part) < n {
			least = longTextBytes
		}
		t.runs(part, least)
	}
}

// printed counts the printable bytes.
func printed(b []byte) (n int) {
	for _, c := range b {
		n += int(printable[c] >> 1)
	}
	return n
}

// xmp takes the attributes and the contents of a packet, but for the names of
// its schemas.
func (t *texts) xmp(packet []byte) {
	for len(packet) > 0 && len(t.values) < maxTexts {
		open := bytes.IndexByte(packet, '<')
		if open < 0 {
			t.take(packet)
			return
		}
		t.take(packet[:open])
		packet = packet[open+1:]
		end := bytes.IndexByte(packet, '>')
		if end < 0 {
			return
		}
		tag := packet[:end]
		packet = packet[end+1:]
		if len(tag) > 0 && tag[0] != '?' && tag[0] != '!' && tag[0] != '/' {
			t.attributes(tag)
		}
	}
}

func (t *texts) attributes(tag []byte) {
	for len(tag) > 0 {
		equals := bytes.IndexByte(tag, '=')
		if equals < 0 || equals+1 == len(tag) {
			return
		}
		from := equals
		for from > 0 && !isSpace(tag[from-1]) {
			from--
		}
		name := tag[from:equals]
		for tag = tag[equals+1:]; len(tag) > 0 && isSpace(tag[0]); {
			tag = tag[1:]
		}
		if len(tag) == 0 || tag[0] != '"' && tag[0] != '\'' {
			continue
		}
		end := bytes.IndexByte(tag[1:], tag[0])
		if end < 0 {
			return
		}
		if !bytes.HasPrefix(name, []byte("xmlns")) {
			t.take(tag[1 : 1+end])
		}
		tag = tag[end+2:]
	}
}

// isSpace is S of XML 1.0 §2.3.
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// matcher finds the values in every encoding that they could survive in, but for
// those that the output says on purpose: a value that is part of one of allowed, or
// of what outputs say by themselves, would be found there. It is nil if there is
// nothing to find; the order of the values is lost.
func (t *texts) matcher(allowed ...[]byte) *matcher {
	if len(t.values) == 0 {
		return nil
	}
	m := matchers.Get().(*matcher)
	for _, text := range allowed {
		m.said.add(text)
	}
	m.order(t.values)
	for i, value := range t.values {
		if i > 0 && bytes.Equal(value, t.values[i-1]) {
			continue
		}
		from := len(m.sorted)
		m.sorted = encodings(m.sorted, value, &m.made)
		m.sorted = m.sorted[:from+len(m.unsaid(m.sorted[from:]))]
	}
	return m.ready()
}

// unsaid leaves the patterns that are long and varied enough, and not said.
func (m *matcher) unsaid(list [][]byte) [][]byte {
	return slices.DeleteFunc(list, func(p []byte) bool { return !telling(p) || m.said.hold(p) })
}

// sayings are texts, and which pairs of bytes occur in them: that nearly always is
// enough to know that they do not hold another text.
type sayings struct {
	texts [][]byte
	pairs [256]uint64 // by the first byte, a bit for the second one without its upper two
}

func (s *sayings) add(text []byte) {
	s.texts = append(s.texts, text)
	for i := 1; i < len(text); i++ {
		s.pairs[text[i-1]] |= 1 << (text[i] & 63)
	}
}

// reset leaves what outputs say by themselves.
func (s *sayings) reset() {
	clear(s.texts)
	s.texts, s.pairs = append(s.texts[:0], spelled.texts...), spelled.pairs
}

// hold reports whether p is part of one of the texts.
func (s *sayings) hold(p []byte) bool {
	for i := 1; i < len(p); i++ {
		if s.pairs[p[i-1]]>>(p[i]&63)&1 == 0 {
			return false
		}
	}
	return slices.ContainsFunc(s.texts, func(text []byte) bool { return bytes.Contains(text, p) })
}

// encodings appends a value as it stands, as UTF-8 or Latin-1 where it is the other,
// and as UTF-16 in both orders.
func encodings(list [][]byte, value []byte, made *arena) [][]byte {
	n := 2 * len(value) // no text takes more than that in UTF-16, nor one of Latin-1 in UTF-8
	little, big := made.room(n), made.room(n)
	list = append(list, value)
	switch {
	case isASCII(value):
		little, big = little[:n], big[:n]
		for i, c := range value {
			little[2*i], big[2*i+1] = c, c
		}
	case utf8.Valid(value):
		latin := made.room(len(value))
		runes := 0
		for rest := value; len(rest) > 0; runes++ {
			r, size := utf8.DecodeRune(rest)
			rest = rest[size:]
			if r < 0x100 {
				latin = append(latin, byte(r))
			}
			high := r
			if r > 0xFFFF {
				var low rune
				high, low = utf16.EncodeRune(r)
				little, big = append(little, byte(high), byte(high>>8)), append(big, byte(high>>8), byte(high))
				high = low
			}
			little, big = append(little, byte(high), byte(high>>8)), append(big, byte(high>>8), byte(high))
		}
		if len(latin) == runes && runes < len(value) {
			list = append(list, latin)
		}
	default:
		wide := made.room(n)
		for _, c := range value {
			wide = utf8.AppendRune(wide, rune(c))
			little, big = append(little, c, 0), append(big, 0, c)
		}
		list = append(list, wide)
	}
	return append(list, little, big)
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
}
