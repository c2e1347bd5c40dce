package imageproc_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// jpegStarts are bytes right behind SOI, and whether libjpeg decodes what follows
// them: it skips all up to a marker, fill bytes, and markers without a segment.
var jpegStarts = map[string]struct {
	bytes string
	shown bool
}{
	"text":          {"some secret text here", true},
	"zeros":         {"\x00\x00\x00\x00", true},
	"fill bytes":    {"\xFF\xFF\xFF", true},
	"stuffed bytes": {"\xFF\x00\xFF\x00some secret text here", true},
	"restarts":      {"\xFF\xD0\xFF\x01", true},
	"much text":     {strings.Repeat("some secret text here", 5000), true},
	"second SOI":    {"\xFF\xD8", false},
	"SOI in text":   {"some secret text here\xFF\xD8", false},
	"a reserved one": {
		"some secret text here\xFF\x20", false,
	},
}

// TestJPEGStarts has files that begin with SOI and something else than a marker:
// it goes, and the rest comes out as it does without.
func TestJPEGStarts(t *testing.T) {
	whole := phonePhoto(t)
	want, _ := strip(t, whole)
	for name, start := range jpegStarts {
		in := insert(whole, 2, []byte(start.bytes))
		var out bytes.Buffer
		report, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
		switch {
		case !start.shown:
			if !errors.Is(err, imageproc.ErrCorrupt) || out.Len() > 0 {
				t.Errorf("%s: %v, %d bytes", name, err, out.Len())
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case !bytes.Equal(out.Bytes(), want) || report.BytesIn != int64(len(in)):
			t.Errorf("%s: %d bytes, want %d", name, out.Len(), len(want))
		case len(report.Removed) == 0 || report.Mended != nil:
			t.Errorf("%s: %+v", name, report)
		}
	}
	for _, before := range []string{"\xFF", "\n", "\x00"} {
		if _, err := imageproc.Inspect(bytes.NewReader(append([]byte(before), whole...)), nil); !errors.Is(err, imageproc.ErrFormat) {
			t.Errorf("%q before SOI: %v", before, err)
		}
	}
}

// TestVipsOnJPEGStarts asks libvips which of them it decodes, and to what.
func TestVipsOnJPEGStarts(t *testing.T) {
	needTool(t, "vips", "libvips-tools")
	whole := mustJPEG(t, corner())
	folder := t.TempDir()
	pixels := func(b []byte) string {
		file := filepath.Join(folder, "start.jpg")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return vipsPixels(t, file, -1, folder)
	}
	want := pixels(whole)
	for name, start := range jpegStarts {
		got := pixels(insert(whole, 2, []byte(start.bytes)))
		if start.shown != (got != "") || start.shown && got != want {
			t.Errorf("%s: shown %v, want %v, the same %v", name, got != "", start.shown, got == want)
		}
	}
}
