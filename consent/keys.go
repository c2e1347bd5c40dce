package consent

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Keys are the secrets of a ledger: one that turns ids into pseudonyms and one
// that signs receipts (Ed25519). Keep them away from the data: who holds both
// can tell whether a known id is on record. Lose them and nobody on record can
// be found again; that is why a durable store is not opened without. Keys print,
// log and encode as a fixed word. The zero value is no keys.
type Keys struct{ k hidden[keys] }

type keys struct {
	subject [keySize]byte      // id to pseudonym
	state   [keySize]byte      // seals state rows
	nonce   [keySize]byte      // hides nonces in the store's index
	seal    [keySize]byte      // seals stored events
	sign    ed25519.PrivateKey // receipts
	kid     string             // names sign
	born    int64              // nanoseconds since 1970; 0 for the first version's
	others  []*keys            // that are recognised, too, each without others
}

// ErrKeys is returned when keys are missing, damaged or readable by others.
var ErrKeys = errors.New("keys")

// GenerateKeys makes new keys from the system's random source.
func GenerateKeys() Keys {
	var subject, seed [keySize]byte
	rand.Read(subject[:]) // never fails, see crypto/rand
	rand.Read(seed[:])
	return Keys{hide(newKeys(subject, seed, time.Now().UnixNano()))}
}

func newKeys(subject, seed [keySize]byte, born int64) *keys {
	k := &keys{subject: subject, sign: ed25519.NewKeyFromSeed(seed[:]), born: born}
	k.state = k.derive("fitveil consent state v1\n")
	k.nonce = k.derive(nonceLabel)
	k.seal = k.derive("fitveil consent event v1\n")
	k.kid = KeyID(k.public())
	return k
}

// all are the keys of the ring, the ones in use first.
func (k *keys) all() []*keys { return append([]*keys{k}, k.others...) }

// named returns the keys of the ring with this id, nil if there are none.
func (k *keys) named(kid string) *keys {
	for _, r := range k.all() {
		if r.kid == kid {
			return r
		}
	}
	return nil
}

// With returns k, which writes, together with those of others, which are
// recognised: their receipts verify, and the people recorded under them are
// found. To rotate, make next with [GenerateKeys]; give every instance
// current.With(next), so that all recognise what is to come; then give every
// instance next.With(current). Who is on record stays under the pseudonym they
// have, until they are erased. Keep old keys as long as there may be such people.
func (k Keys) With(others Keys) Keys {
	d, o := k.k.get(), others.k.get()
	if d == nil || o == nil {
		return k
	}
	ring := *d
	ring.others = nil
	for _, x := range append(d.all(), o.all()...) {
		if ring.named(x.kid) == nil {
			alone := *x
			alone.others = nil
			ring.others = append(ring.others, &alone)
		}
	}
	// Nonces stay hidden under the oldest, or a form sent again after a rotation
	// would not be known.
	oldest := &ring
	for _, x := range ring.others {
		if x.born < oldest.born {
			oldest = x
		}
	}
	ring.nonce = oldest.derive(nonceLabel)
	return Keys{hide(&ring)}
}

const nonceLabel = "fitveil consent nonce v1\n"

func (k *keys) public() ed25519.PublicKey { return bytes.Clone(k.sign.Public().(ed25519.PublicKey)) }

func (k *keys) derive(label string) (out [keySize]byte) {
	m := hmac.New(sha256.New, k.subject[:])
	io.WriteString(m, label)
	m.Sum(out[:0])
	return out
}

// hideNonce turns a nonce into what the store may index: nobody can test
// guesses against it without the key.
func (k *keys) hideNonce(nonce []byte) []byte {
	m := hmac.New(sha256.New, k.nonce[:])
	m.Write(nonce)
	return m.Sum(nil)
}

// KeyID names a public key: the first 8 bytes of its SHA-256 in hexadecimal.
func KeyID(pub ed25519.PublicKey) string {
	h := sha256.Sum256(pub)
	return hex.EncodeToString(h[:8])
}

// PublicKey returns the key that verifies receipts, nil for zero Keys. Publish it.
func (k Keys) PublicKey() ed25519.PublicKey {
	if d := k.k.get(); d != nil {
		return d.public()
	}
	return nil
}

// PublicKeys returns all keys that verify receipts and proofs, that of PublicKey
// first. Publish them.
func (k Keys) PublicKeys() []ed25519.PublicKey {
	d := k.k.get()
	if d == nil {
		return nil
	}
	return d.publics()
}

func (k *keys) publics() (out []ed25519.PublicKey) {
	for _, x := range k.all() {
		out = append(out, x.public())
	}
	return out
}

// IsZero reports whether there are no keys.
func (k Keys) IsZero() bool { return k.k.get() == nil }

// keyFile is the file's form. The key id makes a damaged seed visible.
type keyFile struct {
	Version int    `json:"version"`
	KeyID   string `json:"kid"`
	Subject []byte `json:"subject"` // 32 bytes, base64
	Sign    []byte `json:"sign"`    // Ed25519 seed, 32 bytes, base64
	Check   []byte `json:"check"`   // SHA-256 of subject and sign, 8 bytes, base64

	Born   int64     `json:"born,omitempty"`   // nanoseconds since 1970
	Others []keyFile `json:"others,omitempty"` // without others
}

