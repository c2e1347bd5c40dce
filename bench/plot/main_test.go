package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

const lines = `# measured somewhere
{"job":"a/b","rival":"<the other>","ratio":0.5,"ratio_lo":0.4,"ratio_hi":0.7,"cpu":"x & y"}
{"job":"c","rival":"d","ratio":1.5,"ratio_lo":1.4,"ratio_hi":1.7,"cpu":"x & y"}
`

func TestDraw(t *testing.T) {
	results, err := read(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	svg := draw(results)
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"a/b", "&lt;the other&gt;", ">0.5<", ">1.5<", "x &amp; y"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "{", `{"job":"a","ratio":0.5,"ratio_lo":0.6,"ratio_hi":0.7}`} {
		if _, err := read(strings.NewReader(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
