// Package cutout frees a product from the background of its picture.
package cutout

import (
	"errors"
	"image"
	"image/draw"
	"slices"
)

// The reasons for which nothing is cut out.
var (
	ErrBackground = errors.New("no transparent and no plain background")
	ErrSize       = errors.New("fills too little or too much of the picture, or too few pixels")
	ErrParts      = errors.New("more than one thing in the picture")
	ErrEdge       = errors.New("the product touches the picture's edge")
)

// Cutout is a product freed from its background.
type Cutout struct {
	W, H  int
	Pix   []uint8 // NRGBA, colours of the background taken out of the edge
	Inner []bool  // belongs to the product
	Box   image.Rectangle
}

const (
	backgroundNear = 40 // RGB distance up to which a pixel may be background
	backgroundStep = 9  // and up to which it may differ from its neighbour
	borderNear     = 30 // distance within which the border counts as plain
)

// NRGBA is img as 8-bit NRGBA with origin (0, 0), a copy.
func NRGBA(img image.Image) *image.NRGBA {
	b := img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	return out
}

// Cut frees the product: by its alpha where it has one, otherwise by flooding
// a plain background from the border. It takes img over.
func Cut(img *image.NRGBA) (*Cutout, error) {
	c := &Cutout{W: img.Rect.Dx(), H: img.Rect.Dy(), Pix: img.Pix}
	if min(c.W, c.H) < 64 {
		return nil, ErrSize
	}
	byAlpha := c.transparentBorder()
	if byAlpha {
		c.Inner = make([]bool, c.W*c.H)
		for i := range c.Inner {
			c.Inner[i] = c.Pix[4*i+3] >= 128
		}
	} else {
		background, plain := c.background()
		if !plain {
			return nil, ErrBackground
		}
		c.flood(background)
		c.peel(background)
	}
	if err := c.largest(); err != nil {
		return nil, err
	}
	if !byAlpha {
		c.matte()
	}
	return c, nil
}

// border calls f with the index of each pixel of the outermost ring.
func (c *Cutout) border(f func(i int)) {
	for x := range c.W {
		f(x)
		f((c.H-1)*c.W + x)
	}
	for y := 1; y < c.H-1; y++ {
		f(y * c.W)
		f(y*c.W + c.W - 1)
	}
}

// transparentBorder reports whether the picture brings its own cut-out.
func (c *Cutout) transparentBorder() bool {
	n, clear := 0, 0
	c.border(func(i int) {
		n++
		if c.Pix[4*i+3] < 16 {
			clear++
		}
	})
	return clear*10 >= n*9
}

// background is the border's median colour, and whether the border is plain.
func (c *Cutout) background() (colour [3]int, plain bool) {
	var channel [3][]uint8
	c.border(func(i int) {
		for k := range channel {
			channel[k] = append(channel[k], c.Pix[4*i+k])
		}
	})
	for k := range channel {
		slices.Sort(channel[k])
		colour[k] = int(channel[k][len(channel[k])/2])
	}
	n, near := 0, 0
	c.border(func(i int) {
		n++
		if c.distance(i, colour) < borderNear*borderNear {
			near++
		}
	})
	// A product that is cut off takes up some of the border.
	return colour, near*100 >= n*75
}

// distance is the squared RGB distance of pixel i from a colour.
func (c *Cutout) distance(i int, colour [3]int) int {
	p := c.Pix[4*i : 4*i+3]
	r, g, b := int(p[0])-colour[0], int(p[1])-colour[1], int(p[2])-colour[2]
	return r*r + g*g + b*b
}

