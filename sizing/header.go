package sizing

import (
	"slices"
	"strings"
	"unicode"
)

// headerNames maps what charts call a measurement, lower case and stripped of
// units, bounds and the words of fillers, to its name.
var headerNames = map[string]string{
	"height": "height", "stature": "height", "tall": "height",
	"chest": "chest", "chest bust": "chest", "bust chest": "chest",
	"bust": "bust", "underbust": "underbust", "under bust": "underbust", "rib cage": "underbust", "ribcage": "underbust",
	"waist": "waist", "natural waist": "waist_natural", "waist natural": "waist_natural",
	"hip": "hips", "hips": "hips", "seat": "hips", "low hip": "hips",
	"inseam": "inseam", "inside leg": "inseam", "inner leg": "inseam", "crotch height": "inseam", "insideleg": "inseam", "inside leg length": "inseam", "inseam length": "inseam", "inleg": "inseam",
	"outseam": "outseam", "outside leg": "outseam", "side seam": "outseam", "waist height": "outseam",
	"neck": "neck", "collar": "neck",
	"shoulder": "shoulder", "shoulders": "shoulder", "across shoulder": "shoulder", "shoulder breadth": "shoulder", "shoulder width": "shoulder",
	"sleeve": "sleeve", "sleeve length": "sleeve", "centre back sleeve": "sleeve", "center back sleeve": "sleeve",
	"arm": "arm", "upper arm": "arm", "bicep": "arm", "biceps": "arm",
	"thigh": "thigh", "calf": "calf",
	"foot": "foot_length", "foot length": "foot_length", "heel to toe": "foot_length", "mondopoint": "foot_length", "mondo": "foot_length",
	"foot breadth": "foot_breadth", "foot width": "foot_breadth",
	"hand": "hand_girth", "hand girth": "hand_girth", "palm": "hand_girth",
	"head": "head_girth", "head girth": "head_girth",
	"weight": "weight_kg",
}

// labelHeaders are the columns that name a size, likeliest first.
var labelHeaders = []string{"size", "label", "size label", "name", "letter", "international", "intl", "alpha", "eu", "us", "uk"}

// A bound says which end of a range a column holds.
type bound uint8

const (
	both bound = iota
	lowEnd
	highEnd
)

// A header is what a column's title tells.
type header struct {
	text    string
	key     string // stripped: "chest", "us"
	measure int    // index into measures, mWeight, or -1
	bound   bound
	factor  float64 // 0 where the header gives no unit
	twin    bool    // the same as another column in another unit: left out
}

var boundWords = map[string]bound{
	"min": lowEnd, "from": lowEnd, "low": lowEnd, "lo": lowEnd, "lower": lowEnd, "minimum": lowEnd,
	"max": highEnd, "to": highEnd, "high": highEnd, "hi": highEnd, "upper": highEnd, "maximum": highEnd,
	"von": lowEnd, "od": lowEnd, "van": lowEnd, "desde": lowEnd, "bis": highEnd, "do": highEnd, "tot": highEnd, "hasta": highEnd,
}

// fillers say nothing that the rest of a header does not.
var fillers = map[string]bool{
	"circumference": true, "measurement": true, "body": true, "your": true, "range": true, "of": true, "the": true, "fit": true, "fits": true,
	"umfang": true, "weite": true, "tour": true, "du": true, "d": true, "de": true, "des": true, "la": true, "le": true, "les": true, "contorno": true, "del": true,
	"circonferenza": true, "giro": true, "di": true, "della": true, "dell": true, "dei": true, "obwód": true, "w": true, "en": true, "au": true, "medida": true, "circa": true, "approx": true, "recommended": true, "empfohlen": true, "empfohlenes": true, "conseillé": true, "recommandé": true, "recomendado": true, "consigliato": true, "zalecana": true, "aanbevolen": true, "measure": true, "measurements": true, "mesure": true, "omtrek": true, "omvang": true, "wijdte": true,
}

// parted joins words that a narrow column has parted.
var parted = strings.NewReplacer("-\n", "", "-\r\n", "", "- umfang", "umfang", "- weite", "weite", "- länge", "länge", "\u00ad", "", "\u200b", "")

// eitherOr parts a header that offers two words for one thing.
var eitherOr = strings.NewReplacer(" or ", "/", " oder ", "/", " ou ", "/", " o ", "/", " lub ", "/", " of ", "/", "&", "/", "|", "/")

// headerWords are the words of a title, lower case, marks of inches among them.
func headerWords(text string) []string {
	return strings.FieldsFunc(parted.Replace(strings.ToLower(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '"' && r != '″' && r != '”'
	})
}

// parseHeader reads a column's title.
func parseHeader(text string) header {
	h := header{text: text, measure: -1}
	words := headerWords(text)
	var kept []string
	for i, w := range words {
		if f, ok := factors[w]; ok {
			if w != "in" || h.factor == 0 { // "Brust in cm", "Chest cm (in)"
				h.factor = f
			}
			continue
		}
		if b, ok := boundWords[w]; ok {
			h.bound = b
			continue
		}
		if strings.HasSuffix(w, "umf") { // "Brustumf."
			w += "ang"
		}
		if !fillers[w] && !(w == "ca" && i > 0) { // "Brust ca. cm", but Canada's sizes
			kept = append(kept, w)
		}
	}
	if len(kept) > 1 && len(kept[0]) == 1 && kept[0] >= "a" && kept[0] <= "j" { // "A. Chest": a letter of a drawing
		kept = kept[1:]
	}
	if slices.Contains(words, "fit") { // "to fit chest"
		h.bound = both
	}
	if kept == nil && len(words) == 1 && fillers[words[0]] { // "DE", "LA": a column of its own
		kept = words
	}
	h.key = strings.Join(kept, " ")
	if h.key == "heel toe" { // "to" went as a bound
		h.key, h.bound = "heel to toe", both
	}
	if h.key == "" && (h.factor == 1 || h.factor == 0.1) && h.bound == both && len(words) == 1 && words[0] != "kg" && words[0] != "kgs" {
		h.key = "foot length" // a column called just "cm" stands in shoe charts
	}
	m, ok := headerMeasures[h.key]
	for _, tail := range []string{" girth", " size", " sizes"} {
		if !ok && h.key != "foot size" {
			m, ok = headerMeasures[strings.TrimSuffix(h.key, tail)]
		}
	}
	if !ok {
		m, ok = anyOf(text)
	}
	if ok {
		h.measure = m
	}
	return h
}

// anyOf is the measurement of a header that offers several words for it: "Hip/Seat", "Chest & Bust".
func anyOf(text string) (measure int, ok bool) {
	parts := strings.Split(eitherOr.Replace(strings.ToLower(text)), "/")
	if len(parts) < 2 || len(parts) > 4 {
		return -1, false
	}
	measure = -1
	for _, part := range parts {
		switch m := parseHeader(strings.TrimSpace(part)).measure; {
		case m < 0 || m == mWeight:
			return -1, false
		case measure < 0:
			measure = m
		case measures[m].variable != measures[measure].variable:
			return -1, false
		}
	}
	return measure, true
}

// measureName is the inverse of header.measure.
func measureName(i int) string {
	if i == mWeight {
		return "weight_kg"
	}
	return measures[i].name
}
