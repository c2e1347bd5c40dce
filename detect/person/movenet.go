package person

import (
	"cmp"
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect"
)

// MoveNet looks at the square in 64×64 cells of 4 pixels.
const (
	movenetStride = 4
	movenetFloor  = 0.05 // peaks below it are noise
	movenetNMS    = 0.7
	movenetMost   = 20 // peaks looked at

	// A keypoint's heat counts less the further it is from where its person's
	// centre says it should be: exp(-d²/spread). The graph itself has 0.30005
	// times the side of the map.
	movenetSpread = 0.30005 * 64
	// exp(-12) is too little to matter, so cells beyond it are not looked at.
	movenetReach = 12
	// The graph's own threshold.
	movenetSeen = 0.12695

	sureKeypoints = 5 // k5 is the mean of so many
)

// movenetMaps is MoveNet's answer: planes of n×n cells. Pairs are y before x,
// in cells.
type movenetMaps struct {
	center  []float32 // 1: probability that a person's centre is here
	scale   []float32 // 2: height and width of the box
	offset  []float32 // 2: from the cell to the box's centre
	heat    []float32 // 17: probability of each keypoint
	regress []float32 // 34: from the centre's cell to each keypoint
	refine  []float32 // 34: from a cell to the exact keypoint
}

// A pose is a person as MoveNet sees one.
type pose struct {
	box    box
	center float32 // 0 to 1
	k5     float32 // mean of the five best keypoint scores
	points [detect.NumKeypoints]detect.Keypoint

	cell  int // of the peak
	cells box // the box in cells, not clipped
}

// evidence weighs the centre by what can be seen of the body: a curled-up dog
// has a centre, but hardly keypoints.
func (p *pose) evidence() float32 { return p.center * p.k5 }

// decode appends the poses to dst, highest centre first, without those that
// repeat a higher one. Boxes and keypoints are in the picture's pixels.
func (m *movenetMaps) decode(dst []pose, f fit) []pose {
	n := f.side / movenetStride
	for i, v := range m.center[:n*n] {
		if v >= movenetFloor && peak(m.center, n, i) {
			dst = append(dst, m.at(i, n, f))
		}
	}
	slices.SortStableFunc(dst, func(a, b pose) int { return cmp.Compare(b.center, a.center) })
	dst = suppress(dst, func(p *pose) box { return p.box }, movenetNMS)
	dst = dst[:min(len(dst), movenetMost)]
	for i := range dst {
		m.findPoints(&dst[i], n, f)
	}
	return dst
}

// peak reports whether cell i is the highest of its 3×3 neighbourhood.
func peak(plane []float32, n, i int) bool {
	x, y := i%n, i/n
	for yy := max(0, y-1); yy <= min(n-1, y+1); yy++ {
		for xx := max(0, x-1); xx <= min(n-1, x+1); xx++ {
			if plane[yy*n+xx] > plane[i] {
				return false
			}
		}
	}
	return true
}

// at is the pose with its centre in cell i, still without keypoints.
func (m *movenetMaps) at(i, n int, f fit) pose {
	plane := n * n
	y, x := float32(i/n)+m.offset[i], float32(i%n)+m.offset[plane+i]
	h, w := max(0, m.scale[i])/2, max(0, m.scale[plane+i])/2
	c := box{x - w, y - h, x + w, y + h}
	const s = movenetStride
	return pose{
		box:    f.boxToPicture(box{c.x0 * s, c.y0 * s, c.x1 * s, c.y1 * s}),
		center: m.center[i], cell: i, cells: c,
	}
}

// findPoints finds the keypoints of p and k5.
func (m *movenetMaps) findPoints(p *pose, n int, f fit) {
	plane := n * n
	var scores [detect.NumKeypoints]float32
	for k := range p.points {
		y := float32(p.cell/n) + m.regress[2*k*plane+p.cell]
		x := float32(p.cell%n) + m.regress[(2*k+1)*plane+p.cell]
		cell, score := p.bestCell(m.heat[k*plane:][:plane], n, x, y)
		scores[k] = score
		if score <= movenetSeen {
			continue
		}
		const s = movenetStride
		px := (float32(cell%n) + m.refine[(2*k+1)*plane+cell]) * s
		py := (float32(cell/n) + m.refine[2*k*plane+cell]) * s
		p.points[k] = place(px, py, score, f)
	}
	slices.Sort(scores[:])
	for _, v := range scores[len(scores)-sureKeypoints:] {
		p.k5 += v / sureKeypoints
	}
}

// bestCell is the cell of p's box where heat, weighed by the distance from the
// target (x, y), is highest. The weight is a product of one factor a row and one
// a column.
func (p *pose) bestCell(heat []float32, n int, x, y float32) (cell int, score float32) {
	reach := float32(math.Sqrt(movenetReach * movenetSpread))
	x0, x1 := cellRange(max(p.cells.x0, x-reach), min(p.cells.x1, x+reach), n)
	y0, y1 := cellRange(max(p.cells.y0, y-reach), min(p.cells.y1, y+reach), n)
	var columns [64]float32
	for xx := x0; xx < x1; xx++ {
		columns[xx] = falloff(float32(xx) - x)
	}
	for yy := y0; yy < y1; yy++ {
		row := falloff(float32(yy) - y)
		for xx := x0; xx < x1; xx++ {
			if v := heat[yy*n+xx] * row * columns[xx]; v > score {
				cell, score = yy*n+xx, v
			}
		}
	}
	return cell, score
}

// cellRange gives the whole cells from lo to before hi, of n.
func cellRange(lo, hi float32, n int) (from, to int) {
	return max(0, ceil(max(lo, -1))), min(n, ceil(min(hi, float32(n))))
}

func falloff(d float32) float32 { return float32(math.Exp(-float64(d*d) / movenetSpread)) }

// place puts a keypoint of the square into the picture. One that lies outside
// is not seen; one that its rounding to a cell pushed over the edge is.
func place(x, y, score float32, f fit) detect.Keypoint {
	const slack = movenetStride
	l, t, r, b := float32(f.x), float32(f.y), float32(f.x+f.w), float32(f.y+f.h)
	if x < l-slack || y < t-slack || x > r+slack || y > b+slack {
		return detect.Keypoint{}
	}
	in := f.frame()
	x, y = f.toPicture(x, y)
	return detect.Keypoint{X: min(max(x, in.x0), in.x1), Y: min(max(y, in.y0), in.y1), Score: score}
}
