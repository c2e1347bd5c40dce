// Command plot draws what bench/compare has measured.
//
//	cd bench/plot && go run . ../results/compare-detect-2026-11-23.jsonl > ../results/compare-detect-2026-11-23.svg
//
// Every job is a bar: our time as a part of the rival's, on a logarithmic scale,
// with its 95 % interval. Bars that end left of the line at 1 are jobs done in
// less time.
package main

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"strings"
)

// result is a line of bench/compare.
type result struct {
	Job   string  `json:"job"`
	Rival string  `json:"rival"`
	Ratio float64 `json:"ratio"`
	Lo    float64 `json:"ratio_lo"`
	Hi    float64 `json:"ratio_hi"`
	CPU   string  `json:"cpu"`
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: plot RESULTS.jsonl > PLOT.svg")
	}
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	results, err := read(file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(draw(results))
}

// read skips lines that begin with #, notes of whoever measured.
func read(r io.Reader) (list []result, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if text := lines.Text(); text != "" && !strings.HasPrefix(text, "#") {
			var one result
			if err := json.Unmarshal([]byte(text), &one); err != nil {
				return nil, err
			}
			if !(0 < one.Lo && one.Lo <= one.Ratio && one.Ratio <= one.Hi) {
				return nil, fmt.Errorf("%s: ratios %v, %v, %v are not in order", one.Job, one.Lo, one.Ratio, one.Hi)
			}
			list = append(list, one)
		}
	}
	if len(list) == 0 {
		return nil, errors.Join(lines.Err(), errors.New("no results"))
	}
	return list, lines.Err()
}

const (
	width, left, right = 900, 190, 30
	top, row           = 46, 34
)

// scale is the horizontal axis.
type scale struct{ least, most float64 }

func (s scale) at(v float64) float64 {
	return left + (width-left-right)*math.Log(v/s.least)/math.Log(s.most/s.least)
}

// draw is the SVG.
func draw(results []result) string {
	s := scale{1, 1}
	for _, r := range results {
		s.least, s.most = min(s.least, r.Lo), max(s.most, r.Hi)
	}
	s.least, s.most = s.least/1.15, s.most*1.25
	height := top + row*len(results) + 34
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	text(&b, 10, 20, "start", "black", "Our time as a part of the rival's, "+results[0].CPU)
	for _, tick := range []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5} {
		if tick < s.least || tick > s.most {
			continue
		}
		colour := "#dddddd"
		if tick == 1 {
			colour = "#c0392b"
		}
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s"/>`+"\n", s.at(tick), s.at(tick), top-12, height-26, colour)
		text(&b, s.at(tick), float64(height-10), "middle", "#555555", fmt.Sprint(tick))
	}
	for i, r := range results {
		y := float64(top + row*i)
		text(&b, left-8, y+12, "end", "black", r.Job)
		x := s.at(r.Ratio)
		fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="%.1f" height="14" fill="#4a7fb0"/>`+"\n", left, y, x-left)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="black"/>`+"\n", s.at(r.Lo), s.at(r.Hi), y+7, y+7)
		text(&b, s.at(r.Hi)+6, y+12, "start", "black", fmt.Sprintf("%.3g", r.Ratio))
		text(&b, left+2, y+26, "start", "#777777", r.Rival)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func text(b *strings.Builder, x, y float64, anchor, colour, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">`, x, y, anchor, colour)
	_ = xml.EscapeText(b, []byte(s)) // a Builder takes everything
	b.WriteString("</text>\n")
}
