package seek_test

import (
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/seek"
)

// all lists the implementations that this processor can run.
func all() []seek.Kernel {
	list := []seek.Kernel{seek.Generic()}
	if best, fast := seek.Best(); fast {
		list = append(list, best)
	}
	return list
}

// TestRun holds every implementation against a count of one byte after the other,
// at all lengths around a block, with sets small and large.
func TestRun(t *testing.T) {
	kernels := all()
	rnd := rand.New(rand.NewPCG(1, 2))
	found := 0
	for round := range 20_000 {
		var set seek.Set
		members := map[byte]bool{}
		for range 1 + rnd.IntN(200) {
			c := byte(rnd.Uint32())
			members[c] = true
			set.Add(c)
		}
		guarded := make([]byte, rnd.IntN(200)+16)
		for i := range guarded {
			guarded[i] = byte(rnd.Uint32())
		}
		b := guarded[8 : len(guarded)-8 : len(guarded)-8] // bytes around it do not count
		first, run := -1, 0
		for i, c := range b {
			if run++; !members[c] {
				run = 0
			}
			if run == seek.Width && first < 0 {
				first = i - seek.Width + 1
			}
		}
		for _, f := range kernels {
			switch at := f.Run(b, &set); {
			case first >= 0 && at > first, at > len(b), at < len(b)-64 && at != first:
				t.Fatalf("round %d, %s: %d of %d bytes, want %d", round, f.Name, at, len(b), first)
			case first >= 0 && at == first:
				found++
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d runs were found", found)
	}
}

func TestSet(t *testing.T) {
	for c := range 256 {
		var set seek.Set
		set.Add(byte(c))
		for d := range 256 {
			if set.Has(byte(d)) != (c == d) {
				t.Fatalf("%02X in a set of %02X", d, c)
			}
		}
	}
}

func TestMarker(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	found, none := 0, 0
	for round := range 50_000 {
		guarded := make([]byte, rnd.IntN(300)+16)
		for i := range guarded {
			switch rnd.IntN(8 + round%200) {
			case 0:
				guarded[i] = 0xFF
			case 1:
			case 2:
				guarded[i] = byte(rnd.Uint32())
			default:
				guarded[i] = byte(rnd.Uint32()) & 0x7F
			}
		}
		for i := range guarded[1:] {
			if guarded[i] == 0xFF && rnd.IntN(3+round%100) > 0 {
				guarded[i+1] = 0
			}
		}
		b := guarded[8 : len(guarded)-8 : len(guarded)-8]
		want := -1
		for i := range len(b) - 1 {
			if b[i] == 0xFF && b[i+1] != 0 {
				want = i
				break
			}
		}
		for _, k := range all() {
			if got := k.Marker(b); got != want {
				t.Fatalf("round %d, %s: %d in %d bytes, want %d", round, k.Name, got, len(b), want)
			}
		}
		if want < 0 {
			none++
		} else {
			found++
		}
	}
	if found < 1000 || none < 1000 {
		t.Errorf("%d markers, %d times none", found, none)
	}
}
