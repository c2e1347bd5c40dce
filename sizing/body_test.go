package sizing_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
	"github.com/google/go-cmp/cmp"
)

func TestSetAndGet(t *testing.T) {
	b := new(sizing.Body)
	names := append(sizing.Measurements(), "weight_kg", "age")
	for i, name := range names {
		v := map[string]float64{"foot_length": 26, "foot_breadth": 10, "hand_girth": 20, "weight_kg": 70, "age": 40}[name]
		if v == 0 {
			v = 50 + float64(i)/10
		}
		if _, known := b.Get(name); known {
			t.Errorf("%s is known before it is set", name)
		}
		key := name
		if name != "age" && name != "weight_kg" {
			key += "_cm"
		}
		if err := b.Set(key, v); err != nil {
			t.Errorf("Set(%s): %v", key, err)
		}
		if got, known := b.Get(name); got != v || !known {
			t.Errorf("Get(%s) = %v, %v after setting another value", name, got == v, known)
		}
	}
	if b.Chest != 50.1*sizing.Cm || b.HeadGirth != 51.8*sizing.Cm || b.Weight != 70*sizing.Kg {
		t.Error("Set does not reach the named fields")
	}
	var unknown *sizing.NameError
	if err := b.Set("ankle", 20); !errors.As(err, &unknown) || unknown.Name != "ankle" {
		t.Errorf("Set(ankle): %v", err)
	}
}

func TestDocumentedOrder(t *testing.T) {
	want := strings.Fields("height chest bust underbust waist waist_natural hips inseam outseam neck shoulder sleeve arm thigh calf foot_length foot_breadth hand_girth head_girth")
	if diff := cmp.Diff(want, sizing.Measurements()); diff != "" {
		t.Error(diff)
	}
}

func TestUnits(t *testing.T) {
	for _, q := range []struct{ got, want float64 }{
		{float64(36 * sizing.Inch), 91.44},
		{float64(5*sizing.Foot + 7*sizing.Inch), 170.18},
		{float64(1.82 * sizing.M), 182},
		{float64(265 * sizing.Mm), 26.5},
		{float64(150 * sizing.Lb), 68.0388555},
		{float64(11 * sizing.Stone), 69.85322498},
	} {
		if math.Abs(q.got-q.want) > 1e-9 {
			t.Errorf("got %v, want %v", q.got, q.want)
		}
	}
}

func TestImpossible(t *testing.T) {
	chart := parse(t, "size,chest\nS,86-94\nM,94-102")
	for _, q := range []struct {
		field string
		body  sizing.Body
	}{
		{"chest", sizing.Body{Chest: -96.125}},
		{"chest", sizing.Body{Chest: sizing.Length(math.NaN())}},
		{"waist", sizing.Body{Waist: sizing.Length(math.Inf(1))}},
		{"height", sizing.Body{Height: 9612.5}},
		{"height", sizing.Body{Height: 0.96}},
		{"hips", sizing.Body{Chest: 96, Hips: 9612.5}},
		{"weight_kg", sizing.Body{Weight: 961.25}},
		{"weight_kg", sizing.Body{Weight: sizing.Mass(math.Inf(-1))}},
		{"age", sizing.Body{Age: 961.25}},
		{"age", sizing.Body{Age: -1}},
		{"sex", sizing.Body{Sex: 9}},
		{"source", sizing.Body{Source: 9}},
	} {
		_, err1 := sizing.Estimate(&q.body)
		_, err2 := chart.Recommend(&q.body, nil)
		for _, err := range []error{err1, err2, q.body.Validate()} {
			var r *sizing.RangeError
			if !errors.As(err, &r) || r.Field != q.field {
				t.Errorf("%s: got %v", q.field, err)
				continue
			}
			if strings.Contains(err.Error(), "96") || strings.Contains(err.Error(), "0.96") || !strings.HasPrefix(err.Error(), "sizing: ") {
				t.Errorf("%s: the error shows the value: %v", q.field, err)
			}
		}
	}
	b := sizing.Body{Chest: 96}
	if err := b.Set("chest", 9612.5); err == nil || strings.Contains(err.Error(), "961") || b.Chest != 96 {
		t.Errorf("Set takes an impossible chest, shows it or changes the body: %v", err)
	}
}

