package sizing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// chartVersion is what "fitveil_chart" must say.
const chartVersion = 1

// jsonChart is fitveil's chart, and the frame of an imported table.
type jsonChart struct {
	Version    *int                         `json:"fitveil_chart"`
	ID         string                       `json:"id"`
	Title      string                       `json:"title"`
	Name       string                       `json:"name"`
	Unit       string                       `json:"unit"`
	Kind       string                       `json:"kind"`
	Sex        string                       `json:"sex"`
	Dimensions []jsonDimension              `json:"dimensions"`
	Sizes      []map[string]json.RawMessage `json:"sizes"`

	Columns  []struct{ Name, Type string } `json:"columns"`
	Rows     []map[string]json.RawMessage  `json:"rows"`
	Variants map[string]struct {
		Name string                       `json:"name"`
		Rows []map[string]json.RawMessage `json:"rows"`
	} `json:"variants"`
}

type jsonDimension struct {
	Name      string      `json:"name"`
	Secondary bool        `json:"secondary"`
	Flat      bool        `json:"flat"`
	Ease      *[2]float64 `json:"ease"`
	Stretch   float64     `json:"stretch"`
}

func jsonError(where, reason string) *ChartError {
	return &ChartError{Format: "json", Where: where, Reason: reason, Err: ErrChart}
}

// parseJSON reads whichever of the five JSON shapes it is.
func parseJSON(data []byte, o *ChartOptions) (*Chart, error) {
	if bytes.Contains(data, []byte(`"@type"`)) {
		return parseJSONLD(data, o)
	}
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("[")) {
		return parseRecords(data, o)
	}
	var j jsonChart
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, located(data, err)
	}
	switch {
	case j.Sizes != nil:
		return j.chart(o)
	case j.Rows != nil || j.Variants != nil:
		return j.imported(o)
	}
	return parseArrays(data, o)
}

// located adds line and column to an error of encoding/json.
func located(data []byte, err error) error {
	e := jsonError("", err.Error())
	var offset int64 = -1
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset, e.Where = kind.Offset, kind.Field
		e.Reason = "unexpected " + kind.Value
	}
	if offset >= 0 {
		before := data[:min(int(offset), len(data))]
		e.Line = 1 + bytes.Count(before, []byte("\n"))
		e.Column = len(before) - bytes.LastIndexByte(before, '\n') - 1
	}
	return e
}

// chart builds fitveil's own form.
func (j *jsonChart) chart(o *ChartOptions) (*Chart, error) {
	if j.Version != nil && *j.Version != chartVersion {
		return nil, jsonError("fitveil_chart", fmt.Sprintf("version %d is not known, only %d", *j.Version, chartVersion))
	}
	unit := float64(o.Unit)
	if unit == 0 {
		unit = 1
	}
	if j.Unit != "" {
		u, ok := factors[strings.ToLower(j.Unit)]
		if !ok || u == float64(Lb) || strings.EqualFold(j.Unit, "kg") {
			return nil, jsonError("unit", "must be cm, mm or in")
		}
		unit = u
	}
	c := &Chart{id: o.ID, title: j.Title, sex: o.Sex, garment: o.Garment}
	if j.ID != "" {
		c.id = j.ID
	}
	if err := j.frame(c); err != nil {
		return nil, err
	}
	if len(j.Sizes) > maxRows {
		return nil, &ChartError{Format: "json", Where: "sizes", Reason: fmt.Sprintf("more than %d sizes", maxRows), Err: ErrChartTooLarge}
	}
	flat, err := j.dimensions(c, unit)
	if err != nil {
		return nil, err
	}
	for i, raw := range j.Sizes {
		s, err := jsonSize(c, fmt.Sprintf("sizes[%d]", i), raw, unit, flat)
		if err != nil {
			return nil, err
		}
		c.sizes = append(c.sizes, s)
	}
	if err := c.finish("json", o); err != nil {
		return nil, err
	}
	return c, nil
}

// frame reads kind and sex.
func (j *jsonChart) frame(c *Chart) error {
	switch j.Kind {
	case "":
	case "body":
		c.garment = false
	case "garment":
		c.garment = true
	default:
		return jsonError("kind", "must be body or garment")
	}
	if j.Sex != "" {
		sex, err := ParseSex(j.Sex)
		if err != nil {
			return jsonError("sex", "must be female, male or unisex")
		}
		c.sex = sex
	}
	if len(c.id) > maxLabel || len(c.title) > 4*maxLabel {
		return jsonError("id", "id or title is too long")
	}
	return nil
}

