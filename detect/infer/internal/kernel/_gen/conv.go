package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"slices"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// shape is one member of the family of convolutions: so many blocks of output
// channels by so many pixels, taps of so many input channels.
type shape struct{ blocks, pixels, channels int }

func (s shape) name(v isa) string {
	return fmt.Sprintf("%s%s_%dx%d", families[s.channels], v.name, s.blocks, s.pixels)
}

// families are the names of kernels by the input channels of a tap.
var families = map[int]string{chunk: "conv", 1: "stem"}

// convolutions lists the shapes that fit the registers: sums, one weight vector
// a block and at least one broadcast. Stems
// have taps of one channel, and a few widths only: their rows are long.
func (v isa) convolutions() []shape {
	widest := map[isa][]int{avx512: {14, 14, 9, 6}, avx2: {6}}[v]
	var all []shape
	for i, n := range widest {
		for t := 1; t <= n; t++ {
			all = append(all, shape{i + 1, t, chunk})
		}
	}
	stem := map[isa][][]int{avx512: {{1, 2, 4, 8, 13, 14}, {1, 2, 4, 8, 13, 14}, {1, 2, 4, 8, 9}, {1, 2, 4, 6}}, avx2: {{1, 2, 4, 6}}}[v]
	for i, list := range stem {
		for _, t := range list {
			all = append(all, shape{i + 1, t, 1})
		}
	}
	return all
}

// convolution writes one kernel: for each tile, sums of blocks × pixels vectors
// stay in registers while all taps go by.
func (v *writer) convolution(s shape) {
	a := v.function(s.name(v.isa), "Conv", fmt.Sprintf("is convolve with %d blocks, %d pixels and taps of %d channels.", s.blocks, s.pixels, s.channels))
	p := v.parts()
	sums := make([][]reg.VecVirtual, s.blocks) // by block, then pixel and part
	for b := range sums {
		sums[b] = v.vecs(s.pixels * p)
	}
	weights := v.vecs(s.blocks * p)
	casts := v.vecs(max(1, min(2, v.regs-s.blocks*p*(s.pixels+1))))

	in, out, tiles := a.load("In"), a.load("Out"), a.load("Tiles")
	var fetch reg.GPVirtual
	if s.channels == chunk {
		fetch = v.fetched(a)
	}
	pixels := v.newWalk(s.pixels, a.size("Step"))
	v.Label("tile")
	v.startSums(a, sums)
	off, taps, w := a.load("Off"), a.load("Off.len"), a.load("W")
	v.Label("tap")
	v.MOVLQSX(Mem{Base: off}, pixels.bases[0])
	v.LEAQ(Mem{Base: in, Index: pixels.bases[0], Scale: 4}, pixels.bases[0])
	v.start(pixels)
	for c := range s.channels {
		for i, r := range weights {
			v.VMOVUPS(Mem{Base: w, Disp: c*s.blocks*block + i*v.bytes}, r)
		}
		if s.channels == chunk {
			v.PREFETCHT1(Mem{Base: fetch, Disp: c * block})
		}
		for t := range s.pixels {
			cast := casts[t%len(casts)]
			v.VBROADCASTSS(pixels.pixel(t, c*4), cast)
			for i, r := range weights {
				v.VFMADD231PS(r, cast, sums[i/p][t*p+i%p])
			}
		}
	}
	if s.channels == chunk {
		v.ADDQ(a.size("FetchStep"), fetch)
	}
	v.ADDQ(Imm(4), off)
	v.ADDQ(U32(uint32(s.channels*s.blocks*block)), w)
	v.DECQ(taps)
	v.JNZ(LabelRef("tap"))

	v.finish(a, out, sums, weights[0])
	v.skip(pixels, in, s.pixels)
	v.ADDQ(U32(uint32(s.pixels*block)), out)
	v.DECQ(tiles)
	v.JNZ(LabelRef("tile"))
	v.end()
}

// fetched is where fetching begins: at the weights, where nothing is to be
// fetched and the step is zero.
func (v *writer) fetched(a args) reg.GPVirtual {
	r, w := a.load("Fetch"), a.load("W")
	v.TESTQ(r, r)
	v.CMOVQEQ(w, r)
	return r
}

