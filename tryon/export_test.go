package tryon

import (
	"context"
	"image"
	"net"
	"net/netip"
)

// EditMask is what garments may change, in the photo's pixels.
func EditMask(r *Request) *image.Alpha {
	a := &attempt{request: r}
	mask, _ := a.edit(r.Photo.Photo().Bounds())
	return mask
}

// FaceBox is where nothing may change.
func FaceBox(r *Request) image.Rectangle {
	return newFigure(r.Photo.Scene()).faceBox()
}

// TorsoOf is the part of the body whose skin is measured, in the pixels of a photo.
func TorsoOf(in *Input) []Point {
	s := in.Photo.Scene()
	f := newFigure(s)
	if f == nil || !f.clear {
		return nil
	}
	return f.torso(s.Bounds.Max.Y)
}

// Inside reports whether a point is in a polygon.
func Inside(poly []Point, x, y float64) bool { return inside(poly, x, y) }

// Public reports whether an address is one of the open internet.
func Public(a netip.Addr) bool { return public(a) }

// CheckAddress asks the check of a resolved address, and reports whether its
// answer counts for the whole attempt before dialling is over.
func CheckAddress(addr string) (err error, recorded bool) {
	g := &gate{profile: &Profile{}}
	err = publicOnly(context.Background(), "tcp", addr, nil)
	recorded = g.refused() != nil
	if g.dialed(nil) != nil || g.refused() != nil || g.dialed(&net.OpError{Err: err}) == nil || g.refused() == nil {
		return nil, true
	}
	return err, recorded
}
