package ends_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/image/ccitt"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// Codes of runs of 0 to 63 pixels, then of 64 to 1728, and of more for both colours.
var (
	faxRuns = [2][]string{strings.Fields(`
		00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011
		110100 110101 101010 101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000
		0101011 0010011 0100100 0011000 00000010 00000011 00011010 00011011 00010010
		00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010 00101011
		00101100 00101101 00000100 00000101 00001010 00001011 01010010 01010011 01010100
		01010101 00100100 00100101 01011000 01011001 01011010 01011011 01001010 01001011
		00110010 00110011 00110100 11011 10010 010111 0110111 00110110 00110111 01100100
		01100101 01101000 01100111 011001100 011001101 011010010 011010011 011010100
		011010101 011010110 011010111 011011000 011011001 011011010 011011011 010011000
		010011001 010011010 011000 010011011`), strings.Fields(`
		0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111
		00000100 00000111 000011000 0000010111 0000011000 0000001000 00001100111 00001101000
		00001101100 00000110111 00000101000 00000010111 00000011000 000011001010
		000011001011 000011001100 000011001101 000001101000 000001101001 000001101010
		000001101011 000011010010 000011010011 000011010100 000011010101 000011010110
		000011010111 000001101100 000001101101 000011011010 000011011011 000001010100
		000001010101 000001010110 000001010111 000001100100 000001100101 000001010010
		000001010011 000000100100 000000110111 000000111000 000000100111 000000101000
		000001011000 000001011001 000000101011 000000101100 000001011010 000001100110
		000001100111 0000001111 000011001000 000011001001 000001011011 000000110011
		000000110100 000000110101 0000001101100 0000001101101 0000001001010 0000001001011
		0000001001100 0000001001101 0000001110010 0000001110011 0000001110100 0000001110101
		0000001110110 0000001110111 0000001010010 0000001010011 0000001010100 0000001010101
		0000001011010 0000001011011 0000001100100 0000001100101`)}
	faxLong = strings.Fields(`
		00000001000 00000001100 00000001101 000000010010 000000010011 000000010100
		000000010101 000000010110 000000010111 000000011100 000000011101 000000011110
		000000011111`)
	faxVertical = []string{"0000010", "000010", "010", "1", "011", "000011", "0000011"}
)

const (
	faxPass = "0001"
	faxH    = "001"
	faxEOL  = "000000000001"
)

// faxPage is a picture of black (true) on white, and how to code it.
type faxPage struct {
	width  int
	rows   [][]bool
	coding ends.CCITTCoding
	eol    bool // before each row, in T.4
	fill   int  // 0: none, 1: EOLs end with a byte, 2: any number of zeros before them
	end    bool // EOFB or RTC
	wild   bool // takes runs and the like where there is something shorter
}

// faxWriter writes bits from the highest of a byte to the lowest.
type faxWriter struct {
	out  []byte
	bits int
	r    *rand.Rand
}

func (w *faxWriter) put(code string) {
	for _, c := range code {
		if w.bits%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.bits/8] |= byte(c-'0') << (7 - w.bits%8)
		w.bits++
	}
}

func (w *faxWriter) run(colour bool, n int) {
	runs := faxRuns[0]
	if colour {
		runs = faxRuns[1]
	}
	for ; n >= 2624; n -= 2560 {
		w.put(faxLong[12])
	}
	switch {
	case n >= 1792:
		w.put(faxLong[n/64-28])
	case n >= 64:
		w.put(runs[63+n/64])
	}
	w.put(runs[n%64])
}

func (w *faxWriter) eol(p *faxPage) {
	switch p.fill {
	case 1:
		for w.bits%8 != 4 {
			w.put("0")
		}
	case 2:
		w.put(strings.Repeat("0", max(0, w.r.IntN(300)-200)))
	}
	w.put(faxEOL)
}

// until is the first pixel from x on that is not of the colour.
func until(row []bool, x int, colour bool) int {
	for x < len(row) && row[x] == colour {
		x++
	}
	return x
}

func (w *faxWriter) oneD(row []bool) {
	colour := false
	for x := 0; x < len(row); colour = !colour {
		to := until(row, x, colour)
		w.run(colour, to-x)
		x = to
	}
}

