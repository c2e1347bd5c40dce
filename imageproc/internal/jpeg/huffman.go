package jpeg

import "bytes"

// valueBits and skipBits are the lengths of the codes that the tables below know
// at once. Longer ones do not pay: a table beyond the first-level cache costs
// more than the symbols it would add.
const (
	valueBits = 11
	skipBits  = 13
)

// Fields of an entry of huffman.value and huffman.skip. The bits used stand in the
// lowest six of both, which a shift takes without a mask.
const (
	endOfBlock  = 128 // added to the advance
	advanceMask = 0xFF
	usedMask    = 63
	extraBits   = 64              // of value: the coefficient has to be read, in its place is its size
	skipUsed    = 8               // of skip: where the advance begins
	tooLong     = 255 << skipUsed // of skip: take the slow way
	mostSkipped = 18              // bits used by an entry of skip
)

// huffman is one table, made for reading: T.81 annex C and §F.2.2.3.
type huffman struct {
	spec    []byte // 16 counts and the symbols, what the table was made from
	class   byte   // 0 DC, 1 AC
	maxCode [17]int32
	delta   [17]int32
	symbols [256]byte

	// value holds, for the next bits of the data, a whole symbol with its extra
	// bits: coefficient<<16 | advance<<8 | bits used. Of AC symbols the advance
	// counts the zeros before the coefficient and itself; 16 is a run of zeros,
	// endOfBlock the end. With extraBits the code fits and what follows does not;
	// so it is said of all DC symbols, which differ too much for a branch to be
	// foreseen. 0 stands for what does not fit at all.
	value [1 << valueBits]int32
	// skip swallows as many AC symbols as have their codes in the next bits, up to
	// an end of block: advance<<8 | bits used, mostSkipped at most. The extra bits of
	// the last may lie behind. It is made when first needed.
	skip    [1 << skipBits]uint16
	hasSkip bool
}

// set makes the table from 16 counts and the symbols. It must be a prefix code;
// false says that it is not.
func (h *huffman) set(class byte, spec []byte) bool {
	if h.class == class && bytes.Equal(h.spec, spec) {
		return true // photos of one camera share their tables
	}
	h.spec, h.hasSkip, h.class = h.spec[:0], false, class
	n := copy(h.symbols[:], spec[16:])
	clear(h.symbols[n:])
	code, first := int32(0), int32(0)
	for l := 1; l <= 16; l++ {
		count := int32(spec[l-1])
		h.delta[l] = first - code
		code += count
		first += count
		h.maxCode[l] = code - 1
		if count == 0 {
			h.maxCode[l] = -1
		}
		if code > 1<<l {
			return false
		}
		code <<= 1
	}
	h.fillValues()
	h.spec = append(h.spec, spec...)
	return true
}

// find returns the symbol whose code the 16 bits of b begin with, and its length;
// 0 if there is none of at most limit bits.
func (h *huffman) find(b uint32, limit int) (symbol byte, length int) {
	for l := 1; l <= limit; l++ {
		if code := int32(b >> (16 - l)); code <= h.maxCode[l] {
			return h.symbols[byte(code+h.delta[l])], l
		}
	}
	return 0, 0
}

// split takes an AC symbol apart: how far it leads and how many bits follow.
func split(symbol byte) (advance, size int) {
	run, size := int(symbol>>4), int(symbol&15)
	switch {
	case size > 0:
		return run + 1, size
	case run == 15:
		return 16, 0
	}
	return endOfBlock, 0
}

// extend is EXTEND of T.81 figure F.12.
func extend(v int32, size uint) int32 {
	if size > 0 && v < 1<<(size-1) {
		return v - (1<<size - 1)
	}
	return v
}

func (h *huffman) fillValues() {
	clear(h.value[:])
	for i := range h.value {
		symbol, l := h.find(uint32(i)<<(16-valueBits), valueBits)
		if l == 0 {
			continue
		}
		advance, size := 0, int(symbol)
		if h.class == 1 {
			advance, size = split(symbol)
		}
		if h.class == 0 || l+size > valueBits {
			if l+size <= 31 {
				h.value[i] = int32(size)<<16 | int32(advance)<<8 | extraBits | int32(l+size)
			}
			continue
		}
		v := int32(i>>(valueBits-l-size)) & (1<<size - 1)
		h.value[i] = extend(v, uint(size))<<16 | int32(advance)<<8 | int32(l+size)
	}
}

// needSkip fills the table of skips.
func (h *huffman) needSkip() {
	if h.hasSkip || h.class != 1 {
		return
	}
	h.hasSkip = true
	for i := range h.skip {
		used, advance := 0, 0
		for used < skipBits {
			n, step := h.step(uint32(i<<used)&(1<<skipBits-1), skipBits-used)
			if n == 0 || used+n > mostSkipped || step != endOfBlock && advance+step > 63 {
				break
			}
			used += n
			advance += step
			if step == endOfBlock {
				break
			}
		}
		if h.skip[i] = tooLong; used > 0 {
			h.skip[i] = uint16(advance<<skipUsed | used)
		}
	}
}

// step takes one AC symbol whose code is in the first limit of skipBits bits: bits
// used, 0 where it is not, and advance.
func (h *huffman) step(b uint32, limit int) (used, advance int) {
	if e := h.value[b>>(skipBits-valueBits)]; e != 0 {
		used, advance = int(e&usedMask), int(e>>8)&advanceMask
		code := used
		if e&extraBits != 0 {
			code -= int(e >> 16)
		}
		if code <= limit {
			return used, advance
		}
		if e&extraBits != 0 {
			return 0, 0
		}
	}
	symbol, l := h.find(b<<(16-skipBits), limit)
	if l == 0 {
		return 0, 0
	}
	advance, size := split(symbol)
	return l + size, advance
}

// more is the coefficient of an entry with extraBits. Which sign it has can't be
// foreseen, so there is no branch on it.
func more(e int32, acc uint64) int32 {
	size := uint(e>>16) & 31
	bits := int64(acc << ((uint(e) - size) & 63))
	negative := ^bits >> 63
	return int32(int64(uint64(bits^negative)>>1>>((63-size)&63))^negative) - int32(negative)
}

// slow decodes one symbol of any length from the next 64 bits, of which at least
// 32 are there: bits used, advance and coefficient. 0 bits: there is no such code.
func (h *huffman) slow(acc uint64) (used uint, advance int, v int32) {
	symbol, l := h.find(uint32(acc>>48), 16)
	if l == 0 {
		return 0, 0, 0
	}
	size := int(symbol)
	if h.class == 1 {
		advance, size = split(symbol)
	}
	if size > 0 {
		v = extend(int32(acc<<uint(l)>>(64-uint(size))), uint(size))
	}
	return uint(l + size), advance, v
}
