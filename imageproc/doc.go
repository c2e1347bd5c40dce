// Package imageproc takes an untrusted upload and gives back the same picture
// without the data that nobody meant to send: EXIF, GPS, maker notes, XMP,
// IPTC, comments, thumbnails, content credentials, and bytes that hide between
// and behind the segments.
//
// The container is taken apart and written anew from an allow-list, so the
// compressed pixels stay bit for bit what they were, and the picture keeps its
// orientation and its colours:
//
//	f, _ := os.Open("upload.jpg")
//	photo, err := imageproc.Sanitize(ctx, f, nil)
//	if errors.Is(err, imageproc.ErrUnsupported) {
//		// not a JPEG or PNG: tell the shopper, nothing was kept
//	}
//	for _, found := range photo.Report().Removed {
//		fmt.Println(found.Carrier, found.Classes, found.Bytes)
//	}
//	thumb, err := photo.Thumb(416) // upright, ready for a detector
//
// A [Clean] is the proof that this happened. Only [Sanitize] makes one, and the
// packages behind it accept nothing else.
//
// # Limits
//
// JPEG and PNG are handled; every other format is refused with
// [ErrUnsupported], never passed through. Defaults for [Limits]: 20 MiB of
// input, 64 megapixels, one decoded frame, 65,536 segments. Quantisation tables
// and sensor noise can identify a camera model or a camera; they are part of
// the picture and stay. Text tags inside an ICC profile stay for now.
package imageproc