func (w *faxWriter) twoD(row, above []bool, wild bool) {
	colour := false
	for a0 := -1; a0 < len(row); {
		from := max(a0, 0)
		a1 := until(row, from, colour)
		b1 := a0 + 1
		for b1 < len(above) && (above[b1] == colour || b1 > 0 && above[b1-1] != colour || b1 == 0 && colour) {
			b1++
		}
		b2 := until(above, b1, !colour)
		switch d := a1 - b1; {
		case wild && w.r.IntN(4) == 0, b2 >= a1 && (d < -3 || d > 3):
			a2 := until(row, a1, !colour)
			w.put(faxH)
			w.run(colour, a1-from)
			w.run(!colour, a2-a1)
			a0 = a2
		case b2 < a1:
			w.put(faxPass)
			a0 = b2
		default:
			w.put(faxVertical[d+3])
			a0, colour = a1, !colour
		}
	}
}

// encode returns the coded page, how many of its bytes hold rows, and how many bits
// it is of.
func (p *faxPage) encode(r *rand.Rand) (data []byte, rows, bits int) {
	w := &faxWriter{r: r}
	above := make([]bool, p.width)
	for y, row := range p.rows {
		oneD := p.coding != ends.Group4
		switch {
		case p.coding == ends.ModifiedHuffman:
			w.bits = 8 * len(w.out)
		case p.coding == ends.ModifiedWords:
			w.out = append(w.out, make([]byte, len(w.out)%2)...)
			w.bits = 8 * len(w.out)
		case p.coding == ends.Group3 && p.eol:
			w.eol(p)
		case p.coding == ends.Group3TwoD:
			w.eol(p)
			oneD = y == 0 || r.IntN(3) == 0
			w.put(map[bool]string{true: "1", false: "0"}[oneD])
		}
		if oneD {
			w.oneD(row)
		} else {
			w.twoD(row, above, p.wild)
		}
		above = row
	}
	rows = len(w.out)
	switch {
	case !p.end || p.coding == ends.ModifiedHuffman || p.coding == ends.ModifiedWords:
	case p.coding == ends.Group4:
		w.put(faxEOL + faxEOL)
	default:
		p.fill = min(p.fill, 1)
		for range 6 {
			w.eol(p)
			if p.coding == ends.Group3TwoD {
				w.put("1")
			}
		}
	}
	return w.out, rows, w.bits
}

var faxKinds = []string{"white", "black", "chessboard", "noise", "text", "lines", "sparse"}

// faxRows draws rows of a kind.
func faxRows(r *rand.Rand, kind string, width, height int) [][]bool {
	rows := make([][]bool, height)
	for y := range rows {
		row := make([]bool, width)
		rows[y] = row
		change, colour := 0, false
		if kind == "text" && y > 0 && r.IntN(8) > 0 {
			// As above, each change moved a little.
			copy(row, rows[y-1])
			for x := 1; x < width; x++ {
				if row[x] != row[x-1] && r.IntN(3) == 0 {
					to := min(width, x+1+r.IntN(4))
					for i := x; i < to; i++ {
						row[i] = row[x-1]
					}
					x = to
				}
			}
			continue
		}
		for x := range row {
			switch kind {
			case "black":
				row[x] = true
			case "chessboard":
				row[x] = (x+y)%2 == 1
			case "noise":
				row[x] = r.IntN(2) == 1
			case "text":
				if change--; change < 0 {
					change, colour = r.IntN(30), !colour
				}
				row[x] = colour
			case "lines":
				row[x] = y%3 == 1
			case "sparse":
				row[x] = r.IntN(500) == 0
			}
		}
	}
	return rows
}

func faxMask(bits int) byte {
	if bits%8 == 0 {
		return 0xFF
	}
	return 0xFF << (8 - bits%8)
}

// faxPages calls f for pages of all kinds and codings.
func faxPages(t *testing.T, f func(t *testing.T, r *rand.Rand, p *faxPage)) {
	for seed := range uint64(1200) {
		r := rand.New(rand.NewPCG(seed, 4))
		width := 1 + r.IntN([]int{9, 70, 400, 3000}[r.IntN(4)])
		if seed%97 == 0 {
			width = 5000 + r.IntN(6000)
		}
		kind := faxKinds[r.IntN(len(faxKinds))]
		p := &faxPage{
			width: width, rows: faxRows(r, kind, width, 1+r.IntN(min(90, 1+20000/width))),
			coding: ends.CCITTCoding(seed % 5),
			eol:    r.IntN(5) > 0, fill: r.IntN(3), end: r.IntN(2) == 0, wild: r.IntN(3) == 0,
		}
		if !p.eol {
			p.end = false
		}
		t.Run(fmt.Sprintf("%d/coding%d/%s/%dx%d", seed, p.coding, kind, width, len(p.rows)), func(t *testing.T) { f(t, r, p) })
	}
}

