package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

const (
	adobeGain = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" ` +
		`dc:creator="Hertha Fährmann" h:Version="1.0" h:HDRCapacityMax="3.50">` +
		`<h:GainMapMax><rdf:Seq><rdf:li>3.5</rdf:li><rdf:li>3.6</rdf:li><rdf:li>3.7</rdf:li></rdf:Seq></h:GainMapMax>` +
		`</rdf:Description></rdf:RDF></x:xmpmeta>`
	appleGain = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" xmlns:m="http://ns.apple.com/HDRGainMap/1.0/">` +
		`<apdi:AuxiliaryImageType>urn:com:apple:photo:2020:aux:hdrgainmap</apdi:AuxiliaryImageType><apdi:StoredFormat>1278226488</apdi:StoredFormat>` +
		`<m:HDRGainMapVersion>131072</m:HDRGainMapVersion><m:HDRGainMapHeadroom>4.532783</m:HDRGainMapHeadroom></rdf:Description></rdf:RDF></x:xmpmeta>`
	isoSignature = "urn:iso:std:iso:ts:21496:-1\x00"
)

func isoGain(channels int) []byte {
	b := []byte{0, 0, 0, 7, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1}
	if channels == 3 {
		b[4] |= 0x80
	}
	for i := range channels {
		b = append(b, numbers(uint32(i), 1, 5, 2, 1, 1, 1, 64, 1, 64)...)
	}
	return b
}

func xmpOf(packet string) []byte {
	return segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), []byte(packet))
}

// hdr is a picture with orientation 6, an index that we do not trust, and the gain
// map behind a film.
func hdr(t *testing.T, before string, segments ...[]byte) []byte {
	t.Helper()
	primary := withSegments(mustJPEG(t, corner()), turnedTo(6), segment(0xE2, []byte("MPF\x00II*\x00"), bytes.Repeat([]byte{1}, 70)))
	second := withSegments(mustJPEG(t, noisy(32, 16)), append(segments, turnedTo(3), segment(0xFE, []byte("a comment in the map")))...)
	return slices.Concat(primary, []byte(before), second, []byte("SEFH and a trailer"))
}

func keepGainMap(t *testing.T, in []byte, o imageproc.StripOptions) ([]byte, *imageproc.Report) {
	t.Helper()
	o.Keep.GainMap = true
	var out bytes.Buffer
	report, err := imageproc.Strip(&out, bytes.NewReader(in), &o)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), report
}

// index reads the MPF segment of an output the way viewers do.
func index(t *testing.T, file []byte) (first, second []byte) {
	t.Helper()
	at := bytes.Index(file, []byte("MPF\x00MM"))
	if at < 0 {
		t.Fatal("no index")
	}
	tiff := file[at+4:]
	entries := tiff[binary.BigEndian.Uint32(tiff[10+2*12+8:]):]
	size := binary.BigEndian.Uint32(entries[4:])
	next, nextSize := binary.BigEndian.Uint32(entries[24:]), binary.BigEndian.Uint32(entries[20:])
	if int(next+nextSize) != len(tiff) || at+4+int(next) != int(size) {
		t.Fatalf("the index says %d, %d and %d of %d bytes", size, next, nextSize, len(file))
	}
	return file[:size], tiff[next:]
}

