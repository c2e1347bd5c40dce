package sizing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxDepth limits the nesting that a search in JSON-LD follows.
const maxDepth = 32

// unitCodes are the codes of UN/CEFACT Recommendation 20 that schema.org uses, as factors.
var unitCodes = map[string]float64{"CMT": 1, "MMT": 0.1, "INH": 2.54, "MTR": 100, "KGM": 1, "LBR": float64(Lb)}

// A ldSize is one SizeSpecification on the way to a chart.
type ldSize struct {
	name  string
	sex   Sex
	cells [2]map[int]span // suggestedMeasurement (bodies) and hasMeasurement (garments)
}

// A ldItem is an article number and the size it is of.
type ldItem struct {
	label string
	sex   Sex
}

// ldReader collects the SizeSpecifications of a document.
type ldReader struct {
	sizes   []ldSize
	items   map[string]ldItem
	guesses []Guess
	title   string
	options *ChartOptions
	err     error
}

// parseJSONLD reads schema.org SizeSpecifications wherever they stand in a
// document: alone, in a list, or as the size of products, whose sku and gtin are noted.
func parseJSONLD(data []byte, o *ChartOptions) (*Chart, error) {
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, located(data, err)
	}
	r := &ldReader{items: map[string]ldItem{}, options: o}
	r.walk(doc, 0)
	if r.err != nil {
		return nil, r.err
	}
	ldError := func(reason string) *ChartError {
		return &ChartError{Format: "jsonld", Reason: reason, Err: ErrChart}
	}
	if len(r.sizes) == 0 {
		return nil, ldError("no SizeSpecification with a name and measurements")
	}
	sex := r.sexes()
	which := 0
	if o.Garment || !slices.ContainsFunc(r.sizes, func(s ldSize) bool { return len(s.cells[0]) > 0 }) {
		which = 1
	}
	c := &Chart{id: o.ID, title: clip(r.title, 4*maxLabel), sex: sex, garment: which == 1, items: map[string]string{}, guesses: r.guesses}
	for id, item := range r.items {
		c.items[id] = item.label
	}
	for m := range mWeight + 1 {
		if slices.ContainsFunc(r.sizes, func(s ldSize) bool { _, ok := s.cells[which][m]; return ok }) {
			c.dims = append(c.dims, dimension{name: measureName(m), measure: m, unit: 1})
		}
	}
	for _, s := range r.sizes {
		z := size{label: s.name, cells: make([]span, len(c.dims))}
		for d := range c.dims {
			v, ok := s.cells[which][c.dims[d].measure]
			if !ok {
				v = unknownSpan
			}
			if reason := c.dims[d].check(v); reason != "" {
				return nil, ldError(reason)
			}
			z.cells[d] = v
		}
		c.sizes = append(c.sizes, z)
	}
	if err := c.finish("jsonld", o); err != nil {
		return nil, err
	}
	return c, nil
}

// sexes answers who the sizes are for. Where one name stands for a size of men and one of women,
// those of the sex asked for stay, or of the first.
func (r *ldReader) sexes() Sex {
	one := r.options.Sex
	if variant := sexOf(strings.ToLower(r.options.Variant)); variant != Unspecified {
		one = variant
	}
	first, mixed, again := Unspecified, false, false
	of := map[string]Sex{}
	for _, s := range r.sizes {
		if s.sex == Unspecified {
			continue
		}
		first = cmp.Or(first, s.sex)
		mixed = mixed || s.sex != first
		again = again || of[s.name] != Unspecified && of[s.name] != s.sex
		of[s.name] = s.sex
	}
	if again {
		if one == Unspecified {
			one = first
			r.guesses = append(r.guesses, Guess{GuessTable, "suggestedGender", "There are sizes of men and of women by one name; those of " + map[Sex]string{Male: "men", Female: "women"}[one] + " are taken."})
		}
		other := func(s Sex) bool { return s != one && s != Unspecified }
		r.sizes = slices.DeleteFunc(r.sizes, func(s ldSize) bool { return other(s.sex) })
		maps.DeleteFunc(r.items, func(_ string, i ldItem) bool { return other(i.sex) })
	}
	// The size of some colour does not say who it is for.
	told := map[string]bool{}
	for _, s := range r.sizes {
		told[s.name] = told[s.name] || s.sex != Unspecified
	}
	r.sizes = slices.DeleteFunc(r.sizes, func(s ldSize) bool { return s.sex == Unspecified && told[s.name] })
	if mixed {
		return one
	}
	return cmp.Or(one, first)
}

