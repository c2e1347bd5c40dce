package sizing

import (
	"fmt"
	"math"
	"strconv"
)

// The size systems. Standards and formulas are facts; each chart says whose.
// What no public source confirmed is not here.

// series is the labels lo to hi by step, each at its place.
func series(name string, lo, hi, step float64, at func(float64) float64) labelSystem {
	s := labelSystem{name: name}
	for i := 0; lo+float64(i)*step <= hi+1e-9; i++ {
		n := lo + float64(i)*step
		s.labels = append(s.labels, placedLabel{strconv.FormatFloat(n, 'f', -1, 64), at(n)})
	}
	return s
}

// labelled places labels at values of their own.
func labelled(name string, labels []string, at ...float64) labelSystem {
	s := labelSystem{name: name}
	for i, l := range labels {
		s.labels = append(s.labels, placedLabel{l, at[i]})
	}
	return s
}

// ranged places labels in the middle of ranges given by their edges.
func ranged(name string, labels []string, edges ...float64) labelSystem {
	var mids []float64
	for i := range labels {
		mids = append(mids, (edges[i]+edges[i+1])/2)
	}
	return labelled(name, labels, mids...)
}

func same(n float64) float64 { return n }

func renamed(s labelSystem, names ...string) []labelSystem {
	out := make([]labelSystem, len(names))
	for i, n := range names {
		out[i] = labelSystem{n, s.labels}
	}
	return out
}

func builtinCharts() []conversionChart {
	charts := append(shoeCharts(), womenCharts()...)
	charts = append(charts, menCharts()...)
	charts = append(charts, braChart())
	return append(charts, smallCharts()...)
}

// Foot lengths in centimetres of the shoe numbers of ISO/TS 19407: a last two
// sizes longer than the foot, in Paris points of 2/3 cm or barleycorns of 1/3 inch.
func footOfEU(n float64) float64     { return (n - 2) / 1.5 }
func footOfUK(n float64) float64     { return (n + 23) / 3 * 2.54 }
func footOfUS(n float64) float64     { return footOfUK(n - 1) }
func footOfEUKid(n float64) float64  { return n / 1.5 / 1.08 }
func footOfUKKid(n float64) float64  { return (n + 12) / (3 * 1.08) * 2.54 }
func footOfUSKid(n float64) float64  { return footOfUKKid(n - 1./3) }
func millimetres(n float64) float64  { return n / 10 }
func footOfUSWom(n float64) float64  { return footOfUS(n - 1) }
func footOfUSWomR(n float64) float64 { return footOfUS(n - 1.5) }

func shoeCharts() []conversionChart {
	adult := conversionChart{
		id: "iso-ts-19407-adult", categories: []string{"shoes"},
		source: "ISO/TS 19407 formulas on foot length (EU = 0.15 mm + 2, UK = 3 in - 23, US men's = UK + 1); US women's = men's + 1 (Brannock), retail + 1.5; Mondopoint ISO 9407, which JP, KR and CN sizes follow",
		systems: []labelSystem{
			series("eu", 34, 52, 0.5, footOfEU), series("uk", 1, 17, 0.5, footOfUK), series("us", 2, 18, 0.5, footOfUS),
			series("us-women", 3, 16, 0.5, footOfUSWom), series("us-women-retail", 3.5, 16, 0.5, footOfUSWomR),
			series("mondopoint", 210, 335, 5, millimetres), series("kr", 210, 335, 5, millimetres), series("cn", 210, 335, 5, millimetres),
			series("jp", 21, 33.5, 0.5, same), series("cm", 21, 33.5, 0.5, same),
		},
	}
	child := conversionChart{
		id: "iso-ts-19407-children", categories: []string{"kids-shoes"},
		source: "ISO/TS 19407 formulas on foot length, last 1.08 times the foot (EU in Paris points, UK = 3 in - 12, US = UK + 1/3)",
		systems: []labelSystem{
			series("eu", 16, 38, 0.5, footOfEUKid), series("uk", 0, 13.5, 0.5, footOfUKKid), series("us", 0.5, 14, 0.5, footOfUSKid),
			series("mondopoint", 95, 235, 5, millimetres), series("cm", 9.5, 23.5, 0.5, same),
		},
	}
	socks := conversionChart{
		id: "socks-by-shoe", categories: []string{"socks"},
		source: "socks named by four European shoe sizes; shoe sizes by the ISO/TS 19407 formulas",
		systems: []labelSystem{
			ranged("eu", []string{"31-34", "35-38", "39-42", "43-46", "47-50"}, footOfEU(30.5), footOfEU(34.5), footOfEU(38.5), footOfEU(42.5), footOfEU(46.5), footOfEU(50.5)),
			series("shoe-eu", 31, 50, 1, footOfEU), series("shoe-uk", 0, 15.5, 0.5, footOfUK), series("shoe-us", 1, 16.5, 0.5, footOfUS), series("cm", 19.5, 32, 0.5, same),
		},
	}
	return []conversionChart{adult, child, socks}
}

var womensClothes = []string{"dresses", "tops", "coats", "suits", "skirts", "shirts", "swim", "underwear"}

