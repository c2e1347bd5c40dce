package imageproc

import "slices"

// corners says where the corners of a stored picture are displayed: top left,
// top right, bottom right and bottom left, as numbers 0 to 3 of the stored ones.
type corners [4]byte

var uprightCorners = corners{0, 1, 2, 3}

// turnLeft turns what is displayed by 90 degrees anti-clockwise, as irot does,
// ISO/IEC 23008-12 §6.5.10.
func (c corners) turnLeft() corners { return corners{c[1], c[2], c[3], c[0]} }

// mirror exchanges left and right, or top and bottom, as imir does, §6.5.12.
func (c corners) mirror(leftRight bool) corners {
	if leftRight {
		return corners{c[1], c[0], c[3], c[2]}
	}
	return corners{c[3], c[2], c[1], c[0]}
}

// exif is the number that CIPA DC-008 §4.6.4 gives the same placing.
func (c corners) exif() int {
	return 1 + slices.Index([]corners{
		{0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}, {0, 3, 2, 1}, {3, 0, 1, 2}, {2, 1, 0, 3}, {1, 2, 3, 0},
	}, c)
}
