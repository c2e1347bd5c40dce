package tryon_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fitveil/fitveil/tryon"
)

func TestNewRefusesRoutes(t *testing.T) {
	var calls atomic.Int32
	good := drawing("good", &calls)
	with := func(change func(*tryon.Profile)) tryon.Route {
		p := remote("remote", "api.renderer.example")
		change(&p)
		return tryon.Route{Backend: tryon.NewBackend(p, nil)}
	}
	tests := []struct {
		name   string
		routes []tryon.Route
		says   string
	}{
		{"none", nil, "no routes"},
		{"nil backend", []tryon.Route{{}}, "nil"},
		{"second of a name", routes(good, drawing("good", &calls)), `second backend named "good"`},
		{"no name", []tryon.Route{with(func(p *tryon.Profile) { p.Name = "" })}, "name"},
		{"loud name", []tryon.Route{with(func(p *tryon.Profile) { p.Name = "Re mote" })}, "name"},
		{"no task", []tryon.Route{with(func(p *tryon.Profile) { p.Tasks = nil })}, "task"},
		{"unknown task", []tryon.Route{with(func(p *tryon.Profile) { p.Tasks = []tryon.Task{7} })}, "task(7)"},
		{"unknown garment", []tryon.Route{with(func(p *tryon.Profile) { p.Garments = []tryon.Garment{9} })}, "garment(9)"},
		{"no sub-processor", []tryon.Route{with(func(p *tryon.Profile) { p.SubProcessor = "" })}, "sub-processor"},
		{"no region", []tryon.Route{with(func(p *tryon.Profile) { p.Region = "" })}, "region"},
		{"no hosts", []tryon.Route{with(func(p *tryon.Profile) { p.Hosts = nil })}, "hosts"},
		{"address for a host", []tryon.Route{with(func(p *tryon.Profile) { p.Hosts = []string{"https://a.example"} })}, "not a host"},
		{"host with path", []tryon.Route{with(func(p *tryon.Profile) { p.Hosts = []string{"a.example/upload"} })}, "not a host"},
		{"any host", []tryon.Route{with(func(p *tryon.Profile) { p.Hosts = []string{"*.a.example"} })}, "not a host"},
		{"host with credentials", []tryon.Route{with(func(p *tryon.Profile) { p.Hosts = []string{"me@a.example"} })}, "not a host"},
		{"port 0", []tryon.Route{with(func(p *tryon.Profile) { p.Hosts = []string{"a.example:0"} })}, "not a host"},
		{"negative limit", []tryon.Route{with(func(p *tryon.Profile) { p.MaxSide = -1 })}, "negative"},
		{"source type of one's own", []tryon.Route{with(func(p *tryon.Profile) { p.Source = "digitalCapture" })}, "source type"},
		{"negative timeout", []tryon.Route{{Backend: good, Timeout: -time.Second}}, "negative"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := tryon.New(&tryon.Options{Routes: test.routes})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want an error with %q", err, test.says)
			}
		})
	}
	if _, err := tryon.New(nil); err == nil {
		t.Error("New(nil) made a client")
	}
	whole := with(func(p *tryon.Profile) {
		p.Hosts = []string{"API.renderer.example", "a.example:8443", "[2001:db8::1]:443"}
	})
	if _, err := tryon.New(&tryon.Options{Routes: []tryon.Route{whole, {Backend: good}}}); err != nil {
		t.Errorf("good routes refused: %v", err)
	}
}