func womenCharts() []conversionChart {
	european := []float64{76, 80, 84, 88, 92, 96, 100, 104, 110, 116, 122, 128, 134, 140, 146, 152}
	eu := labelSystem{name: "eu"}
	for i, b := range european {
		eu.labels = append(eu.labels, placedLabel{strconv.Itoa(32 + 2*i), b})
	}
	us := labelSystem{name: "us"}
	for i, in := range []float64{31.125, 31.75, 33, 34.125, 35.25, 36.25, 37.25, 38.75, 40.375, 42.125, 44, 46} {
		us.labels = append(us.labels, placedLabel{[]string{"00", "0", "2", "4", "6", "8", "10", "12", "14", "16", "18", "20"}[i], in * 2.54})
	}
	girth := conversionChart{
		id: "bust-girth", sex: Female, categories: womensClothes,
		source: "bust girths of EN 13402-3 (eu, letter), ASTM D5585-11e1 misses (us), JIS L 4005 (jp) and GB/T 1335 (cn: the girth in 165/84A), compared",
		systems: []labelSystem{
			eu, us,
			ranged("letter", []string{"XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL"}, 66, 74, 82, 90, 98, 107, 119, 131, 143),
			series("jp", 3, 15, 2, func(n float64) float64 { return 83 + 1.5*(n-9) }),
			series("cn", 72, 108, 4, same), series("cm", 70, 152, 1, same),
		},
	}
	// BSI's notice gives one body, 88/72/96, and its number in each country; sizes
	// go by twos and bodies by 4 cm everywhere.
	national := func(name string, at88 float64, prefix string) labelSystem {
		s := labelSystem{name: name}
		for i := -3; i <= 4; i++ {
			s.labels = append(s.labels, placedLabel{prefix + strconv.Itoa(int(at88)+2*i), float64(i)})
		}
		return s
	}
	bsi := conversionChart{
		id: "bsi-2002", sex: Female, categories: womensClothes, rows: true,
		source: "British Standards Institution, All change for clothes sizes, 11 March 2002: one body and its size in each country, continued by twos",
		systems: []labelSystem{
			national("uk", 12, ""), national("eu", 38, ""), national("de", 38, ""), national("nl", 38, ""), national("nordic", 38, "C"),
			national("fr", 40, ""), national("be", 40, ""), national("it", 44, ""), national("us", 10, ""),
		},
	}
	waist := labelSystem{name: "eu"}
	for i, w := range []float64{60, 64, 68, 72, 76, 80, 84, 88} {
		waist.labels = append(waist.labels, placedLabel{strconv.Itoa(32 + 2*i), w})
	}
	trousers := conversionChart{
		id: "waist-girth-women", sex: Female, categories: []string{"trousers", "jeans", "skirts"},
		source:  "waist girths of EN 13402-3 (eu); inch sizes name a waist girth in inches",
		systems: []labelSystem{waist, series("inch", 22, 36, 1, func(n float64) float64 { return 2.54 * n }), series("cm", 56, 92, 1, same)},
	}
	return []conversionChart{girth, bsi, trousers}
}

func menCharts() []conversionChart {
	suits := conversionChart{
		id: "chest-girth-men", sex: Male, categories: []string{"suits", "coats", "tops", "shirts", "underwear"},
		source: "chest girths of EN 13402-3; European suits chest/2, British and American 10 less, long sizes chest - 2, short sizes half of the regular",
		systems: []labelSystem{
			series("eu", 42, 66, 2, func(n float64) float64 { return 2 * n }), series("uk", 32, 56, 2, func(n float64) float64 { return 2 * (n + 10) }),
			series("us", 32, 56, 2, func(n float64) float64 { return 2 * (n + 10) }), series("eu-long", 82, 130, 4, func(n float64) float64 { return n + 2 }),
			series("eu-short", 21, 33, 1, func(n float64) float64 { return 4 * n }),
			ranged("letter", []string{"XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL"}, 70, 78, 86, 94, 102, 110, 118, 129, 141),
			series("cm", 72, 140, 1, same),
		},
	}
	collars := conversionChart{
		id: "collar-girth", categories: []string{"shirts"},
		source:  "collars named by the neck girth in centimetres or inches",
		systems: []labelSystem{series("collar-cm", 33, 50, 1, same), series("collar-inch", 13, 20, 0.5, func(n float64) float64 { return 2.54 * n })},
	}
	trousers := conversionChart{
		id: "waist-girth-men", sex: Male, categories: []string{"trousers", "jeans"},
		source:  "inch sizes name a waist girth in inches",
		systems: []labelSystem{series("inch", 26, 50, 1, func(n float64) float64 { return 2.54 * n }), series("cm", 66, 128, 1, same)},
	}
	return []conversionChart{suits, collars, trousers}
}

