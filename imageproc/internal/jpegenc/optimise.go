package jpegenc

import (
	"math/bits"
	"slices"
)

// tally counts the symbols of a block.
func (e *Encoder) tally(k *block) {
	class := min(k.plane, 1)
	_, size := magnitude(int32(k.coef[0] - e.last[k.plane]))
	e.last[k.plane] = k.coef[0]
	e.freq[class][0][size]++
	ac := &e.freq[class][1]
	done := uint(0)
	for left := inZigzag(k.nonzero &^ 1); left != 0; left &= left - 1 {
		z := uint(bits.TrailingZeros64(left))
		run := z - done - 1
		ac[0xF0] += int(run / 16)
		_, size := magnitude(int32(k.coef[zigzag[z]]))
		ac[run%16<<4|size]++
		done = z
	}
	if done != 63 {
		ac[0]++
	}
}

// second writes what was kept, with tables made for it.
func (e *Encoder) second() {
	e.tables()
	e.scan()
	e.last = [3]int16{}
	for i := range e.kept {
		k := &e.kept[i]
		e.code(int(k.plane), &k.coef, k.nonzero)
	}
}

// tables makes the tables for the symbols counted.
func (e *Encoder) tables() {
	for i := range e.classes() {
		dc, ac := bestTable(&e.freq[i][0], e.symbols[i][0][:0]), bestTable(&e.freq[i][1], e.symbols[i][1][:0])
		e.words(i, &dc, &ac)
		e.huffman(i, &dc, &ac)
	}
}

// expected is what the picture will take in bytes by its symbols, and a little more
// for the zeros that are stuffed in.
func (e *Encoder) expected() int {
	total := 0
	for i := range e.classes() {
		for symbol, w := range e.dc[i] {
			total += e.freq[i][0][symbol] * int(w.length())
		}
		for symbol, w := range e.ac[i] {
			total += e.freq[i][1][symbol] * int(w.length())
		}
	}
	return total/8*65/64 + 1<<10
}

// bestTable makes the Huffman table for these frequencies, with no code of ones
// only and none longer than 16 bits: T.81 annex K.2. Of equal frequencies the
// higher symbol is taken first, as libjpeg does. The table's symbols go into symbols.
func bestTable(freq *[257]int, symbols []uint8) (h huffmanSpec) {
	const longest = 64 // of a tree over a picture's symbols; K.2 shortens it
	f := *freq
	f[256] = 1 // takes the code of ones
	var size, next [257]int
	live := make([]int, 0, len(f)) // in ascending order
	for i, n := range f {
		if next[i] = -1; n > 0 {
			live = append(live, i)
		}
	}
	for len(live) > 1 {
		x, y := 1, 0 // where in live the two rarest are
		if f[live[0]] < f[live[1]] {
			x, y = 0, 1
		}
		for k := 2; k < len(live); k++ {
			if n := f[live[k]]; n <= f[live[x]] {
				x, y = k, x
			} else if n <= f[live[y]] {
				y = k
			}
		}
		a, b := live[x], live[y]
		live = slices.Delete(live, y, y+1)
		f[a] += f[b]
		lengthen := func(i int) (end int) {
			for ; ; i = next[i] {
				size[i]++
				if next[i] < 0 {
					return i
				}
			}
		}
		end := lengthen(a)
		next[end] = b
		lengthen(b)
	}
	var counts [longest + 1]int
	for _, n := range size {
		if n > 0 {
			counts[n]++
		}
	}
	for n := longest; n > 16; n-- {
		for counts[n] > 0 { // two leaves go up, and one that is shorter goes down for the second
			j := n - 2
			for counts[j] == 0 {
				j--
			}
			counts[n] -= 2
			counts[n-1]++
			counts[j+1] += 2
			counts[j]--
		}
	}
	n := 16
	for counts[n] == 0 {
		n--
	}
	counts[n]-- // the code of ones
	for i := range h.counts {
		h.counts[i] = uint8(counts[i+1])
	}
	h.symbols = symbols
	for n := 1; n <= longest; n++ {
		for symbol, s := range size[:256] {
			if s == n {
				h.symbols = append(h.symbols, uint8(symbol))
			}
		}
	}
	return h
}
