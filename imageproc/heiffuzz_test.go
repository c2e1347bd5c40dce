package imageproc_test

import (
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

func FuzzStripHEIF(f *testing.F) { fuzzSeeds(f, heifSeeds(), checkFuzzedHEIF) }

func heifSeeds() (seeds [][]byte) {
	kinds := []struct {
		craft func() *craftedHEIF
		list  []heifPlant
	}{{craftHEIC, slices.Concat(heifPlants, hevcPlants)}, {craftAVIF, slices.Concat(heifPlants, av1Plants)}, {craftAVIS, seqPlants}}
	for _, k := range kinds {
		seeds = append(seeds, k.craft().build())
	}
	for _, k := range kinds {
		for i, p := range k.list {
			c := k.craft()
			p.apply(c, []byte("some secret text here, long enough"))
			c.wide, c.split = i%3 == 1, i%4
			seeds = append(seeds, c.build())
		}
	}
	return seeds
}

func checkFuzzedHEIF(t *testing.T, in []byte) {
	if f := imageproc.Sniff(in); f == imageproc.HEIC || f == imageproc.AVIF {
		checkFuzzed(t, in)
	}
}
