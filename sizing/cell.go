package sizing

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// factors brings a unit to centimetres or kilograms.
var factors = map[string]float64{
	"cm": 1, "cms": 1, "mm": 0.1, "m": 100, "centimeters": 1, "centimetres": 1, "centimeter": 1, "zentimeter": 1, "centimètres": 1, "centímetros": 1, "centimetri": 1, "in": 2.54, "ins": 2.54, "inch": 2.54, "inches": 2.54, "\"": 2.54, "”": 2.54, "″": 2.54, "''": 2.54,
	"zoll": 2.54, "pouce": 2.54, "pouces": 2.54, "po": 2.54, "pulgadas": 2.54, "pulg": 2.54, "pollici": 2.54, "cale": 2.54, "cali": 2.54, "ft": 30.48, "feet": 30.48,
	"kg": 1, "kgs": 1, "lb": float64(Lb), "lbs": float64(Lb), "pounds": float64(Lb),
}

// vulgar are the fractions that size charts write in one character.
var vulgar = map[rune]float64{'½': 1. / 2, '¼': 1. / 4, '¾': 3. / 4, '⅛': 1. / 8, '⅜': 3. / 8, '⅝': 5. / 8, '⅞': 7. / 8, '⅓': 1. / 3, '⅔': 2. / 3}

// Words around numbers, in the languages that headers may have. Each is followed or
// preceded by a space in a cell.
var (
	aboutWords   = []string{"ca. ", "ca ", "ca.", "circa ", "approx. ", "approx ", "about ", "etwa ", "env. ", "environ ", "aprox. ", "ok. ", "~", "≈", "±"}
	lowestWords  = []string{"up to ", "under ", "below ", "less than ", "weniger als ", "menos de ", "meno di ", "poniżej ", "mniej niż ", "minder dan ", "bis ", "unter ", "jusqu'à ", "moins de ", "hasta ", "fino a ", "do ", "tot ", "<=", "≤", "<"}
	highestWords = []string{"from ", "over ", "above ", "more than ", "mehr als ", "más de ", "più di ", "powyżej ", "więcej niż ", "meer dan ", "ab ", "über ", "plus de ", "dès ", "desde ", "oltre ", "od ", "vanaf ", "von ", "de ", "da ", "van ", ">=", "≥", ">"}
	betweenWords = []string{"between ", "entre ", "zwischen ", "tra ", "tussen ", "między "}
	upWords      = []string{"+", "and over", "and up", "and above", "or more", "& up", "und mehr", "und größer", "et plus", "y más", "e oltre", "i więcej", "en meer"}
	rangeWords   = []string{"-", "–", "—", "−", "‑", "to ", "bis ", "à ", "do ", "tot ", "t/m ", "and ", "und ", "et ", "y ", "en ", "e ", "a ", "al ", "/", "~", "…", "..", "→"}
)

// typeset replaces what is set finer than a keyboard has it: blanks that do not break, the bar of a fraction, where a word may be parted.
var typeset = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ", "\u2044", "/", "\u00ad", "", "\u200b", "")

// cutAny cuts the first of the words that s starts with.
func cutAny(s string, words []string) (rest string, found bool) {
	for _, w := range words {
		if rest, ok := strings.CutPrefix(s, w); ok {
			return strings.TrimSpace(rest), true
		}
	}
	return s, false
}

// parseSpan reads a cell: "94", "86-94", "86 – 94 cm", "31 1/8", "<86", "118+", "from
// 86 to 94", "5'2\"", with point or decimal comma, or one value in two units: "34-37 in
// (86-94 cm)". A unit in the cell wins over factor. An empty cell, "-" and "n/a"
// are unknown. ok is false for anything else.
func parseSpan(cell string, factor float64) (s span, ok bool) {
	cell = strings.ToLower(strings.TrimRight(typeset.Replace(cell), " \t\r\n*†‡¹²³")) // of notes
	cell = strings.TrimSpace(cell)
	switch cell {
	case "", "-", "–", "—", "n/a", "na", "none":
		return unknownSpan, true
	}
	if factor == 0.1 {
		cell = joinThousands(cell)
	}
	first, ok := cutSpan(cell, factor)
	if !ok {
		return s, false
	}
	if first.rest == "" {
		if r := first.s.lo / first.s.hi; first.slash && math.Abs(math.Log(r)) > 0.9 && math.Abs(math.Log(r)) < 0.96 {
			v := max(first.s.lo, first.s.hi) // "91/36": centimetres and inches
			return span{v, v}, true
		}
		return first.s, true
	}
	other, found := cutAny(first.rest, []string{"/", "(", "[", "|", "="})
	if !found {
		return s, false
	}
	second, ok := cutSpan(strings.TrimRight(other, ")] "), 1)
	if !ok || second.rest != "" {
		return s, false
	}
	return first.agree(second)
}

// joinThousands takes the point out of the millimetres of "1.020": a thousandth of them nobody measures.
func joinThousands(cell string) string {
	digit := func(i int) bool { return i >= 0 && i < len(cell) && cell[i] >= '0' && cell[i] <= '9' }
	var b strings.Builder
	for i := range len(cell) {
		if (cell[i] == '.' || cell[i] == ',') && digit(i-1) && !digit(i-2) && digit(i+1) && digit(i+2) && digit(i+3) && !digit(i+4) {
			continue
		}
		b.WriteByte(cell[i])
	}
	return b.String()
}

// A spanCell is the first value of a cell, and what follows it.
type spanCell struct {
	s     span
	unit  bool // the cell gives one
	slash bool // the ends are parted by a slash
	rest  string
}

