// Package person is the default detector: two small networks, embedded in the
// binary, whose answers are fused. NanoDet-g finds boxes, MoveNet MultiPose
// finds centres and the 17 keypoints of COCO; one alone mistakes a folded
// towel or a curled-up dog for a person, both together seldom do.
//
//	people, err := person.New(nil) // once; safe for many goroutines
//	scene, err := people.Detect(ctx, img)
//	for _, p := range scene.People {
//		fmt.Println(p.Box, p.Score)
//	}
//
//	// or, behind a policy and with a proof:
//	screened, err := detect.Screen(ctx, people, photo, detect.OnePerson(), nil)
//
// # Limits
//
// Measured on 358 photos of people and 681 without: from a presence of 0.30 on
// 357 are found; 0 of 169 empty rooms, 4 of 362 other pictures and 31 of 150
// garments laid flat fire too. The thresholds were chosen on the same photos,
// and bench/results holds later runs.
//
// Mannequins, posters, screens, reflections and printed people are found like
// people. Hands or feet alone are found about half the time. Two people who
// hug, or one behind the other, may count as one. What lies under full
// transparency is seen as white. The cards beside the model files say what is
// known about the errors of each network, and under which licences they stand.
package person
