//go:build !noasm

package jpeg

// inverse8NEON is inverse8, but leaves c as it is. It writes 8 bytes to each row.
func inverse8NEON(dst *byte, stride int, c *[64]int32)

// inverse3NEON is inverse3. It writes 3 bytes to each row.
func inverse3NEON(dst *byte, stride int, c *[64]int32)

// allKernels lists the implementations that this processor can run, the fastest
// last: all of this architecture have NEON.
func allKernels() []kernels {
	return []kernels{generic, {name: "neon", inverse8: inverse8Fast, inverse3: inverse3Fast, readDCs: (*scanner).readDCs}}
}

func inverse8Fast(dst []byte, stride int, c *[64]int32) {
	_ = dst[7*stride+7]
	inverse8NEON(&dst[0], stride, c)
}

func inverse3Fast(dst []byte, stride int, c *[64]int32) {
	_ = dst[2*stride+2]
	inverse3NEON(&dst[0], stride, c)
}