// braChart pairs bands and cups. Cups of EU and UK steps of 2 cm and 1 inch drift
// apart, so letters are paired by their order, as far as charts agree on it.
func braChart() conversionChart {
	c := conversionChart{
		id: "bra-bands-cups", categories: []string{"bras"}, sex: Female, rows: true,
		source: "EN 13402 bands of 5 cm and the national numbers for them (UK and US inches, FR, BE and ES + 15, IT from 65 = 1, AU and NZ dress sizes); cups by their order",
	}
	continental := []string{"AA", "A", "B", "C", "D", "E", "F"}
	british := []string{"AA", "A", "B", "C", "D", "DD", "E"}
	american := []string{"AA", "A", "B", "C", "D", "DD", "DDD"}
	for _, q := range []struct {
		name        string
		first, step int
		cups        []string
	}{
		{"eu", 65, 5, continental},
		{"uk", 30, 2, british},
		{"us", 30, 2, american},
		{"fr", 80, 5, continental},
		{"be", 80, 5, continental},
		{"es", 80, 5, continental},
		{"it", 1, 1, continental},
		{"au", 8, 2, british},
		{"nz", 8, 2, british},
	} {
		s := labelSystem{name: q.name}
		for band := range 9 {
			for cup, letter := range q.cups {
				s.labels = append(s.labels, placedLabel{strconv.Itoa(q.first+q.step*band) + letter, float64(100*band + cup)})
			}
		}
		c.systems = append(c.systems, s)
	}
	return c
}

// eighths writes a number of eighths as hat makers do: "7 1/8".
func eighths(n int) string {
	whole, rest := n/8, n%8
	if rest == 0 {
		return strconv.Itoa(whole)
	}
	den := 8
	for rest%2 == 0 {
		rest, den = rest/2, den/2
	}
	return fmt.Sprintf("%d %d/%d", whole, rest, den)
}

func smallCharts() []conversionChart {
	hat := func(name string, less int) labelSystem { // in eighths of an inch of diameter
		s := labelSystem{name: name}
		for n := 50; n <= 66; n++ {
			s.labels = append(s.labels, placedLabel{eighths(n - less), float64(n) / 8 * math.Pi * 2.54})
		}
		return s
	}
	uk := labelSystem{name: "uk"}
	for n := 5; n <= 26; n++ {
		for half := range 2 {
			text := string(rune('A' + n - 1))
			if half == 1 {
				text += "½"
			}
			uk.labels = append(uk.labels, placedLabel{text, 36.25 + 1.25*(float64(n)+float64(half)/2)})
		}
	}
	rings := conversionChart{
		id: "ring-circumference", categories: []string{"rings"},
		source: "ISO 8653 (eu: inner circumference in mm; it, es, ch: less 40); US diameter 0.458 in + 0.032 in a size; UK letters 1.25 mm; JP diameter (38 + n)/3 mm",
	}
	rings.systems = append([]labelSystem{
		series("eu", 42, 74, 1, same), series("us", 2.5, 15, 0.5, func(n float64) float64 { return math.Pi * 25.4 * (0.458 + 0.032*n) }), uk,
		series("jp", 3, 32, 1, func(n float64) float64 { return math.Pi * (38 + n) / 3 }),
	}, renamed(series("", 2, 34, 1, func(n float64) float64 { return n + 40 }), "it", "es", "ch")...)
	kids := []string{"2T", "3T", "4T", "5", "6", "7"}
	return []conversionChart{
		{
			id: "en-420-gloves", categories: []string{"gloves"}, source: "EN 420 / EN ISO 21420: hand girth of 152, 178, 203, 229, 254 and 279 mm",
			systems: []labelSystem{
				labelled("eu", []string{"6", "7", "8", "9", "10", "11"}, 15.2, 17.8, 20.3, 22.9, 25.4, 27.9),
				labelled("letter", []string{"XS", "S", "M", "L", "XL", "XXL"}, 15.2, 17.8, 20.3, 22.9, 25.4, 27.9), series("cm", 14, 29, 0.5, same),
			},
		},
		{
			id: "hat-diameter", categories: []string{"hats"}, source: "hats named by the head's girth in centimetres (eu), its diameter in inches (us), and an eighth less (uk)",
			systems: []labelSystem{series("eu", 50, 65, 1, same), series("cm", 50, 65, 1, same), hat("us", 0), hat("uk", 1)},
		},
		{
			id: "belt-length", categories: []string{"belts"}, source: "retail charts: 85 cm is 34 inches and 90 cm is 36, continued by 5 cm and 2 inches", rows: true,
			systems: []labelSystem{series("eu", 70, 125, 5, func(n float64) float64 { return n / 5 }), series("us", 28, 50, 2, func(n float64) float64 { return n / 2 }), series("uk", 28, 50, 2, func(n float64) float64 { return n / 2 })},
		},
		rings,
		{
			id: "kids-height", categories: []string{"kids"}, source: "EN 13402-3: sizes name the height (eu); us by the heights of M. DeCrevel's MIT-licensed templates",
			systems: []labelSystem{
				series("eu", 50, 176, 6, same), ranged("us", kids, 33*2.54, 35*2.54, 38*2.54, 41*2.54, 44*2.54, 47*2.54, 50*2.54), series("cm", 50, 176, 1, same),
			},
		},
	}
}
