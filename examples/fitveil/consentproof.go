package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// proveConsent prints a proof as it is: its bytes are what the signature is over.
func proveConsent(sh *shell, c *consentFlags, l *consent.Ledger) error {
	who, err := c.who(l)
	if err != nil {
		return err
	}
	if len(c.purposeList()) != 1 {
		return errors.New("-purpose is needed, one of them")
	}
	var at time.Time
	if c.at != "" {
		if at, err = time.Parse(time.RFC3339, c.at); err != nil {
			return fmt.Errorf("-at: %w", err)
		}
	}
	since, err := c.outside()
	if err != nil {
		return err
	}
	proof, err := l.Prove(context.Background(), who, c.purposeList()[0], at, &consent.ProveOptions{Since: since})
	if err != nil {
		return refusedUnlessIO(err)
	}
	_, err = fmt.Fprintf(sh.out, "%s\n", proof)
	return err
}

// outside reads the checkpoint that somebody has kept, nil for none.
func (c *consentFlags) outside() ([]byte, error) {
	if c.since == "" {
		return nil, nil
	}
	return os.ReadFile(c.since)
}

// checkpoint prints a signed checkpoint as the text that it is.
func checkpoint(sh *shell, c *consentFlags, l *consent.Ledger) error {
	cp, err := l.Checkpoint(context.Background(), c.tenant)
	if err != nil {
		return refusedUnlessIO(err)
	}
	_, err = sh.out.Write(cp.Bytes())
	return err
}

// publicKeys are those of -pub, or that of the keys file.
func (sh *shell) publicKeys(c *consentFlags) (keys []ed25519.PublicKey, err error) {
	for _, text := range split(c.pub) {
		raw, err := publicKeyOf(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, raw)
	}
	if keys != nil {
		return keys, nil
	}
	if c.keys == "" && c.db == "" {
		return nil, errors.New("-pub, -keys or -db is needed")
	}
	own, err := sh.loadKeys(c, false)
	if err != nil {
		return nil, err
	}
	return own.PublicKeys(), nil
}

// publicKeyOf reads a key in base64 of either alphabet, or a file with one as it
// stands or as "fitveil consent key" prints it.
func publicKeyOf(text string) (ed25519.PublicKey, error) {
	if data, err := os.ReadFile(text); err == nil && len(data) < 1<<16 {
		var printed struct {
			PublicKey string `json:"public_key"`
		}
		if text = strings.TrimSpace(string(data)); json.Unmarshal(data, &printed) == nil {
			text = printed.PublicKey
		}
	}
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	raw, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, errors.New("-pub is neither an Ed25519 public key in base64 nor a file with one")
	}
	return raw, nil
}

// verifyConsent needs a receipt, proof or checkpoint and a public key, nothing else.
func verifyConsent(sh *shell, c *consentFlags, args []string) error {
	if len(args) > 1 {
		return errors.New("verify takes one receipt, proof or checkpoint: a file, or standard input")
	}
	keys, err := sh.publicKeys(c)
	if err != nil {
		return err
	}
	in := sh.in
	if len(args) == 1 {
		f, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, 32<<20))
	if err != nil {
		return err
	}
	data = bytes.TrimSpace(data)
	outside, err := c.outside()
	if err != nil {
		return err
	}
	if bytes.HasPrefix(data, []byte(`{"body":{"at":`)) {
		return sh.verifyProof(data, outside, keys)
	}
	if bytes.HasPrefix(data, []byte("fitveil-consent/")) {
		return sh.verifyCheckpoint(append(data, '\n'), keys)
	}
	if outside != nil {
		return fmt.Errorf("%w: a receipt alone says nothing about a checkpoint: ask for a proof", errRefused)
	}
	return sh.verifyReceipt(data, keys)
}

func (sh *shell) verifyCheckpoint(text []byte, keys []ed25519.PublicKey) error {
	cp, err := consent.ParseCheckpoint(text, keys...)
	if err != nil {
		return refusedUnlessIO(err)
	}
	return sh.print(struct {
		OK      bool      `json:"ok"`
		Origin  string    `json:"origin"`
		LogSize int64     `json:"log_size"`
		Time    time.Time `json:"time"`
	}{true, cp.Origin, cp.Head.Size, cp.Time})
}

func (sh *shell) verifyReceipt(data []byte, keys []ed25519.PublicKey) error {
	r, err := consent.ParseReceipt(data)
	if err != nil {
		return refusedUnlessIO(err)
	}
	for _, k := range keys {
		if err = r.Verify(k); err == nil {
			break
		}
	}
	if err != nil {
		return refusedUnlessIO(err)
	}
	return sh.print(struct {
		OK    bool           `json:"ok"`
		Event consent.Reason `json:"event"`
		Seq   uint64         `json:"seq"`
		At    time.Time      `json:"at"`
		KeyID string         `json:"kid"`
	}{true, r.Kind(), r.Seq(), r.At(), r.KeyID()})
}

func (sh *shell) verifyProof(data, outside []byte, keys []ed25519.PublicKey) error {
	p, err := consent.VerifyProof(data, outside, keys...)
	if err != nil {
		return refusedUnlessIO(err)
	}
	return sh.print(struct {
		OK         bool            `json:"ok"`
		Purpose    consent.Purpose `json:"purpose"`
		At         time.Time       `json:"at"`
		Reason     consent.Reason  `json:"reason"`
		Text       string          `json:"text"`
		Events     int             `json:"events"`
		LogSize    int64           `json:"log_size"`
		Checkpoint string          `json:"checkpoint"`
		Since      bool            `json:"grown_since_checkpoint"`
	}{true, p.Purpose, p.At, p.Reason, p.Reason.Text(), p.Events, p.Checkpoint.Head.Size, string(p.Checkpoint.Bytes()), outside != nil})
}
