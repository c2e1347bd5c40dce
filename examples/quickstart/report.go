package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/sizing"
	"github.com/fitveil/fitveil/tryon"
)

// report says what happened in words a shopkeeper knows.
type report struct {
	w           io.Writer
	start, last time.Time
}

func (r *report) title(format string, args ...any) {
	r.last = time.Now()
	fmt.Fprintf(r.w, format+"\n", args...)
}

// step prints a heading with the time the step took.
func (r *report) step(n int, name string) {
	now := time.Now()
	took := "under 1 ms"
	if d := now.Sub(r.last); d >= time.Millisecond {
		took = fmt.Sprintf("%d ms", d.Milliseconds())
	}
	fmt.Fprintf(r.w, "\n%d  %-58s %10s\n", n, name, took)
	r.last = now
}

func (r *report) line(format string, args ...any) { fmt.Fprintf(r.w, "   "+format+"\n", args...) }

// plain names the classes of metadata for people.
var plain = map[imageproc.Class]string{
	imageproc.Location:   "where it was taken",
	imageproc.Device:     "which device took it",
	imageproc.Person:     "who took it",
	imageproc.Time:       "when it was taken",
	imageproc.Thumbnail:  "a hidden smaller copy of the picture",
	imageproc.Comment:    "descriptions and comments",
	imageproc.Software:   "which software touched it",
	imageproc.Provenance: "marks of origin",
	imageproc.Other:      "technical extras",
}

func (r *report) removed(photo *imageproc.Clean) {
	rep := photo.Report()
	r.step(1, "Metadata removed, picture unchanged")
	if len(rep.Removed) == 0 {
		r.line("There was nothing to remove.")
	}
	total := 0
	var classes []imageproc.Class
	for _, f := range rep.Removed {
		total += f.Bytes
		classes = append(classes, f.Classes...)
		r.line("- %-24s %8s", f.Carrier, bytesText(int64(f.Bytes)))
	}
	slices.Sort(classes)
	for _, c := range slices.Compact(classes) {
		r.line("  it said: %s", plain[c])
	}
	r.line("%s came in, %s of it was not picture; %s went on.", bytesText(rep.BytesIn), bytesText(int64(total)), bytesText(rep.BytesOut))
}

func (r *report) seen(s *detect.Screened) {
	scene := s.Scene()
	r.step(2, "One person found, shoulders visible")
	visible := 0
	for _, k := range scene.People[0].Keypoints {
		if k.Score >= s.Policy().KeypointScore {
			visible++
		}
	}
	r.line("Sure that somebody is there: %.0f %%. Points of the body seen: %d of %d.", 100*scene.Presence, visible, detect.NumKeypoints)
	r.line("A photo of nobody, or of a group, would have been refused here.")
}

func (r *report) agreed(before consent.Decision, receipt *consent.Receipt) {
	r.step(3, "Consent recorded")
	r.line("Before: %s. Now: %s.", before.Reason.Text(), consent.Granted.Text())
	r.line("The shopper's receipt is signed and was verified without the ledger (%d bytes).", len(receipt.Bytes()))
}

func (r *report) size(rec *sizing.Recommendation) {
	r.step(4, "Size recommended")
	if rec.Size == "" {
		r.line("No size of this chart fits.")
	} else {
		r.line("Size %s, %.0f %% sure.", rec.Size, 100*rec.Confidence)
	}
	for _, s := range rec.Sizes {
		var areas []string
		for _, a := range s.Areas {
			name := strings.ReplaceAll(a.Name, "_", " ")
			areas = append(areas, fmt.Sprintf("%s %s (%+.0f cm)", name, a.Fit, float64(a.Ease)))
		}
		r.line("%-4s %4.0f %%  %-20s  %s", s.Label, 100*s.P, strings.Repeat("#", int(20*s.P+0.5)), strings.Join(areas, ", "))
	}
	for _, w := range rec.Warnings {
		r.line("note: %s", w.Text)
	}
}

func (r *report) worn(result *tryon.Result) {
	r.step(5, "T-shirt drawn on the photo")
	r.line("By the %s backend, on this machine; the photo went nowhere.", result.Backend)
	for _, m := range result.Marks {
		r.line("Marked as %s.", m.Value[strings.LastIndex(m.Value, "/")+1:])
	}
	for _, w := range result.Warnings {
		r.line("note: %s", w.Text)
	}
}

func (r *report) erased(e consent.Erased) {
	r.step(6, "Consent withdrawn, ledger erased")
	r.line("A second try-on was refused: %s.", consent.Withdrawn.Text())
	r.line("%d entries about this shopper were erased, and the ledger file is deleted.", e.Events)
}

func (r *report) done(dir string) {
	fmt.Fprintf(r.w, "\nDone in %s. Pictures in %s: 1-clean, 2-person, 3-tryon, 4-before-after.\n", time.Since(r.start).Round(10*time.Millisecond), dir)
	fmt.Fprintln(r.w, "They and the shopper's receipt, consent-receipt.json, stay there until you delete them.")
}

func bytesText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
