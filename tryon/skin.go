package tryon

import (
	"image"
	"math"
	"slices"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

const (
	// moreSkin is how much of the torso may be bare that was not in the photo,
	// and growth how much more of it altogether: what moved is no more.
	moreSkin = .15
	growth   = .05
)

// tone is the colour of somebody's skin. Light and shade multiply the three
// channels alike, so the logarithms of red and blue over green tell skin from
// cloth wherever the light falls.
type tone struct {
	red, blue         float64 // middle
	redWide, blueWide float64 // how far from it is still skin
	dark, light       float64 // brightness, 0 to 255
}

// anySkin is what skin of all people has in common, which is more than skin.
var anySkin = tone{red: .38, blue: -.25, redWide: .30, blueWide: .32, dark: 35, light: 250}

// toneOf measures the face in a picture, or what arms, hands and legs have of
// skin where no face is seen. It is sure where it saw skin.
func toneOf(img *image.NRGBA, f *figure) (t tone, sure bool) {
	box := f.faceBox()
	inner := box.Inset(box.Dx() / 5).Intersect(img.Rect)
	if inner.Dx() >= 4 && inner.Dy() >= 4 {
		all := make([]shade, 0, inner.Dx()*inner.Dy())
		for y := inner.Min.Y; y < inner.Max.Y; y++ {
			for x := inner.Min.X; x < inner.Max.X; x++ {
				all = append(all, shadeAt(img, x, y))
			}
		}
		// Hair, glasses and what is painted have other colours; a photograph without
		// colours has no others.
		if skin := anySkin.of(all); len(skin)*5 >= len(all) {
			return toneFrom(skin, .40, 1.35), true
		}
		return toneFrom(all, .70, 1.25), false
	}
	if skin := anySkin.of(f.limbs(img)); len(skin) >= 40 {
		return toneFrom(skin, .50, 1.30), true
	}
	return anySkin, false
}

// shade is a colour, as tone sees it.
type shade struct{ luma, red, blue float64 }

func shadeAt(img *image.NRGBA, x, y int) shade {
	p := img.Pix[img.PixOffset(x, y):]
	return shadeOf(p[0], p[1], p[2])
}

func shadeOf(r, g, b uint8) shade {
	const floor = 8 // what is nearly black has no colour
	i := int(g) + floor
	return shade{
		luma: .299*float64(r) + .587*float64(g) + .114*float64(b),
		red:  logs[int(r)+floor] - logs[i], blue: logs[int(b)+floor] - logs[i],
	}
}

// logs are logarithms of 0 to 263.
var logs = func() (t [264]float64) {
	for i := range t {
		t[i] = math.Log(float64(max(i, 1)))
	}
	return t
}()

func (t *tone) has(s shade) bool {
	dx, dy := (s.red-t.red)/t.redWide, (s.blue-t.blue)/t.blueWide
	if dx < 0 && t.red > .1 {
		dx = (s.red - t.red) / min(t.redWide, .75*t.red) // pale skin is no white cloth
	}
	return dx*dx+dy*dy <= 1 && s.luma >= t.dark && s.luma <= t.light
}

// of keeps what is of this tone.
func (t *tone) of(list []shade) []shade {
	var out []shade
	for _, s := range list {
		if t.has(s) {
			out = append(out, s)
		}
	}
	return out
}

// toneFrom is the tone of a list that is not empty; dark and light say how far
// brightness may go beyond what was seen.
func toneFrom(list []shade, dark, light float64) tone {
	middle := func(get func(shade) float64) (low, m, high, wide float64) {
		v := make([]float64, len(list))
		for i := range list {
			v[i] = get(list[i])
		}
		slices.Sort(v)
		at := func(q float64) float64 { return v[int(q*float64(len(v)-1))] }
		return at(.1), at(.5), at(.9), (at(.75) - at(.25)) / 1.35
	}
	var t tone
	var wide float64
	low, _, high, _ := middle(func(s shade) float64 { return s.luma })
	t.dark, t.light = dark*low, light*high
	_, t.red, _, wide = middle(func(s shade) float64 { return s.red })
	t.redWide = min(max(3*wide, .22), .32)
	_, t.blue, _, wide = middle(func(s shade) float64 { return s.blue })
	t.blueWide = min(max(3*wide, .24), .32)
	return t
}

// limbs are colours along forearms, hands and lower legs, which may be covered.
func (f *figure) limbs(img *image.NRGBA) []shade {
	var list []shade
	for _, pair := range [][2]int{
		{detect.LeftElbow, detect.LeftWrist},
		{detect.RightElbow, detect.RightWrist},
		{detect.LeftKnee, detect.LeftAnkle},
		{detect.RightKnee, detect.RightAnkle},
	} {
		p, q := f.k[pair[0]], f.k[pair[1]]
		if min(p.Score, q.Score) < felt {
			continue
		}
		c := capsule{
			ax: float64(p.X+q.X) / 2, ay: float64(p.Y+q.Y) / 2, // from the middle to a little beyond the wrist
			bx: float64(q.X) + .15*float64(q.X-p.X), by: float64(q.Y) + .15*float64(q.Y-p.Y), reach: .06 * f.width,
		}
		r := image.Rect(int(min(c.ax, c.bx)-c.reach), int(min(c.ay, c.by)-c.reach), int(max(c.ax, c.bx)+c.reach)+1, int(max(c.ay, c.by)+c.reach)+1)
		r = r.Intersect(img.Rect)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				if c.distance(float64(x)+.5, float64(y)+.5) <= 0 {
					list = append(list, shadeAt(img, x, y))
				}
			}
		}
	}
	return list
}