// agree makes one of two values that say the same in two units.
func (a spanCell) agree(b spanCell) (s span, ok bool) {
	same := func(x, y span) bool {
		near := func(p, q float64) bool { return p == q || math.Abs(p-q) <= 0.03*math.Max(p, q) }
		return near(x.lo, y.lo) && near(x.hi, y.hi)
	}
	times := func(x span, f float64) span { return span{x.lo * f, x.hi * f} }
	switch {
	case same(a.s, b.s), !b.unit && same(a.s, times(b.s, 2.54)):
		return a.s, true
	case !a.unit && same(times(a.s, 2.54), b.s), !a.unit && same(times(a.s, float64(Lb)), b.s):
		return b.s, true
	}
	return s, false
}

// cutSpan reads the value at the front of a cell.
func cutSpan(cell string, factor float64) (c spanCell, ok bool) {
	cell, _ = cutAny(cell, aboutWords)
	cell, openLow := cutAny(cell, lowestWords)
	cell, openHigh := cutAny(cell, highestWords)
	cell, between := cutAny(cell, betweenWords)
	low, rest, ok := parseNumber(cell)
	if !ok {
		return c, false
	}
	lowUnit, rest := cutUnit(rest)
	if lowUnit != 0 {
		factor = lowUnit
	}
	if after, found := cutAny(rest, []string{"±", "+/-", "+-"}); found { // "88 ± 2 cm"
		return cutTolerance(low, after, factor, lowUnit != 0, openLow || openHigh || between)
	}
	after, ranged := "", false
	if more, up := cutAny(rest, upWords); up && more == "" {
		openHigh, rest = true, ""
	} else if after, ranged = cutAny(rest, rangeWords); ranged && strings.HasPrefix(rest, "/") && strings.ContainsAny(after, "-–") {
		ranged = false // "91 / 36-37": a second value
	}
	if !ranged {
		c = spanCell{s: span{low * factor, low * factor}, unit: lowUnit != 0, rest: rest}
		if openLow {
			c.s.lo = math.Inf(-1)
		}
		if openHigh {
			c.s.hi = math.Inf(1)
		}
		return c, !between && !(openLow && openHigh)
	}
	high, tail, ok := parseNumber(after)
	if !ok || openLow {
		return c, false
	}
	highUnit, tail := cutUnit(tail)
	slash := strings.HasPrefix(rest, "/")
	if lowUnit != 0 && highUnit != 0 && lowUnit != highUnit {
		if !slash || openHigh || between {
			return c, false
		}
		return spanCell{s: span{low * lowUnit, low * lowUnit}, unit: true, rest: rest}, true
	}
	if highUnit != 0 {
		factor = highUnit
	}
	return spanCell{s: span{low * factor, high * factor}, unit: max(lowUnit, highUnit) != 0, slash: slash, rest: tail}, true
}

// cutTolerance reads what follows the sign in "88 ± 2 cm".
func cutTolerance(mid float64, s string, factor float64, unit, open bool) (c spanCell, ok bool) {
	by, rest, ok := parseNumber(s)
	if !ok || open || by >= mid/2 {
		return c, false
	}
	f, rest := cutUnit(rest)
	if f != 0 && unit && f != factor {
		return c, false
	}
	if f != 0 {
		factor, unit = f, true
	}
	return spanCell{s: span{(mid - by) * factor, (mid + by) * factor}, unit: unit, rest: rest}, true
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
	rest = s[len(best):]
	if after, dot := strings.CutPrefix(rest, "."); dot && (after == "" || after[0] == ' ' || after[0] == ')' || after[0] == '-') {
		rest = after // "34 in. - 36 in."
	}
	return factors[best], strings.TrimSpace(rest)
}

// parseNumber reads a positive number from the front of s: digits with a point
// or comma, a fraction after a space or hyphen ("31 1/8") or a vulgar one ("31½"), or
// feet and inches, which become inches.
func parseNumber(s string) (v float64, rest string, ok bool) {
	v, rest, ok = parsePlain(s)
	after, feet := cutAny(rest, []string{"'", "’", "′", "ft", "feet"})
	if !ok || !feet || v != math.Trunc(v) || v < 1 || v > 9 || strings.HasPrefix(after, "'") {
		return v, rest, ok
	}
	inches, after2, more := parsePlain(after)
	if !more {
		return 12 * v, "in " + after, true
	}
	if inches >= 12 {
		return v, rest, false
	}
	after2, _ = cutAny(after2, []string{"\"", "”", "″", "''", "inches", "inch", "in"})
	return 12*v + inches, "in " + after2, true
}

// parsePlain is parseNumber without feet.
func parsePlain(s string) (v float64, rest string, ok bool) {
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

// cutFraction cuts " 1/8" or "-15/16" from the front of s.
func cutFraction(s string) (f float64, rest string, found bool) {
	if s == "" || s[0] != ' ' && s[0] != '-' {
		return 0, s, false
	}
	num, after, slash := strings.Cut(s[1:], "/")
	n, err := strconv.Atoi(num)
	if !slash || err != nil || n < 1 || n > 31 || len(num) > 2 {
		return 0, s, false
	}
	for _, den := range []int{16, 32, 2, 3, 4, 8} {
		if rest, ok := strings.CutPrefix(after, strconv.Itoa(den)); ok && n < den && (rest == "" || rest[0] < '0' || rest[0] > '9') {
			return float64(n) / float64(den), rest, true
		}
	}
	return 0, s, false
}
