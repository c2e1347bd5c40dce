package main

import (
	"bytes"
	"encoding/xml"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlot(t *testing.T) {
	dir := t.TempDir()
	chart, out := filepath.Join(dir, "chart.csv"), filepath.Join(dir, "why.svg")
	if err := os.WriteFile(chart, []byte("size,bust (cm),hips\nS<&>,82-90,90-98\nM,90-98,98-106\nL,98+,106-114\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const body = `{"sex":"female","height_cm":168,"weight_kg":66,"age":38,"hips_cm":101}`
	var errs bytes.Buffer
	if code := run([]string{"-chart", chart, "-out", out}, strings.NewReader(body), &errs); code != 0 {
		t.Fatalf("%d: %s", code, errs.String())
	}
	svg, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			counts[e.Name.Local]++
		}
	}
	// A background, three sizes in two panels, four probabilities; a curve and its shade per panel.
	if counts["rect"] != 1+6+4 || counts["polyline"] != 2 || counts["polygon"] != 2 {
		t.Errorf("drawn: %v", counts)
	}
	for _, want := range []string{"Size M, ", ">bust<", ">measured<", ">estimated<", "S&lt;&amp;&gt;", ">none<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("%q is not in the picture", want)
		}
	}
	if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
		t.Error("a coordinate that is none")
	}
	painted := filepath.Join(dir, "why.png")
	if code := run([]string{"-chart", chart, "-out", painted}, strings.NewReader(body), &errs); code != 0 {
		t.Fatalf("%d: %s", code, errs.String())
	}
	f, err := os.Open(painted)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[color.NRGBA]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			seen[color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)]++
		}
	}
	if img.Bounds().Dx() != zoom*width || img.Bounds().Dy() != zoom*(top+2*panel+probBox) {
		t.Errorf("the PNG has %v", img.Bounds())
	}
	for name, want := range map[string]color.NRGBA{"paper": {255, 255, 255, 255}, "the size named": {0x2f, 0x6f, 0x4f, 255}, "other sizes": {0xd5, 0xdb, 0xe1, 255}, "the curve": {0xb4, 0x53, 0x2a, 255}, "text": {0x1f, 0x29, 0x33, 255}} {
		if seen[want] < 100 {
			t.Errorf("%s: %d pixels", name, seen[want])
		}
	}
	for name, args := range map[string][]string{
		"the picture is there": {"-chart", chart, "-out", out}, "no chart": {"-out", out + "2"}, "no such chart": {"-chart", chart + "2", "-out", out + "2"}, "no flag": {"-x"},
	} {
		if code := run(args, strings.NewReader(body), io.Discard); code != 1 {
			t.Errorf("%s: exit %d", name, code)
		}
	}
	for _, bad := range []string{"", "[]", `{"hieght_cm": 1}`, `{"sex": 3}`, `{"height_cm": 99999}`, `{"height_cm": true}`, `{"sex": "cat"}`} {
		if code := run([]string{"-chart", chart, "-out", out + "3"}, strings.NewReader(bad), io.Discard); code != 1 {
			t.Errorf("%q: exit %d", bad, code)
		}
	}
	if _, err := os.Stat(out + "3"); err == nil {
		t.Error("a refused body left a picture")
	}
}
