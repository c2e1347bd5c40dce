package sizing_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// TestConvert checks figures that standards and makers publish.
func TestConvert(t *testing.T) {
	for _, q := range []struct {
		category, from, to, label string
		sex                       sizing.Sex
		want                      string // the first value
		chart                     string
	}{
		{"shoes", "eu", "uk", "42", 0, "8.5", "iso-ts-19407-adult"},
		{"Shoes", "EU", "US", "42", 0, "9.5", "iso-ts-19407-adult"},
		{"shoes", "mondopoint", "eu", "265", 0, "42", "iso-ts-19407-adult"},
		{"shoes", "us", "us-women", "8", 0, "9", "iso-ts-19407-adult"},
		{"shoes", "us", "us-women-retail", "8", 0, "9.5", "iso-ts-19407-adult"},
		{"shoes", "eu", "jp", "42", 0, "26.5", "iso-ts-19407-adult"},
		{"kids-shoes", "cm", "eu", "15.5", 0, "25", "iso-ts-19407-children"},
		{"socks", "shoe-eu", "eu", "41", 0, "39-42", "socks-by-shoe"},
		{"dresses", "eu", "letter", "38", sizing.Female, "S", "bust-girth"},
		{"dresses", "eu", "us", "38", 0, "4", "bust-girth"}, // 88 cm against 34 1/8 in
		{"dresses", "jp", "cm", "9", 0, "83", "bust-girth"},
		{"dresses", "uk", "it", "12", 0, "44", "bsi-2002"},
		{"tops", "de", "fr", "38", 0, "40", "bsi-2002"},
		{"suits", "eu", "us", "50", sizing.Male, "40", "chest-girth-men"},
		{"suits", "eu", "eu-long", "50", sizing.Male, "98", "chest-girth-men"},
		{"suits", "eu", "eu-short", "50", sizing.Male, "25", "chest-girth-men"},
		{"tops", "letter", "cm", "M", sizing.Male, "98", "chest-girth-men"},
		{"shirts", "collar-inch", "collar-cm", "15 1/2", 0, "39", "collar-girth"},
		{"trousers", "inch", "cm", "32", sizing.Male, "81", "waist-girth-men"},
		{"bras", "eu", "uk", "75B", 0, "34B", "bra-bands-cups"},
		{"bras", "uk", "fr", "34DD", 0, "90E", "bra-bands-cups"},
		{"bras", "us", "it", "34b", 0, "3B", "bra-bands-cups"},
		{"bras", "au", "eu", "12C", 0, "75C", "bra-bands-cups"},
		{"gloves", "eu", "letter", "8", 0, "M", "en-420-gloves"},
		{"hats", "cm", "us", "57", 0, "7 1/8", "hat-diameter"},
		{"hats", "us", "uk", "7⅛", 0, "7", "hat-diameter"},
		{"belts", "eu", "us", "85", 0, "34", "belt-length"},
		{"rings", "us", "eu", "7", 0, "54", "ring-circumference"},
		{"rings", "us", "uk", "7", 0, "N½", "ring-circumference"},
		{"rings", "it", "eu", "14", 0, "54", "ring-circumference"},
		{"kids", "us", "eu", "5", 0, "110", "kids-height"},
	} {
		c, err := sizing.Convert(q.category, q.from, q.to, q.label, &sizing.ConvertOptions{Sex: q.sex})
		if err != nil {
			t.Errorf("%s %s %s: %v", q.category, q.from, q.label, err)
			continue
		}
		if c.Values[0] != q.want || c.Chart != q.chart || c.Source == "" {
			t.Errorf("%s %s %s in %s: got %q by %q, want %q by %q", q.category, q.from, q.label, q.to, c.Values, c.Chart, q.want, q.chart)
		}
	}
}

