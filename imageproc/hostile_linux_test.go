package imageproc_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/fitveil/fitveil/imageproc"
)

// cpuTime is what the thread has used so far, which other processes do not add to.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(1, &u); err != nil { // RUSAGE_THREAD
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// costly are files that take as much work as their size allows.
func costly(tb testing.TB) map[string][]byte {
	deflated := func(level, n int) []byte {
		var b bytes.Buffer
		w, err := zlib.NewWriterLevel(&b, level)
		if err != nil {
			tb.Fatal(err)
		}
		_, err = w.Write(make([]byte, n))
		if err != nil || w.Close() != nil {
			tb.Fatal(err)
		}
		return b.Bytes()
	}
	header := func(w, h uint32, kind string) []byte {
		return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", numbers(w, h), []byte(kind)))
	}
	wrong := chunk("IDAT", deflated(9, 60<<20))
	wrong[len(wrong)-1] ^= 1
	short := deflated(9, 63<<20)
	list := map[string][]byte{
		"PNG, rows without end":   slices.Concat(header(8000, 2000, "\x08\x06\x00\x00\x00"), chunk("IDAT", deflated(1, 90<<20)), chunk("IEND")),
		"PNG, a wrong CRC":        slices.Concat(header(7800, 2000, "\x08\x06\x00\x00\x00"), wrong, chunk("IEND")),
		"PNG, a broken stream":    slices.Concat(header(8000, 2090, "\x08\x06\x00\x00\x00"), chunk("IDAT", short[:len(short)-900]), chunk("IEND")),
		"PNG, 512 MiB of rows":    slices.Concat(header(8000, 8000, "\x10\x06\x00\x00\x00"), chunk("IDAT", deflated(1, 512_008_000)), chunk("tEXt", nil), chunk("IDAT", nil)),
		"PNG, ever other codes":   slices.Concat(header(4000, 4000, "\x08\x06\x00\x00\x00"), chunk("IDAT", manyCodes(15<<20)), chunk("IEND")),
		"JPEG, scan upon scan":    manyScans(5600, 5600),
		"APNG, frames too long":   longFrames(deflated(9, 62_403_900), deflated(9, 62_403_901), 12),
		"TIFF, JPEG upon JPEG":    scansInTIFF(3300, 30),
		"GIF, a large and broken": brokenGIF(),
	}
	return list
}

// manyCodes is a zlib stream of short blocks, each with codes of its own.
func manyCodes(n int) []byte {
	var one bytes.Buffer
	w, _ := flate.NewWriter(&one, flate.HuffmanOnly) // the level is a valid one
	row := make([]byte, 120)
	for i := range row {
		row[i] = byte(i * i)
	}
	var out bytes.Buffer
	out.WriteString("\x78\x01")
	sum := adler32.New()
	for out.Len() < n {
		for k := range row {
			row[k] += byte(k)
		}
		_, _ = w.Write(row) // a buffer takes all
		_ = w.Flush()
		_, _ = sum.Write(row)
		_, _ = out.Write(one.Bytes())
		one.Reset()
	}
	_ = w.Close()
	_, _ = out.Write(one.Bytes())
	return append(sum.Sum(out.Bytes()), "and a text behind it"...)
}

// longFrames is an animation of 4000 × 3900 pixels whose frames inflate to one byte too
// many.
func longFrames(first, later []byte, n uint32) []byte {
	out := slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", numbers(4000, 3900), []byte("\x08\x06\x00\x00\x00")), chunk("acTL", numbers(n, 0)), chunk("IDAT", first))
	for i := range n {
		out = append(out, chunk("fcTL", numbers(2*i, 4000, 3900, 0, 0), []byte("\x00\x01\x00\x0A\x00\x00"))...)
		out = append(out, chunk("fdAT", numbers(2*i+1), later, []byte("and a text behind it"))...)
	}
	return append(out, chunk("IEND")...)
}

// brokenGIF has pictures whose codes break off at once.
func brokenGIF() []byte {
	out := []byte("GIF89a\x00\x10\x00\x10\x80\x00\x00\x00\x00\x00\xFF\xFF\xFF")
	for range 40 {
		out = append(out, "\x2C\x00\x00\x00\x00\x00\x10\x00\x10\x00\x02\x02\x44\xFF\x00"...)
	}
	return append(out, ';')
}

// TestHostileCost strips costly files, and files of the corpus that are changed in a
// few places, in the usual way and thoroughly: none may take a second of the
// processor's time or 256 MiB. FITVEIL_CORPUS=full takes all files and changes each
// of them twenty times.
func TestHostileCost(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // what is held counts, not what is left lying about
	every, times := 40, 1
	if os.Getenv("FITVEIL_CORPUS") == "full" {
		every, times = 1, 20
	}
	slowest, most, runs := time.Duration(0), uint64(0), 0
	var slow, large string
	check := func(name string, in []byte) {
		for _, thorough := range []bool{false, true} {
			runs++
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime(t)
			_, err := imageproc.Strip(io.Discard, bytes.NewReader(in), &imageproc.StripOptions{Thorough: thorough})
			took := cpuTime(t) - start
			runtime.ReadMemStats(&after)
			if took > slowest {
				slowest, slow = took, name
			}
			if took > time.Second {
				t.Errorf("%s, thorough %v: %v (%v)", name, thorough, took, err)
			}
			// All that was allocated is more than was held at any time.
			if n := after.TotalAlloc - before.TotalAlloc; n > most {
				most, large = n, name
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 256<<20 {
				t.Errorf("%s, thorough %v: %d MiB (%v)", name, thorough, n>>20, err)
			}
		}
	}
	for name, in := range costly(t) {
		check(name, in)
	}
	rnd := rand.New(rand.NewPCG(9, 10))
	for i, path := range corpusFiles(t) {
		if i%every != 0 {
			continue
		}
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		check(filepath.Base(path), in)
		for range times {
			bad := bytes.Clone(in)
			for range 1 + rnd.IntN(8) {
				at := rnd.IntN(len(bad))
				if rnd.IntN(2) == 0 {
					at = rnd.IntN(min(len(bad), 400))
				}
				bad[at] = byte(rnd.Uint32())
			}
			check(filepath.Base(path)+", changed", bad[:len(bad)-rnd.IntN(1+len(bad)/4)*rnd.IntN(2)])
		}
	}
	t.Logf("%d runs; the slowest took %v (%s), the largest %d MiB (%s)", runs, slowest, slow, most>>20, large)
}
