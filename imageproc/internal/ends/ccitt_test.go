package ends_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/ccitt"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// faxPage is a page of rows, true where it is black.
type faxPage [][]bool

// faxRandom is a page whose rows are like the ones above them.
func faxRandom(rnd *rand.Rand, width, height int) faxPage {
	p := make(faxPage, height)
	for y := range p {
		p[y] = make([]bool, width)
		switch kind := rnd.IntN(8); {
		case y > 0 && kind < 5: // moved by up to four pixels, here and there
			move := rnd.IntN(9) - 4
			for x := range width {
				if rnd.IntN(30) == 0 {
					move = rnd.IntN(9) - 4
				}
				p[y][x] = p[y-1][min(max(x+move, 0), width-1)]
			}
		case kind == 6:
			black, left := rnd.IntN(2) == 0, 0
			for x := range width {
				if left--; left < 0 {
					black, left = !black, rnd.IntN(1+rnd.IntN(1+rnd.IntN(3000)))
				}
				p[y][x] = black
			}
		case kind == 7:
			for x := range width {
				p[y][x] = rnd.IntN(2) == 0
			}
		}
	}
	return p
}

// faxWriter writes bits, the highest of a byte first.
type faxWriter struct {
	b []byte
	n int // bits of the last byte
}

func (w *faxWriter) bits(s string) {
	for _, c := range s {
		if w.n&7 == 0 {
			w.b = append(w.b, 0)
		}
		if c == '1' {
			w.b[len(w.b)-1] |= 0x80 >> (w.n & 7)
		}
		w.n++
	}
}

func (w *faxWriter) align(bits int) {
	for w.n%bits != 0 {
		w.bits("0")
	}
}

// run writes a run as T.4 has it: make-up codes, and one for what is left.
func (w *faxWriter) run(n int, black bool) {
	codes := ends.FaxCodes(black)
	for ; n > 2623; n -= 2560 {
		w.bits(codes[64+39])
	}
	if n > 63 {
		w.bits(codes[63+n/64])
	}
	w.bits(codes[n%64])
}

// change is the first pixel from at on that has another colour than the one before it,
// which is white before the first; the width if there is none.
func change(row []bool, at int, colour bool) int {
	for at < len(row) && row[at] == colour {
		at++
	}
	return at
}

func (w *faxWriter) oneD(row []bool) {
	for at, black := 0, false; at < len(row); black = !black {
		end := change(row, at, black)
		w.run(end-at, black)
		at = end
	}
}

// twoD follows T.4 figure 7, by pixels.
func (w *faxWriter) twoD(row, above []bool) {
	colour := func(r []bool, x int) bool { return x >= 0 && x < len(r) && r[x] }
	for a0, black := -1, false; a0 < len(row); {
		b1 := max(a0+1, 0)
		for b1 < len(row) && (colour(above, b1) == colour(above, b1-1) || colour(above, b1) == black) {
			b1++
		}
		b2 := b1
		if b1 < len(row) {
			b2 = change(above, b1, above[b1])
		}
		a1 := change(row, max(a0, 0), black)
		switch {
		case b2 < a1:
			w.bits("0001")
			a0 = b2
		case a1-b1 >= -3 && a1-b1 <= 3:
			w.bits([]string{"0000010", "000010", "010", "1", "011", "000011", "0000011"}[a1-b1+3])
			a0, black = a1, !black
		default:
			a2 := change(row, a1, !black)
			w.bits("001")
			w.run(a1-max(a0, 0), black)
			w.run(a2-a1, !black)
			a0 = a2
		}
	}
}

const faxEOL = "000000000001"

// page writes all rows, and with ended what may follow them.
func (w *faxWriter) page(p faxPage, coding ends.CCITTCoding, ended, filled bool) {
	above := make([]bool, len(p[0]))
	for y, row := range p {
		switch coding {
		case ends.ModifiedHuffman:
			w.align(8)
			w.oneD(row)
		case ends.ModifiedWords:
			w.align(16)
			w.oneD(row)
		case ends.Group3, ends.Group3TwoD:
			for filled && w.n%8 != 4 {
				w.bits("0")
			}
			w.bits(faxEOL)
			switch {
			case coding == ends.Group3:
				w.oneD(row)
			case y%4 == 0:
				w.bits("1")
				w.oneD(row)
			default:
				w.bits("0")
				w.twoD(row, above)
			}
		case ends.Group4:
			w.twoD(row, above)
		}
		above = row
	}
	if !ended {
		return
	}
	switch coding {
	case ends.Group3:
		w.bits(strings.Repeat(faxEOL, 6))
	case ends.Group3TwoD:
		w.bits(strings.Repeat(faxEOL+"1", 6))
	case ends.Group4:
		w.bits(faxEOL + faxEOL)
	}
}

