package tryon

import (
	"image"
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

// moreSkin is how much more of the torso may be skin than in the photo.
const moreSkin = .15

// tone is the colour of somebody's skin: middle and spread of the two chroma
// channels, and the range of brightness.
type tone struct {
	cb, cr, cbWide, crWide float64
	dark, light            float64
}

// toneOf measures the face in a picture. Without a face it takes what skin of
// any colour has in common, which is more than skin.
func toneOf(img *image.NRGBA, f *figure) tone {
	box := f.faceBox()
	inner := box.Inset(box.Dx() / 5).Intersect(img.Rect)
	if inner.Dx() < 4 || inner.Dy() < 4 {
		return tone{cb: 110, cr: 150, cbWide: 20, crWide: 18, dark: 35, light: 250}
	}
	var y, cb, cr []float64
	for j := inner.Min.Y; j < inner.Max.Y; j++ {
		for i := inner.Min.X; i < inner.Max.X; i++ {
			a, b, c := ycc(img, i, j)
			y, cb, cr = append(y, a), append(cb, b), append(cr, c)
		}
	}
	middle := func(v []float64) (m, wide float64) {
		slices.Sort(v)
		m = v[len(v)/2]
		return m, (v[len(v)*3/4] - v[len(v)/4]) / 1.35
	}
	t := tone{}
	_, _ = middle(y)
	t.dark, t.light = .40*y[len(y)/10], 1.35*y[len(y)*9/10]
	t.cb, t.cbWide = middle(cb)
	t.cr, t.crWide = middle(cr)
	t.cbWide, t.crWide = min(max(3*t.cbWide, 8), 16), min(max(3*t.crWide, 8), 16)
	return t
}

func ycc(img *image.NRGBA, x, y int) (luma, cb, cr float64) {
	p := img.Pix[img.PixOffset(x, y):]
	r, g, b := float64(p[0]), float64(p[1]), float64(p[2])
	luma = .299*r + .587*g + .114*b
	return luma, 128 + (b-luma)*.564, 128 + (r-luma)*.713
}

func (t *tone) has(y, cb, cr float64) bool {
	dx, dy := (cb-t.cb)/t.cbWide, (cr-t.cr)/t.crWide
	return dx*dx+dy*dy <= 1 && y >= t.dark && y <= t.light
}

// torso is the part of the body that clothes cover on nearly everybody, from
// below the collarbones to below the hips.
func (f *figure) torso() []Point {
	at := func(i int) (float64, float64) { return float64(f.k[i].X), float64(f.k[i].Y) }
	lx, ly := at(detect.LeftShoulder)
	rx, ry := at(detect.RightShoulder)
	blx, bly, brx, bry := lx-.1*(lx-rx), ly+1.3*f.width, rx+.1*(lx-rx), ry+1.3*f.width
	if min(f.k[detect.LeftHip].Score, f.k[detect.RightHip].Score) >= felt {
		blx, bly = at(detect.LeftHip)
		brx, bry = at(detect.RightHip)
	}
	down := func(ax, ay, bx, by, t float64) Point { return Point{ax + t*(bx-ax), ay + t*(by-ay)} }
	return []Point{down(lx, ly, blx, bly, .18), down(rx, ry, brx, bry, .18), down(rx, ry, brx, bry, 1.15), down(lx, ly, blx, bly, 1.15)}
}

// skinShare is how much of the torso is skin. Colours of the products that are
// nearer than the skin's are cloth.
func skinShare(img *image.NRGBA, f *figure, products [][3]float64) (share float64, n int) {
	t := toneOf(img, f)
	quad := f.torso()
	e := EditRegion{Polygon: quad}
	r := e.bounds().Intersect(img.Rect)
	skin := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if !inside(quad, float64(x)+.5, float64(y)+.5) {
				continue
			}
			n++
			a, b, c := ycc(img, x, y)
			if !t.has(a, b, c) {
				continue
			}
			own := math.Hypot(b-t.cb, c-t.cr)
			cloth := slices.ContainsFunc(products, func(p [3]float64) bool {
				return math.Hypot(b-p[1], c-p[2]) < own-1 && math.Abs(a-p[0]) < 60
			})
			if !cloth {
				skin++
			}
		}
	}
	if n == 0 {
		return 0, 0
	}
	return float64(skin) / float64(n), n
}

// inside is the even-odd rule.
func inside(poly []Point, x, y float64) bool {
	in := false
	for i, j := 0, len(poly)-1; i < len(poly); j, i = i, i+1 {
		a, b := poly[i], poly[j]
		if (a.Y > y) != (b.Y > y) && x < (b.X-a.X)*(y-a.Y)/(b.Y-a.Y)+a.X {
			in = !in
		}
	}
	return in
}

// colours are the most frequent colours of product pictures, without plain
// white and what is transparent.
func colours(items []Item) [][3]float64 {
	var list [][3]float64
	for i := range items {
		img, err := items[i].Image.Thumb(96)
		if err != nil {
			continue // its colours explain nothing then
		}
		p := nrgba(img)
		counts, sums, total := map[[3]int]int{}, map[[3]int][3]float64{}, 0
		for y := range p.Rect.Dy() {
			for x := range p.Rect.Dx() {
				if q := p.NRGBAAt(x, y); q.A < 128 || min(q.R, q.G, q.B) > 240 {
					continue
				}
				a, b, c := ycc(p, x, y)
				key := [3]int{int(a) / 32, int(b) / 10, int(c) / 10}
				s := sums[key]
				counts[key]++
				sums[key] = [3]float64{s[0] + a, s[1] + b, s[2] + c}
				total++
			}
		}
		for key, n := range counts {
			if n*20 >= total {
				s := sums[key]
				list = append(list, [3]float64{s[0] / float64(n), s[1] / float64(n), s[2] / float64(n)})
			}
		}
	}
	return list
}

// undressed refuses a picture on which more of the torso is bare than on the
// photo that was sent. It needs keypoints; without them there is no torso.
func (a *attempt) undressed(drawn *image.NRGBA) *Error {
	if a.request.Task != OnPerson {
		return nil
	}
	v := a.view
	if v == nil { // drawn in this process, from the whole photo
		img, err := a.request.Photo.Photo().Image(nil)
		if err != nil {
			return &Error{Code: BadPhoto, Reason: "not-decodable", Err: err}
		}
		v = &view{sent: nrgba(img), scene: a.request.Photo.Scene()}
	}
	f := newFigure(v.scene)
	if f == nil || !f.clear {
		return nil
	}
	s := v.sent
	if drawn.Rect != s.Rect {
		small, err := imageproc.Resize(drawn, s.Rect.Dx(), s.Rect.Dy(), &imageproc.ResizeOptions{Filter: imageproc.Box})
		if err != nil {
			return &Error{Code: BadOutput, Reason: "not-resizable", Err: err}
		}
		drawn = nrgba(small)
	}
	before, n := skinShare(s, f, nil)
	after, _ := skinShare(drawn, f, colours(a.request.Items))
	if n > 0 && after > before+moreSkin {
		return &Error{Code: Undressed}
	}
	return nil
}
