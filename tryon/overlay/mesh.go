package overlay

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// vertex ties a place on the product to one in the photo.
type vertex struct {
	src   vec     // product pixels
	dst   vec     // photo pixels
	shade float32 // multiplies the colour
}

// triangle is a piece of the product; sleeve says how much of it is sleeve.
type triangle struct {
	v      [3]int32
	sleeve float32
}

// mesh is the product, cut into triangles that move with the fit.
type mesh struct {
	vertices  []vertex
	triangles []triangle // the trunk's first
	bounds    image.Rectangle
}

// meshCells is how many cells lie in a chest width.
const meshCells = 36

// newMesh spans a grid over the product, with a row at the armpits. Cells
// without product are left out.
func newMesh(c *cutout.Cutout, f *fit) *mesh {
	step := max(3, f.unit/meshCells)
	armpit := f.m.armpit[0].Y
	x0 := float64(c.Box.Min.X) - 2
	y0 := armpit - math.Ceil((armpit-float64(c.Box.Min.Y)+2)/step)*step
	nx := int(math.Ceil((float64(c.Box.Max.X)+2-x0)/step)) + 1
	ny := int(math.Ceil((float64(c.Box.Max.Y)+2-y0)/step)) + 1
	m := &mesh{}
	var corners [3][]int32 // of the grid for each piece, made when needed: 0 is not yet
	for p := range corners {
		corners[p] = make([]int32, nx*ny)
	}
	var weights []float64
	corner := func(i, j int, p piece) int32 {
		at := &corners[p][j*nx+i]
		if *at == 0 {
			src := vec{x0 + float64(i)*step, y0 + float64(j)*step}
			dst, w := f.place(src, p)
			m.vertices = append(m.vertices, vertex{src: src, dst: dst, shade: f.roundness(src, w)})
			weights = append(weights, w)
			*at = int32(len(m.vertices))
		}
		return *at - 1
	}
	for j := range ny - 1 {
		for i := range nx - 1 {
			src := vec{x0 + float64(i)*step, y0 + float64(j)*step}
			if !visible(c, src, step) {
				continue
			}
			mid := f.normal(src.add(vec{step / 2, step / 2}))
			side := 0
			if mid.X > 0 {
				side = 1
			}
			p := f.pieceAt(mid, side)
			a, b, d, e := corner(i, j, p), corner(i+1, j, p), corner(i, j+1, p), corner(i+1, j+1, p)
			s := float32(weights[a]+weights[b]+weights[d]+weights[e]) / 4
			m.triangles = append(m.triangles, triangle{[3]int32{a, b, e}, s}, triangle{[3]int32{a, e, d}, s})
		}
	}
	slices.SortStableFunc(m.triangles, func(a, b triangle) int { return cmp.Compare(a.sleeve, b.sleeve) })
	m.bound(f.p.bounds)
	return m
}

// visible reports whether the square from p holds product.
func visible(c *cutout.Cutout, p vec, side float64) bool {
	for y := max(0, int(p.Y)); y <= min(c.H-1, int(p.Y+side)+1); y++ {
		for x := max(0, int(p.X)); x <= min(c.W-1, int(p.X+side)+1); x++ {
			if c.Pix[4*(y*c.W+x)+3] > 0 {
				return true
			}
		}
	}
	return false
}

// bound finds the part of the photo that the mesh covers.
func (m *mesh) bound(photo image.Rectangle) {
	for _, t := range m.triangles {
		for _, i := range t.v {
			d := m.vertices[i].dst
			m.bounds = m.bounds.Union(image.Rect(int(math.Floor(d.X)), int(math.Floor(d.Y)), int(math.Ceil(d.X))+1, int(math.Ceil(d.Y))+1))
		}
	}
	m.bounds = m.bounds.Intersect(photo)
}

// roundness is the light that a flat picture lacks on a round body: darker
// towards the sides of trunk and sleeves.
func (f *fit) roundness(q vec, weight float64) float32 {
	g := f.normal(q)
	edge := ramp(.30, .56, math.Abs(g.X)) * (1 - weight)
	side := 0
	if g.X > 0 {
		side = 1
	}
	if weight > 0 {
		s := &f.sleeve[side]
		across := math.Abs(s.axis.cross(g.sub(s.joint)))
		edge += ramp(.08, .24, across) * weight
	}
	return float32(1 - .17*edge)
}

// relight gives the product the photo's light: how bright it is, and from which
// side it comes. Its hue stays.
func (m *mesh) relight(f *fit, b *body) {
	exposure, lean := b.exposure(), b.lean()
	for i := range m.vertices {
		u, _ := f.p.uv(m.vertices[i].dst)
		m.vertices[i].shade *= exposure * float32(1-.20*lean*clamp(u, -.6, .6))
	}
}
