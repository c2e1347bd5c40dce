// Command quality holds smaller copies against those of sharp (libvips): how alike
// each is to the photo, in luma, and how many bytes it takes.
//
//	cd bench/compare && go run ./quality -sharp DIR PHOTO...
//
// The measure is a copy without losses: libjpeg-turbo's pixels through a Lanczos
// filter in floating point. Photos are taken without their profiles and upright as
// they are stored, so that both sides do the same. It prints SSIM (Wang et al.
// 2004, 8 by 8 windows) and bytes of both, and the ratios.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/fitveil/fitveil/imageproc"
)

const (
	side    = 1024
	quality = 85
	script  = `const sharp = require('node:module').createRequire(process.argv[1] + '/')('sharp')
const bytes = []
process.stdin.on('data', (b) => bytes.push(b)).on('end', async () => process.stdout.write(await sharp(Buffer.concat(bytes))
  .resize(1024, 1024, { fit: 'inside', kernel: 'lanczos3' }).jpeg({ quality: 85 }).toBuffer()))`
)

func main() {
	log.SetFlags(0)
	sharp := flag.String("sharp", os.Getenv("FITVEIL_SHARP_DIR"), "directory with node_modules/sharp")
	flag.Parse()
	fmt.Printf("%-40s %9s %9s %8s %8s %8s %8s\n", "photo", "SSIM", "sharp's", "ratio", "bytes", "sharp's", "ratio")
	var ssims, sizes []float64
	for _, path := range flag.Args() {
		s, n, err := compare(path, *sharp)
		if err != nil {
			log.Fatalf("%s: %v", filepath.Base(path), err)
		}
		ssims, sizes = append(ssims, s), append(sizes, n)
	}
	slices.Sort(ssims)
	slices.Sort(sizes)
	if n := len(ssims); n > 0 {
		fmt.Printf("ratios of %d photos: SSIM %.4f to %.4f, median %.4f; bytes %.4f to %.4f, median %.4f; %s\n",
			n, ssims[0], ssims[n-1], ssims[n/2], sizes[0], sizes[n-1], sizes[n/2], runtime.GOARCH)
	}
}

func compare(path, sharpDir string) (ssimRatio, sizeRatio float64, err error) {
	photo, err := tool(nil, "jpegtran", "-copy", "none", path)
	if err != nil {
		return 0, 0, err
	}
	clean, err := imageproc.Sanitize(context.Background(), bytes.NewReader(photo), &imageproc.SanitizeOptions{
		MaxSide: side, Quality: quality, Limits: imageproc.Limits{MaxBytes: 64 << 20},
	})
	if err != nil {
		return 0, 0, err
	}
	if sharpDir == "" {
		return 0, 0, errors.New("sharp is missing: npm install --ignore-scripts --prefix DIR sharp@0.34.5, then -sharp DIR")
	}
	ours := clean.Bytes()
	theirs, err := tool(photo, "node", "-e", script, sharpDir)
	if err != nil {
		return 0, 0, err
	}
	var planes [3]*plane
	for i, file := range [][]byte{photo, ours, theirs} {
		pgm, err := tool(file, "djpeg", "-grayscale", "-dct", "int")
		if err == nil {
			planes[i], err = parse(pgm)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	b := image.Pt(planes[1].w, planes[1].h)
	if b != image.Pt(planes[2].w, planes[2].h) {
		return 0, 0, fmt.Errorf("ours is %v, theirs %v", b, image.Pt(planes[2].w, planes[2].h))
	}
	want := planes[0].resize(b.X, b.Y)
	a, o := ssim(want, planes[1]), ssim(want, planes[2])
	fmt.Printf("%-40s %9.5f %9.5f %8.4f %8d %8d %8.4f\n", strings.TrimSuffix(filepath.Base(path), ".jpg"), a, o, a/o,
		len(ours), len(theirs), float64(len(ours))/float64(len(theirs)))
	return a / o, float64(len(ours)) / float64(len(theirs)), nil
}

func tool(in []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	return cmd.Output()
}

// plane is luma in floating point.
type plane struct {
	w, h int
	v    []float64
}

// parse reads a PGM as djpeg writes it.
func parse(pgm []byte) (*plane, error) {
	p := &plane{}
	var most int
	if _, err := fmt.Sscanf(string(pgm[:min(len(pgm), 40)]), "P5\n%d %d\n%d\n", &p.w, &p.h, &most); err != nil || len(pgm) < p.w*p.h {
		return nil, errors.New("not a PGM")
	}
	p.v = make([]float64, p.w*p.h)
	for i, b := range pgm[len(pgm)-len(p.v):] {
		p.v[i] = float64(b)
	}
	return p, nil
}

func (p *plane) transposed() *plane {
	t := &plane{p.h, p.w, make([]float64, len(p.v))}
	for y := range p.h {
		for x := range p.w {
			t.v[x*p.h+y] = p.v[y*p.w+x]
		}
	}
	return t
}

func (p *plane) resize(w, h int) *plane {
	return p.narrow(w).transposed().narrow(h).transposed()
}

// narrow filters along the rows with three lobes.
func (p *plane) narrow(w int) *plane {
	scale := float64(p.w) / float64(w)
	t := &plane{w, p.h, make([]float64, w*p.h)}
	for x := range w {
		centre := (float64(x)+.5)*scale - .5
		from, to := max(0, int(math.Ceil(centre-3*scale))), min(p.w-1, int(math.Floor(centre+3*scale)))
		weights, sum := make([]float64, to-from+1), 0.0
		for i := range weights {
			d := (float64(from+i) - centre) / scale * math.Pi
			if weights[i] = 1; d != 0 {
				weights[i] = 3 * math.Sin(d) * math.Sin(d/3) / (d * d)
			}
			sum += weights[i]
		}
		for y := range p.h {
			v := 0.0
			for i, f := range weights {
				v += f * p.v[y*p.w+from+i]
			}
			t.v[y*w+x] = min(255, max(0, v/sum))
		}
	}
	return t
}

// ssim is the mean over all windows, four samples apart.
func ssim(a, b *plane) float64 {
	const n, c1, c2 = 8, 6.5025, 58.5225
	sum, count := 0.0, 0.0
	for y := 0; y+n <= a.h; y += 4 {
		for x := 0; x+n <= a.w; x += 4 {
			var ma, mb, aa, bb, ab float64
			for j := y; j < y+n; j++ {
				for i := x; i < x+n; i++ {
					u, v := a.v[j*a.w+i], b.v[j*b.w+i]
					ma, mb, aa, bb, ab = ma+u, mb+v, aa+u*u, bb+v*v, ab+u*v
				}
			}
			ma, mb = ma/n/n, mb/n/n
			va, vb, cov := aa/n/n-ma*ma, bb/n/n-mb*mb, ab/n/n-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			count++
		}
	}
	return sum / count
}