func TestCCITT(t *testing.T) {
	faxPages(t, func(t *testing.T, r *rand.Rand, p *faxPage) {
		data, rows, bits := p.encode(r)
		want, mask := len(data), faxMask(bits)
		check := func(what string, data []byte, want int, mask byte) {
			t.Helper()
			work := 1 << 30
			n, m, s := ends.CCITT(data, p.coding, p.width, len(p.rows), &work)
			if n != want || m != mask || s != ends.Whole {
				t.Fatalf("%s: took %d, mask %08b, state %d; want %d, %08b", what, n, m, s, want, mask)
			}
		}
		check("alone", data, want, mask)
		tail := make([]byte, 1+r.IntN(40))
		for i := range tail {
			tail[i] = byte(r.Uint32())
		}
		if tail[0] |= 0x80; !p.eol { // no zeros of an EOL
			for i := range tail {
				tail[i] |= 0x08
			}
		}
		check("with a tail", append(bytes.Clone(data), tail...), want, mask)
		other := bytes.Clone(data)
		other[want-1] ^= ^mask & byte(r.Uint32())
		check("with other bits behind it", append(other, tail...), want, mask)

		work := 1 << 30
		if n, _, s := ends.CCITT(data[:rows-1], p.coding, p.width, len(p.rows), &work); s != ends.Broken {
			t.Errorf("without the last byte of its rows: took %d, state %d", n, s)
		}
		if rows < want {
			if n, _, s := ends.CCITT(data[:want-1], p.coding, p.width, len(p.rows), &work); s != ends.Whole || n > want-1 || n < rows {
				t.Errorf("without the last byte of its end: took %d of %d, state %d", n, want-1, s)
			}
		}
	})
}

// TestCCITTDecodes compares with a decoder that gets the bytes that were taken.
func TestCCITTDecodes(t *testing.T) {
	faxPages(t, func(t *testing.T, r *rand.Rand, p *faxPage) {
		format := ccitt.Group4
		switch p.coding {
		case ends.Group4:
		case ends.Group3:
			format = ccitt.Group3
			p.fill, p.eol, p.end = 0, true, true // it takes nothing else
		default:
			return // x/image has no decoder
		}
		data, _, _ := p.encode(r)
		work := 1 << 30
		n, _, s := ends.CCITT(append(data, 0xFF, 0xFF), p.coding, p.width, len(p.rows), &work)
		if s != ends.Whole {
			t.Fatal("state", s)
		}
		got, err := io.ReadAll(ccitt.NewReader(bytes.NewReader(data[:n]), ccitt.MSB, format, p.width, len(p.rows), &ccitt.Options{Invert: true}))
		if err != nil {
			t.Fatal(err)
		}
		across := (p.width + 7) / 8
		for y, row := range p.rows {
			for x, black := range row {
				if black != (got[y*across+x/8]>>(7-x%8)&1 == 1) {
					t.Fatalf("pixel %d of row %d is not what was coded", x, y)
				}
			}
		}
	})
}

