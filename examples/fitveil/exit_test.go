package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestExitStatus: 1 for what the disk or the arguments did, else 2 for a refusal.
func TestExitStatus(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	picture, err := os.ReadFile("../quickstart/assets/tee.png")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"good.png": picture, "bad.png": []byte("no"), "mixed/a.png": picture, "mixed/b.png": []byte("no")} {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []struct {
		name string
		args []string
		want int
	}{
		{"done", []string{"strip", at("good.png"), at("out.png")}, 0},
		{"refused", []string{"strip", at("bad.png"), at("out.png")}, 2},
		{"missing", []string{"strip", at("none.png"), at("out.png")}, 1},
		{"onto a directory", []string{"strip", at("good.png"), at("mixed")}, 1},
		{"refused, onto a directory", []string{"strip", at("bad.png"), at("mixed")}, 1},
		{"good and refused", []string{"strip", "-json-lines", "-o", at("res"), at("mixed")}, 2},
		{"refused, then missing", []string{"strip", "-json-lines", "-o", at("res"), at("mixed"), at("none.png")}, 1},
		{"missing, then refused", []string{"inspect", at("none.png"), at("bad.png"), at("good.png")}, 1},
		{"output can't be made", []string{"strip", "-o", at("good.png"), at("bad.png")}, 1},
		{"tryon onto a directory", []string{"tryon", "-photo", at("good.png"), "-item", at("good.png"), "-out", at("mixed")}, 1},
		{"chart that is none", []string{"size", "-chart", at("good.png")}, 2},
		{"no ledger", []string{"consent", "-db", at("none.db"), "check", "-subject", "s", "-purpose", "sizing"}, 1},
	} {
		t.Run(q.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if got := run(q.args, strings.NewReader(""), &out, &errs); got != q.want {
				t.Errorf("got %d, want %d; printed %q and %q", got, q.want, out.String(), errs.String())
			}
		})
	}
}

// unreadable is a file system with a directory that can't be listed.
type unreadable struct{ fstest.MapFS }

var errDisk = errors.New("disk error")

func (u unreadable) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "b" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errDisk}
	}
	return u.MapFS.ReadDir(name)
}

func TestWalkGoesOn(t *testing.T) {
	files := walk(unreadable{fstest.MapFS{
		"a/1.jpg": {},
		"b/2.jpg": {},
		"c.jpg":   {Mode: fs.ModeNamedPipe},
		"d.jpg":   {},
	}}, "in")
	type listed struct{ Path, Rel, Err string }
	var got []listed
	for _, f := range files {
		l := listed{filepath.ToSlash(f.path), filepath.ToSlash(f.rel), ""}
		if f.err != nil {
			l.Err = f.err.Error()
		}
		got = append(got, l)
	}
	want := []listed{
		{"in/a/1.jpg", "a/1.jpg", ""},
		{"in/b", "b", "open b: disk error"},
		{"in/c.jpg", "c.jpg", "not a regular file"},
		{"in/d.jpg", "d.jpg", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