// walk looks for specifications and products.
func (r *ldReader) walk(v any, depth int) {
	if depth > maxDepth || r.err != nil {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			r.walk(x, depth+1)
		}
	case map[string]any:
		if kind(v, "SizeSpecification") {
			r.specification(v)
			return
		}
		if kind(v, "Product") || kind(v, "ProductGroup") || kind(v, "IndividualProduct") {
			r.product(v)
		}
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			r.walk(v[k], depth+1)
		}
	}
}

// kind reports whether an object is of a schema.org type.
func kind(v map[string]any, name string) bool {
	switch t := v["@type"].(type) {
	case string:
		return bare(t) == name
	case []any:
		return slices.ContainsFunc(t, func(x any) bool { s, ok := x.(string); return ok && bare(s) == name })
	}
	return false
}

// bare is a schema.org term without its address or prefix.
func bare(s string) string { return s[strings.LastIndexAny(s, "/:#")+1:] }

// product notes the article numbers of a product's size.
func (r *ldReader) product(v map[string]any) {
	label, _ := v["size"].(string)
	sex := Unspecified
	if spec, ok := v["size"].(map[string]any); ok {
		label, _ = spec["name"].(string)
		sex = suggestedSex(spec)
	}
	if r.title == "" {
		r.title, _ = v["name"].(string)
	}
	if label == "" {
		return
	}
	for _, k := range []string{"sku", "gtin", "gtin8", "gtin12", "gtin13", "gtin14"} {
		if id, ok := v[k].(string); ok && id != "" && len(id) <= maxLabel && len(r.items) < maxItems {
			r.items[id] = ldItem{label, sex}
		}
	}
}

// suggestedSex is whom a SizeSpecification is for, by its gender or its size groups.
func suggestedSex(v map[string]any) Sex {
	if gender, ok := v["suggestedGender"].(string); ok {
		if sex := sexOf(strings.ToLower(bare(gender))); sex != Unspecified {
			return sex
		}
	}
	groups, ok := v["sizeGroup"].([]any)
	if !ok {
		groups = []any{v["sizeGroup"]}
	}
	for _, g := range groups {
		group, _ := g.(string)
		if sex := sexOf(strings.ToLower(strings.TrimPrefix(bare(group), "WearableSizeGroup"))); sex != Unspecified {
			return sex
		}
	}
	return Unspecified
}

func (r *ldReader) specification(v map[string]any) {
	name, _ := v["name"].(string)
	sex := suggestedSex(v)
	if name == "" || len(name) > maxLabel || slices.ContainsFunc(r.sizes, func(s ldSize) bool { return s.name == name && s.sex == sex }) {
		return // every colour of a product repeats its sizes
	}
	s := ldSize{name: name, sex: sex}
	for i, key := range []string{"suggestedMeasurement", "hasMeasurement"} {
		s.cells[i] = map[int]span{}
		list, ok := v[key].([]any)
		if !ok && v[key] != nil {
			list = []any{v[key]}
		}
		for _, x := range list {
			if q, ok := x.(map[string]any); ok {
				r.quantity(q, s.cells[i])
			}
		}
	}
	if len(s.cells[0])+len(s.cells[1]) == 0 {
		return
	}
	if len(r.sizes) == maxRows {
		r.err = &ChartError{Format: "jsonld", Reason: fmt.Sprintf("more than %d sizes", maxRows), Err: ErrChartTooLarge}
		return
	}
	r.sizes = append(r.sizes, s)
}

// quantity reads a QuantitativeValue; which measurement it is may be said in any of
// four places.
func (r *ldReader) quantity(q map[string]any, cells map[int]span) {
	m := -1
	for _, key := range []string{"valueReference", "additionalType", "propertyID", "name"} {
		text, ok := q[key].(string)
		if o, isObject := q[key].(map[string]any); isObject {
			if text, ok = o["@id"].(string); !ok {
				text, ok = o["name"].(string)
			}
		}
		if ok && m < 0 && len(text) < 200 {
			m = measurementTerm(text)
		}
	}
	if m < 0 {
		return
	}
	factor := header{measure: m}.unit(r.options)
	if code, ok := q["unitCode"].(string); ok {
		if f, ok := unitCodes[strings.ToUpper(code)]; ok {
			factor = f
		}
	} else if text, ok := q["unitText"].(string); ok {
		if f, ok := factors[fold(text)]; ok {
			factor = f
		}
	}
	lo, hi, one := jsonNumber(q["minValue"]), jsonNumber(q["maxValue"]), jsonNumber(q["value"])
	if one != nil {
		lo, hi = one, one
	}
	if s, ok := openSpan(lo, hi, factor); ok {
		cells[m] = s
	}
}

// jsonNumber is a number, or text that is one; nil otherwise.
func jsonNumber(v any) *float64 {
	switch v := v.(type) {
	case float64:
		return &v
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return &f
		}
	}
	return nil
}

