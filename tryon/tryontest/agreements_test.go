package tryontest_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/httpbackend"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

var update = flag.Bool("update", false, "write docs/agreements.md anew")

// agreementOf is what a profile of the ledger says of renderers: who gets a
// photo at all, where, and for how long. Its log for finding abuse may keep a
// photo no longer than the renderer itself may.
func agreementOf(t *testing.T, name string, everybody map[string]string) tryon.Agreement {
	t.Helper()
	p, err := consent.BuiltinProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	a := tryon.Agreement{Name: name, Declared: true}
	for _, r := range []string{"EU", "EEA", "US", "global", "unknown", "own"} {
		if p.Allows(r) || r == "EU" && p.Allows("EEA") {
			a.Regions = append(a.Regions, r)
		}
	}
	keep := func(c consent.Category) time.Duration {
		now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		if k, ok := p.Keep(c); ok {
			return k.From(now).Sub(now)
		}
		return 0
	}
	a.Uploads, a.Outputs = max(keep(consent.Photo), keep(consent.SpacePhoto)), keep(consent.TryOnImage)
	a.AbuseLog = a.Uploads
	if p.Images() != "none" && a.Outputs > 0 {
		a.SubProcessors = everybody
	}
	return a
}

// TestAgreementTable holds each of ten routes against each of the five
// agreements that fitveil knows, as drivers declare themselves, and keeps the
// table in docs/agreements.md true.
func TestAgreementTable(t *testing.T) {
	const key = tryontest.Key
	all := drivers()
	all["httpbackend"] = tryontest.Driver{New: func() (tryon.Backend, error) {
		return httpbackend.New(&httpbackend.Options{BaseURL: "https://render.example", Key: key, Contract: &tryon.Contract{SubProcessor: "The shop", Region: "EU"}})
	}}
	everybody, names, backends := map[string]string{}, []string{}, map[string]tryon.Backend{}
	for name, d := range all {
		b, err := d.New()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		backends[name], names = b, append(names, name)
		everybody[b.Describe().SubProcessor] = "notice"
	}
	slices.Sort(names)
	agreements := []string{"sizing-archive", "conversation", "room-render", "photo-tryon", "recommendation"}
	var page strings.Builder
	page.WriteString(`# Which routes which agreement allows

Written by ` + "`go test ./tryon/tryontest -run AgreementTable -update`" + `. Each cell is what ` + "`tryon.New`" + ` says of the driver as it
declares itself, without a contract of the shop's own (` + "`Options.Contract`" + `): "yes", or the clause that the route would break. Each
sub-processor is taken as named to the shopper where the agreement lets a renderer have a photo at all, abuse logs as bound like uploads.

| route | region |`)
	for _, a := range agreements {
		page.WriteString(" " + a + " |")
	}
	page.WriteString("\n|---|---|" + strings.Repeat("---|", len(agreements)) + "\n")
	for _, name := range names {
		fmt.Fprintf(&page, "| %s | %s |", name, backends[name].Describe().Region)
		for _, a := range agreements {
			_, err := tryon.New(&tryon.Options{
				Routes:     []tryon.Route{{Backend: backends[name], Research: true}},
				Agreements: []tryon.Agreement{agreementOf(t, a, everybody)}, Callback: "https://shop.example/callbacks",
			})
			var broken *tryon.AgreementError
			switch {
			case err == nil:
				page.WriteString(" yes |")
			case errors.As(err, &broken):
				fmt.Fprintf(&page, " %s: %s |", broken.Clause, broken.Have)
			default:
				t.Errorf("%s, %s: %v", name, a, err)
			}
		}
		page.WriteString("\n")
	}
	file := filepath.Join("..", "..", "docs", "agreements.md")
	if *update {
		if err := os.WriteFile(file, []byte(page.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(have), "\r\n", "\n"), page.String()); diff != "" {
		t.Errorf("docs/agreements.md is not what drivers say (-update writes it):\n%s", diff)
	}
}
