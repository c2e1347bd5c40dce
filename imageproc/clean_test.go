package imageproc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

func phonePhoto(tb testing.TB) []byte {
	return withSegments(mustJPEG(tb, corner()), exifSegment(phoneExif(6, 0)), xmpSegment(0))
}

func TestCleanZero(t *testing.T) {
	var null *imageproc.Clean
	for name, c := range map[string]*imageproc.Clean{"nil": null, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			if !c.IsZero() || c.Bytes() != nil || c.Report() != nil || c.Format() != imageproc.Unknown ||
				c.Bounds() != (image.Rectangle{}) || c.SHA256() != [32]byte{} {
				t.Error("a zero Clean proves something")
			}
			if b, err := io.ReadAll(c.Reader()); len(b) != 0 || err != nil {
				t.Errorf("Reader gives %d bytes, %v", len(b), err)
			}
			if _, err := c.Thumb(10); err == nil {
				t.Error("Thumb gives a picture")
			}
			if _, err := c.Image(nil); err == nil {
				t.Error("Image gives a picture")
			}
			if got := c.String(); got != "imageproc.Clean(zero)" {
				t.Errorf("String: %s", got)
			}
		})
	}
}

func TestCleanFacts(t *testing.T) {
	in := phonePhoto(t)
	c := sanitize(t, in, nil)
	if c.IsZero() || c.Format() != imageproc.JPEG || c.Bounds() != image.Rect(0, 0, 32, 48) {
		t.Errorf("got %v", c)
	}
	if c.SHA256() != sha256.Sum256(c.Bytes()) {
		t.Error("SHA256 is not the hash of Bytes")
	}
	if b, err := io.ReadAll(c.Reader()); err != nil || !bytes.Equal(b, c.Bytes()) {
		t.Errorf("Reader and Bytes differ: %v", err)
	}
	r := c.Report()
	if r.Format != imageproc.JPEG || r.Orientation != 6 || r.BytesIn != int64(len(in)) || r.BytesOut != int64(len(c.Bytes())) {
		t.Errorf("report %+v", r)
	}
	if out, _ := strip(t, in); !bytes.Equal(out, c.Bytes()) {
		t.Error("Strip and Sanitize give different bytes")
	}
}

// Nothing a caller gets is a way to change the picture behind the proof.
func TestCleanIsImmutable(t *testing.T) {
	c := sanitize(t, phonePhoto(t), nil)
	want := c.SHA256()
	clear(c.Bytes())
	thief := &grabber{}
	if _, err := io.Copy(thief, c.Reader()); err != nil {
		t.Fatal(err)
	}
	clear(thief.held)
	if _, ok := c.Reader().(io.WriterTo); ok {
		t.Error("Reader hands out its slice through WriteTo")
	}
	r := c.Report()
	r.Removed[0].Classes[0], r.Removed[0].Carrier = "changed", "changed"
	if got := c.Report().Removed[0]; got.Carrier == "changed" || got.Classes[0] == "changed" {
		t.Error("the report can be changed")
	}
	one, err := c.Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	clear(one.(*image.NRGBA).Pix)
	two, err := c.Image(nil)
	if err != nil {
		t.Fatal(err)
	}
	if samePixels(one, two) {
		t.Error("Image gives the same pixels twice")
	}
	if c.SHA256() != want || sha256.Sum256(c.Bytes()) != want {
		t.Error("the picture changed")
	}
}

