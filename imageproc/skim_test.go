package imageproc_test

import (
	"bytes"
	"errors"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

// noisyPhoto is a photo of noise, so that its data is long.
func noisyPhoto(tb testing.TB, w, h int) []byte {
	tb.Helper()
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	state := uint32(1)
	for _, plane := range [][]byte{m.Y, m.Cb, m.Cr} {
		for i := range plane {
			state = state*1664525 + 1013904223
			plane[i] = byte(100 + state>>26)
		}
	}
	var b bytes.Buffer
	if err := imageproc.Encode(&b, m, imageproc.JPEG, nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// sameFromAnyReader holds what comes of readers that are read twice against what
// comes of one that can't be.
func sameFromAnyReader(t *testing.T, file []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, append([]byte("before it"), file...), 0o600); err != nil {
		t.Fatal(err)
	}
	disk, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if _, err := disk.Seek(9, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	type result struct {
		Bytes  []byte
		Report *imageproc.Report
		Thumb  image.Image
		Err    string
	}
	run := func(r io.Reader) (out result) {
		c, err := imageproc.Sanitize(t.Context(), r, &imageproc.SanitizeOptions{MaxSide: 200, Thumb: 50})
		if err != nil {
			out.Err = err.Error()
			return out
		}
		out.Bytes, out.Report = c.Bytes(), c.Report()
		if out.Thumb, err = c.Thumb(50); err != nil {
			t.Fatal(err)
		}
		if n, _ := io.ReadAll(r); len(n) > 0 {
			t.Errorf("%d bytes are left in the reader", len(n))
		}
		return out
	}
	want := run(struct{ io.Reader }{bytes.NewReader(file)})
	for name, r := range map[string]io.Reader{
		"bytes": bytes.NewReader(file), "string": strings.NewReader(string(file)), "file": disk,
		"section": io.NewSectionReader(bytes.NewReader(append(slices.Clone(file), 1, 2, 3)), 0, int64(len(file))),
	} {
		if got := run(r); !reflect.DeepEqual(got, want) { // cmp.Diff alone takes seconds
			t.Errorf("%s (-read once +read twice):\n%.2000s", name, cmp.Diff(want, got))
		}
	}
	thumb := func(r io.Reader) (image.Image, string) {
		img, err := imageproc.Decode(r, &imageproc.DecodeOptions{MaxSide: 100})
		if err != nil {
			return nil, err.Error()
		}
		return img, ""
	}
	once, onceErr := thumb(struct{ io.Reader }{bytes.NewReader(file)})
	twice, twiceErr := thumb(bytes.NewReader(file))
	if onceErr != twiceErr || !reflect.DeepEqual(once, twice) {
		t.Errorf("Decode: %q and %q, or not the same pixels", onceErr, twiceErr)
	}
}

func TestReadTwice(t *testing.T) {
	plain := noisyPhoto(t, 640, 480)
	scan := bytes.Index(plain, []byte{0xFF, 0xDA})
	restarts := withRestarts(t, plain)
	for name, file := range map[string][]byte{
		"plain":            plain,
		"metadata":         withSegments(plain, exifSegment(phoneExif(6, 0)), xmpSegment(0)),
		"bytes behind":     append(slices.Clone(plain), "and a film behind it"...),
		"picture behind":   append(slices.Clone(plain), plain...),
		"much behind":      append(slices.Clone(plain), make([]byte, 3<<20)...),
		"restarts":         restarts,
		"restart too many": append(slices.Clone(restarts[:len(restarts)-2]), 0xFF, 0xD0, 1, 2, 0xFF, 0xD9),
		"cut short":        plain[:len(plain)/2],
		"fill bytes":       slices.Concat(plain[:len(plain)-2], []byte{0xFF, 0xFF, 0xD9}),
		"gap before":       slices.Concat(plain[:2], []byte("gap"), plain[2:]),
		"second scan":      slices.Concat(plain[:len(plain)-2], plain[scan:]),
		"bad code":         slices.Concat(plain[:scan+200], bytes.Repeat([]byte{0xFF, 0}, 40), plain[scan+280:]),
		"comment later":    slices.Concat(plain[:len(plain)-2], []byte("\xFF\xFE\x00\x0Asecret!!\xFF\xD9")),
		"no tables":        slices.Concat(plain[:2], plain[bytes.Index(plain, []byte{0xFF, 0xC0}):]),
		"grey":             mustJPEG(t, noiseGray(900, 700)),
		"not a JPEG":       make([]byte, 100<<10),
	} {
		t.Run(name, func(t *testing.T) { sameFromAnyReader(t, file) })
	}
}

func noiseGray(w, h int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	state := uint32(1)
	for i := range m.Pix {
		state = state*1664525 + 1013904223
		m.Pix[i] = byte(state >> 24)
	}
	return m
}

// withRestarts puts intervals into a file that shows something else then, but is
// as valid as before: it has the markers a reader expects.
func withRestarts(t *testing.T, file []byte) []byte {
	t.Helper()
	at := bytes.Index(file, []byte{0xFF, 0xDA})
	c := slices.Concat(file[:at], []byte{0xFF, 0xDD, 0, 4, 0, 100}, file[at:at+14])
	data := file[at+14 : len(file)-2]
	const total = 40 * 30 / 100
	for i := range total {
		from, to := len(data)*i/total, len(data)*(i+1)/total
		part := bytes.TrimRight(data[from:to], "\xFF")
		c = append(c, bytes.TrimLeft(part, "\x00")...)
		if i < total-1 {
			c = append(c, 0xFF, byte(0xD0+i%8))
		}
	}
	return append(c, 0xFF, 0xD9)
}

// What is read the second time may fail, or be something else: then there is an
// error, or another picture, and never a panic or a part of it.
func TestReadTwiceFails(t *testing.T) {
	file := noisyPhoto(t, 640, 480)
	broken := errors.New("the disk is gone")
	for after := range int64(16) {
		r := io.NewSectionReader(&failingAt{file, after, broken}, 0, int64(len(file)))
		c, err := imageproc.Sanitize(t.Context(), r, &imageproc.SanitizeOptions{MaxSide: 200})
		if (err == nil) != (c != nil) || err != nil && !errors.Is(err, broken) {
			t.Errorf("reading fails the time number %d: %v, %v", after, c, err)
		}
		if after < 8 && err == nil {
			t.Errorf("reading fails the time number %d, and nobody sees it", after)
		}
	}
	for _, fill := range []byte{0, 0xFF, 0xD9} {
		r := io.NewSectionReader(&changingAt{file, fill, 0}, 0, int64(len(file)))
		if c, err := imageproc.Sanitize(t.Context(), r, &imageproc.SanitizeOptions{MaxSide: 200}); err == nil && c.Bounds() != image.Rect(0, 0, 200, 150) {
			t.Errorf("changed to %x: %v", fill, c)
		}
	}
}

// failingAt can be read a few times.
type failingAt struct {
	data []byte
	left int64
	err  error
}

func (f *failingAt) ReadAt(p []byte, at int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return bytes.NewReader(f.data).ReadAt(p, at)
}

// changingAt has other data from the second time on that its end was read.
type changingAt struct {
	data []byte
	fill byte
	ends int
}

func (c *changingAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := bytes.NewReader(c.data).ReadAt(p, at)
	if c.ends > 0 {
		for i := range p[:n] {
			p[i] = c.fill
		}
	}
	if at+int64(n) == int64(len(c.data)) {
		c.ends++
	}
	return n, err
}

// Photos with restart markers and with a profile, turned, read twice.
func TestReadTwicePhones(t *testing.T) {
	for _, name := range []string{"made-12mp-restart.jpg", "iphone11-12mp.jpg"} {
		t.Run(name, func(t *testing.T) { sameFromAnyReader(t, phoneFile(t, name)) })
	}
}

// Whatever the size of a baseline JPEG, making it smaller takes next to nothing
// beside what the caller holds.
func TestMemoryOfCopies(t *testing.T) {
	const most = 6 << 20
	for _, name := range []string{
		"made-48mp.jpg", "made-12mp.jpg", "made-12mp-restart.jpg", "iphone11-12mp.jpg", "Apple_iPhone_4S.jpg", "Nexus_4.jpg",
		"Motorola_XT1068_Moto_G.jpg", "Samsung_SM-G935L_Galaxy_S7_Edge.jpg", "Leica_T_Typ_701.jpg",
	} {
		file := phoneFile(t, name)
		o := &imageproc.SanitizeOptions{MaxSide: 1024, Thumb: 416, Limits: imageproc.Limits{MaxBytes: 64 << 20}}
		if peak := peakHeap(func() {
			if _, err := imageproc.Sanitize(t.Context(), bytes.NewReader(file), o); err != nil {
				t.Error(err)
			}
		}); peak > most {
			t.Errorf("%s: %d bytes at the same time", name, peak)
		} else {
			t.Logf("%s: %d kB", name, peak>>10)
		}
	}
}

// peakHeap is what f takes from the heap with nothing given back on the way: more
// than the peak that any collector lets come about. Pools are empty before.
func peakHeap(f func()) int64 {
	runtime.GC()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// phoneFile reads a photo of the folder that is not in the project.
func phoneFile(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(sharedDir(), "phones", name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal(err)
		}
		tb.Skip("the photos of phones are not there: set FITVEIL_SHARED to the folder that holds them")
	}
	return data
}

// In a worker that has seen a photo, a thumbnail takes memory for the thumbnail.
func TestAllocations(t *testing.T) {
	file := noisyPhoto(t, 1600, 1200)
	clean := sanitize(t, file, nil)
	for name, row := range map[string]struct {
		most  float64
		bytes int64 // beside the result
		do    func() (image.Image, error)
	}{
		"thumb": {10, 16 << 10, func() (image.Image, error) { return clean.Thumb(416) }},
		"decode": {20, 256 << 10, func() (image.Image, error) {
			return imageproc.Decode(bytes.NewReader(file), &imageproc.DecodeOptions{MaxSide: 416})
		}},
	} {
		var img image.Image
		do := func() {
			var err error
			if img, err = row.do(); err != nil {
				t.Fatal(err)
			}
		}
		// The race detector has pools forget things now and then: the least counts.
		count, size := math.Inf(1), int64(math.MaxInt64)
		for range 10 {
			count = min(count, testing.AllocsPerRun(1, do))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			do()
			runtime.ReadMemStats(&after)
			size = min(size, int64(after.TotalAlloc-before.TotalAlloc)-int64(len(img.(*image.NRGBA).Pix)))
		}
		if count > row.most || size > row.bytes {
			t.Errorf("%s: %v allocations, %d bytes beside the result", name, count, size)
		}
		t.Logf("%s: %v allocations, %d bytes beside the result", name, count, size)
	}
}
