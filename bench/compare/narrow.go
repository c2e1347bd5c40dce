package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// ONNX Runtime has no switch for instruction sets: it asks the CPU. Linux lets a
// process answer that question itself, where the CPU can; so the jobs without
// AVX-512 run in a process of their own, in which neither side is told of it.
// Where that cannot be, ONNX Runtime keeps its AVX-512, and the result says so.

// narrowEnv tells this program to run without AVX-512.
const narrowEnv = "FITVEIL_COMPARE_NARROW"

const (
	narrowRival = "onnxruntime 1.30, 1 thread, AVX2 only"
	wideRival   = "onnxruntime 1.30, 1 thread, AVX-512 and all (it could not be restricted)"
)

// narrowed is a job done in another process.
func narrowed(name string) func(*setup) (*contest, error) {
	return func(s *setup) (*contest, error) {
		if _, err := ortLibrary(s); err != nil {
			return nil, err
		}
		return &contest{close: func() {}, whole: func(rounds int) (*line, error) { return runNarrow(s, name, rounds) }}, nil
	}
}

func runNarrow(s *setup, name string, rounds int) (*line, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-only", regexp.QuoteMeta(name)+"$", "-rounds", strconv.Itoa(rounds), "-ort", s.ortDir, "-json")
	cmd.Env = append(os.Environ(), narrowEnv+"=1", "GODEBUG="+strings.TrimPrefix(os.Getenv("GODEBUG")+",cpu.avx512f=off", ","))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	var l line
	if err := json.Unmarshal(out, &l); err != nil {
		return nil, err
	}
	if l.Job != name {
		return nil, errors.New("the other process did another job")
	}
	l.Job += "-avx2"
	l.Rival = wideRival
	if strings.Contains(said.String(), narrowWord) {
		l.Rival = narrowRival
	}
	return &l, nil
}

// narrowWord is what a process says where it could hide AVX-512.
const narrowWord = "compare: AVX-512 is hidden"

// hideIfTold hides AVX-512 from this thread and those it starts.
func hideIfTold() {
	if os.Getenv(narrowEnv) != "" && hideAVX512() {
		fmt.Fprintln(os.Stderr, narrowWord)
	}
}
