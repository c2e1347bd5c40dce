package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// results is what is written as JSON.
type results struct {
	Date     string            `json:"date"`
	Files    int               `json:"files"`
	Every    map[string]int    `json:"every"` // one file of so many, for each tool
	Versions map[string]string `json:"versions"`
	Scores   []*score          `json:"scores"`
}

func publish(s *setup, files []*file, scores []*score) error {
	r := &results{Date: time.Now().UTC().Format(time.DateOnly), Files: len(files), Versions: versions(s), Scores: scores}
	if err := r.merge(s); err != nil {
		return err
	}
	if s.results != "" {
		text, err := json.MarshalIndent(r, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.results, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	page := r.page()
	if s.page == "" {
		fmt.Print(page)
		return nil
	}
	return os.WriteFile(s.page, []byte(page), 0o644)
}

// merge takes the scores of the tools that did not run from earlier results, the
// first of them that has one, and puts all in the order of tools.
func (r *results) merge(s *setup) error {
	r.Every = map[string]int{}
	for _, name := range r.tools() {
		r.Every[name] = s.every
	}
	for path := range strings.SplitSeq(s.merge, ",") {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		old := struct {
			Every  json.RawMessage `json:"every"` // a number in results of one run
			Scores []*score        `json:"scores"`
		}{}
		if err := json.Unmarshal(text, &old); err != nil {
			return err
		}
		one, each := 0, map[string]int{}
		if json.Unmarshal(old.Every, &one) != nil && json.Unmarshal(old.Every, &each) != nil {
			return fmt.Errorf("%s does not say of how many files it is", path)
		}
		there := r.tools()
		for _, sc := range old.Scores {
			if !slices.Contains(there, sc.Tool) {
				r.Scores = append(r.Scores, sc)
				r.Every[sc.Tool] = max(one, each[sc.Tool])
			}
		}
	}
	order := map[string]int{}
	for i, t := range tools(s) {
		order[t.name] = i
	}
	slices.SortStableFunc(r.Scores, func(a, b *score) int { return order[a.Tool] - order[b.Tool] })
	return nil
}

// versions asks each program for its own.
func versions(s *setup) map[string]string {
	v := map[string]string{}
	for name, args := range map[string][]string{
		"exiftool": {"exiftool", "-ver"}, "exiv2": {"exiv2", "--version"}, "jpegtran": {"jpegtran", "-version"}, "mat2": {"mat2", "--version"},
		"ImageMagick": {"convert-im6.q16", "-version"}, "vips": {"vips", "--version"},
		"sharp": {"node", "-e", "const s=require(process.argv[1]+'/node_modules/sharp');console.log(s.versions.sharp,'with libvips',s.versions.vips)", s.sharp},
	} {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err != nil && len(out) == 0 {
			continue
		}
		first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		v[name] = strings.TrimSpace(strings.TrimPrefix(first, "Version: "))
	}
	return v
}

func (r *results) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Stripping, side by side

Made by `+"`bench/comparison`"+` on %s from a run over %d real and malformed files of the corpus%s;
the counts lie in `+"`bench/results`"+`. Every tool was handed every file of the formats it knows, alone, and every
output was judged in the same way:

- **tags left**: exiftool still shows a tag that showing the picture does not take. Orientation, resolution, sizes and the like are
  not counted, nor is the colour profile.
- **parts left**: our own walker finds a segment, chunk, box or run of bytes that showing the picture does not take.
- **texts left**: a text value of the input's metadata, 8 bytes or more with 5 different ones, is still in the bytes, in UTF-8,
  Latin-1 or UTF-16. A malformed file that lays such a text inside what it calls its pixels counts, though no strip can part the two.
- **any left**: one of the three.
- **profile names**: the colour profile still has a description, a maker, a copyright or a date.
- **same pixels**: libvips decodes input and output to the same numbers, on every page. **Unreadable**: it decodes the input only.
- **turned right**, **colours right**: of the files with an orientation, and of the others with a colour profile, those that a viewer shows
  as before: upright and in sRGB at 32x32, 2 levels apart on average at most and 24 at one point.

"Refused" counts malformed files as well; what matters is the part of it in brackets, files that libvips decodes. A tool that fails on
a file and works in place leaves the original there.

## All formats together

`, r.Date, r.Files, r.fewer())
	tools := r.tools()
	head(&b, "tool")
	for _, t := range tools {
		sum := score{}
		for _, s := range r.Scores {
			if s.Tool == t {
				sum.add(s)
			}
		}
		row(&b, t, &sum)
	}
	for _, f := range formats {
		fmt.Fprintf(&b, "\n## %s\n\n", names[f])
		head(&b, "tool")
		for _, s := range r.Scores {
			if s.Format == f {
				row(&b, s.Tool, s)
			}
		}
	}
	b.WriteString("\n## What was run\n\n| tool | call | version |\n|---|---|---|\n")
	for _, t := range tools {
		for _, s := range r.Scores {
			if s.Tool == t {
				fmt.Fprintf(&b, "| %s | `%s` | %s |\n", t, s.How, r.Versions[strings.TrimSuffix(t, " rotate")])
				break
			}
		}
	}
	return b.String()
}

// fewer names the tools that were not handed all files.
func (r *results) fewer() string {
	var list strings.Builder
	for _, t := range r.tools() {
		if n := r.Every[t]; n > 1 {
			list.WriteString(fmt.Sprintf(", %s on one of %d", t, n))
		}
	}
	return list.String()
}

var names = map[string]string{"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "gif": "GIF", "tiff": "TIFF", "heic": "HEIC", "avif": "AVIF"}

// tools lists them in the order of the scores.
func (r *results) tools() (list []string) {
	for _, s := range r.Scores {
		if len(list) == 0 || list[len(list)-1] != s.Tool {
			list = append(list, s.Tool)
		}
	}
	return list
}

func (s *score) add(o *score) {
	for _, f := range []struct{ to, from *int }{
		{&s.Files, &o.Files},
		{&s.Refused, &o.Refused},
		{&s.Opened, &o.Opened},
		{&s.Missed, &o.Missed},
		{&s.Private, &o.Private},
		{&s.LeftTags, &o.LeftTags},
		{&s.LeftParts, &o.LeftParts},
		{&s.LeftBytes, &o.LeftBytes},
		{&s.Left, &o.Left},
		{&s.Names, &o.Names},
		{&s.Unreadable, &o.Unreadable},
		{&s.Same, &o.Same},
		{&s.Compared, &o.Compared},
		{&s.Turned, &o.Turned},
		{&s.TurnedOK, &o.TurnedOK},
		{&s.Profiled, &o.Profiled},
		{&s.ProfiledOK, &o.ProfiledOK},
	} {
		*f.to += *f.from
	}
}

func head(b *strings.Builder, first string) {
	fmt.Fprintf(b, "| %s | files | refused (decodable) | had private data | tags left | parts left | texts left | any left | profile names | "+
		"same pixels | unreadable | turned right | colours right |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n", first)
}

func row(b *strings.Builder, name string, s *score) {
	fmt.Fprintf(b, "| %s | %d | %d (%d) | %d | %d | %d | %d | %d | %d | %d/%d | %d | %d/%d | %d/%d |\n", name, s.Files, s.Refused, s.Missed,
		s.Private, s.LeftTags, s.LeftParts, s.LeftBytes, s.Left, s.Names, s.Same, s.Compared, s.Unreadable, s.TurnedOK, s.Turned, s.ProfiledOK, s.Profiled)
}
