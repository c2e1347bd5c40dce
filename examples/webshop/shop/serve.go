package shop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
	"github.com/fitveil/fitveil/consent/memstore"
)

// Serve opens the shop on addr until ctx ends, and says on w where it is. With
// db the record of consents is kept in that file and its keys in db.keys;
// without, both end with the process.
func Serve(ctx context.Context, w io.Writer, addr, db string) (err error) {
	ledger, closeLedger, err := openLedger(db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLedger()) }()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	origin := "http://" + listener.Addr().String()
	s, err := New(ledger, &Options{Origins: []string{origin}, Logger: slog.New(slog.NewTextHandler(w, nil))})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer s.Close()
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       time.Minute,
	}
	fmt.Fprintf(w, "the shop is open at %s; stop it with Ctrl-C\n", origin)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = server.Shutdown(wait)
	<-done // says that the server was shut down
	return err
}

func openLedger(db string) (*consent.Ledger, func() error, error) {
	if db == "" {
		l, err := consent.New(memstore.New(), nil)
		return l, func() error { return nil }, err
	}
	keys, err := consent.LoadKeys(db + ".keys")
	if errors.Is(err, fs.ErrNotExist) {
		keys = consent.GenerateKeys()
		err = keys.Save(db + ".keys")
	}
	if err != nil {
		return nil, nil, err
	}
	store, err := boltstore.Open(db, nil)
	if err != nil {
		return nil, nil, err
	}
	l, err := consent.New(store, &consent.Options{Keys: keys})
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return l, store.Close, nil
}
