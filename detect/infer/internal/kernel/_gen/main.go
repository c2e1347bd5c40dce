// Command _gen writes the assembly of package kernel for amd64.
//
//	go run . -isa avx512 -pkg kernel -out ../avx512_amd64.s -stubs ../avx512_amd64.go -tables ../avx512_tables_amd64.go
//
// The kernels are described once, for vectors of 16 or of 8 floats; -isa chooses.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	set := flag.NewFlagSet("_gen", flag.ExitOnError)
	name := set.String("isa", "avx512", "avx512 or avx2")
	tables := set.String("tables", "", "file for the tables of convolution kernels")
	flags := build.NewFlags(set)
	if err := set.Parse(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
	v, ok := map[string]isa{"avx512": avx512, "avx2": avx2}[*name]
	if !ok {
		log.Fatalf("no instruction set %q", *name)
	}
	p, err := readParams("../params.go")
	if err != nil {
		log.Fatal(err)
	}
	w := &writer{Context: build.NewContext(), isa: v, params: p, constants: map[string]Mem{}}
	w.ConstraintExpr("amd64,!noasm")
	for _, s := range v.convolutions() {
		w.convolution(s)
	}
	w.depthwise()
	for stride := 1; stride <= 2; stride++ {
		for _, n := range v.depthwise3Pixels(stride) {
			w.depthwise3(stride, n)
		}
	}
	w.pool()
	for _, m := range []int{4, 2} {
		w.winogradIn(m)
		w.winogradOut(m)
		w.winogradWeights(m)
	}
	w.stridedIn()
	w.stridedOut()
	w.stridedWeights()
	w.resize()
	w.elementwise()
	w.transpose()
	w.transposeHalves()
	if status := build.Main(flags.Config(), w.Context); status != 0 {
		os.Exit(status)
	}
	if err := v.writeTables(*tables); err != nil {
		log.Fatal(err)
	}
}
