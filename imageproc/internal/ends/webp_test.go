package ends_test

import (
	"bytes"
	"image"
	"io"
	"testing"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// bytesRead counts what a decoder takes, a byte at a time.
type bytesRead struct {
	io.ByteReader
	n int
}

func (c *bytesRead) ReadByte() (byte, error) {
	b, err := c.ByteReader.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

func (c *bytesRead) Read([]byte) (int, error) { panic("not by bytes") }

// lowWriter writes bits from the lowest of a byte to the highest.
type lowWriter struct {
	out  []byte
	bits uint64
	n    int
}

func (w *lowWriter) put(v uint64, n int) {
	w.bits |= v << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.bits))
		w.bits >>= 8
	}
}

// one writes a prefix code of a symbol without bits.
func (w *lowWriter) one(symbol int) {
	w.put(0b101, 3)
	w.put(uint64(symbol), 8)
}

// code writes a complete prefix code of some of the symbols up to most.
func (w *lowWriter) code(rt *rapid.T, symbols, most int) {
	switch rapid.IntRange(0, 3).Draw(rt, "kind of code") {
	case 0:
		w.one(rapid.IntRange(0, min(most, 256)-1).Draw(rt, "symbol"))
		return
	case 1:
		w.put(0b111, 3)
		// libwebp gives the lower symbol the lower code, x/image the first.
		second := rapid.IntRange(1, min(most, 256)-1).Draw(rt, "second")
		w.put(uint64(rapid.IntRange(0, second-1).Draw(rt, "first")), 8)
		w.put(uint64(second), 8)
		return
	}
	// A tree whose leaves are split at random.
	leaves := []int{1, 1}
	for range rapid.IntRange(0, min(most-2, 60)).Draw(rt, "splits") {
		i := len(leaves) - 1 - rapid.IntRange(0, min(len(leaves)-1, 2)).Draw(rt, "leaf")
		if leaves[i] < 15 {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	lengths := make([]int, symbols)
	step := most / len(leaves)
	for i, l := range leaves {
		lengths[i*step] = l
	}
	w.put(0, 1)
	w.put(15, 4) // all lengths of lengths: four bits for those from 0 to 15, which come behind 17 and 18, and 16 among them
	for _, symbol := range []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} {
		if symbol < 16 {
			w.put(4, 3)
		} else {
			w.put(0, 3)
		}
	}
	used := symbols
	if rapid.Bool().Draw(rt, "cut") {
		for lengths[used-1] == 0 {
			used--
		}
		used = max(used, 2)
		w.put(1, 1)
		w.put(5, 3)
		w.put(uint64(used-2), 12)
	} else {
		w.put(0, 1)
	}
	for _, l := range lengths[:used] {
		for bit := 3; bit >= 0; bit-- { // codes go from their highest bit
			w.put(uint64(l>>bit&1), 1)
		}
	}
}

// small writes a picture with a bit for each pixel, green 0 or the number given.
func (w *lowWriter) small(rt *rapid.T, pixels, green int) {
	w.put(0, 1) // no cache
	w.put(0b111, 3)
	w.put(0, 8)
	w.put(uint64(green), 8)
	for range 4 {
		w.one(0)
	}
	for range pixels {
		w.put(rapid.Uint64Range(0, 1).Draw(rt, "pixel"), 1)
	}
}

// drawVP8L is a picture, header included, with more bytes behind its codes than it
// takes.
func drawVP8L(rt *rapid.T) (data []byte, width, height int) {
	var w lowWriter
	width, height = rapid.IntRange(1, 40).Draw(rt, "width"), rapid.IntRange(1, 40).Draw(rt, "height")
	w.put(0x2F, 8)
	w.put(uint64(width-1), 14)
	w.put(uint64(height-1), 14)
	w.put(0, 4)
	parts := func(n, size int) int { return (n + 1<<size - 1) >> size }
	across := width
	for _, kind := range rapid.Permutation([]int{0, 1, 2, 3}).Draw(rt, "transforms")[:rapid.IntRange(0, 4).Draw(rt, "number of transforms")] {
		w.put(1, 1)
		w.put(uint64(kind), 2)
		switch kind {
		case 0, 1:
			size := rapid.IntRange(2, 9).Draw(rt, "size")
			w.put(uint64(size-2), 3)
			w.small(rt, parts(across, size)*parts(height, size), 3)
		case 3:
			colours := rapid.IntRange(1, 256).Draw(rt, "colours")
			w.put(uint64(colours-1), 8)
			w.small(rt, colours, 200)
			for size, most := range map[int]int{3: 2, 2: 4, 1: 16} {
				if colours <= most && (size == 3 || colours > []int{0, 4, 2}[size]) {
					across = parts(across, size)
					break
				}
			}
		}
	}
	w.put(0, 1)
	cached := 0
	if rapid.Bool().Draw(rt, "cache") {
		bits := rapid.IntRange(1, 11).Draw(rt, "bits of the cache")
		cached = 1 << bits
		w.put(1, 1)
		w.put(uint64(bits), 4)
	} else {
		w.put(0, 1)
	}
	groups := 1
	if rapid.Bool().Draw(rt, "groups") {
		size := rapid.IntRange(2, 9).Draw(rt, "size of groups")
		groups = rapid.IntRange(2, 5).Draw(rt, "number of groups")
		w.put(1, 1)
		w.put(uint64(size-2), 3)
		pixels := parts(across, size) * parts(height, size)
		w.put(0, 1)
		w.put(0b111, 3)
		w.put(0, 8)
		w.put(uint64(groups-1), 8)
		for range 4 {
			w.one(0)
		}
		for i := range pixels {
			v := rapid.Uint64Range(0, 1).Draw(rt, "group")
			if i == 0 {
				v = 1 // so that there are as many as there may be
			}
			w.put(v, 1)
		}
	} else {
		w.put(0, 1)
	}
	most := rapid.SampledFrom([]int{256, 256, 259, 280, 280 + cached}).Draw(rt, "most")
	for range groups {
		w.code(rt, 280+cached, most)
		for range 3 {
			w.code(rt, 256, 256)
		}
		w.code(rt, 40, 6)
	}
	tail := rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(rt, "codes")
	for range 8 * width * height {
		w.put(uint64(tail[len(w.out)%10]^byte(len(w.out)*151>>3)), 8)
	}
	w.put(0, 8)
	return w.out, width, height
}

func TestVP8L(t *testing.T) {
	read := 0
	rapid.Check(t, func(rt *rapid.T) {
		data, width, height := drawVP8L(rt)
		if rapid.IntRange(0, 3).Draw(rt, "cut short") == 0 {
			data = data[:rapid.IntRange(5, len(data)).Draw(rt, "bytes")]
		}
		work := 1 << 24
		used, mask, state := ends.VP8L(data[5:], width, height, &work)
		r := &bytesRead{ByteReader: bytes.NewReader(data)}
		want, err := vp8l.Decode(r)
		if (state == ends.Whole) != (err == nil) {
			rt.Fatalf("state %v, x/image says %v", state, err)
		}
		if err != nil {
			return
		}
		if read++; r.n != 5+used && r.n != 5+used+1 { // which looks ahead
			rt.Fatalf("%d bytes used, x/image takes %d", 5+used, r.n)
		}
		if _, err := vp8l.Decode(bytes.NewReader(data[:4+used])); err == nil {
			rt.Fatal("decodes with a byte less")
		}
		cut := bytes.Clone(data[:5+used])
		cut[4+used] &= mask
		got, err := vp8l.Decode(bytes.NewReader(cut))
		if err != nil || !bytes.Equal(pixels(got), pixels(want)) {
			rt.Fatalf("what is behind the end counts: %v", err)
		}
		few := 10
		if _, _, s := ends.VP8L(data[5:], width, height, &few); s != ends.Costly {
			rt.Fatalf("state %v with hardly any work allowed", s)
		}
	})
	if read < 10 {
		t.Errorf("only %d pictures were valid", read)
	}
}

// drawVP8 is a frame of noise, which all is valid, as long as there are enough bytes.
func drawVP8(rt *rapid.T) []byte {
	noise := func(n int) []byte {
		seed := rapid.Uint64().Draw(rt, "noise")
		b := make([]byte, n)
		for i := range b {
			seed = seed*6364136223846793005 + 1442695040888963407
			b[i] = byte(seed >> 56)
		}
		return b
	}
	width, height := rapid.IntRange(1, 70).Draw(rt, "width"), rapid.IntRange(1, 70).Draw(rt, "height")
	blocks := (width + 15) / 16 * ((height + 15) / 16)
	first := noise(300 + 20*blocks)
	// Few of the bits that ask for other probabilities are likely to be set, and
	// none of those that ask for no coefficients.
	if rapid.Bool().Draw(rt, "plain") {
		clear(first[:rapid.IntRange(1, 300).Draw(rt, "zeros")])
	}
	rest := noise(100 + 400*blocks)
	tag := uint32(1<<4 | len(first)<<5)
	out := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9D, 1, 0x2A, byte(width), 0, byte(height), 0}
	out = append(out, first...)
	// Sizes of partitions, of which there are as many as the noise says.
	for range 7 {
		out = append(out, byte(len(rest)/10), byte(len(rest)/10>>8), 0)
	}
	return append(out, rest...)
}

