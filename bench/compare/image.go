package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/fitveil/fitveil/detect"
	detector "github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
)

const (
	thumbSide, copySide = 416, 1024

	sharpOne = "sharp 0.34 (libvips 8.17), 1 thread"
	turbo    = "libjpeg-turbo, to planes"
)

func imageJobs() []job {
	return []job{
		{"image/thumb", sharpOne, sharpContest("thumb", plain, makeThumb)},
		{"image/1024", sharpOne, sharpContest("copy", plain, makeCopy)},
		{"image/progressive-thumb", sharpOne, sharpContest("thumb", progressive, makeThumb)},
		{"image/gate-copy", sharpOne + ", two calls", sharpContest("both", plain, makeBoth)},
		{"image/decode-1-8", turbo, decodeContest(1)},
		{"image/decode", turbo, decodeContest(8)},
		{"image/two-cores", "ours on one core, 1/8, by the clock", coresContest("1 2", "1 1")},
		{"image/two-cores-cpu", "ours on one core, 1/8, CPU time of the longer of two goroutines", coresContest("1 2 thread", "1 1 thread")},
		{"image/encode", "libjpeg-turbo, from planes", encodeContest},
		{"gate/whole", sharpOne + ", two calls, and onnxruntime 1.30 twice", gateContest},
	}
}

func makeThumb(file []byte) error {
	_, err := imageproc.Decode(bytes.NewReader(file), &imageproc.DecodeOptions{MaxSide: thumbSide, SRGB: true, Limits: large})
	return err
}

// large lets in what the defaults do not: 48 megapixels have their 14 MB.
var large = imageproc.Limits{MaxBytes: 64 << 20}

func makeCopy(file []byte) error {
	_, err := imageproc.Sanitize(context.Background(), bytes.NewReader(file), &imageproc.SanitizeOptions{MaxSide: copySide, Quality: 85, Limits: large})
	return err
}

func makeBoth(file []byte) error {
	c, err := imageproc.Sanitize(context.Background(), bytes.NewReader(file), &imageproc.SanitizeOptions{
		MaxSide: copySide, Quality: 85, Thumb: thumbSide, Limits: large,
	})
	if err != nil {
		return err
	}
	_, err = c.Thumb(thumbSide)
	return err
}

func plain(file []byte) ([]byte, error) { return file, nil }

// progressive rewrites a photo losslessly.
func progressive(file []byte) ([]byte, error) {
	tool, err := exec.LookPath("jpegtran")
	if err != nil {
		return nil, errMissing("jpegtran is missing: apt-get install libjpeg-turbo-progs")
	}
	cmd := exec.Command(tool, "-progressive", "-copy", "all")
	cmd.Stdin = bytes.NewReader(file)
	return cmd.Output()
}

// onDisk puts a photo where another process finds it.
func onDisk(file []byte) (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "photo.jpg")
	return path, func() { _ = os.RemoveAll(dir) }, os.WriteFile(path, file, 0o600)
}

// sharpContest does one job on a photo with us and with sharp.
func sharpContest(theirs string, prepare func([]byte) ([]byte, error), ours func([]byte) error) func(*setup) (*contest, error) {
	return func(s *setup) (*contest, error) {
		file, err := photo(s)
		if err != nil {
			return nil, err
		}
		if file, err = prepare(file); err != nil {
			return nil, err
		}
		path, remove, err := onDisk(file)
		if err != nil {
			return nil, err
		}
		w, err := startSharp(s, path)
		if err != nil {
			remove()
			return nil, err
		}
		return &contest{
			ours:   func() (float64, error) { return process(func() error { return ours(file) }) },
			theirs: func() (float64, error) { return w.do(theirs) },
			close:  func() { w.close(); remove() },
		}, nil
	}
}

// decodeContest decodes to planes at n/8, ours in a process of its own.
func decodeContest(n int) func(*setup) (*contest, error) {
	return func(s *setup) (*contest, error) {
		if err := openTurbo(); err != nil {
			return nil, err
		}
		file, err := photo(s)
		if err != nil {
			return nil, err
		}
		head, err := jpeg.DecodeConfig(bytes.NewReader(file))
		if err != nil {
			return nil, err
		}
		w, remove, err := startTiming(file)
		if err != nil {
			return nil, err
		}
		theirs := turboDecoder(file, head.Width, head.Height, n)
		eighths := string(rune('0' + n))
		return &contest{
			ours:   func() (float64, error) { return w.do(eighths) },
			theirs: func() (float64, error) { return thread(theirs) },
			close:  func() { w.close(); remove() },
		}, nil
	}
}

