package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

// jumbf is a superbox with a label, ISO 19566-5 §A.3.
func jumbf(kind, label string, content ...[]byte) []byte {
	description := slices.Concat([]byte(kind), []byte("\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71\x03"), []byte(label), []byte{0})
	return jumbfPart("jumb", append([][]byte{jumbfPart("jumd", description)}, content...)...)
}

func jumbfPart(typ string, content ...[]byte) []byte {
	body := slices.Concat(content...)
	return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), []byte(typ), body)
}

// manifests is a store of two manifests, filled up to more than one segment.
func manifests(fill int) []byte {
	padding := jumbfPart("free", bytes.Repeat([]byte("Hertha was here "), fill/16))
	assertions := jumbf("c2as", "c2pa.assertions", jumbf("cbor", "c2pa.actions.v2", jumbfPart("cbor", []byte(trained))),
		jumbf("cbor", "c2pa.hash.data__1"), jumbf("json", "stds.schema-org.CreativeWork"), jumbf("json", "org.example.secret"))
	return jumbf("c2pa", "c2pa", jumbf("c2ma", "urn:uuid:1", assertions, padding), jumbf("c2ma", "urn:uuid:2"))
}

// app11 cuts a box into segments the way C2PA writers do.
func app11(box []byte, number byte, size int) (list [][]byte) {
	rest := box[8:]
	for part := byte(1); len(rest) > 0; part++ {
		n := min(size, len(rest))
		list = append(list, segment(0xEB, []byte{'J', 'P', 0, number, 0, 0, 0, part}, box[:8], rest[:n]))
		rest = rest[n:]
	}
	return list
}

const c2paUUID = "\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81"

// cutSmall cuts data into sub-blocks of GIF.
func cutSmall(data []byte, size int) (b []byte) {
	for part := range slices.Chunk(data, size) {
		b = append(append(b, byte(len(part))), part...)
	}
	return append(b, 0)
}

// credentialFiles has the store in each format, under the name of its carrier.
func credentialFiles(t *testing.T, store []byte) map[string][]byte {
	t.Helper()
	tiff := &craftedTIFF{order: binary.BigEndian, pages: []craftedPage{rgbPage(32).with(bytesTag(52545, 7, store)), rgbPage(32)}}
	uuid := jumbfPart("uuid", []byte(c2paUUID+"\x00\x00\x00\x00manifest\x00\x00\x00\x00\x00\x00\x00\x00\x63"), store)
	other := jumbf("json", "another box", []byte("and what is in it"))
	return map[string][]byte{
		"APP11 JUMBF": withSegments(mustJPEG(t, corner()), slices.Concat(app11(other, 1, 900), app11(store, 2, 40_000), [][]byte{segment(0xFE, []byte("Hertha was here too"))})...),
		"caBX":        withChunks(mustPNG(t, corner()), chunk("caBX", store, []byte("behind it"))),
		"C2PA webp":   withPieces(webpAnimated(), 4, false, riffPiece("C2PA", store)),
		"C2PA_GIF":    atStart(mustGIF(t, 2), slices.Concat([]byte("\x21\xFF\x0BC2PA_GIF\x01\x00\x00"), cutSmall(store, 200))),
		"C2PA tiff":   tiff.build(),
		"uuid C2PA":   append(craftHEIC().build(), uuid...),
	}
}

