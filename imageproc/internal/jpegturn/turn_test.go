package jpegturn_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
	"github.com/fitveil/fitveil/imageproc/internal/jpegturn"
)

// tool runs a program of libjpeg-turbo, the oracle; nil where it gives up.
func tool(t *testing.T, stdin []byte, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(name + " is missing")
		}
		t.Skip(name + " is missing: apt-get install libjpeg-turbo-progs")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout = bytes.NewReader(stdin), &out
	if err := cmd.Run(); err != nil {
		return nil
	}
	return out.Bytes()
}

// theirs is what jpegtran is to do for each orientation.
var theirs = map[int][]string{
	2: {"-flip", "horizontal"}, 3: {"-rotate", "180"}, 4: {"-flip", "vertical"}, 5: {"-transpose"},
	6: {"-rotate", "90"}, 7: {"-transverse"}, 8: {"-rotate", "270"},
}

// picture is w × h pixels of edges, gradients and noise, as PNM.
func picture(w, h int, grey bool) []byte {
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	kind, samples := 6, 3
	if grey {
		kind, samples = 5, 1
	}
	b := fmt.Appendf(nil, "P%d\n%d %d\n255\n", kind, w, h)
	for y := range h {
		for x := range w {
			for s := range samples {
				v := (x*255/w*(s+1) + y*3*(2-s)) & 255
				if (x/9+y/7)%3 == 0 {
					v = 255 - v
				}
				b = append(b, byte(max(0, min(255, v+rnd.IntN(31)-15))))
			}
		}
	}
	return b
}

// TestTurn holds every orientation against jpegtran: the same samples, and the
// same refusals.
func TestTurn(t *testing.T) {
	script := filepath.Join(t.TempDir(), "scans")
	if err := os.WriteFile(script, []byte("0; 1 2; "), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"grey":                {"-grayscale"},
		"444":                 {"-sample", "1x1"},
		"422":                 {"-sample", "2x1"},
		"440":                 {"-sample", "1x2"},
		"420":                 {"-sample", "2x2"},
		"411":                 {"-sample", "4x1"},
		"odd":                 {"-sample", "2x2,1x2,2x1"},
		"large":               {"-sample", "4x2"},
		"scans":               {"-sample", "2x2", "-scans", script},
		"restart":             {"-sample", "2x1", "-restart", "1"},
		"blocks":              {"-sample", "2x2", "-restart", "3B"},
		"progressive":         {"-progressive"},
		"progressive restart": {"-progressive", "-sample", "2x1", "-restart", "2B"},
		"fine":                {"-quality", "100", "-sample", "1x1", "-progressive"},
		"coarse":              {"-quality", "1"},
	} {
		for _, size := range [][2]int{{64, 32}, {96, 41}, {37, 96}, {45, 27}} {
			file := tool(t, picture(size[0], size[1], false), "cjpeg", args...)
			for o := 2; o <= 8; o++ {
				t.Run(fmt.Sprintf("%s/%dx%d/%d", name, size[0], size[1], o), func(t *testing.T) {
					check(t, file, o)
				})
			}
		}
	}
}