// Many goroutines may use one Clean.
func TestCleanConcurrently(t *testing.T) {
	c := sanitize(t, phonePhoto(t), nil)
	want, err := c.Thumb(20)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				got, err := c.Thumb(20)
				if err != nil || !samePixels(got, want) || sha256.Sum256(c.Bytes()) != c.SHA256() || len(c.Report().Removed) != 2 {
					t.Errorf("one of many sees something else: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// grabber keeps the slice it is given, as no Writer may.
type grabber struct{ held []byte }

func (g *grabber) Write(p []byte) (int, error) {
	g.held = p
	return len(p), nil
}

func TestCleanPrintsNothing(t *testing.T) {
	c := sanitize(t, phonePhoto(t), nil)
	const want = "imageproc.Clean(jpeg 32x48)"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, c); got != want {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	hash := fmt.Sprintf("%x", c.SHA256())
	var shown strings.Builder
	for _, v := range []any{c, *c, struct{ c imageproc.Clean }{*c}, struct{ c *imageproc.Clean }{c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%q", "%t"} {
			fmt.Fprintf(&shown, verb, v)
		}
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("seen", "photo", c)
	if !strings.Contains(log.String(), want) {
		t.Errorf("log has %s", log.String())
	}
	j, err := json.Marshal(c)
	if err != nil || string(j) != `{"format":"jpeg","width":32,"height":48}` {
		t.Errorf("JSON %s, %v", j, err)
	}
	for _, s := range []string{shown.String(), log.String(), string(j)} {
		bytesInDecimal := fmt.Sprint(c.Bytes()[:8])
		if strings.Contains(s, hash) || strings.Contains(s, strings.Trim(bytesInDecimal, "[]")) || len(s) > 4000 {
			t.Errorf("prints too much: %.200s", s)
		}
	}
}

func TestCleanCannotBeDecoded(t *testing.T) {
	var c imageproc.Clean
	err := json.Unmarshal([]byte(`{"format":"jpeg","width":32,"height":48,"s":{"data":"AAAA"}}`), &c)
	if err == nil || !c.IsZero() {
		t.Errorf("JSON made a proof: %v", err)
	}
	real := sanitize(t, phonePhoto(t), nil)
	want := real.SHA256()
	if err := json.Unmarshal([]byte(`{}`), real); err == nil || real.SHA256() != want {
		t.Error("JSON changed a proof")
	}
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(real); err == nil {
		t.Error("gob encodes a proof")
	}
	if err := gob.NewDecoder(bytes.NewReader([]byte{3, 4, 0, 1})).Decode(&c); err == nil || !c.IsZero() {
		t.Error("gob made a proof")
	}
}

func TestSanitizeOptions(t *testing.T) {
	for name, o := range map[string]*imageproc.SanitizeOptions{
		"side": {MaxSide: -1}, "quality": {Quality: 101}, "low quality": {Quality: -1},
		"mark": {Mark: imageproc.Mark{DigitalSourceType: "made up"}},
	} {
		if _, err := imageproc.Sanitize(t.Context(), bytes.NewReader(phonePhoto(t)), o); !errors.Is(err, imageproc.ErrOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := imageproc.Sanitize(ctx, bytes.NewReader(phonePhoto(t)), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := sanitize(t, phonePhoto(t), nil).Thumb(0); !errors.Is(err, imageproc.ErrOption) {
		t.Errorf("thumb of no size: %v", err)
	}
}

func TestSanitizeMaxSide(t *testing.T) {
	big := noisy(301, 200)
	for name, file := range map[string][]byte{"jpeg": mustJPEG(t, big), "png": mustPNG(t, big)} {
		for side, want := range map[int]image.Point{1000: {301, 200}, 301: {301, 200}, 300: {300, 199}, 100: {100, 66}, 1: {1, 1}} {
			c := sanitize(t, file, &imageproc.SanitizeOptions{MaxSide: side})
			if got := c.Bounds().Size(); got != want || c.Format().String() != name {
				t.Errorf("%s to %d: %s of %v, want %v", name, side, c.Format(), got, want)
			}
			if got := decode(t, c.Bytes()).Bounds().Size(); got != want {
				t.Errorf("%s to %d: the file has %v, want %v", name, side, got, want)
			}
			if out, _ := strip(t, file); side >= 301 && !bytes.Equal(out, c.Bytes()) {
				t.Errorf("%s to %d: encoded again without need", name, side)
			}
			checkSettled(t, c.Bytes())
		}
	}
	fine := sanitize(t, mustJPEG(t, big), &imageproc.SanitizeOptions{MaxSide: 200, Quality: 98})
	coarse := sanitize(t, mustJPEG(t, big), &imageproc.SanitizeOptions{MaxSide: 200, Quality: 30})
	if len(fine.Bytes()) < 2*len(coarse.Bytes()) {
		t.Errorf("quality 98 gives %d bytes, quality 30 %d", len(fine.Bytes()), len(coarse.Bytes()))
	}
}
