package jpeg_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	stdjpeg "image/jpeg"
	"io"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// FuzzDecode looks that no input brings a panic, samples outside the size the
// header gives, or an error of another type; and that what is decoded at full
// size is decoded smaller too.
func FuzzDecode(f *testing.F) {
	var b bytes.Buffer
	img := image.NewYCbCr(image.Rect(0, 0, 40, 24), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(i * i)
	}
	if err := stdjpeg.Encode(&b, img, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), byte(8))
	f.Add(fourComponents(2, true), byte(1))
	f.Add(progressiveSeed(), byte(3))
	f.Add(b.Bytes()[:b.Len()-40], byte(0x12))
	var d jpeg.Decoder
	f.Fuzz(func(t *testing.T, data []byte, scale byte) {
		h, err := d.ReadHeader([][]byte{data})
		if err != nil {
			mustBeError(t, err)
			return
		}
		n := int(scale&7) + 1
		o := jpeg.Options{Scale: [4]int{n, n, n, n}, Truncated: scale&16 != 0}
		if h.Memory(o) > 8<<20 || h.Width*h.Height > 1<<20 {
			return
		}
		if err := d.Start(context.Background(), o); err != nil {
			mustBeError(t, err)
			return
		}
		rows := 0
		for {
			band, err := d.Band(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				mustBeError(t, err)
				return
			}
			rows += max(band[0].Height, 0)
			for i := range h.Components {
				if p := band[i]; p.Height > 0 {
					_ = p.Pix[(p.Height-1)*p.Stride+p.Width-1]
				}
			}
		}
		if _, want := h.Size(0, n); rows != want {
			t.Errorf("%d rows, want %d", rows, want)
		}
	})
}

func mustBeError(t *testing.T, err error) {
	t.Helper()
	var e *jpeg.Error
	if !errors.As(err, &e) || e.Part == "" || e.Reason == "" {
		t.Errorf("an error of another type: %v", err)
	}
}

// progressiveSeed is fourComponents with one component and scans of DC, of AC
// and of a refinement of AC.
func progressiveSeed() []byte {
	b := []byte{0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0}
	for range 64 {
		b = append(b, 3)
	}
	b = append(b, 0xFF, 0xC2, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0)
	b = append(b, 0xFF, 0xC4, 0, 21, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3)
	b = append(b, 0xFF, 0xC4, 0, 22, 0x10, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x11)
	b = append(b, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0x5A, 0x33, 0x80)
	b = append(b, 0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 1, 0x5A, 0x33, 0x80, 0x17)
	b = append(b, 0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0x10, 0x5A, 0x33, 0x80, 0x17)
	return append(b, 0xFF, 0xD9)
}
