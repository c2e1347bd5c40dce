package detect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

// bright is a detector of one's own: it takes a bright spot for a person.
// Package person has the real one.
type bright struct{}

func (bright) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	s := &detect.Scene{Bounds: b, Model: "bright"}
	spot := image.Rectangle{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, _, _, _ := img.At(x, y).RGBA(); r > 0x8000 {
				spot = spot.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if !spot.Empty() {
		s.Presence = 0.9
		s.People = []detect.Person{{Box: spot, Score: 0.9}}
	}
	return s, nil
}

// upload makes a dark picture, with a bright spot where one is asked for.
func upload(spot image.Rectangle) *bytes.Buffer {
	img := image.NewGray(image.Rect(0, 0, 320, 240))
	for y := spot.Min.Y; y < spot.Max.Y; y++ {
		for x := spot.Min.X; x < spot.Max.X; x++ {
			img.Pix[img.PixOffset(x, y)] = 255
		}
	}
	file := new(bytes.Buffer)
	if err := png.Encode(file, img); err != nil {
		panic(err) // a Gray always encodes to memory
	}
	return file
}

func ExampleScreen() {
	ctx := context.Background()
	photo, err := imageproc.Sanitize(ctx, upload(image.Rect(100, 40, 180, 220)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	screened, err := detect.Screen(ctx, bright{}, photo, detect.OnePerson(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(screened)
	fmt.Println(screened.Scene().People[0].Box)

	_, err = detect.Screen(ctx, bright{}, photo, detect.NoPeople(), nil)
	fmt.Println(err, errors.Is(err, detect.ErrPeople))
	// Output:
	// detect.Screened(oneperson: pass)
	// (100,40)-(180,220)
	// detect: nopeople: people true
}

func ExamplePolicy_Judge() {
	policy := detect.OnePerson()
	policy.Name, policy.Bystander = "alone", 0 // passers-by count too

	scene := &detect.Scene{
		Presence: 0.8,
		Bounds:   image.Rect(0, 0, 640, 480),
		People: []detect.Person{
			{Box: image.Rect(100, 20, 400, 470), Score: 0.8},
			{Box: image.Rect(560, 200, 600, 300), Score: 0.4}, // far behind
		},
	}
	fmt.Println(policy.Judge(scene))
	fmt.Println(detect.OnePerson().Judge(scene))
	// Output:
	// reject crowd
	// pass ok
}

func ExamplePolicyError() {
	ctx := context.Background()
	room, err := imageproc.Sanitize(ctx, upload(image.Rectangle{}), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = detect.Screen(ctx, bright{}, room, detect.OnePerson(), nil)
	var refusal *detect.PolicyError
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Reason.Text())
	}
	// Output:
	// There seems to be no person in the photo.
}
