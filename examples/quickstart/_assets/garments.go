package main

import "math"

// tee is a short-sleeved T-shirt with contrast collar and cuffs and a printed sun.
func tee() garment {
	half := path{{0, 128}}.to(pt{40, 128}, pt{70, 122}, pt{86, 110}).
		to(pt{130, 128}, pt{185, 140}, pt{226, 158}).
		to(pt{290, 190}, pt{345, 245}, pt{392, 318}).
		to(pt{372, 346}, pt{346, 370}, pt{314, 388}).
		to(pt{290, 368}, pt{262, 346}, pt{236, 330}).
		to(pt{228, 420}, pt{226, 560}, pt{232, 660}).
		to(pt{236, 720}, pt{240, 770}, pt{241, 806}).
		to(pt{150, 818}, pt{60, 820}, pt{0, 820})
	cuff := path{{392, 318}}.to(pt{372, 346}, pt{346, 370}, pt{314, 388}).line(pt{298, 372}).
		to(pt{328, 354}, pt{354, 328}, pt{376, 300})
	armhole := path{{224, 158}}.to(pt{206, 214}, pt{206, 280}, pt{236, 330})
	hem := path{{0, 798}}.to(pt{60, 798}, pt{150, 796}, pt{239, 784})
	g := garment{
		body: rgb{33, 124, 122}, trim: rgb{238, 229, 208}, print: sun,
		outline: half.both(),
		seams:   []path{armhole, flip(armhole)},
		stitch:  []path{hem.across(), lower(hem, 7).across()},
		cuffs:   []path{cuff, flip(cuff)},
		folds:   teeFolds(),
	}
	g.neck(86, 112, 96, 196, 222)
	return g
}

// longSleeve is a striped long-sleeved shirt, arms hanging.
func longSleeve() garment {
	half := path{{0, 132}}.to(pt{40, 132}, pt{70, 126}, pt{88, 114}).
		to(pt{130, 130}, pt{180, 142}, pt{214, 160}).
		to(pt{272, 200}, pt{318, 330}, pt{346, 450}).
		to(pt{368, 540}, pt{384, 640}, pt{396, 730}).
		to(pt{374, 740}, pt{350, 746}, pt{326, 748}).
		to(pt{308, 640}, pt{286, 520}, pt{262, 440}).
		to(pt{252, 400}, pt{238, 362}, pt{224, 336}).
		to(pt{216, 440}, pt{214, 560}, pt{218, 660}).
		to(pt{220, 720}, pt{222, 770}, pt{222, 810}).
		to(pt{140, 820}, pt{60, 822}, pt{0, 822})
	cuff := path{{396, 730}}.to(pt{374, 740}, pt{350, 746}, pt{326, 748}).line(pt{320, 708}).
		to(pt{344, 706}, pt{366, 702}, pt{390, 692})
	armhole := path{{212, 160}}.to(pt{198, 214}, pt{198, 286}, pt{224, 336})
	hem := path{{0, 800}}.to(pt{60, 800}, pt{140, 798}, pt{220, 788})
	g := garment{
		body: rgb{52, 64, 104}, trim: rgb{52, 64, 104}, print: stripes,
		outline: half.both(),
		seams:   []path{armhole, flip(armhole)},
		stitch:  []path{hem.across()},
		cuffs:   []path{cuff, flip(cuff)},
		folds:   teeFolds(),
	}
	g.neck(88, 116, 96, 176, 200)
	return g
}

// tank is a sleeveless top with a scooped neck.
func tank() garment {
	half := path{{0, 196}}.to(pt{40, 196}, pt{84, 170}, pt{92, 92}).
		line(pt{152, 98}).
		to(pt{148, 190}, pt{166, 290}, pt{226, 340}).
		to(pt{214, 440}, pt{208, 540}, pt{214, 640}).
		to(pt{220, 710}, pt{226, 770}, pt{228, 810}).
		to(pt{140, 822}, pt{60, 824}, pt{0, 824})
	binding := path{{152, 98}}.to(pt{148, 190}, pt{166, 290}, pt{226, 340}).line(pt{224, 352}).
		to(pt{156, 302}, pt{136, 192}, pt{140, 97})
	hem := path{{0, 802}}.to(pt{60, 802}, pt{140, 800}, pt{227, 790})
	g := garment{
		body: rgb{233, 176, 52}, trim: rgb{222, 160, 40},
		outline: half.both(),
		stitch:  []path{hem.across()},
		cuffs:   []path{binding, flip(binding)},
		folds:   teeFolds()[4:],
	}
	front := path{{0, 318}}.to(pt{58, 318}, pt{92, 250}, pt{92, 92})
	outer := path{{0, 334}}.to(pt{68, 334}, pt{106, 262}, pt{106, 94})
	g.rib = append(front.across(), back(outer.across())...)
	rear := path{{0, 196}}.to(pt{40, 196}, pt{84, 170}, pt{92, 92})
	g.inside = append(rear.across(), back(front.across())...)
	rearRib := path{{0, 212}}.to(pt{46, 212}, pt{92, 182}, pt{98, 92})
	g.backRib = append(rear.across(), back(rearRib.across())...)
	g.label = path{{-1, -1}, {-2, -1}, {-1, -2}}
	return g
}

