//go:build !noasm

package jpeg

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../inverse_amd64.s -stubs ../inverse_amd64.go -pkg jpeg

// allKernels lists the implementations that this processor can run, the fastest last.
func allKernels() []kernels {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasBMI1 || !cpu.X86.HasBMI2 {
		return []kernels{generic}
	}
	return []kernels{generic, {name: "avx2", inverse8: inverse8Fast, inverse3: inverse3Fast, readDCs: readDCsFast}}
}

func inverse8Fast(dst []byte, stride int, c *[64]int32) {
	_ = dst[7*stride+7]
	inverse8AVX2(&dst[0], stride, c)
}

func inverse3Fast(dst []byte, stride int, c *[64]int32) {
	_ = dst[2*stride+2]
	inverse3AVX(&dst[0], stride, c)
}

// Places of the state that readDCsBMI2 is given. It begins and ends between blocks,
// at most times between MCUs.
const (
	runAcc, runN, runPos = 0, 1, 2 // of the scanner
	runLimit, runBlocks  = 3, 4    // where no MCU begins any more, and how many blocks one has
	runAt, runDone       = 5, 6    // of the MCU's blocks, and of all
	runWanted            = 7
)

// readDCsFast leaves to Go what the tables do not hold.
func readDCsFast(s *scanner, blocks []mcuBlock, out []int32, limit int) (done int, ok bool) {
	if len(out) == 0 {
		return 0, true
	}
	var comps [10]int
	var dc, ac [10]*[1 << valueBits]int32
	var skip [10]*[1 << skipBits]uint16
	for k := range blocks {
		b := &blocks[k]
		comps[k], dc[k], ac[k], skip[k] = b.comp, &b.dc.value, &b.ac.value, &b.ac.skip
	}
	_ = s.buf[:s.end+maxMCU] // which no MCU that begins inside the data leaves
	run := [8]uint64{
		runAcc: s.acc, runN: uint64(s.n), runPos: uint64(s.pos), runLimit: uint64(limit),
		runBlocks: uint64(len(blocks)), runWanted: uint64(len(out)),
	}
	for s.refill(); ; {
		readDCsBMI2(&run, &s.buf[0], &out[0], &s.pred, &comps, &dc, &ac, &skip)
		s.acc, s.n, s.pos, done = run[runAcc], uint(run[runN]), int(run[runPos]), int(run[runDone])
		if run[runAt] == 0 && (done == len(out) || s.pos >= limit) {
			s.refill()
			return done, true
		}
		b := &blocks[run[runAt]]
		if s.block(b.dc, b.ac, b.q, 0, &s.pred[b.comp]) < 0 {
			s.refill()
			return done, false
		}
		out[done] = s.pred[b.comp]
		run[runAcc], run[runN], run[runPos], run[runDone] = s.acc, uint64(s.n), uint64(s.pos), uint64(done+1)
		if run[runAt]++; run[runAt] == run[runBlocks] {
			run[runAt] = 0
		}
	}
}