func TestParseSexAndSource(t *testing.T) {
	for text, want := range map[string]sizing.Sex{"female": sizing.Female, "Male": sizing.Male, "": sizing.Unspecified, "unisex": sizing.Unspecified} {
		if got, err := sizing.ParseSex(text); got != want || err != nil {
			t.Errorf("ParseSex(%q) = %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]sizing.Source{"tape": sizing.Tape, "": sizing.Tape, "self_reported": sizing.SelfReported, "scanner": sizing.Scanner} {
		if got, err := sizing.ParseSource(text); got != want || err != nil {
			t.Errorf("ParseSource(%q) = %v, %v", text, got, err)
		}
	}
	if _, err := sizing.ParseSex("x"); err == nil {
		t.Error("ParseSex takes anything")
	}
	if _, err := sizing.ParseSource("guess"); err == nil {
		t.Error("ParseSource takes anything")
	}
}

// holder holds personal values in every way a program might.
type holder[T any] struct {
	Value   T
	Pointer *T
	List    []T
	Map     map[string]T
	Any     any
}

// spell prints v in every way we know a program logs things.
func spell[T any](t *testing.T, v T) string {
	t.Helper()
	var out strings.Builder
	h := holder[T]{v, &v, []T{v}, map[string]T{"k": v}, v}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%f", "%g", "%e", "%t", "%b", "%T", "%8.3v"} {
		for _, arg := range []any{v, &v, h, &h, []any{v}, [1]T{v}, struct{ error }{fmt.Errorf("w: %v", v)}} {
			fmt.Fprintf(&out, verb+"\n", arg)
		}
	}
	fmt.Fprintln(&out, v, &v, h, fmt.Errorf("wrapped: %w", fmt.Errorf("%+v", h)))
	timeless := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey { // its digits could be anybody's measurements
			return slog.Attr{}
		}
		return a
	}}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, timeless), slog.NewJSONHandler(&out, timeless)} {
		log := slog.New(handler)
		log.Info("m", "direct", v, "pointer", &v, "struct", h, "any", []any{v}, "map", h.Map, slog.Group("g", "in", v), "err", fmt.Errorf("%v", v))
		log.With("bound", v).Info("m")
	}
	for _, arg := range []any{v, &v, h, []T{v}, map[string]T{"k": v}} {
		j, err := json.Marshal(arg)
		if err != nil {
			t.Errorf("json: %v", err)
		}
		out.Write(j)
	}
	x, err := xml.Marshal([]T{v, v})
	if err != nil {
		t.Errorf("xml: %v", err)
	}
	out.Write(x)
	if err := gob.NewEncoder(new(bytes.Buffer)).Encode(v); !errors.Is(err, sizing.ErrPersonal) {
		t.Errorf("gob: %v", err)
	}
	func() {
		defer func() { fmt.Fprint(&out, recover()) }()
		panic(fmt.Sprint(h))
	}()
	return out.String()
}

// TestPrintsNothing plants measurements and looks for their digits.
func TestPrintsNothing(t *testing.T) {
	b := sizing.Body{Sex: sizing.Female, Age: 43.25, Weight: 71.625, Height: 171.375, Bust: 97.875, Waist: 83.125, Inseam: 79.625}
	chart := parse(t, "size,bust (cm)\nQQ,82-90\nWW,90-98\nZZ,98-107")
	r, err := chart.Recommend(&b, nil)
	if err != nil || r.Size != "WW" {
		t.Fatal(r.Size, err)
	}
	e, err := sizing.Estimate(&b)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := e.Of("bust")
	secrets := []string{
		"43.25", "71.625", "171.375", "97.875", "83.125", "79.625", "QQ", "WW", "ZZ", "tight", "loose",
		fmt.Sprint(m.SD)[:6], fmt.Sprint(m.Lo95)[:6], fmt.Sprint(r.Confidence)[:6], fmt.Sprint(float64(r.Sizes[0].Areas[0].Ease))[:5],
	}
	for name, text := range map[string]string{
		"Body": spell(t, b), "Estimates": spell(t, *e), "Measurement": spell(t, m),
		"Recommendation": spell(t, *r), "SizeFit": spell(t, r.Sizes[1]), "Area": spell(t, r.Sizes[1].Areas[0]),
	} {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				at := strings.Index(text, s)
				t.Errorf("%s prints %q: ...%s...", name, s, text[max(0, at-60):min(len(text), at+40)])
			}
		}
		if !strings.Contains(text, "sizing."+name+"{redacted}") {
			t.Errorf("%s does not say what it is", name)
		}
	}
}

// TestBodyDecodes: a web form may still be decoded straight into a Body.
func TestBodyDecodes(t *testing.T) {
	var b sizing.Body
	if err := json.Unmarshal([]byte(`{"Sex": 1, "Height": 168, "Weight": 64.5}`), &b); err != nil {
		t.Fatal(err)
	}
	if b.Sex != sizing.Female || b.Height != 168 || b.Weight != 64.5 {
		t.Error("fields were not decoded")
	}
}

func parse(t testing.TB, text string) *sizing.Chart {
	t.Helper()
	c, err := sizing.ParseChart(strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