// flood marks as outside what the background's colour reaches from the border
// in small steps. A gradient or a shadow is followed, an edge is not crossed.
func (c *Cutout) flood(background [3]int) {
	outside := make([]bool, c.W*c.H)
	stack := make([]int32, 0, c.W*c.H/4)
	push := func(i int) {
		outside[i] = true
		stack = append(stack, int32(i))
	}
	c.border(func(i int) {
		if !outside[i] && c.distance(i, background) < backgroundNear*backgroundNear {
			push(i)
		}
	})
	for len(stack) > 0 {
		i := int(stack[len(stack)-1])
		stack = stack[:len(stack)-1]
		here := [3]int{int(c.Pix[4*i]), int(c.Pix[4*i+1]), int(c.Pix[4*i+2])}
		c.around(i, func(j int) {
			if !outside[j] && c.distance(j, here) < backgroundStep*backgroundStep &&
				c.distance(j, background) < backgroundNear*backgroundNear {
				push(j)
			}
		})
	}
	for i := range outside {
		outside[i] = !outside[i]
	}
	c.Inner = outside
	c.open()
}

// peel takes off the shadow that lies on the background around the product and
// stopped the flood: layer by layer, as long as the outermost pixels are closer
// to the background's colour than to the product's a little further in.
func (c *Cutout) peel(background [3]int) {
	layers := max(4, min(c.W, c.H)/60)
	depth := c.depth(layers + 1)
	// Each pixel in the rim borrows its colour from the nearest deep one.
	source := make([]int32, len(c.Inner))
	var ring []int32
	for i := range source {
		source[i] = -1
		if depth[i] > uint8(layers) {
			source[i] = int32(i)
			ring = append(ring, int32(i))
		}
	}
	for range layers + 2 {
		var next []int32
		for _, i := range ring {
			c.around(int(i), func(j int) {
				if c.Inner[j] && source[j] < 0 {
					source[j] = source[i]
					next = append(next, int32(j))
				}
			})
		}
		ring = next
	}
	for range layers {
		var gone []int
		for i, in := range c.Inner {
			if !in || depth[i] > uint8(layers) {
				continue
			}
			outermost := false
			c.around(i, func(j int) { outermost = outermost || !c.Inner[j] })
			if !outermost {
				continue
			}
			// Straps thinner than the rim have nothing to compare with, and stay.
			if s := source[i]; s >= 0 && c.nearer(i, background, int(s)) {
				gone = append(gone, i)
			}
		}
		if len(gone) == 0 {
			return
		}
		for _, i := range gone {
			c.Inner[i] = false
		}
	}
}

// nearer reports whether pixel i is closer to the background than to pixel s.
// Where the two hardly differ nothing can be said, and it is not.
func (c *Cutout) nearer(i int, background [3]int, s int) bool {
	product := [3]int{int(c.Pix[4*s]), int(c.Pix[4*s+1]), int(c.Pix[4*s+2])}
	return c.distance(s, background) > 60*60 && c.distance(i, background) < c.distance(i, product)
}

// around calls f with the four neighbours of pixel i.
func (c *Cutout) around(i int, f func(j int)) {
	if x := i % c.W; x > 0 {
		f(i - 1)
	}
	if i%c.W < c.W-1 {
		f(i + 1)
	}
	if i >= c.W {
		f(i - c.W)
	}
	if i < c.W*(c.H-1) {
		f(i + c.W)
	}
}

// open takes out specks and hairs: what does not survive an erosion by one
// pixel and has no neighbour that does.
func (c *Cutout) open() {
	depth := c.depth(2)
	for i, d := range depth {
		if d == 1 {
			near := false
			c.around(i, func(j int) { near = near || depth[j] > 1 })
			c.Inner[i] = near
		}
	}
}

// depth counts for each pixel the steps to the nearest one outside, up to limit;
// what lies beyond the picture's edge is outside.
func (c *Cutout) depth(limit int) []uint8 {
	d := make([]uint8, len(c.Inner))
	step := func(i, before, beside int, edge bool) {
		if !c.Inner[i] {
			return
		}
		least := uint8(0)
		if !edge {
			least = min(d[before], d[beside])
		}
		d[i] = min(d[i], least+1)
	}
	for i := range d {
		if c.Inner[i] {
			d[i] = uint8(limit)
		}
	}
	for y := range c.H {
		for x := range c.W {
			i := y*c.W + x
			step(i, max(i-1, 0), max(i-c.W, 0), x == 0 || y == 0)
		}
	}
	last := len(d) - 1
	for y := c.H - 1; y >= 0; y-- {
		for x := c.W - 1; x >= 0; x-- {
			i := y*c.W + x
			step(i, min(i+1, last), min(i+c.W, last), x == c.W-1 || y == c.H-1)
		}
	}
	return d
}

