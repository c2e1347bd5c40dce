package ends

import (
	"testing"

	"pgregory.net/rapid"
)

// boolWriter is the encoder of RFC 6386 §7.3.
type boolWriter struct {
	out    []byte
	bottom uint32
	most   uint32
	left   int // shifts until the next byte
}

func (w *boolWriter) put(is bool, p uint8) {
	split := w.most*uint32(p)>>8 + 1
	if is {
		w.bottom += split
		w.most -= split
	} else {
		w.most = split - 1
	}
	for w.most+1 < 128 {
		w.most = (w.most+1)*2 - 1
		if w.bottom&(1<<31) != 0 {
			i := len(w.out) - 1
			for ; w.out[i] == 255; i-- {
				w.out[i] = 0
			}
			w.out[i]++
		}
		w.bottom <<= 1
		if w.left--; w.left == 0 {
			w.out = append(w.out, byte(w.bottom>>24))
			w.bottom &= 1<<24 - 1
			w.left = 8
		}
	}
}

// A partition that was written and flushed is read to the same bits, and its end is
// found; what is behind that is no flush.
func TestBoolsEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type decision struct {
			is bool
			p  uint8
		}
		list := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) decision {
			return decision{rapid.Bool().Draw(rt, "is"), rapid.Byte().Draw(rt, "p")}
		}), 0, 200).Draw(rt, "decisions")
		w := boolWriter{most: 254, left: 24}
		for _, d := range list {
			w.put(d.is, d.p)
		}
		for range rapid.IntRange(32, 40).Draw(rt, "flush") {
			w.put(false, 128)
		}
		read := func(data []byte) (int, bool) {
			var r boolReader
			r.begin(data)
			for i, d := range list {
				if r.bool(d.p) != d.is || r.over {
					rt.Fatalf("decision %d of %d is not the one written", i, len(list))
				}
			}
			return r.ends()
		}
		used, flushed := read(w.out)
		if !flushed || len(w.out)-used > 5 {
			rt.Fatalf("%d of %d bytes, flushed %v", used, len(w.out), flushed)
		}
		if again, _ := read(w.out[:used]); again != used {
			rt.Fatalf("%d bytes, and without the others %d", used, again)
		}
		secret := rapid.StringMatching("[A-Za-z0-9]{1,20}").Draw(rt, "secret")
		if n, flushed := read(append(w.out[:used:used], secret...)); n != used || flushed && len(secret) > 1 {
			rt.Fatalf("%q passes", secret)
		}
	})
}
