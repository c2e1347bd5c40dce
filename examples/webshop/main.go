// Command webshop is a product page on fitveil: a shopper agrees, uploads a
// photo, sees the T-shirt on it and the size that fits, and takes it all back.
//
//	go run ./examples/webshop               # then open http://127.0.0.1:8080
//	go run ./examples/webshop -db shop.db   # keeps the record of consents
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/fitveil/fitveil/examples/webshop/shop"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	db := flag.String("db", "", "file for the record of consents; its keys are kept in FILE.keys (empty: in memory)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := shop.Serve(ctx, os.Stderr, *addr, *db); err != nil {
		fmt.Fprintln(os.Stderr, "webshop:", err)
		os.Exit(1)
	}
}
