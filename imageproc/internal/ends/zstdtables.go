package ends

import "math/bits"

// zstdCode is what a code of sequences is for.
type zstdCode int

const (
	zstdLiterals zstdCode = iota // their number, before a match
	zstdOffsets
	zstdMatches // their length
)

// zstdCell is a state: what its symbol stands for, with so many bits to add, and the
// states that follow it.
type zstdCell struct {
	base        uint32
	next        uint16
	extra, bits uint8
}

type zstdTable struct {
	log   uint8 // of how many states there are
	cells [512]zstdCell
}

// The codes of RFC 8878, section 3.1.1.3.2.1.1, with their largest logs and symbols.
var (
	zstdMaxLog    = [3]uint8{9, 8, 9}
	zstdMaxSymbol = [3]int{35, 31, 52}

	zstdLiteralsExtra = [36]uint8{16: 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	zstdMatchesExtra  = [53]uint8{32: 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	zstdBases         = zstdBasesOf()

	// Tables that are not written down, section 3.1.1.3.2.2.
	zstdPredefined = [3]*zstdTable{
		zstdPredefine(zstdLiterals, 6, []int16{
			4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
		}),
		zstdPredefine(zstdOffsets, 5, []int16{
			1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
		}),
		zstdPredefine(zstdMatches, 6, []int16{
			1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
			1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
		}),
	}
)

// zstdBasesOf are the symbols of literals and matches, whose numbers follow one
// another from 0 and from 3, and of offsets.
func zstdBasesOf() (cells [3][53]zstdCell) {
	base := uint32(0)
	for i, extra := range zstdLiteralsExtra {
		cells[zstdLiterals][i] = zstdCell{base: base, extra: extra}
		base += 1 << extra
	}
	base = 3
	for i, extra := range zstdMatchesExtra {
		cells[zstdMatches][i] = zstdCell{base: base, extra: extra}
		base += 1 << extra
	}
	for i := range 32 {
		cells[zstdOffsets][i] = zstdCell{base: 1 << i, extra: uint8(i)}
	}
	return cells
}

func zstdPredefine(code zstdCode, log uint8, probabilities []int16) *zstdTable {
	t := new(zstdTable)
	t.build(code, log, probabilities)
	return t
}

// table sets the next table of a code, and is how many bytes of b that takes: more
// than there are if it is broken.
func (z *zstd) table(code zstdCode, mode byte, b []byte) int {
	broken, t := len(b)+1, &z.own[code]
	switch mode {
	case 0:
		z.tables[code] = zstdPredefined[code]
		return 0
	case 1: // one symbol
		if len(b) == 0 || int(b[0]) > zstdMaxSymbol[code] {
			return broken
		}
		t.log, t.cells[0] = 0, zstdBases[code][b[0]]
		z.tables[code] = t
		return 1
	case 3:
		if z.tables[code] == nil {
			return broken
		}
		return 0
	}
	r := lowBits{cur: b}
	log := uint8(r.take(4)) + 5
	if log > zstdMaxLog[code] {
		return broken
	}
	if *z.work -= 1 << log; *z.work < 0 {
		return 0
	}
	var list [53]int16
	n := 0
	for left := 1 << log; left > 0; n++ {
		if n > zstdMaxSymbol[code] {
			return broken
		}
		// Of left+2 values the first few, and as many from the middle, have a bit less.
		width := uint(bits.Len(uint(left+1)) - 1)
		few := 2<<width - left - 2
		v := int(r.take(width))
		if v >= few && r.take(1) == 1 {
			v += 1<<width - few
		}
		list[n] = int16(v - 1)
		left -= max(1, v-1)
		if v == 1 { // none of these, and so many more
			left++
			for more := uint32(3); more == 3; n += int(more) {
				more = r.take(2)
			}
		}
	}
	t.build(code, log, list[:n])
	z.tables[code] = t
	return int(r.taken())
}

// build spreads symbols over the states by their probabilities, of 1<<log altogether;
// -1 is less than 1, and has the last states.
func (t *zstdTable) build(code zstdCode, log uint8, probabilities []int16) {
	size := 1 << log
	var symbols [512]uint8
	var next [53]uint16
	free := size
	for s, p := range probabilities {
		next[s] = uint16(p)
		if p < 0 {
			free--
			symbols[free], next[s] = uint8(s), 1
		}
	}
	at := 0
	for s, p := range probabilities {
		for range p {
			symbols[at] = uint8(s)
			for at = at + size/2 + size/8 + 3; at&(size-1) >= free; {
				at += size/2 + size/8 + 3
			}
			at &= size - 1
		}
	}
	t.log = log
	for i, s := range symbols[:size] {
		c := zstdBases[code][s]
		c.bits = log + 1 - uint8(bits.Len16(next[s]))
		c.next = next[s]<<c.bits - uint16(size)
		next[s]++
		t.cells[i] = c
	}
}