// startSums loads the bias.
func (v *writer) startSums(a args, sums [][]reg.VecVirtual) {
	bias, p := a.load("Bias"), v.parts()
	for b, s := range sums {
		for i, r := range s {
			if i < p {
				v.VMOVUPS(Mem{Base: bias, Disp: b*block + i*v.bytes}, r)
			} else {
				v.VMOVAPS(s[i%p], r)
			}
		}
	}
}

// finish adds what Res points to, applies the activation and stores. tmp is free.
func (v *writer) finish(a args, out reg.GPVirtual, sums [][]reg.VecVirtual, tmp reg.VecVirtual) {
	from := a.load("Res")
	v.TESTQ(from, from)
	v.JZ(LabelRef("summed"))
	v.SUBQ(a.field("Out"), from)
	v.ADDQ(out, from)
	pitch := a.size("ResBlock")
	for b, s := range sums {
		if b > 0 {
			v.ADDQ(pitch, from)
		}
		for i, r := range s {
			v.VADDPS(Mem{Base: from, Disp: i * v.bytes}, r, r)
		}
	}
	v.Label("summed")
	v.activate(a, slices.Concat(sums...), tmp)
	to := v.GP64()
	v.MOVQ(out, to)
	pitch = a.size("OutBlock")
	for b, s := range sums {
		if b > 0 {
			v.ADDQ(pitch, to)
		}
		for i, r := range s {
			v.VMOVUPS(r, Mem{Base: to, Disp: i * v.bytes})
		}
	}
}

const infinity = 0x7f800000 // of a float32

// activate applies Act to sums. Of two unordered numbers VMAXPS and VMINPS take
// the one Go's assembler names first: the order of operands keeps NaN.
func (v *writer) activate(a args, sums []reg.VecVirtual, tmp reg.VecVirtual) {
	clip, done := v.label("clip"), v.label("active")
	v.CMPQ(a.field("Act.Kind"), Imm(1))
	v.JLT(LabelRef(done))
	v.JGT(LabelRef(clip))
	slope := a.field("Act.Slope")
	for _, r := range sums {
		v.VBROADCASTSS(slope, tmp)
		v.VMULPS(r, tmp, tmp)
		v.VMAXPS(r, tmp, r)
	}
	v.JMP(LabelRef(done))
	v.Label(clip)
	v.VBROADCASTSS(a.field("Act.Low"), tmp)
	for _, r := range sums {
		v.VMAXPS(r, tmp, r)
	}
	high := a.field("Act.High")
	v.CMPL(high, U32(infinity)) // Relu has no upper limit
	v.JEQ(LabelRef(done))
	v.VBROADCASTSS(high, tmp)
	for _, r := range sums {
		v.VMINPS(r, tmp, r)
	}
	v.Label(done)
}

// writeTables writes Go tables of the kernels that come in sizes.
func (v isa) writeTables(path string) error {
	var b bytes.Buffer
	fmt.Fprint(&b, "// Code generated by command _gen. DO NOT EDIT.\n\n//go:build amd64 && !noasm\n\npackage kernel\n")
	for _, channels := range []int{chunk, 1} {
		fmt.Fprintf(&b, "\nvar %s%s = ConvTable{\n", families[channels], v.name)
		last := 0
		for _, s := range v.convolutions() {
			if s.channels != channels {
				continue
			}
			if s.blocks != last {
				if last > 0 {
					fmt.Fprint(&b, "},\n")
				}
				fmt.Fprintf(&b, "%d: {", s.blocks)
				last = s.blocks
			} else {
				fmt.Fprint(&b, ", ")
			}
			fmt.Fprintf(&b, "%d: %s", s.pixels, s.name(v))
		}
		fmt.Fprint(&b, "},\n}\n")
	}
	fmt.Fprintf(&b, "\nvar depthwise3%s = [3][15]func(*Window3){\n", v.name)
	for stride := 1; stride <= 2; stride++ {
		fmt.Fprintf(&b, "%d: {", stride)
		for _, n := range v.depthwise3Pixels(stride) {
			fmt.Fprintf(&b, "%d: %s,", n, v.depthwise3Name(stride, n))
		}
		fmt.Fprint(&b, "},\n")
	}
	fmt.Fprint(&b, "}\n")
	src, err := format.Source(b.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(path, src, 0o644)
}
