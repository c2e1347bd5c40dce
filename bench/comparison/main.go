// Command comparison strips the same files with this library and with the tools
// it stands beside, judges every output in the same way, and writes a page of
// tables:
//
//	cd bench/comparison && go run . -corpus ../../../shared/corpus -sharp DIR \
//		-page ../../docs/comparison.md -results ../results/comparison-2026-11-23.json
//
// It needs exiftool, exiv2, jpegtran, mat2, ImageMagick 6 and vips as programs,
// and node with the package sharp in DIR/node_modules. A tool that is missing is
// named on standard error and left out. Results hold counts, never a value or a
// pixel of the corpus.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// formats are those that are compared, in the order of the tables.
var formats = []string{"jpeg", "png", "webp", "gif", "tiff", "heic", "avif"}

type setup struct {
	corpus, sharp, page, results string
	every                        int // take one file of so many
	keep, merge                  string
	only                         *regexp.Regexp
}

func main() {
	var s setup
	flag.StringVar(&s.corpus, "corpus", "../../../shared/corpus", "folder with one folder of files for each format")
	flag.StringVar(&s.sharp, "sharp", os.Getenv("FITVEIL_SHARP_DIR"), "folder with node_modules/sharp; default $FITVEIL_SHARP_DIR")
	flag.StringVar(&s.page, "page", "", "write the page here; default standard output")
	flag.StringVar(&s.results, "results", "", "write the counts here as JSON")
	flag.StringVar(&s.keep, "keep", "", "keep the outputs in this folder")
	flag.StringVar(&s.merge, "merge", "", "take the tools that do not run from these results; several with commas")
	only := flag.String("only", ".", "run the tools whose name matches")
	flag.IntVar(&s.every, "every", 1, "take one file of so many")
	flag.Parse()
	s.only = regexp.MustCompile("^(?:" + *only + ")")
	if err := run(&s); err != nil {
		fmt.Fprintln(os.Stderr, "comparison:", err)
		os.Exit(1)
	}
}

func run(s *setup) error {
	files, err := corpus(s)
	if err != nil {
		return err
	}
	work := s.keep
	if work == "" {
		if work, err = os.MkdirTemp("", "comparison"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(work) }() // it is a temporary folder
	}
	var run []*tool
	for _, t := range tools(s) {
		if !s.only.MatchString(t.name) {
			continue
		}
		if why := t.missing(); why != "" {
			fmt.Fprintf(os.Stderr, "comparison: %s is missing: %s\n", t.name, why)
			continue
		}
		run = append(run, t)
	}
	if len(run) == 0 {
		return publish(s, files, nil) // of what was run before
	}
	j, err := newJudge(s, files)
	if err != nil {
		return err
	}
	defer j.close()
	var all []*score
	for _, t := range run {
		started := time.Now()
		out := filepath.Join(work, t.name)
		scores, err := j.judge(t, files, out)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		fmt.Fprintf(os.Stderr, "comparison: %s took %v\n", t.name, time.Since(started).Round(time.Second))
		all = append(all, scores...)
	}
	return publish(s, files, all)
}

// file is one input.
type file struct {
	path, name, format string
	number             int
}

func corpus(s *setup) ([]*file, error) {
	var list []*file
	for _, f := range formats {
		entries, err := os.ReadDir(filepath.Join(s.corpus, f))
		if err != nil {
			return nil, err
		}
		for i, e := range entries {
			if i%s.every == 0 && e.Type().IsRegular() {
				list = append(list, &file{path: filepath.Join(s.corpus, f, e.Name()), name: e.Name(), format: f, number: len(list)})
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no files in %s", s.corpus)
	}
	return slices.Clip(list), nil
}
