package imageproc_test

import (
	"bytes"
	"image/jpeg"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc"
)

// phones are a made photo, and the JPEG files of real phones where they are present.
func phones(tb testing.TB) map[string][]byte {
	photos := map[string][]byte{"made here": benchPhoto(tb)}
	paths, err := filepath.Glob(filepath.Join(sharedDir(), "phones", "*.jpg"))
	if err != nil {
		tb.Fatal(err)
	}
	if len(paths) == 0 && os.Getenv("CI") == "true" {
		tb.Fatal("the photos of phones are not there")
	}
	for _, path := range paths {
		if photos[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			tb.Fatal(err)
		}
	}
	return photos
}

// TestSteadyAllocations holds what a photo allocates once its workspaces are warm: what is
// handed out, the file read, and little more.
func TestSteadyAllocations(t *testing.T) {
	for name, photo := range phones(t) {
		if raced && name != "made here" {
			continue
		}
		clean := sanitize(t, photo, nil)
		for _, job := range []struct {
			name string
			most float64
			do   func() error
		}{
			{"strip", 14, func() error {
				_, err := imageproc.Strip(io.Discard, bytes.NewReader(photo), nil)
				return err
			}},
			{"sanitize", 18, func() error {
				_, err := imageproc.Sanitize(t.Context(), bytes.NewReader(photo), nil)
				return err
			}},
			{"1024", 18, func() error {
				_, err := imageproc.Sanitize(t.Context(), bytes.NewReader(photo), &imageproc.SanitizeOptions{MaxSide: 1024})
				return err
			}},
			{"thumb", 6, func() error {
				_, err := clean.Thumb(416)
				return err
			}},
		} {
			if raced {
				job.most = 150
			}
			n := math.Inf(1) // a collection may have emptied the pools: the least counts
			for range 3 {
				n = min(n, testing.AllocsPerRun(1, func() {
					if err := job.do(); err != nil {
						t.Fatal(err)
					}
				}))
			}
			if t.Logf("%s, %s: %v allocations", name, job.name, n); n > job.most {
				t.Errorf("%s, %s: %v allocations, want at most %v", name, job.name, n, job.most)
			}
		}
	}
}

// TestPoolsKeepPhotosApart sanitises photos at once, some of which are refused, and
// then looks whether each result is still what it was, and what it is alone.
func TestPoolsKeepPhotosApart(t *testing.T) {
	type result struct {
		Bytes  []byte
		Report *imageproc.Report
		Err    string
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, noisy(640, 480), nil); err != nil {
		t.Fatal(err)
	}
	photo, plain := withSegments(buf.Bytes(), exifSegment(phoneExif(6, 60<<10)), xmpSegment(40<<10)), mustJPEG(t, corner())
	photos := [][]byte{
		photo, photo[:len(photo)/2], photo[:110<<10], plain,
		withSegments(plain, exifSegment(phoneExif(3, 2000)), xmpSegment(1000)),
		withSegments(plain, exifSegment(phoneExif(8, 30_000)), segment(0xFE, []byte("a comment of its own"))),
		withSegments(plain, segment(0xE2, []byte("ICC_PROFILE\x00\x01\x01"), testICC("RGB ", []byte{2, 51}))),
		append(bytes.Clone(plain[:len(plain)-2]), "\xFF\xC4\x00\x05\x20abc"...),
	}
	do := func(i, maxSide int) (c *imageproc.Clean, r result) {
		c, err := imageproc.Sanitize(t.Context(), bytes.NewReader(photos[i]), &imageproc.SanitizeOptions{MaxSide: maxSide})
		if err != nil {
			r.Err = err.Error()
			return nil, r
		}
		return c, result{Bytes: c.Bytes(), Report: c.Report()}
	}
	sides := []int{0, 300}
	want := make([]result, len(sides)*len(photos))
	for k := range want {
		_, want[k] = do(k/len(sides), sides[k%len(sides)])
	}
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			held := make([]*imageproc.Clean, len(want))
			for round := range 3 {
				for n := range want {
					k := (n*(2*g+1) + round) % len(want)
					c, got := do(k/len(sides), sides[k%len(sides)])
					if held[k] = c; !cmp.Equal(got, want[k]) {
						t.Errorf("photo %d to %d: another result", k/len(sides), sides[k%len(sides)])
					}
				}
			}
			for k, c := range held {
				if c != nil && !cmp.Equal(result{Bytes: c.Bytes(), Report: c.Report()}, want[k]) {
					t.Errorf("photo %d to %d: the result has changed", k/len(sides), sides[k%len(sides)])
				}
			}
		})
	}
	group.Wait()
}
