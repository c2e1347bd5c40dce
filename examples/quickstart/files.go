package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"github.com/fitveil/fitveil/imageproc"
)

// pictures are the names a picture may get in the formats there are.
func pictures(name string) []string {
	var out []string
	for f := imageproc.Unknown + 1; f.String() != imageproc.Unknown.String(); f++ {
		out = append(out, name+"."+f.String())
	}
	return out
}

// results are the names of what follows the cleaned photo.
func results() []string {
	return append(pictures("3-tryon"), "2-person.png", "4-before-after.png", "consent-receipt.json")
}

// clear removes what an earlier run left, so that the pictures of two people
// never lie side by side.
func (v *visit) clear(photo string) error {
	names := append(pictures("1-clean"), results()...)
	for _, name := range names {
		if sameFile(photo, filepath.Join(v.dir, name)) {
			return fmt.Errorf("%s is a picture this program writes itself; copy it to another folder first", photo)
		}
	}
	return v.remove(names)
}

// remove deletes regular files and leaves everything else alone.
func (v *visit) remove(names []string) error {
	var errs []error
	for _, name := range names {
		path := filepath.Join(v.dir, name)
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

func sameFile(a, b string) bool {
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}

func (v *visit) save(name string, data []byte) error {
	return os.WriteFile(filepath.Join(v.dir, name), data, 0o644)
}

func (v *visit) savePNG(name string, img image.Image) error {
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&b, img); err != nil {
		return err
	}
	return v.save(name, b.Bytes())
}
