package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// rivals are the columns of README's table: what stands over them, and the job.
var rivals = [][2]string{{"`cat`", "/cat"}, {"exiftool, batch of 20", "/exiftool"}, {"exiv2", "/exiv2"}, {"jpegtran", ""}}

// tableHead begins the table, and so finds it.
const tableHead = "| ours against |"

// writeTable puts the strip jobs of a file of JSON lines into README, or prints
// them where no file is given.
func writeTable(results, readme string) error {
	text, err := os.ReadFile(results)
	if err != nil {
		return err
	}
	lines := map[string]*line{}
	for in := json.NewDecoder(strings.NewReader(string(text))); in.More(); {
		l := &line{}
		if err := in.Decode(l); err != nil {
			return fmt.Errorf("%s: %w", results, err)
		}
		lines[l.Job] = l
	}
	table := stripTable(lines)
	if readme == "" {
		fmt.Print(table)
		return nil
	}
	page, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), "\n"+tableHead)
	if !found {
		return fmt.Errorf("%s has no line that begins with %q", filepath.Base(readme), tableHead)
	}
	_, after, _ := strings.Cut(rest, "\n\n")
	return os.WriteFile(readme, []byte(before+"\n"+table+"\n"+after), 0o644)
}

// stripTable has a row for each format: our time for its files and, for each rival,
// what part of the rival's that is.
func stripTable(lines map[string]*line) string {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, r := range rivals {
		b.WriteString(" " + r[0] + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(rivals)) + "\n")
	for _, format := range stripFormats {
		first, cells := "", ""
		for _, r := range rivals {
			l := lines["strip/"+format+r[1]]
			if l == nil {
				cells += " – |"
				continue
			}
			cells += " " + times(l.Ratio) + " |"
			if first == "" {
				first = fmt.Sprintf("| %s, %d files, %.1f MB: %.1f ms |", titles[format], l.Files, float64(l.Bytes)/1e6, l.Ours)
			}
		}
		if first != "" {
			b.WriteString(first + cells + "\n")
		}
	}
	return b.String()
}

var titles = map[string]string{"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "gif": "GIF", "tiff": "TIFF", "heic": "HEIC", "avif": "AVIF"}

// times writes a ratio with two digits that tell something.
func times(ratio float64) string {
	switch {
	case ratio >= 10:
		return fmt.Sprintf("%.0f ×", ratio)
	case ratio >= 1:
		return fmt.Sprintf("%.1f ×", ratio)
	case ratio >= 0.1:
		return fmt.Sprintf("%.2f ×", ratio)
	}
	return fmt.Sprintf("%.3f ×", ratio)
}