// largest keeps the one connected thing in the picture, and refuses pictures
// that show several, or one that is too small, too large or cut off.
func (c *Cutout) largest() error {
	label := make([]int32, len(c.Inner))
	var sizes []int
	var stack []int32
	total := 0
	for start, in := range c.Inner {
		if !in || label[start] != 0 {
			continue
		}
		id := int32(len(sizes) + 1)
		n := 0
		label[start] = id
		stack = append(stack[:0], int32(start))
		for len(stack) > 0 {
			i := int(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
			n++
			c.around(i, func(j int) {
				if c.Inner[j] && label[j] == 0 {
					label[j] = id
					stack = append(stack, int32(j))
				}
			})
		}
		sizes = append(sizes, n)
		total += n
	}
	best := int32(0)
	for i, n := range sizes {
		if best == 0 || n > sizes[best-1] {
			best = int32(i + 1)
		}
	}
	area := c.W * c.H
	switch {
	case best == 0 || total*100 < area*4 || total*100 > area*88:
		return ErrSize
	case sizes[best-1]*100 < total*93:
		return ErrParts
	}
	c.Box = image.Rectangle{Min: image.Pt(c.W, c.H)}
	touching := 0
	for i := range c.Inner {
		c.Inner[i] = label[i] == best
		if c.Inner[i] {
			x, y := i%c.W, i/c.W
			c.Box.Min.X, c.Box.Max.X = min(c.Box.Min.X, x), max(c.Box.Max.X, x+1)
			c.Box.Min.Y, c.Box.Max.Y = min(c.Box.Min.Y, y), max(c.Box.Max.Y, y+1)
			if x == 0 || y == 0 || x == c.W-1 || y == c.H-1 {
				touching++
			}
		}
	}
	if touching > (c.W+c.H)/100 {
		return ErrEdge
	}
	return nil
}

// Up to mixedDepth pixels from its edge a product's colours are mixed with the
// background's, by the lens and by whoever made the picture smaller; from
// pureDepth on they are not.
const (
	mixedDepth = 3
	pureDepth  = 4
)

// matte softens the edge and gives it the product's colour: a pixel at the
// edge is a mixture with the background, of which nothing may come along.
func (c *Cutout) matte() {
	depth := c.depth(pureDepth + 1)
	for y := range c.H {
		for x := range c.W {
			i := y*c.W + x
			if depth[i] > 2 {
				c.Pix[4*i+3] = 255
				continue
			}
			n := 0
			for Y := max(0, y-1); Y <= min(c.H-1, y+1); Y++ {
				for X := max(0, x-1); X <= min(c.W-1, x+1); X++ {
					if depth[Y*c.W+X] > 1 {
						n++
					}
				}
			}
			c.Pix[4*i+3] = uint8(n * 255 / 9)
		}
	}
	for y := range c.H {
		for x := range c.W {
			if i := y*c.W + x; depth[i] <= mixedDepth && c.Pix[4*i+3] > 0 {
				c.borrow(x, y, depth)
			}
		}
	}
}

// borrow gives an edge pixel the mean colour of the nearest pure pixels; there are
// none in a thin strap, which keeps its own.
func (c *Cutout) borrow(x, y int, depth []uint8) {
	for r := 1; r <= 5; r++ {
		var sum [3]int
		n := 0
		for Y := max(0, y-r); Y <= min(c.H-1, y+r); Y++ {
			for X := max(0, x-r); X <= min(c.W-1, x+r); X++ {
				if j := Y*c.W + X; depth[j] > pureDepth {
					n++
					for k := range sum {
						sum[k] += int(c.Pix[4*j+k])
					}
				}
			}
		}
		if n > 0 {
			i := 4 * (y*c.W + x)
			for k := range sum {
				c.Pix[i+k] = uint8(sum[k] / n)
			}
			return
		}
	}
}
