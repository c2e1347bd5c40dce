//go:build !amd64 || noasm

package jpegenc

func transformBest() func(out *[64]int16, src []byte, stride int, d *divisors) uint64 {
	return transformGo
}
