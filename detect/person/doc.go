// Package person is the default detector: two small networks, embedded in the
// binary, whose answers are fused. NanoDet-g finds boxes, MoveNet MultiPose
// finds centres and the 17 keypoints of COCO; one alone mistakes a folded
// towel or a curled-up dog for a person, both together seldom do.
//
//	people, err := person.New(nil)
//	scene, err := people.Detect(ctx, img)
//	for _, p := range scene.People {
//		fmt.Println(p.Box, p.Score)
//	}
//
// # Limits
//
// Mannequins, posters and printed people are found like people. Hands or feet
// alone are found about half the time. Two people who hug may count as one.
// The cards beside the model files say what is known about errors.
package person
