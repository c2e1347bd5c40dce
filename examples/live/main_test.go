package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/tryon/tryontest"
)

var asked = []string{
	"-driver", "openai", "-model", "gpt-image-2", "-base", "https://openai.fake.example/v1", "-price", "0.07", "-max-spend", "0.2",
	"-photo", "../quickstart/assets/portrait.jpg", "-item", "../quickstart/assets/tee.png",
}

func withKey(name string) string {
	if name == "FITVEIL_LIVE_OPENAI_KEY" {
		return tryontest.Key
	}
	return ""
}

func none(string) string { return "" }

func TestRun(t *testing.T) {
	tests := []struct {
		name     string
		args     []string
		env      func(string) string
		says     string // in the error
		accepted int
		spent    float64
	}{
		{"says what it would do", asked, none, "", 0, 0},
		{"does it", append([]string{"-send"}, asked...), withKey, "", 2, .14},
		{"without a key", append([]string{"-send"}, asked...), none, "set FITVEIL_LIVE_OPENAI_KEY", 0, 0},
		{"too dear", append(asked[:len(asked):len(asked)], "-send", "-max-spend", "0.1"), withKey, "cost more", 0, 0},
		{"no price", append(asked[:len(asked):len(asked)], "-send", "-price", "0"), withKey, "price", 0, 0},
		{"no such driver", []string{"-driver", "x"}, none, "no driver", 0, 0},
		{"a photo of nobody", append(asked[:len(asked):len(asked)], "-send", "-photo", "../quickstart/assets/tee.png"), withKey, "nobody", 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := tryontest.NewServer(tryontest.OpenAI{})
			var out bytes.Buffer
			err := run(t.Context(), test.args, test.env, &out, s)
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want %q", err, test.says)
			}
			if s.Accepted() != test.accepted || test.accepted == 0 && len(s.Log()) != 0 {
				t.Errorf("%d accepted, %d requests", s.Accepted(), len(s.Log()))
			}
			if err != nil {
				return
			}
			var r tryontest.LiveReport
			if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Driver != "openai" || r.Planned != .14 || r.Spent != test.spent || len(r.Cases) != 4 {
				t.Errorf("got %s, %v", out.Bytes(), err)
			}
			if strings.Contains(out.String(), tryontest.Key) {
				t.Error("the key is in the report")
			}
		})
	}
}

// TestDrivers makes each driver that can be named.
func TestDrivers(t *testing.T) {
	for _, name := range names() {
		args := []string{
			"-driver", name, "-model", "a/b", "-base", "https://a.example", "-project", "p", "-price", "1", "-max-spend", "2",
			"-workflow", "testdata/workflow.json",
		}
		if name == "gemini" || name == "vertex" {
			args[3] = "m"
		}
		var out bytes.Buffer
		if err := run(t.Context(), args, none, &out, tryontest.NewServer(tryontest.OpenAI{})); err != nil || !strings.Contains(out.String(), "draws") {
			t.Errorf("%s: %v %s", name, err, out.Bytes())
		}
	}
}
