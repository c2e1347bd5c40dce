//go:build unix

package riverjobs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fitveil/fitveil/tryon/riverjobs"
)

// However options and queues are printed or logged, they do not show the key.
func TestPrinted(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/none") // not connected to
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	o := &riverjobs.Options{Key: key}
	queue, err := riverjobs.New(pool, o)
	if err != nil {
		t.Fatal(err)
	}
	start := key[:8]
	for name, v := range map[string]any{"options": o, "their value": *o, "queue": queue, "its value": *queue} {
		var said bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&said, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&said, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&said, nil)).Info("x", "v", v)
		if text, err := json.Marshal(v); err == nil {
			said.Write(text)
		}
		for _, secret := range []string{string(start), fmt.Sprintf("%x", start), fmt.Sprintf("%X", start), strings.Trim(fmt.Sprint(start), "[]"), fmt.Sprintf("%#v", start)[8:20]} {
			if strings.Contains(said.String(), secret) {
				t.Errorf("%s show the key: %s", name, said.String())
				break
			}
		}
	}
}
