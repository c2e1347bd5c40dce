package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fitveil/fitveil/imageproc"
)

// tool strips files. All of them are handed a path to read and one to write.
type tool struct {
	name    string
	how     string // what is run, for the page
	formats []string
	program string // looked for in PATH; empty for ours
	install string
	strip   func(in, out string) error
	close   func()
}

func (t *tool) missing() string {
	if t.program == "" {
		return ""
	}
	if _, err := exec.LookPath(t.program); err != nil {
		return t.install
	}
	return ""
}

// errRefused is a tool's word that it does not handle a file.
var errRefused = errors.New("refused")

func tools(s *setup) []*tool {
	exiftool := &stayOpen{}
	sharp, turned := &sharpProcess{folder: s.sharp}, &sharpProcess{folder: s.sharp, rotate: true}
	sharpFormats := []string{"jpeg", "png", "webp", "gif", "tiff", "avif"}
	sharpInstall := "npm install sharp, and give the folder with -sharp"
	return []*tool{
		{name: "fitveil", how: "imageproc.Strip", formats: formats, strip: ours},
		{
			name: "exiftool", how: "exiftool -all= -overwrite_original COPY", formats: formats, program: "exiftool",
			install: "apt-get install libimage-exiftool-perl", strip: exiftool.strip, close: exiftool.close,
		},
		{name: "exiv2", how: "exiv2 rm COPY", formats: []string{"jpeg", "png", "webp", "tiff"}, program: "exiv2", install: "apt-get install exiv2", strip: onCopy("exiv2", "rm")},
		{
			name: "jpegtran", how: "jpegtran -copy none", formats: []string{"jpeg"}, program: "jpegtran", install: "apt-get install libjpeg-turbo-progs",
			strip: func(in, out string) error { return command("jpegtran", "-copy", "none", "-outfile", out, in) },
		},
		{name: "mat2", how: "mat2 --inplace COPY", formats: formats, program: "mat2", install: "apt-get install mat2", strip: onCopy("mat2", "--inplace")},
		{
			name: "ImageMagick", how: "convert IN -strip OUT", formats: formats, program: "convert-im6.q16", install: "apt-get install imagemagick",
			strip: func(in, out string) error { return command("convert-im6.q16", in, "-strip", out) },
		},
		{
			name: "vips", how: "vips copy IN OUT[strip]", formats: formats, program: "vips", install: "apt-get install libvips-tools",
			strip: func(in, out string) error { return command("vips", "copy", in, out+"[strip]") },
		},
		{name: "sharp", how: "sharp(IN).toFile(OUT)", formats: sharpFormats, program: sharp.program(), install: sharpInstall, strip: sharp.strip, close: sharp.close},
		{name: "sharp rotate", how: "sharp(IN).rotate().toFile(OUT)", formats: sharpFormats, program: turned.program(), install: sharpInstall, strip: turned.strip, close: turned.close},
	}
}

func ours(in, out string) error {
	data, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := imageproc.Strip(&b, bytes.NewReader(data), nil); err != nil {
		return errRefused
	}
	return os.WriteFile(out, b.Bytes(), 0o600)
}

// command runs a program for twenty seconds at most. Its messages name what it
// found, and are not read.
func command(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := exec.CommandContext(ctx, name, args...).Run(); err != nil {
		return errRefused
	}
	return nil
}

// onCopy is for tools that write over what they read.
func onCopy(name string, args ...string) func(in, out string) error {
	return func(in, out string) error {
		data, err := os.ReadFile(in)
		if err != nil {
			return err
		}
		if err := os.WriteFile(out, data, 0o600); err != nil {
			return err
		}
		if err := command(name, append(slices.Clone(args), out)...); err != nil {
			return errors.Join(err, os.Remove(out)) // what it leaves then is the original
		}
		return nil
	}
}

// stayOpen is one exiftool for many files, started anew when one kills it.
type stayOpen struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (e *stayOpen) start() error {
	e.cmd = exec.Command("exiftool", "-stay_open", "True", "-@", "-")
	var err error
	if e.in, err = e.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	e.out = bufio.NewReader(out)
	return e.cmd.Start()
}

func (e *stayOpen) strip(in, out string) error {
	if e.cmd == nil {
		if err := e.start(); err != nil {
			return err
		}
	}
	data, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, data, 0o600); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(e.in, "-all=\n-overwrite_original\n%s\n-execute\n", out); err != nil {
		return e.died(out)
	}
	done := false
	for {
		line, err := e.out.ReadString('\n')
		if err != nil {
			return e.died(out)
		}
		if strings.HasPrefix(line, "{ready") {
			break
		}
		done = done || strings.Contains(line, "1 image files u") // updated or unchanged
	}
	if !done {
		return errors.Join(errRefused, os.Remove(out))
	}
	return nil
}

func (e *stayOpen) died(out string) error {
	e.close()
	return errors.Join(errRefused, os.Remove(out))
}

func (e *stayOpen) close() {
	if e.cmd == nil {
		return
	}
	fmt.Fprint(e.in, "-stay_open\nFalse\n")
	_, _ = e.in.Close(), e.cmd.Wait() // it may be dead already
	e.cmd = nil
}

// sharpProcess is one node process for many files.
type sharpProcess struct {
	folder string
	rotate bool
	node   *nodeProcess
}

func (p *sharpProcess) program() string {
	if _, err := os.Stat(filepath.Join(p.folder, "node_modules", "sharp")); p.folder == "" || err != nil {
		return "sharp for node"
	}
	return "node"
}

func (p *sharpProcess) strip(in, out string) error {
	if p.node == nil {
		p.node = &nodeProcess{folder: p.folder}
	}
	var answer struct {
		OK bool `json:"ok"`
	}
	if err := p.node.ask(map[string]any{"do": "strip", "in": in, "out": out, "rotate": p.rotate}, &answer); err != nil {
		return err
	}
	if !answer.OK {
		return errRefused
	}
	return nil
}

func (p *sharpProcess) close() {
	if p.node != nil {
		p.node.close()
	}
}

//go:embed judge.mjs
var judgeScript string

// nodeProcess runs judge.mjs, which answers each line with one.
type nodeProcess struct {
	folder string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
}

func (n *nodeProcess) ask(question, answer any) error {
	if n.cmd == nil {
		n.cmd = exec.Command("node", "--input-type=module", "-e", judgeScript, n.folder)
		n.cmd.Stderr = io.Discard // libvips's warnings
		var err error
		if n.in, err = n.cmd.StdinPipe(); err != nil {
			return err
		}
		out, err := n.cmd.StdoutPipe()
		if err != nil {
			return err
		}
		n.out = bufio.NewReader(out)
		if err := n.cmd.Start(); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(n.in).Encode(question); err != nil {
		return err
	}
	line, err := n.out.ReadBytes('\n')
	if err != nil {
		n.cmd = nil // a file has killed it: the next question starts another
		return json.Unmarshal([]byte(`{}`), answer)
	}
	return json.Unmarshal(line, answer)
}

func (n *nodeProcess) close() {
	if n.cmd != nil {
		_, _ = n.in.Close(), n.cmd.Wait()
	}
}
