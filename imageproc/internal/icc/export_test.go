package icc

// PlanesGo is Planes without assembly.
func (t *Transform) PlanesGo(y, cb, cr []byte, width, height, sub int) {
	t.planes(y, cb, cr, width, height, sub, func(_, _, _, _ []byte) int { return 0 })
}
