// Command memory measures the largest resident set of whole processes that make a
// copy of 1024 pixels of a photo on disk: a program that does nothing else, the
// fitveil command line, and vipsthumbnail.
//
//	cd bench/compare && go run ./memory PHOTO...
//
// It prints the medians of five runs and their ratios. What a process starts
// with counts for its children too: the meter's own memory, which it prints, is
// the least that it can tell.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

const runs = 5

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: memory PHOTO...")
	}
	dir, err := os.MkdirTemp("", "memory")
	if err != nil {
		log.Fatal(err)
	}
	err = measure(dir, os.Args[1:])
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func measure(dir string, photos []string) error {
	small, whole := filepath.Join(dir, "small"), filepath.Join(dir, "fitveil")
	if err := build(".", small, "./memory/small"); err != nil {
		return err
	}
	if err := build(filepath.Join("..", ".."), whole, "./examples/fitveil"); err != nil {
		return err
	}
	out := filepath.Join(dir, "out.jpg")
	fmt.Printf("%-24s %14s %11s %7s %18s %7s\n", "photo", "vipsthumbnail", "small", "ratio", "fitveil sanitize", "ratio")
	for _, photo := range photos {
		var peaks [3]float64
		for i, args := range [][]string{
			{"vipsthumbnail", photo, "-s", "1024", "-o", out + "[Q=85,strip]"},
			{small, photo, out},
			{whole, "sanitize", "-max-side", "1024", photo, out},
		} {
			var err error
			if peaks[i], err = peak(args); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(args[0]), err)
			}
		}
		fmt.Printf("%-24s %10.1f MiB %7.1f MiB %7.2f %14.1f MiB %7.2f\n", filepath.Base(photo), peaks[0], peaks[1], peaks[1]/peaks[0], peaks[2], peaks[2]/peaks[0])
	}
	idle, err := peak([]string{whole, "help"})
	if err != nil {
		return err
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return err
	}
	fmt.Printf("fitveil before it does anything: %.1f MiB; the meter: %.1f MiB\n", idle, mebibytes(&own))
	return nil
}

func build(dir, out, pkg string) error {
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Dir, cmd.Stderr, cmd.Env = dir, os.Stderr, append(os.Environ(), "CGO_ENABLED=0")
	return cmd.Run()
}

// peak runs a program a few times and returns the median of its largest resident
// set in MiB.
func peak(args []string) (float64, error) {
	var all []float64
	for range runs {
		cmd := exec.Command(args[0], args[1:]...)
		if err := cmd.Run(); err != nil {
			return 0, err
		}
		all = append(all, mebibytes(cmd.ProcessState.SysUsage().(*syscall.Rusage)))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// mebibytes is the largest resident set, which Linux counts in kilobytes.
func mebibytes(u *syscall.Rusage) float64 { return float64(u.Maxrss) / 1024 }
