package person

import (
	stdcmp "cmp"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var near = cmpopts.EquateApprox(0, 1e-3)

// square is a fit in which the picture is the network's square.
func square(side int) fit { return fitInto(image.Rect(0, 0, side, side), side) }

func emptyNanodet() *nanodetMaps {
	m := new(nanodetMaps)
	for s, stride := range nanodetStrides {
		n := 416 / stride
		m.score[s], m.sides[s] = make([]float32, n*n), make([]float32, 4*nanodetBins*n*n)
	}
	return m
}

// put gives cell (x, y) of head s a score and sharp distances in cells.
func (m *nanodetMaps) put(s, x, y int, score float32, sides [4]float32) {
	n := 416 / nanodetStrides[s]
	i := y*n + x
	m.score[s][i] = score
	for side, d := range sides {
		// All the weight on the two bins around d, in proportion.
		lo := int(d)
		for j := range nanodetBins {
			p := 1e-9
			switch j {
			case lo:
				p = max(p, float64(1-(d-float32(lo))))
			case lo + 1:
				p = max(p, float64(d-float32(lo)))
			}
			m.sides[s][(side*nanodetBins+j)*n*n+i] = float32(math.Log(p))
		}
	}
}

func TestDecodeNanodet(t *testing.T) {
	type cell struct {
		head, x, y int
		score      float32
		sides      [4]float32
	}
	wide := fitInto(image.Rect(0, 0, 832, 416), 416) // at half size, 104 down
	tests := []struct {
		name  string
		fit   fit
		cells []cell
		want  []candidate
	}{
		{"nothing", square(416), nil, nil},
		{"below the floor", square(416), []cell{{1, 3, 4, 0.049, [4]float32{1, 1, 1, 1}}}, nil},
		{
			"stride 8", square(416),
			[]cell{{0, 10, 20, 0.9, [4]float32{2, 3, 4, 5}}}, // centre (84, 164)
			[]candidate{{box{68, 140, 116, 204}, 0.9}},
		},
		{
			"stride 16, fractions", square(416),
			[]cell{{1, 10, 10, 0.5, [4]float32{1.5, 2.25, 9.75, 0.5}}}, // centre (168, 168)
			[]candidate{{box{144, 132, 324, 176}, 0.5}},
		},
		{
			"stride 32, over the edge", square(416),
			[]cell{{2, 0, 12, 0.5, [4]float32{10, 2, 1, 10}}}, // centre (16, 400)
			[]candidate{{box{0, 336, 48, 416}, 0.5}},
		},
		{
			"letterboxed", wide,
			[]cell{{1, 10, 10, 0.5, [4]float32{1, 1, 1, 1}}}, // 152..184 in the square
			[]candidate{{box{304, 96, 368, 160}, 0.5}},
		},
		{
			"neighbours see the same, a third does not", square(416),
			[]cell{
				{0, 10, 20, 0.6, [4]float32{4, 4, 4, 4}},
				{0, 11, 20, 0.9, [4]float32{5, 4, 3, 4}}, // the same box
				{0, 15, 20, 0.3, [4]float32{4, 4, 4, 4}}, // IoU 24/104
			},
			[]candidate{{box{52, 132, 116, 196}, 0.9}, {box{92, 132, 156, 196}, 0.3}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := emptyNanodet()
			for _, c := range tt.cells {
				m.put(c.head, c.x, c.y, c.score, c.sides)
			}
			got := m.decode(nil, tt.fit)
			if diff := cmp.Diff(tt.want, got, near, cmp.AllowUnexported(candidate{}, box{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestExpectation(t *testing.T) {
	flat := make([]float32, nanodetBins)
	if got := expectation(flat, 1, 0); got != 5 {
		t.Errorf("all bins alike: got %v, want 5", got)
	}
	sharp := make([]float32, nanodetBins)
	sharp[7] = 1000 // exp overflows
	if got := expectation(sharp, 1, 0); got != 7 {
		t.Errorf("one huge logit: got %v, want 7", got)
	}
}

func emptyMovenet() *movenetMaps {
	const plane = 64 * 64
	return &movenetMaps{
		center: make([]float32, plane), scale: make([]float32, 2*plane), offset: make([]float32, 2*plane),
		heat: make([]float32, 17*plane), regress: make([]float32, 34*plane), refine: make([]float32, 34*plane),
	}
}

// put sets a person's centre at cell (x, y), its box in cells and the offset of
// the box.
func (m *movenetMaps) put(x, y int, center, w, h, dx, dy float32) {
	const plane = 64 * 64
	i := y*64 + x
	m.center[i] = center
	m.scale[i], m.scale[plane+i] = h, w
	m.offset[i], m.offset[plane+i] = dy, dx
}

// point says that keypoint k of the person at cell (px, py) is expected at cell
// (x+ex, y+ey), and puts heat at cell (x, y), refined by (dx, dy).
func (m *movenetMaps) point(px, py, k, x, y int, heat, ex, ey, dx, dy float32) {
	const plane = 64 * 64
	p, c := py*64+px, y*64+x
	m.regress[2*k*plane+p], m.regress[(2*k+1)*plane+p] = float32(y-py)+ey, float32(x-px)+ex
	m.heat[k*plane+c] = heat
	m.refine[2*k*plane+c], m.refine[(2*k+1)*plane+c] = dy, dx
}

func TestDecodeMovenet(t *testing.T) {
	m := emptyMovenet()
	m.put(20, 30, 0.9, 10, 20, 0.5, -0.25) // box 15.5..25.5 × 19.75..39.75 cells
	m.center[30*64+21] = 0.8               // on the slope, no peak
	m.put(50, 10, 0.04, 8, 8, 0, 0)        // too faint
	m.point(20, 30, detect.Nose, 21, 22, 0.8, 0, 0, 0.5, 0.25)
	m.point(20, 30, detect.LeftEye, 22, 21, 0.6, 2, 1, 0, 0) // found 2.236 cells from where it was expected
	m.point(20, 30, detect.LeftWrist, 40, 30, 0.9, 0, 0, 0, 0)
	m.point(20, 30, detect.RightWrist, 18, 30, 0.1, 0, 0, 0, 0)

	got := m.decode(nil, square(256))
	if len(got) != 1 {
		t.Fatalf("got %d poses, want 1", len(got))
	}
	p := got[0]
	if diff := cmp.Diff(box{62, 79, 102, 159}, p.box, near, cmp.AllowUnexported(box{})); diff != "" {
		t.Errorf("box, -want +got:\n%s", diff)
	}
	eye := 0.6 * math.Exp(-5/19.2032)
	want := make([]detect.Keypoint, detect.NumKeypoints)
	want[detect.Nose] = detect.Keypoint{X: 86, Y: 89, Score: 0.8}
	want[detect.LeftEye] = detect.Keypoint{X: 88, Y: 84, Score: float32(eye)}
	// The left wrist's heat lies outside the box, the right one's is below 0.127.
	if diff := cmp.Diff(want, p.points[:], near); diff != "" {
		t.Errorf("keypoints, -want +got:\n%s", diff)
	}
	if want := (0.8 + eye + 0.1) / 5; math.Abs(float64(p.k5)-want) > 1e-6 {
		t.Errorf("k5 is %v, want %v", p.k5, want)
	}
	if want := 0.9 * (0.8 + eye + 0.1) / 5; math.Abs(float64(p.evidence())-want) > 1e-6 {
		t.Errorf("evidence is %v, want %v", p.evidence(), want)
	}
}

func TestDecodeMovenetLetterboxed(t *testing.T) {
	m := emptyMovenet()
	f := fitInto(image.Rect(0, 0, 512, 256), 256) // half size, 64 down: rows 16..48
	m.put(20, 17, 0.9, 10, 20, 0, 0)
	m.point(20, 17, detect.Nose, 20, 20, 0.9, 0, 0, 0, 0)
	m.point(20, 17, detect.LeftEye, 21, 15, 0.9, 0, 0, 0, 0.5)  // 2 pixels into the bar: rounding
	m.point(20, 17, detect.RightEye, 19, 12, 0.9, 0, 0, 0, 0.5) // 14 pixels into the bar: outside
	p := m.decode(nil, f)[0]
	if want := (box{120, 0, 200, 88}); p.box != want {
		t.Errorf("box %v, want %v", p.box, want)
	}
	if want := (detect.Keypoint{X: 160, Y: 32, Score: 0.9}); p.points[detect.Nose] != want {
		t.Errorf("nose %v, want %v", p.points[detect.Nose], want)
	}
	if got := p.points[detect.LeftEye]; got.Y != 0 || got.Score != 0.9 {
		t.Errorf("left eye %v, want it on the edge", got)
	}
	if got := p.points[detect.RightEye]; got != (detect.Keypoint{}) {
		t.Errorf("right eye %v, want it unseen", got)
	}
}

func TestDecodeMovenetCrowd(t *testing.T) {
	m := emptyMovenet()
	for i := range 30 {
		x, y := 3+10*(i%6), 5+10*(i/6)
		m.put(x, y, 0.3+float32(i)/100, 6, 8, 0, 0)
	}
	m.put(53, 42, 0.2, 6, 8, 0, 3) // almost the box of the last one: IoU 0.85
	got := m.decode(nil, square(256))
	if len(got) != movenetMost {
		t.Errorf("%d poses, want the best %d", len(got), movenetMost)
	}
	mostCertainFirst := slices.IsSortedFunc(got, func(a, b pose) int { return stdcmp.Compare(b.center, a.center) })
	if !mostCertainFirst || got[0].cell != 45*64+53 {
		t.Error("not the most certain first")
	}
}

// TestBestCellAgreesWithTheWholeMap compares with the plain definition: the
// highest heat·exp(-d²/spread) over all cells of the box.
func TestBestCellAgreesWithTheWholeMap(t *testing.T) {
	heat := make([]float32, 64*64)
	for i := range heat {
		heat[i] = float32((i*7919)%1000) / 1000
	}
	for _, b := range []box{{10, 10, 20, 30}, {-5, -5, 8, 80}, {0.5, 60.5, 63.9, 70}, {30, 30, 30, 40}, {70, 70, 90, 90}} {
		for _, at := range [][2]float32{{15, 20}, {3, 3}, {60.25, 61.75}, {-40, 200}} {
			p := pose{cells: b}
			cell, score := p.bestCell(heat, 64, at[0], at[1])
			wantCell, want := 0, 0.0
			for i, v := range heat {
				x, y := float64(i%64), float64(i/64)
				if x < float64(b.x0) || x >= float64(b.x1) || y < float64(b.y0) || y >= float64(b.y1) {
					continue
				}
				d := (x-float64(at[0]))*(x-float64(at[0])) + (y-float64(at[1]))*(y-float64(at[1]))
				if v := float64(v) * math.Exp(-d/(0.30005*64)); d/(0.30005*64) <= 12 && v > want {
					wantCell, want = i, v
				}
			}
			if cell != wantCell || math.Abs(float64(score)-want) > 1e-5 {
				t.Errorf("box %v, target %v: got cell %d (%v), want %d (%v)", b, at, cell, score, wantCell, want)
			}
		}
	}
}

func TestFinite(t *testing.T) {
	values := make([]float32, 100)
	values[3], values[4] = math.MaxFloat32, -math.MaxFloat32
	if !finite(values) {
		t.Error("finite values are taken for others")
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		values[99] = float32(bad)
		if finite(values) {
			t.Errorf("%v is taken for finite", bad)
		}
	}
}
