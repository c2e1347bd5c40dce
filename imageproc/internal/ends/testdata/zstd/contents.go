//go:build ignore

// Contents writes what the frames beside it hold: go run contents.go KIND SIZE SEED.
package main

import (
	"math/rand/v2"
	"os"
	"strconv"
)

func main() {
	n, _ := strconv.Atoi(os.Args[2])
	seed, _ := strconv.Atoi(os.Args[3])
	os.Stdout.Write(gen(os.Args[1], n, rand.New(rand.NewPCG(uint64(seed), 2))))
}

func gen(kind string, n int, rnd *rand.Rand) []byte {
	b := make([]byte, n)
	switch kind {
	case "photo": // RGB rows of 400 pixels: gradients with a little noise
		for i := range b {
			x, y, c := i/3%400, i/1200, i%3
			b[i] = byte((x*(c+1)+y*2)/5 + int(rnd.NormFloat64()*1.5))
		}
		for i := n - 1; i >= 3; i-- {
			if i%1200 >= 3 {
				b[i] -= b[i-3] // as a TIFF predictor leaves them
			}
		}
	case "smooth": // the same without noise
		for i := range b {
			x, y, c := i/3%400, i/1200, i%3
			b[i] = byte((x*(c+1) + y*2) / 5)
		}
	case "text": // of 700 words, some more frequent
		words := make([]string, 700)
		for i := range words {
			for range 2 + rnd.IntN(8) {
				words[i] += string(rune('a' + min(rnd.IntN(26), rnd.IntN(26))))
			}
		}
		b = b[:0]
		for len(b) < n {
			b = append(append(b, words[min(rnd.IntN(700), rnd.IntN(700), rnd.IntN(700))]...), ' ')
		}
		b = b[:n]
	case "random":
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
	case "copies": // pieces of what was before, at distances and lengths of all kinds
		at := 0
		for ; at < min(n, 50); at++ {
			b[at] = byte(rnd.Uint32())
		}
		for at < n {
			d := 1 + rnd.IntN(min(at, 1<<(1+rnd.IntN(22))))
			for l := 3 + rnd.IntN(1<<(1+rnd.IntN(12))); l > 0 && at < n; l, at = l-1, at+1 {
				b[at] = b[at-d]
			}
			for l := rnd.IntN(1 << rnd.IntN(6)); l > 0 && at < n; l, at = l-1, at+1 {
				b[at] = byte(rnd.Uint32())
			}
		}
	case "mixed": // stretches of the others
		at := 0
		for at < n {
			k := []string{"photo", "text", "random", "copies", "zeros", "smooth"}[rnd.IntN(6)]
			at += copy(b[at:], gen(k, min(n-at, 1+rnd.IntN(1<<(3+rnd.IntN(15)))), rnd))
		}
	}
	return b
}
