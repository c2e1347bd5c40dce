package imageproc_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

// craftToneMap is a picture with a gain map, the way of new phones: the map is an
// item of its own, auxiliary in Apple's words, and the tone map joins both.
func craftToneMap(data []byte) *craftedHEIF {
	c := craftAVIF()
	c.brands = "avifmif1miaftmap"
	c.items = append(c.items,
		craftedItem{id: 3, typ: "av01", name: "Hertha's map", data: slices.Concat(obu(1, plainHeader...), obu(6, bytes.Repeat([]byte{6}, 90)...)), props: []int{-1, 2}},
		craftedItem{id: 4, typ: "tmap", name: "Hertha's tone", data: data, props: []int{2, 3}})
	c.prop(3, auxC("urn:com:apple:photo:2020:aux:hdrgainmap"), false)
	c.refs = append(c.refs, craftedRef{"dimg", 4, []int{1, 3}}, craftedRef{"auxl", 3, []int{1}})
	return c
}

func TestKeepToneMap(t *testing.T) {
	tone := slices.Concat([]byte{0}, isoGain(3), []byte("Hertha's secret"))
	clean := slices.Concat([]byte{0, 0, 0, 0, 0}, isoGain(3)[4:])
	for name, change := range map[string]func(*craftedHEIF){
		"plain":    func(*craftedHEIF) {},
		"in idat":  func(c *craftedHEIF) { c.find(4).inIdat = true },
		"in parts": func(c *craftedHEIF) { c.split = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			c := craftToneMap(tone)
			change(c)
			in := c.build()
			out, report := keepGainMap(t, in, imageproc.StripOptions{})
			if !cmp.Equal(report.Kept, []string{"gain map"}) {
				t.Errorf("kept %v", report.Kept)
			}
			for _, there := range []string{string(clean), strings.Repeat("\x06", 90), "avifmif1miaftmap"} {
				if bytes.Count(out, []byte(there)) != 1 {
					t.Errorf("%q is there %d times", there, bytes.Count(out, []byte(there)))
				}
			}
			for _, gone := range []string{"Hertha", "hdrgainmap"} {
				if bytes.Contains(out, []byte(gone)) {
					t.Errorf("%q is left", gone)
				}
			}
			if again, _ := keepGainMap(t, out, imageproc.StripOptions{}); !bytes.Equal(again, out) {
				t.Error("a second strip gives another file")
			}
			plain, _ := strip(t, in)
			if bytes.Contains(plain, []byte("tmap")) || bytes.Contains(plain, []byte(strings.Repeat("\x06", 90))) {
				t.Error("it is left where nobody asked for it")
			}
			if bare, _ := strip(t, out); !bytes.Equal(bare, plain) {
				t.Error("a strip that keeps nothing does not give the plain one")
			}
		})
	}
}

// TestToneMapVerified hands the second walker outputs with another gain map than
// the one asked for, and other credentials.
func TestToneMapVerified(t *testing.T) {
	store := manifests(300)
	in := append(craftToneMap(slices.Concat([]byte{0}, isoGain(1))).build(), jumbfPart("uuid", []byte(c2paUUID+"\x00\x00\x00\x00manifest\x00\x00\x00\x00\x00\x00\x00\x00\x00"), store)...)
	keep := imageproc.Keep{GainMap: true, Provenance: true}
	var out bytes.Buffer
	if _, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Keep: keep}); err != nil {
		t.Fatal(err)
	}
	good := out.Bytes()
	if err := imageproc.VerifyKept(in, good, keep); err != nil {
		t.Fatal(err)
	}
	number := string(isoGain(1)[len(isoGain(1))-12:])
	plain, _ := strip(t, in)
	for what, bad := range map[string][]byte{
		"neither":             plain,
		"another number":      mended(t, good, number, number[:3]+"\x02"+number[4:]),
		"a map that is shown": mended(t, good, "infe\x02\x00\x00\x01\x00\x03", "infe\x02\x00\x00\x00\x00\x03"),
		"a map of the map":    mended(t, good, "dimg\x00\x04\x00\x02\x00\x01\x00\x03", "dimg\x00\x04\x00\x02\x00\x03\x00\x03"),
		"another store":       mended(t, good, "c2pa.actions", "c2pa.Actions"),
		"another purpose":     mended(t, good, "manifest\x00", "merkle\x00\x00\x00"),
		"an offset":           mended(t, good, "manifest\x00\x00\x00\x00\x00\x00\x00\x00\x00", "manifest\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
	} {
		if err := imageproc.VerifyKept(in, bad, keep); !errors.Is(err, imageproc.ErrVerify) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, less := range []imageproc.Keep{{}, {GainMap: true}, {Provenance: true}} {
		if err := imageproc.VerifyKept(in, good, less); !errors.Is(err, imageproc.ErrVerify) {
			t.Errorf("more than %+v is there: %v", less, err)
		}
	}
}

// TestNoToneMap has what can't be kept: nothing of it stays.
func TestNoToneMap(t *testing.T) {
	tone := slices.Concat([]byte{0}, isoGain(1))
	for name, change := range map[string]func(*craftedHEIF){
		"another version":       func(c *craftedHEIF) { c.find(4).data = slices.Concat([]byte{1}, isoGain(1)) },
		"cut short":             func(c *craftedHEIF) { c.find(4).data = tone[:len(tone)-1] },
		"no map":                func(c *craftedHEIF) { c.refs[1].to = []int{1, 9} },
		"map of itself":         func(c *craftedHEIF) { c.refs[1].to = []int{1, 1} },
		"another picture":       func(c *craftedHEIF) { c.refs[1].to = []int{2, 3} },
		"unknown and essential": func(c *craftedHEIF) { c.prop(3, box("abcd", be32(1)), true) },
		"no codec":              func(c *craftedHEIF) { c.find(3).props = []int{2} },
		"protected":             func(c *craftedHEIF) { c.find(4).secure = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := craftToneMap(tone)
			change(c)
			in := c.build()
			var plain bytes.Buffer
			if _, err := imageproc.Strip(&plain, bytes.NewReader(in), nil); err != nil {
				t.Fatal(err)
			}
			out, report := keepGainMap(t, in, imageproc.StripOptions{})
			if !bytes.Equal(out, plain.Bytes()) || report.Kept != nil {
				t.Errorf("%d bytes instead of %d, kept %v", len(out), plain.Len(), report.Kept)
			}
		})
	}
}

// TestToneMapsOfCorpus keeps those of real files.
func TestToneMapsOfCorpus(t *testing.T) {
	kept := 0
	for _, path := range corpusFolder(t, "avif") {
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(in, []byte("tmap")) {
			continue
		}
		var out bytes.Buffer
		report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Keep: imageproc.Keep{GainMap: true}})
		switch {
		case err != nil:
			if _, without := imageproc.Inspect(bytes.NewReader(in), nil); without == nil || errors.Is(err, imageproc.ErrVerify) {
				t.Errorf("%s: %v", filepath.Base(path), err)
			}
		case report.Kept != nil:
			kept++
		default:
			t.Logf("%s: not kept", filepath.Base(path))
		}
	}
	if kept < 7 {
		t.Errorf("%d gain maps", kept)
	}
}
