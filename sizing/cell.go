package sizing

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// factors brings a unit to centimetres or kilograms.
var factors = map[string]float64{
	"cm": 1, "mm": 0.1, "m": 100, "in": 2.54, "inch": 2.54, "inches": 2.54, "\"": 2.54, "”": 2.54, "″": 2.54, "''": 2.54,
	"zoll": 2.54, "pouce": 2.54, "pouces": 2.54, "pulgadas": 2.54, "pollici": 2.54, "cale": 2.54, "cali": 2.54,
	"kg": 1, "kgs": 1, "lb": float64(Lb), "lbs": float64(Lb), "pounds": float64(Lb),
}

// vulgar are the fractions that size charts write in one character.
var vulgar = map[rune]float64{'½': 1. / 2, '¼': 1. / 4, '¾': 3. / 4, '⅛': 1. / 8, '⅜': 3. / 8, '⅝': 5. / 8, '⅞': 7. / 8, '⅓': 1. / 3, '⅔': 2. / 3}

// parseSpan reads a cell: "94", "86-94", "86 – 94 cm", "31 1/8", "<86", "118+",
// with point or decimal comma. A unit in the cell wins over factor. An empty
// cell, "-" and "n/a" are unknown. ok is false for anything else.
func parseSpan(cell string, factor float64) (s span, ok bool) {
	cell = strings.ToLower(strings.TrimSpace(strings.ReplaceAll(cell, "\u00a0", " ")))
	switch cell {
	case "", "-", "–", "—", "n/a", "na", "none":
		return unknownSpan, true
	}
	openLow, openHigh := false, false
	for _, p := range []string{"up to ", "under ", "bis ", "unter ", "jusqu'à ", "moins de ", "hasta ", "fino a ", "do ", "tot ", "<=", "≤", "<"} {
		if rest, found := strings.CutPrefix(cell, p); found {
			cell, openLow = rest, true
			break
		}
	}
	for _, p := range []string{"from ", "over ", "ab ", "über ", "plus de ", "dès ", "desde ", "oltre ", "od ", "vanaf ", ">=", "≥", ">"} {
		if rest, found := strings.CutPrefix(cell, p); found {
			cell, openHigh = rest, true
			break
		}
	}
	low, rest, ok := parseNumber(cell)
	if !ok {
		return s, false
	}
	lowUnit, rest := cutUnit(rest)
	if lowUnit != 0 {
		factor = lowUnit
	}
	if after, found := strings.CutPrefix(rest, "+"); found && strings.TrimSpace(after) == "" {
		openHigh, rest = true, ""
	}
	if rest == "" {
		s = span{low * factor, low * factor}
		if openLow {
			s.lo = math.Inf(-1)
		}
		if openHigh {
			s.hi = math.Inf(1)
		}
		return s, !(openLow && openHigh)
	}
	after, found := cutDash(rest)
	if !found || openLow || openHigh {
		return s, false
	}
	high, rest, ok := parseNumber(after)
	if !ok {
		return s, false
	}
	highUnit, rest := cutUnit(rest)
	if rest != "" || (lowUnit != 0 && highUnit != 0 && lowUnit != highUnit) {
		return s, false
	}
	if highUnit != 0 {
		factor = highUnit
	}
	return span{low * factor, high * factor}, true
}

// cutDash cuts what stands between the two ends of a range.
func cutDash(s string) (after string, found bool) {
	for _, dash := range []string{"-", "–", "—", "−", "‑", "to ", "bis ", "à ", "do ", "tot ", "/", "~", "…", ".."} {
		if rest, ok := strings.CutPrefix(s, dash); ok {
			return strings.TrimSpace(rest), true
		}
	}
	return s, false
}

// cutUnit cuts a unit from the front of s: its factor, 0 for none.
func cutUnit(s string) (factor float64, rest string) {
	s = strings.TrimSpace(s)
	best := ""
	for u := range factors {
		if strings.HasPrefix(s, u) && len(u) > len(best) {
			best = u
		}
	}
	if best == "" {
		return 0, s
	}
	return factors[best], strings.TrimSpace(s[len(best):])
}

// parseNumber reads a positive number from the front of s: digits with a point
// or comma, a fraction after a space ("31 1/8") or a vulgar one ("31½").
func parseNumber(s string) (v float64, rest string, ok bool) {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || (n > 0 && (s[n] == '.' || s[n] == ','))) {
		n++
	}
	for n > 0 && (s[n-1] == '.' || s[n-1] == ',') {
		n--
	}
	digits := strings.ReplaceAll(s[:n], ",", ".")
	rest = s[n:]
	if n > 0 {
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil || n > 12 {
			return 0, s, false
		}
		v, ok = f, true
	}
	r, width := utf8.DecodeRuneInString(strings.TrimLeft(rest, " "))
	if f, found := vulgar[r]; found {
		return v + f, strings.TrimSpace(strings.TrimLeft(rest, " ")[width:]), true
	}
	if f, after, found := cutFraction(rest); found && ok {
		return v + f, strings.TrimSpace(after), true
	}
	return v, strings.TrimSpace(rest), ok
}

// cutFraction cuts " 1/8" from the front of s.
func cutFraction(s string) (f float64, rest string, found bool) {
	t, spaced := strings.CutPrefix(s, " ")
	if !spaced {
		return 0, s, false
	}
	num, after, slash := strings.Cut(t, "/")
	if !slash || len(num) != 1 || num[0] < '1' || num[0] > '9' {
		return 0, s, false
	}
	for _, den := range []string{"16", "2", "3", "4", "8"} {
		if rest, ok := strings.CutPrefix(after, den); ok {
			d, _ := strconv.Atoi(den)
			f = float64(num[0]-'0') / float64(d)
			return f, rest, f < 1
		}
	}
	return 0, s, false
}
