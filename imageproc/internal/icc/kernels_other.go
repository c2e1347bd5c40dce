//go:build !amd64 || noasm

package icc

// rowsFast does nothing where there is no assembly.
func (t *Transform) rowsFast(_, _, _, _ []byte) int { return 0 }
