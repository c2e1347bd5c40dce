package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fitveil/fitveil/sizing"
)

// An order is one line of a shop's orders: what was sold to whom, and what became of it.
type order struct {
	sale  sizing.Sale
	label string // the size sold, as the chart calls it
	body  sizing.Body
}

// orderColumns are the names a column may have, first come first served. Those
// with a unit in the name are converted.
var orderColumns = map[string][]string{
	"product": {"product", "product_id", "item", "item_id", "sku"},
	"brand":   {"brand", "category"},
	"shopper": {"shopper", "shopper_id", "customer", "customer_id", "user", "user_id"},
	"size":    {"size", "size_sold"},
	"outcome": {"outcome", "fit", "result", "return_reason"},
	"date":    {"date", "ordered_at", "order_date"},
	"sex":     {"sex", "gender"},
	"age":     {"age"},
	"shape":   {"shape", "body_type"},
	"kg":      {"weight_kg"},
	"lb":      {"weight_lb", "weight_lbs"},
	"height":  {"height_cm"},
	"inches":  {"height_in"},
	"band":    {"bust_size_num", "bra_band"},
	"cup":     {"bust_size_letter", "bra_cup"},
}

// outcomes are the words for what became of an order.
var outcomes = map[string]sizing.Outcome{
	"kept": sizing.Kept, "fit": sizing.Kept, "ok": sizing.Kept, "": sizing.Kept,
	"small": sizing.TooSmall, "too_small": sizing.TooSmall, "too small": sizing.TooSmall,
	"large": sizing.TooLarge, "too_large": sizing.TooLarge, "too large": sizing.TooLarge, "too big": sizing.TooLarge,
}

// orderReader reads orders from CSV, gzipped or not, with a header line.
type orderReader struct {
	csv  *csv.Reader
	at   map[string]int // our name → column
	body map[string]int // measurement → column
	sex  sizing.Sex
	line int
	skip int // lines that are no orders
}

// eachOrder calls f for every order of a file, in its order, and returns how many
// lines were none.
func eachOrder(path string, sex sizing.Sex, f func(*order)) (skipped int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var in io.Reader = bufio.NewReader(file)
	if strings.EqualFold(filepath.Ext(path), ".gz") {
		z, err := gzip.NewReader(in)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errRefused, err)
		}
		in = z
	}
	first := bufio.NewReaderSize(in, 1<<12)
	r := &orderReader{csv: csv.NewReader(first), sex: sex}
	if top, _ := first.Peek(1 << 12); len(top) > 0 { // a short file ends in io.EOF, which Read reports, too
		r.csv.Comma = delimiter(top)
	}
	r.csv.FieldsPerRecord, r.csv.ReuseRecord, r.csv.TrimLeadingSpace = -1, true, true
	head, err := r.csv.Read()
	if err != nil {
		return 0, fmt.Errorf("%w: the orders have no header line", errRefused)
	}
	if err := r.header(head); err != nil {
		return 0, err
	}
	for {
		rec, err := r.csv.Read()
		if err == io.EOF {
			return r.skip, nil
		}
		if err != nil {
			return r.skip, fmt.Errorf("%w: the orders are no CSV after line %d", errRefused, r.line+1)
		}
		r.line++
		if o, ok := r.order(rec); ok {
			f(o)
		} else {
			r.skip++
		}
	}
}

// delimiter is what parts the names of the header line: a semicolon, as in exports of countries with decimal
// commas, a tab or a comma.
func delimiter(top []byte) rune {
	line, _, _ := bytes.Cut(top, []byte("\n"))
	best := ','
	for _, c := range ";\t" {
		if bytes.Count(line, []byte(string(c))) > bytes.Count(line, []byte(string(best))) {
			best = c
		}
	}
	return best
}

// number reads a cell, with a decimal comma or point.
func number(cell string) float64 {
	v, _ := strconv.ParseFloat(strings.Replace(strings.TrimSpace(cell), ",", ".", 1), 64) // what is none is not known
	return v
}

func (r *orderReader) header(head []string) error {
	r.at, r.body = map[string]int{}, map[string]int{}
	names := make([]string, len(head))
	for i, h := range head {
		names[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
	}
	for our, list := range orderColumns {
		for _, name := range list {
			if i := slices.Index(names, name); i >= 0 {
				r.at[our] = i
				break
			}
		}
	}
	for _, m := range sizing.Measurements() {
		if i := slices.Index(names, m+"_cm"); i >= 0 {
			r.body[m] = i
		}
	}
	for _, must := range []string{"product", "size", "outcome"} {
		if _, ok := r.at[must]; !ok {
			return fmt.Errorf("%w: the orders have no column %q", errRefused, must)
		}
	}
	return nil
}

// order reads one line; ok is false where product, outcome or size make no sense.
func (r *orderReader) order(rec []string) (*order, bool) {
	get := func(name string) string {
		if i, ok := r.at[name]; ok && i < len(rec) {
			return strings.TrimSpace(rec[i])
		}
		return ""
	}
	outcome, ok := outcomes[strings.ToLower(get("outcome"))]
	if !ok || get("product") == "" {
		return nil, false
	}
	o := &order{label: get("size")}
	o.sale = sizing.Sale{Product: get("product"), Brand: get("brand"), Outcome: outcome}
	if id := get("shopper"); id != "" {
		h := fnv.New64a()
		h.Write([]byte(id))
		o.sale.Shopper = max(h.Sum64(), 1)
	}
	o.sale.Size = number(o.label)
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, get("date")); err == nil {
			o.sale.At = at
		}
	}
	r.person(&o.body, rec, get)
	o.sale.Body = &o.body
	return o, true
}

// person reads what is known of the body; what makes no sense is not known.
func (r *orderReader) person(b *sizing.Body, rec []string, get func(string) string) {
	b.Source = sizing.SelfReported
	b.Sex, _ = sizing.ParseSex(get("sex"))
	if b.Sex == sizing.Unspecified {
		b.Sex = r.sex
	}
	b.Shape, _ = sizing.ParseShape(get("shape"))
	set := func(name string, v float64) { _ = b.Set(name, v) } // refused: not known
	if age := number(get("age")); age >= 18 && age <= 90 {
		set("age", age)
	}
	set("height", number(get("height"))+number(get("inches"))*float64(sizing.Inch))
	if w := number(get("kg")) + number(get("lb"))*float64(sizing.Lb); w >= 35 && w <= 250 {
		set("weight_kg", w)
	}
	if band := number(get("band")); band > 0 { // inches; a cup is an inch
		cup := slices.Index([]string{"aa", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, strings.ToLower(get("cup")))
		set("underbust", band*float64(sizing.Inch)-8)
		set("bust", (band+float64(cup))*float64(sizing.Inch))
	}
	for name, i := range r.body {
		if i < len(rec) {
			if v := number(rec[i]); v != 0 {
				set(name, v)
			}
		}
	}
	if b.Validate() != nil {
		if fixed, _, err := sizing.Repair(b); err == nil {
			*b = *fixed
		} else {
			*b = sizing.Body{Sex: b.Sex}
		}
	}
}

var errNoOrders = errors.New("there are no orders in the file")
