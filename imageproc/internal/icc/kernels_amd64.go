//go:build !noasm

package icc

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../rows_amd64.s -stubs ../rows_amd64.go -pkg icc

// rowsFast is rows for the first pixels of two rows, with assembly where the processor
// can run it. It returns how many samples of chroma it has done.
func (t *Transform) rowsFast(above, below, cb, cr []byte) int {
	n := min(len(above)/2, len(below)/2, len(cb), len(cr)) &^ 1
	if n == 0 || !cpu.X86.HasAVX2 {
		return 0
	}
	rowsAVX2(&above[0], &below[0], &cb[0], &cr[0], n, &t.light[0][0].redGreen, &t.encode[0])
	return n
}
