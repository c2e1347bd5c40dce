package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// Coded data may be followed by bytes that are no part of it and that no decoder
// looks at: behind the deflate stream in IDAT, behind the last block of a JPEG
// scan. Where the coding ends only its codes tell, and following them takes longer
// than all else that a strip does. Small files are followed in any case, and data
// that ends as no coded data does, or has a text in it; StripOptions.Thorough has it
// done with all.

// alwaysFollowed is up to what size, in bytes, files always are.
const alwaysFollowed = 64 << 10

// follows says whether the codes of data that lies in those pieces are to be followed.
func (x extras) follows(c coding, coded ...[]byte) bool {
	return x.thorough || !x.silent && (x.size <= alwaysFollowed || c.suspects(coded...))
}

// coding is what is a text in data of some coding, and hardly there by chance.
type coding struct {
	long    int   // how many characters of ASCII or UTF-16 in a row, anywhere
	scripts uint8 // which of the scripts, in the last bytes
}

var (
	// evenly coded data uses each byte as often as others: JPEG, WebP.
	evenly = coding{long: 24, scripts: 0xFF}
	// deflated data of few colours has bytes of some kind together.
	deflated = coding{long: 64, scripts: 1<<inASCII | 1<<inUTF8 | 1<<inEBCDIC}
	// undecoded data is refused if there is a text in it: HEVC, AV1.
	undecoded = coding{long: 32}
)

// suspects says that data hardly is coded all through.
func (c coding) suspects(coded ...[]byte) bool {
	if n := len(coded); n > 0 && c.oddEnd(coded[n-1]) {
		return true
	}
	return slices.ContainsFunc(coded, c.wordy)
}

// oddEnd says that the last bytes hardly are coded data: there is twelve times the same
// byte among them, or a few words of text. Of sound data that is true of one picture of
// a hundred.
func (c coding) oddEnd(data []byte) bool {
	data = data[max(0, len(data)-256):]
	var none [len(scripts)]int
	for at := 0; at+4 <= len(data); at += 4 { // what is sought has four such bytes
		four := [4]byte(data[at:])
		if in := c.scripts & inScripts[four[0]] & inScripts[four[1]] & inScripts[four[2]] & inScripts[four[3]]; in != 0 && spells(data, at, in, &none) {
			return true
		}
		even, odd := four[0] == four[2], four[1] == four[3]
		if at > 1 && (even && four[0] == data[at-2] || odd && four[1] == data[at-1]) && (repeats(data) || pairs(data)) {
			return true
		}
	}
	return false
}

// spells says that the four bytes there are part of a word in one of the scripts. It
// notes up to where each has none.
func spells(data []byte, at int, in uint8, none *[len(scripts)]int) bool {
	for k := range scripts {
		if in>>k&1 == 0 || at < none[k] {
			continue
		}
		from, to := at, at+4
		for from > 0 && inScripts[data[from-1]]>>k&1 != 0 {
			from--
		}
		for to < len(data) && inScripts[data[to]]>>k&1 != 0 {
			to++
		}
		if to-from >= scripts[k].run && (k != inUTF8 || letters(data[from:to])) {
			return true
		}
		none[k] = to
	}
	return false
}

// repeats says that there is twelve times the same byte.
func repeats(data []byte) bool {
	same := 1
	for i := 1; i < len(data); i++ {
		if same++; data[i] != data[i-1] {
			same = 1
		}
		if same == 12 {
			return true
		}
	}
	return false
}

// scripts are those that are written with one byte a letter, or several of the same range,
// and how many bytes of each in a row coded data hardly has, or of UTF-8 bytes that are
// not letters.
var scripts = [...]struct {
	ranges string // first and last of each
	run    int
}{
	inASCII:  {" ~", 10},
	inUTF8:   {"\x80\xFF", 10},
	inEBCDIC: {"@@KKkk\x81\x89\x91\x99\xA2\xA9\xC1\xC9\xD1\xD9\xE2\xE9\xF0\xF9", 14},
	inISO:    {"  \xA3\xA3\xA8\xA8\xB0\xFF", 14}, // Greek, Cyrillic, Hebrew, Arabic; of Windows, too, and KOI8
	inEUC:    {"  \xA1\xFE", 20},                 // Chinese, Japanese, Korean
}

