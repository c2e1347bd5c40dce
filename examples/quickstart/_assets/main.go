// Command _assets draws the flat-lay garments that the examples and the tests
// of fitveil use as product pictures. Everything in them is made up here:
// cloth, folds, seams and print. The same program writes the same bytes.
//
//	go run .
package main

import (
	"fmt"
	"image"
	"image/png"
	"os"
)

func main() {
	for _, p := range []struct {
		path  string
		g     garment
		side  int
		plain bool // no knit and no grain: small files for tests
	}{
		{"../assets/tee.png", tee(), 900, false},
		{"../../../tryon/overlay/testdata/tee.png", tee(), 480, true},
		{"../../../tryon/overlay/testdata/longsleeve.png", longSleeve(), 480, true},
		{"../../../tryon/overlay/testdata/tank.png", tank(), 480, true},
	} {
		if err := write(p.path, draw(&p.g, p.side, p.plain)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func write(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(f, img); err != nil {
		return err
	}
	return f.Close()
}
