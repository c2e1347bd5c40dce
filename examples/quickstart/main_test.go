package main

import (
	"bytes"
	"errors"
	"image"
	"image/color/palette"
	"image/draw"
	"image/gif"
	_ "image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/examples/quickstart/assets"
	"github.com/fitveil/fitveil/imageproc"
)

// listing is what lies in dir, in order.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestPortrait(t *testing.T) {
	dir, tmp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var said strings.Builder
	if err := run(t.Context(), &said, "", dir); err != nil {
		t.Fatal(err)
	}
	want := []string{"1-clean.jpeg", "2-person.png", "3-tryon.jpeg", "4-before-after.png", "consent-receipt.json"}
	if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
		t.Error(diff)
	}
	for _, s := range []string{
		"the bundled portrait",
		"it said: where it was taken",
		"One person found",
		"Before: the person was never asked. Now: the person agreed, and still does.",
		"Size M, ",
		"T-shirt drawn on the photo",
		"Marked as algorithmicallyEnhanced.",
		"A second try-on was refused: the person took their consent back.",
		"2 entries about this shopper were erased, and the ledger file is deleted.",
		"stay there until you delete them",
	} {
		if !strings.Contains(said.String(), s) {
			t.Errorf("the report does not say %q:\n%s", s, said.String())
		}
	}
	if left := listing(t, tmp); len(left) > 0 {
		t.Errorf("left in the temporary folder: %v", left)
	}

	after, err := os.ReadFile(filepath.Join(dir, "1-clean.jpeg"))
	if err != nil {
		t.Fatal(err)
	}
	if !located(t, assets.Portrait) {
		t.Error("the portrait has no place to remove; the test proves nothing")
	}
	if located(t, after) {
		t.Error("1-clean still says where it was taken")
	}
}

// located reports whether a picture says where it was taken.
func located(t *testing.T, data []byte) bool {
	t.Helper()
	rep, err := imageproc.Inspect(bytes.NewReader(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(rep.Removed, func(f imageproc.Finding) bool {
		return slices.Contains(f.Classes, imageproc.Location)
	})
}

// TestRefused: what an earlier run left of somebody else is gone, what is not
// ours stays.
func TestRefused(t *testing.T) {
	for _, q := range []struct {
		name, photo, says string
		is                error
		leaves            []string
	}{
		{"nobody", "assets/tee.png", detect.ReasonNobody.Text(), detect.ErrNobody, []string{"1-clean.png"}},
		{"no picture", "main.go", "The file is no picture we know. Please send a JPEG", imageproc.ErrFormat, nil},
		{"another format", "", "not handled. Please send a JPEG", imageproc.ErrUnsupported, nil},
	} {
		t.Run(q.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"1-clean.jpeg", "2-person.png", "3-tryon.jpeg", "4-before-after.png", "consent-receipt.json", "mine.txt"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("somebody else"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(dir, "3-tryon.png"), 0o755); err != nil {
				t.Fatal(err)
			}
			if q.photo == "" {
				q.photo = filepath.Join(t.TempDir(), "photo.psd")
				if err := os.WriteFile(q.photo, append([]byte("8BPS\x00"), make([]byte, 100)...), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var said strings.Builder
			err := run(t.Context(), &said, q.photo, dir)
			if !errors.Is(err, q.is) || !strings.Contains(err.Error(), "this photo can't be used. ") || !strings.Contains(err.Error(), q.says) {
				t.Errorf("got %v, want %v and %q", err, q.is, q.says)
			}
			want := append(slices.Clone(q.leaves), "3-tryon.png", "mine.txt")
			if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOwnPicture: a photo that would be overwritten is not taken.
func TestOwnPicture(t *testing.T) {
	dir := t.TempDir()
	photo := filepath.Join(dir, "1-clean.png")
	if err := os.WriteFile(photo, []byte("a photo"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), &strings.Builder{}, photo, dir); err == nil || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("got %v", err)
	}
	if got, _ := os.ReadFile(photo); string(got) != "a photo" {
		t.Error("the photo was touched")
	}
}

// TestGIF: the formats the refusals name do work.
func TestGIF(t *testing.T) {
	img, _, err := image.Decode(bytes.NewReader(assets.Portrait))
	if err != nil {
		t.Fatal(err)
	}
	p := image.NewPaletted(img.Bounds(), palette.Plan9)
	draw.FloydSteinberg.Draw(p, p.Bounds(), img, img.Bounds().Min)
	var b bytes.Buffer
	if err := gif.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	photo := filepath.Join(t.TempDir(), "photo.gif")
	if err := os.WriteFile(photo, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), &strings.Builder{}, photo, t.TempDir()); err != nil {
		t.Error(err)
	}
}
