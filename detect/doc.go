// Package detect decides whether a photo may go on: it asks a [Detector] who is
// in the picture, holds the answer against a [Policy], and hands out a
// [Screened] as proof when the photo passes.
//
//	people, err := person.New(nil) // the embedded models
//	screened, err := detect.Screen(ctx, people, photo, detect.OnePerson(), nil)
//	if errors.Is(err, detect.ErrCrowd) {
//		// ask the shopper for a photo of one person
//	}
//	scene := screened.Scene() // boxes in displayed pixels
//
// The order "strip, then look" cannot be turned round: Screen takes an
// [imageproc.Clean] and nothing else.
//
// # Limits
//
// A verdict is a statistical statement with the error rates the detector
// publishes. Mannequins, posters and people in mirrors count as people. Where
// the evidence is weak the verdict is [Unsure], and Unsure is refused unless
// the caller supplies a reviewer.
package detect
