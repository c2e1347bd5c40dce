package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/comfy"
	"github.com/fitveil/fitveil/tryon/fal"
	"github.com/fitveil/fitveil/tryon/fashn"
	"github.com/fitveil/fitveil/tryon/gemini"
	"github.com/fitveil/fitveil/tryon/gradio"
	"github.com/fitveil/fitveil/tryon/httpbackend"
	"github.com/fitveil/fitveil/tryon/kie"
	"github.com/fitveil/fitveil/tryon/openai"
	"github.com/fitveil/fitveil/tryon/replicate"
	"github.com/fitveil/fitveil/tryon/vertex"
)

// settings are what the drivers are made with.
type settings struct {
	driver, model, base, project, location string
	workflow, photoField, itemField        string
	key                                    tryon.Key
}

var drivers = map[string]func(*settings) (tryon.Backend, error){
	"gemini": func(s *settings) (tryon.Backend, error) {
		return gemini.New(&gemini.Options{Key: s.key, Model: s.model, BaseURL: s.base})
	},
	"vertex": func(s *settings) (tryon.Backend, error) {
		token := func(context.Context) (tryon.Key, error) { return s.key, nil }
		return vertex.New(&vertex.Options{Project: s.project, Location: s.location, Token: token, Model: s.model, BaseURL: s.base})
	},
	"openai": func(s *settings) (tryon.Backend, error) {
		return openai.New(&openai.Options{Key: s.key, Model: s.model, BaseURL: s.base})
	},
	"kie": func(s *settings) (tryon.Backend, error) {
		return kie.New(&kie.Options{Key: s.key, Model: s.model, BaseURL: s.base})
	},
	"fashn": func(s *settings) (tryon.Backend, error) {
		return fashn.New(&fashn.Options{Key: s.key, Model: s.model, BaseURL: s.base})
	},
	"fal": func(s *settings) (tryon.Backend, error) {
		return fal.New(&fal.Options{Key: s.key, Model: s.model, BaseURL: s.base})
	},
	"replicate": func(s *settings) (tryon.Backend, error) {
		inputs := func(_ *tryon.Input, photo string, items []string) map[string]any {
			return map[string]any{s.photoField: photo, s.itemField: items[0]}
		}
		return replicate.New(&replicate.Options{Key: s.key, Model: s.model, Inputs: inputs, BaseURL: s.base})
	},
	"gradio": func(s *settings) (tryon.Backend, error) {
		return gradio.New(&gradio.Options{BaseURL: s.base, API: gradio.IDMVTON})
	},
	"comfy": func(s *settings) (tryon.Backend, error) {
		workflow, err := os.ReadFile(s.workflow)
		if err != nil {
			return nil, err
		}
		return comfy.New(&comfy.Options{BaseURL: s.base, Workflow: workflow})
	},
	"httpbackend": func(s *settings) (tryon.Backend, error) {
		own := &tryon.Contract{SubProcessor: "the tester's own", Region: "own"}
		return httpbackend.New(&httpbackend.Options{BaseURL: s.base, Key: s.key, Contract: own})
	},
}

func names() []string { return slices.Sorted(maps.Keys(drivers)) }

// keyless reports whether a driver is of the shop's own server, without a key.
func keyless(driver string) bool { return driver == "gradio" || driver == "comfy" }

func backend(s *settings) (tryon.Backend, error) {
	f := drivers[s.driver]
	if f == nil {
		return nil, fmt.Errorf("no driver %q; there are %v", s.driver, names())
	}
	own := *s // a driver may keep it
	return f(&own)
}
