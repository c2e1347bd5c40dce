package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// streamTIFF has its strips coded, each by itself.
func streamTIFF(compression, fillOrder uint64, code func([]byte) []byte) []byte {
	p := rgbPage(16).with(tagOf(266, 3, fillOrder)).coded(compression, code)
	return (&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}).build()
}

func turnedBits(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = bits.Reverse8(c)
	}
	return out
}

// TestTIFFStreamsEnd hides bytes around streams that say where they end, with the bits
// of each byte in either order: what comes out is the file without them.
func TestTIFFStreamsEnd(t *testing.T) {
	skipped := []byte{0x53, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 'l', 'o', 's', 't'}
	for compression, code := range map[uint64]func([]byte) []byte{34925: xzStored, 50000: zstdStored} {
		for _, tail := range [][]byte{{0}, {1, 2, 3}, []byte("a text behind the end"), skipped, code(make([]byte, 9))} {
			for _, before := range [][]byte{nil, skipped} {
				if compression == 34925 && before != nil {
					continue
				}
				plain, _ := strip(t, streamTIFF(compression, 1, code))
				out, report := strip(t, streamTIFF(compression, 1, func(b []byte) []byte { return joined(append(bytes.Clone(before), code(b)...), tail) }))
				if !bytes.Equal(out, plain) || len(report.Removed) == 0 {
					t.Errorf("%d, % x: %d bytes, want %d: %+v", compression, tail, len(out), len(plain), report.Removed)
				}
				plain, _ = strip(t, streamTIFF(compression, 2, func(b []byte) []byte { return turnedBits(code(b)) }))
				out, _ = strip(t, streamTIFF(compression, 2, func(b []byte) []byte {
					return turnedBits(joined(append(bytes.Clone(before), code(b)...), tail))
				}))
				if !bytes.Equal(out, plain) {
					t.Errorf("%d, % x, bits turned: %d bytes, want %d", compression, tail, len(out), len(plain))
				}
			}
		}
	}
}

// TestTIFFStreamsOfTooMuch have more pixels than the page. Rows that the last strip has
// too many pass, but not with Thorough, for what nobody sees could be anything.
func TestTIFFStreamsOfTooMuch(t *testing.T) {
	for name, row := range map[string]struct {
		compression uint64
		code        func([]byte) []byte
	}{"LZMA": {34925, xzStored}, "Zstandard": {50000, zstdStored}, "Zstandard, compressed": {50000, zstdMatched}} {
		if _, err := thoroughly(streamTIFF(row.compression, 1, row.code)); err != nil {
			t.Errorf("%s: got %v for as many pixels as there are", name, err)
		}
		in := streamTIFF(row.compression, 1, func(b []byte) []byte { return row.code(append(bytes.Clone(b), 1)) })
		var out bytes.Buffer
		if _, err := imageproc.Strip(&out, bytes.NewReader(in), nil); !errors.Is(err, imageproc.ErrCorrupt) || out.Len() > 0 {
			t.Errorf("%s: got %v, %d bytes", name, err, out.Len())
		}
		page := rgbPage(20).coded(row.compression, func(b []byte) []byte { return row.code(append(bytes.Clone(b), make([]byte, 20*48*3-len(b))...)) })
		in = (&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{page}}).build()
		if out, _ := strip(t, in); len(out) == 0 {
			t.Errorf("%s: no output", name)
		}
		if out, err := thoroughly(in); !errors.Is(err, imageproc.ErrCorrupt) || len(out) > 0 {
			t.Errorf("%s, rows too many: got %v, %d bytes", name, err, len(out))
		}
	}
}

// zstdMatched makes a frame of Zstandard, which does not say its size, of as many
// bytes: literals of one kind and a match of 600.
func zstdMatched(b []byte) []byte {
	n := len(b) - 600
	return zstdBlocks([]byte{byte(n<<4 | 13), byte(n >> 4), byte(n >> 12), 7, 1, 0b01_01_01_00, 1, 0, 45, 600 - 515, 2})
}

