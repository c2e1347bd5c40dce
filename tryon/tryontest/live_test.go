package tryontest_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/openai"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

func liveOptions(t *testing.T, s *tryontest.Server) *tryontest.LiveOptions {
	t.Helper()
	sim := &simulation{}
	photo, err := detect.Screen(t.Context(), anybody{}, sim.picture(t, 1), detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &tryontest.LiveOptions{Photo: photo, Item: tryon.Item{Image: sim.picture(t, 2)}, Price: .04, MaxSpend: .1, Transport: s}
}

// TestLive runs the live suite over the fakes: it asks for two pictures, says
// what they cost, and leaves nothing behind that can be deleted.
func TestLive(t *testing.T) {
	for name, d := range drivers() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := tryontest.NewServer(d.Service())
				b, err := d.New()
				if err != nil {
					t.Fatal(err)
				}
				r, err := tryontest.Live(t.Context(), b, liveOptions(t, s))
				if err != nil {
					t.Fatal(err)
				}
				if !r.OK || r.Spent != .08 || r.Bytes == 0 || s.Accepted() != 2 {
					t.Errorf("%d pictures were asked for; got %+v", s.Accepted(), r)
				}
				for _, x := range r.Left {
					if x.State != tryon.DeletionNotPossible {
						t.Errorf("left: %+v", x)
					}
				}
			})
		})
	}
}

func TestLiveSpends(t *testing.T) {
	d := drivers()["openai"]
	make := func(t *testing.T) (*tryontest.Server, tryon.Backend, *tryontest.LiveOptions) {
		s := tryontest.NewServer(d.Service())
		b, err := d.New()
		if err != nil {
			t.Fatal(err)
		}
		return s, b, liveOptions(t, s)
	}
	t.Run("too dear", func(t *testing.T) {
		s, b, o := make(t)
		o.MaxSpend = .07
		if _, err := tryontest.Live(t.Context(), b, o); !errors.Is(err, tryontest.ErrSpend) || len(s.Log()) != 0 {
			t.Errorf("got %v, and %d requests", err, len(s.Log()))
		}
		o.Price = 0
		if _, err := tryontest.Live(t.Context(), b, o); err == nil || len(s.Log()) != 0 {
			t.Errorf("got %v, and %d requests", err, len(s.Log()))
		}
	})
	t.Run("fails", func(t *testing.T) {
		s, b, o := make(t)
		s.Break(tryontest.Fault{On: tryontest.Submit, Kind: tryontest.Status, Status: 500})
		r, err := tryontest.Live(t.Context(), b, o)
		if err != nil || r.OK || s.Count(tryontest.Submit) != 1 || r.Spent != o.Price || r.Cases[0].Outcome != tryon.Unavailable.String() {
			t.Errorf("got %+v, %v after %d submissions", r, err, s.Count(tryontest.Submit))
		}
	})
	t.Run("wrong key", func(t *testing.T) {
		s, b, o := make(t)
		var err error
		o.WrongKey, err = openai.New(&openai.Options{Key: "sk-wrong", Model: "gpt-image-2", BaseURL: "https://openai.fake.example/v1"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := tryontest.Live(t.Context(), b, o)
		if err != nil || !r.OK || len(r.Cases) != 4 || s.Accepted() != 2 || !strings.Contains(r.Cases[0].Name, "key") {
			t.Errorf("got %+v, %v", r, err)
		}
		o.WrongKey = b // it is right
		if r, err = tryontest.Live(t.Context(), b, o); err != nil || r.OK || r.Cases[0].OK || r.Cases[2].Outcome != tryon.OverQuota.String() || r.Spent > o.MaxSpend {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}
