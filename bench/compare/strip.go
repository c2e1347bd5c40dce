package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/fitveil/fitveil/imageproc"
)

// stripJobs has a job for each format and rival. The first JPEG job, against
// jpegtran, has the plain name.
func stripJobs() []job {
	jobs := []job{{"strip/jpeg", "jpegtran -copy none (process)", stripContest("jpeg", jpegtran)}}
	for _, format := range []string{"jpeg", "png", "webp", "tiff", "heic", "avif"} {
		jobs = append(jobs, job{"strip/" + format + "/cat", "cat (process)", stripContest(format, cat)})
		jobs = append(jobs, job{"strip/" + format + "/exiftool", "exiftool, batch of 20", stripContest(format, exiftool)})
		if format != "heic" && format != "avif" { // it can't write these
			jobs = append(jobs, job{"strip/" + format + "/exiv2", "exiv2 rm (process)", stripContest(format, exiv2)})
		}
	}
	return jobs
}

// stripContest strips a picture in memory, verification included, against a
// rival as the process it is.
func stripContest(format string, rival func(folder, name string) (func() (float64, error), error)) func(*setup) (*contest, error) {
	return func(s *setup) (*contest, error) {
		data, err := picture(s, format)
		if err != nil {
			return nil, err
		}
		folder, err := os.MkdirTemp("", "compare")
		if err != nil {
			return nil, err
		}
		name := filepath.Join(folder, "photo."+format)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return nil, err
		}
		theirs, err := rival(folder, name)
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(folder))
		}
		return &contest{
			ours: func() (float64, error) {
				return process(func() error {
					_, err := imageproc.Strip(io.Discard, bytes.NewReader(data), nil)
					return err
				})
			},
			theirs: theirs,
			close:  func() { _ = os.RemoveAll(folder) }, // a temporary folder
		}, nil
	}
}

// program finds a rival, or says how to get it.
func program(name, from string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", errMissing(name + " is missing: apt-get install " + from)
	}
	return path, nil
}

// spent is the CPU time of a process, in seconds.
func spent(cmd *exec.Cmd) (float64, error) {
	if err := cmd.Run(); err != nil {
		return 0, err
	}
	u := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return seconds(u.Utime) + seconds(u.Stime), nil
}

func cat(_, name string) (func() (float64, error), error) {
	return func() (float64, error) { return spent(exec.Command("cat", name)) }, nil
}

func jpegtran(_, name string) (func() (float64, error), error) {
	tool, err := program("jpegtran", "libjpeg-turbo-progs")
	return func() (float64, error) {
		return spent(exec.Command(tool, "-copy", "none", "-outfile", os.DevNull, name))
	}, err
}

// onCopy runs a rival that writes over what it reads. Making the copy does not
// count.
func onCopy(name, copied string, run func() (float64, error)) (float64, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		return 0, err
	}
	return run()
}

func exiv2(folder, name string) (func() (float64, error), error) {
	tool, err := program("exiv2", "exiv2")
	copied := filepath.Join(folder, "copy"+filepath.Ext(name))
	return func() (float64, error) {
		return onCopy(name, copied, func() (float64, error) { return spent(exec.Command(tool, "rm", copied)) })
	}, err
}

// exiftool strips 20 copies at one start, which is how it is meant to be used.
func exiftool(folder, name string) (func() (float64, error), error) {
	tool, err := program("exiftool", "libimage-exiftool-perl")
	const batch = 20
	args := []string{"-q", "-all=", "-overwrite_original"}
	for i := range batch {
		args = append(args, filepath.Join(folder, fmt.Sprintf("%d%s", i, filepath.Ext(name))))
	}
	return func() (float64, error) {
		for _, copied := range args[4:] {
			if _, err := onCopy(name, copied, func() (float64, error) { return 0, nil }); err != nil {
				return 0, err
			}
		}
		t, err := onCopy(name, args[3], func() (float64, error) { return spent(exec.Command(tool, args...)) })
		return t / batch, err
	}, err
}

// pictures are the real files of the jobs, in the folder of shared data.
var pictures = map[string]string{
	"jpeg": "phones/pixel5-12mp.jpg", "png": "phones/made-4mp.png", "webp": "phones/made-4mp.webp", "tiff": "phones/sunrise.tif",
	"heic": "phones/made-12mp.heic", "avif": "corpus/avif/6d60b982-Issue_649.avif",
}

// picture is the file to strip.
func picture(s *setup, format string) ([]byte, error) {
	if format == "jpeg" && s.photo != "" || format == "jpeg" && s.shared == "" {
		return photo(s)
	}
	data, err := os.ReadFile(filepath.Join(s.shared, pictures[format]))
	if err != nil {
		return nil, errMissing("the pictures outside the repository are missing: -shared says where they are")
	}
	return data, nil
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
