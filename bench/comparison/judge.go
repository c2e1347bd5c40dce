package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode/utf16"

	"github.com/fitveil/fitveil/imageproc"
)

// score counts what became of the files of one format.
type score struct {
	Tool       string `json:"tool"`
	How        string `json:"how"`
	Format     string `json:"format"`
	Files      int    `json:"files"`
	Refused    int    `json:"refused"`
	Opened     int    `json:"opened"`          // files that libvips decodes
	Missed     int    `json:"opened_refused"`  // and the tool refused
	Private    int    `json:"had_private"`     // handled files in which exiftool saw private data
	LeftTags   int    `json:"left_tags"`       // outputs in which it still does
	LeftParts  int    `json:"left_parts"`      // outputs in which our walker finds parts that showing the picture does not take
	LeftBytes  int    `json:"left_bytes"`      // outputs that hold a text of the input's metadata
	Left       int    `json:"left"`            // any of the three
	Names      int    `json:"left_names"`      // outputs whose colour profile has texts, dates or makers
	Unreadable int    `json:"unreadable"`      // outputs that libvips does not decode, of inputs that it does
	Same       int    `json:"same_pixels"`     // outputs with the same pixels on every page
	Compared   int    `json:"compared_pixels"` // outputs that could be compared
	Turned     int    `json:"turned"`          // files with an orientation, and with it
	TurnedOK   int    `json:"turned_ok"`       // those that are shown as before
	Profiled   int    `json:"profiled"`        // files with a colour profile that is not turned
	ProfiledOK int    `json:"profiled_ok"`     // those that are shown as before
}

// sight is what libvips makes of a file.
type sight struct {
	OK          bool   `json:"ok"`
	Hash        string `json:"hash"`
	Orientation int    `json:"orientation"`
	ICC         int    `json:"icc"`
	Wide        int    `json:"wide"`
	High        int    `json:"high"`
	Shown       string `json:"shown"` // 32x32 pixels in sRGB, base64
}

// known is what is known of an input.
type known struct {
	sight
	private bool
	texts   [][]byte // of its metadata, in each encoding
}

type judge struct {
	node *nodeProcess
	tags *tagReader
	in   []*known
}

func newJudge(s *setup, files []*file) (*judge, error) {
	if _, err := exec.LookPath("exiftool"); err != nil {
		return nil, errors.New("exiftool judges: apt-get install libimage-exiftool-perl")
	}
	if _, err := os.Stat(filepath.Join(s.sharp, "node_modules", "sharp")); s.sharp == "" || err != nil {
		return nil, errors.New("sharp judges: npm install sharp, and give the folder with -sharp")
	}
	j := &judge{node: &nodeProcess{folder: s.sharp}, tags: &tagReader{}}
	for _, f := range files {
		seen, err := j.look(f.path, f.format)
		if err != nil {
			return nil, err
		}
		k := &known{sight: *seen}
		list := j.tags.read(f.path)
		for name, value := range list {
			if !private(name, value) {
				continue
			}
			k.private = true
			if text, ok := value.(string); ok {
				k.texts = append(k.texts, encodings(text)...)
			}
		}
		j.in = append(j.in, k)
	}
	return j, nil
}

func (j *judge) close() {
	j.node.close()
	j.tags.process.close()
}

// encodings gives a text in UTF-8, Latin-1 and UTF-16 if it is long and varied
// enough not to occur by chance.
func encodings(text string) [][]byte {
	text = strings.Trim(text, " \x00")
	distinct := map[byte]bool{}
	for i := range len(text) {
		distinct[text[i]] = true
	}
	if len(text) < 8 || len(distinct) < 5 || strings.HasPrefix(text, "(Binary data") {
		return nil
	}
	var latin, little, big []byte
	for _, r := range text {
		latin = append(latin, byte(r))
	}
	for _, u := range utf16.Encode([]rune(text)) {
		little = append(little, byte(u), byte(u>>8))
		big = append(big, byte(u>>8), byte(u))
	}
	return [][]byte{[]byte(text), latin, little, big}
}

// judge has a tool strip every file and looks at what came out.
func (j *judge) judge(t *tool, files []*file, folder string) ([]*score, error) {
	if t.close != nil {
		defer t.close()
	}
	byFormat := map[string]*score{}
	var scores []*score
	for _, f := range t.formats {
		byFormat[f] = &score{Tool: t.name, How: t.how, Format: f}
		scores = append(scores, byFormat[f])
		if err := os.MkdirAll(filepath.Join(folder, f), 0o700); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		sc := byFormat[f.format]
		if sc == nil {
			continue
		}
		out := filepath.Join(folder, f.format, f.name)
		switch err := t.strip(f.path, out); {
		case errors.Is(err, errRefused):
			sc.refuse(j.in[f.number])
		case err != nil:
			return nil, err
		default:
			if err := j.look1(sc, f, out); err != nil {
				return nil, err
			}
		}
	}
	return scores, nil
}

