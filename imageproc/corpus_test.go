package imageproc_test

import (
	"bytes"
	"errors"
	"image"
	"image/gif"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fitveil/fitveil/imageproc"
)

// corpusFiles lists the real and malformed files among the pictures
// outside the repository (FITVEIL_SHARED).
func corpusFiles(tb testing.TB) []string {
	tb.Helper()
	root := filepath.Join(sharedDir(), "corpus")
	if _, err := os.Stat(root); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal(err)
		}
		tb.Skipf("no corpus at %s: these pictures are outside the repository, FITVEIL_SHARED says where", root)
	}
	var list []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".csv" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// TestCorpus takes every file through every way in. A refusal has to be typed and
// to leave nothing behind; an output has to be settled and to decode to the very
// pixels of the input. Of what the decoders of the standard library can show,
// nearly all has to be accepted.
func TestCorpus(t *testing.T) {
	byFolder := map[string][]string{}
	for _, path := range corpusFiles(t) {
		folder := filepath.Base(filepath.Dir(path))
		byFolder[folder] = append(byFolder[folder], path)
	}
	for folder, files := range byFolder {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			checkFolder(t, files)
		})
	}
}

func checkFolder(t *testing.T, files []string) {
	var shows, accepts, outputs int
	for _, path := range files {
		name := filepath.Base(path)
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out, err := stripAll(t, name, in)
		var want image.Image
		switch imageproc.Sniff(in) {
		case imageproc.JPEG, imageproc.PNG, imageproc.WebP, imageproc.TIFF:
			want = reference(in)
		case imageproc.GIF:
			if _, err := gif.DecodeAll(bytes.NewReader(in)); err == nil { // every frame
				want = reference(in)
			}
		}
		if want != nil {
			shows++
		}
		if err != nil {
			if want != nil {
				t.Logf("refused, though it can be decoded: %s: %v", name, err)
			}
			continue
		}
		outputs++
		if imageproc.Sniff(in) == imageproc.WebP {
			checkWebPFrames(t, out, in)
		}
		if want != nil {
			accepts++
			if got := reference(out); got == nil || !samePixels(got, want) {
				t.Errorf("%s: the picture changed", name)
			}
			if imageproc.Sniff(in) == imageproc.GIF && !sameAnimation(decodeAll(t, out), decodeAll(t, in)) {
				t.Errorf("%s: the animation changed", name)
			}
		}
	}
	t.Logf("%d files, %d outputs; accepted %d of the %d that the standard library decodes", len(files), outputs, accepts, shows)
	if accepts*100 < shows*98 {
		t.Errorf("accepted %d of %d", accepts, shows)
	}
}

// stripAll runs Inspect, Strip and Sanitize, lossless and to 256 pixels.
func stripAll(t *testing.T, name string, in []byte) ([]byte, error) {
	var out bytes.Buffer
	var report, seen *imageproc.Report
	var c, small *imageproc.Clean
	var err, inspectErr, cleanErr, smallErr error
	for step, run := range map[string]func(){
		"Strip":    func() { report, err = imageproc.Strip(&out, bytes.NewReader(in), nil) },
		"Inspect":  func() { seen, inspectErr = imageproc.Inspect(bytes.NewReader(in), nil) },
		"Sanitize": func() { c, cleanErr = imageproc.Sanitize(t.Context(), bytes.NewReader(in), nil) },
		"reducing": func() {
			small, smallErr = imageproc.Sanitize(t.Context(), bytes.NewReader(in), &imageproc.SanitizeOptions{MaxSide: 256})
		},
	} {
		start := time.Now()
		run()
		if took := time.Since(start); took > time.Second { // a hint at hangs; a busy machine may be the reason
			t.Logf("%s: %s took %v", name, step, took)
		}
	}
	if err != nil {
		var fe *imageproc.FormatError
		if !errors.As(err, &fe) || out.Len() > 0 || errors.Is(err, imageproc.ErrVerify) {
			t.Errorf("%s: %v with %d bytes of output", name, err, out.Len())
		}
		if inspectErr == nil || cleanErr == nil || smallErr == nil || !c.IsZero() || !small.IsZero() {
			t.Errorf("%s: Strip refuses it, another does not", name)
		}
		return nil, err
	}
	if inspectErr != nil || cleanErr != nil || len(seen.Removed) != len(report.Removed) || !bytes.Equal(c.Bytes(), out.Bytes()) {
		t.Errorf("%s: Inspect %v, Sanitize %v", name, inspectErr, cleanErr)
	}
	if smallErr == nil {
		if b := small.Bounds(); max(b.Dx(), b.Dy()) > 256 {
			t.Errorf("%s: reduced to %v", name, b)
		}
	} else if errors.Is(smallErr, imageproc.ErrVerify) || !small.IsZero() {
		t.Errorf("%s: reducing: %v", name, smallErr)
	}
	checkSettled(t, out.Bytes())
	return out.Bytes(), nil
}

// reference decodes with the standard library, or gives nil. Pictures of more
// than 64 megapixels are left aside.
func reference(in []byte) image.Image {
	c, _, err := image.DecodeConfig(bytes.NewReader(in))
	if err != nil || c.Width*c.Height > 64_000_000 {
		return nil
	}
	img, _, err := image.Decode(bytes.NewReader(in))
	if err != nil {
		return nil
	}
	return img
}
