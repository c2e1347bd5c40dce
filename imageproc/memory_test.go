package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// hostileFiles ask for as much work as a few bytes can.
func hostileFiles(tb testing.TB) map[string][]byte {
	png, gif, jpeg := mustPNG(tb, corner()), mustGIF(tb, 1), mustJPEG(tb, corner())
	var fields []field
	for i := range 4000 {
		fields = append(fields, field{uint16(0x8000 + i), 2, 0, fmt.Sprintf("Secret value number %05d %s", i, strings.Repeat("x", 200))})
	}
	exif := tiffBlock(binary.BigEndian, fields)
	var xmp strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&xmp, "<dc:creator at='Secret person %05d'>Secret value %05d</dc:creator>", i, i)
	}
	wide := bytes.Clone(png[16:29])
	copy(wide, "\x00\x00\x1F\x40\x00\x00\x1F\x00") // 8000 x 7936
	tall := bytes.Clone(png[16:29])
	copy(tall, "\x00\x00\x0F\xA0\x00\x00\x0F\xA0") // 4000 x 4000
	screen := bytes.Clone(gif)
	at := bytes.LastIndexByte(gif[:gifStart(gif)+30], ',')
	copy(screen[at+5:], "\x88\x13\x70\x17") // 5000 x 6000
	screen[at+10] = 99                      // no size of codes
	return map[string][]byte{
		"PNG, rows missing":          slices.Concat(png[:8], chunk("IHDR", tall), png[33:len(png)-15]),
		"PNG, too many missing":      slices.Concat(png[:8], chunk("IHDR", wide), png[33:len(png)-15]),
		"PNG, Exif of many texts":    withChunks(png, chunk("eXIf", exif)),
		"PNG, XMP of many texts":     withChunks(png, chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), []byte(xmp.String()))),
		"JPEG, XMP of many texts":    withSegments(jpeg, segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"), []byte(xmp.String()[:60_000]))),
		"GIF, pixels missing":        screen,
		"GIF, many pixels missing":   slices.Concat(screen[:len(screen)-1], bytes.Repeat(screen[at:len(screen)-1], 200), screen[len(screen)-1:]),
		"GIF, comment of many texts": atStart(gif, []byte{0x21, 0xFE}, blocks([]byte(xmp.String()))),
	}
}

// TestHostileMemory holds what is allocated in all, not only at a time, against the
// bound for a file that is malformed or hostile.
func TestHostileMemory(t *testing.T) {
	const most = 256 << 20
	for name, in := range hostileFiles(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := imageproc.Strip(io.Discard, bytes.NewReader(in), nil)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > most {
			t.Errorf("%s: %d MiB for %d bytes", name, n>>20, len(in))
		}
		t.Logf("%s: %d KiB, %v", name, (after.TotalAlloc-before.TotalAlloc)>>10, err)
		if err != nil && !errors.Is(err, imageproc.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
