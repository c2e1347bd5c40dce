package imageproc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/fitveil/fitveil/imageproc"
)

// upload is a small JPEG, stored on its side, with a maker, a date and a comment
// in it.
func upload() []byte {
	picture := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, nil); err != nil {
		panic(err)
	}
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x03" +
		"\x01\x0F\x00\x02\x00\x00\x00\x04Ace\x00" + // Make
		"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00" + // Orientation 6
		"\x01\x32\x00\x02\x00\x00\x00\x04now\x00" + // DateTime
		"\x00\x00\x00\x00"
	comment := "my holiday"
	return bytes.Join([][]byte{
		file.Bytes()[:2],
		{0xFF, 0xE1, 0, byte(len(exif) + 2)},
		[]byte(exif),
		{0xFF, 0xFE, 0, byte(len(comment) + 2)},
		[]byte(comment),
		file.Bytes()[2:],
	}, nil)
}

func Example() {
	photo, err := imageproc.Sanitize(context.Background(), bytes.NewReader(upload()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(photo.Format(), photo.Bounds().Size())
	for _, found := range photo.Report().Removed {
		fmt.Println(found.Carrier, found.Bytes, found.Classes, found.Fields)
	}
	thumb, err := photo.Thumb(24)
	fmt.Println(thumb.Bounds().Size(), err)
	// Output:
	// jpeg (48,64)
	// APP1 Exif 60 [device other time] [DateTime Make Orientation]
	// COM 14 [comment] []
	// (18,24) <nil>
}

func ExampleSniff() {
	fmt.Println(imageproc.Sniff([]byte("\x89PNG\r\n\x1a\n")))
	fmt.Println(imageproc.Sniff([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")))
	fmt.Println(imageproc.Sniff([]byte("hello")))
	// Output:
	// png
	// heic
	// unknown
}

func ExampleInspect() {
	report, err := imageproc.Inspect(bytes.NewReader(upload()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("orientation", report.Orientation)
	fmt.Println("the first of", len(report.Removed), "is", report.Removed[0].Carrier)
	// Output:
	// orientation 6
	// the first of 2 is APP1 Exif
}

func ExampleStrip() {
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, bytes.NewReader(upload()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("comment left:", bytes.Contains(out.Bytes(), []byte("holiday")))
	fmt.Println("carriers removed:", len(report.Removed))
	// Output:
	// comment left: false
	// carriers removed: 2
}

// What is refused leaves nothing behind, and the error says where it broke.
func ExampleStrip_refused() {
	var out bytes.Buffer
	_, err := imageproc.Strip(&out, bytes.NewReader(upload()[:50]), nil)
	fmt.Println(err)
	fmt.Println(errors.Is(err, imageproc.ErrCorrupt), out.Len())
	_, err = imageproc.Strip(&out, bytes.NewReader([]byte("8BPS\x00\x01...")), nil)
	fmt.Println(err)
	fmt.Println(errors.Is(err, imageproc.ErrUnsupported), out.Len())
	// Output:
	// imageproc: jpeg: APP1 at 2: length 58 with 46 bytes left
	// true 0
	// imageproc: psd: this format is not supported
	// true 0
}

// A picture that AI had a hand in says so: the mark is the one piece of metadata
// that is written.
func ExampleSanitize_mark() {
	photo, err := imageproc.Sanitize(context.Background(), bytes.NewReader(upload()), &imageproc.SanitizeOptions{
		MaxSide: 32,
		Mark: imageproc.Mark{
			DigitalSourceType: imageproc.CompositeWithTrainedAlgorithmicMedia,
			Tool:              "webshop/1.0",
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(photo, bytes.Contains(photo.Bytes(), []byte("digitalsourcetype/compositeWithTrainedAlgorithmicMedia")))
	// Output:
	// imageproc.Clean(jpeg 24x32) true
}

func ExampleDecode() {
	img, err := imageproc.Decode(bytes.NewReader(upload()), &imageproc.DecodeOptions{MaxSide: 32})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%T %v\n", img, img.Bounds())
	// Output:
	// *image.NRGBA (0,0)-(24,32)
}

func ExampleResize() {
	img, err := imageproc.Resize(image.NewGray(image.Rect(0, 0, 400, 300)), 100, 0, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(img.Bounds().Size())
	// Output:
	// (100,75)
}

func ExampleEncode() {
	red := image.NewUniform(color.NRGBA{200, 0, 0, 255})
	img, err := imageproc.Resize(crop{red, image.Rect(0, 0, 20, 10)}, 20, 10, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var out bytes.Buffer
	if err := imageproc.Encode(&out, img, imageproc.PNG, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(imageproc.Sniff(out.Bytes()))
	// Output:
	// png
}

// crop gives an image without end a size.
type crop struct {
	image.Image
	r image.Rectangle
}

func (c crop) Bounds() image.Rectangle { return c.r }
