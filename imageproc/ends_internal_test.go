package imageproc

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf16"
)

// noise is what coded data looks like.
func noise(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func wide(text string, high, low int) (b []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		pair := [2]byte{}
		pair[high], pair[low] = byte(u>>8), byte(u)
		b = append(b, pair[:]...)
	}
	return b
}

// TestOddEnd puts a name into the last bytes, in the encodings of many scripts.
func TestOddEnd(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, text := range map[string][]byte{
		"ASCII":                []byte("Ottokar 37"),
		"UTF-16LE":             wide("Hertha", 1, 0),
		"UTF-16BE":             wide("Hertha", 0, 1),
		"Greek, UTF-16LE":      wide("Αθήνα", 1, 0),
		"Cyrillic, UTF-16BE":   wide("Ольга", 0, 1),
		"Cyrillic, UTF-8":      []byte("Ольга Петрова"),
		"Japanese, UTF-8":      []byte("東京都千代田区"),
		"Cyrillic, ISO 8859-5": []byte("\xBE\xDB\xEC\xD3\xD0 \xBF\xD5\xE2\xE0\xDE\xD2\xD0 \xDC"),
		"Cyrillic, KOI8-R":     []byte("\xEF\xCC\xD8\xC7\xC1 \xF0\xC5\xD4\xD2\xCF\xD7\xC1 \xCD"),
		"Cyrillic, 1251":       []byte("\xCE\xEB\xFC\xE3\xE0 \xCF\xE5\xF2\xF0\xEE\xE2\xE0 \xEC"),
		"Japanese, Shift JIS":  []byte("\x82\xB1\x82\xF1\x82\xC9\x82\xBF\x82\xCD"),
		"Japanese, EUC":        []byte("\xC5\xEC\xB5\xFE\xC5\xD4\xC0\xE9\xC2\xE5\xC5\xC4\xB6\xE8\xB1\xCA\xC2\xE5\xC4\xAE"),
		"EBCDIC":               []byte("\xD6\xA3\xA3\xD6\x92\x81\x99@\xC8\x81\xA4\xA2@\xF7"),
		"hex":                  []byte("4f74746f6b"),
		"the same byte":        make([]byte, 12),
	} {
		for range 100 {
			before, behind := noise(rnd, 300), noise(rnd, rnd.IntN(200))
			if !evenly.oddEnd(slices.Concat(before, text, behind)) {
				t.Fatalf("%s is not noticed before %d others", name, len(behind))
			}
		}
	}
	odd := 0
	for range 20_000 {
		if evenly.oddEnd(noise(rnd, 300)) {
			odd++
		}
	}
	if odd > 400 {
		t.Errorf("%d of 20,000 ends of noise are odd", odd)
	}
	for name, b := range map[string]string{"two": "\xA2\x8A", "four": "\xA2\x8A\xA2\x51", "three": "\x14\x51\x45"} { // what a plain area of a JPEG is
		for b := []byte(b); len(b) < 300; {
			if b = append(b, b...); evenly.oddEnd(b) {
				t.Errorf("%s bytes again and again are odd", name)
			}
		}
	}
}

// TestWordy puts texts of each length into noise at each place.
func TestWordy(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	text := "Ottokar lives in house seven, 52.0907N 5.1214E, and so does Hertha Fenn, his wife"
	for _, c := range []coding{evenly, deflated, undecoded} {
		for at := range 70 {
			for n := c.long - 6; n <= c.long+6; n++ {
				for name, b := range map[string][]byte{"ASCII": []byte(text[:n]), "UTF-16LE": wide(text[:n], 1, 0), "UTF-16BE": wide(text[:n], 0, 1)} {
					in := slices.Concat(noise(rnd, 900+at), []byte("\xFF\xFF\xFF"), b, []byte("\xFF\xFF\xFF"), noise(rnd, 900*(n&1)))
					if got := c.wordy(in); got != (n >= c.long) {
						t.Errorf("%s of %d characters at %d: %v, for %d", name, n, at, got, c.long)
					}
				}
			}
		}
	}
	if evenly.wordy(noise(rnd, 10<<20)) {
		t.Error("noise has a text")
	}
	for _, same := range []string{"U", "_n&_m", "UUUI"} {
		b := []byte(same)
		for len(b) < 1<<20 {
			b = append(b, b...)
		}
		if evenly.wordy(b) {
			t.Errorf("%q again and again is a text", same)
		}
	}
}

func BenchmarkSuspect(b *testing.B) {
	data := noise(rand.New(rand.NewPCG(5, 6)), 3<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		evenly.suspects(data)
	}
}

func BenchmarkOddEnd(b *testing.B) {
	data := noise(rand.New(rand.NewPCG(5, 6)), 256)
	for b.Loop() {
		evenly.oddEnd(data)
	}
}