// measurementTerm reads "https://schema.org/BodyMeasurementInsideLeg", "InsideLeg" or "Inside leg".
func measurementTerm(s string) int {
	s = bare(s)
	for _, prefix := range []string{"BodyMeasurement", "WearableMeasurement"} {
		s = strings.TrimPrefix(s, prefix)
	}
	if s == "ChestOrBust" {
		return mChest
	}
	var words strings.Builder
	for i, r := range s {
		if i > 0 && unicode.IsUpper(r) {
			words.WriteByte(' ')
		}
		words.WriteRune(r)
	}
	return parseHeader(words.String()).measure
}

// schemaTerms are schema.org's names for our measurements, of bodies and of garments.
var schemaTerms = map[string][2]string{
	"height": {"Height", "Height"}, "chest": {"Chest", "ChestOrBust"}, "bust": {"Bust", "ChestOrBust"}, "underbust": {"Underbust", ""}, "waist": {"Waist", "Waist"},
	"hips": {"Hips", "Hips"}, "inseam": {"InsideLeg", "Inseam"}, "outseam": {"", "OutsideLeg"}, "neck": {"Neck", "Collar"}, "sleeve": {"", "Sleeve"}, "arm": {"Arm", ""},
	"foot_length": {"Foot", ""}, "hand_girth": {"Hand", ""}, "head_girth": {"Head", ""}, "weight_kg": {"Weight", ""},
}

var schemaSystems = map[string]string{
	"eu": "Europe", "us": "US", "uk": "UK", "fr": "FR", "de": "DE", "it": "IT", "jp": "JP", "cn": "CN", "au": "AU", "br": "BR", "mx": "MX",
}

// AppendJSONLD appends the chart as schema.org JSON-LD: a @graph of one
// SizeSpecification for each size, bodies under suggestedMeasurement, garments under
// hasMeasurement, in centimetres and kilograms. ParseChart reads it back.
func (c *Chart) AppendJSONLD(b []byte) []byte {
	type quantity struct {
		Type      string   `json:"@type"`
		Name      string   `json:"name"`
		Reference string   `json:"valueReference,omitempty"`
		Unit      string   `json:"unitCode"`
		Value     *float64 `json:"value,omitempty"`
		Min       *float64 `json:"minValue,omitempty"`
		Max       *float64 `json:"maxValue,omitempty"`
	}
	type specification struct {
		Type      string     `json:"@type"`
		Name      string     `json:"name"`
		System    string     `json:"sizeSystem,omitempty"`
		Group     string     `json:"sizeGroup,omitempty"`
		Gender    string     `json:"suggestedGender,omitempty"`
		Suggested []quantity `json:"suggestedMeasurement,omitempty"`
		Has       []quantity `json:"hasMeasurement,omitempty"`
	}
	const schema = "https://schema.org/"
	graph := []specification{}
	for i := range c.sizes {
		s := &c.sizes[i]
		out := specification{Type: "SizeSpecification", Name: s.label}
		if sys, ok := schemaSystems[c.labelled]; ok {
			out.System = schema + "WearableSizeSystem" + sys
		}
		switch c.sex {
		case Female:
			out.Group, out.Gender = schema+"WearableSizeGroupWomens", "female"
		case Male:
			out.Group, out.Gender = schema+"WearableSizeGroupMens", "male"
		}
		var list []quantity
		for d := range c.dims {
			v := s.cells[d]
			if !v.known() {
				continue
			}
			q := quantity{Type: "QuantitativeValue", Name: c.dims[d].name, Unit: "CMT"}
			if c.dims[d].measure == mWeight {
				q.Unit = "KGM"
			}
			terms, prefix := schemaTerms[q.Name], "BodyMeasurement"
			term := terms[0]
			if c.garment {
				term, prefix = terms[1], "WearableMeasurement"
			}
			if term != "" {
				q.Reference = schema + prefix + term
			}
			lo, hi := rounded(v.lo), rounded(v.hi)
			switch {
			case v.lo == v.hi:
				q.Value = &lo
			default:
				if !math.IsInf(v.lo, 0) {
					q.Min = &lo
				}
				if !math.IsInf(v.hi, 0) {
					q.Max = &hi
				}
			}
			list = append(list, q)
		}
		if c.garment {
			out.Has = list
		} else {
			out.Suggested = list
		}
		graph = append(graph, out)
	}
	text, err := json.Marshal(struct {
		Context string          `json:"@context"`
		Graph   []specification `json:"@graph"`
	}{"https://schema.org", graph})
	if err != nil { // numbers are finite and text always marshals
		return append(b, "{}"...)
	}
	return append(b, text...)
}

func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }
