// Command custombackend is a renderer of a shop's own, on a server of its own:
// it speaks fitveil's open render protocol and draws by pasting the product in
// the middle of the photo. Replace draw by what you have.
//
//	custombackend -addr 127.0.0.1:8443 -cert cert.pem -tls-key key.pem
//
// The key that clients present is read from the environment, FITVEIL_RENDER_KEY.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/httpbackend"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "custombackend:", err)
		os.Exit(1)
	}
}

func run() error {
	addr := flag.String("addr", "127.0.0.1:8443", "where to listen")
	cert := flag.String("cert", "", "certificate, PEM")
	tlsKey := flag.String("tls-key", "", "its key, PEM")
	flag.Parse()
	handler, err := httpbackend.NewHandler(paste, &httpbackend.HandlerOptions{Key: tryon.Key(os.Getenv("FITVEIL_RENDER_KEY"))})
	if err != nil {
		return err
	}
	defer handler.Close()
	server := &http.Server{Addr: *addr, Handler: handler, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // what still runs is cut off when the program ends
	})
	if err := server.ListenAndServeTLS(*cert, *tlsKey); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// paste draws the first product, a third of the photo wide, in its middle.
func paste(_ context.Context, j *httpbackend.Job) (*tryon.Output, error) {
	photo, err := j.Photo.Image(nil)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.BadPhoto, Reason: "not-decodable", Err: err}
	}
	product, err := j.Items[0].Image.Thumb(photo.Bounds().Dx() / 3)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.BadProduct, Reason: "not-decodable", Err: err}
	}
	canvas := photo.(draw.Image)
	at := photo.Bounds().Size().Sub(product.Bounds().Size()).Div(2)
	draw.Draw(canvas, product.Bounds().Add(at), product, image.Point{}, draw.Over)
	var out bytes.Buffer
	if err := imageproc.Encode(&out, canvas, imageproc.JPEG, &imageproc.EncodeOptions{ColoursOf: j.Photo}); err != nil {
		return nil, err
	}
	return &tryon.Output{Images: []tryon.Encoded{{Data: out.Bytes()}}}, nil
}
