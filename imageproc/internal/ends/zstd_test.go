package ends_test

import (
	"bytes"
	"maps"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// zstdSizes are of what the frames in testdata/zstd hold.
var zstdSizes = map[string]int64{
	"copies": 40000, "copies27": 150000, "mixed": 12000, "none": 0, "one": 1, "photo3": 3000, "photo9": 20000,
	"plain": 2000, "random": 700, "rle": 3000, "smooth": 10000, "smoothblocks": 4000, "text22": 5000, "text3": 4000,
	"window": 12000, "windowtext": 6000, "zeros": 300000, "zerostream": 300000,
}

func zstdFrame(tb testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", "zstd", name+".zst"))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// zstd follows with as much work allowed as there can be.
func zstd(data []byte) (from, to int, size int64, state ends.State) {
	work := math.MaxInt
	return ends.Zstd(data, &work)
}

func TestZstdFrames(t *testing.T) {
	skipped := []byte{0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3}
	for name, want := range zstdSizes {
		b := zstdFrame(t, name)
		for _, tail := range [][]byte{nil, {0}, []byte("a text behind the end"), b, skipped} {
			from, to, size, state := zstd(append(bytes.Clone(b), tail...))
			if from != 0 || to != len(b) || size != want || state != ends.Whole {
				t.Errorf("%s and %d bytes: %d to %d, %d bytes, state %v", name, len(tail), from, to, size, state)
			}
			from, to, size, state = zstd(slices.Concat(skipped, skipped, b, tail))
			if from != 22 || to != 22+len(b) || size != want || state != ends.Whole {
				t.Errorf("%s behind what is skipped: %d to %d, %d bytes, state %v", name, from, to, size, state)
			}
		}
		for n := range b {
			if from, to, size, state := zstd(b[:n]); from|to|int(size) != 0 || state != ends.Broken {
				t.Errorf("%s cut to %d bytes: %d to %d, %d bytes, state %v", name, n, from, to, size, state)
			}
		}
		work := 1 << 20
		ends.Zstd(b, &work)
		took := 1<<20 - work
		left := took
		if _, _, _, state := ends.Zstd(b, &left); state != ends.Whole || left != 0 {
			t.Errorf("%s: state %v with enough work allowed, %d left", name, state, left)
		}
		left = took - 1
		if _, _, size, state := ends.Zstd(b, &left); took > 0 && (state != ends.Costly || size != 0 || left >= 0) {
			t.Errorf("%s: state %v with too little work allowed", name, state)
		}
	}
}

// TestZstdFlipped holds frames with a bit turned against the same rules as any data.
func TestZstdFlipped(t *testing.T) {
	broken, all := 0, 0
	for _, name := range slices.Sorted(maps.Keys(zstdSizes)) {
		b := zstdFrame(t, name)
		step := 1 + 2*(len(b)/500)
		for i := 0; i < 8*len(b); i += step {
			b[i/8] ^= 1 << (i % 8)
			if _, _, _, state := zstd(b); state == ends.Broken {
				broken++
			}
			b[i/8] ^= 1 << (i % 8)
		}
	}
	if broken < all/4 {
		t.Errorf("only %d of %d were broken", broken, all)
	}
}

func checkZstd(t *testing.T, data []byte) {
	work := 1 << 20
	from, to, size, state := ends.Zstd(data, &work)
	switch {
	case state == ends.Costly && work >= 0, state != ends.Costly && work < 0:
		t.Errorf("state %v with %d work left", state, work)
	case state != ends.Whole && (from != 0 || to != 0 || size != 0):
		t.Errorf("state %v, but %d to %d, %d bytes", state, from, to, size)
	case state == ends.Whole && (to > len(data) || to < from+8 || size > int64(to-from)<<17):
		t.Errorf("%d to %d, %d bytes", from, to, size)
	case state == ends.Whole:
		if f, end, n, s := zstd(data[:to]); f != from || end != to || n != size || s != ends.Whole {
			t.Errorf("without the tail %d to %d, %d bytes, state %v", f, end, n, s)
		}
		if _, _, _, s := zstd(data[:to-1]); s != ends.Broken {
			t.Errorf("a byte less: state %v", s)
		}
	}
}

// zstdSymbols are some symbols of sequences: the least of the numbers they stand for,
// and how many bits more.
var zstdSymbols = struct{ literals, matches map[byte][2]int }{
	literals: map[byte][2]int{0: {0, 0}, 1: {1, 0}, 15: {15, 0}, 16: {16, 1}, 20: {24, 2}, 24: {48, 4}, 25: {64, 6}, 28: {512, 9}, 35: {65536, 16}},
	matches:  map[byte][2]int{0: {3, 0}, 1: {4, 0}, 31: {34, 0}, 32: {35, 1}, 36: {43, 2}, 42: {99, 5}, 43: {131, 7}, 45: {515, 9}, 52: {65539, 16}},
}

// zstdSequences writes a block of sequences, all of the same symbols: of literals,
// offsets, matches. The numbers are in that order, too.
func zstdSequences(literals int, symbols [3]byte, again bool, numbers [][3]int) []byte {
	b := []byte{byte(literals<<4 | 13), byte(literals >> 4), byte(literals >> 12), 'x'} // repeated
	switch n := len(numbers); {
	case n < 128:
		b = append(b, byte(n))
	case n < 0x7F00:
		b = append(b, byte(n>>8+128), byte(n))
	default:
		b = append(b, 255, byte(n-0x7F00), byte((n-0x7F00)>>8))
	}
	if again {
		b = append(b, 0b11_11_11_00)
	} else {
		b = append(append(b, 0b01_01_01_00), symbols[:]...)
	}
	var w lowWriter
	l, m := zstdSymbols.literals[symbols[0]], zstdSymbols.matches[symbols[2]]
	for _, s := range slices.Backward(numbers) {
		w.put(uint64(s[0]-l[0]), l[1])
		w.put(uint64(s[2]-m[0]), m[1])
		w.put(uint64(s[1]-1<<symbols[1]), int(symbols[1]))
	}
	w.put(1, 1)
	w.put(0, 7)
	return append(b, w.out...)
}

// zstdBlocks makes a frame of compressed blocks with a window of a megabyte.
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

// zstdRun does what sequences say behind so many bytes, and is how many there are
// then, or -1. The last offsets are held as RFC 8878 tells of them.
func zstdRun(size, literals int, numbers [][3]int, last [3]int) (int, [3]int) {
	start := size
	for _, s := range numbers {
		list := last[:]
		offset, place := 0, s[1]-1 // among the last
		if s[0] == 0 {
			place++
		}
		switch {
		case s[1] > 3:
			offset, place = s[1]-3, 2
		case place == 3:
			offset, place = list[0]-1, 2
		default:
			offset = list[place]
		}
		copy(last[:], slices.Insert(slices.Delete(slices.Clone(list), place, place+1), 0, offset))
		size += s[0]
		if literals -= s[0]; literals < 0 || offset < 1 || offset > size {
			return -1, last
		}
		size += s[2]
	}
	if size += literals; size-start > 128<<10 {
		return -1, last
	}
	return size, last
}

// TestZstdSequences writes blocks of any sequences, and carries them out. Most of
// those that are broken are drawn again.
func TestZstdSequences(t *testing.T) {
	whole, broken := 0, 0
	lits, matches := slices.Sorted(maps.Keys(zstdSymbols.literals)), slices.Sorted(maps.Keys(zstdSymbols.matches))
	rapid.Check(t, func(rt *rapid.T) {
		last, size := [3]int{1, 4, 8}, rapid.IntRange(0, 12).Draw(rt, "bytes before")
		blocks := [][]byte{append(append([]byte{byte(size << 3)}, make([]byte, size)...), 0)}
		var symbols [3]byte
		for range rapid.IntRange(1, 12).Draw(rt, "blocks") {
			var block []byte
			for range 6 {
				again, s := len(blocks) > 1 && rapid.IntRange(0, 3).Draw(rt, "again") == 0, symbols
				if !again {
					s = [3]byte{
						rapid.OneOf(rapid.Just(byte(0)), rapid.SampledFrom(lits)).Draw(rt, "literals"),
						rapid.SampledFrom([]byte{0, 1, 1, 1, 2, 2, 3, 6, 10, 17, 29}).Draw(rt, "offsets"),
						rapid.OneOf(rapid.Just(byte(0)), rapid.SampledFrom(matches)).Draw(rt, "matches"),
					}
				}
				l, m := zstdSymbols.literals[s[0]], zstdSymbols.matches[s[2]]
				var numbers [][3]int
				literals := rapid.SampledFrom([]int{0, 0, 0, 1, 3, 800, -1}).Draw(rt, "more literals")
				for range rapid.SampledFrom([]int{1, 1, 2, 3, 7, 130}).Draw(rt, "sequences") {
					n := [3]int{
						l[0] + rapid.IntRange(0, 1<<l[1]-1).Draw(rt, "literals"),
						1<<s[1] + rapid.IntRange(0, 1<<s[1]-1).Draw(rt, "offset"),
						m[0] + rapid.IntRange(0, 1<<m[1]-1).Draw(rt, "match"),
					}
					numbers, literals = append(numbers, n), literals+n[0]
				}
				if literals = max(0, literals); literals > 128<<10 {
					continue
				}
				block = zstdSequences(literals, s, again, numbers)
				then, offsets := zstdRun(size, literals, numbers, last)
				if then >= 0 || rapid.IntRange(0, 15).Draw(rt, "keep") == 0 {
					blocks, size, last, symbols = append(blocks, block), then, offsets, s
					break
				}
			}
			if size < 0 {
				break
			}
		}
		data := zstdBlocks(blocks...)
		_, to, got, state := zstd(data)
		switch {
		case size < 0 && state != ends.Broken:
			rt.Fatalf("%d bytes, state %v, of a broken frame", got, state)
		case size >= 0 && (state != ends.Whole || to != len(data) || int(got) != size):
			rt.Fatalf("%d of %d, %d bytes, want %d, state %v", to, len(data), got, size, state)
		case size < 0:
			broken++
		default:
			whole++
		}
	})
	if whole < 10 || broken < 10 {
		t.Errorf("%d were whole and %d broken", whole, broken)
	}
}

// TestZstdOffsets has the last offsets, 1, 4 and 8 at first, reach as far as there is
// something, and a byte further.
func TestZstdOffsets(t *testing.T) {
	for _, row := range []struct {
		before  int
		numbers [][3]int // without the match, which is of 3 bytes
		whole   bool
	}{
		{0, [][3]int{{1, 1}}, true},
		{0, [][3]int{{0, 4}}, false},
		{3, [][3]int{{1, 2}}, true},
		{2, [][3]int{{1, 2}}, false},
		{7, [][3]int{{1, 3}}, true},
		{6, [][3]int{{1, 3}}, false},
		{4, [][3]int{{0, 1}}, true},
		{3, [][3]int{{0, 1}}, false},
		{8, [][3]int{{0, 2}}, true},
		{7, [][3]int{{0, 2}}, false},
		{9, [][3]int{{0, 3}}, false},                         // 1-1
		{2, [][3]int{{0, 5}, {0, 3}, {0, 3}}, false},         // 2, 2-1, 1-1
		{2, [][3]int{{0, 5}, {0, 3}}, true},                  // 2, 2-1
		{2, [][3]int{{0, 5}, {0, 1}, {0, 3}}, false},         // 2, 1, 1-1
		{2, [][3]int{{0, 5}, {1, 1}, {0, 3}}, true},          // 2, 2, 2-1
		{2, [][3]int{{0, 5}, {0, 2}, {0, 2}}, true},          // 2, 4, 1
		{2, [][3]int{{0, 5}, {0, 2}, {0, 2}, {0, 3}}, false}, // and 1-1
		{2, [][3]int{{0, 5}, {0, 2}, {0, 1}, {0, 3}}, true},  // 2, 4, 2, 2-1
		{9, [][3]int{{0, 1}, {0, 1}, {0, 3}}, false},         // 4, 1, 1-1
		{9, [][3]int{{0, 1}, {0, 2}, {0, 3}}, true},          // 4, 8, 8-1
		{9, [][3]int{{0, 2}, {0, 2}, {0, 1}, {0, 3}}, true},  // 8, 4, 8, 8-1
		{9, [][3]int{{0, 2}, {0, 1}, {0, 3}}, false},         // 8, 1, 1-1
	} {
		blocks := [][]byte{append(append([]byte{byte(row.before << 3)}, make([]byte, row.before)...), 0)}
		size, literals := row.before, byte(0)
		for _, n := range row.numbers {
			n[2], literals = 3, byte(n[0])
			symbols := [3]byte{literals, byte(bits.Len(uint(n[1])) - 1), 0}
			blocks = append(blocks, zstdSequences(n[0], symbols, false, [][3]int{n}))
			size += n[0] + 3
		}
		_, _, got, state := zstd(zstdBlocks(blocks...))
		if row.whole && (state != ends.Whole || int(got) != size) || !row.whole && state != ends.Broken {
			t.Errorf("%d bytes before, %v: %d bytes, want %d, state %v", row.before, row.numbers, got, size, state)
		}
	}
}

// TestZstdWork takes off one for each sequence, and for each state of a table.
func TestZstdWork(t *testing.T) {
	raw := []byte{8 << 3, 1, 2, 3, 4, 5, 6, 7, 8}
	for want, b := range map[int][]byte{
		0:   append(bytes.Clone(raw), 0),
		3:   zstdSequences(0, [3]byte{0, 0, 0}, false, slices.Repeat([][3]int{{0, 1, 3}}, 3)),
		33:  append(bytes.Clone(raw), 1, 0b01_10_01_00, 1, 0xF0, 0x03, 0, 0x20),
		257: append(bytes.Clone(raw), 1, 0b01_10_01_00, 1, 0xF3, 0x1F, 0, 0, 1),
	} {
		work := 1000
		if _, _, _, state := ends.Zstd(zstdBlocks(append(bytes.Clone(raw), 0), b), &work); state != ends.Whole || 1000-work != want {
			t.Errorf("state %v, %d work, want %d", state, 1000-work, want)
		}
	}
}

// TestZstdWindow has blocks as large as the window, and larger by a byte.
func TestZstdWindow(t *testing.T) {
	for window, most := range map[byte]int{0: 1024, 1: 1152, 7: 1920, 8: 2048, 0x37: 122880, 0x38: 128 << 10, 0xFF: 128 << 10} {
		for _, n := range []int{most, most + 1} {
			literals := zstdBlocks([]byte{byte(n<<4 | 13), byte(n >> 4), byte(n >> 12), 7, 0})
			match := zstdBlocks(zstdSequences(n-3, [3]byte{1, 0, 0}, false, [][3]int{{1, 1, 3}}))
			repeated := append(bytes.Clone(literals[:6]), byte(n<<3|3), byte(n>>5), byte(n>>13), 7)
			raw := append(append(bytes.Clone(literals[:6]), byte(n<<3|1), byte(n>>5), byte(n>>13)), make([]byte, n)...)
			for i, b := range [][]byte{literals, match, repeated, raw} {
				b[5] = window
				if _, _, size, state := zstd(b); n == most && (state != ends.Whole || int(size) != n) || n > most && state != ends.Broken {
					t.Errorf("window %#x, case %d: %d bytes, want %d, state %v", window, i, size, n, state)
				}
			}
		}
	}
}

// TestZstdSize has a frame say that it holds a byte more or less.
func TestZstdSize(t *testing.T) {
	for name, at := range map[string]int{"photo9": 5, "one": 5, "zeros": 5, "mixed": 5} {
		b := zstdFrame(t, name)
		for _, to := range []byte{b[at] - 1, b[at] + 1} {
			other := bytes.Clone(b)
			other[at] = to
			if _, _, size, state := zstd(other); state != ends.Broken {
				t.Errorf("%s: %d bytes, state %v", name, size, state)
			}
		}
	}
}

// TestZstdBroken has blocks that decoders take, and the like that they don't.
func TestZstdBroken(t *testing.T) {
	raw := []byte{8 << 3, 1, 2, 3, 4, 5, 6, 7, 8}
	block := func(b ...byte) []byte { return slices.Concat(raw, b) }
	ended := func(b []byte) []byte { return slices.Concat(b, []byte{0}) }
	huffman, treeless := []byte{0x82, 0, 1, 1, 2, 3, 4}, []byte{0x83, 0, 1, 1, 2, 3, 4} // nobody looks at the codes
	one, plain := [3]byte{1, 2, 0}, [][3]int{{1, 4, 3}}
	for name, row := range map[string]struct {
		data []byte
		size int64 // or -1
	}{
		"no sequences":                      {zstdBlocks(block(0)), 8},
		"no sequences, and more":            {zstdBlocks(block(0, 0)), -1},
		"none at all":                       {zstdBlocks(nil), -1},
		"without sequences' number":         {zstdBlocks(raw), -1},
		"number cut short":                  {zstdBlocks(block(200)), -1},
		"long number cut short":             {zstdBlocks(block(255, 0)), -1},
		"no sequences, in two bytes":        {zstdBlocks(block(128, 0, 0, 1)), -1},
		"without modes":                     {zstdBlocks(block(1)), -1},
		"skipped more than there is":        {[]byte{0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 1}, -1},
		"32,600 sequences in a byte":        {zstdBlocks(block(0), zstdSequences(0, [3]byte{}, false, slices.Repeat([][3]int{{0, 1, 3}}, 32600))), 97808},
		"43,691 sequences":                  {zstdBlocks(block(0), zstdSequences(0, [3]byte{}, false, slices.Repeat([][3]int{{0, 1, 3}}, 43691))), -1},
		"one sequence":                      {zstdBlocks(block(1, 0b01_01_01_00, 2, 2, 0, 1<<2|1)), 11},
		"a reserved mode":                   {zstdBlocks(block(1, 0b01_01_01_01, 2, 2, 0, 1<<2|1)), -1},
		"without a bitstream":               {zstdBlocks(block(1, 0b01_01_01_00, 2, 2, 0)), -1},
		"a bitstream without a last":        {zstdBlocks(block(1, 0b01_01_01_00, 2, 2, 0, 5, 0)), -1},
		"a bit too many":                    {zstdBlocks(block(1, 0b01_01_01_00, 2, 2, 0, 1<<3|1)), -1},
		"a bit too few":                     {zstdBlocks(block(1, 0b01_01_01_00, 2, 2, 0, 3)), -1},
		"literals' largest symbol":          {zstdBlocks(zstdSequences(70000, [3]byte{35, 0, 0}, false, [][3]int{{65540, 1, 3}})), 70003},
		"literals' symbol too large":        {zstdBlocks(block(1, 0b01_01_01_00, 36, 2, 0, 1<<2)), -1},
		"offsets' symbol too large":         {zstdBlocks(block(1, 0b01_01_01_00, 2, 32, 0, 0, 0, 0, 0, 1)), -1},
		"matches' symbol too large":         {zstdBlocks(block(1, 0b01_01_01_00, 2, 2, 53, 1<<2)), -1},
		"tables again without any":          {zstdBlocks(block(1, 0b11_01_01_00, 2, 0, 1<<2|1)), -1},
		"tables again":                      {zstdBlocks(zstdSequences(5, one, false, plain), zstdSequences(5, one, true, plain)), 16},
		"tables again after none":           {zstdBlocks(block(0), zstdSequences(5, one, true, plain)), -1},
		"Huffman":                           {zstdBlocks(ended(huffman)), 8},
		"Huffman cut short":                 {zstdBlocks(huffman), -1},
		"Huffman without a tree":            {zstdBlocks(ended(treeless)), -1},
		"Huffman with the tree before":      {zstdBlocks(ended(huffman), ended(treeless)), 16},
		"Huffman of no bytes":               {zstdBlocks([]byte{0x82, 0, 0, 0}), -1},
		"literals of a full block":          {zstdBlocks([]byte{0x0D, 0, 0x20, 7, 0}), 128 << 10},
		"literals of more":                  {zstdBlocks([]byte{0x1D, 0, 0x20, 7, 0}), -1},
		"table's log too large":             {zstdBlocks(block(1, 0b10_01_01_00, 5, 0, 0, 2, 0, 1<<2)), -1},
		"table's log too large for offsets": {zstdBlocks(block(1, 0b01_10_01_00, 1, 0xF4, 0x3F, 0, 0, 2)), -1},
		"table with as large a log":         {zstdBlocks(block(1, 0b01_10_01_00, 1, 0xF3, 0x1F, 0, 0, 1)), 11},
		"table cut short":                   {zstdBlocks(block(1, 0b10_01_01_00, 0)), -1},
		"table of too many symbols":         {zstdBlocks(block(1, 0b10_01_01_00, 0x10, 0xFE, 0xFF, 0xFF, 0x01, 0, 2, 0, 1<<2)), -1},
		"table of one symbol":               {zstdBlocks(block(1, 0b01_10_01_00, 1, 0xF0, 0x03, 0, 0x20)), 11},
	} {
		_, _, size, state := zstd(row.data)
		if row.size < 0 && state != ends.Broken || row.size >= 0 && (state != ends.Whole || size != row.size) {
			t.Errorf("%s: %d bytes, want %d, state %v", name, size, row.size, state)
		}
	}
}

func FuzzZstd(f *testing.F) {
	for name := range zstdSizes {
		f.Add(zstdFrame(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkZstd(t, data) })
}

func BenchmarkZstd(b *testing.B) {
	data := zstdFrame(b, "photo9")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, _, size, _ := zstd(data); size != zstdSizes["photo9"] {
			b.Fatal(size)
		}
	}
}