// zstdBlocks makes a frame of blocks that are compressed.
func zstdBlocks(blocks ...[]byte) []byte {
	out := []byte{0x28, 0xB5, 0x2F, 0xFD, 0, 0x50}
	for i, b := range blocks {
		head := len(b)<<3 | 4
		if i == len(blocks)-1 {
			head |= 1
		}
		out = append(append(out, byte(head), byte(head>>8), byte(head>>16)), b...)
	}
	return out
}

// TestTIFFStreamsOfMuchWork have 43,000 sequences to the block: one strip is followed,
// but not two, which share the work there may be.
func TestTIFFStreamsOfMuchWork(t *testing.T) {
	blocks := slices.Repeat([][]byte{{8<<3 | 1, 7, 255, 0xF8, 0x28, 0b01_01_01_00, 0, 0, 0, 1}}, 90)
	blocks[0] = []byte{8<<3 | 1, 7, 0}
	for rows, ok := range map[int]bool{32: true, 16: false} {
		p := rgbPage(rows).with(tagOf(256, 4, 300_000)).coded(50000, func([]byte) []byte { return zstdBlocks(blocks...) })
		in := (&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}).build()
		_, err := imageproc.Strip(io.Discard, bytes.NewReader(in), nil)
		if ok != (err == nil) || !ok && !errors.Is(err, imageproc.ErrCorrupt) {
			t.Errorf("strips of %d rows: got %v", rows, err)
		}
	}
}

