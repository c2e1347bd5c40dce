package person

import "image"

// box is a rectangle in pixels of the picture, in fractions of them.
type box struct{ x0, y0, x1, y1 float32 }

func (b box) area() float32 { return max(0, b.x1-b.x0) * max(0, b.y1-b.y0) }

func (b box) empty() bool { return b.area() == 0 }

// clip is the part of b inside r.
func (b box) clip(r box) box {
	return box{max(b.x0, r.x0), max(b.y0, r.y0), min(b.x1, r.x1), min(b.y1, r.y1)}
}

// join is the smallest box around b and r.
func (b box) join(r box) box {
	return box{min(b.x0, r.x0), min(b.y0, r.y0), max(b.x1, r.x1), max(b.y1, r.y1)}
}

// overlap gives the intersection of a and b as a fraction of their union (IoU)
// and of the smaller of the two (containment). Empty boxes overlap nothing.
func overlap(a, b box) (iou, contained float32) {
	common := a.clip(b).area()
	if common == 0 {
		return 0, 0
	}
	return common / (a.area() + b.area() - common), common / min(a.area(), b.area())
}

// same reports whether a and b are so close that they show one person.
func same(a, b box) bool {
	iou, contained := overlap(a, b)
	return iou > 0.5 || contained > 0.8
}

// apart reports whether a and b are so far from each other that they show two.
func apart(a, b box) bool {
	iou, contained := overlap(a, b)
	return iou < 0.3 && contained < 0.6
}

// pixels is the smallest rectangle of whole pixels around b, within r.
func (b box) pixels(r image.Rectangle) image.Rectangle {
	return image.Rect(floor(b.x0), floor(b.y0), ceil(b.x1), ceil(b.y1)).Intersect(r)
}

func floor(v float32) int {
	i := int(v)
	if float32(i) > v {
		i--
	}
	return i
}

func ceil(v float32) int { return -floor(-v) }
