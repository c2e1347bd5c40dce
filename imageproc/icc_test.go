package imageproc_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// iccTag is a tag of a profile made for a test.
type iccTag struct{ name, data string }

// iccFile lays out a profile of version 2: header, table, data, of which what is
// equal stands once.
func iccFile(space string, tags ...iccTag) []byte {
	be := binary.BigEndian
	p := make([]byte, 128)
	p[8], p[9] = 2, 0x10
	copy(p[12:], "mntr"+space+"XYZ ")
	copy(p[36:], "acsp")
	copy(p[68:], "\x00\x00\xF6\xD6\x00\x01\x00\x00\x00\x00\xD3\x2D")
	p = be.AppendUint32(p, uint32(len(tags)))
	start := len(p) + 12*len(tags)
	var body []byte
	for i, t := range tags {
		at := start + len(body)
		if k := slices.IndexFunc(tags[:i], func(o iccTag) bool { return o.data == t.data }); k >= 0 {
			at = int(be.Uint32(p[132+12*k+4:]))
		} else {
			body = append(body, t.data...)
			body = append(body, make([]byte, -len(body)&3)...)
		}
		p = be.AppendUint32(be.AppendUint32(append(p, t.name...), uint32(at)), uint32(len(t.data)))
	}
	p = append(p, body...)
	be.PutUint32(p, uint32(len(p)))
	return p
}

func iccCurve(values []byte) string {
	values = append(bytes.Clone(values), make([]byte, len(values)&1)...)
	return string(binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), uint32(len(values)/2))) + string(values)
}

func iccXYZ(x, y, z uint32) string {
	be := binary.BigEndian
	return string(be.AppendUint32(be.AppendUint32(be.AppendUint32([]byte("XYZ \x00\x00\x00\x00"), x), y), z))
}

// iccColours are the tags that make a profile one, with the curve given.
func iccColours(space string, curve []byte) []iccTag {
	c := iccCurve(curve)
	if space == "GRAY" {
		return []iccTag{{"kTRC", c}}
	}
	return []iccTag{
		{"rXYZ", iccXYZ(0x6FA2, 0x38F5, 0x390)},
		{"gXYZ", iccXYZ(0x6299, 0xB785, 0x18DA)},
		{"bXYZ", iccXYZ(0x24A0, 0xF84, 0xB6CF)},
		{"rTRC", c},
		{"gTRC", c},
		{"bTRC", c},
	}
}

// testICC is a profile as the package writes it, so that it goes over as it is.
func testICC(space string, curve []byte) []byte {
	names := []iccTag{
		{"desc", "desc\x00\x00\x00\x00\x00\x00\x00\x04icc\x00" + string(make([]byte, 78))}, {"cprt", "text\x00\x00\x00\x00none\x00"},
	}
	return iccFile(space, append(names, iccColours(space, curve)...)...)
}

// iccNumbers is what a profile says about colours: spaces, intent, and for each
// tag with colours its numbers, without the padding some writers count in.
func iccNumbers(p []byte) []byte {
	be := binary.BigEndian
	if len(p) < 132 {
		return nil
	}
	numbers := slices.Concat(p[12:24], p[64:68])
	var list []string
	for i := range be.Uint32(p[128:]) {
		e := p[132+12*i:]
		name, data := string(e[:4]), p[be.Uint32(e[4:]):][:be.Uint32(e[8:])]
		if !strings.Contains("rXYZ gXYZ bXYZ wtpt bkpt rTRC gTRC bTRC kTRC chad A2B0 A2B1 A2B2 B2A0 B2A1 B2A2 cicp", name) {
			continue
		}
		size := len(data)
		switch string(data[:4]) {
		case "XYZ ":
			size = 20
		case "curv":
			size = 12 + 2*int(be.Uint32(data[8:]))
		case "para":
			size = 12 + 4*int("\x01\x03\x04\x05\x07"[data[9]])
		case "sf32":
			size = 44
		case "mAB ", "mBA ":
			size = 10 // its parts are moved about
		case "mft2":
			n := 1
			for range data[8] {
				n *= int(data[10])
			}
			size = 52 + 2*(int(data[8])*int(be.Uint16(data[48:]))+n*int(data[9])+int(data[9])*int(be.Uint16(data[50:])))
		case "mft1":
			n := 1
			for range data[8] {
				n *= int(data[10])
			}
			size = 48 + 256*int(data[8]) + n*int(data[9]) + 256*int(data[9])
		}
		if !slices.ContainsFunc(list, func(o string) bool { return o[:4] == name }) {
			list = append(list, name+string(data[:size]))
		}
	}
	slices.Sort(list)
	return append(numbers, strings.Join(list, "")...)
}

