package person_test

import (
	"context"
	"fmt"
	"os"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
)

func Example() {
	ctx := context.Background()
	upload, err := os.Open("testdata/grace_hopper.jpg")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer upload.Close()
	photo, err := imageproc.Sanitize(ctx, upload, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	people, err := person.New(nil) // once; keep it
	if err != nil {
		fmt.Println(err)
		return
	}
	screened, err := detect.Screen(ctx, people, photo, detect.Selfie(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	scene := screened.Scene()
	fmt.Println(screened, len(scene.People), "person")
	fmt.Println("both shoulders seen:",
		scene.People[0].Keypoints[detect.LeftShoulder].Score > 0 &&
			scene.People[0].Keypoints[detect.RightShoulder].Score > 0)
	// Output:
	// detect.Screened(selfie: pass) 1 person
	// both shoulders seen: true
}

func ExampleDetector_Detect() {
	upload, err := os.Open("testdata/grace_hopper.jpg")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer upload.Close()
	photo, err := imageproc.Sanitize(context.Background(), upload, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	thumb, err := photo.Thumb(640)
	if err != nil {
		fmt.Println(err)
		return
	}

	people, err := person.New(&person.Options{Threads: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	scene, err := people.Detect(context.Background(), thumb)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(scene.Bounds, scene.Presence > 0.5)
	for _, p := range scene.People {
		fmt.Println(p.Box.In(scene.Bounds), len(p.Keypoints))
	}
	// Output:
	// (0,0)-(512,600) true
	// true 17
}