// torso is the part of the body that clothes cover on nearly everybody, from
// below the collarbones to below the hips.
func (f *figure) torso(bottom int) []Point {
	at := func(i int) (float64, float64) { return float64(f.k[i].X), float64(f.k[i].Y) }
	lx, ly := at(detect.LeftShoulder)
	rx, ry := at(detect.RightShoulder)
	blx, bly, brx, bry := lx-.1*(lx-rx), ly+1.3*f.width, rx+.1*(lx-rx), ry+1.3*f.width
	if min(f.k[detect.LeftHip].Score, f.k[detect.RightHip].Score) >= felt {
		blx, bly = at(detect.LeftHip)
		brx, bry = at(detect.RightHip)
	}
	top := .18
	if (bly+bry)/2-(ly+ry)/2 > 2*(float64(bottom)-(ly+ry)/2) {
		top = 0 // little below the shoulders is in the picture: that little counts
	}
	down := func(ax, ay, bx, by, t float64) Point { return Point{ax + t*(bx-ax), ay + t*(by-ay)} }
	return []Point{down(lx, ly, blx, bly, top), down(rx, ry, brx, bry, top), down(rx, ry, brx, bry, 1.15), down(lx, ly, blx, bly, 1.15)}
}

// bare says of each pixel of the torso, row by row, whether it is skin. Colours
// of the products that are nearer than the skin's are cloth.
func bare(img *image.NRGBA, f *figure, t *tone, products []shade) []bool {
	quad := f.torso(img.Rect.Max.Y)
	e := EditRegion{Polygon: quad}
	r := e.bounds().Intersect(img.Rect)
	var list []bool
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if !inside(quad, float64(x)+.5, float64(y)+.5) {
				continue
			}
			s := shadeAt(img, x, y)
			skin := t.has(s)
			if skin && len(products) > 0 {
				own := t.distance(s)
				skin = !slices.ContainsFunc(products, func(p shade) bool { return s.distance(p) < own })
			}
			list = append(list, skin)
		}
	}
	return list
}

// distance is how unlike two colours are, brightness included: a product hangs in
// about the light that it was photographed in.
func (s shade) distance(p shade) float64 {
	light := max(math.Abs(s.luma-p.luma)-60, 0) / 200
	return math.Hypot(math.Hypot(s.red-p.red, s.blue-p.blue), light)
}

// distance is how unlike a colour is to the middle of skin, in whatever light
// falls on it.
func (t *tone) distance(s shade) float64 {
	return s.distance(shade{luma: min(max(s.luma, 1.6*t.dark), .8*t.light), red: t.red, blue: t.blue})
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

// ownSkin is the part of a product picture, without plain white, that is the
// colour of skin when the product is. Less is the skin of who wears it.
const ownSkin = .5

// colours are the most frequent colours of product pictures, without plain
// white, what is transparent, and the skin of whoever wears the product.
func colours(items []Item, skin *tone) []shade {
	var list []shade
	for i := range items {
		img, err := items[i].Image.Thumb(96)
		if err != nil {
			continue // its colours explain nothing then
		}
		list = append(list, coloursOf(nrgba(img), items[i].Worn, skin)...)
	}
	return list
}

func coloursOf(p *image.NRGBA, worn bool, skin *tone) (list []shade) {
	counts, sums, total, bare := map[[3]int]int{}, map[[3]int]shade{}, 0, 0
	for y := range p.Rect.Dy() {
		for x := range p.Rect.Dx() {
			if q := p.NRGBAAt(x, y); q.A < 128 || min(q.R, q.G, q.B) > 240 {
				continue
			}
			c := shadeAt(p, x, y)
			key := [3]int{int(c.luma) / 32, int(math.Floor(c.red / .12)), int(math.Floor(c.blue / .12))}
			s := sums[key]
			counts[key]++
			sums[key] = shade{s.luma + c.luma, s.red + c.red, s.blue + c.blue}
			total++
			if skin.has(c) {
				bare++
			}
		}
	}
	worn = worn || float64(bare) < ownSkin*float64(total)
	for key, n := range counts {
		if n*20 < total {
			continue
		}
		s, k := sums[key], 1/float64(n)
		if c := (shade{s.luma * k, s.red * k, s.blue * k}); !worn || !skin.has(c) {
			list = append(list, c)
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
	photo, _ := toneOf(s, f)
	before := bare(s, f, &photo, nil)
	// The model may have moved colours, or another skin may show than the face it
	// drew has: both are looked for.
	tones := []tone{photo}
	if t, sure := toneOf(drawn, f); sure {
		tones = append(tones, t)
	}
	for _, t := range tones {
		if barer(before, bare(drawn, f, &t, colours(a.request.Items, &t))) {
			return &Error{Code: Undressed}
		}
	}
	return nil
}

// barer compares the skin of the same pixels before and after.
func barer(before, after []bool) bool {
	var fresh, gone float64
	for i := range before {
		switch {
		case after[i] && !before[i]:
			fresh++
		case before[i] && !after[i]:
			gone++
		}
	}
	n := float64(len(before))
	return fresh > moreSkin*n && fresh-gone > growth*n
}
