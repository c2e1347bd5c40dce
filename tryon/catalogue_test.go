package tryon_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fitveil/fitveil/tryon"
)

// halves is a product picture in which something is.
func halves(c color.NRGBA) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 80, 80))
	for y := range 80 {
		for x := range 80 {
			img.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 255})
			if x > 20 && x < 60 {
				img.SetNRGBA(x, y, c)
			}
		}
	}
	return pngFile(img)
}

// What the catalogue knows as worn by a model is worn in each request.
func TestCatalogueKnowsWhatIsWorn(t *testing.T) {
	w := newWorld(t)
	blue, red := clean(t, halves(color.NRGBA{20, 40, 200, 255})), clean(t, halves(color.NRGBA{200, 40, 20, 255}))
	c := tryon.NewCatalogue(&tryon.Memory{}, &tryon.CatalogueOptions{Detector: people{0, 0}})
	if _, err := c.Import(t.Context(), []tryon.Entry{{Image: blue, Worn: true}, {Image: red}}); err != nil {
		t.Fatal(err)
	}
	var got []bool
	backend := tryon.NewBackend(tryon.Profile{Name: "near", Tasks: []tryon.Task{tryon.OnPerson}, MaxItems: 2},
		func(_ context.Context, in *tryon.Input) (*tryon.Output, error) {
			got = append(got, in.Items[0].Worn, in.Items[1].Worn)
			return picture(), nil
		})
	r := w.request
	r.Items = []tryon.Item{{Image: blue}, {Image: red}}
	client := newClient(t, &tryon.Options{Routes: routes(backend), Ledger: w.ledger, Catalogue: c})
	if _, err := client.Render(t.Context(), w.permit, &r); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !got[0] || got[1] || r.Items[0].Worn {
		t.Errorf("the backend saw %v, the caller's request has %v", got, r.Items[0].Worn)
	}
}

func TestCatalogue(t *testing.T) {
	w := newWorld(t)
	store := &tryon.Memory{}
	blue := clean(t, halves(color.NRGBA{20, 40, 200, 255}))
	tests := []struct {
		name   string
		entry  tryon.Entry
		o      tryon.CatalogueOptions
		reason tryon.Reason
	}{
		{"a product", tryon.Entry{Image: blue}, tryon.CatalogueOptions{Detector: people{0, 0}}, ""},
		{"somebody in it", tryon.Entry{Image: blue}, tryon.CatalogueOptions{Detector: people{1, .9}}, "somebody-in-it"},
		{"declared as worn", tryon.Entry{Image: blue, Worn: true}, tryon.CatalogueOptions{Detector: people{1, .9}}, ""},
		{"nobody looks", tryon.Entry{Image: blue}, tryon.CatalogueOptions{}, "not-looked-at"},
		{"lingerie", tryon.Entry{Image: blue, Category: tryon.Lingerie}, tryon.CatalogueOptions{Detector: people{0, 0}}, "intimate"},
		{"swimwear", tryon.Entry{Image: blue, Category: tryon.Swimwear}, tryon.CatalogueOptions{Detector: people{0, 0}}, "intimate"},
		{"swimwear where wanted", tryon.Entry{Image: blue, Category: tryon.Swimwear}, tryon.CatalogueOptions{Detector: people{0, 0}, Intimate: true}, ""},
		{"blank", tryon.Entry{Image: clean(t, pngOf(80, 80, color.White))}, tryon.CatalogueOptions{Detector: people{0, 0}}, "blank"},
		{"too small", tryon.Entry{Image: clean(t, pngOf(40, 40, color.White))}, tryon.CatalogueOptions{Detector: people{0, 0}}, "too-small"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list, err := tryon.NewCatalogue(&tryon.Memory{}, &test.o).Import(t.Context(), []tryon.Entry{test.entry})
			if err != nil || list[0].Reason != test.reason || list[0].OK != (test.reason == "") {
				t.Errorf("got %+v, %v; want %q", list, err, test.reason)
			}
		})
	}
	c := tryon.NewCatalogue(store, &tryon.CatalogueOptions{Detector: people{1, .9}})
	var calls atomic.Int32
	client := newClient(t, &tryon.Options{Routes: routes(drawing("near", &calls)), Ledger: w.ledger, Catalogue: c})
	render := func(want tryon.Reason) {
		t.Helper()
		r := w.request
		r.Items = []tryon.Item{{Image: blue}}
		_, err := client.Render(t.Context(), w.permit, &r)
		var e *tryon.Error
		if want == "" && err != nil || want != "" && (!errors.As(err, &e) || e.Code != tryon.BadProduct || e.Reason != want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	render("not-in-catalogue")
	if _, err := c.Import(t.Context(), []tryon.Entry{{SKU: "sku-1", Image: blue}}); err != nil {
		t.Fatal(err)
	}
	render("not-approved")
	if _, err := c.Override(t.Context(), blue, true, "", ""); err == nil {
		t.Error("an override without a name and a reason")
	}
	if _, err := c.Override(t.Context(), blue, true, "anna", "a mannequin"); err != nil {
		t.Fatal(err)
	}
	render("")
	if _, err := c.Import(t.Context(), []tryon.Entry{{SKU: "sku-1", Image: blue}}); err != nil {
		t.Fatal(err)
	}
	render("") // a second import does not undo it
	audit, err := c.Audit(t.Context())
	if err != nil || len(audit) != 1 || audit[0].By != "anna" || len(audit[0].Before) != 1 || audit[0].Before[0].Reason != "somebody-in-it" {
		t.Errorf("got %+v, %v", audit, err)
	}
}

func TestLabel(t *testing.T) {
	w := newWorld(t)
	backend := tryon.NewBackend(local("near"), func(context.Context, *tryon.Input) (*tryon.Output, error) {
		return &tryon.Output{Images: []tryon.Encoded{{Data: pngOf(120, 160, color.NRGBA{10, 200, 10, 255})}}}, nil
	})
	client := newClient(t, &tryon.Options{Routes: routes(backend), Ledger: w.ledger, Label: "AI"})
	result, err := client.Render(t.Context(), w.permit, &w.request)
	if err != nil {
		t.Fatal(err)
	}
	img := pixelsOf(t, result.Images[0])
	white, black := 0, 0
	for y := 140; y < 160; y++ {
		for x := 90; x < 120; x++ {
			switch img.NRGBAAt(x, y) {
			case color.NRGBA{255, 255, 255, 255}:
				white++
			case color.NRGBA{0, 0, 0, 255}:
				black++
			}
		}
	}
	// An A of 18 pixels and an I of 11, on a field of 15 × 11.
	if white != 29 || black != 15*11-29 {
		t.Errorf("%d white and %d black pixels", white, black)
	}
	if last := result.Marks[len(result.Marks)-1]; last.Kind != tryon.MarkLabel || last.Value != "AI" {
		t.Errorf("marks: %v", result.Marks)
	}
	if !bytes.Contains(result.Images[0].Bytes(), []byte("digitalsourcetype/")) {
		t.Error("the label took the mark away")
	}
	for _, label := range []string{"künstlich", "ai", strings.Repeat("A", 25)} {
		if _, err := tryon.New(&tryon.Options{Routes: routes(backend), Label: label}); err == nil {
			t.Errorf("%q was accepted", label)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	for s, want := range map[string]bool{
		"8.8.8.8": true, "93.184.215.14": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false,
		"::ffff:169.254.169.254": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false,
	} {
		if got := tryon.Public(netip.MustParseAddr(s)); got != want {
			t.Errorf("%s: public is %v", s, got)
		}
	}
}