func TestCCITTBroken(t *testing.T) {
	white := func(n int) string { return faxRuns[0][n] }
	black := func(n int) string { return faxRuns[1][n] }
	for _, c := range []struct {
		name   string
		coding ends.CCITTCoding
		width  int
		rows   int
		codes  string
		want   ends.State
	}{
		{"a row", ends.ModifiedHuffman, 10, 1, white(4) + black(6), ends.Whole},
		{"runs of nothing", ends.ModifiedHuffman, 10, 1, white(0) + black(0) + white(4) + black(0) + white(0) + black(6), ends.Whole},
		{"too long", ends.ModifiedHuffman, 10, 1, white(4) + black(7), ends.Broken},
		{"EOL in Modified Huffman", ends.ModifiedHuffman, 10, 1, faxEOL + white(10), ends.Broken},
		{"EOL within a row", ends.Group3, 10, 2, faxEOL + white(4) + faxEOL + white(10), ends.Broken},
		{"EOL before the second row only", ends.Group3, 10, 2, white(10) + faxEOL + white(10), ends.Broken},
		{"EOL before the first row only", ends.Group3, 10, 2, faxEOL + white(10) + white(10), ends.Broken},
		{"no EOL", ends.Group3, 10, 2, white(10) + white(10), ends.Whole},
		{"no EOL but behind", ends.Group3, 10, 1, white(10) + "1111" + "000000000001", ends.Broken},
		{"no EOL, and so no tag", ends.Group3TwoD, 10, 2, white(10) + white(10), ends.Broken},
		{"no 1 of an EOL", ends.Group3, 10, 2, faxEOL + white(10) + strings.Repeat("0", 1000), ends.Broken},
		{"one EOL as RTC", ends.Group3, 10, 1, faxEOL + white(10) + faxEOL, ends.Whole},
		{"tagged rows", ends.Group3TwoD, 10, 2, faxEOL + "1" + white(4) + black(6) + faxEOL + "0" + "11", ends.Whole},
		{"unknown mode", ends.Group4, 10, 1, "0000000", ends.Broken},
		{"uncompressed", ends.Group4, 10, 1, "0000001111", ends.Broken},
		{"early EOFB", ends.Group4, 10, 2, "1" + faxEOL + faxEOL, ends.Broken},
		{"right of the edge", ends.Group4, 10, 1, "011", ends.Broken},
		{"left of the edge", ends.Group4, 10, 2, faxH + white(1) + black(9) + "000010", ends.Broken},
		{"left of a change", ends.Group4, 10, 1, faxH + white(4) + black(4) + "0000010" + "1", ends.Broken},
		{"a run too long", ends.Group4, 10, 1, faxH + white(4) + black(7), ends.Broken},
		{"past all", ends.Group4, 10, 1, faxPass, ends.Broken},
		{"past the last run", ends.Group4, 10, 2, faxH + white(4) + black(6) + faxPass, ends.Whole},
		{"below a run of nothing", ends.Group4, 10, 2, faxH + white(4) + black(0) + "1" + "1", ends.Broken},
		{"a run of nothing", ends.Group4, 10, 1, faxH + white(4) + black(0) + "1", ends.Whole},
		{"a run of nothing at either edge", ends.Group4, 10, 2, faxH + white(0) + black(10) + faxH + white(10) + black(0), ends.Whole},
		{"no width", ends.Group4, 0, 1, "1", ends.Broken},
		{"no rows", ends.Group4, 1, 0, "1", ends.Broken},
		{"no such coding", 9, 1, 1, "1", ends.Broken},
	} {
		w := &faxWriter{}
		w.put(c.codes)
		work := 1000
		n, mask, s := ends.CCITT(append(w.out, 0xAA), c.coding, c.width, c.rows, &work)
		if s != c.want || s == ends.Whole && (n != len(w.out) || mask != faxMask(w.bits)) {
			t.Errorf("%s: took %d of %d, mask %08b, state %d", c.name, n, len(w.out), mask, s)
		}
	}
}

// TestCCITTOtherEnds has what is no EOFB or RTC behind the rows, or no whole one.
func TestCCITTOtherEnds(t *testing.T) {
	white, eol := faxRuns[0][10], faxEOL
	for _, c := range []struct {
		name        string
		coding      ends.CCITTCoding
		rows, other string
	}{
		{"EOL in Modified Huffman", ends.ModifiedHuffman, white, eol},
		{"one EOL in T.6", ends.Group4, "1", eol + "1"},
		{"EOFB behind a bit", ends.Group4, "1", "0" + eol + eol},
		{"EOL without a tag", ends.Group3TwoD, eol + "1" + white, eol},
		{"EOL of a row of changes", ends.Group3TwoD, eol + "1" + white + eol + "1", eol + "0"},
		{"EOL far behind", ends.Group3, eol + white + eol, "00000000" + eol},
		{"ten zeros behind rows without EOLs", ends.Group3, white, "10000000000101"},
		{"a seventh EOL", ends.Group3, eol + white + strings.Repeat(eol, 6), eol},
	} {
		w := &faxWriter{}
		w.put(c.rows)
		want, mask := len(w.out), faxMask(w.bits)
		w.put(c.other)
		work := 1000
		if n, m, s := ends.CCITT(w.out, c.coding, 10, 1, &work); n != want || m != mask || s != ends.Whole {
			t.Errorf("%s: took %d, mask %08b, state %d; want %d, %08b", c.name, n, m, s, want, mask)
		}
	}
}

func TestCCITTCostly(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for coding := ends.ModifiedHuffman; coding <= ends.ModifiedWords; coding++ {
		for _, kind := range []string{"white", "noise"} {
			p := &faxPage{width: 100, rows: faxRows(r, kind, 100, 100), coding: coding, eol: true}
			data, _, _ := p.encode(r)
			const lots = 1 << 20
			work := lots
			if _, _, s := ends.CCITT(data, coding, 100, 100, &work); s != ends.Whole || lots-work < 100 {
				t.Errorf("coding %d, %s: state %d, work %d", coding, kind, s, lots-work)
			}
			for _, less := range []int{1, 50, 99} {
				most := lots - work - less
				if _, _, s := ends.CCITT(data, coding, 100, 100, &most); s != ends.Costly || most >= 0 {
					t.Errorf("coding %d, %s, %d less: state %d", coding, kind, less, s)
				}
			}
		}
	}
}

