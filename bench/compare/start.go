package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// startContest runs two programs that load NanoDet-g, run it once and end: ours
// without cgo and with the model in memory as detect/person has it, and one with
// ONNX Runtime, which reads the file. They print how much memory they had at
// most; what says what of a process counts.
func startContest(what func(u *syscall.Rusage, printed float64) float64) func(*setup) (*contest, error) {
	return func(s *setup) (*contest, error) {
		library, err := ortLibrary(s)
		if err != nil {
			return nil, err
		}
		dir, err := os.MkdirTemp("", "compare")
		if err != nil {
			return nil, err
		}
		ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
		for program, cgo := range map[string]string{ours: "0", theirs: "1"} {
			cmd := exec.Command("go", "build", "-o", program, "./start/"+filepath.Base(program))
			cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
			if out, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%w: %s", err, out)
			}
		}
		run := func(program string) func() (float64, error) {
			return func() (float64, error) {
				cmd := exec.Command(program, modelPath(nanodetFile), library)
				out, err := cmd.CombinedOutput()
				if err != nil {
					return 0, fmt.Errorf("%w: %s", err, out)
				}
				printed, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
				return what(cmd.ProcessState.SysUsage().(*syscall.Rusage), printed), err
			}
		}
		return &contest{ours: run(ours), theirs: run(theirs), close: func() { os.RemoveAll(dir) }}, nil
	}
}

func cpuOf(u *syscall.Rusage, _ float64) float64 { return seconds(u.Utime) + seconds(u.Stime) }

// memoryOf makes thousands of megabytes of kilobytes: results are printed in
// thousandths. The kernel's count for a child begins with its parent's.
func memoryOf(_ *syscall.Rusage, printed float64) float64 { return printed * 1024 / 1e9 }
