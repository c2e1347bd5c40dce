package room

import (
	"image"
	"math"

	"github.com/fitveil/fitveil/tryon"
)

// quad is a convex quadrilateral in pixels of the photo, and the homography that
// takes its points to the unit square: top left to 0, 0, bottom right to 1, 1.
type quad struct {
	corners [4]tryon.Point
	inverse [9]float64 // row-major
}

// newQuad reads the corners: top left, top right, bottom right, bottom left.
func newQuad(p []tryon.Point) (*quad, *tryon.Error) {
	bad := func(r tryon.Reason) (*quad, *tryon.Error) {
		return nil, &tryon.Error{Code: tryon.BadRequest, Backend: Name, Reason: r}
	}
	if len(p) == 0 {
		return bad(NoRegion)
	}
	if len(p) != 4 {
		return bad(RegionShape)
	}
	q := &quad{corners: [4]tryon.Point(p)}
	for i, a := range q.corners {
		b, c := q.corners[(i+1)%4], q.corners[(i+2)%4]
		// Clockwise, y down, every turn is to the right. NaN is not.
		if turn := (b.X-a.X)*(c.Y-b.Y) - (b.Y-a.Y)*(c.X-b.X); !(turn > 0) {
			return bad(RegionShape)
		}
		if math.Hypot(b.X-a.X, b.Y-a.Y) < 16 {
			return bad(RegionSmall)
		}
	}
	if q.depth() < 8 {
		return bad(RegionSmall)
	}
	q.inverse = invert(squareTo(q.corners))
	return q, nil
}

// depth is the least distance of a corner from an opposite side: what a wall
// seen from the side has little of.
func (q *quad) depth() float64 {
	least := math.Inf(1)
	for i, a := range q.corners {
		b := q.corners[(i+1)%4]
		for _, c := range []tryon.Point{q.corners[(i+2)%4], q.corners[(i+3)%4]} {
			least = min(least, ((b.X-a.X)*(c.Y-a.Y)-(b.Y-a.Y)*(c.X-a.X))/math.Hypot(b.X-a.X, b.Y-a.Y))
		}
	}
	return least
}

// squareTo is the homography from the unit square to a quadrilateral (Heckbert
// 1989, section 2.2.3).
func squareTo(p [4]tryon.Point) [9]float64 {
	dx1, dx2, sx := p[1].X-p[2].X, p[3].X-p[2].X, p[0].X-p[1].X+p[2].X-p[3].X
	dy1, dy2, sy := p[1].Y-p[2].Y, p[3].Y-p[2].Y, p[0].Y-p[1].Y+p[2].Y-p[3].Y
	det := dx1*dy2 - dx2*dy1
	g, h := (sx*dy2-dx2*sy)/det, (dx1*sy-sx*dy1)/det
	return [9]float64{
		p[1].X - p[0].X + g*p[1].X, p[3].X - p[0].X + h*p[3].X, p[0].X,
		p[1].Y - p[0].Y + g*p[1].Y, p[3].Y - p[0].Y + h*p[3].Y, p[0].Y,
		g, h, 1,
	}
}

// invert gives the adjoint, which is the inverse up to a factor: all a homography needs.
func invert(m [9]float64) [9]float64 {
	return [9]float64{
		m[4]*m[8] - m[5]*m[7], m[2]*m[7] - m[1]*m[8], m[1]*m[5] - m[2]*m[4],
		m[5]*m[6] - m[3]*m[8], m[0]*m[8] - m[2]*m[6], m[2]*m[3] - m[0]*m[5],
		m[3]*m[7] - m[4]*m[6], m[1]*m[6] - m[0]*m[7], m[0]*m[4] - m[1]*m[3],
	}
}

// toSquare takes a point of the photo to the unit square.
func (q *quad) toSquare(x, y float64) (u, v float64) {
	m := &q.inverse
	w := m[6]*x + m[7]*y + m[8]
	return (m[0]*x + m[1]*y + m[2]) / w, (m[3]*x + m[4]*y + m[5]) / w
}

// cover is how much of a pixel around x, y the quadrilateral covers, 0 to 1.
func (q *quad) cover(x, y float64) float64 {
	least := 1.0
	for i, a := range q.corners {
		b := q.corners[(i+1)%4]
		inside := ((b.X-a.X)*(y-a.Y) - (b.Y-a.Y)*(x-a.X)) / math.Hypot(b.X-a.X, b.Y-a.Y)
		least = min(least, inside+.5)
	}
	return max(least, 0)
}

// bounds is the rectangle of pixels that the quadrilateral touches.
func (q *quad) bounds() image.Rectangle {
	lo, hi := q.corners[0], q.corners[0]
	for _, c := range q.corners {
		lo.X, lo.Y, hi.X, hi.Y = min(lo.X, c.X), min(lo.Y, c.Y), max(hi.X, c.X), max(hi.Y, c.Y)
	}
	return image.Rect(int(math.Floor(lo.X)), int(math.Floor(lo.Y)), int(math.Ceil(hi.X))+1, int(math.Ceil(hi.Y))+1)
}

// size is how many pixels wide and high the quadrilateral is where it is longest.
func (q *quad) size() (w, h float64) {
	side := func(i, j int) float64 {
		return math.Hypot(q.corners[i].X-q.corners[j].X, q.corners[i].Y-q.corners[j].Y)
	}
	return max(side(0, 1), side(3, 2)), max(side(0, 3), side(1, 2))
}
