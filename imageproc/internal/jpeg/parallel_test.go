package jpeg_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// TestParallel compares with one goroutine's samples and errors: sound files, and
// such in which bytes are wrong.
func TestParallel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	large := picture(1100, 760)
	for _, args := range [][]string{
		{"-quality", "97"},
		{"-quality", "97", "-sample", "1x1"},
		{"-quality", "98", "-grayscale", "-optimize"},
		{"-restart", "1"},
		{"-restart", "7B", "-sample", "2x1"},
		{"-restart", "3B", "-grayscale"},
	} {
		file := tool(t, large, "cjpeg", args...)
		var serial, parallel jpeg.Decoder
		for round := range 8 {
			in := bytes.Clone(file)
			if round >= 4 { // somewhere in the data
				in[len(in)/4+rnd.IntN(len(in)/2)] ^= byte(1 + rnd.IntN(255))
			}
			n := []int{1, 3, 8, 1}[round%4]
			o := jpeg.Options{Scale: [4]int{n, n, n, n}}
			_, want, wantErr := decodeWith(&serial, in, o)
			o.Parallel = 2 + round%3
			_, got, err := decodeWith(&parallel, in, o)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%v, round %d: error %v, in one part %v", args, round, err, wantErr)
				continue
			}
			if err != nil {
				continue
			}
			for c := range want {
				if !bytes.Equal(got[c].Pix, want[c].Pix) {
					t.Errorf("%v, round %d: component %d differs", args, round, c)
				}
			}
			if round < 4 && n != 8 && !parallel.Split() {
				t.Errorf("%v, round %d: not read in parts", args, round)
			}
		}
	}
}

func TestParallelContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var d jpeg.Decoder
	if _, err := d.ReadHeader([][]byte{tool(t, picture(400, 300), "cjpeg", "-restart", "1")}); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(ctx, jpeg.Options{Parallel: 2}); err == nil {
		if _, err = d.Band(ctx); err == nil {
			t.Error("a context that is over is not noticed")
		}
	}
}
