package imageproc_test

import (
	"bytes"
	"errors"
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

// checkFuzzedHEIF holds whatever input against what Strip promises for every one:
// a typed error and no output, or an output that both walkers find clean.
func checkFuzzedHEIF(t *testing.T, in []byte) {
	lim := imageproc.Limits{MaxBytes: 1 << 20, MaxPixels: 1 << 18}
	if imageproc.Sniff(in) != imageproc.HEIC && imageproc.Sniff(in) != imageproc.AVIF {
		return
	}
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Limits: lim})
	if err != nil {
		var fe *imageproc.FormatError
		if !errors.As(err, &fe) || fe.Err == nil || out.Len() > 0 || report != nil {
			t.Fatalf("%v with %d bytes of output", err, out.Len())
		}
		if errors.Is(err, imageproc.ErrVerify) && fe.Reason != foundText {
			t.Fatalf("the second walker stopped the first: %v", err)
		}
		return
	}
	// Entries are written in one form, which some files beat by a few bytes each.
	if report.BytesOut != int64(out.Len()) || out.Len() > 2*len(in)+256 {
		t.Fatalf("report %+v for %d bytes", report, out.Len())
	}
	for _, found := range report.Removed {
		if found.Carrier == "" || len(found.Classes) == 0 || found.Bytes <= 0 {
			t.Fatalf("finding %+v", found)
		}
	}
	var again bytes.Buffer
	second, err := imageproc.Strip(&again, bytes.NewReader(out.Bytes()), &imageproc.StripOptions{Limits: lim})
	if err != nil || !bytes.Equal(again.Bytes(), out.Bytes()) || len(second.Removed) > 0 || second.Orientation != report.Orientation {
		t.Fatalf("a second strip: %v, %+v", err, second)
	}
}
