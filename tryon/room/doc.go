// Package room is the try-on backend for rooms that needs no network: it draws a
// product picture onto a quadrilateral of the photo, on a wall, on the floor or
// upright, in the perspective and in the light of the place.
//
//	client, err := tryon.New(&tryon.Options{
//		Routes: []tryon.Route{{Backend: room.New(nil)}},
//		Ledger: ledger,
//	})
//	result, err := client.Render(ctx, permit, &tryon.Request{
//		Subject: shopper,
//		Photo:   screened, // under detect.NoPeople
//		Items:   []tryon.Item{{ID: "poster-12", Image: poster}},
//		Task:    tryon.InRoom,
//		Region:  tryon.EditRegion{Polygon: corners}, // top left, top right, bottom right, bottom left
//	})
//
// It draws, it does not generate: outside the quadrilateral and, for a thing that
// stands, its shadow, the photo stays as it is.
//
// # Limits
//
// The corners say where the product goes and how large it is: nothing of the room
// is measured. What stands before the place is drawn over. A product that stands
// ([Options.Standing]) is its picture set upright, seen from the front. Light is
// matched in colour, brightness and its course over the place, not in reflections
// and cast shadows.
package room
