package sizing_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/sizing"
)

// merges are the references of merged cells, as the last row of a sheet.
type merges []string

// sheet is a workbook as office programs write it: shared strings for texts,
// numbers as values, one inline string.
func sheet(t testing.TB, names []string, sheets ...[][]any) []byte {
	t.Helper()
	var shared []string
	parts := map[string]string{}
	var list, rels strings.Builder
	for n, rows := range sheets {
		var b strings.Builder
		b.WriteString(`<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
		var spans merges
		if last, ok := rows[len(rows)-1][0].(merges); ok {
			rows, spans = rows[:len(rows)-1], last
		}
		for r, row := range rows {
			fmt.Fprintf(&b, `<row r="%d">`, r+1)
			for c, v := range row {
				ref := fmt.Sprintf("%c%d", 'A'+c, r+1)
				switch v := v.(type) {
				case nil:
				case string:
					if c == 0 && r == len(rows)-1 {
						fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, ref, v)
						continue
					}
					i := slices.Index(shared, v)
					if i < 0 {
						i, shared = len(shared), append(shared, v)
					}
					fmt.Fprintf(&b, `<c r="%s" t="s"><v>%d</v></c>`, ref, i)
				default:
					fmt.Fprintf(&b, `<c r="%s"><v>%v</v></c>`, ref, v)
				}
			}
			b.WriteString(`</row>`)
		}
		b.WriteString(`</sheetData>`)
		for _, ref := range spans {
			fmt.Fprintf(&b, `<mergeCell ref="%s"/>`, ref)
		}
		b.WriteString(`</worksheet>`)
		parts[fmt.Sprintf("xl/worksheets/sheet%d.xml", n+1)] = b.String()
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, names[n], n+1, n+1)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="x" Target="worksheets/sheet%d.xml"/>`, n+1, n+1)
	}
	parts["xl/workbook.xml"] = `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>` + list.String() + `</sheets></workbook>`
	parts["xl/_rels/workbook.xml.rels"] = `<Relationships>` + rels.String() + `</Relationships>`
	var sst strings.Builder
	sst.WriteString(`<sst>`)
	for _, s := range shared {
		fmt.Fprintf(&sst, `<si><r><t>%s</t></r><rPh><t>noise</t></rPh></si>`, s)
	}
	parts["xl/sharedStrings.xml"] = sst.String() + `</sst>`
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range []string{"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"} {
		if parts[name] == "" {
			continue
		}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(parts[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// exact asks for the size of measurements taken as they are.
func exact(t testing.TB, c *sizing.Chart, b sizing.Body) string {
	t.Helper()
	b.Source = sizing.Scanner
	r, err := c.Recommend(&b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Size
}

// TestImport reads what shops have: the same three sizes in many forms.
func TestImport(t *testing.T) {
	french, err := os.ReadFile(filepath.Join("testdata", "tailles-1252.csv"))
	if err != nil {
		t.Fatal(err)
	}
	book := sheet(t, []string{"Notes", "Damen"},
		[][]any{{"Internal", "do not publish"}, {"Contact", "sizes desk"}},
		[][]any{{"Size chart women 2026"}, {"Größe", "Brustumfang", "Taillenumfang", "EAN"}, {nil, "cm", "cm"}, {"36", "82-86", "66-70", "4006381333931"}, {"38", "86-90", "70-74"}, {"Angaben ohne Gewähr"}, {"40", "90-94", "74-78"}})
	for _, q := range []struct {
		name, text string
		options    *sizing.ChartOptions
		dims       string
		body       sizing.Body
		want       string
		guesses    string // codes that must be there
	}{
		{"German, semicolons, decimal commas", "Größe;Brustumfang (cm);Taille (cm)\n36;82,0–86,0;66–70\n38;86,0–90,0;70–74\n40;90,0–94,0;74–78", nil, "chest waist", sizing.Body{Chest: 88, Waist: 72}, "38", "separator measurement"},
		{"French in Windows-1252", string(french), nil, "chest waist hips", sizing.Body{Chest: 88, Waist: 72, Hips: 96}, "38", "encoding separator measurement"},
		{"Spanish", "Talla,Contorno de pecho,Cintura,Cadera\nS,82-90,66-74,90-98\nM,90-98,74-82,98-106", nil, "chest waist hips", sizing.Body{Chest: 94, Waist: 78, Hips: 102}, "M", "measurement"},
		{"Italian in inches", "Taglia,Petto (pollici),Vita (pollici)\nS,32-35,26-29\nM,35-38,29-32", nil, "chest waist", sizing.Body{Chest: 92, Waist: 77}, "M", "measurement"},
		{"Polish", "Rozmiar;Obwód klatki piersiowej;Obwód pasa;Wzrost\nM;94-102;82-90;176\nL;102-110;90-98;182", nil, "height chest waist", sizing.Body{Chest: 106, Waist: 94, Height: 182}, "L", "measurement"},
		{"Dutch", "Maat\tBorstomvang\tHeupwijdte\nM\t90-98\t98-106\nL\t98-106\t106-114", nil, "chest hips", sizing.Body{Chest: 100, Hips: 108}, "L", "separator measurement"},
		{"min and max in German", "Größe;Brust von;Brust bis\nM;94;102\nL;102;110", nil, "chest", sizing.Body{Chest: 104}, "L", "measurement"},
		{"double labels", "size,bust\n32/34,76-84\n36/38,84-92\n40/42,92-100", nil, "bust", sizing.Body{Bust: 88}, "36/38", ""},
		{"no unit, in inches", "size,chest,waist\nS,34-36,28-30\nM,38-40,32-34\nL,42-44,36-38", nil, "chest waist", sizing.Body{Chest: 99, Waist: 84}, "M", "unit"},
		{"a title above", "Our size chart\nAll sizes in cm\nSize,Chest (cm)\nS,86-94\nM,94-102", nil, "chest", sizing.Body{Chest: 98}, "M", "header"},
		{"sizes in columns", "Size,S,M,L\nChest (cm),86-94,94-102,102-110\nWaist (cm),74-82,82-90,90-98", nil, "chest waist", sizing.Body{Chest: 98, Waist: 86}, "M", "transposed"},
		{"a page", `<html><style>td{}</style><!-- <table> --><table><tr><td>menu<td>cart</table>
			<table id="t2"><caption>Women&#39;s tops</caption><thead><tr><th>Size</th><th colspan=2>Bust&nbsp;(cm)</th></tr></thead>
			<tr><td>S</td><td>82<td>90</tr><tr><td>M</td><td>90<td>98</tr></table>
			<TABLE ID="t3"><TR><TH>Size<TH>Bust (cm)<TH>Fit<TR><TD>S<TD>82&ndash;90<TD ROWSPAN=2>slim<TR><TD>M<TD>90&ndash;98<tr><td colspan=3>All sizes without obligation</table>`, nil, "bust", sizing.Body{Bust: 94}, "M", "table header"},
		{"a page with a note", `<TABLE ID="t3"><TR><TH>Size<TH>Bust (cm)<TH>Fit<TR><TD>S<TD>82&ndash;90<TD ROWSPAN=2>slim<TR><TD>M<TD>90&ndash;98<tr><td colspan=3>All sizes without obligation</table>`, nil, "bust", sizing.Body{Bust: 94}, "M", "skipped"},
		{"a table by its caption", `<table><caption>Men</caption><tr><th>Size<th>Chest<tr><td>M<td>94-102</table><table><caption>Women</caption><tr><th>Size<th>Bust<tr><td>W<td>90-98</table>`, &sizing.ChartOptions{Variant: "women"}, "bust", sizing.Body{Bust: 94}, "W", ""},
		{"a spreadsheet", string(book), nil, "chest waist", sizing.Body{Chest: 88, Waist: 72}, "38", "table header skipped measurement label"},
		{"a sheet by its name", string(book), &sizing.ChartOptions{Variant: "damen"}, "chest waist", sizing.Body{Chest: 92, Waist: 76}, "40", "header"},
	} {
		t.Run(q.name, func(t *testing.T) {
			c, err := sizing.ParseChart(strings.NewReader(q.text), q.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.Dimensions(), " "); got != q.dims {
				if slices.Equal(slices.Sorted(slices.Values(c.Dimensions())), slices.Sorted(slices.Values(strings.Fields(q.dims)))) {
					got = q.dims // in the file's order
				}
				if got != q.dims {
					t.Errorf("dimensions %s, want %s", got, q.dims)
				}
			}
			if got := exact(t, c, q.body); got != q.want {
				t.Errorf("size %q, want %q of %q", got, q.want, c.Sizes())
			}
			var codes []string
			for _, g := range c.Guesses() {
				codes = append(codes, g.Code)
				if g.Text == "" {
					t.Error("a guess without words")
				}
			}
			for code := range strings.FieldsSeq(q.guesses) {
				if !slices.Contains(codes, code) {
					t.Errorf("guesses %q, want %q", codes, code)
				}
			}
		})
	}
	c := parse(t, "size,chest (cm)\nM,94-102")
	if len(c.Guesses()) != 0 {
		t.Errorf("nothing to guess: %+v", c.Guesses())
	}
	c, _ = sizing.ParseChart(bytes.NewReader(book), nil)
	if label, ok := c.SizeOf("4006381333931"); !ok || label != "36" {
		t.Errorf("the article is %q %v", label, ok)
	}
	if issues := parse(t, "size,chest (cm),gtin\nM,94-102,4006381333931\nL,102-110,4006381333932").Lint(); len(issues) != 1 || issues[0].Code != sizing.LintGTIN {
		t.Errorf("issues %+v", issues)
	}
}

// TestGuessedUnitIsAnIssue: who publishes a chart without a unit hears of it twice.
func TestGuessedUnitIsAnIssue(t *testing.T) {
	issues := parse(t, "size,chest\nS,34-36\nM,36-38\nL,38-40").Lint()
	if len(issues) != 1 || issues[0].Code != sizing.LintUnit {
		t.Errorf("issues: %+v", issues)
	}
}

// What the caller asked for by mistake is quoted in part only.
func TestLongVariant(t *testing.T) {
	for _, text := range []string{"{}", `{"columns": [], "variants": {"men": {"rows": []}}}`} {
		_, err := sizing.ParseChart(strings.NewReader(text), &sizing.ChartOptions{Variant: strings.Repeat("v\xff", 5000)})
		if !errors.Is(err, sizing.ErrChart) || len(err.Error()) > 600 {
			t.Errorf("%s: %.700v", text, err)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	book := sheet(t, []string{"a"}, [][]any{{"Size", "Chest"}, {"M", "94-102"}})
	bomb := func() []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for name, n := range map[string]int{"xl/workbook.xml": 20 << 20, "xl/_rels/workbook.xml.rels": 0} {
			w, _ := z.Create(name)
			w.Write([]byte("<a>"))
			w.Write(bytes.Repeat([]byte(" "), n))
			w.Write([]byte("</a>"))
		}
		z.Close()
		return out.Bytes()
	}
	often := func() []byte { // one part for many sheets
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for name, text := range map[string]string{
			"xl/workbook.xml":            `<a xmlns:r="r">` + strings.Repeat(`<sheet name="s" r:id="1"/>`, 50) + "</a>",
			"xl/_rels/workbook.xml.rels": `<a><Relationship Id="1" Target="s.xml"/></a>`,
			"xl/s.xml":                   "<a>" + strings.Repeat(" ", 7<<20) + "</a>",
		} {
			w, _ := z.Create(name)
			w.Write([]byte(text))
		}
		z.Close()
		return out.Bytes()
	}
	for name, q := range map[string]struct {
		text string
		want error
	}{
		"a large sheet fifty times":     {string(often()), sizing.ErrChartTooLarge},
		"a zip that is no workbook":     {"PK\x03\x04 and nothing more", sizing.ErrChart},
		"a workbook cut short":          {string(book[:len(book)/2]), sizing.ErrChart},
		"a part of twenty megabytes":    {string(bomb()), sizing.ErrChartTooLarge},
		"a page without tables":         {"<html><p>Size: M</p></html>", sizing.ErrChart},
		"a table of something else":     {"<table><tr><td>Monday<td>9-17</table>", sizing.ErrChart},
		"too many tables":               {strings.Repeat("<table>", 200), sizing.ErrChartTooLarge},
		"too many rows":                 {"<table>" + strings.Repeat("<tr>", 1000), sizing.ErrChartTooLarge},
		"cells across and down":         {"<table>" + strings.Repeat("<tr><td colspan=99 rowspan=99>x", 100), sizing.ErrChartTooLarge},
		"JSON-LD of a person":           {`{"@type": "Person", "name": "x"}`, sizing.ErrChart},
		"JSON-LD without measurements":  {`{"@type": "SizeSpecification", "name": "M"}`, sizing.ErrChart},
		"deep JSON-LD":                  {`{"@type":"x","a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}", sizing.ErrChart},
		"stretch of a body":             {`{"dimensions": [{"name": "chest", "stretch": 0.2}], "sizes": [{"label": "S", "chest": 90}]}`, sizing.ErrChart},
		"an article of two sizes":       {"size,chest,sku\nS,86,A1\nM,94,A1", sizing.ErrChart},
		"an article of two JSON sizes":  {`{"sizes": [{"label": "S", "chest": 90, "sku": "A"}, {"label": "M", "chest": 98, "sku": "A"}]}`, sizing.ErrChart},
		"a garment page without ease":   {`{"@type": "SizeSpecification", "name": "M", "hasMeasurement": {"name": "Waist", "value": 80}}`, sizing.ErrChart},
		"an impossible JSON-LD measure": {`{"@type": "SizeSpecification", "name": "M", "suggestedMeasurement": {"name": "Waist", "value": 8e9}}`, sizing.ErrChart},
	} {
		_, err := sizing.ParseChart(strings.NewReader(q.text), nil)
		var e *sizing.ChartError
		if !errors.Is(err, q.want) || !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestJSONLD: what is written is read back, and a product page's own is understood.
func TestJSONLD(t *testing.T) {
	for _, text := range []string{
		dressChart, "EU,foot length (cm)\n41,26\n42,26.5\n43,27.2", "size,chest (in),weight (kg)\nS,<36,60-70\nM,36-38,70-80\nL,38+,80-90",
	} {
		c := parse(t, text)
		out := c.AppendJSONLD(nil)
		if !json.Valid(out) || !strings.Contains(string(out), `"@type":"SizeSpecification"`) {
			t.Fatalf("written: %s", out)
		}
		again := parse(t, string(out))
		if diff := cmp.Diff([][]string{c.Sizes(), c.Dimensions()}, [][]string{again.Sizes(), again.Dimensions()}); diff != "" {
			t.Error(diff)
		}
		for cm := sizing.Length(80); cm < 110; cm += 3 {
			b := sizing.Body{Bust: cm, Waist: cm - 16, Hips: cm + 6, FootLength: cm / 3.7, Weight: sizing.Mass(cm) - 20}
			if a, b := exact(t, c, b), exact(t, again, b); a != b {
				t.Errorf("at %v: %q was %q", cm, b, a)
			}
		}
	}
	page := `<html><script type="application/ld+json">{"@context": "https://schema.org", "@type": "ProductGroup", "name": "Shirt", "hasVariant": [
		{"@type": "Product", "sku": "S-1", "gtin13": "4006381333931", "size": {"@type": ["SizeSpecification"], "name": "S", "suggestedGender": "https://schema.org/Male",
			"suggestedMeasurement": [{"@type": "QuantitativeValue", "name": "Chest", "minValue": 34, "maxValue": "36", "unitCode": "INH"},
				{"@type": "QuantitativeValue", "valueReference": {"@id": "schema:BodyMeasurementInsideLeg"}, "value": 80, "unitText": "cm"}]}},
		{"@type": "Product", "sku": "M-1", "size": {"@type": "SizeSpecification", "name": "M",
			"suggestedMeasurement": {"@type": "QuantitativeValue", "name": "BodyMeasurementChest", "minValue": 36, "maxValue": 38, "unitCode": "INH"}}}]}</script></html>`
	c, err := sizing.ParseChart(strings.NewReader(page), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := exact(t, c, sizing.Body{Chest: 94}); got != "M" || c.Sex() != sizing.Male || c.Title() != "Shirt" {
		t.Errorf("size %q, sex %v, title %q", got, c.Sex(), c.Title())
	}
	if label, _ := c.SizeOf("4006381333931"); label != "S" {
		t.Errorf("the article is %q", label)
	}
}

// TestJSONLDSexes: a page that names men's and women's sizes alike is read for one of them, and says for whom.
func TestJSONLDSexes(t *testing.T) {
	size := func(sku, name, who string, lo, hi int) string {
		return fmt.Sprintf(`{"@type": "Product", "sku": %q, "size": {"@type": "SizeSpecification", "name": %q, %s
			"suggestedMeasurement": {"@type": "QuantitativeValue", "name": "Chest", "minValue": %d, "maxValue": %d, "unitCode": "CMT"}}}`, sku, name, who, lo, hi)
	}
	men, women := `"suggestedGender": "male",`, `"sizeGroup": ["https://schema.org/WearableSizeGroupRegular", "https://schema.org/WearableSizeGroupWomens"],`
	both := "[" + strings.Join([]string{
		size("m-s", "S", men, 86, 94), size("m-m", "M", men, 94, 102), size("w-s", "S", women, 80, 88), size("w-m", "M", women, 88, 96), size("any", "M", "", 94, 102),
	}, ",") + "]"
	for _, q := range []struct {
		text    string
		options *sizing.ChartOptions
		sex     sizing.Sex
		size    string // of a chest of 91 cm
		guesses int
		numbers string
	}{
		{both, nil, sizing.Male, "S", 1, "m-s"},
		{both, &sizing.ChartOptions{Sex: sizing.Female}, sizing.Female, "M", 0, "w-m"},
		{both, &sizing.ChartOptions{Variant: "Women"}, sizing.Female, "M", 0, "w-m"},
		{"[" + size("s", "S", "", 86, 94) + "," + size("m", "M", men, 94, 102) + "]", nil, sizing.Male, "S", 0, "s"},
		{"[" + size("s", "S", men, 86, 94) + "," + size("w", "W", women, 94, 102) + "]", nil, sizing.Unspecified, "S", 0, "s"},
	} {
		c, err := sizing.ParseChart(strings.NewReader(q.text), q.options)
		if err != nil {
			t.Fatal(err)
		}
		label, known := c.SizeOf(q.numbers)
		if got := exact(t, c, sizing.Body{Chest: 91}); got != q.size || c.Sex() != q.sex || len(c.Guesses()) != q.guesses || len(c.Sizes()) != 2 || !known || label != q.size {
			t.Errorf("%+v: size %q, sex %v, guesses %v, sizes %q, article %q", q.options, got, c.Sex(), c.Guesses(), c.Sizes(), label)
		}
	}
	if c := parse(t, both); c.Guesses()[0].Code != sizing.GuessTable || !strings.Contains(c.Guesses()[0].Text, "of men are taken") {
		t.Errorf("guessed %v", c.Guesses())
	}
	if _, known := parse(t, both).SizeOf("w-s"); known {
		t.Error("an article of the women's is named a size of the men's")
	}
}

func TestMerchant(t *testing.T) {
	c, err := sizing.ParseChart(strings.NewReader("EU,bust\n38,86-90\n40,90-94"), &sizing.ChartOptions{ID: "tops", Sex: sizing.Female})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Merchant("38", "petite")
	want := &sizing.MerchantSize{Size: "38", System: "EU", Types: []string{"petite"}, Gender: "female", AgeGroup: "adult", ItemGroup: "tops"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if kids, err := parse(t, "size,height\n104,98-104\n110,104-110").Merchant("104"); err != nil || kids.AgeGroup != "kids" {
		t.Errorf("%+v %v", kids, err)
	}
	if _, err := c.Merchant("99"); !errors.Is(err, sizing.ErrNoSize) {
		t.Error(err)
	}
	for _, types := range [][]string{{"slim"}, {"petite", "plus", "tall"}} {
		if _, err := c.Merchant("38", types...); !errors.Is(err, sizing.ErrSizeType) {
			t.Errorf("%v: %v", types, err)
		}
	}
}

// TestInStock: what can't be had is not named, unless a neighbour nearly fits.
func TestInStock(t *testing.T) {
	c := parse(t, dressChart)
	without := func(gone ...string) *sizing.Options {
		return &sizing.Options{InStock: func(s string) bool { return !slices.Contains(gone, s) }}
	}
	b := &sizing.Body{Sex: sizing.Female, Height: 168, Weight: 64, Age: 34}
	plain, _ := c.Recommend(b, nil)
	same, _ := c.Recommend(b, without("XL"))
	if same.Size != plain.Size || plain.Wanted != plain.Size || warned(same.Warnings, sizing.WarnOutOfStock, "") {
		t.Errorf("got %q wanted %q", same.Size, plain.Wanted)
	}
	next, _ := c.Recommend(b, without(plain.Size))
	if next.Size == plain.Size || next.Size == "" || next.Wanted != plain.Size || !warned(next.Warnings, sizing.WarnOutOfStock, "") || next.Confidence >= plain.Confidence {
		t.Errorf("got %q (%v) wanted %q", next.Size, next.Confidence, next.Wanted)
	}
	far, _ := c.Recommend(b, without("S", "M", "L"))
	if far.Size != "" || far.Wanted != plain.Size {
		t.Errorf("got %q though nothing near is in stock", far.Size)
	}
}

// TestStretch: a cloth that gives carries a larger body in the same size.
func TestStretch(t *testing.T) {
	chart := func(stretch string) *sizing.Chart {
		return parse(t, `{"kind": "garment", "dimensions": [{"name": "chest", "ease": [4, 12]`+stretch+`}], "sizes": [{"label": "S", "chest": 96}, {"label": "M", "chest": 104}]}`)
	}
	b := sizing.Body{Chest: 93}
	if stiff, giving := exact(t, chart(""), b), exact(t, chart(`, "stretch": 0.2`), b); stiff != "M" || giving != "S" {
		t.Errorf("stiff %q, giving %q", stiff, giving)
	}
}
