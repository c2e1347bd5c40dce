package person_test

import (
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

// The labelled photos belong to others and are not in this module. TestAccuracy
// finds them at ../shared/photos beside the module's root, or at
// $FITVEIL_SHARED/photos, and takes every eleventh of a kind. With
// FITVEIL_ACCURACY=full it takes all of them and writes what it found:
//
//	FITVEIL_ACCURACY=full go test ./detect/person -run TestAccuracy -timeout 90m \
//		-report ../../bench/results/detect-accuracy-2026-11-22.md
var report = flag.String("report", "", "`file` to which TestAccuracy writes its tables, as Markdown")

// every is the step of the short run.
const every = 11

// A photo is a row of labels.csv.
type photo struct {
	file, kind string
	people     int // 0 where nobody counted them
}

// A finding is what the detector said of a photo.
type finding struct {
	photo
	scene *detect.Scene
	took  time.Duration // decoding included
}

func TestAccuracy(t *testing.T) {
	shared := os.Getenv("FITVEIL_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(shared, "photos")
	if _, err := os.Stat(dir); err != nil {
		const how = "no labelled photos at ../shared/photos beside the module's root; set FITVEIL_SHARED to the folder that holds photos/labels.csv"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	step := every
	if os.Getenv("FITVEIL_ACCURACY") == "full" {
		step = 1
	}
	var found []finding
	for _, p := range labelled(t, dir, step) {
		found = append(found, examine(t, dir, p))
	}
	a := tally(found)
	t.Log("\n" + a.tables())
	a.judge(t)
	if *report != "" {
		if err := os.WriteFile(*report, []byte(a.report(step)), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// labelled reads labels.csv and takes every step-th photo of each kind.
func labelled(t *testing.T, dir string, step int) []photo {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"file", "has_person", "n_persons", "kind", "source"}; !slices.Equal(rows[0], want) {
		t.Fatalf("labels.csv has the columns %v, want %v", rows[0], want)
	}
	seen := map[string]int{}
	var photos []photo
	for _, row := range rows[1:] {
		p := photo{file: row[0], kind: row[3]}
		if row[2] != "" {
			if p.people, err = strconv.Atoi(row[2]); err != nil {
				t.Fatal(err)
			}
		}
		if seen[p.kind]%step == 0 {
			photos = append(photos, p)
		}
		seen[p.kind]++
	}
	return photos
}

// examine takes the way of an upload: Sanitize, Screen, and the scene from the
// proof or from the refusal.
func examine(t *testing.T, dir string, p photo) finding {
	t.Helper()
	d := detector(t)
	f, err := os.Open(filepath.Join(dir, p.file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	start := time.Now()
	clean, err := imageproc.Sanitize(t.Context(), f, nil)
	if err != nil {
		t.Fatalf("%s: %v", p.file, err)
	}
	s, err := detect.Screen(t.Context(), d, clean, detect.NoPeople(), nil)
	took := time.Since(start)
	if err == nil {
		return finding{p, s.Scene(), took}
	}
	var refusal *detect.PolicyError
	if !errors.As(err, &refusal) {
		t.Fatalf("%s: %v", p.file, err)
	}
	return finding{p, refusal.Scene, took}
}

// judge fails the test where the detector is worse than it must be.
func (a *accuracy) judge(t *testing.T) {
	t.Helper()
	pos, rooms := a.kinds["pos"], a.kinds["neg-interior"]
	if len(pos) == 0 || len(rooms) == 0 || len(a.singles) == 0 || len(a.groups) == 0 {
		t.Fatal("a kind of photo is missing")
	}
	if n := firing(pos, threshold); float64(n) < 0.99*float64(len(pos)) {
		t.Errorf("somebody found in %d of %d photos of people, want 99 %%", n, len(pos))
	}
	if n := firing(rooms, threshold); n > 1 {
		t.Errorf("somebody found in %d of %d empty rooms, want at most 1", n, len(rooms))
	}
	if n := passing(a.singles, detect.OnePerson()); float64(n) < 0.95*float64(len(a.singles)) {
		t.Errorf("OnePerson passes %d of %d photos of one person, want 95 %%", n, len(a.singles))
	}
	if n := passing(a.groups, detect.OnePerson()); float64(n) > 0.15*float64(len(a.groups)) {
		t.Errorf("OnePerson passes %d of %d photos of two to four, want at most 15 %%", n, len(a.groups))
	}
	if n := passing(pos, detect.NoPeople()); n > 0 {
		t.Errorf("NoPeople passes %d photos of people", n)
	}
}
