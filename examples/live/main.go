// Command live tries one of the try-on drivers against its real service, with a
// key and a photo of your own, and with a limit on what it may cost:
//
//	export FITVEIL_LIVE_OPENAI_KEY=...
//	go run ./examples/live -driver openai -model gpt-image-2 -photo me.jpg -item tee.jpg -price 0.07 -max-spend 0.20
//
// That prints what would be done, to whom the photo would go and what it would
// cost. With -send it is done: two pictures are asked for, and what is left there
// is erased. The report is JSON on standard output. Nothing here runs in tests
// without a service of their own.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, nil); err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

// run is main with what tests replace: where requests go, and the environment.
func run(ctx context.Context, args []string, env func(string) string, out io.Writer, transport http.RoundTripper) error {
	f := flag.NewFlagSet("live", flag.ContinueOnError)
	var s settings
	f.StringVar(&s.driver, "driver", "", strings.Join(names(), ", "))
	f.StringVar(&s.model, "model", "", "model, where the driver takes one")
	f.StringVar(&s.base, "base", "", "address, for gradio, comfy and httpbackend, or instead of the standard one")
	f.StringVar(&s.project, "project", "", "vertex: project")
	f.StringVar(&s.location, "location", "europe-west1", "vertex: location")
	f.StringVar(&s.workflow, "workflow", "", "comfy: file with the workflow")
	f.StringVar(&s.photoField, "photo-field", "human_img", "replicate: name of the photo in the model's input")
	f.StringVar(&s.itemField, "item-field", "garm_img", "replicate: name of the garment in the model's input")
	photo := f.String("photo", "", "picture of one person who agreed that the provider gets it")
	item := f.String("item", "", "picture of a garment")
	price := f.Float64("price", 0, "what one picture costs at most")
	spend := f.Float64("max-spend", 0, "what all of it may cost")
	send := f.Bool("send", false, "do it; without, say what would be done")
	if err := f.Parse(args); err != nil {
		return err
	}
	name := "FITVEIL_LIVE_" + strings.ToUpper(s.driver) + "_KEY"
	s.key = tryon.Key(env(name))
	if *send && s.key == "" && !keyless(s.driver) {
		return fmt.Errorf("no key: set %s", name)
	}
	if s.key == "" {
		s.key = "none" // nothing is sent with it
	}
	b, err := backend(&s)
	if err != nil {
		return err
	}
	o := &tryontest.LiveOptions{Price: *price, MaxSpend: *spend, Transport: transport}
	if !keyless(s.driver) {
		wrong := s
		wrong.key = "wrong-key-of-a-live-test"
		if o.WrongKey, err = backend(&wrong); err != nil {
			return err
		}
	}
	report, err := tryontest.LivePlan(b, o)
	if err == nil && *send {
		if o.Photo, o.Item.Image, err = pictures(ctx, *photo, *item); err == nil {
			report, err = tryontest.Live(ctx, b, o)
		}
	}
	if err != nil {
		return err
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	if err := e.Encode(report); err != nil {
		return err
	}
	if *send && !report.OK {
		return errors.New("not everything worked; the report says what")
	}
	return nil
}

// pictures sanitises and screens what is to be sent.
func pictures(ctx context.Context, photo, item string) (*detect.Screened, *imageproc.Clean, error) {
	p, err := sanitise(ctx, photo)
	if err != nil {
		return nil, nil, err
	}
	i, err := sanitise(ctx, item)
	if err != nil {
		return nil, nil, err
	}
	d, err := person.New(nil)
	if err != nil {
		return nil, nil, err
	}
	screened, err := detect.Screen(ctx, d, p, detect.OnePerson(), nil)
	return screened, i, err
}

func sanitise(ctx context.Context, path string) (*imageproc.Clean, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return imageproc.Sanitize(ctx, f, nil)
}
