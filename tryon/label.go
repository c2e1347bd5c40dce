package tryon

import (
	"image"
	"strings"
)

// glyphs are 5 pixels wide and 7 high, a row of bits from the top.
var glyphs = map[rune][7]byte{
	'A': {14, 17, 17, 31, 17, 17, 17}, 'B': {30, 17, 17, 30, 17, 17, 30}, 'C': {14, 17, 16, 16, 16, 17, 14},
	'D': {30, 17, 17, 17, 17, 17, 30}, 'E': {31, 16, 16, 30, 16, 16, 31}, 'F': {31, 16, 16, 30, 16, 16, 16},
	'G': {14, 17, 16, 23, 17, 17, 15}, 'H': {17, 17, 17, 31, 17, 17, 17}, 'I': {14, 4, 4, 4, 4, 4, 14},
	'J': {7, 2, 2, 2, 2, 18, 12}, 'K': {17, 18, 20, 24, 20, 18, 17}, 'L': {16, 16, 16, 16, 16, 16, 31},
	'M': {17, 27, 21, 21, 17, 17, 17}, 'N': {17, 25, 21, 19, 17, 17, 17}, 'O': {14, 17, 17, 17, 17, 17, 14},
	'P': {30, 17, 17, 30, 16, 16, 16}, 'Q': {14, 17, 17, 17, 21, 18, 13}, 'R': {30, 17, 17, 30, 20, 18, 17},
	'S': {15, 16, 16, 14, 1, 1, 30}, 'T': {31, 4, 4, 4, 4, 4, 4}, 'U': {17, 17, 17, 17, 17, 17, 14},
	'V': {17, 17, 17, 17, 17, 10, 4}, 'W': {17, 17, 17, 21, 21, 27, 17}, 'X': {17, 17, 10, 4, 10, 17, 17},
	'Y': {17, 17, 10, 4, 4, 4, 4}, 'Z': {31, 1, 2, 4, 8, 16, 31},
	'0': {14, 17, 19, 21, 25, 17, 14}, '1': {4, 12, 4, 4, 4, 4, 14}, '2': {14, 17, 1, 6, 8, 16, 31},
	'3': {30, 1, 1, 14, 1, 1, 30}, '4': {2, 6, 10, 18, 31, 2, 2}, '5': {31, 16, 30, 1, 1, 17, 14},
	'6': {6, 8, 16, 30, 17, 17, 14}, '7': {31, 1, 2, 4, 8, 8, 8}, '8': {14, 17, 17, 14, 17, 17, 14},
	'9': {14, 17, 17, 15, 1, 2, 12}, ' ': {}, '-': {0, 0, 0, 14, 0, 0, 0}, '.': {0, 0, 0, 0, 0, 12, 12},
}

// drawable reports whether every letter of a label has a glyph.
func drawable(label string) bool {
	return len(label) <= 24 && !strings.ContainsFunc(label, func(r rune) bool { _, ok := glyphs[r]; return !ok })
}

// write puts a label into the lower right corner: white on black, its letters a
// fortieth of the shorter side high, at least 7 pixels, and never wider than
// the picture.
func write(img *image.NRGBA, label string) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	n := len([]rune(label))
	size := max(min(w, h)/280, 1)
	for size > 1 && (6*n+3)*size > w {
		size--
	}
	left, top := w-(6*n+3)*size, h-11*size
	for y := max(top, 0); y < h; y++ {
		for x := max(left, 0); x < w; x++ {
			c := uint8(0)
			col, row := (x-left)/size-2, (y-top)/size-2
			if col >= 0 && row >= 0 && row < 7 && col/6 < n && col%6 < 5 &&
				glyphs[[]rune(label)[col/6]][row]>>(4-col%6)&1 == 1 {
				c = 255
			}
			p := img.Pix[img.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = c, c, c, 255
		}
	}
}