// neck adds a round collar: half its width and height at the shoulder, half the
// rib's width there, and how deep the rib's two edges hang in front.
func (g *garment) neck(half, top, outer, inner, seam float64) {
	front := path{{0, inner}}.to(pt{44, inner}, pt{68, inner - 44}, pt{half - 12, top + 2})
	rim := path{{0, seam}}.to(pt{58, seam}, pt{88, seam - 52}, pt{outer, top + 5})
	g.rib = append(front.across(), back(rim.across())...)
	rear := path{{0, top + 16}}.to(pt{40, top + 16}, pt{70, top + 10}, pt{half, top - 2})
	g.inside = append(rear.across(), back(front.across())...)
	rearRib := path{{0, top + 40}}.to(pt{40, top + 40}, pt{62, top + 30}, pt{half - 12, top + 2})
	g.backRib = append(rear.across(), back(rearRib.across())...)
	g.label = path{{-22, inner - 44}, {22, inner - 44}, {22, inner - 25}, {-22, inner - 25}}
	g.seams = append(g.seams, rim.across())
}

// teeFolds are the creases of a shirt that lay folded and was smoothed by hand.
// The first four lie on the sleeves.
func teeFolds() []fold {
	return []fold{
		{path{{250, 200}, {300, 300}}, 15, -7},
		{path{{-246, 206}, {-318, 296}}, 18, -6},
		{path{{300, 236}, {340, 330}}, 11, 5},
		{path{{-300, 226}, {-346, 300}}, 10, 5},
		{path{{226, 338}, {130, 372}, {70, 350}}, 17, 7},
		{path{{-228, 336}, {-140, 384}, {-60, 372}}, 18, -7},
		{path{{222, 352}, {150, 430}, {120, 520}}, 19, -7},
		{path{{-224, 350}, {-166, 440}, {-140, 560}}, 20, 8},
		{path{{180, 500}, {150, 640}, {162, 800}}, 24, 8},
		{path{{-176, 560}, {-150, 690}, {-166, 812}}, 24, -8},
		{path{{60, 610}, {44, 720}, {60, 816}}, 26, -6},
		{path{{-60, 560}, {-44, 690}, {-52, 810}}, 28, 6},
		{path{{-190, 170}, {-150, 250}, {-160, 330}}, 20, 5},
		{path{{184, 170}, {150, 240}, {150, 320}}, 20, -5},
	}
}

// sun is the printed motif: a setting sun over waves.
func sun(x, y float64) (rgb, float64) {
	const cx, cy, r = 0, 398, 98
	dx, dy := x-cx, y-cy
	d := math.Hypot(dx, dy)
	cream := rgb{240, 231, 210}
	var c rgb
	a := 0.
	if d < r+2 {
		c = mix(rgb{244, 190, 84}, rgb{226, 92, 70}, smooth(-r, r, dy))
		a = smooth(r+1, r-1, d)
		// The lower half sinks into waves that grow wider.
		for i := range 5 {
			f := float64(i)
			w := 4 * math.Sin((dx+f*23)/21)
			gap := 3 + 1.9*f
			centre := 8 + f*21 + w
			a *= smooth(gap-1.2, gap+1.2, math.Abs(dy-centre))
		}
	}
	for i := range 3 {
		f := float64(i)
		line := r + 22 + f*17 + 5*math.Sin((dx+f*31)/19)
		half := 92 - f*24
		w := smooth(3.4, 2.2, math.Abs(dy-line)) * smooth(half+3, half-3, math.Abs(dx))
		if w > 0 {
			c, a = cream, w
		}
	}
	return c, a * (.93 + .05*noise(x/3, y/3))
}

// stripes are the bands of the long-sleeved shirt.
func stripes(x, y float64) (rgb, float64) {
	m := math.Mod(y+x*x/6000, 46)
	return rgb{168, 190, 214}, smooth(15, 13.5, math.Abs(m-23))
}

func flip(p path) path {
	m := make(path, len(p))
	for i, q := range p {
		m[i] = pt{-q.x, q.y}
	}
	return m
}

func lower(p path, by float64) path {
	m := make(path, len(p))
	for i, q := range p {
		m[i] = pt{q.x, q.y + by}
	}
	return m
}

func back(p path) path {
	m := make(path, len(p))
	for i, q := range p {
		m[len(p)-1-i] = q
	}
	return m
}