func decodeVP8(b []byte) ([]byte, error) {
	d := vp8.NewDecoder()
	d.Init(bytes.NewReader(b), len(b))
	if _, err := d.DecodeFrameHeader(); err != nil {
		return nil, err
	}
	img, err := d.DecodeFrame()
	if err != nil {
		return nil, err
	}
	return append(append(bytes.Clone(img.Y), img.Cb...), img.Cr...), nil
}

func TestVP8(t *testing.T) {
	read, several := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		data := drawVP8(rt)
		if rapid.Bool().Draw(rt, "cut short") {
			data = data[:rapid.IntRange(10, len(data)).Draw(rt, "bytes")]
		}
		work := 1 << 24
		parts, state := ends.VP8(data, &work)
		want, err := decodeVP8(data)
		if (state == ends.Whole) != (err == nil) {
			rt.Fatalf("state %v, x/image says %v", state, err)
		}
		if err != nil {
			return
		}
		read++
		few := 24 // blocks, one less than a macroblock has
		if _, s := ends.VP8(data, &few); s != ends.Costly {
			rt.Fatalf("state %v with hardly any work allowed", s)
		}
		if len(parts) > 2 {
			several++
		}
		other := bytes.Clone(data)
		for _, p := range parts {
			for i := p.Used; i < p.Size; i++ {
				other[p.At+i] ^= 0xFF
			}
		}
		last := parts[len(parts)-1]
		other = other[:last.At+last.Used]
		got, err := decodeVP8(other)
		if err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("what is behind the end counts: %v", err)
		}
		if _, err := decodeVP8(data[:last.At+last.Used-1]); err == nil && last.Used > 1 {
			rt.Fatal("decodes with a byte less")
		}
	})
	if read < 30 || several < 5 {
		t.Errorf("only %d frames were valid, %d with several partitions", read, several)
	}
}

func pixels(img image.Image) []byte { return img.(*image.NRGBA).Pix }
