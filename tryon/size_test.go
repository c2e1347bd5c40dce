package tryon_test

import (
	"bytes"
	"go/scanner"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// drivers are the packages that speak to a service.
var drivers = []string{"comfy", "fal", "fashn", "gemini", "gradio", "httpbackend", "kie", "openai", "replicate", "vertex"}

// TestDriverSize counts lines of code, without blank ones and comments: a driver
// is an afternoon's work, of at most 250. Of httpbackend it is the client.
func TestDriverSize(t *testing.T) {
	for _, name := range drivers {
		files, err := filepath.Glob(filepath.Join(name, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		n, raw := 0, 0
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") || f == filepath.Join("httpbackend", "handler.go") {
				continue
			}
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			n, raw = n+codeLines(src), raw+bytes.Count(src, []byte("\n"))
		}
		t.Logf("%-11s %d lines of code, %d with comments and blank lines", name, n, raw)
		if n == 0 || n > 250 {
			t.Errorf("%s has %d lines of code, want at most 250", name, n)
		}
	}
	// The one that is there to be copied, with all its comments.
	src, err := os.ReadFile(filepath.Join("..", "examples", "newdriver", "atelier.go"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(src, []byte("\n")); n > 250 {
		t.Errorf("a new driver takes %d lines, want at most 250", n)
	}
}

// codeLines is on how many lines a token stands.
func codeLines(src []byte) int {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok == token.SEMICOLON && text == "\n" {
			continue // put in by the scanner
		}
		first := file.Line(pos)
		for i := range strings.Count(text, "\n") + 1 {
			lines[first+i] = true
		}
	}
}

// TestFootprint links two programs: one with what a shop has anyway, and one
// with the client and a driver on top.
func TestFootprint(t *testing.T) {
	base := []string{
		"net/http", "github.com/fitveil/fitveil/imageproc", "github.com/fitveil/fitveil/detect",
		"github.com/fitveil/fitveil/consent", "github.com/fitveil/fitveil/consent/memstore",
	}
	body := `
	client := &http.Client{}
	photo, _ := imageproc.Sanitize(context.Background(), os.Stdin, nil)
	screened, _ := detect.Screen(context.Background(), nil, photo, detect.OnePerson(), nil)
	ledger, _ := consent.New(memstore.New(), nil)
	permit, _ := ledger.Permit(context.Background(), consent.Query{})
	_ = imageproc.Encode(os.Stdout, nil, imageproc.JPEG, nil)
	_, _ = client.Get(os.Args[1])
	http.ListenAndServe("", nil)
	println(screened, permit.IsZero())
`
	before, with := link(t, base, body)
	after, all := link(t, append(base, "github.com/fitveil/fitveil/tryon", "github.com/fitveil/fitveil/tryon/gemini"), body+`
	backend, _ := gemini.New(&gemini.Options{})
	c, _ := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: backend}}, Ledger: ledger})
	result, _ := c.Render(context.Background(), permit, &tryon.Request{Photo: screened})
	id, _ := c.Start(context.Background(), permit, &tryon.Request{Photo: screened})
	_, _ = c.Wait(context.Background(), permit, &tryon.Pickup{Job: id})
	_, _ = c.Erase(context.Background(), consent.Subject{})
	_, _ = c.Sweep(context.Background())
	http.HandleFunc("/", c.HandleCallback)
	println(result, c.Disclosure())
`)
	var more []string
	for _, m := range all {
		if !slices.Contains(with, m) {
			more = append(more, m)
		}
	}
	t.Logf("%d bytes, with try-on %d: %d more; modules more: %v", before, after, after-before, more)
	if after-before > 3<<20 || len(more) > 3 || after <= before {
		t.Errorf("want at most 3 MB and 3 modules more")
	}
}

// link builds a stripped program and returns its size and the modules in it.
func link(t *testing.T, imports []string, body string) (size int64, modules []string) {
	t.Helper()
	dir := t.TempDir()
	var src strings.Builder
	src.WriteString("package main\n\nimport (\n\t\"context\"\n\t\"os\"\n")
	for _, i := range imports {
		src.WriteString("\t\"" + i + "\"\n")
	}
	src.WriteString(")\n\nfunc main() {" + body + "}\n")
	file, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program.exe")
	if err := os.WriteFile(file, []byte(src.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "version", "-m", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "dep" {
			modules = append(modules, f[1])
		}
	}
	return info.Size(), modules
}