const (
	inASCII = iota
	inUTF8
	inEBCDIC
	inISO
	inEUC
)

// inScripts has a bit for each of them.
var inScripts = func() (in [256]byte) {
	for k, s := range scripts {
		for i := 0; i < len(s.ranges); i += 2 {
			for c := int(s.ranges[i]); c <= int(s.ranges[i+1]); c++ {
				in[c] |= 1 << k
			}
		}
	}
	return in
}()

// pairs says that every other byte is the same and those between them differ, as in five
// letters of UTF-16, or of Shift JIS, in a script that has its letters together.
func pairs(data []byte) bool {
	run := [2]int{}
	for i := 2; i < len(data); i++ {
		r := &run[i&1]
		if *r++; data[i] != data[i-2] {
			*r = 0
		}
		if *r >= 4 && kinds(data[i-1], data[i-3], data[i-5], data[i-7]) >= 3 {
			return true
		}
	}
	return false
}

// kinds is how many different bytes there are.
func kinds(list ...byte) (n int) {
	for i, c := range list {
		if bytes.IndexByte(list[:i], c) < 0 {
			n++
		}
	}
	return n
}

// letters says that there are five in a row that UTF-8 writes with several of these bytes.
func letters(data []byte) bool {
	for n := 0; n < 5; {
		r, size := utf8.DecodeRune(data)
		if size == 0 {
			return false
		}
		if n++; r == utf8.RuneError {
			n = 0
		}
		data = data[size:]
	}
	return true
}

// wordy says that somewhere there is a text that is long: printable ASCII, each character
// in one byte or in the two of UTF-16, not always the same few.
func (c coding) wordy(data []byte) bool {
	const (
		few  = 6
		ones = 0x0101010101010101
		odd  = 0xFF00FF00FF00FF00
	)
	// Of such a text, eight bytes begin at a multiple of step. Nearly all that are not text
	// have one from 0x80 on.
	step := (c.long - 8) &^ 7
	high := func(at int) bool { return binary.LittleEndian.Uint64(data[at:])&(0x80*ones) != 0 }
	for at := 0; ; {
		for at+3*step+8 <= len(data) && high(at) && high(at+step) && high(at+2*step) && high(at+3*step) {
			at += 4 * step
		}
		if at+8 > len(data) {
			return false
		}
		word, char, width := binary.LittleEndian.Uint64(data[at:]), at, 2
		switch {
		case word&(0x80*ones) != 0:
			at += step
			continue
		case (word-0x20*ones)&(0x80*ones) == 0:
			width = 1
		case word&odd == 0:
		case word&(odd>>8) == 0:
			char++
		default:
			at += step
			continue
		}
		n, different, end := textAround(data, char, width)
		if n >= c.long && different >= few {
			return true
		}
		at = max(at, end-end%step) + step
	}
}

// textAround is how many printable characters are in a row around that at an offset, how
// many different ones of the first 64, and where they end. Those of two bytes have a zero
// beside them.
func textAround(data []byte, at, width int) (n, different, end int) {
	var first [64]byte
	is := func(k int) bool {
		return k >= 0 && k < len(data) && printable[data[k]] != 0 &&
			(width == 1 || k > 0 && data[k-1] == 0 || k+1 < len(data) && data[k+1] == 0)
	}
	from := at
	for is(from - width) {
		from -= width
	}
	for end = from; is(end); end += width {
		if n++; n <= len(first) {
			first[n-1] = data[end]
		}
	}
	return n, kinds(first[:min(n, len(first))]...), end
}
