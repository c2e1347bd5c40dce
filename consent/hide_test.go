package consent_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

// wrapped holds values where fmt cannot call their methods.
type wrapped struct {
	Open   any
	hidden any
	keys   consent.Keys
	who    consent.Subject
	permit consent.Permit
}

// prints spells v in every way that logs and errors do.
func prints(v any) string {
	var out bytes.Buffer
	var s consent.Subject
	if x, ok := v.(consent.Subject); ok {
		s = x
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%10.3v"} {
		for _, w := range []any{v, &v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}, wrapped{Open: v, hidden: v, who: s}, &wrapped{hidden: v, who: s}} {
			fmt.Fprintf(&out, verb+"\n", w)
		}
	}
	fmt.Fprintln(&out, v, fmt.Errorf("wrapped: %v", v))
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(h)
		log.Info("x", "v", v, "list", []any{v}, "map", map[string]any{"k": v}, "struct", wrapped{Open: v, hidden: v, who: s},
			slog.Group("g", "v", v), "pointer", &v, "error", fmt.Errorf("e: %v", v))
	}
	for _, w := range []any{v, []any{v}, map[string]any{"k": v}, wrapped{Open: v, hidden: v}} {
		if err := json.NewEncoder(&out).Encode(w); err != nil {
			fmt.Fprintln(&out, err)
		}
	}
	if err := xml.NewEncoder(&out).Encode(struct{ V any }{v}); err != nil {
		fmt.Fprintln(&out, err)
	}
	if err := gob.NewEncoder(&out).Encode(v); err != nil {
		fmt.Fprintln(&out, err)
	}
	return out.String()
}

// dump spells everything that reflection can reach from v, as debuggers' and
// loggers' dumpers do: through pointers and into unexported fields.
func dump(out *bytes.Buffer, v reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() || v.Kind() == reflect.Pointer && seen[v.Pointer()] {
			return
		}
		if v.Kind() == reflect.Pointer {
			seen[v.Pointer()] = true
		}
		dump(out, v.Elem(), seen)
	case reflect.Struct:
		for _, field := range v.Fields() {
			dump(out, field, seen)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			for i := range v.Len() {
				out.WriteByte(byte(v.Index(i).Uint()))
			}
			return
		}
		for i := range v.Len() {
			dump(out, v.Index(i), seen)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			dump(out, k, seen)
			dump(out, v.MapIndex(k), seen)
		}
	case reflect.String:
		out.WriteString(v.String())
	}
}

