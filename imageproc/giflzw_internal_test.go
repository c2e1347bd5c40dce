package imageproc

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawGIFCodes writes codes of all kinds: mostly strings that are known, with a clear,
// an end or nonsense now and then, and tables that stay full.
func drawGIFCodes(rt *rapid.T, size int) (b []byte, pixels int) {
	var w LowBits
	wide, known := size+1, 0 // strings known, of two pixels or more
	put := func(code int) { w.Put(uint64(code), uint(wide)) }
	seed := rapid.Uint64().Draw(rt, "seed")
	random := func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed>>33) % n
	}
	odd := rapid.SampledFrom([]int{50, 1000, 10_000, 1 << 30}).Draw(rt, "odd")
	clears := rapid.Bool().Draw(rt, "clears")
	first := 1<<size + 2
	lengths, last := make([]int, 0, 1<<12), 0
	for range rapid.IntRange(0, 9000).Draw(rt, "codes") {
		code := random(1 << size)
		switch {
		case random(odd) == 0:
			code = random(1 << wide)
		case clears && first+known == 1<<12:
			code = 1 << size
		case last > 0 && random(9) == 0 && first+known < 1<<12:
			code = first + known
		case known > 0 && random(3) > 0:
			code = first + random(known)
		}
		put(code)
		if code == 1<<size {
			wide, known, last, lengths = size+1, 0, 0, lengths[:0]
			continue
		}
		if last > 0 && first+known < 1<<12 {
			lengths = append(lengths, last+1)
			if known++; first+known == 1<<wide && wide < 12 {
				wide++
			}
		}
		if last = 1; code >= first && code-first < known {
			last = lengths[code-first]
		}
		pixels += last
	}
	if rapid.Bool().Draw(rt, "closed") {
		put(1<<size + 1)
	}
	return append(w.Bytes(), rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "behind")...), pixels
}

// Both walks along GIF's codes, which take several at a time, come as far as by
// single bytes, which holds one code or two.
func TestGIFWalks(t *testing.T) {
	far := 0
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.IntRange(2, 8).Draw(rt, "size")
		b, pixels := drawGIFCodes(rt, size)
		want := max(1, pixels-rapid.IntRange(-3, 3).Draw(rt, "less"))
		if rapid.Bool().Draw(rt, "within") {
			want = rapid.IntRange(1, want).Draw(rt, "want")
		}
		block := rapid.SampledFrom([]int{7, 8, 20, 255}).Draw(rt, "block")
		quick, err := newLZWWalk(byte(size), want)
		if err != nil {
			rt.Fatal(err)
		}
		slow, _ := newLZWWalk(byte(size), want)
		quickCount, slowCount := codeCounter{low: uint(size)}, codeCounter{low: uint(size)}
		quickCount.clear()
		slowCount.clear()
		quickOver, slowOver := false, false
		for part := range slices.Chunk(b, block) {
			quick.take(part)
			for len(part) > 0 && !quickOver {
				n := quickCount.words(part)
				if far += n; n == 0 {
					quickOver, n = !quickCount.byte(part[0]), 1
				}
				part = part[n:]
			}
		}
		for i := range b {
			slow.take(b[i : i+1])
			slowOver = slowOver || !slowCount.byte(b[i])
		}
		quickLeft, quickMask := quick.used()
		slowLeft, slowMask := slow.used()
		if quickLeft != slowLeft || quickMask != slowMask || quick.err != slow.err || quick.pixels != slow.pixels || quick.ended != slow.ended {
			rt.Fatalf("%d bytes of %d, mask %x, %v, %d pixels left; byte by byte %d, %x, %v, %d",
				quickLeft, len(b), quickMask, quick.err, quick.pixels, slowLeft, slowMask, slow.err, slow.pixels)
		}
		if quickOver != slowOver || quickCount != slowCount {
			rt.Fatalf("the verifier is at %+v, over %v; byte by byte at %+v, %v", quickCount, quickOver, slowCount, slowOver)
		}
	})
	if far == 0 {
		t.Error("never more than a code at a time")
	}
}

// TestGIFEndInALeftover: the end code may be whole in the last bits of what a word left.
func TestGIFEndInALeftover(t *testing.T) {
	for size := uint(2); size <= 8; size++ {
		for codes := range 200 {
			var w LowBits
			wide, count := size+1, uint(0)
			for range codes {
				w.Put(1, wide)
				if count++; count+1<<size+1 >= 1<<wide && wide < 12 {
					wide++
				}
			}
			w.Put(1<<size+1, wide)
			w.Put(0xFF>>w.Held, 8-w.Held) // what nobody reads
			quick, slow := codeCounter{low: size}, codeCounter{low: size}
			quick.clear()
			slow.clear()
			for _, c := range w.Out {
				slow.byte(c)
			}
			for rest := w.Out; len(rest) > 0; {
				if rest = rest[quick.words(rest):]; len(rest) > 0 {
					quick.byte(rest[0])
					rest = rest[1:]
				}
			}
			if quick != slow || !quick.over {
				t.Fatalf("%d codes of %d bits: %+v; byte by byte %+v", codes, size, quick, slow)
			}
		}
	}
}
