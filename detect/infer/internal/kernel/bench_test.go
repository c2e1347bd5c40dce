package kernel_test

import (
	"fmt"
	"testing"

	"github.com/fitveil/fitveil/detect/infer/internal/kernel"
)

// BenchmarkConv runs the shapes the engine uses most, with everything in the
// caches: 18 taps over a block of channels are a 3×3 convolution of 16 channels.
func BenchmarkConv(b *testing.B) {
	for _, s := range kernel.All() {
		for _, shape := range [][2]int{{1, 4}, {1, 6}, {1, 13}, {2, 8}, {2, 13}, {3, 8}, {4, 6}} {
			blocks, pixels := shape[0], shape[1]
			run := s.Conv[blocks][pixels]
			if run == nil {
				continue
			}
			b.Run(fmt.Sprintf("%s/%dx%d", s.Name, blocks, pixels), func(b *testing.B) {
				const taps, tiles = 36, 8
				_, in := field(taps*kernel.Block+pixels*tiles*kernel.Block, 0)
				_, out := field(blocks*pixels*tiles*kernel.Block, 0)
				_, w := field(taps*kernel.Chunk*blocks*kernel.Block, 0)
				clear(in)
				clear(w)
				a := kernel.Conv{In: in, W: w, Bias: w, Out: out, Step: kernel.Block, Tiles: tiles, OutBlock: pixels * tiles * kernel.Block}
				for i := range taps {
					a.Off = append(a.Off, int32(i*kernel.Chunk))
				}
				b.ReportAllocs()
				for b.Loop() {
					run(&a)
				}
				flops := 2 * float64(blocks*pixels*tiles*taps*kernel.Chunk*kernel.Block)
				b.ReportMetric(flops*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}

func BenchmarkDepthwise(b *testing.B) {
	for _, s := range kernel.All() {
		for _, taps := range []int{9, 25} {
			b.Run(fmt.Sprintf("%s/%d", s.Name, taps), func(b *testing.B) {
				const count = 64
				_, in := field((count+taps)*kernel.Block, 0)
				_, out := field(count*kernel.Block, 0)
				clear(in)
				a := kernel.Window{In: in, W: in[:taps*kernel.Block], Bias: in[:kernel.Block], Out: out, Step: kernel.Block, Count: count}
				for i := range taps {
					a.Off = append(a.Off, int32(i*kernel.Block))
				}
				b.SetBytes(count * kernel.Block * 4)
				b.ReportAllocs()
				for b.Loop() {
					s.Depthwise(&a)
				}
			})
		}
	}
}

func BenchmarkWinograd(b *testing.B) {
	for _, s := range kernel.All() {
		const tiles, row, matrix = 13, (4*13 + 2) * kernel.Block, 13 * kernel.Block
		_, in := field(6*row, 0)
		_, v := field(36*matrix, 0)
		_, tmp := field(36*kernel.Block, 0)
		clear(in)
		clear(v)
		b.Run(s.Name+"/in", func(b *testing.B) {
			b.SetBytes(tiles * 16 * kernel.Block * 4)
			a := kernel.WinogradIn{In: in, Row: row, Out: v, Matrix: matrix, Tiles: tiles, Tmp: tmp}
			for b.Loop() {
				s.Winograd4.In(&a)
			}
		})
		b.Run(s.Name+"/out", func(b *testing.B) {
			b.SetBytes(tiles * 16 * kernel.Block * 4)
			a := kernel.WinogradOut{In: v, Matrix: matrix, Out: in, Row: row, Bias: tmp, Tiles: tiles, Tmp: tmp}
			for b.Loop() {
				s.Winograd4.Out(&a)
			}
		})
	}
}
