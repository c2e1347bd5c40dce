package jpegenc_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"reflect"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpegenc"
)

// TestSampled makes tables by a quarter of the rows: the picture is the same, and
// its file next to the smallest, also where what was sampled is like nothing else.
func TestSampled(t *testing.T) {
	odd := image.NewRGBA(image.Rect(0, 0, 160, 160))
	for y := 32; y < 160; y++ {
		copy(odd.Pix[y*odd.Stride:(y+1)*odd.Stride], picture(160, 160).Pix[y*odd.Stride:])
	}
	for name, m := range map[string]*image.RGBA{"photo": photo(t), "flat where sampled": odd, "small": picture(17, 5), "edges": picture(61, 83)} {
		for _, s := range []jpegenc.Sampling{jpegenc.YCbCr420, jpegenc.YCbCr444} {
			var e jpegenc.Encoder
			plain := encode(&e, m, s, jpegenc.Options{Quality: 85})
			best := encode(&e, m, s, jpegenc.Options{Quality: 85, Optimise: true})
			got := encode(&e, m, s, jpegenc.Options{Quality: 85, Sampled: true})
			again := encode(&e, m, s, jpegenc.Options{Quality: 85, Sampled: true})
			if !bytes.Equal(got, again) {
				t.Errorf("%s: twice is not the same", name)
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
			t.Logf("%s: %d bytes, %d plain, %d at best", name, len(got), len(plain), len(best))
			if name == "photo" && (len(got) >= len(plain) || float64(len(got)) > 1.015*float64(len(best))) {
				t.Errorf("%d bytes, %d plain, %d at best", len(got), len(plain), len(best))
			}
		}
	}
}
