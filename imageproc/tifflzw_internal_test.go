package imageproc

import (
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// plainStrings are the strings that codes stand for, by their lengths, and how many
// bits the next code has.
type plainStrings struct {
	lengths    []int
	last, wide int
}

// take is for a code that is neither a clear nor the end; false if it means nothing.
func (s *plainStrings) take(code int) bool {
	if s.last > 0 && len(s.lengths) < 4096-258 {
		if s.lengths = append(s.lengths, s.last+1); s.wide < 12 && 258+len(s.lengths) == 1<<s.wide-1 {
			s.wide++
		}
	}
	switch {
	case code < 256:
		s.last = 1
	case code >= 258 && code-258 < len(s.lengths):
		s.last = s.lengths[code-258]
	default:
		return false
	}
	return true
}

func (s *plainStrings) clear() { s.lengths, s.last, s.wide = s.lengths[:0], 0, 9 }

// plainLZW follows codes one after the other, bit by bit, and says at which bit
// they end: behind the code of the end, or behind the one that gives the last pixel,
// which leaves them open. stuck are codes that mean nothing, or end too early.
func plainLZW(b []byte, need int) (end int, open, stuck bool) {
	have, s := 0, plainStrings{wide: 9}
	for at := 0; ; {
		wide := s.wide
		if at+wide > 8*len(b) {
			return at, true, have < need
		}
		code := 0
		for i := range wide {
			code = code<<1 | int(b[(at+i)/8]>>(7-(at+i)%8)&1)
		}
		switch {
		case code == 257:
			return at + wide, false, false
		case have >= need:
			return at, true, false
		case code == 256:
			at += wide
			s.clear()
			continue
		}
		at += wide
		if !s.take(code) {
			return at, false, true
		}
		have += s.last
	}
}

// drawLZW writes codes of all kinds: mostly strings that are known, some of them
// the newest, with a clear, an end or nonsense now and then.
func drawLZW(rt *rapid.T) (b []byte, pixels int) {
	var bits, filled uint64
	put := func(code, wide int) {
		bits = bits<<wide | uint64(code)
		for filled += uint64(wide); filled >= 8; filled -= 8 {
			b = append(b, byte(bits>>(filled-8)))
		}
	}
	seed := rapid.Uint64().Draw(rt, "seed")
	random := func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed>>33) % n
	}
	newest := rapid.IntRange(1, 40).Draw(rt, "newest")
	odd := rapid.SampledFrom([]int{50, 1000, 10_000, 1 << 30}).Draw(rt, "odd")
	clears := rapid.Bool().Draw(rt, "clears")
	s := plainStrings{wide: 9}
	for range rapid.IntRange(0, 9000).Draw(rt, "codes") {
		code := random(256)
		switch known := len(s.lengths); {
		case random(odd) == 0:
			code = random(1 << s.wide)
		case clears && known >= 4093-258:
			code = 256
		case s.last > 0 && random(newest) == 0 && known < 4096-258:
			code = 258 + known
		case known > 0 && random(3) > 0:
			code = 258 + random(known)
		}
		put(code, s.wide)
		if code == 256 {
			s.clear()
			continue
		}
		s.take(code)
		pixels += s.last
	}
	if rapid.Bool().Draw(rt, "closed") {
		put(257, s.wide)
	}
	if filled > 0 {
		b = append(b, byte(bits<<(8-filled)))
	}
	return append(b, rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "behind")...), pixels
}

// Both walks along LZW, which take eight codes at a time, end where one that takes
// them singly does.
func TestLZWWalks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, pixels := drawLZW(rt)
		if len(b) >= 2 && b[0] == 0 && b[1]&1 == 1 {
			rt.Skip("codes the other way round")
		}
		need := max(1, pixels-rapid.IntRange(-3, 3).Draw(rt, "less"))
		if rapid.Bool().Draw(rt, "within") {
			need = rapid.IntRange(1, need).Draw(rt, "need")
		}
		end, open, stuck := plainLZW(b, need)
		want := min((end+7)/8, len(b))
		if stuck {
			want = len(b)
		}
		n, last := tiffLZWEnd(b, uint64(need))
		if n != want || stuck && last != nil || !stuck && open != (last != nil) && n > 0 {
			rt.Fatalf("ends at byte %d of %d with %d bytes for the last, should at %d; open %v, stuck %v", n, len(b), len(last), want, open, stuck)
		}
		v := &tiffVerifier{order: binary.LittleEndian}
		v.codes(rope{b}, uint64(need))
		if behind := !stuck && 8*len(b)-end >= 8; behind != errors.Is(v.err, ErrVerify) {
			rt.Fatalf("%d bits behind the end of %d bytes, for %d, stuck %v, %d: the verifier says %v", 8*len(b)-end, len(b), need, stuck, pixels, v.err)
		}
	})
}
