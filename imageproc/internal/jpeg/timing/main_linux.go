// Command timing decodes a JPEG file as often as it is told to, and says what CPU
// time each took: one line with a number of eighths in, one line with seconds
// out. With a number of goroutines after the eighths the seconds are those of the
// clock, unless "thread" follows: then they are the CPU time of the first of them,
// which has the largest part. The comparisons use it for what the public packages
// have no call for.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fitveil/fitveil/imageproc/internal/jpeg"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "timing:", err)
		os.Exit(1)
	}
}

func run() error {
	runtime.LockOSThread()
	if len(os.Args) != 2 {
		return errors.New("usage: timing FILE")
	}
	file, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var d jpeg.Decoder
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		eighths, rest, several := strings.Cut(lines.Text(), " ")
		goroutines, byThread := strings.CutSuffix(rest, " thread")
		n, err := strconv.Atoi(eighths)
		if err != nil {
			return err
		}
		parallel, clock := 1, used
		if several {
			if parallel, err = strconv.Atoi(goroutines); err != nil {
				return err
			}
		}
		if several && !byThread {
			start := time.Now()
			clock = func() (float64, error) { return time.Since(start).Seconds(), nil }
		}
		before, err := clock()
		if err != nil {
			return err
		}
		if err := decode(&d, file, n, parallel); err != nil {
			return err
		}
		after, err := clock()
		if err != nil {
			return err
		}
		fmt.Println(after - before)
	}
	return lines.Err()
}

// decode goes through all bands.
func decode(d *jpeg.Decoder, file []byte, n, parallel int) error {
	ctx := context.Background()
	if _, err := d.ReadHeader([][]byte{file}); err != nil {
		return err
	}
	err := d.Start(ctx, jpeg.Options{Scale: [4]int{n, n, n, n}, Parallel: parallel})
	for err == nil {
		_, err = d.Band(ctx)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// used is the CPU time of this thread so far, in seconds. (What getrusage says of a
// thread that runs is older, by up to a tick.)
func used() (float64, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return float64(t.Nano()) / 1e9, err
}
