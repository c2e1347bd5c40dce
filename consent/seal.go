package consent

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
)

// Events are stored sealed, and the log holds hashes of what is stored. Nobody
// can test a guess against such a hash, and once the sealed event is erased the
// hash says nothing about anybody. Who is shown an event with its own key can
// seal it again and find the very hash. That works because a key is used for
// one event only, and because the sealed form starts with a commitment to it:
// AES-GCM alone would let one ciphertext open under two keys to two events.
//
//	version byte, salt (16), SHA-256 of the key (32), AES-256-GCM of the receipt, nonce zero
const (
	sealedEvent   = 2
	saltSize      = 16
	sealHead      = 1 + saltSize + sha256.Size
	commitContext = "fitveil consent event key v1\n"
)

// opening is what shows an event to somebody without the ledger's keys. Both
// parts are empty for events that were stored before there was sealing.
type opening struct {
	Key  b64url `json:"key,omitempty"`
	Salt b64url `json:"salt,omitempty"`
}

// eventKey derives the key of the event that has this salt.
func (k *keys) eventKey(salt []byte) []byte {
	m := hmac.New(sha256.New, k.seal[:])
	m.Write(salt)
	return m.Sum(nil)
}

func commitment(key []byte) []byte {
	h := sha256.New()
	io.WriteString(h, commitContext)
	h.Write(key)
	return h.Sum(nil)
}

// sealEvent makes the stored form of a receipt.
func (k *keys) sealEvent(doc []byte) ([]byte, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails, see crypto/rand
	return opening{Key: k.eventKey(salt), Salt: salt}.seal(doc)
}

// seal makes the stored form of doc again, the same bytes each time.
func (o opening) seal(doc []byte) ([]byte, error) {
	if len(o.Key) == 0 && len(o.Salt) == 0 {
		return doc, nil
	}
	if len(o.Key) != keySize || len(o.Salt) != saltSize {
		return nil, fmt.Errorf("key of %d bytes, salt of %d", len(o.Key), len(o.Salt))
	}
	aead, err := eventCipher(o.Key)
	if err != nil {
		return nil, err
	}
	out := slices.Concat([]byte{sealedEvent}, o.Salt, commitment(o.Key))
	return aead.Seal(out, make([]byte, aead.NonceSize()), doc, nil), nil
}

func eventCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// openEvent undoes sealEvent.
func (k *keys) openEvent(stored []byte) (doc []byte, o opening, err error) {
	if bytes.HasPrefix(stored, []byte(docHead)) {
		return stored, opening{}, nil
	}
	if len(stored) < sealHead || stored[0] != sealedEvent {
		return nil, opening{}, fmt.Errorf("%w: event of unknown form", ErrCorrupt)
	}
	o.Salt = bytes.Clone(stored[1 : 1+saltSize])
	found := slices.ContainsFunc(k.all(), func(k *keys) bool {
		o.Key = k.eventKey(o.Salt)
		return hmac.Equal(commitment(o.Key), stored[1+saltSize:sealHead])
	})
	if !found {
		return nil, opening{}, fmt.Errorf("%w: event was sealed with other keys", ErrCorrupt)
	}
	aead, err := eventCipher(o.Key)
	if err != nil {
		return nil, opening{}, err
	}
	doc, err = aead.Open(nil, make([]byte, aead.NonceSize()), stored[sealHead:], nil)
	if err != nil {
		return nil, opening{}, fmt.Errorf("%w: event does not open", ErrCorrupt)
	}
	return doc, o, nil
}