func check(t *testing.T, file []byte, o int) {
	t.Helper()
	want := tool(t, file, "jpegtran", append(theirs[o], "-perfect")...)
	got, err := jpegturn.Turn(t.Context(), [][]byte{file}, o, 1<<30)
	if want == nil {
		if !errors.Is(err, jpegturn.ErrPartial) {
			t.Fatalf("jpegtran refuses it, and we say %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, scale := range []string{"1/1", "1/8"} {
		if a, b := tool(t, got, "djpeg", "-scale", scale), tool(t, want, "djpeg", "-scale", scale); len(a) == 0 || !bytes.Equal(a, b) {
			t.Fatalf("at %s the samples differ from jpegtran's", scale)
		}
	}
	if p := bytes.Contains(file, []byte("\xFF\xC2\x00")); p != bytes.Contains(got, []byte("\xFF\xC2\x00")) {
		t.Errorf("progressive: %v, and then not", p)
	}
	if n, m := len(tool(t, want, "jpegtran", "-optimize")), len(got); m > n+n/8+64 && !bytes.Contains(file, []byte("\xFF\xC2\x00")) {
		t.Errorf("%d bytes; jpegtran makes %d", m, n)
	}
}

// TestCorpus turns real files, every eighth by default and all with
// FITVEIL_CORPUS=full, each to another side.
func TestCorpus(t *testing.T) {
	shared := os.Getenv("FITVEIL_SHARED")
	if shared == "" {
		shared = "../../../../shared"
	}
	files, _ := filepath.Glob(filepath.Join(shared, "corpus", "jpeg", "*")) // the pattern is sound
	if len(files) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("the corpus is missing")
		}
		t.Skip("no corpus: FITVEIL_SHARED names its folder")
	}
	step := 8
	if os.Getenv("FITVEIL_CORPUS") == "full" {
		step = 1
	}
	var same, refused, partial atomic.Int64
	t.Run("files", func(t *testing.T) {
		for i := 0; i < len(files); i += step {
			t.Run(filepath.Base(files[i]), func(t *testing.T) {
				t.Parallel()
				file, err := os.ReadFile(files[i])
				if err != nil {
					t.Fatal(err)
				}
				o := 2 + i/step%7
				got, err := jpegturn.Turn(t.Context(), [][]byte{file}, o, 256<<20)
				var broken *jpeg.Error
				if errors.As(err, &broken) {
					return // what libjpeg mends and reports as a warning is left as it is
				}
				want := tool(t, file, "jpegtran", append(theirs[o], "-perfect")...)
				switch {
				case errors.Is(err, jpegturn.ErrPartial):
					if partial.Add(1); want != nil {
						t.Error("jpegtran does not refuse it")
					}
				case err != nil:
					t.Logf("refused: %v", err)
					refused.Add(1)
				case want == nil:
				default:
					same.Add(1)
					// As a sequential file: of a progressive one whose last scans are
					// missing djpeg makes a smoother picture, and ours stays progressive.
					got = tool(t, append(head(want), got[2:]...), "jpegtran")
					if a, b := tool(t, got, "djpeg"), tool(t, want, "djpeg"); len(a) == 0 || !bytes.Equal(a, b) {
						t.Error("the samples differ from jpegtran's")
					}
				}
			})
		}
	})
	t.Logf("%d turned, %d partial, %d refused", same.Load(), partial.Load(), refused.Load())
	if same.Load() < 15 || refused.Load() > 0 {
		t.Error("too few are turned")
	}
}

// head is a file up to its first table or frame: what says how to read colours.
func head(file []byte) []byte {
	i := 2
	for i+4 < len(file) && file[i+1] >= 0xE0 {
		i += 2 + int(file[i+2])<<8 + int(file[i+3])
	}
	return bytes.Clone(file[:i])
}

// FuzzTurn looks that whatever Turn makes can be turned back.
func FuzzTurn(f *testing.F) {
	seeds, _ := filepath.Glob("testdata/*.jpg") // the pattern is sound
	for i, name := range seeds {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(i))
	}
	back := [9]int{2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
	f.Fuzz(func(t *testing.T, data []byte, turn uint8) {
		o := 2 + int(turn)%7
		one, err := jpegturn.Turn(t.Context(), [][]byte{data}, o, 8<<20)
		if err != nil {
			return
		}
		two, err := jpegturn.Turn(t.Context(), [][]byte{one}, back[o], 8<<20)
		if errors.Is(err, jpegturn.ErrPartial) || errors.Is(err, jpegturn.ErrCoefficient) {
			return // the other edge, or a step between means that 8-bit JPEG has no code for and that turning took apart
		}
		if err != nil {
			t.Fatal(err)
		}
		if three, err := jpegturn.Turn(t.Context(), [][]byte{two}, o, 8<<20); err != nil || !bytes.Equal(one, three) {
			t.Fatalf("turned, back, and turned again: %d bytes after %d, %v", len(three), len(one), err)
		}
	})
}