// pngProfile inflates the profile in the body of iCCP.
func pngProfile(body []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(body[bytes.IndexByte(body, 0)+2:]))
	if err != nil {
		return nil
	}
	p, err := io.ReadAll(z)
	if err != nil {
		return nil
	}
	return p
}

// fileProfile is the colour profile of a JPEG, PNG or WebP file, nil if there is
// none or it is not whole.
func fileProfile(b []byte) (profile []byte) {
	switch imageproc.Sniff(b) {
	case imageproc.JPEG:
		for at := 2; at+4 < len(b) && b[at] == 0xFF && b[at+1] != 0xDA; {
			n := int(binary.BigEndian.Uint16(b[at+2:]))
			if s := b[at+4 : min(at+2+n, len(b))]; b[at+1] == 0xE2 && bytes.HasPrefix(s, []byte("ICC_PROFILE\x00")) && len(s) > 14 {
				profile = append(profile, s[14:]...)
			}
			at += 2 + n
		}
	case imageproc.PNG:
		for at := 8; at+12 <= len(b); at += 12 + int(binary.BigEndian.Uint32(b[at:])) {
			if string(b[at+4:at+8]) == "iCCP" {
				return pngProfile(b[at+8 : at+8+int(binary.BigEndian.Uint32(b[at:]))])
			}
		}
	case imageproc.WebP:
		for at := 12; at+8 <= len(b); at += 8 + (int(binary.LittleEndian.Uint32(b[at+4:]))+1)&^1 {
			if string(b[at:at+4]) == "ICCP" {
				return b[at+8 : at+8+int(binary.LittleEndian.Uint32(b[at+4:]))]
			}
		}
	}
	return profile
}

// TestProfileLosesItsNames strips profiles that are full of names.
func TestProfileLosesItsNames(t *testing.T) {
	const secret = "Bildschirm von Ottokar Fährmann"
	for _, space := range []string{"RGB ", "GRAY"} {
		tags := slices.Concat(iccColours(space, []byte{2, 51}), []iccTag{
			{"desc", "desc\x00\x00\x00\x00\x00\x00\x00\x20" + secret + "\x00" + string(make([]byte, 78))},
			{"dmnd", "text\x00\x00\x00\x00" + secret},
			{"cprt", "text\x00\x00\x00\x00" + secret},
			{"Own!", secret},
			{"calt", "dtim\x00\x00\x00\x00\x07\xE9\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05"},
		})
		tags[0].data += secret // behind the numbers of a tag
		in := iccFile(space, tags...)
		copy(in[4:], "lcms")
		copy(in[24:], "\x07\xE9\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05")
		copy(in[48:], "OttoFahr")
		copy(in[80:], "Otto")
		copy(in[84:], secret[:16])
		jpg := withSegments(mustJPEG(t, corner()), iccChunks(in, 1, false)...)
		c := sanitize(t, jpg, nil)
		got := fileProfile(c.Bytes())
		if survives(c.Bytes(), []byte(secret)) || bytes.Contains(got, []byte("Otto")) || bytes.Contains(got, []byte("lcms")) || bytes.Contains(got, []byte("\x07\xE9")) {
			t.Errorf("%s: a name survives in %q", space, got)
		}
		if want := testICC(space, []byte{2, 51}); !bytes.Equal(got, want) {
			t.Errorf("%s: profile\n%q, want\n%q", space, got, want)
		}
		found := c.Report().Removed
		if len(found) != 1 || found[0].Carrier != "ICC profile" || !slices.Equal(found[0].Classes, C{dev, person, when}) || found[0].Bytes < 4*len(secret) {
			t.Errorf("%s: %+v", space, found)
		}
	}
}

// TestProfileCorpus holds the numbers of every profile in the corpus against those
// in the output, and looks that no profile in use is lost.
func TestProfileCorpus(t *testing.T) {
	kept, lost := 0, 0
	for _, path := range corpusFiles(t) {
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		report, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
		if err != nil {
			continue
		}
		got := fileProfile(out.Bytes())
		if got == nil {
			if slices.ContainsFunc(report.Removed, func(f imageproc.Finding) bool {
				return f.Carrier == "APP2 ICC_PROFILE" || f.Carrier == "iCCP" || f.Carrier == "ICCP"
			}) {
				t.Logf("%s: profile dropped", filepath.Base(path))
				lost++
			}
			continue
		}
		if want := fileProfile(in); !bytes.Equal(iccNumbers(got), iccNumbers(want)) {
			t.Errorf("%s: other numbers in %d bytes of profile than in %d", filepath.Base(path), len(got), len(want))
		}
		kept++
	}
	t.Logf("%d profiles kept, %d dropped", kept, lost)
	if kept < 100 || lost*10 > kept {
		t.Error("too few are kept")
	}
}
