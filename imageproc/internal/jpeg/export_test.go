package jpeg

import (
	"bytes"
	"fmt"
)

// Inverses runs a transform to n samples in each implementation: the first is Go's.
func Inverses(n, stride int, c *[64]int32) (names []string, samples [][]byte) {
	for _, k := range allKernels() {
		dst, again := make([]byte, (n-1)*stride+n), *c
		if n == 3 {
			k.inverse3(dst, stride, &again)
		} else {
			k.inverse8(dst, stride, &again)
		}
		names, samples = append(names, k.name), append(samples, dst)
	}
	return names, samples
}

// Split says that the file was read in parts.
func (d *Decoder) Split() bool { return d.buffered }

// Kept is how many MCUs the parts of the file kept, and how many they may.
func (d *Decoder) Kept() (mcus, most int) {
	size := len(d.blocks)
	if n := kept[d.planes[0].scale].count; n > 1 {
		size *= n + 1
	}
	for i := range d.parts {
		mcus += len(d.parts[i].blocks) / size
	}
	return mcus, mostKept(d.header.mcusX * d.header.mcusY)
}

// DCs reads DC coefficients of blocks with tables of these specifications, out of
// data, in each implementation: the first is Go's. A run says what came of it.
func DCs(dc, ac, data []byte, blocks, mcus, limit int) (names, runs []string) {
	var tables [2]huffman
	tables[0].set(0, dc)
	tables[1].set(1, ac)
	tables[1].needSkip()
	list := make([]mcuBlock, blocks)
	for k := range list {
		list[k] = mcuBlock{comp: k % 3, dc: &tables[0], ac: &tables[1], q: &ones}
	}
	for _, k := range allKernels() {
		s := scanner{buf: append(bytes.Clone(data), make([]byte, maxMCU)...), end: len(data), dirty: true}
		out := make([]int32, blocks*mcus)
		done, ok := k.readDCs(&s, list, out, limit)
		names = append(names, k.name)
		runs = append(runs, fmt.Sprint(done, ok, s.acc, s.n, s.pos, s.pred, out[:done]))
	}
	return names, runs
}

// Held is the memory that stays for the next file.
func (d *Decoder) Held() int { return d.held() }
