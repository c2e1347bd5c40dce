package jpeg_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	stdjpeg "image/jpeg"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

// FuzzDecode looks that no input brings a panic, samples outside the size the
// header gives, or an error of another type; and that several goroutines come to the
// same samples and errors as one.
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
	f.Add(restartSeed(), byte(0x27))
	b.Reset()
	rough := image.NewGray(image.Rect(0, 0, 512, 256)) // enough data to begin in the midst of it
	rnd := rand.New(rand.NewPCG(9, 10))
	for i := range rough.Pix {
		rough.Pix[i] = byte(rnd.Uint32())
	}
	if err := stdjpeg.Encode(&b, rough, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), byte(0x20))
	f.Add(b.Bytes(), byte(0x62))
	var d, parts jpeg.Decoder
	f.Fuzz(func(t *testing.T, data []byte, scale byte) {
		n := int(scale&7) + 1
		o := jpeg.Options{Scale: [4]int{n, n, n, n}, Truncated: scale&16 != 0, Parallel: 1}
		want, wantErr := decodeWhole(t, &d, data, o)
		if scale&32 == 0 {
			return
		}
		o.Parallel = 2 + int(scale>>6)
		got, err := decodeWhole(t, &parts, data, o)
		switch {
		case (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error():
			t.Errorf("%d goroutines: %v; one: %v", o.Parallel, err, wantErr)
		case err == nil && !bytes.Equal(got, want):
			t.Errorf("%d goroutines come to other samples", o.Parallel)
		}
	})
}

// decodeWhole returns the samples of all bands, nil for what is too large for a test.
func decodeWhole(t *testing.T, d *jpeg.Decoder, data []byte, o jpeg.Options) (samples []byte, err error) {
	defer func() {
		if err != nil {
			mustBeError(t, err)
		}
	}()
	h, err := d.ReadHeader([][]byte{data})
	if err != nil {
		return nil, err
	}
	serial := o
	serial.Parallel = 1 // which has more files in reach than with several, so both look at it
	if h.Memory(serial) > 8<<20 || h.Width*h.Height > 1<<20 {
		return nil, nil
	}
	if err := d.Start(context.Background(), o); err != nil {
		return nil, err
	}
	rows := 0
	for {
		band, err := d.Band(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rows += max(band[0].Height, 0)
		for i := range h.Components {
			p := band[i]
			for y := range max(p.Height, 0) {
				samples = append(samples, p.Pix[y*p.Stride:][:p.Width]...)
			}
		}
	}
	if _, want := h.Size(0, o.Scale[0]); rows != want {
		t.Errorf("%d rows, want %d", rows, want)
	}
	return samples, nil
}

// restartSeed is a grey picture of 256 by 256 samples with a restart interval for each
// row of blocks.
func restartSeed() []byte {
	b := []byte{0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0}
	for range 64 {
		b = append(b, 3)
	}
	b = append(b, 0xFF, 0xC0, 0, 11, 8, 1, 0, 1, 0, 1, 1, 0x11, 0)
	b = append(b, 0xFF, 0xC4, 0, 21, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3)
	b = append(b, 0xFF, 0xC4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = append(b, 0xFF, 0xDD, 0, 4, 0, 32, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0)
	for row := range byte(32) {
		for range 8 { // four blocks: 01, three bits of difference, 0 for the end
			b = append(b, 0x61, 0x86, 0x18)
		}
		if row < 31 {
			b = append(b, 0xFF, 0xD0+row&7)
		}
	}
	return append(b, 0xFF, 0xD9)
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
