package main

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/fitveil/fitveil/examples/webshop/shop"
)

// serve opens the web shop until it is interrupted.
func serve(sh *shell, args []string) error {
	fs := sh.flags("serve")
	addr := fs.String("addr", "127.0.0.1:8080", "address to listen on")
	db := fs.String("db", "", "file for the record of consents; its keys are kept in FILE.keys (empty: in memory)")
	if err := parse(fs, args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return shop.Serve(ctx, sh.err, *addr, *db)
}
