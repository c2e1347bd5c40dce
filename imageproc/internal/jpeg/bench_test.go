package jpeg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"made-12mp.jpg", "made-12mp-progressive.jpg", "made-12mp-restart.jpg", "pixel5-12mp.jpg"} {
		data, err := os.ReadFile(filepath.Join(sharedDir(), "phones", name))
		if err != nil {
			missing(b, "the photos of the shared folder are not here; FITVEIL_SHARED says where")
		}
		for _, n := range []int{1, 2, 3, 4, 8} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				var d jpeg.Decoder
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := d.ReadHeader([][]byte{data}); err != nil {
						b.Fatal(err)
					}
					err := d.Start(context.Background(), jpeg.Options{Scale: [4]int{n, n, n, n}})
					for err == nil {
						_, err = d.Band(context.Background())
					}
					if !errors.Is(err, io.EOF) {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
