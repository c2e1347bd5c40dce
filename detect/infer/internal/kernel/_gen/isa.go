package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set, seen as vectors of so many bytes.
type isa struct {
	name  string
	bytes int
	regs  int // vector registers
}

var (
	avx512 = isa{name: "AVX512", bytes: 64, regs: 32}
	avx2   = isa{name: "AVX2", bytes: 32, regs: 16}
)

const (
	block = 16 * 4 // bytes of the 16 channels of a pixel
	chunk = 8      // input channels a tap of a dense convolution covers
)

// parts is how many vectors hold the 16 channels of a pixel.
func (v isa) parts() int { return block / v.bytes }

// writer writes the kernels of one instruction set.
type writer struct {
	*build.Context
	isa
	params    params
	labels    int
	constants map[string]Mem
	held      map[string]reg.VecVirtual // constants in registers
}

func (v *writer) vec() reg.VecVirtual {
	if v.bytes == 64 {
		return v.ZMM()
	}
	return v.YMM()
}

func (v *writer) vecs(n int) []reg.VecVirtual {
	out := make([]reg.VecVirtual, n)
	for i := range out {
		out[i] = v.vec()
	}
	return out
}

// constant is the memory of one float, written once.
func (v *writer) constant(name string, f float32) Mem {
	m, ok := v.constants[name]
	if !ok {
		m = v.ConstData(name+v.name, U32(math.Float32bits(f)))
		v.constants[name] = m
	}
	return m
}

// spread is a vector of one number.
func (v *writer) spread(m Mem) reg.VecVirtual {
	r := v.vec()
	v.VBROADCASTSS(m, r)
	return r
}

// label makes a name for a place in the code that no other place has.
func (v *writer) label(name string) string {
	v.labels++
	return fmt.Sprintf("%s%d", name, v.labels)
}

// args is the parameter struct of the kernel being written.
type args struct {
	*writer
	fields map[string]int
}

// function starts a kernel that takes a pointer a to the struct typ.
func (v *writer) function(name, typ, doc string) args {
	v.Function(name)
	v.Doc(name + " " + doc)
	v.Attributes(attr.NOSPLIT) // no stack is used
	v.Signature(v.params.signature(typ))
	return args{v, v.params.offsets(typ)}
}

// field is the memory of a field. Of a slice it is the data pointer; the length
// is a field "len" of it. The pointer to the struct is loaded anew each time: no
// register is left to keep it in.
func (a args) field(name string) Mem {
	at, ok := a.fields[name]
	if !ok {
		panic("no field " + name)
	}
	base := a.GP64()
	a.Load(a.Param("a"), base)
	return Mem{Base: base, Disp: at}
}

func (a args) load(name string) reg.GPVirtual {
	r := a.GP64()
	a.MOVQ(a.field(name), r)
	return r
}

// size loads a field that counts floats, in bytes.
func (a args) size(name string) reg.GPVirtual {
	r := a.load(name)
	a.SHLQ(Imm(2), r)
	return r
}

// end returns from a kernel.
func (v *writer) end() {
	v.VZEROUPPER()
	v.RET()
}

// walk are the addresses of the pixels of a tile, base + t·step for every t
// below n, with as few registers as the scales 1, 2, 4 and 8 allow.
type walk struct {
	bases       []reg.GPVirtual
	step, three reg.GPVirtual // three steps
}

// newWalk takes registers for n pixels, a step of bytes apart.
func (v *writer) newWalk(n int, step reg.GPVirtual) *walk {
	w := &walk{step: step, three: v.GP64()}
	v.LEAQ(Mem{Base: step, Index: step, Scale: 2}, w.three)
	for t := 0; t < n; t += 3 {
		w.bases = append(w.bases, v.GP64())
	}
	return w
}

// start puts pixel 0 where the first base already is.
func (v *writer) start(w *walk) {
	for i := 1; i < len(w.bases); i++ {
		v.LEAQ(Mem{Base: w.bases[i-1], Index: w.three, Scale: 1}, w.bases[i])
	}
}

// pixel is the memory of pixel t, disp bytes in.
func (w *walk) pixel(t, disp int) Mem {
	m := Mem{Base: w.bases[t/3], Disp: disp}
	if t%3 > 0 {
		m.Index, m.Scale = w.step, uint8(t%3)
	}
	return m
}

// skip adds n steps to r.
func (v *writer) skip(w *walk, r reg.GPVirtual, n int) {
	for ; n >= 3; n -= 3 {
		v.ADDQ(w.three, r)
	}
	for ; n > 0; n-- {
		v.ADDQ(w.step, r)
	}
}
