package tryontest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/tryon/gradio"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

// Drivers of services that choose models by name say what is known of their
// lives, and since when; apps of the shop's own have the models it gave them.
func TestModels(t *testing.T) {
	for name, d := range drivers() {
		b, err := d.New()
		if err != nil {
			t.Fatal(err)
		}
		models := b.Describe().Models
		if own := name == "comfy" || name == "gradio" || name == "replicate"; !own && len(models) == 0 {
			t.Errorf("%s says nothing of its models", name)
		}
		for _, m := range models {
			if day, err := time.Parse(time.DateOnly, m.AsOf); m.ID == "" || err != nil || day.Year() < 2026 || m.Successor == m.ID {
				t.Errorf("%s: %+v, %v", name, m, err)
			}
		}
	}
}

// A prefix that would go on with the name of the host is refused before there
// is anything to send.
func TestGradioPrefix(t *testing.T) {
	for prefix, good := range map[string]bool{
		"": true, "/": true, "/gradio_api": true, "/app/gradio_api/": true,
		"gradio_api": false, ".evil.example": false, ":8443/x": false, "@evil.example": false, "/a?b": false, "/a#b": false, "//evil.example": false,
		"/a/../b": false, "/a b": false, "/%2e": false,
	} {
		_, err := gradio.New(&gradio.Options{BaseURL: "https://gpu.shop.example", API: gradio.Leffa, Key: tryontest.Key, Prefix: prefix})
		if (err == nil) != good {
			t.Errorf("%q: %v", prefix, err)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "gradio: the prefix") || strings.Contains(err.Error(), tryontest.Key)) {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}
