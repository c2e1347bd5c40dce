// Command quickstart does the main job of fitveil on one photograph: it strips
// the metadata, finds the person, records consent, recommends a size, draws a
// T-shirt on the person, takes the consent back and erases the ledger. What
// happened is printed; the pictures and the shopper's receipt land in
// quickstart-out and stay there until you delete them.
//
//	go run ./examples/quickstart            # the bundled portrait
//	go run ./examples/quickstart photo.jpg  # a photo of yours; it stays on this machine
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/examples/quickstart/assets"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/sizing"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

func main() {
	out := flag.String("out", "quickstart-out", "directory for the pictures")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: quickstart [-out DIR] [PHOTO]\nWithout PHOTO it takes the bundled portrait.")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 1 {
		flag.Usage()
		os.Exit(1)
	}
	if err := run(context.Background(), os.Stdout, flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "\nquickstart:", err)
		os.Exit(1)
	}
}

// visit is one shopper's visit.
type visit struct {
	report
	dir string // for the pictures

	photo    *imageproc.Clean
	screened *detect.Screened
	ledger   *consent.Ledger
	// deleteLedger closes the ledger and deletes its file, once.
	deleteLedger func() error
	shopper      consent.Subject
	permit       consent.Permit
	client       *tryon.Client
	request      *tryon.Request
	result       *tryon.Result
}

func run(ctx context.Context, w io.Writer, photo, dir string) (err error) {
	name, upload, err := upload(photo)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	v := &visit{report: report{w: w, start: time.Now()}, dir: dir}
	if err := v.clear(photo); err != nil {
		return err
	}
	if err := v.openLedger(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.deleteLedger()) }()

	v.title("fitveil quickstart: %s, %s", name, bytesText(int64(len(upload))))
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return v.strip(ctx, upload) },
		v.look,
		v.askConsent,
		v.recommend,
		v.tryOn,
		v.erase,
	} {
		if err := step(ctx); err != nil {
			return errors.Join(plainly(err), v.remove(results()))
		}
	}
	v.done(dir)
	return nil
}

func upload(path string) (name string, data []byte, err error) {
	if path == "" {
		return "the bundled portrait", assets.Portrait, nil
	}
	data, err = os.ReadFile(path)
	return filepath.Base(path), data, err
}

// strip removes the metadata before anything else happens.
func (v *visit) strip(ctx context.Context, upload []byte) error {
	photo, err := imageproc.Sanitize(ctx, bytes.NewReader(upload), nil)
	if err != nil {
		return err
	}
	v.photo = photo
	v.removed(photo)
	return v.save("1-clean."+photo.Format().String(), photo.Bytes())
}

// look finds the people in the picture and refuses it unless it shows one.
func (v *visit) look(ctx context.Context) error {
	people, err := person.New(nil)
	if err != nil {
		return err
	}
	screened, err := detect.Screen(ctx, people, v.photo, detect.Selfie(), nil)
	if err != nil {
		return err
	}
	v.screened = screened
	img, err := v.photo.Image(nil)
	if err != nil {
		return err
	}
	drawn, err := drawScene(img, screened.Scene())
	if err != nil {
		return err
	}
	v.seen(screened)
	return v.savePNG("2-person.png", drawn)
}

// recommend answers which size, from what the shopper knows.
func (v *visit) recommend(context.Context) error {
	chart, err := sizing.ParseChart(bytes.NewReader(assets.Chart), nil)
	if err != nil {
		return err
	}
	body := &sizing.Body{
		Sex: sizing.Female, Age: 38, Height: 168 * sizing.Cm, Weight: 66 * sizing.Kg, Bust: 94 * sizing.Cm,
		Source: sizing.Tape,
	}
	r, err := chart.Recommend(body, nil)
	if err != nil {
		return err
	}
	v.size(r)
	return nil
}

// tryOn draws the T-shirt on the person.
func (v *visit) tryOn(ctx context.Context) error {
	tee, err := imageproc.Sanitize(ctx, bytes.NewReader(assets.Tee), nil)
	if err != nil {
		return err
	}
	v.client, err = tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: overlay.New(nil)}}, Ledger: v.ledger})
	if err != nil {
		return err
	}
	v.request = &tryon.Request{
		Subject: v.shopper,
		Photo:   v.screened,
		Items:   []tryon.Item{{ID: "tee", Image: tee, Garment: tryon.Top}},
	}
	v.result, err = v.client.Render(ctx, v.permit, v.request)
	if err != nil {
		return err
	}
	worn := v.result.Images[0]
	before, err := v.photo.Image(nil)
	if err != nil {
		return err
	}
	after, err := worn.Image(nil)
	if err != nil {
		return err
	}
	both, err := sideBySide(before, after, [2]string{"before", "after: drawn, not generated"})
	if err != nil {
		return err
	}
	v.worn(v.result)
	return errors.Join(
		v.save("3-tryon."+worn.Format().String(), worn.Bytes()),
		v.savePNG("4-before-after.png", both),
	)
}
