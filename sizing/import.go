package sizing

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// imported reads a table of columns and rows: sizes as text, measurements as
// {"min", "max"} or {"value"} objects, inches unless a header names a unit.
func (j *jsonChart) imported(o *ChartOptions) (*Chart, error) {
	opts := *o
	if opts.Unit == 0 {
		opts.Unit = Inch
	}
	if opts.ID == "" {
		opts.ID = j.ID
	}
	rows, where := j.Rows, "rows"
	if opts.Variant != "" || rows == nil {
		v, ok := j.Variants[opts.Variant]
		if !ok {
			return nil, jsonError("variants", "there is no variant "+strconv.Quote(clip(opts.Variant, maxLabel))+", only "+listed(j.Variants))
		}
		rows, where = v.Rows, "variants."+clip(opts.Variant, maxLabel)
	}
	if len(rows) > maxRows {
		return nil, &ChartError{Format: "json", Where: where, Reason: fmt.Sprintf("more than %d sizes", maxRows), Err: ErrChartTooLarge}
	}
	t := &table{format: "json"}
	for _, c := range j.Columns {
		t.headers = append(t.headers, parseHeader(c.Name))
	}
	for i, row := range rows {
		cells := make([]string, len(t.headers))
		for k, h := range t.headers {
			text, ok := cellText(row[h.text])
			if !ok {
				return nil, jsonError(fmt.Sprintf("%s[%d].%s", where, i, h.text), "must be text, a number, {\"min\", \"max\"} or {\"value\"}")
			}
			cells[k] = text
		}
		t.rows = append(t.rows, cells)
	}
	c, err := t.chart(&opts)
	if err != nil {
		return nil, err
	}
	c.title = clip(j.Name, 4*maxLabel)
	return c, nil
}

// parseRecords reads a table as programs write one: [{"Size": "S", "Chest (cm)": "86-94"}, ...]. The
// columns stand in the order in which they first come.
func parseRecords(data []byte, o *ChartOptions) (*Chart, error) {
	var objects []map[string]json.RawMessage // says where it is none
	var records []json.RawMessage            // keeps the order of the columns
	if err := cmp.Or(json.Unmarshal(data, &objects), json.Unmarshal(data, &records)); err != nil {
		return nil, located(data, err)
	}
	if len(records) > maxRows {
		return nil, &ChartError{Format: "json", Reason: fmt.Sprintf("more than %d sizes", maxRows), Err: ErrChartTooLarge}
	}
	t := &table{format: "json"}
	at := map[string]int{}
	for i, record := range records {
		where := fmt.Sprintf("[%d]", i)
		d := json.NewDecoder(bytes.NewReader(record))
		if start, err := d.Token(); err != nil || start != json.Delim('{') {
			return nil, jsonError(where, "must be an object, a size")
		}
		cells := make([]string, len(at), len(at)+4)
		for d.More() {
			key, _ := d.Token() // well-formed: Unmarshal has read it
			name, _ := key.(string)
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				return nil, located(data, err)
			}
			text, ok := cellText(raw)
			if !ok {
				return nil, jsonError(where+"."+clip(name, maxLabel), "must be text, a number, {\"min\", \"max\"} or {\"value\"}")
			}
			k, known := at[name]
			if !known {
				if len(at) == maxColumns {
					return nil, &ChartError{Format: "json", Reason: fmt.Sprintf("more than %d columns", maxColumns), Err: ErrChartTooLarge}
				}
				k = len(at)
				at[name] = k
				t.headers, cells = append(t.headers, parseHeader(name)), append(cells, "")
			}
			cells[k] = text
		}
		t.rows = append(t.rows, cells)
	}
	return t.chart(o)
}

func clip(s string, n int) string { return s[:min(len(s), n)] }

// cellText writes a cell the way parseSpan reads it.
func cellText(raw json.RawMessage) (string, bool) {
	if raw == nil || string(raw) == "null" {
		return "", true
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	s, ok := jsonSpan(raw, 1)
	if !ok {
		return "", false
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	switch {
	case s.lo == s.hi:
		return number(s.lo), true
	case s.lo < -1e300:
		return "<" + number(s.hi), true
	case s.hi > 1e300:
		return ">" + number(s.lo), true
	}
	return number(s.lo) + "-" + number(s.hi), true
}

// parseArrays reads columns of arrays below a brand:
// {"brand": {"cm": {"men": [...]}, "eu": {"men": [...]}}}.
func parseArrays(data []byte, o *ChartOptions) (*Chart, error) {
	var brands map[string]map[string]map[string][]string
	if err := json.Unmarshal(data, &brands); err != nil {
		return nil, jsonError("", "neither fitveil's chart (\"sizes\") nor a table (\"rows\")")
	}
	groups := map[string]map[string][]string{} // "brand/group" → system → values
	for brand, systems := range brands {
		for system, lists := range systems {
			for group, values := range lists {
				key := brand + "/" + group
				if groups[key] == nil {
					groups[key] = map[string][]string{}
				}
				groups[key][system] = values
			}
		}
	}
	columns, ok := groups[o.Variant]
	if !ok {
		return nil, jsonError("", "there is no variant "+strconv.Quote(clip(o.Variant, maxLabel))+", only "+listed(groups))
	}
	opts := *o
	if opts.ID == "" {
		opts.ID = o.Variant
	}
	if opts.Sex == Unspecified {
		_, group, _ := strings.Cut(o.Variant, "/")
		opts.Sex, _ = ParseSex(group)
	}
	t := &table{format: "json"}
	rows := 0
	systems := slices.Sorted(maps.Keys(columns))
	for _, system := range systems {
		t.headers = append(t.headers, parseHeader(system))
		rows = max(rows, len(columns[system]))
	}
	if rows > maxRows {
		return nil, &ChartError{Format: "json", Where: clip(o.Variant, maxLabel), Reason: fmt.Sprintf("more than %d sizes", maxRows), Err: ErrChartTooLarge}
	}
	for r := range rows {
		cells := make([]string, len(systems))
		for i, system := range systems {
			if r < len(columns[system]) {
				cells[i] = columns[system][r]
			}
		}
		t.rows = append(t.rows, cells)
	}
	return t.chart(&opts)
}

// listed names the variants there are, within reason.
func listed[V any](m map[string]V) string {
	keys := slices.Sorted(maps.Keys(m))
	if len(keys) == 0 {
		return "none"
	}
	return clip(strings.Join(keys, ", "), 120)
}
