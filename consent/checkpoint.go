package consent

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/fitveil/fitveil/consent/merkle"
)

// Checkpoint is a signed statement of where a tenant's log stands: how many
// events it has and the roots of its trees. Whoever keeps one can later tell
// whether the log was rewritten. It names nobody, so publish it, give it to the
// shop, send it to somebody outside. Its form is a signed note
// (golang.org/x/mod/sumdb/note): origin, size and root of the log as in other
// transparency logs, then a line for the map and one for the time.
type Checkpoint struct {
	Origin string      // stands for the tenant, see [Origin]
	Head   merkle.Head // size and roots
	Time   time.Time   // by the ledger's clock
	text   []byte
}

// ErrProof is returned for a proof or checkpoint that is malformed, not signed
// by a key at hand, or does not show what it claims.
var ErrProof = errors.New("proof does not hold")

// Origin is the name that a tenant's log has in checkpoints. It does not give
// the tenant's name away to those who do not know it.
func Origin(tenant string) string {
	h := sha256.Sum256([]byte("fitveil consent origin v1\n" + tenant))
	return "fitveil-consent/" + hex.EncodeToString(h[:12])
}

// Bytes returns the signed text.
func (c *Checkpoint) Bytes() []byte { return bytes.Clone(c.text) }

// Checkpoint signs where the tenant's log stands now. Errors: [ErrCorrupt], the
// store's, the context's.
func (l *Ledger) Checkpoint(ctx context.Context, tenant string) (*Checkpoint, error) {
	c, err := l.open()
	if err != nil {
		return nil, err
	}
	if !plainText(tenant) {
		return nil, fmt.Errorf("consent: checkpoint: %w", ErrSubject)
	}
	var head merkle.Head
	err = c.store.Trees(ctx, tenant, func(r merkle.Reader) (err error) {
		head, err = merkle.ReadHead(r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("consent: checkpoint: %w", corrupt(err))
	}
	c.wall()
	cp, err := signCheckpoint(c.keys(), tenant, head, c.latest(time.Time{}))
	if err != nil {
		return nil, fmt.Errorf("consent: checkpoint: %w", err)
	}
	return cp, nil
}

// corrupt turns what the trees say into what a ledger says.
func corrupt(err error) error {
	if errors.Is(err, merkle.ErrCorrupt) {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

func checkpointText(origin string, h merkle.Head, at time.Time) string {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s\n%d\n%s\nmap %s\ntime %s\n", origin, h.Size, b64(h.Log[:]), b64(h.Map[:]), at.Format(time.RFC3339Nano))
}

func signCheckpoint(k *keys, tenant string, h merkle.Head, at time.Time) (*Checkpoint, error) {
	cp := &Checkpoint{Origin: Origin(tenant), Head: h, Time: at}
	s, err := newNoteSigner(k, cp.Origin)
	if err != nil {
		return nil, err
	}
	cp.text, err = note.Sign(&note.Note{Text: checkpointText(cp.Origin, h, at)}, s)
	return cp, err
}

// noteSigner signs notes with the ledger's key. A note starts with the origin
// and a receipt's signature with another text, so neither can pass for the other.
type noteSigner struct {
	note.Verifier
	key ed25519.PrivateKey
}

func newNoteSigner(k *keys, name string) (noteSigner, error) {
	v, err := noteVerifier(name, k.public())
	return noteSigner{v, k.sign}, err
}

func (s noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

func noteVerifier(name string, pub ed25519.PublicKey) (note.Verifier, error) {
	key, err := note.NewEd25519VerifierKey(name, pub)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(key)
}

const maxCheckpoint = 4 << 10

// ParseCheckpoint reads a checkpoint and verifies that one of the keys signed
// it. Errors: [ErrProof].
func ParseCheckpoint(text []byte, keys ...ed25519.PublicKey) (*Checkpoint, error) {
	cp, err := parseCheckpoint(text, keys)
	if err != nil {
		return nil, fmt.Errorf("consent: checkpoint: %w: %w", ErrProof, err)
	}
	return cp, nil
}

func parseCheckpoint(text []byte, keys []ed25519.PublicKey) (*Checkpoint, error) {
	if len(text) > maxCheckpoint {
		return nil, fmt.Errorf("%d bytes, limit %d", len(text), maxCheckpoint)
	}
	origin, _, _ := strings.Cut(string(text), "\n")
	if !strings.HasPrefix(origin, "fitveil-consent/") {
		return nil, errors.New("not a checkpoint of a consent log")
	}
	var known []note.Verifier
	for _, k := range keys {
		if len(k) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("public key of %d bytes, want %d", len(k), ed25519.PublicKeySize)
		}
		v, err := noteVerifier(origin, k)
		if err != nil {
			return nil, errors.New("malformed origin")
		}
		known = append(known, v)
	}
	n, err := note.Open(text, note.VerifierList(known...))
	if err != nil {
		return nil, errors.New("not signed by a key at hand")
	}
	cp := &Checkpoint{Origin: origin, text: bytes.Clone(text)}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 6 || len(n.UnverifiedSigs) > 0 || len(n.Sigs) != 1 {
		return nil, errors.New("malformed")
	}
	// Open lets the bits behind the last byte of a signature be anything.
	if _, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil {
		return nil, errors.New("malformed signature")
	}
	if cp.Head.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || cp.Head.Size < 0 {
		return nil, errors.New("malformed size")
	}
	log, err1 := base64.StdEncoding.DecodeString(lines[2])
	of, err2 := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[3], "map "))
	at, err3 := time.Parse(time.RFC3339Nano, strings.TrimPrefix(lines[4], "time "))
	if err := errors.Join(err1, err2, err3); err != nil || len(log) != len(cp.Head.Log) || len(of) != len(cp.Head.Map) {
		return nil, errors.New("malformed line")
	}
	cp.Head.Log, cp.Head.Map, cp.Time = merkle.Hash(log), merkle.Hash(of), at
	if checkpointText(origin, cp.Head, cp.Time) != n.Text {
		return nil, errors.New("not in canonical form")
	}
	return cp, nil
}

// growth is a consistency proof on its own, to hand to whoever keeps checkpoints.
type growth struct {
	Checkpoint string  `json:"checkpoint"`
	Growth     []hex32 `json:"growth"`
	Since      string  `json:"since"`
}

// ProveGrowth shows the keeper of an earlier checkpoint of the tenant that the
// log has only grown since: JSON for [VerifyGrowth]. It fails with [ErrProof]
// when the checkpoint is not one of this log, and with [ErrCorrupt] when the log
// cannot be shown to begin with what was signed then.
func (l *Ledger) ProveGrowth(ctx context.Context, tenant string, since []byte) ([]byte, error) {
	c, err := l.open()
	if err != nil {
		return nil, err
	}
	var out growth
	err = c.store.Trees(ctx, tenant, func(r merkle.Reader) error {
		head, err := merkle.ReadHead(r)
		if err != nil {
			return err
		}
		c.wall()
		cp, err := signCheckpoint(c.keys(), tenant, head, c.latest(time.Time{}))
		if err != nil {
			return err
		}
		out.Checkpoint, out.Since = string(cp.text), string(since)
		out.Growth, err = c.growth(r, cp, since)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("consent: growth: %w", corrupt(err))
	}
	return canonical(out)
}

// growth proves that the log of cp begins with that of an earlier checkpoint,
// and looks that the proof holds before anybody gets it.
func (c *core) growth(r merkle.Reader, cp *Checkpoint, since []byte) ([]hex32, error) {
	old, err := ParseCheckpoint(since, c.publicKeys()...)
	switch {
	case err != nil:
		return nil, err
	case old.Origin != cp.Origin:
		return nil, fmt.Errorf("%w: a checkpoint of another log", ErrProof)
	case old.Head.Size > cp.Head.Size:
		return nil, fmt.Errorf("%w: the log had %d events and now has %d", ErrCorrupt, old.Head.Size, cp.Head.Size)
	}
	var path []merkle.Hash
	if old.Head.Size > 0 {
		if path, err = merkle.ProveGrowth(r, cp.Head.Size, old.Head.Size); err != nil {
			return nil, err
		}
	}
	if err := merkle.CheckGrowth(path, cp.Head, old.Head); err != nil {
		return nil, fmt.Errorf("%w: the log does not begin with what was signed then", ErrCorrupt)
	}
	return hexes(path), nil
}

func hexes(in []merkle.Hash) []hex32 {
	out := make([]hex32, len(in))
	for i, h := range in {
		out[i] = hex32(h)
	}
	return out
}

func hashes(in []hex32) []merkle.Hash {
	out := make([]merkle.Hash, len(in))
	for i, h := range in {
		out[i] = merkle.Hash(h)
	}
	return out
}

// VerifyGrowth checks, without ledger and network, a proof that a log has only
// grown. outside is the earlier checkpoint as its keeper kept it; the proof has
// to be about that one. It returns the newer checkpoint, which is worth keeping
// instead. Errors: [ErrProof].
func VerifyGrowth(proof, outside []byte, keys ...ed25519.PublicKey) (*Checkpoint, error) {
	var g growth
	if err := decodeCanonical(proof, &g, maxProof); err != nil {
		return nil, fmt.Errorf("consent: growth: %w: %w", ErrProof, err)
	}
	cp, err := checkGrowth(g.Checkpoint, g.Since, g.Growth, outside, keys)
	if err != nil {
		return nil, fmt.Errorf("consent: growth: %w", err)
	}
	return cp, nil
}

func checkGrowth(text, since string, path []hex32, outside []byte, keys []ed25519.PublicKey) (*Checkpoint, error) {
	cp, err := ParseCheckpoint([]byte(text), keys...)
	if err != nil || outside == nil {
		return cp, err
	}
	if slices.Equal(outside, cp.text) {
		return cp, nil
	}
	old, err := ParseCheckpoint(outside, keys...)
	switch {
	case err != nil:
		return nil, err
	case old.Origin != cp.Origin:
		return nil, fmt.Errorf("%w: a checkpoint of another log", ErrProof)
	case old.Head.Size > cp.Head.Size || old.Time.After(cp.Time):
		return nil, fmt.Errorf("%w: the checkpoint that was kept is newer", ErrProof)
	case since == "" && len(path) == 0 && old.Head.Size == cp.Head.Size && old.Head.Log == cp.Head.Log:
		return cp, nil // the very same log, of which there is nothing to show
	case since != string(outside):
		return nil, fmt.Errorf("%w: not about the checkpoint that was kept", ErrProof)
	}
	if err := merkle.CheckGrowth(hashes(path), cp.Head, old.Head); err != nil {
		return nil, fmt.Errorf("%w: the log was rewritten since", ErrProof)
	}
	return cp, nil
}
