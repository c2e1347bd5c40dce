// Package tryon draws a product on a person's photo, or has it drawn. A
// [Client] takes a permit and a screened photo, hands them to a [Backend], and
// returns pictures that were stripped and marked again on the way out.
//
//	client, err := tryon.New(&tryon.Options{
//		Routes: []tryon.Route{{Backend: overlay.New(nil)}},
//		Ledger: ledger,
//	})
//	result, err := client.Render(ctx, permit, &tryon.Request{
//		Subject: shopper,
//		Photo:   screened,
//		Items:   []tryon.Item{{ID: "tee-4711", Image: garment, Garment: tryon.Top}},
//	})
//
// Without a valid permit for this subject and these recipients, or with a photo
// whose scene does not suit the task, nothing is sent anywhere.
//
// # A backend of one's own
//
// [NewBackend] makes one from a [Profile] and a function. A driver for somebody
// else's HTTP service is shown in examples/newdriver: package wire makes its calls,
// and package tryontest tests it.
//
// # Limits
//
// What a remote backend keeps is known only from what its profile declares.
//
// A picture on which more of the torso is bare than on the photo is refused, by the
// colour of skin and not by shape. Where half of a product's picture or more has that
// colour, the product is taken for skin-coloured, and a bare torso of just that
// colour passes for it; declare what a model wears ([Item].Worn, [Entry].Worn) and no skin in its picture
// counts as the product's, at the price of refusing a product that is itself
// skin-coloured.
package tryon
