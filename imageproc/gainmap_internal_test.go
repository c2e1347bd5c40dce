package imageproc

import (
	"bytes"
	"image"
	"image/jpeg"
	"slices"
	"testing"
)

// TestVerifyGainMapRefuses hands the second walker files whose gain map, or whose
// index, is not the one that was asked for.
func TestVerifyGainMapRefuses(t *testing.T) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		t.Fatal(err)
	}
	a := adobeGain{}
	for i := range a.properties {
		a.properties[i] = []float64{float64(i) / 4}
	}
	iso := isoGain{fractions: make([][2]uint32, 7)}
	for i := range iso.fractions {
		iso.fractions[i] = [2]uint32{uint32(i), 4}
	}
	g := gainMap{adobe: &a, iso: &iso}
	second := slices.Concat(buf.Bytes()[:2], jpegSegment(mAPP1, []byte(xmpSignature), g.packet()),
		jpegSegment(mAPP2, []byte(isoGainSignature), iso.bytes()), buf.Bytes()[2:])
	x := extras{keep: Keep{GainMap: true}}
	pic, err := parse(slices.Concat(buf.Bytes(), second), Limits{}.orDefault(), x)
	if err != nil || pic.second == nil {
		t.Fatal(pic, err)
	}
	x.packet = pic.packet
	if err := pic.verify(x); err != nil {
		t.Fatal(err)
	}
	good := pic.out.bytes()
	mpf := bytes.Index(good, []byte("MPF"))
	map2 := bytes.LastIndex(good, []byte{0xFF, mSOI})
	com := jpegSegment(mCOM, []byte("secret"))
	change := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	for name, out := range map[string][]byte{
		"no map":              good[:map2],
		"the map twice":       slices.Concat(good, good[map2:]),
		"bytes behind":        append(bytes.Clone(good), 0),
		"bytes between":       slices.Concat(good[:map2], []byte("secret"), good[map2:]),
		"comment in the map":  slices.Concat(good[:map2+2], com, good[map2+2:]),
		"no index":            slices.Concat(good[:mpf-4], good[mpf+mpfBytes:]),
		"size of the first":   change(mpf + 4 + 50 + 7),
		"place of the second": change(mpf + 4 + 50 + 16 + 11),
		"size of the second":  change(mpf + 4 + 50 + 16 + 7),
		"type of the second":  change(mpf + 4 + 50 + 16 + 3),
		"version of MPF":      change(mpf + 4 + 18),
		"bytes of a unit":     change(bytes.LastIndex(good, []byte("GainMapMin=")) + 12),
		"number of ISO":       change(bytes.LastIndex(good, []byte(isoGainSignature)) + len(isoGainSignature) + 12),
		"announced length":    change(bytes.Index(good, []byte("Item:Length=")) + 13),
		"ISO of the first":    change(bytes.Index(good, []byte(isoGainSignature)) + len(isoGainSignature)),
	} {
		mustRefuse(t, name, pic, out, x)
	}
	plain := *pic
	plain.second = nil
	mustRefuse(t, "a map that nobody asked for", &plain, good, x)
}
