package httpconsent

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash"
	"time"

	"github.com/fitveil/fitveil/consent"
)

var errToken = errors.New("httpconsent: not a token of ours")

// tokens makes and reads the two kinds of token. The keys are in functions,
// which nothing that prints or walks a value looks into.
type tokens struct {
	form func() hash.Hash   // the MAC
	link func() cipher.AEAD // of the links
}

func newTokens(key []byte) (*tokens, error) {
	if len(key) < 32 {
		return nil, errors.New("httpconsent: the key is shorter than 32 bytes")
	}
	form, err := hkdf.Key(sha256.New, key, nil, "fitveil httpconsent form", 32)
	if err != nil {
		return nil, err
	}
	link, err := hkdf.Key(sha256.New, key, nil, "fitveil httpconsent link", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(link)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &tokens{
		form: func() hash.Hash { return hmac.New(sha256.New, form) },
		link: func() cipher.AEAD { return aead },
	}, err
}

// showing is one showing of a form. The names are short: it travels.
type showing struct {
	Notice   string    `json:"n"`
	Language string    `json:"l"`
	SHA256   []byte    `json:"h"`
	Nonce    []byte    `json:"r"`
	At       time.Time `json:"t"`
}

// mac binds a showing to the person it was for, without naming them.
func (t *tokens) mac(payload []byte, who consent.Subject) []byte {
	m := t.form()
	id := who.Pseudonym()
	m.Write(id[:]) // of fixed length, so the tenant after it can't be mistaken for part of it
	m.Write([]byte(who.Tenant()))
	m.Write([]byte{0})
	m.Write(payload)
	return m.Sum(nil)
}

func (t *tokens) sealForm(s *showing, who consent.Subject) (string, error) {
	s.Nonce = make([]byte, 16)
	rand.Read(s.Nonce)
	payload, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(t.mac(payload, who), payload...)), nil
}

func (t *tokens) openForm(token string, who consent.Subject) (*showing, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < sha256.Size || !hmac.Equal(b[:sha256.Size], t.mac(b[sha256.Size:], who)) {
		return nil, errToken
	}
	s := &showing{}
	if err := json.Unmarshal(b[sha256.Size:], s); err != nil {
		return nil, errToken
	}
	return s, nil
}

// sealLink hides whom a link is for: mails are forwarded, and addresses logged.
func (t *tokens) sealLink(tenant, id string) string {
	plain := append([]byte(tenant+"\x00"), id...)
	return base64.RawURLEncoding.EncodeToString(t.link().Seal(nil, nil, plain, nil))
}

func (t *tokens) openLink(token string) (tenant, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", "", errToken
	}
	plain, err := t.link().Open(nil, nil, b, nil)
	if err != nil {
		return "", "", errToken
	}
	name, rest, ok := bytes.Cut(plain, []byte{0})
	if !ok {
		return "", "", errToken
	}
	return string(name), string(rest), nil
}