// TestTIFFStreamsRefused changes streams so that they are none, or that what follows
// may count.
func TestTIFFStreamsRefused(t *testing.T) {
	change := func(code func([]byte) []byte, at int, to byte) func([]byte) []byte {
		return func(b []byte) []byte {
			out := code(b)
			out[(at+len(out))%len(out)] = to
			return out
		}
	}
	for name, row := range map[string]struct {
		compression uint64
		code        func([]byte) []byte
	}{
		"LZMA without its signature":   {34925, change(xzStored, 0, 1)},
		"LZMA with another check":      {34925, change(xzStored, 7, 10)},
		"LZMA with a reserved flag":    {34925, change(xzStored, 13, 4)},
		"LZMA with another header sum": {34925, change(xzStored, 20, 0)},
		"LZMA with another index":      {34925, change(xzStored, -20, 0x55)},
		"LZMA with another footer":     {34925, change(xzStored, -1, 'z')},
		"LZMA cut short":               {34925, func(b []byte) []byte { b = xzStored(b); return b[:len(b)-1] }},
		"LZMA of too few pixels":       {34925, func(b []byte) []byte { return append(xzStored(b[:9]), xzStored(b[9:])...) }},
		"Zstandard without a frame":    {50000, change(zstdStored, 0, 1)},
		"Zstandard with a dictionary":  {50000, change(zstdStored, 4, 0x81)},
		"Zstandard of another size":    {50000, change(zstdStored, 6, 0x55)},
		"Zstandard cut short":          {50000, func(b []byte) []byte { b = zstdStored(b); return b[:len(b)-1] }},
		"Zstandard of two frames":      {50000, func(b []byte) []byte { return append(zstdStored(b[:9]), zstdStored(b[9:])...) }},
		"Zstandard of too few pixels":  {50000, func(b []byte) []byte { return append(zstdMatched(b[1:]), 0) }},
		"Zstandard without offsets":    {50000, change(zstdMatched, -4, 2)},
		"Zstandard skipped":            {50000, func([]byte) []byte { return []byte{0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0} }},
	} {
		_, err := imageproc.Strip(io.Discard, bytes.NewReader(streamTIFF(row.compression, 1, row.code)), nil)
		if !errors.Is(err, imageproc.ErrCorrupt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// faxTIFF is a page of black columns in white, 8 pixels wide, in a strip of CCITT's
// codes: of a compression with its T4Options. change has the bytes as they are stored.
func faxTIFF(coding [2]uint64, order uint64, rows int, change func(strip []byte) []byte) []byte {
	const line, eol = "0111" + "11" + "1011", "000000000001" // 2, 2 and 4 pixels
	first := map[uint64]string{2: line + "000000", 32771: line + "000000", 3: eol + line, 4: "001" + "0111" + "11" + "1"}[coding[0]]
	next := first
	switch {
	case coding[0] == 4:
		next = "111"
	case coding[1]&1 == 1:
		first, next = eol+"1"+line, eol+"0"+"111"
	}
	var b []byte
	for i, bit := range first + strings.Repeat(next, rows-1) {
		if i&7 == 0 {
			b = append(b, 0)
		}
		b[len(b)-1] |= byte(bit&1) << (7 - i&7)
	}
	if order == 2 {
		b = turnedBits(b)
	}
	p := craftedPage{
		tags: []craftedTag{
			tagOf(256, 3, 8), tagOf(257, 4, uint64(rows)), tagOf(258, 3, 1), tagOf(259, 3, coding[0]), tagOf(262, 3, 0), tagOf(266, 3, order),
			tagOf(277, 3, 1), tagOf(278, 4, uint64(rows)), tagOf(292, 4, coding[1]),
		},
		strips: [][]byte{change(b)},
	}
	return (&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}).build()
}

// TestTIFFFaxEnds hides bytes behind the last row of CCITT's codings, in small files and
// large ones, and bits behind the last code.
func TestTIFFFaxEnds(t *testing.T) {
	for _, coding := range [][2]uint64{{2, 0}, {32771, 0}, {3, 0}, {3, 4}, {3, 1}, {4, 0}} {
		for _, order := range []uint64{1, 2} {
			for _, rows := range []int{1, 7, 200_000} {
				in := faxTIFF(coding, order, rows, bytes.Clone)
				want, report := strip(t, in)
				if len(report.Removed) > 0 {
					t.Fatalf("%d, %d rows: %+v", coding, rows, report.Removed)
				}
				if got, err := thoroughly(in); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%d, %d rows, thorough: %v", coding, rows, err)
				}
				for encoding, secret := range secrets() {
					out, report := strip(t, faxTIFF(coding, order, rows, func(b []byte) []byte { return joined(b, secret) }))
					// The zeros that UTF-16BE begins with may be those of an EOL.
					if len(out) > len(want)+2 || encoding != "UTF-16BE" && !bytes.Equal(out, want) || len(report.Removed) == 0 {
						t.Errorf("%d, order %d, %d rows, %s: %d bytes for %d, %+v", coding, order, rows, encoding, len(out), len(want), report.Removed)
					}
				}
				out, err := thoroughly(faxTIFF(coding, order, rows, func(b []byte) []byte {
					b[len(b)-1] |= map[uint64]byte{1: 1, 2: 0x80}[order]
					return b
				}))
				if rows == 1 && (err != nil || !bytes.Equal(out, want)) {
					t.Errorf("%d, order %d: a bit behind the last code stays, %v", coding, order, err)
				}
			}
		}
	}
}

// TestTIFFFaxUnfollowed has codes that decoders do not read alike: they pass as they are,
// but not with Thorough, and not with a text behind them.
func TestTIFFFaxUnfollowed(t *testing.T) {
	secret := secrets()["UTF-8"]
	for _, coding := range [][2]uint64{{2, 0}, {32771, 0}, {3, 0}, {3, 1}, {4, 0}} {
		broken := faxTIFF(coding, 1, 7, func([]byte) []byte { return []byte{0, 0x40, 1, 2, 3} })
		if out, _ := strip(t, broken); !bytes.Contains(out, []byte{0, 0x40, 1, 2, 3}) {
			t.Errorf("%d: changed", coding)
		}
		if out, err := thoroughly(broken); !errors.Is(err, imageproc.ErrCorrupt) || len(out) > 0 {
			t.Errorf("%d, thorough: %v, %d bytes", coding, err, len(out))
		}
		var out bytes.Buffer
		_, err := imageproc.Strip(&out, bytes.NewReader(faxTIFF(coding, 1, 7, func([]byte) []byte { return joined([]byte{0, 0x40, 1, 2, 3}, secret) })), nil)
		if !errors.Is(err, imageproc.ErrCorrupt) || out.Len() > 0 {
			t.Errorf("%d, with a text: %v, %d bytes", coding, err, out.Len())
		}
	}
}

// TestTIFFDeflateOfMuch has strips with a byte too many of 42 MB each: one is coded anew,
// but not two.
func TestTIFFDeflateOfMuch(t *testing.T) {
	const width, rows = 10_000, 1400
	code := deflate(make([]byte, 3*width*rows+1))
	for strips, ok := range map[int]bool{1: true, 2: false} {
		p := rgbPage(32).with(tagOf(256, 4, width), tagOf(257, 4, uint64(rows*strips)), tagOf(278, 4, rows))
		p.strips = slices.Repeat([][]byte{code}, strips)
		p = p.coded(8, bytes.Clone)
		_, err := thoroughly((&craftedTIFF{order: binary.LittleEndian, pages: []craftedPage{p}}).build())
		if ok != (err == nil) || !ok && !errors.Is(err, imageproc.ErrCorrupt) {
			t.Errorf("%d strips: %v", strips, err)
		}
	}
}

// TestTIFFTurnedEnds hides bytes behind codings whose bits are in the other order, which
// libtiff turns before it decodes, and other decoders do not: what either needs stays.
func TestTIFFTurnedEnds(t *testing.T) {
	for compression, code := range map[uint64]func([]byte) []byte{5: tiffLZW, 8: deflate, 32773: packBits} {
		for name, stored := range map[string]func([]byte) []byte{"turned": turnedBits, "as it is": bytes.Clone} {
			if name == "as it is" && compression != 32773 {
				continue // no picture for libtiff
			}
			var strips [][]byte
			plain := streamTIFF(compression, 2, func(b []byte) []byte {
				strips = append(strips, stored(code(b)))
				return strips[len(strips)-1]
			})
			want, report := strip(t, plain)
			for i, s := range strips {
				if !bytes.Contains(want, s) || len(report.Removed) > 0 {
					t.Errorf("%d, %s: strip %d is another, %+v", compression, name, i, report.Removed)
				}
			}
			for encoding, secret := range secrets() {
				out, report := strip(t, streamTIFF(compression, 2, func(b []byte) []byte { return joined(stored(code(b)), secret) }))
				if !bytes.Equal(out, want) || len(report.Removed) == 0 {
					t.Errorf("%d, %s, %s: %d bytes for %d, %+v", compression, name, encoding, len(out), len(want), report.Removed)
				}
			}
		}
	}
}

// TestTIFFDeflateUnfollowed: what is no deflate passes as it is, but not with a text
// behind it.
func TestTIFFDeflateUnfollowed(t *testing.T) {
	for _, order := range []uint64{1, 2} {
		none := []byte{0x78, 0x9C, 7, 1, 2, 3}
		if out, _ := strip(t, streamTIFF(8, order, func([]byte) []byte { return none })); !bytes.Contains(out, none) {
			t.Errorf("order %d: changed", order)
		}
		var out bytes.Buffer
		in := streamTIFF(8, order, func([]byte) []byte { return joined(none, secrets()["UTF-8"]) })
		if _, err := imageproc.Strip(&out, bytes.NewReader(in), nil); !errors.Is(err, imageproc.ErrCorrupt) || out.Len() > 0 {
			t.Errorf("order %d: %v, %d bytes", order, err, out.Len())
		}
	}
}
