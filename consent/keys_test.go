package consent_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
)

func TestKeysInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "consent.keys")
	if _, err := consent.LoadKeys(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, want fs.ErrNotExist", err)
	}
	keys := consent.GenerateKeys()
	if err := keys.Save(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode().Perm(), err)
	}
	back, err := consent.LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	if !back.PublicKey().Equal(keys.PublicKey()) {
		t.Error("another signing key came back")
	}
	a := newLedger(t, memstore.New(), &consent.Options{Keys: keys}).Subject("shop-a", "ann")
	b := newLedger(t, memstore.New(), &consent.Options{Keys: back}).Subject("shop-a", "ann")
	if !a.Equal(b) {
		t.Error("the loaded keys know nobody any more")
	}
	if err := consent.GenerateKeys().Save(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("saving over keys: %v, want fs.ErrExist", err)
	}
	if err := (consent.Keys{}).Save(path + "2"); !errors.Is(err, consent.ErrKeys) {
		t.Errorf("saving nothing: %v, want ErrKeys", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := consent.LoadKeys(path); !errors.Is(err, consent.ErrKeys) || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("keys that others can read: %v, want ErrKeys and what to do", err)
	}
}

func TestKeysDiffer(t *testing.T) {
	a, b := consent.GenerateKeys(), consent.GenerateKeys()
	if a.PublicKey().Equal(b.PublicKey()) {
		t.Error("the same signing key twice")
	}
	x := newLedger(t, memstore.New(), &consent.Options{Keys: a}).Subject("shop-a", "ann")
	y := newLedger(t, memstore.New(), &consent.Options{Keys: b}).Subject("shop-a", "ann")
	if x.Equal(y) {
		t.Error("the same pseudonym under two keys")
	}
}

func TestDamagedKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "consent.keys")
	if err := consent.GenerateKeys().Save(path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	who := func(data []byte) string { // who signs, and whom they know
		keys, err := consent.ParseKeys(data)
		if err != nil {
			if !errors.Is(err, consent.ErrKeys) {
				t.Errorf("%v, want ErrKeys", err)
			}
			return ""
		}
		ann := newLedger(t, memstore.New(), &consent.Options{Keys: keys}).Subject("shop-a", "ann")
		return fmt.Sprint(consent.KeyID(keys.PublicKey()), ann.Pseudonym())
	}
	want := who(whole)
	for i := range whole {
		bent := bytes.Clone(whole)
		bent[i] ^= 1
		if got := who(bent); got != "" && got != want {
			t.Errorf("byte %d changed (%q): other keys came of it", i, whole[i])
		}
		if got := who(whole[:i]); got != "" && got != want {
			t.Errorf("cut at %d: other keys came of it", i)
		}
	}
	for _, secret := range []string{"QUJDREVGR0g", "secret"} {
		_, err := consent.ParseKeys([]byte(`{"version":1,"subject":"` + secret + `","sign":"` + secret + `"`))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("the error quotes the file: %v", err)
		}
	}
}

// A store that keeps its records needs keys that are kept, too.
func TestDurableStoreNeedsKeys(t *testing.T) {
	_, err := consent.New(struct{ consent.Store }{memstore.New()}, nil)
	if !errors.Is(err, consent.ErrKeys) {
		t.Fatalf("got %v, want ErrKeys", err)
	}
	for _, word := range []string{"GenerateKeys", "Save", "LoadKeys", "Options.Keys"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not mention %s: %v", word, err)
		}
	}
	if _, err := consent.New(nil, nil); err == nil {
		t.Error("a ledger without a store")
	}
}

func FuzzParseKeys(f *testing.F) {
	if file, err := os.ReadFile("testdata/v1-keys.json"); err == nil {
		f.Add(file)
	}
	f.Add([]byte(`{"version":1,"kid":"","subject":"","sign":"","check":""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := consent.ParseKeys(data)
		if err != nil && (!errors.Is(err, consent.ErrKeys) || !keys.IsZero()) {
			t.Errorf("%v, want ErrKeys", err)
		}
		if err == nil && len(keys.PublicKey()) != 32 {
			t.Error("keys without a public key")
		}
	})
}