func (k *keys) file() keyFile {
	f := keyFile{Version: 1, KeyID: k.kid, Subject: k.subject[:], Sign: k.sign.Seed(), Born: k.born}
	f.Check = f.sum()
	for _, o := range k.others {
		f.Others = append(f.Others, o.file())
	}
	return f
}

func (f *keyFile) sum() []byte {
	h := sha256.New()
	h.Write(f.Subject)
	h.Write(f.Sign)
	return h.Sum(nil)[:8]
}

// Save writes the keys to a new file that its owner alone can read (mode
// 0600; on Windows the folder's access list decides). An existing file is
// never overwritten: that is [fs.ErrExist]. Put it somewhere else than the
// data, and into another backup.
func (k Keys) Save(path string) error {
	d := k.k.get()
	if d == nil {
		return fmt.Errorf("consent: %w: nothing to save", ErrKeys)
	}
	data, err := json.MarshalIndent(d.file(), "", "\t")
	if err != nil {
		return fmt.Errorf("consent: keys: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("consent: keys: %w", err)
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		// Half a key file is worse than none: it would block the next Save.
		return fmt.Errorf("consent: keys: %w", errors.Join(err, os.Remove(path)))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a new file's name durable. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("consent: keys: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("consent: keys: %w", err)
	}
	return nil
}

const maxKeyFile = 64 << 10

// LoadKeys reads what [Keys.Save] wrote. A file that others may read is
// refused, except on Windows. Errors: [ErrKeys], or [fs.ErrNotExist] when
// there is no file.
func LoadKeys(path string) (Keys, error) {
	f, err := os.Open(path)
	if err != nil {
		return Keys{}, fmt.Errorf("consent: keys: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Keys{}, fmt.Errorf("consent: keys: %w", err)
	}
	if mode := info.Mode(); runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return Keys{}, fmt.Errorf("consent: %w: file has mode %04o, others can read it: chmod 600 and consider new keys", ErrKeys, mode.Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return Keys{}, fmt.Errorf("consent: keys: %w", err)
	}
	return parseKeys(data)
}

func parseKeys(data []byte) (Keys, error) {
	var f keyFile
	// The decoder's own error would quote the file; it is left out on purpose.
	if len(data) > maxKeyFile || json.Unmarshal(data, &f) != nil {
		return Keys{}, fmt.Errorf("consent: %w: not a key file", ErrKeys)
	}
	k, err := f.keys()
	if err != nil {
		return Keys{}, err
	}
	ring := Keys{hide(k)}
	for _, o := range f.Others {
		x, err := o.keys()
		if err != nil {
			return Keys{}, err
		}
		ring = ring.With(Keys{hide(x)})
	}
	return ring, nil
}

func (f *keyFile) keys() (*keys, error) {
	if f.Version != 1 {
		return nil, fmt.Errorf("consent: %w: file version %d, want 1", ErrKeys, f.Version)
	}
	if len(f.Subject) != keySize || len(f.Sign) != keySize || !bytes.Equal(f.Check, f.sum()) {
		return nil, fmt.Errorf("consent: %w: file is damaged", ErrKeys)
	}
	k := newKeys([keySize]byte(f.Subject), [keySize]byte(f.Sign), f.Born)
	if k.kid != f.KeyID {
		return nil, fmt.Errorf("consent: %w: file is damaged", ErrKeys)
	}
	return k, nil
}

// Wrapper encrypts keys with a key that is kept elsewhere: a key management
// service, a hardware module. What Wrap returns, Unwrap turns back, or fails.
type Wrapper interface {
	Wrap(ctx context.Context, plain []byte) (wrapped []byte, err error)
	Unwrap(ctx context.Context, wrapped []byte) (plain []byte, err error)
}

// Wrap returns the keys as a wrapper encrypts them, to keep anywhere.
func (k Keys) Wrap(ctx context.Context, w Wrapper) ([]byte, error) {
	d := k.k.get()
	if d == nil {
		return nil, fmt.Errorf("consent: %w: nothing to wrap", ErrKeys)
	}
	plain, err := json.Marshal(d.file())
	if err != nil {
		return nil, fmt.Errorf("consent: keys: %w", err)
	}
	defer clear(plain)
	wrapped, err := w.Wrap(ctx, plain)
	if err != nil {
		return nil, fmt.Errorf("consent: keys: wrap: %w", err)
	}
	return wrapped, nil
}

// UnwrapKeys undoes [Keys.Wrap]. Errors: [ErrKeys], the wrapper's.
func UnwrapKeys(ctx context.Context, w Wrapper, wrapped []byte) (Keys, error) {
	plain, err := w.Unwrap(ctx, wrapped)
	if err != nil {
		return Keys{}, fmt.Errorf("consent: keys: unwrap: %w", err)
	}
	defer clear(plain)
	return parseKeys(plain)
}

const keysWord = "[consent.Keys]"

// Format prints a fixed word for every verb.
func (k Keys) Format(f fmt.State, _ rune) { io.WriteString(f, keysWord) }

// LogValue logs a fixed word.
func (k Keys) LogValue() slog.Value { return slog.StringValue(keysWord) }

// MarshalJSON encodes a fixed word. [Keys.Save] is the way to keep them.
func (k Keys) MarshalJSON() ([]byte, error) { return []byte(`"` + keysWord + `"`), nil }

// MarshalText encodes a fixed word.
func (k Keys) MarshalText() ([]byte, error) { return []byte(keysWord), nil }
