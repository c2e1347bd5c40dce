package imageproc_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// toolDecoder is a Decoder by way of a program that writes a JPEG.
type toolDecoder struct {
	format  imageproc.Format
	program string
}

func (d toolDecoder) Format() imageproc.Format { return d.format }

func (d toolDecoder) Decode(ctx context.Context, r io.Reader) (image.Image, error) {
	dir, err := os.MkdirTemp("", "decoder")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "in."+d.format.String()), filepath.Join(dir, "out.jpg")
	data, err := io.ReadAll(r)
	if err == nil {
		err = os.WriteFile(in, data, 0o600)
	}
	if err == nil {
		err = exec.CommandContext(ctx, d.program, in, out).Run()
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return jpeg.Decode(f)
}

// A photo in HEIC becomes a smaller JPEG by way of a decoder, and looks as the
// decoder shows the file that was uploaded.
func TestDecoderOfPhotos(t *testing.T) {
	needTool(t, "heif-convert", "libheif-examples")
	path := filepath.Join(sharedDir(), "corpus", "heic", "645877c5-cheers_1440x960.heic")
	file, err := os.ReadFile(path)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the corpus is not there: set FITVEIL_SHARED to the folder that holds it")
	}
	heif := toolDecoder{imageproc.HEIC, "heif-convert"}
	decoders := []imageproc.Decoder{nil, toolDecoder{imageproc.AVIF, "avifdec"}, heif}
	small := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: 512, Decoders: decoders})
	if small.Format() != imageproc.JPEG || small.Bounds() != image.Rect(0, 0, 512, 341) {
		t.Errorf("made %v", small)
	}
	got, err := small.Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := heif.Decode(t.Context(), bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want, err := imageproc.Resize(whole, 512, 341, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := meanDifference(got.(*image.NRGBA), want.(*image.NRGBA)); d > 3 {
		t.Errorf("differs by %.1f steps", d)
	}
}

func meanDifference(a, b *image.NRGBA) float64 {
	sum := 0.0
	for i := range a.Pix {
		d := float64(a.Pix[i]) - float64(b.Pix[i])
		sum += max(d, -d)
	}
	return sum / float64(len(a.Pix))
}

// flatDecoder draws the upper left quarter red, and keeps what it was given.
type flatDecoder struct {
	format imageproc.Format
	w, h   int
	err    error
	calls  int
	seen   []byte
}

func (d *flatDecoder) Format() imageproc.Format { return d.format }

func (d *flatDecoder) Decode(_ context.Context, r io.Reader) (image.Image, error) {
	d.calls++
	d.seen, _ = io.ReadAll(r)
	if d.err != nil {
		return nil, d.err
	}
	m := image.NewNRGBA(image.Rect(5, 6, 5+d.w, 6+d.h))
	for y := range d.h {
		for x := range d.w {
			c := color.NRGBA{G: 255, A: 255}
			if x < d.w/2 && y < d.h/2 {
				c = color.NRGBA{R: 255, A: 255}
			}
			m.SetNRGBA(5+x, 6+y, c)
		}
	}
	return m, nil
}

// A decoder gives the picture as it is displayed and is given what Strip writes.
func TestDecoder(t *testing.T) {
	heic := craftHEIC() // 128 × 64, displayed 64 × 128
	file := heic.build()
	stripped, _ := strip(t, file)
	d := &flatDecoder{format: imageproc.HEIC, w: 64, h: 128}
	clean := sanitize(t, file, &imageproc.SanitizeOptions{Decoders: []imageproc.Decoder{d}})
	if d.calls != 0 {
		t.Error("stripping decodes")
	}
	thumb, err := clean.Thumb(32)
	if err != nil {
		t.Fatal(err)
	}
	if thumb.Bounds() != image.Rect(0, 0, 16, 32) || !bytes.Equal(d.seen, stripped) {
		t.Errorf("%v of %d bytes", thumb.Bounds(), len(d.seen))
	}
	if r, _, _, _ := thumb.At(2, 2).RGBA(); r < 0xF000 {
		t.Errorf("turned: %v", thumb.At(2, 2))
	}
	if r, _, _, _ := thumb.At(2, 29).RGBA(); r > 0x1000 {
		t.Errorf("turned: %v", thumb.At(2, 29))
	}
	img, err := imageproc.Decode(bytes.NewReader(file), &imageproc.DecodeOptions{Decoders: []imageproc.Decoder{d}})
	if err != nil || img.Bounds() != image.Rect(0, 0, 64, 128) {
		t.Errorf("%v, %v", img, err)
	}
	avif := &flatDecoder{format: imageproc.AVIF, w: 30, h: 20}
	small := sanitize(t, craftAVIF().build(), &imageproc.SanitizeOptions{MaxSide: 15, Decoders: []imageproc.Decoder{d, avif}})
	if small.Format() != imageproc.PNG || small.Bounds() != image.Rect(0, 0, 15, 10) { // it has alpha
		t.Errorf("made %v", small)
	}
}

func TestDecoderRefusals(t *testing.T) {
	const secret = "a text out of the picture"
	file := craftHEIC().build()
	for name, row := range map[string]struct {
		decoder *flatDecoder
		lim     imageproc.Limits
		want    error
	}{
		"another format": {&flatDecoder{format: imageproc.AVIF}, imageproc.Limits{}, imageproc.ErrNeedsDecoder},
		"fails":          {&flatDecoder{format: imageproc.HEIC, err: errors.New(secret)}, imageproc.Limits{}, imageproc.ErrCorrupt},
		"unsupported":    {&flatDecoder{format: imageproc.HEIC, err: imageproc.ErrUnsupported}, imageproc.Limits{}, imageproc.ErrUnsupported},
		"another size":   {&flatDecoder{format: imageproc.HEIC, w: 128, h: 64}, imageproc.Limits{}, imageproc.ErrCorrupt},
		"too much":       {&flatDecoder{format: imageproc.HEIC, w: 64, h: 128}, imageproc.Limits{MaxMemory: 1000}, imageproc.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := imageproc.Decode(bytes.NewReader(file), &imageproc.DecodeOptions{Decoders: []imageproc.Decoder{row.decoder}, Limits: row.lim})
			if !errors.Is(err, row.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if row.want == imageproc.ErrTooLarge && row.decoder.calls > 0 {
				t.Error("decoded before the memory was charged")
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelling := &flatDecoder{format: imageproc.HEIC, w: 64, h: 128}
	_, err := imageproc.Sanitize(ctx, bytes.NewReader(file), &imageproc.SanitizeOptions{MaxSide: 10, Decoders: []imageproc.Decoder{cancelOn{cancelling, cancel}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled inside the decoder: %v", err)
	}
}

type cancelOn struct {
	*flatDecoder
	cancel func()
}

func (c cancelOn) Decode(ctx context.Context, r io.Reader) (image.Image, error) {
	c.cancel()
	return c.flatDecoder.Decode(ctx, r)
}
