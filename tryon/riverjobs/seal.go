package riverjobs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
)

// ErrSeal is returned for a photo or picture in the database that was not sealed
// with this key for this order, or was changed.
var ErrSeal = errors.New("riverjobs: seal does not hold")

// vault seals what waits in the database, with AES-256-GCM.
type vault struct{ aead cipher.AEAD }

func newVault(key []byte) (*vault, error) {
	if len(key) < 32 {
		return nil, errors.New("riverjobs: the key is shorter than 32 bytes")
	}
	own, err := hkdf.Key(sha256.New, key, nil, "fitveil riverjobs v1", 32)
	if err != nil {
		return nil, wrap(err)
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, wrap(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, wrap(err)
	}
	return &vault{aead}, nil
}

// seal binds data to the order and to what it is, so that rows cannot be swapped.
func (v *vault) seal(order, what string, data []byte) []byte {
	return v.aead.Seal(nil, nil, data, []byte(what+" "+order))
}

func (v *vault) open(order, what string, sealed []byte) ([]byte, error) {
	data, err := v.aead.Open(nil, nil, sealed, []byte(what+" "+order))
	if err != nil {
		return nil, ErrSeal
	}
	return data, nil
}
