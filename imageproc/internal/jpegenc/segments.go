package jpegenc

import "encoding/binary"

// segment begins a marker segment with n bytes behind its length.
func (e *Encoder) segment(marker byte, n int) {
	e.out = append(e.out, 0xFF, marker)
	e.out = binary.BigEndian.AppendUint16(e.out, uint16(n+2))
}

// head writes SOI, DQT and SOF0.
func (e *Encoder) head() {
	e.out = append(e.out, 0xFF, 0xD8)
	for i := range e.classes() {
		e.segment(0xDB, 65)
		e.out = append(e.out, byte(i))
		for _, n := range zigzag {
			e.out = append(e.out, e.quant[i][n])
		}
	}
	e.segment(0xC0, 6+3*e.planes())
	e.out = append(e.out, 8)
	e.out = binary.BigEndian.AppendUint16(e.out, uint16(e.height))
	e.out = binary.BigEndian.AppendUint16(e.out, uint16(e.width))
	e.out = append(e.out, byte(e.planes()))
	for c := range e.planes() {
		sampling := byte(0x11)
		if c == 0 && e.sampling == YCbCr420 {
			sampling = 0x22
		}
		e.out = append(e.out, byte(c+1), sampling, byte(min(c, 1)))
	}
}

// huffman writes the DHT segments of class i: 0 for luma, 1 for chroma.
func (e *Encoder) huffman(i int, dc, ac *huffmanSpec) {
	for class, h := range []*huffmanSpec{dc, ac} {
		e.segment(0xC4, 17+len(h.symbols))
		e.out = append(e.out, byte(class<<4|i))
		e.out = append(e.out, h.counts[:]...)
		e.out = append(e.out, h.symbols...)
	}
}

// scan writes SOS: one scan of all components.
func (e *Encoder) scan() {
	e.segment(0xDA, 4+2*e.planes())
	e.out = append(e.out, byte(e.planes()))
	for c := range e.planes() {
		e.out = append(e.out, byte(c+1), byte(min(c, 1)*0x11))
	}
	e.out = append(e.out, 0, 63, 0)
}
