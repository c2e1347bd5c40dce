package ends

import (
	"encoding/binary"
	"hash/crc32"
)

// XZ follows a stream of the .xz format (version 1.2.1) and returns how many bytes it
// takes and how many it unpacks to. It has to be what needs no more than decoding
// does: LZMA2, Delta before it, sums that are right, and no field with another value
// than it has to have. The sum of what is unpacked is passed over, and may be CRC-32
// or CRC-64.
func XZ(data []byte) (taken int, size int64, state State) {
	w := xzWalk{data: data}
	if !w.stream() {
		return 0, 0, Broken
	}
	return w.at, w.size, Whole
}

type xzWalk struct {
	data []byte
	at   int
	bad  bool
	size int64
}

// take returns the next n bytes, zeros where there are none.
func (w *xzWalk) take(n int) []byte {
	if w.bad || n > len(w.data)-w.at {
		w.bad = true
		return make([]byte, min(n, 8))
	}
	w.at += n
	return w.data[w.at-n : w.at]
}

func (w *xzWalk) byte() byte { return w.take(1)[0] }

func (w *xzWalk) skip(n int) {
	if w.bad = w.bad || n > len(w.data)-w.at; !w.bad {
		w.at += n
	}
}

// pad reads zeros up to a multiple of four bytes from the start of the stream.
func (w *xzWalk) pad() {
	for !w.bad && w.at%4 != 0 {
		w.bad = w.byte() != 0
	}
}

// number reads an integer of one to nine bytes, §1.2, which has to be the shortest.
func (w *xzWalk) number() (v int64) {
	for i := range 9 {
		b := w.byte()
		v |= int64(b&0x7F) << (7 * i)
		if b < 0x80 {
			w.bad = w.bad || b == 0 && i > 0
			return v
		}
	}
	w.bad = true
	return 0
}

// sum reads the CRC-32 of what stands between from and here.
func (w *xzWalk) sum(from int) {
	want := crc32.ChecksumIEEE(w.data[from:w.at])
	w.bad = binary.LittleEndian.Uint32(w.take(4)) != want || w.bad
}

func (w *xzWalk) stream() bool {
	if string(w.take(6)) != "\xFD7zXZ\x00" {
		return false
	}
	flags := [2]byte(w.take(2))
	w.sum(6)
	check, known := map[byte]int{0: 0, 1: 4, 4: 8}[flags[1]]
	if flags[0] != 0 || !known {
		return false
	}
	var blocks [][2]int64
	for !w.bad && w.at < len(w.data) && w.data[w.at] != 0 {
		from, before := w.at, w.size
		w.block()
		unpadded := int64(w.at - from + check)
		w.pad()
		w.skip(check)
		blocks = append(blocks, [2]int64{unpadded, w.size - before})
	}
	index := w.at
	w.byte()
	w.bad = w.number() != int64(len(blocks)) || w.bad
	for _, b := range blocks {
		w.bad = w.number() != b[0] || w.bad
		w.bad = w.number() != b[1] || w.bad
	}
	w.pad()
	if w.bad {
		return false
	}
	w.sum(index)
	footer := w.take(4)
	from := w.at
	back := binary.LittleEndian.Uint32(w.take(4))
	again := [2]byte(w.take(2))
	if w.bad || binary.LittleEndian.Uint32(footer) != crc32.ChecksumIEEE(w.data[from:w.at]) {
		return false
	}
	return 4*(int64(back)+1) == int64(from-4-index) && again == flags && string(w.take(2)) == "YZ" && !w.bad
}

// block reads a block's header, §3.1, and its chunks.
func (w *xzWalk) block() {
	from := w.at
	end := from + 4*(int(w.byte())+1) - 4
	flags := w.byte()
	w.bad = w.bad || flags&0x3E != 0 || end > len(w.data)
	packed, unpacked := int64(-1), int64(-1)
	if flags&0x40 != 0 {
		packed = w.number()
	}
	if flags&0x80 != 0 {
		unpacked = w.number()
	}
	if flags&1 == 1 { // Delta and its distance
		w.bad = w.number() != 3 || w.number() != 1 || w.bad
		w.byte()
	}
	w.bad = w.number() != 0x21 || w.number() != 1 || w.byte() > 40 || w.bad
	for !w.bad && w.at < end {
		w.bad = w.byte() != 0
	}
	if w.bad = w.bad || w.at != end; w.bad {
		return
	}
	w.sum(from)
	start, size := w.at, w.size
	w.chunks()
	w.bad = w.bad || packed >= 0 && packed != int64(w.at-start) || unpacked >= 0 && unpacked != w.size-size
}

// chunks reads those of LZMA2: each says how long it is, packed and unpacked.
func (w *xzWalk) chunks() {
	for !w.bad {
		control := w.byte()
		switch {
		case control == 0:
			return
		case control <= 2:
			n := int(binary.BigEndian.Uint16(w.take(2))) + 1
			w.skip(n)
			w.size += int64(n)
		case control < 0x80:
			w.bad = true
		default:
			w.size += int64(control&0x1F)<<16 + int64(binary.BigEndian.Uint16(w.take(2))) + 1
			n := int(binary.BigEndian.Uint16(w.take(2))) + 1
			if control >= 0xC0 {
				w.byte()
			}
			w.skip(n)
		}
	}
}
