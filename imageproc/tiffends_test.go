package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"slices"
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

// TestTIFFStreamsOfTooMuch have more pixels than the page: Thorough does not take
// them, for what nobody sees could be anything.
func TestTIFFStreamsOfTooMuch(t *testing.T) {
	for name, row := range map[string]struct {
		compression uint64
		code        func([]byte) []byte
	}{"LZMA": {34925, xzStored}, "Zstandard": {50000, zstdStored}, "Zstandard, compressed": {50000, zstdMatched}} {
		if _, err := thoroughly(streamTIFF(row.compression, 1, row.code)); err != nil {
			t.Errorf("%s: got %v for as many pixels as there are", name, err)
		}
		in := streamTIFF(row.compression, 1, func(b []byte) []byte { return row.code(append(bytes.Clone(b), 1)) })
		if out, _ := strip(t, in); len(out) == 0 {
			t.Errorf("%s: no output", name)
		}
		if out, err := thoroughly(in); !errors.Is(err, imageproc.ErrCorrupt) || len(out) > 0 {
			t.Errorf("%s: got %v, %d bytes", name, err, len(out))
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
		p := rgbPage(rows).coded(50000, func([]byte) []byte { return zstdBlocks(blocks...) })
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
