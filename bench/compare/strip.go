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
	"slices"
	"syscall"
	"time"

	"github.com/fitveil/fitveil/imageproc"
)

// stripFormats are the formats of the jobs, in the order of README's table.
var stripFormats = []string{"jpeg", "png", "webp", "gif", "tiff", "heic", "avif"}

// stripJobs has a job for each format and rival that can write it. The first JPEG
// job, against jpegtran, has the plain name.
func stripJobs() []job {
	jobs := []job{{"strip/jpeg", "jpegtran -copy none (process)", stripContest("jpeg", perFile("jpegtran", "libjpeg-turbo-progs", "-copy", "none", "-outfile", os.DevNull))}}
	for _, format := range stripFormats {
		jobs = append(jobs, job{"strip/" + format + "/cat", "cat (process)", stripContest(format, perFile("cat", "coreutils"))})
		jobs = append(jobs, job{"strip/" + format + "/exiftool", "exiftool, batch of 20", stripContest(format, exiftool)})
		if format != "gif" && format != "heic" && format != "avif" { // it can't write these
			jobs = append(jobs, job{"strip/" + format + "/exiv2", "exiv2 rm (process)", stripContest(format, exiv2)})
		}
	}
	return jobs
}

// longest is how long a strip job takes, but for its first rounds.
const longest = 8 * time.Second

// stripContest strips the pictures of a format in memory, verification included,
// against a rival as the process it is.
func stripContest(format string, rival func(pictures []string) (func() (float64, error), error)) func(*setup) (*contest, error) {
	return func(s *setup) (*contest, error) {
		list, err := readPictures(s, format)
		if err != nil {
			return nil, err
		}
		folder, err := os.MkdirTemp("", "compare")
		if err != nil {
			return nil, err
		}
		c := &contest{files: len(list), most: longest, close: func() { _ = os.RemoveAll(folder) }} // a temporary folder
		var paths []string
		for i, data := range list {
			c.bytes += len(data)
			paths = append(paths, filepath.Join(folder, fmt.Sprintf("photo%d.%s", i, format)))
			err = errors.Join(err, os.WriteFile(paths[i], data, 0o600))
		}
		if err == nil {
			c.theirs, err = rival(paths)
		}
		if err != nil {
			c.close()
			return nil, err
		}
		c.ours = func() (float64, error) {
			return process(func() error {
				for _, data := range list {
					if _, err := imageproc.Strip(io.Discard, bytes.NewReader(data), nil); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return c, nil
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

// perFile runs a rival that takes a file as its last argument once for each.
func perFile(name, from string, args ...string) func(pictures []string) (func() (float64, error), error) {
	return func(pictures []string) (func() (float64, error), error) {
		tool, err := program(name, from)
		return func() (float64, error) {
			sum := 0.0
			for _, p := range pictures {
				t, err := spent(exec.Command(tool, append(slices.Clone(args), p)...))
				if err != nil {
					return 0, fmt.Errorf("%s on %s: %w", name, filepath.Base(p), err)
				}
				sum += t
			}
			return sum, nil
		}, err
	}
}

// copied puts so many copies of each picture beside it, for rivals that write over
// what they read, and says how they are called. Making them does not count.
func copied(pictures []string, copies int) (list []string, err error) {
	for _, p := range pictures {
		data, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		for i := range copies {
			name := filepath.Join(filepath.Dir(p), fmt.Sprintf("copy%d-%s", i, filepath.Base(p)))
			if err := os.WriteFile(name, data, 0o600); err != nil {
				return nil, err
			}
			list = append(list, name)
		}
	}
	return list, nil
}

func exiv2(pictures []string) (func() (float64, error), error) {
	if _, err := program("exiv2", "exiv2"); err != nil {
		return nil, err
	}
	return func() (float64, error) {
		list, err := copied(pictures, 1)
		if err != nil {
			return 0, err
		}
		run, err := perFile("exiv2", "exiv2", "rm")(list)
		if err != nil {
			return 0, err
		}
		return run()
	}, nil
}

// exiftool strips 20 copies at one start, which is how it is meant to be used.
func exiftool(pictures []string) (func() (float64, error), error) {
	tool, err := program("exiftool", "libimage-exiftool-perl")
	copies := max(1, 20/len(pictures))
	return func() (float64, error) {
		list, err := copied(pictures, copies)
		if err != nil {
			return 0, err
		}
		t, err := spent(exec.Command(tool, append([]string{"-q", "-q", "-all=", "-overwrite_original"}, list...)...))
		return t / float64(copies), err
	}, err
}

// pictures are the real files of the jobs, in the folder of shared data. Every
// rival that writes the format takes all of them.
var pictures = map[string][]string{
	"jpeg": {
		"phones/pixel5-12mp.jpg", "phones/iphone11-12mp.jpg", "phones/Apple_iPhone_5.jpg", "phones/HTC_One_M8.jpg",
		"phones/Samsung_SM-G935L_Galaxy_S7_Edge.jpg",
	},
	"png": {
		"phones/made-4mp.png", "corpus/png/308bb51c-paris_icc_exif_xmp.png", "corpus/png/453abb0a-kodim03_grayscale_cicp.png",
		"corpus/png/bbd52b62-imagemagick.png", "corpus/png/6c133157-cvo9xd_keong_macan_grayscale.png",
	},
	"webp": {
		"phones/made-4mp.webp", "corpus/webp/aab70084-blue-purple-pink-large.lossless.webp", "corpus/webp/e8402f90-mars.webp",
		"corpus/webp/6c1d8219-multi-color.webp", "corpus/webp/b898d38e-sunrise.webp",
	},
	"gif": {
		"corpus/gif/8eb6f6df-hibiscus.regular.gif", "corpus/gif/f7dbf233-animated_hopper.gif", "corpus/gif/a6e9077c-hibiscus.primitive.gif",
		"corpus/gif/60b53ae0-dispose_none_load_end.gif", "corpus/gif/b051fcb8-animation_patches.gif",
	},
	"tiff": {
		"phones/sunrise.tif", "corpus/tiff/66903ef1-uncompressed_tiff.tiff", "corpus/tiff/9ffad16c-geotiff.tif",
		"corpus/tiff/b7a4104c-51-tiff-24-bit-color-jpeg.tif", "corpus/tiff/588908c3-tiff_tiled_planar_lzw.tiff",
	},
	"heic": {
		"phones/IMG_2929.HEIC", "phones/made-12mp.heic", "corpus/heic/789ef64b-C007.heic", "corpus/heic/9dd45ad0-C045.heic",
		"corpus/heic/74edae67-Sony.HIF",
	},
	"avif": {
		"corpus/avif/f6b6be61-sdr_cosmos12920_cicp1-13-6_yuv444_full_qp10.avif", "corpus/avif/6d60b982-Issue_649.avif",
		"corpus/avif/96bf0656-avif.avif", "corpus/avif/685237bf-avif-orientation-6.avif", "corpus/avif/81919cf3-sunrise.avif",
	},
}

// readPictures are the files to strip.
func readPictures(s *setup, format string) ([][]byte, error) {
	if format == "jpeg" && (s.photo != "" || s.shared == "") {
		data, err := photo(s)
		return [][]byte{data}, err
	}
	var list [][]byte
	for _, name := range pictures[format] {
		data, err := os.ReadFile(filepath.Join(s.shared, filepath.FromSlash(name)))
		if err != nil {
			return nil, errMissing("the pictures outside the repository are missing: -shared says where they are")
		}
		list = append(list, data)
	}
	return list, nil
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