// dimensions takes the declared dimensions, or all that the sizes mention.
func (j *jsonChart) dimensions(c *Chart, unit float64) (flat []bool, err error) {
	list := j.Dimensions
	if list == nil {
		seen := map[int]bool{}
		for _, s := range j.Sizes {
			for name := range flatten(s) {
				if m := parseHeader(name).measure; m >= 0 {
					seen[m] = true
				}
			}
		}
		for m := range mWeight + 1 {
			if seen[m] {
				list = append(list, jsonDimension{Name: measureName(m)})
			}
		}
	}
	for i, d := range list {
		where := fmt.Sprintf("dimensions[%d]", i)
		m := parseHeader(d.Name).measure
		if m < 0 {
			return nil, jsonError(where, fmt.Sprintf("no measurement %.40q", d.Name))
		}
		if slices.ContainsFunc(c.dims, func(o dimension) bool { return o.measure == m }) {
			return nil, jsonError(where, "a second "+measureName(m))
		}
		dim := dimension{name: measureName(m), measure: m, secondary: d.Secondary, unit: unit}
		if m == mWeight {
			dim.unit = header{measure: m}.unit(&ChartOptions{Unit: Length(unit)})
		}
		if d.Ease != nil {
			dim.ease, dim.hasEase = [2]float64{d.Ease[0] * unit, d.Ease[1] * unit}, true
			if !c.garment {
				return nil, jsonError(where, "ease belongs to garment charts")
			}
		}
		if !(d.Stretch >= 0 && d.Stretch <= 1) || d.Stretch != 0 && !c.garment {
			return nil, jsonError(where, "stretch is a share from 0 to 1 and belongs to garment charts")
		}
		dim.stretch = d.Stretch
		c.dims, flat = append(c.dims, dim), append(flat, d.Flat)
	}
	return flat, nil
}

// flatten lifts the measurements of {"label": "S", "measurements": {...}} beside
// the label, as some charts nest them.
func flatten(raw map[string]json.RawMessage) map[string]json.RawMessage {
	var inner map[string]json.RawMessage
	if json.Unmarshal(raw["measurements"], &inner) != nil {
		return raw
	}
	out := maps.Clone(raw)
	delete(out, "measurements")
	maps.Copy(out, inner)
	return out
}

// jsonSize reads one size. Keys are named like the columns of CSV. Those that are
// no measurement and hold text are article numbers ("sku", "gtin") or names in other systems; anything else is
// refused, so that a typing mistake shows.
func jsonSize(c *Chart, where string, raw map[string]json.RawMessage, unit float64, flat []bool) (size, error) {
	s := size{cells: make([]span, len(c.dims))}
	for d := range s.cells {
		s.cells[d] = unknownSpan
	}
	raw = flatten(raw)
	if len(raw) > maxColumns {
		return s, &ChartError{Format: "json", Where: where, Reason: fmt.Sprintf("more than %d entries", maxColumns), Err: ErrChartTooLarge}
	}
	var items []string
	for _, k := range slices.Sorted(maps.Keys(raw)) { // errors and systems come in the same order every time
		h := parseHeader(k)
		d := slices.IndexFunc(c.dims, func(d dimension) bool { return d.measure == h.measure })
		if d < 0 {
			var text string
			if json.Unmarshal(raw[k], &text) != nil {
				return s, jsonError(where+"."+k, "no measurement of this chart, and no text")
			}
			switch {
			case k == "label":
				s.label = text
			case isItem(h.key):
				items = append(items, strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '|' })...)
			default:
				s.systems = append(s.systems, systemLabel{h.key, clip(text, maxLabel)})
			}
			continue
		}
		v, ok := jsonSpan(raw[k], h.unit(&ChartOptions{Unit: Length(unit)}))
		if !ok {
			return s, jsonError(where+"."+k, "must be a number, [from, to], {\"min\", \"max\"} or text like \"86-94\"")
		}
		if flat[d] {
			v = span{2 * v.lo, 2 * v.hi}
		}
		if reason := c.dims[d].check(v); reason != "" {
			return s, jsonError(where+"."+k, reason)
		}
		s.cells[d] = merge(s.cells[d], v, h.bound)
	}
	if s.label == "" || len(s.label) > maxLabel {
		return s, jsonError(where+".label", "a size needs a label of 1 to 80 bytes")
	}
	for _, id := range items {
		if reason := c.addItem(id, s.label); reason != "" {
			return s, jsonError(where, reason)
		}
	}
	return s, nil
}

// merge adds one end to a cell, or sets it whole.
func merge(have, v span, b bound) span {
	if b == both || !v.known() {
		return v
	}
	if !have.known() {
		have = span{math.Inf(-1), math.Inf(1)}
	}
	if b == lowEnd {
		have.lo = v.lo
	} else {
		have.hi = v.hi
	}
	return have
}

// jsonSpan reads a number, a pair, a {"min", "max"} or {"value"} object, or text.
func jsonSpan(raw json.RawMessage, factor float64) (span, bool) {
	var n float64
	if string(raw) == "null" {
		return unknownSpan, true
	}
	if json.Unmarshal(raw, &n) == nil {
		return span{n * factor, n * factor}, true
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return parseSpan(text, factor)
	}
	var pair []*float64
	if json.Unmarshal(raw, &pair) == nil {
		if len(pair) != 2 {
			return span{}, false
		}
		return openSpan(pair[0], pair[1], factor)
	}
	var object struct{ Min, Max, Value *float64 }
	if json.Unmarshal(raw, &object) != nil {
		return span{}, false
	}
	if object.Value != nil {
		return span{*object.Value * factor, *object.Value * factor}, true
	}
	return openSpan(object.Min, object.Max, factor)
}

func openSpan(lo, hi *float64, factor float64) (span, bool) {
	s := span{math.Inf(-1), math.Inf(1)}
	if lo != nil {
		s.lo = *lo * factor
	}
	if hi != nil {
		s.hi = *hi * factor
	}
	return s, lo != nil || hi != nil
}