var faxCodings = map[string]ends.CCITTCoding{
	"modified Huffman": ends.ModifiedHuffman, "modified Huffman in words": ends.ModifiedWords,
	"Group 3": ends.Group3, "Group 3, two dimensions": ends.Group3TwoD, "Group 4": ends.Group4,
}

// TestCCITT follows random pages, with and without what ends them, and with anything
// behind them: what is taken is what was written. A byte less is too few.
func TestCCITT(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, coding := range faxCodings {
		for round := range 150 {
			width := 1 + rnd.IntN(1+rnd.IntN(1+rnd.IntN(6000)))
			p := faxRandom(rnd, width, 1+rnd.IntN(40))
			if round%50 == 0 {
				clear(p[0]) // white all over
				for y := range p {
					p[y] = p[0]
				}
			}
			for _, ended := range []bool{false, true} {
				var w faxWriter
				w.page(p, coding, ended, round%2 == 0)
				tail := make([]byte, rnd.IntN(40))
				for i := range tail {
					tail[i] = byte(rnd.Uint32())
				}
				if len(tail) > 0 {
					tail[0] |= 0x80 // or it could be fill bits before an EOL
				}
				work := 1 << 30
				taken, mask, state := ends.CCITT(slices.Concat(w.b, tail), coding, width, len(p), &work)
				if state != ends.Whole || taken != len(w.b) || mask != byte(0xFF<<(8*len(w.b)-w.n)) {
					t.Fatalf("%s, %d x %d, ended %v: %d bytes of %d, mask %x, state %v", name, width, len(p), ended, taken, len(w.b), mask, state)
				}
				if _, _, state := ends.CCITT(w.b[:len(w.b)-1], coding, width, len(p), &work); !ended && state != ends.Broken {
					t.Fatalf("%s, %d x %d: a byte less is %v", name, width, len(p), state)
				}
			}
		}
	}
}

// TestCCITTWork counts what rows of single pixels take, and what white ones do.
func TestCCITTWork(t *testing.T) {
	p := make(faxPage, 20)
	for y := range p {
		p[y] = make([]bool, 1000)
		for x := range p[y] {
			p[y][x] = x%2 == y%2
		}
	}
	white := make(faxPage, 20)
	for y := range white {
		white[y] = make([]bool, 1000)
	}
	for name, coding := range faxCodings {
		for least, p := range map[int]faxPage{10_000: p, 1: white} {
			var w faxWriter
			w.page(p, coding, false, false)
			work := 1 << 20
			ends.CCITT(w.b, coding, 1000, 20, &work)
			if used := 1<<20 - work; used < least || used > 2*20*1001 {
				t.Errorf("%s: work of %d, for at least %d", name, used, least)
			}
			for work := range min(least-1, 20) {
				if _, _, state := ends.CCITT(w.b, coding, 1000, 20, &work); state != ends.Costly {
					t.Errorf("%s, work for %d: %v", name, work, state)
				}
			}
		}
	}
}

// TestCCITTDecodes holds the writer of these tests against x/image: what it writes is
// what decoders read, cut where the walk says.
func TestCCITTDecodes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for name, sub := range map[string]ccitt.SubFormat{"Group 3": ccitt.Group3, "Group 4": ccitt.Group4} {
		for range 100 {
			p := faxRandom(rnd, 1+rnd.IntN(3000), 1+rnd.IntN(20))
			var w faxWriter
			w.page(p, faxCodings[name], true, false)
			work := 1 << 20
			taken, _, _ := ends.CCITT(append(w.b, 0xAA, 0x55), faxCodings[name], len(p[0]), len(p), &work)
			got, err := io.ReadAll(ccitt.NewReader(bytes.NewReader(w.b[:taken]), ccitt.MSB, sub, len(p[0]), len(p), nil))
			var want []byte
			for _, row := range p {
				var line faxWriter
				for _, black := range row {
					line.bits(map[bool]string{true: "0", false: "1"}[black])
				}
				want = append(want, line.b...)
			}
			if mask := byte(0xFF) << (7 - (len(p[0])-1)%8); err == nil {
				for i := (len(p[0]) - 1) / 8; i < len(got); i += (len(p[0]) + 7) / 8 {
					got[i] &= mask
				}
			}
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s, %d x %d: %v", name, len(p[0]), len(p), err)
			}
		}
	}
}

