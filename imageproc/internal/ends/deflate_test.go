package ends_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// samples are data of several kinds, coded with all levels.
func zlibSamples(tb testing.TB) map[string][]byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	random, smooth := make([]byte, 60_000), make([]byte, 150_000)
	for i := range random {
		random[i] = byte(rnd.Uint32())
	}
	for i := range smooth {
		smooth[i] = byte(rnd.NormFloat64() * 6)
	}
	list := map[string][]byte{}
	for name, data := range map[string][]byte{
		"empty": nil, "one": {7}, "random": random, "smooth": smooth,
		"text":   bytes.Repeat([]byte("now is the time for all good pictures to come to the aid of "), 1000),
		"zeros":  make([]byte, 200_000),
		"mixed":  append(append(bytes.Clone(smooth[:40_000]), random[:40_000]...), make([]byte, 70_000)...),
		"skewed": skewed(rnd),
	} {
		for _, level := range []int{zlib.HuffmanOnly, zlib.NoCompression, zlib.BestSpeed, 6, zlib.BestCompression} {
			var b bytes.Buffer
			w, err := zlib.NewWriterLevel(&b, level)
			if err != nil {
				tb.Fatal(err)
			}
			if _, err := w.Write(data); err != nil {
				tb.Fatal(err)
			}
			if err := w.Close(); err != nil {
				tb.Fatal(err)
			}
			list[name+string(rune('c'+level))] = b.Bytes()
		}
	}
	return list
}

// skewed has symbols whose codes get longer than any table knows at once.
func skewed(rnd *rand.Rand) []byte {
	data := make([]byte, 0, 100_000)
	for len(data) < cap(data) {
		v := 0
		for rnd.IntN(2) == 0 && v < 200 {
			v++
		}
		data = append(data, byte(v))
	}
	return data
}

func cutUp(data []byte, n int) (pieces [][]byte) {
	for len(data) > n {
		pieces, data = append(pieces, data[:n]), data[n:]
	}
	return append(pieces, data)
}

// inflated is what compress/zlib says.
func inflated(data []byte) (taken, size int64, ok bool) {
	in := bytes.NewReader(data)
	z, err := zlib.NewReader(in)
	if err != nil {
		return 0, 0, false
	}
	n, err := io.Copy(io.Discard, z)
	return int64(len(data) - in.Len()), n, err == nil
}

// unsound says that compress/flate refuses what is in a zlib stream. The window that
// the head declares and the checksum do not count: ends does not look at them.
func unsound(data []byte) bool {
	if len(data) < 2 {
		return true
	}
	_, err := io.Copy(io.Discard, flate.NewReader(bytes.NewReader(data[2:])))
	return err != nil
}

func TestZlib(t *testing.T) {
	for name, data := range zlibSamples(t) {
		_, want, ok := inflated(data)
		if !ok {
			t.Fatal("not a stream")
		}
		for _, tail := range []string{"", "x", "what hides behind the end of a stream"} {
			for _, n := range []int{1, 7, 8192, 1 << 20} {
				taken, size, state := ends.Zlib(cutUp(append(bytes.Clone(data), tail...), n), want, new(64))
				if taken != int64(len(data)) || size != want || state != ends.Whole {
					t.Fatalf("%s in pieces of %d and a tail of %d: took %d of %d, inflates to %d of %d, %v", name, n, len(tail), taken, len(data), size, want, state)
				}
			}
		}
		if want > 0 {
			if _, _, state := ends.Zlib([][]byte{data}, want-1, new(64)); state != ends.Longer {
				t.Errorf("%s: inflates to more than may be, and passes", name)
			}
		}
		for _, n := range []int{1, 2, 5, len(data) / 2} {
			if _, _, state := ends.Zlib([][]byte{data[:len(data)-min(n, len(data))]}, 1<<40, new(64)); state != ends.Broken {
				t.Errorf("%s: passes without its last %d bytes", name, n)
			}
		}
	}
}

// TestZlibDamaged compares with compress/zlib on broken streams. The checksum is
// the one thing that only it knows.
func TestZlibDamaged(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	agreed := 0
	for name, data := range zlibSamples(t) {
		for range 20 {
			broken := bytes.Clone(data[:min(len(data), 2000+rnd.IntN(len(data)))])
			for range 1 + rnd.IntN(3) {
				broken[rnd.IntN(len(broken))] ^= 1 << rnd.IntN(8)
			}
			_, size, ok := inflated(broken)
			_, gotSize, state := ends.Zlib(cutUp(broken, 1+rnd.IntN(5000)), 1<<40, new(64))
			got := state == ends.Whole
			if ok && (!got || size != gotSize) {
				t.Fatalf("%s: a sound stream of %d bytes is taken for one of %d, %v", name, size, gotSize, got)
			}
			if got && unsound(broken) {
				t.Fatalf("%s: a stream that compress/zlib refuses is taken for one of %d bytes", name, gotSize)
			}
			if ok == got {
				agreed++
			}
		}
	}
	if agreed == 0 {
		t.Error("no stream was judged as by compress/zlib")
	}
}

// TestZlibFar has a distance reach in front of the first byte, in a block that is long
// enough to be read by tables: no decoder takes it.
func TestZlibFar(t *testing.T) {
	// One fixed block: a literal, a length of 3 with distance 4, literals, the end.
	var w bitWriter
	w.low(1, 1)
	w.low(1, 2)
	w.code(0x30+'a', 8)
	w.code(1, 7) // length 3
	w.code(3, 5) // distance 4
	for range 40 {
		w.code(0x30+'b', 8)
	}
	w.code(0, 7)
	data := append([]byte{0x78, 0x01}, w.out...)
	data = append(data, "\x00\x00\x00\x00 and what hides behind the end of the stream"...)
	if !unsound(data) {
		t.Fatal("compress/flate takes it")
	}
	for _, n := range []int{1, 7, 1 << 20} {
		if taken, size, state := ends.Zlib(cutUp(data, n), 1<<40, new(64)); state != ends.Broken {
			t.Errorf("in pieces of %d: took %d of %d, inflates to %d, %v", n, taken, len(data), size, state)
		}
	}
}

// bitWriter writes from the lowest bit of a byte to the highest; codes from their
// highest bit.
type bitWriter struct {
	out []byte
	n   int
}

func (w *bitWriter) low(v, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

func (w *bitWriter) code(v, n int) {
	for i := n - 1; i >= 0; i-- {
		w.low(v>>i, 1)
	}
}

func FuzzZlib(f *testing.F) {
	for name, data := range zlibSamples(f) {
		if len(data) < 5000 {
			f.Add(data, len(name))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		taken, size, ok := inflated(data)
		gotTaken, gotSize, state := ends.Zlib(cutUp(data, max(1, n)), 1<<40, new(64))
		got := state == ends.Whole
		if ok && state != ends.Costly && (!got || size != gotSize || taken != gotTaken) {
			t.Fatalf("took %d bytes for %d, %v; compress/zlib %d for %d", gotTaken, gotSize, got, taken, size)
		}
		if got && unsound(data) {
			t.Fatalf("took %d bytes for %d, which compress/flate refuses", gotTaken, gotSize)
		}
	})
}

func BenchmarkZlib(b *testing.B) {
	samples := zlibSamples(b)
	for _, name := range []string{"smoothi", "texti", "mixedi"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(samples[name])))
			for b.Loop() {
				if _, _, state := ends.Zlib([][]byte{samples[name]}, 1<<40, new(64)); state != ends.Whole {
					b.Fatal("broken")
				}
			}
		})
	}
}
