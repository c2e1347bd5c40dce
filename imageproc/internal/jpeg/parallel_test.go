package jpeg_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
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

// TestParallelKeepsOnePicture has data of two bits a block, and far more of it than
// the picture has, so that each part finds a whole picture in its own.
func TestParallelKeepsOnePicture(t *testing.T) {
	const side = 1024
	one := make([]byte, 17) // code 0, symbol 0: no difference, or the end of the block
	one[0] = 1
	file := slices.Concat([]byte("\xFF\xD8\xFF\xDB\x00\x43\x00"), bytes.Repeat([]byte{1}, 64),
		[]byte("\xFF\xC0\x00\x0B\x08"), []byte{side >> 8, side & 255, side >> 8, side & 255}, []byte("\x01\x01\x11\x00"),
		[]byte("\xFF\xC4\x00\x14\x00"), one, []byte("\xFF\xC4\x00\x14\x10"), one,
		[]byte("\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00"), make([]byte, 1<<20), []byte("\xFF\xD9"))
	for _, n := range []int{1, 3} {
		var serial, parallel jpeg.Decoder
		o := jpeg.Options{Scale: [4]int{n}}
		_, want, wantErr := decodeWith(&serial, file, o)
		o.Parallel = 8
		_, got, err := decodeWith(&parallel, file, o)
		if wantErr != nil || err != nil {
			t.Fatalf("scale %d: error %v, in one part %v", n, err, wantErr)
		}
		if !bytes.Equal(got[0].Pix, want[0].Pix) {
			t.Errorf("scale %d: samples differ", n)
		}
		if mcus, most := parallel.Kept(); mcus == 0 || mcus > most || most > side*side/64*5/4 {
			t.Errorf("scale %d: %d MCUs were kept, %d may be, of %d", n, mcus, most, side*side/64)
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