func (sc *score) refuse(in *known) {
	sc.Files++
	sc.Refused++
	if in.OK {
		sc.Opened++
		sc.Missed++
	}
}

// look1 judges one output.
func (j *judge) look1(sc *score, f *file, out string) error {
	in := j.in[f.number]
	data, err := os.ReadFile(out)
	if errors.Is(err, os.ErrNotExist) {
		sc.refuse(in) // some tools fail without a word
		return nil
	}
	if err != nil {
		return err
	}
	sc.Files++
	if in.OK {
		sc.Opened++
	}
	sc.leaks(in, data, j.tags.read(out))
	return j.shows(sc, in, f, out)
}

// leaks counts what private data is left.
func (sc *score) leaks(in *known, data []byte, tags map[string]any) {
	left, names := false, false
	for name, value := range tags {
		left = left || private(name, value)
		names = names || profileName(name, value)
	}
	parts := false
	if r, err := imageproc.Inspect(bytes.NewReader(data), nil); err == nil {
		for _, found := range r.Removed {
			parts = parts || found.Carrier != "ICC profile"
		}
	}
	hit := false
	for _, text := range in.texts {
		hit = hit || bytes.Contains(data, text)
	}
	count(&sc.Private, in.private)
	count(&sc.LeftTags, left)
	count(&sc.LeftParts, parts)
	count(&sc.LeftBytes, hit)
	count(&sc.Left, left || parts || hit)
	count(&sc.Names, names)
}

// shows counts how the output looks.
func (j *judge) shows(sc *score, in *known, f *file, out string) error {
	if !in.OK {
		return nil
	}
	seen, err := j.look(out, f.format)
	if err != nil {
		return err
	}
	if !seen.OK {
		sc.Unreadable++
		return nil
	}
	sc.Compared++
	count(&sc.Same, in.Hash == seen.Hash)
	same := in.Wide == seen.Wide && in.High == seen.High && alike(in.Shown, seen.Shown)
	if in.Orientation != 1 {
		sc.Turned++
		count(&sc.TurnedOK, same)
	} else if in.ICC > 0 {
		sc.Profiled++
		count(&sc.ProfiledOK, same)
	}
	return nil
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

// alike compares two small pictures: 2 levels apart on average, and 24 at one
// point, are the losses of an encoder.
func alike(a, b string) bool {
	p, err := base64.StdEncoding.DecodeString(a)
	q, err2 := base64.StdEncoding.DecodeString(b)
	if err != nil || err2 != nil || len(p) != len(q) || len(p) == 0 {
		return false
	}
	sum, most := 0, 0
	for i := range p {
		d := int(p[i]) - int(q[i])
		d = max(d, -d)
		sum, most = sum+d, max(most, d)
	}
	return sum <= 2*len(p) && most <= 24
}

// look asks libvips; sharp's build of it can't decode HEVC, so for that it is
// the one of the program.
func (j *judge) look(path, format string) (*sight, error) {
	if format == "heic" {
		return lookHEIC(path), nil
	}
	s := &sight{}
	return s, j.node.ask(map[string]any{"do": "look", "in": path}, s)
}

func lookHEIC(path string) *sight {
	folder, err := os.MkdirTemp("", "heic")
	if err != nil {
		return &sight{}
	}
	defer func() { _ = os.RemoveAll(folder) }() // a temporary folder
	// Of the file itself vipsthumbnail would show the thumbnail that is in it; what was
	// decoded is turned already.
	whole, raw, small := filepath.Join(folder, "x.v"), filepath.Join(folder, "x.raw"), filepath.Join(folder, "x.ppm")
	if command("vips", "copy", path, whole) != nil || command("vips", "rawsave", whole, raw) != nil ||
		command("vipsthumbnail", whole, "--no-rotate", "--size", "32x32!", "--export-profile", "srgb", "-o", small) != nil {
		return &sight{}
	}
	pixels, err := os.ReadFile(raw)
	shown, err2 := os.ReadFile(small)
	if err != nil || err2 != nil {
		return &sight{}
	}
	sum := sha256.Sum256(pixels)
	s := &sight{OK: true, Hash: hex.EncodeToString(sum[:]), Orientation: 1, Shown: base64.StdEncoding.EncodeToString(shown)}
	if exec.Command("vipsheader", "-f", "icc-profile-data", path).Run() == nil {
		s.ICC = 1
	}
	return s
}
