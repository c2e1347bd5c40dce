package sizing

import (
	"encoding/json"
	"math"
	"strconv"
)

// AppendJSON appends the estimates as one JSON object, for the shopper's own
// eyes: {"measurements": {"chest": {"mean_cm", "sd_cm", "lo95_cm", "hi95_cm",
// "source": "given" or "estimated"}, ...}, "warnings": [...]}. Millimetres are rounded.
func (e *Estimates) AppendJSON(b []byte) []byte {
	b = append(b, `{"measurements":{`...)
	first := true
	for m := range e.All() {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = strconv.AppendQuote(b, m.Name)
		b = append(b, `:{"mean_cm":`...)
		b = appendNumber(b, m.Mean, 1)
		b = append(b, `,"sd_cm":`...)
		b = appendNumber(b, m.SD, 2)
		b = append(b, `,"lo95_cm":`...)
		b = appendNumber(b, m.Lo95, 1)
		b = append(b, `,"hi95_cm":`...)
		b = appendNumber(b, m.Hi95, 1)
		if m.Given {
			b = append(b, `,"source":"given"}`...)
		} else {
			b = append(b, `,"source":"estimated"}`...)
		}
	}
	b = append(b, `},"warnings":`...)
	return append(appendWarnings(b, e.data().warnings), '}')
}

// AppendJSON appends the recommendation as one JSON object, for the shopper's
// own eyes: {"chart", "size", "confidence", "between", "sizes": [{"label", "p",
// "areas": [{"name", "fit", "ease_cm"}]}], "none", "warnings"}.
func (r *Recommendation) AppendJSON(b []byte) []byte {
	b = append(b, `{"chart":`...)
	b = appendText(b, r.Chart)
	b = append(b, `,"size":`...)
	b = appendText(b, r.Size)
	b = append(b, `,"confidence":`...)
	b = appendNumber(b, r.Confidence, 3)
	b = append(b, `,"between":[`...)
	if r.Between[0] != "" {
		b = appendText(b, r.Between[0])
		b = append(b, ',')
		b = appendText(b, r.Between[1])
	}
	b = append(b, `],"sizes":[`...)
	for i := range r.Sizes {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.Sizes[i].appendJSON(b)
	}
	b = append(b, `],"none":`...)
	b = appendNumber(b, r.None, 4)
	b = append(b, `,"warnings":`...)
	return append(appendWarnings(b, r.Warnings), '}')
}

func (s *SizeFit) appendJSON(b []byte) []byte {
	b = append(b, `{"label":`...)
	b = appendText(b, s.Label)
	b = append(b, `,"p":`...)
	b = appendNumber(b, s.P, 4)
	b = append(b, `,"areas":[`...)
	for i, a := range s.Areas {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = strconv.AppendQuote(b, a.Name)
		b = append(b, `,"fit":"`...)
		b = append(b, a.Fit...)
		b = append(b, `","ease_cm":`...)
		b = appendNumber(b, float64(a.Ease), 1)
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

// appendText quotes text from a chart, whose bytes are the retailer's.
func appendText(b []byte, s string) []byte {
	q, err := json.Marshal(s)
	if err != nil { // a string always marshals
		return append(b, `""`...)
	}
	return append(b, q...)
}

func appendNumber(b []byte, v float64, digits int) []byte {
	scale := math.Pow10(digits)
	v = math.Round(v*scale) / scale
	return strconv.AppendFloat(b, v+0, 'f', -1, 64) // +0: no "-0"
}

func appendWarnings(b []byte, list []Warning) []byte {
	if list == nil {
		list = []Warning{}
	}
	q, err := json.Marshal(list)
	if err != nil { // codes and fixed texts always marshal
		return append(b, "[]"...)
	}
	return append(b, q...)
}
