// Command small makes a copy of 1024 pixels of a photo and does nothing else.
package main

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/fitveil/fitveil/imageproc"
)

func main() {
	in, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	photo, err := imageproc.Sanitize(context.Background(), in, &imageproc.SanitizeOptions{MaxSide: 1024, Quality: 85, Limits: imageproc.Limits{MaxBytes: 64 << 20}})
	if err != nil {
		log.Fatal(err)
	}
	out, err := os.Create(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(out, photo.Reader()); err != nil {
		log.Fatal(err)
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
}
