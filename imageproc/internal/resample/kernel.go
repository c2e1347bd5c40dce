package resample

import "encoding/binary"

// Kernel is one implementation of the inner loops. All give the same bytes.
type Kernel struct {
	Name string
	// Weigh adds rows of src, that begin at offs, with weights of 128ths:
	//
	//	for x := range dst {
	//		sum := 64
	//		for i, at := range offs {
	//			sum += int(src[int(at)+x]) * int(w[i])
	//		}
	//		dst[x] = clamp(sum >> 7)
	//	}
	//
	// len(dst) is a multiple of 64, and the weights are such that no sum leaves
	// -16448 to 49087, which those that add up to 128 and whose negative ones to no
	// less than -64 do not.
	Weigh func(dst, src []byte, offs []int32, w []int16)
	// Transpose sets dst[x·dstStride+y] = src[y·srcStride+x] for width columns,
	// rounded up to whole eights, and height rows, rounded up likewise.
	Transpose func(dst []byte, dstStride int, src []byte, srcStride, width, height int)
}

// Generic is the implementation in Go.
func Generic() Kernel { return Kernel{Name: "go", Weigh: weigh, Transpose: transpose} }

const (
	evenBytes = 0x00FF00FF00FF00FF
	// bias makes every sum positive, and rounds it.
	bias = (64 + 128*unit) * 0x0001000100010001
)

// weigh works on eight samples at once, four 16-bit sums in each of two words.
// A sum may be negative on the way and borrow from its neighbour: in the end all
// are positive, and so the whole is what it is.
func weigh(dst, src []byte, offs []int32, w []int16) {
	w = w[:len(offs)]
	for x := 0; x < len(dst); x += 16 {
		a, b := uint64(bias), uint64(bias)
		c, d := uint64(bias), uint64(bias)
		for i, at := range offs {
			s := src[int(at)+x:][:16]
			u, v := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[8:])
			f := uint64(int64(w[i]))
			a += u & evenBytes * f
			b += u >> 8 & evenBytes * f
			c += v & evenBytes * f
			d += v >> 8 & evenBytes * f
		}
		binary.LittleEndian.PutUint64(dst[x:], settle(a)|settle(b)<<8)
		binary.LittleEndian.PutUint64(dst[x+8:], settle(c)|settle(d)<<8)
	}
}

// settle makes samples of four sums: it divides by unit, takes the bias away and
// clamps.
func settle(s uint64) uint64 {
	const ones = 0x0001000100010001
	s = s >> 7 & (0x1FF * ones)
	s += (0x8000 - unit) * ones // bit 15 is set unless the sample is negative
	s &= s >> 15 & ones * 0x1FF
	return (s | s>>8&ones*0xFF) & evenBytes
}

// transpose swaps the axes of 8 × 8 bytes at a time, in three steps of exchanging
// halves: of eight, of four and of two rows.
func transpose(dst []byte, dstStride int, src []byte, srcStride, width, height int) {
	le := binary.LittleEndian
	for y := 0; y < height; y += 8 {
		for x := 0; x < width; x += 8 {
			var r [8]uint64
			at := y*srcStride + x
			for i := range r {
				r[i] = le.Uint64(src[at:])
				at += srcStride
			}
			for i := range 4 {
				t := (r[i]>>32 ^ r[i+4]) & 0x00000000FFFFFFFF
				r[i], r[i+4] = r[i]^t<<32, r[i+4]^t
			}
			for _, i := range [4]int{0, 1, 4, 5} {
				t := (r[i]>>16 ^ r[i+2]) & 0x0000FFFF0000FFFF
				r[i], r[i+2] = r[i]^t<<16, r[i+2]^t
			}
			for i := 0; i < 8; i += 2 {
				t := (r[i]>>8 ^ r[i+1]) & 0x00FF00FF00FF00FF
				r[i], r[i+1] = r[i]^t<<8, r[i+1]^t
			}
			at = x*dstStride + y
			for i := range r {
				le.PutUint64(dst[at:], r[i])
				at += dstStride
			}
		}
	}
}