func TestCredentials(t *testing.T) {
	store := manifests(100_000)
	classes := []imageproc.Class{imageproc.Comment, imageproc.Other, imageproc.Person, imageproc.Provenance, imageproc.Software, imageproc.Time}
	assertions := []string{"c2pa.actions", "c2pa.hash.data", "other", "stds.schema-org.CreativeWork"}
	for name, in := range credentialFiles(t, store) {
		t.Run(name, func(t *testing.T) {
			plain, report := strip(t, in)
			named := report.Credentials
			if named == nil || named.Kept || named.Binding != "" || named.Manifests != 2 || named.Bytes != len(store) ||
				!cmp.Equal(named.Assertions, assertions) || !cmp.Equal(named.Classes, classes) {
				t.Fatalf("named %+v", named)
			}
			if bytes.Contains(plain, []byte("Hertha")) || bytes.Contains(plain, []byte("jumb")) {
				t.Error("they are left where nobody asked for them")
			}
			var out, again bytes.Buffer
			keep := &imageproc.StripOptions{Keep: imageproc.Keep{Provenance: true}}
			report, err := imageproc.Strip(&out, bytes.NewReader(in), keep)
			if err != nil {
				t.Fatal(err)
			}
			if c := report.Credentials; !c.Kept || c.Binding != "broken" || !cmp.Equal(report.Kept, []string{"provenance"}) {
				t.Errorf("kept %v, %+v", report.Kept, c)
			}
			joined := out.Bytes()
			switch report.Format {
			case imageproc.JPEG:
				joined = joinAPP11(joined)
			case imageproc.GIF:
				joined = bytes.ReplaceAll(joined, []byte{255}, nil)
				if store := bytes.ReplaceAll(store, []byte{255}, nil); !bytes.Contains(joined, store[:200]) {
					t.Error("the store is another one")
				}
				joined = store
			}
			if !bytes.Contains(joined, store) {
				t.Error("the store is another one")
			}
			for _, gone := range []string{"another box", "behind it", "here too"} {
				if bytes.Contains(out.Bytes(), []byte(gone)) {
					t.Errorf("%q is left", gone)
				}
			}
			if _, err := imageproc.Strip(&again, bytes.NewReader(out.Bytes()), keep); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
				t.Errorf("a second strip: %d bytes after %d, %v", again.Len(), out.Len(), err)
			}
			if bare, _ := strip(t, out.Bytes()); !bytes.Equal(bare, plain) {
				t.Error("a strip that keeps nothing does not give the plain one")
			}
			c := sanitize(t, in, &imageproc.SanitizeOptions{Keep: keep.Keep})
			if !bytes.Equal(c.Bytes(), out.Bytes()) {
				t.Error("Sanitize keeps otherwise than Strip")
			}
			if report.Format != imageproc.HEIC {
				small := sanitize(t, in, &imageproc.SanitizeOptions{Keep: keep.Keep, MaxSide: 1})
				if r := small.Report(); r.Kept != nil || r.Credentials.Kept || bytes.Contains(small.Bytes(), []byte("jumb")) {
					t.Error("the smaller picture has them")
				}
			}
		})
	}
}

// joinAPP11 is the box that the APP11 segments of a file hold.
func joinAPP11(file []byte) (box []byte) {
	for i := 2; file[i+1] >= 0xE0; i += 2 + int(binary.BigEndian.Uint16(file[i+2:])) {
		if b := file[i+4 : i+2+int(binary.BigEndian.Uint16(file[i+2:]))]; file[i+1] == 0xEB {
			if box == nil {
				box = bytes.Clone(b[8:16])
			}
			box = append(box, b[16:]...)
		}
	}
	return box
}

// TestNoCredentials has stores that are none or not whole: they go, asked for or
// not.
func TestNoCredentials(t *testing.T) {
	jpg, store := mustJPEG(t, corner()), manifests(2000)
	parts := app11(store, 1, 900)
	for name, segments := range map[string][][]byte{
		"cut short":      parts[:2],
		"a part missing": slices.Delete(slices.Clone(parts), 1, 2),
		"another kind":   app11(jumbf("json", "secret", store), 1, 900),
		"no description": app11(jumbfPart("jumb", store), 1, 900),
		"of no length":   {segment(0xEB, []byte("JP\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00jumb"), store[8:])},
		"a head alone":   {segment(0xEB, []byte("JP\x00\x01\x00\x00\x00\x01\x00\x00\x00\x08jumb"))},
		"too short":      {segment(0xEB, []byte("JP\x00\x01\x00"))},
	} {
		t.Run(name, func(t *testing.T) {
			in := withSegments(jpg, segments...)
			var out bytes.Buffer
			report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Keep: imageproc.Keep{Provenance: true}})
			if err != nil {
				t.Fatal(err)
			}
			if plain, _ := strip(t, in); !bytes.Equal(out.Bytes(), plain) || report.Kept != nil || report.Credentials != nil {
				t.Errorf("kept %v, %+v", report.Kept, report.Credentials)
			}
		})
	}
}

// TestCredentialsOfCorpus names and keeps those of real files.
func TestCredentialsOfCorpus(t *testing.T) {
	kept := 0
	for _, path := range corpusFolder(t, "jpeg") {
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(in, []byte("c2pa.assertions")) {
			continue
		}
		var out bytes.Buffer
		report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Keep: imageproc.Keep{Provenance: true}})
		if err != nil || report.Credentials == nil {
			t.Errorf("%s: %v, %+v", filepath.Base(path), err, report)
			continue
		}
		if c := report.Credentials; !c.Kept || c.Manifests == 0 || len(joinAPP11(out.Bytes())) != c.Bytes || !bytes.Contains(joinAPP11(in), joinAPP11(out.Bytes())[:1000]) {
			t.Errorf("%s: %+v", filepath.Base(path), c)
		}
		kept++
	}
	if kept < 20 {
		t.Errorf("%d stores", kept)
	}
}