// TestCCITTBroken has codes that decoders read differently, or not at all.
func TestCCITTBroken(t *testing.T) {
	for name, row := range map[string]struct {
		coding ends.CCITTCoding
		bits   string
	}{
		"nothing":                          {ends.Group4, ""},
		"no mode":                          {ends.Group4, "0000000"},
		"uncompressed mode":                {ends.Group4, "0000001111"},
		"vertical beyond the width":        {ends.Group4, "011"},
		"vertical where it stands":         {ends.Group4, "001" + "0111" + "011" + "000010" + "000010"}, // white 2, black 4; 8-2, then 6 again
		"horizontal beyond the width":      {ends.Group4, "001" + "10011" + "10"},
		"second run beyond the width":      {ends.Group4, "001" + "10000" + "000101"},
		"run of nothing":                   {ends.Group4, "001" + "0111" + "0000110111"},
		"run of nothing behind another":    {ends.Group4, "001" + "0111" + "11" + "001" + "00110101" + "11"},
		"no code for a run":                {ends.Group4, "001" + "000000001"},
		"row too long":                     {ends.ModifiedHuffman, "0111" + "000101"},
		"rows too few":                     {ends.ModifiedHuffman, ""},
		"row without EOL":                  {ends.Group3, "10011"},
		"EOL too short":                    {ends.Group3, "00000000001" + "10011"},
		"run of nothing, two dimensions":   {ends.Group3TwoD, faxEOL + "1" + "0111" + "0000110111" + "1100"},
		"make-up codes beyond any width":   {ends.ModifiedHuffman, strings.Repeat("000000011111", 60)},
		"make-up codes and nothing behind": {ends.ModifiedHuffman, "11011"},
	} {
		var w faxWriter
		w.bits(row.bits)
		work := 1 << 20
		if taken, mask, state := ends.CCITT(w.b, row.coding, 8, 1, &work); state != ends.Broken || taken != 0 || mask != 0 {
			t.Errorf("%s: %v, %d bytes, mask %x", name, state, taken, mask)
		}
	}
	// What is odd and read by all: runs of nothing in one dimension, fill bits before EOL,
	// and a second run of nothing at the end of a row.
	for name, row := range map[string]struct {
		coding ends.CCITTCoding
		bits   string
	}{
		"run of nothing":       {ends.ModifiedHuffman, "0111" + "0000110111" + "1110"},
		"fill bits":            {ends.Group3, strings.Repeat("0", 300) + faxEOL + "10011"},
		"nothing at the end":   {ends.Group4, "001" + "10011" + "0000110111"},
		"black from the start": {ends.Group4, "001" + "00110101" + "000101"},
	} {
		var w faxWriter
		w.bits(row.bits)
		work := 1 << 20
		if taken, _, state := ends.CCITT(w.b, row.coding, 8, 1, &work); state != ends.Whole || taken != len(w.b) {
			t.Errorf("%s: %v, %d bytes of %d", name, state, taken, len(w.b))
		}
	}
}

func FuzzCCITT(f *testing.F) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, coding := range faxCodings {
		for _, width := range []int{1, 9, 200} {
			var w faxWriter
			w.page(faxRandom(rnd, width, 6), coding, true, true)
			f.Add(w.b, byte(coding), uint16(width), uint16(6))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, coding byte, width, rows uint16) {
		work := 1 << 16
		c := ends.CCITTCoding(coding % 5)
		taken, mask, state := ends.CCITT(data, c, int(width)+1, int(rows)+1, &work)
		if state != ends.Whole {
			return
		}
		if taken > len(data) || mask == 0 {
			t.Fatalf("%d bytes of %d, mask %x", taken, len(data), mask)
		}
		cut := append(bytes.Clone(data[:taken]), 0xFF)
		cut[taken-1] &= mask
		work = 1 << 16
		if again, m, state := ends.CCITT(cut, c, int(width)+1, int(rows)+1, &work); state != ends.Whole || again != taken || m != mask {
			t.Fatalf("cut to %d bytes it has %d, mask %x and %x, %v", taken, again, mask, m, state)
		}
	})
}

func BenchmarkCCITT(b *testing.B) {
	rnd := rand.New(rand.NewPCG(7, 8))
	pages := map[string]faxPage{"random": faxRandom(rnd, 1728, 1000), "white": make(faxPage, 1000)}
	for y := range pages["white"] {
		pages["white"][y] = make([]bool, 1728)
	}
	for kind, p := range pages {
		for name, coding := range faxCodings {
			b.Run(fmt.Sprint(kind, ", ", name), func(b *testing.B) {
				var w faxWriter
				w.page(p, coding, true, false)
				b.SetBytes(int64(len(w.b)))
				for b.Loop() {
					work := 1 << 30
					ends.CCITT(w.b, coding, len(p[0]), len(p), &work)
				}
			})
		}
	}
}
