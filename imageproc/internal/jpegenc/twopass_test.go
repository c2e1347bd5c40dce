package jpegenc_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"reflect"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpegenc"
)

// TestTwoPass makes the tables in a pass of their own: the file is the one that
// keeping all coefficients gives, and the picture that of the standard tables.
func TestTwoPass(t *testing.T) {
	odd := image.NewRGBA(image.Rect(0, 0, 160, 160))
	for y := 32; y < 160; y++ {
		copy(odd.Pix[y*odd.Stride:(y+1)*odd.Stride], picture(160, 160).Pix[y*odd.Stride:])
	}
	for name, m := range map[string]*image.RGBA{"photo": photo(t), "flat above": odd, "small": picture(17, 5), "edges": picture(61, 83)} {
		for _, s := range []jpegenc.Sampling{jpegenc.YCbCr420, jpegenc.YCbCr444} {
			var e jpegenc.Encoder
			plain := encode(&e, m, s, jpegenc.Options{Quality: 85})
			best := encode(&e, m, s, jpegenc.Options{Quality: 85, Optimise: true})
			got := encode(&e, m, s, jpegenc.Options{Quality: 85, TwoPass: true})
			if !bytes.Equal(got, best) {
				t.Errorf("%s: not the file of Optimise", name)
			}
			want, err := jpeg.Decode(bytes.NewReader(plain))
			if err != nil {
				t.Fatal(err)
			}
			img, err := jpeg.Decode(bytes.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(want, img) {
				t.Errorf("%s: other pixels", name)
			}
			if len(got) > len(plain) {
				t.Errorf("%s: %d bytes, %d with the standard tables", name, len(got), len(plain))
			}
		}
	}
}
