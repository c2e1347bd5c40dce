package sizing

import (
	"slices"
	"strings"
)

// words are what shops call a measurement in German, French, Spanish, Italian,
// Polish and Dutch, lower case; English stands in headerNames.
var words = map[string][]string{
	"height": {
		"körpergröße", "körpergrösse", "koerpergroesse", "körperhöhe", "stature", "hauteur", "altura", "estatura", "altezza", "statura", "wzrost", "lichaamslengte", "lengte",
	},
	"chest": {
		"brust", "brustumfang", "brustweite", "oberweite", "poitrine", "pecho", "petto", "torace", "klatka", "klatka piersiowa", "klatki piersiowej", "klatki", "klatce piersiowej", "klatce", "borst", "borstomvang", "borstwijdte", "borstomtrek", "bovenwijdte",
	},
	"bust": {"büste", "buste", "busto", "seno", "biust", "biustu", "biuście"},
	"underbust": {
		"unterbrust", "unterbrustumfang", "unterbrustweite", "sous poitrine", "dessous poitrine", "bajo pecho", "bajopecho", "sottoseno", "pod biustem", "onderborst", "onderborstomvang",
	},
	"waist": {
		"taille", "taillenumfang", "taillenweite", "bund", "bundweite", "bundumfang", "bauch", "bauchumfang", "tour taille", "ceinture", "cintura", "vita", "girovita", "talia", "talii", "pas", "pasa", "pasie", "taillewijdte", "tailleomvang", "tailleomtrek", "middel",
	},
	"hips": {
		"hüfte", "hüften", "hüftumfang", "hüftweite", "huefte", "gesäß", "gesäßumfang", "hanche", "hanches", "bassin", "cadera", "caderas", "fianchi", "bacino", "biodra", "bioder", "biodrach", "heup", "heupen", "heupomvang", "heupwijdte", "heupomtrek",
	},
	"inseam": {
		"schrittlänge", "schritt", "innenbein", "innenbeinlänge", "beininnenlänge", "entrejambe", "entre jambe", "entre jambes", "longueur entrejambe", "entrepierna", "largo entrepierna", "cavallo", "interno gamba", "nogawka", "krok", "długość nogawki", "nogawka wewnętrzna", "długość nogawki wewnętrzna", "długość wewnętrzna nogawki", "wewnętrzna długość nogawki", "binnenbeen", "binnenbeenlengte", "binnenbeen lengte",
	},
	"outseam":    {"außenbein", "außenbeinlänge", "seitenlänge", "longueur extérieure", "buitenbeen", "buitenbeenlengte"},
	"neck":       {"hals", "halsweite", "halsumfang", "kragen", "kragenweite", "cou", "encolure", "col", "cuello", "collo", "szyja", "szyi", "kołnierzyk", "nek", "boord", "halswijdte", "halsomtrek"},
	"shoulder":   {"schulter", "schultern", "schulterbreite", "épaule", "épaules", "carrure", "largeur épaules", "hombro", "hombros", "spalla", "spalle", "larghezza spalle", "szerokość ramion", "schouder", "schouders", "schouderbreedte"},
	"sleeve":     {"ärmel", "ärmellänge", "manche", "manches", "longueur manche", "longueur manches", "manga", "largo manga", "manica", "lunghezza manica", "rękaw", "rękawa", "długość rękawa", "mouw", "mouwlengte"},
	"arm":        {"oberarm", "oberarmumfang", "armumfang", "bras", "brazo", "braccio", "bovenarm"},
	"thigh":      {"oberschenkel", "oberschenkelumfang", "cuisse", "cuisses", "muslo", "coscia", "udo", "uda", "udzie", "dij", "dijbeen", "bovenbeen"},
	"calf":       {"wade", "wadenumfang", "wadenweite", "mollet", "pantorrilla", "polpaccio", "łydka", "łydki", "kuit"},
	"foot":       {"fuß", "fuss", "fußlänge", "fusslänge", "pied", "longueur pied", "pie", "largo pie", "longitud pie", "piede", "lunghezza piede", "stopa", "długość stopy", "voet", "voetlengte", "innensohle", "wkładka", "długość wkładki"},
	"foot width": {"fußbreite", "fussbreite", "largeur pied", "ancho pie", "larghezza piede", "szerokość stopy", "voetbreedte"},
	"hand":       {"handumfang", "handweite", "main", "mano", "dłoń", "dłoni", "handomvang"},
	"head":       {"kopf", "kopfumfang", "kopfweite", "tête", "cabeza", "testa", "głowa", "głowy", "hoofd", "hoofdomtrek", "hoofdomvang"},
	"weight":     {"gewicht", "körpergewicht", "poids", "peso", "waga", "lichaamsgewicht"},
}

// labelWords are what shops call the size, besides the English labelHeaders. The
// French taille is also the German and Dutch waist: table.chart tells which.
var labelWords = []string{"größe", "grösse", "groesse", "gr", "konfektionsgröße", "konfektionsgrösse", "konf gr", "taille", "talla", "taglia", "misura", "rozmiar", "maat", "pointure", "schuhgröße", "schuhgrösse", "schoenmaat"}

// headerMeasures are the measurements by every word for them.
var headerMeasures = func() map[string]int {
	out := map[string]int{}
	add := func(word, name string) {
		if name == "weight_kg" {
			out[word] = mWeight
		} else {
			out[word] = find(name)
		}
	}
	for word, name := range headerNames {
		add(word, name)
	}
	for english, list := range words {
		for _, w := range list {
			add(w, headerNames[english])
		}
	}
	return out
}()

// girths are what German shops abbreviate: Brustumfang, Taillenumfang, Hüftumfang.
var girths = map[string]string{"bu": "chest", "tu": "waist", "hu": "hips"}

// countries stand over sizes, as HU does over Hungary's.
var countries = []string{"eu", "us", "uk", "gb", "fr", "de", "it", "es", "jp", "au", "cn", "ru", "at", "be", "bg", "br", "ca", "ch", "cz", "dk", "fi", "hr", "in", "kr", "mx", "nl", "no", "pl", "pt", "ro", "rs", "se", "si", "sk", "tr", "ua"}

// abbreviations takes columns called BU, TU and HU for girths where two of them stand in a header, or one has a
// unit; not beside a country's sizes.
func abbreviations(headers []header) {
	abroad := func(i int) bool {
		if i < 0 || i >= len(headers) {
			return false
		}
		key := strings.TrimSuffix(headers[i].key, " size")
		return slices.Contains(countries, key)
	}
	own := func(i int) bool { return i >= 0 && i < len(headers) && girths[headers[i].key] != "" }
	seen := map[string]bool{}
	var found []int
	for i := range headers {
		if own(i) && headers[i].measure < 0 && (own(i-1) || own(i+1) || !abroad(i-1) && !abroad(i+1)) {
			seen[headers[i].key] = true
			found = append(found, i)
		}
	}
	for _, i := range found {
		if h := &headers[i]; len(seen) > 1 || h.factor != 0 {
			h.measure = find(girths[h.key])
		}
	}
}