// TestCCITTWork counts rows and codes.
func TestCCITTWork(t *testing.T) {
	white, black := faxRuns[0], faxRuns[1]
	for _, c := range []struct {
		coding ends.CCITTCoding
		codes  string
		want   int
	}{
		{ends.ModifiedHuffman, white[63+10] + white[4] + black[6], 1 + 3},
		{ends.Group3, faxEOL + white[63+10] + white[4] + black[6], 1 + 3},
		{ends.Group3TwoD, faxEOL + "1" + white[63+10] + white[4] + black[6], 1 + 3},
		{ends.Group3TwoD, faxEOL + "0" + "1", 1 + 1},
		{ends.Group4, "1", 1},
		{ends.Group4, faxH + white[63+10] + white[4] + black[3] + "010" + "1", 1 + 4 + 2},
	} {
		w := &faxWriter{}
		w.put(c.codes)
		work := c.want
		if _, _, s := ends.CCITT(w.out, c.coding, 650, 1, &work); s != ends.Whole || work != 0 {
			t.Errorf("%s: state %d with work %d left", c.codes, s, work)
		}
		work = c.want - 1
		if _, _, s := ends.CCITT(w.out, c.coding, 650, 1, &work); s != ends.Costly || work >= 0 {
			t.Errorf("%s: state %d with work %d left, one less to begin with", c.codes, s, work)
		}
	}
}

func FuzzCCITT(f *testing.F) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 5))
		p := &faxPage{
			width: 40, rows: faxRows(r, faxKinds[3+seed%2], 40, 10), coding: ends.CCITTCoding(seed % 5),
			eol: seed%3 > 0, fill: int(seed % 3), end: seed%3 > 0, wild: seed%5 > 2,
		}
		data, _, _ := p.encode(r)
		f.Add(data, uint8(p.coding), 40, 10)
	}
	f.Add(bytes.Repeat([]byte{0xFF}, 100), uint8(ends.Group4), 1728, 790)
	f.Fuzz(func(t *testing.T, data []byte, coding uint8, width, rows int) {
		const most = 100000
		work := most
		n, mask, s := ends.CCITT(data, ends.CCITTCoding(coding), width, rows, &work)
		switch {
		case n < 0 || n > len(data) || most-work > 16*len(data)+100: // a code is of a bit at least
			t.Fatalf("took %d of %d, work %d", n, len(data), most-work)
		case s != ends.Whole:
			if n != 0 || (s == ends.Costly) != (work < 0) {
				t.Fatalf("took %d, state %d, work %d", n, s, work)
			}
			return
		case n == 0 || mask == 0 || work < 0:
			t.Fatalf("took %d, mask %08b, work %d", n, mask, work)
		}
		// The bytes that were taken say it all, and the other bits of the last nothing.
		cut := bytes.Clone(data[:n])
		for range 2 {
			work = most
			if again, same, s := ends.CCITT(cut, ends.CCITTCoding(coding), width, rows, &work); again != n || same != mask || s != ends.Whole {
				t.Fatalf("took %d with mask %08b, then %d with %08b, state %d", n, mask, again, same, s)
			}
			cut[n-1] |= ^mask
		}
		if ends.CCITTCoding(coding) != ends.Group4 || width > 1<<14 || rows > 1<<10 {
			return
		}
		if _, err := io.Copy(io.Discard, ccitt.NewReader(bytes.NewReader(cut), ccitt.MSB, ccitt.Group4, width, rows, nil)); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkCCITT(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 7))
	const width, height = 1728, 2200
	for _, kind := range []string{"text", "white"} {
		page := faxRows(r, kind, width, height)
		if kind == "text" { // with margins, and space between the lines
			for y, row := range page {
				clear(row[:150])
				clear(row[1500:])
				if y%40 >= 24 {
					clear(row)
				}
			}
		}
		for coding := ends.ModifiedHuffman; coding <= ends.ModifiedWords; coding++ {
			p := &faxPage{width: width, rows: page, coding: coding, eol: true, end: true}
			data, _, _ := p.encode(r)
			b.Run(fmt.Sprintf("%s/coding%d", kind, coding), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					work := 1 << 30
					if n, _, s := ends.CCITT(data, coding, width, height, &work); n != len(data) || s != ends.Whole {
						b.Fatal(n, s)
					}
				}
			})
		}
	}
}