func TestKeepGainMap(t *testing.T) {
	for name, row := range map[string]struct {
		in     []byte
		want   []string // in the second picture
		length bool     // the packet of the first announces it
	}{
		"Adobe": {hdr(t, "", xmpOf(adobeGain)), []string{
			`hdrgm:Version="1.0" hdrgm:BaseRenditionIsHDR="False" hdrgm:GainMapMin="0" hdrgm:Gamma="1" hdrgm:OffsetSDR="0.015625" hdrgm:OffsetHDR="0.015625" hdrgm:HDRCapacityMin="0" hdrgm:HDRCapacityMax="3.5"`,
			"<hdrgm:GainMapMax><rdf:Seq><rdf:li>3.5</rdf:li><rdf:li>3.6</rdf:li><rdf:li>3.7</rdf:li></rdf:Seq></hdrgm:GainMapMax>",
		}, true},
		"Apple": {hdr(t, "", xmpOf(appleGain)), []string{
			"<apdi:AuxiliaryImageType>urn:com:apple:photo:2020:aux:hdrgainmap</apdi:AuxiliaryImageType><apdi:StoredFormat>1278226488</apdi:StoredFormat>",
			"<HDRGainMap:HDRGainMapVersion>131072</HDRGainMap:HDRGainMapVersion><HDRGainMap:HDRGainMapHeadroom>4.532783</HDRGainMap:HDRGainMapHeadroom>",
		}, false},
		"ISO":            {hdr(t, "", segment(0xE2, []byte(isoSignature), isoGain(1))), []string{isoSignature + "\x00\x00\x00\x00" + string(isoGain(1)[4:])}, false},
		"ISO and Adobe":  {hdr(t, "", segment(0xE2, []byte(isoSignature), isoGain(3), []byte("behind it")), xmpOf(adobeGain)), []string{isoSignature + "\x00\x00\x00\x00" + string(isoGain(3)[4:]), "hdrgm:Gamma"}, true},
		"behind a film":  {hdr(t, "\x00\x00\x00\x18ftypmp42 secret film", xmpOf(adobeGain)), []string{"hdrgm:Gamma"}, true},
		"behind a thumb": {hdr(t, string(mustJPEG(t, noisy(16, 16))), xmpOf(adobeGain)), []string{"hdrgm:Gamma"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			out, report := keepGainMap(t, row.in, imageproc.StripOptions{})
			if !cmp.Equal(report.Kept, []string{"gain map"}) {
				t.Errorf("kept %v", report.Kept)
			}
			first, second := index(t, out)
			plain, _ := strip(t, row.in)
			if !samePixels(decode(t, first), decode(t, plain)) || !samePixels(decode(t, second), decode(t, mustJPEG(t, noisy(32, 16)))) {
				t.Error("a picture changed")
			}
			for _, want := range row.want {
				if !strings.Contains(string(second), want) {
					t.Errorf("the gain map does not say %q", want)
				}
			}
			if storedOrientation(t, first) != 6 || storedOrientation(t, second) != 1 {
				t.Error("the picture is not turned, or the map is")
			}
			if row.length != bytes.Contains(first, []byte(`Item:Length="`)) {
				t.Error("the gain map is announced otherwise")
			}
			for _, gone := range []string{"Hertha", "Maker of", "comment", "secret", "SEFH", "behind it"} {
				if bytes.Contains(out, []byte(gone)) {
					t.Errorf("%q is left", gone)
				}
			}
			if again, _ := keepGainMap(t, out, imageproc.StripOptions{}); !bytes.Equal(again, out) {
				t.Error("a second strip gives another file")
			}
			if bare, _ := strip(t, out); !bytes.Equal(bare, plain) {
				t.Error("a strip that keeps nothing does not give the plain one")
			}
			c := sanitize(t, row.in, &imageproc.SanitizeOptions{Keep: imageproc.Keep{GainMap: true}})
			if !bytes.Equal(c.Bytes(), out) {
				t.Error("Sanitize keeps otherwise than Strip")
			}
			small := sanitize(t, row.in, &imageproc.SanitizeOptions{Keep: imageproc.Keep{GainMap: true}, MaxSide: 16})
			if small.Report().Kept != nil || bytes.Contains(small.Bytes(), []byte("MPF")) {
				t.Error("the smaller picture has a gain map")
			}
			upright, report := keepGainMap(t, row.in, imageproc.StripOptions{BakeOrientation: true})
			first, second = index(t, upright)
			if report.Baking != imageproc.Baked || quarters(decode(t, first)) != shown[6] || decode(t, second).Bounds().Dx() != 16 {
				t.Errorf("turned upright: %q, the map is %v", report.Baking, decode(t, second).Bounds())
			}
		})
	}
}

// TestNoGainMap has pictures behind the picture that are none, and numbers that
// are none: all of it goes.
func TestNoGainMap(t *testing.T) {
	iso, whole := isoGain(1), hdr(t, "", xmpOf(adobeGain))
	for name, in := range map[string][]byte{
		"none":            phonePhoto(t),
		"a thumbnail":     hdr(t, ""),
		"no maximum":      hdr(t, "", xmpOf(strings.ReplaceAll(adobeGain, "GainMapMax", "Other"))),
		"no number":       hdr(t, "", xmpOf(strings.ReplaceAll(adobeGain, "3.6", "3.6 secret"))),
		"not a number":    hdr(t, "", xmpOf(strings.ReplaceAll(adobeGain, "3.6", "NaN"))),
		"two values":      hdr(t, "", xmpOf(strings.ReplaceAll(adobeGain, "<rdf:li>3.7</rdf:li>", ""))),
		"other auxiliary": hdr(t, "", xmpOf(strings.ReplaceAll(appleGain, "hdrgainmap", "depth"))),
		"ISO cut short":   hdr(t, "", segment(0xE2, []byte(isoSignature), iso[:len(iso)-1])),
		"ISO by zero":     hdr(t, "", segment(0xE2, []byte(isoSignature), slices.Concat(iso[:len(iso)-4], numbers(0)))),
		"ISO of later":    hdr(t, "", segment(0xE2, []byte(isoSignature), []byte{0, 1}, iso[2:])),
		"cut short":       whole[:len(whole)-60],
	} {
		t.Run(name, func(t *testing.T) {
			out, report := keepGainMap(t, in, imageproc.StripOptions{})
			if plain, _ := strip(t, in); !bytes.Equal(out, plain) || report.Kept != nil {
				t.Errorf("%d bytes instead of %d, kept %v", len(out), len(plain), report.Kept)
			}
		})
	}
}

// TestGainMapsOfCorpus keeps the gain maps of real files.
func TestGainMapsOfCorpus(t *testing.T) {
	kept := 0
	for _, path := range corpusFolder(t, "jpeg") {
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(in, []byte("MPF\x00")) {
			continue
		}
		var out bytes.Buffer
		report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Keep: imageproc.Keep{GainMap: true}})
		if err != nil || report.Kept == nil {
			continue
		}
		kept++
		if _, second := index(t, out.Bytes()); decode(t, second).Bounds().Empty() {
			t.Errorf("%s: the gain map is empty", filepath.Base(path))
		}
	}
	if kept < 5 {
		t.Errorf("%d gain maps", kept)
	}
}