// TestConvertThereAndBack: every label of every system converts, and back to itself.
func TestConvertThereAndBack(t *testing.T) {
	systems := sizing.Systems()
	names, pairs := map[string]bool{}, 0
	kinds := map[string]map[string]bool{} // category → systems that convert
	for _, a := range systems {
		names[a.Name] = true
		if kinds[a.Category] == nil {
			kinds[a.Category] = map[string]bool{}
		}
		if a.Chart == "" || a.Source == "" {
			t.Errorf("%s %s: by chart %q, source %q", a.Category, a.Name, a.Chart, a.Source)
		}
		for _, b := range systems {
			if a.Chart != b.Chart || a.Category != b.Category || a.Name == b.Name {
				continue
			}
			o := &sizing.ConvertOptions{Chart: a.Chart}
			converted := 0
			for _, label := range a.Labels() {
				there, err := sizing.Convert(a.Category, a.Name, b.Name, label, o)
				if errors.Is(err, sizing.ErrNoSize) {
					continue // the other system does not reach so far
				}
				if err != nil {
					t.Fatal(err)
				}
				converted++
				kinds[a.Category][a.Name] = true
				if there.Chart != a.Chart || there.Source != a.Source || there.From != a.Name || there.To != b.Name {
					t.Errorf("%s %s %s: %+v", a.Chart, a.Name, label, there)
				}
				for _, v := range there.Values {
					back, err := sizing.Convert(a.Category, b.Name, a.Name, v, o)
					if err != nil || !slices.Contains(back.Values, label) {
						t.Errorf("%s: %s %s is %s %s, and that is %v %v", a.Chart, a.Name, label, b.Name, v, back, err)
					}
				}
			}
			if pairs++; converted < 3 {
				t.Errorf("%s: of %d labels of %s only %d convert to %s", a.Chart, len(a.Labels()), a.Name, converted, b.Name)
			}
		}
	}
	for _, category := range []string{
		"tops", "shirts", "suits", "coats", "trousers", "jeans", "skirts", "dresses", "bras", "underwear", "swim", "shoes", "kids-shoes", "socks", "gloves", "hats", "belts", "rings", "kids",
	} {
		if len(kinds[category]) < 3 {
			t.Errorf("%s converts between %d systems", category, len(kinds[category]))
		}
	}
	if len(names) < 25 || pairs < 100 {
		t.Errorf("%d systems, %d pairs", len(names), pairs)
	}
}

func TestConvertRefuses(t *testing.T) {
	for _, q := range []struct {
		category, from, to, label string
		want                      error
	}{
		{"spoons", "eu", "uk", "42", sizing.ErrNoSystem},
		{"shoes", "eu", "mars", "42", sizing.ErrNoSystem},
		{"shoes", "eu", "uk", "420", sizing.ErrNoSize},
		{"shoes", "eu", "uk", "M", sizing.ErrNoSize},
		{"dresses", "eu", "us", "62", sizing.ErrNoSize}, // bust 152 is beyond the American table
		{"", "", "", "", sizing.ErrNoSystem},
	} {
		if c, err := sizing.Convert(q.category, q.from, q.to, q.label, nil); !errors.Is(err, q.want) || !strings.HasPrefix(err.Error(), "sizing: convert") {
			t.Errorf("%s %s %s %s: %v %v", q.category, q.from, q.to, q.label, c, err)
		}
	}
}

// TestChartConvert uses a retailer's own columns.
func TestChartConvert(t *testing.T) {
	c := parse(t, "EU,UK,US,foot length (cm)\n41,7.5,8,26\n42,8,8.5,26.5\n42.5,8.5,9,27")
	got, err := c.Convert("eu", "us", "42,5")
	if err != nil || len(got.Values) != 1 || got.Values[0] != "9" || got.Label != "42.5" {
		t.Errorf("got %+v %v", got, err)
	}
	if _, err := c.Convert("eu", "jp", "42"); !errors.Is(err, sizing.ErrNoSystem) {
		t.Errorf("a column that is not there: %v", err)
	}
	if _, err := c.Convert("eu", "us", "50"); !errors.Is(err, sizing.ErrNoSize) {
		t.Errorf("a size that is not there: %v", err)
	}
}

func ExampleConvert() {
	c, err := sizing.Convert("shoes", "eu", "uk", "42", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Values, "by", c.Chart)
	// Output: [8.5] by iso-ts-19407-adult
}