func TestNothingPersonalIsPrinted(t *testing.T) {
	ctx := t.Context()
	keys := consent.GenerateKeys()
	l := newLedger(t, memstore.New(), &consent.Options{Keys: keys})
	who := l.Subject("tenant-zebra", "customer-4711")
	g := yes(who, time.Now(), consent.TryOnRender)
	r, err := l.Grant(ctx, g)
	if err != nil {
		t.Fatal(err)
	}
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	permit, err := l.Permit(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	var event consent.Event
	for e, err := range l.History(ctx, who) {
		if err != nil {
			t.Fatal(err)
		}
		event = e
	}
	leases := new(consent.Leases)
	leases.Begin(who, &consent.Record{Seq: 1, Time: noon, Leases: []consent.Lease{{Purpose: consent.Sizing, Ends: noon}}})
	id := who.Pseudonym()
	path := t.TempDir() + "/keys"
	if err := keys.Save(path); err != nil {
		t.Fatal(err)
	}
	var secrets struct{ Subject, Sign []byte }
	if data, err := os.ReadFile(path); err != nil || json.Unmarshal(data, &secrets) != nil || len(secrets.Sign) != 32 {
		t.Fatal("cannot read the keys back")
	}
	planted := []string{"customer-4711", "tenant-zebra"}
	for _, b := range [][]byte{id[:], secrets.Subject, secrets.Sign} {
		decimal := strings.Trim(fmt.Sprint(b[:4]), "[]")
		planted = append(planted, hex.EncodeToString(b[:4]), strings.ToUpper(hex.EncodeToString(b[:4])), decimal,
			strings.ReplaceAll(decimal, " ", ","), strings.ReplaceAll(decimal, " ", ", "), string(b[:4]), fmt.Sprintf("%#x, %#x, %#x, %#x", b[0], b[1], b[2], b[3]))
	}
	values := map[string]any{
		"subject": who, "keys": keys, "permit": permit, "unmanaged": consent.Unmanaged("elsewhere").For(who),
		"ledger": l, "query": q, "grant": g, "event": event, "pointer to permit": &permit,
		"leases": leases, "leases in a struct": &struct{ hidden *struct{ l *consent.Leases } }{&struct{ l *consent.Leases }{leases}},
		"options": consent.Options{Keys: keys}, "holder": wrapped{keys: keys, who: who, permit: permit},
	}
	for name, v := range values {
		out := prints(v)
		for _, secret := range planted {
			if i := strings.Index(out, secret); i >= 0 {
				t.Errorf("%s prints %q: ...%s...", name, secret, out[max(0, i-60):min(len(out), i+60)])
			}
		}
	}
	for name, v := range map[string]any{
		"subject": who, "keys": keys, "permit": permit, "receipt": r, "leases": leases, "holder": &wrapped{hidden: r, keys: keys, who: who, permit: permit},
	} {
		var out bytes.Buffer
		dump(&out, reflect.ValueOf(v), make(map[uintptr]bool))
		for _, secret := range planted {
			if strings.Contains(out.String(), secret) {
				t.Errorf("reflection finds %q in a %s", secret, name)
			}
		}
	}
	// A receipt is meant to be handed out as JSON, and only so.
	var out bytes.Buffer
	var items []consent.Item // so are the pieces of an export
	for it, err := range l.Export(ctx, who) {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, it)
	}
	item := &items[0]
	if b, err := json.Marshal(item); err != nil || !json.Valid(item.Data) || !strings.Contains(string(b), base64.StdEncoding.EncodeToString(item.Data)) {
		t.Errorf("the item of an export cannot be handed out: %s, %v", b, err)
	}
	planted = append(planted, strings.Trim(fmt.Sprint([]byte("tenant-zebra")), "[]"), base64.RawURLEncoding.EncodeToString(id[:]))
	for _, v := range []any{r, *r, []*consent.Receipt{r}, wrapped{hidden: r}, item, items, wrapped{Open: *item}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "receipt", r, "value", *r, "item", item)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "receipt", r, slog.Group("g", "r", *r, "i", *item))
	for _, secret := range planted {
		if strings.Contains(out.String(), secret) {
			t.Errorf("a receipt or an item prints %q", secret)
		}
	}
}

// What the package's errors and log lines say names nobody.
func TestErrorsNameNobody(t *testing.T) {
	ctx := t.Context()
	var log bytes.Buffer
	store := &faulty{Store: memstore.New()}
	keys := consent.GenerateKeys()
	c := &clock{noon}
	l := newLedger(t, store, &consent.Options{Keys: keys, Now: c.now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	who := l.Subject("tenant-zebra", "customer-4711")
	q := consent.Query{Subject: who, Purpose: consent.TryOnRender}
	said := func(err error) {
		if err != nil {
			fmt.Fprintln(&log, err)
		}
	}
	_, err := l.Permit(ctx, q)
	said(err)
	g := yes(who, noon, consent.TryOnRender)
	g.Until = noon.Add(time.Hour)
	_, err = l.Grant(ctx, g)
	said(err)
	g.Recipients = []string{"other"}
	_, err = l.Grant(ctx, g)
	said(err)
	_, err = l.Refuse(ctx, who, "unknown")
	said(err)
	c.t = noon.Add(2 * time.Hour)
	store.appendErr = errors.New("disk is gone")
	_, err = l.Check(ctx, q) // cannot record the expiry: logs
	said(err)
	_, err = l.Withdraw(ctx, who)
	said(err)
	store.bendState = func([]byte) []byte { return []byte("?") }
	_, err = l.Check(ctx, q)
	said(err)
	store.bendEvent = func(e []byte) []byte { return append(e, ' ') }
	for _, err := range l.History(ctx, who) {
		said(err)
	}
	text := log.String()
	if n := strings.Count(text, "\n"); n < 7 || !strings.Contains(text, "end of a consent was not recorded") {
		t.Errorf("this test has gone blind, it saw only:\n%s", text)
	}
	id := who.Pseudonym()
	for _, secret := range []string{"zebra", "4711", hex.EncodeToString(id[:4]), string(g.Evidence.Nonce)} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in:\n%s", secret, text)
		}
	}
}