// startTiming starts a process that decodes the file as often as it is told to.
func startTiming(file []byte) (w *worker, remove func(), err error) {
	path, remove, err := onDisk(file)
	if err != nil {
		return nil, nil, err
	}
	tool := filepath.Join(filepath.Dir(path), "timing")
	build := exec.Command("go", "build", "-o", tool, "./imageproc/internal/jpeg/timing")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		remove()
		return nil, nil, errors.Join(err, errors.New(string(out)))
	}
	if w, err = startWorker(tool, path); err != nil {
		remove()
		return nil, nil, err
	}
	return w, remove, nil
}

// coresContest decodes to planes at 1/8 with two goroutines and with one. By the
// clock it means something where two cores are free, and the process is not pinned to
// one. The CPU time of the goroutine that does the most, and all that is not shared
// out, is what the clock would show then.
func coresContest(two, one string) func(s *setup) (*contest, error) {
	return func(s *setup) (*contest, error) {
		file, err := photo(s)
		if err != nil {
			return nil, err
		}
		w, remove, err := startTiming(file)
		if err != nil {
			return nil, err
		}
		return &contest{
			ours:   func() (float64, error) { return w.do(two) },
			theirs: func() (float64, error) { return w.do(one) },
			close:  func() { w.close(); remove() },
		}, nil
	}
}

// encodeContest encodes the photo at 0.8 megapixels.
func encodeContest(s *setup) (*contest, error) {
	if err := openTurbo(); err != nil {
		return nil, err
	}
	file, err := photo(s)
	if err != nil {
		return nil, err
	}
	img, err := imageproc.Decode(bytes.NewReader(file), &imageproc.DecodeOptions{MaxSide: copySide, Limits: large})
	if err != nil {
		return nil, err
	}
	var small bytes.Buffer
	whole := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx()&^15, img.Bounds().Dy()&^15))
	draw.Draw(whole, whole.Rect, img, image.Point{}, draw.Src)
	if err := jpeg.Encode(&small, whole, &jpeg.Options{Quality: 98}); err != nil {
		return nil, err
	}
	decoded, err := jpeg.Decode(&small)
	if err != nil {
		return nil, err
	}
	m, ok := decoded.(*image.YCbCr)
	if !ok {
		return nil, errors.New("the photo has no colours")
	}
	theirs := turboEncoder(m, 85)
	return &contest{
		ours: func() (float64, error) {
			return process(func() error {
				return imageproc.Encode(io.Discard, m, imageproc.JPEG, &imageproc.EncodeOptions{Quality: 85})
			})
		},
		theirs: func() (float64, error) { return thread(theirs) },
		close:  func() {},
	}, nil
}

// gateContest is all that happens to an upload: a smaller copy without metadata,
// a thumbnail, two models and a verdict.
func gateContest(s *setup) (*contest, error) {
	if err := startORT(s); err != nil {
		return nil, err
	}
	file, err := photo(s)
	if err != nil {
		return nil, err
	}
	d, err := detector.New(nil)
	if err != nil {
		return nil, err
	}
	path, remove, err := onDisk(file)
	if err != nil {
		return nil, err
	}
	w, err := startSharp(s, path)
	if err != nil {
		remove()
		return nil, err
	}
	var models []func() error
	var closers []func()
	for _, m := range []model{nanodet, movenet} {
		data, err := m.data()
		if err != nil {
			return nil, err
		}
		run, closeORT, err := openORT(data, m.side, m.input(), 1)
		if err != nil {
			return nil, err
		}
		models, closers = append(models, run), append(closers, closeORT)
	}
	return &contest{
		ours: func() (float64, error) {
			return process(func() error {
				ctx := context.Background()
				c, err := imageproc.Sanitize(ctx, bytes.NewReader(file), &imageproc.SanitizeOptions{
					MaxSide: copySide, Quality: 85, Thumb: detect.ThumbSide, Limits: large,
				})
				if err != nil {
					return err
				}
				_, err = detect.Screen(ctx, d, c, detect.AnyPeople(), nil)
				return ignoreVerdict(err)
			})
		},
		theirs: func() (float64, error) {
			spent, err := w.do("both")
			for _, run := range models {
				more, failed := thread(run)
				spent, err = spent+more, errors.Join(err, failed)
			}
			return spent, err
		},
		close: func() {
			w.close()
			remove()
			for _, c := range closers {
				c()
			}
		},
	}, nil
}

// ignoreVerdict lets pass what a policy says: either way the work is done.
func ignoreVerdict(err error) error {
	var verdict *detect.PolicyError
	if errors.As(err, &verdict) {
		return nil
	}
	return err
}
