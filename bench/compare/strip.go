package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/fitveil/fitveil/imageproc"
)

func stripJobs() []job {
	return []job{
		{"strip/jpeg", "jpegtran -copy none (process)", stripContest},
	}
}

// stripContest strips a JPEG in memory, verification included, against
// jpegtran as the process it is.
func stripContest(s *setup) (*contest, error) {
	tool, err := exec.LookPath("jpegtran")
	if err != nil {
		return nil, errMissing("jpegtran is missing: apt-get install libjpeg-turbo-progs")
	}
	data, err := photo(s)
	if err != nil {
		return nil, err
	}
	return &contest{
		ours: func() (float64, error) {
			return process(func() error {
				_, err := imageproc.Strip(io.Discard, bytes.NewReader(data), nil)
				return err
			})
		},
		theirs: func() (float64, error) {
			cmd := exec.Command(tool, "-copy", "none")
			cmd.Stdin = bytes.NewReader(data)
			if err := cmd.Run(); err != nil {
				return 0, err
			}
			u := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			return seconds(u.Utime) + seconds(u.Stime), nil
		},
		close: func() {},
	}, nil
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// photo is the user's picture, or one of 12 megapixels with texture in it.
func photo(s *setup) ([]byte, error) {
	if s.photo != "" {
		return os.ReadFile(s.photo)
	}
	img := image.NewYCbCr(image.Rect(0, 0, 4032, 3024), image.YCbCrSubsampleRatio420)
	noise := uint32(1)
	for i := range img.Y {
		noise = noise*1664525 + 1013904223
		img.Y[i] = byte(i%4032/16) + byte(noise>>29)
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = byte(96+i%64), byte(160-i%64)
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90})
	return b.Bytes(), err
}
