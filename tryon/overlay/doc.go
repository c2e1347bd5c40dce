// Package overlay is the try-on backend that needs no network: it cuts a
// flat-lay garment out of its product picture and draws it on the person, by
// the person's own shoulders, arms and hips. It draws, it does not generate:
// face, neck and everything outside the garment and its shadow stay the photo's
// own pixels.
//
//	client, err := tryon.New(&tryon.Options{
//		Routes: []tryon.Route{{Backend: overlay.New(nil)}},
//		Ledger: ledger,
//	})
//	result, err := client.Render(ctx, permit, &tryon.Request{
//		Subject: shopper,
//		Photo:   screened, // by a detector that finds keypoints
//		Items:   []tryon.Item{{ID: "tee-4711", Image: flatLay, Garment: tryon.Top}},
//	})
//
// # Limits
//
// Tops on upright people seen from the front, head and shoulders at least, and
// product pictures of one top lying flat on a plain or transparent background.
// What would come out badly is refused: a *tryon.Error of code tryon.BadPhoto or
// tryon.BadProduct, with one of this package's reasons. A preview shows the
// style, not the fit: nothing of the wearer's size is known. What is worn in the
// photo is not taken off; where it shows beside the product, a warning says so.
// Long hair over the shoulders may be drawn over.
package overlay
