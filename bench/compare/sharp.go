package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed sharp.js
var sharpScript string

// worker is a process that does a job for each line it gets, and answers with
// the CPU time that the job took.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startWorker(name string, args ...string) (*worker, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &worker{cmd, in, bufio.NewReader(out)}, nil
}

func (w *worker) do(job string) (float64, error) {
	if _, err := fmt.Fprintln(w.in, job); err != nil {
		return 0, err
	}
	line, err := w.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("%s: %w", filepath.Base(w.cmd.Path), err)
	}
	return strconv.ParseFloat(strings.TrimSpace(line), 64)
}

func (w *worker) close() {
	_ = w.in.Close()
	_ = w.cmd.Wait() // its answers are in
}

// startSharp starts node with sharp and a photo.
func startSharp(s *setup, photo string) (*worker, error) {
	how := errMissing("sharp is missing: npm install --ignore-scripts --prefix DIR sharp@0.34.5, then -sharp DIR")
	node, err := exec.LookPath("node")
	if err != nil || s.sharpDir == "" {
		return nil, how
	}
	if _, err := os.Stat(filepath.Join(s.sharpDir, "node_modules", "sharp")); err != nil {
		return nil, how
	}
	dir, err := filepath.Abs(s.sharpDir)
	if err != nil {
		return nil, err
	}
	return startWorker(node, "-e", sharpScript, dir, photo)
}
