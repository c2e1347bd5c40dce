package detect

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fitveil/fitveil/imageproc"
)

// ErrSeal is returned for a seal that was not made with this key, was changed,
// belongs to another photo, or has expired.
var ErrSeal = errors.New("detect: seal does not hold")

// SealOptions configures Screened.Seal and OpenScreened; nil means defaults.
type SealOptions struct {
	For time.Duration    // how long a new seal holds; default 24 hours, at most 30 days
	Now func() time.Time // default time.Now
}

const (
	sealFor     = 24 * time.Hour
	longestSeal = 30 * 24 * time.Hour
)

// sealedProof is what a seal holds. Of the photo that is its hash.
type sealedProof struct {
	Version  int       `json:"version"`
	SHA256   []byte    `json:"sha256"`
	Scene    Scene     `json:"scene"`
	Policy   Policy    `json:"policy"`
	Reviewed bool      `json:"reviewed"`
	Until    time.Time `json:"until"`
}

const sealVersion = 1

// Seal turns the proof into bytes for another process that has the same key, of
// at least 32 secret bytes: what was seen, by which models, the policy, the
// photo's hash and an end, encrypted and authenticated (AES-256-GCM). The photo
// is not in it. A seal does not say whether the person still agrees: whoever
// opens it asks for a new permit.
func (s *Screened) Seal(key []byte, o *SealOptions) ([]byte, error) {
	if s.IsZero() {
		return nil, errors.New("detect: nothing was screened")
	}
	if o == nil {
		o = &SealOptions{}
	}
	lasts := o.For
	if lasts == 0 {
		lasts = sealFor
	}
	if lasts < 0 || lasts > longestSeal {
		return nil, fmt.Errorf("detect: a seal for %v, of at most %v", lasts, longestSeal)
	}
	aead, err := sealer(key)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(sealedProof{
		Version: sealVersion, SHA256: s.s.sum[:], Scene: s.s.scene, Policy: s.s.policy, Reviewed: s.s.reviewed, Until: o.now().Add(lasts),
	})
	if err != nil {
		return nil, fmt.Errorf("detect: seal: %w", err)
	}
	return aead.Seal(nil, nil, plain, nil), nil
}

// OpenScreened makes the proof anew from its seal and the photo it was about,
// which is sanitised again by whoever kept it. Errors: ErrSeal.
func OpenScreened(key, seal []byte, photo *imageproc.Clean, o *SealOptions) (*Screened, error) {
	if photo.IsZero() {
		return nil, errors.New("detect: the photo did not come from imageproc.Sanitize")
	}
	if o == nil {
		o = &SealOptions{}
	}
	aead, err := sealer(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, seal, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: another key, or changed", ErrSeal)
	}
	var p sealedProof
	if err := json.Unmarshal(plain, &p); err != nil || p.Version != sealVersion {
		return nil, fmt.Errorf("%w: of another version", ErrSeal)
	}
	s := &screenedState{photo: *photo, sum: photo.SHA256(), policy: p.Policy, reviewed: p.Reviewed, scene: p.Scene}
	switch {
	case !bytes.Equal(p.SHA256, s.sum[:]):
		return nil, fmt.Errorf("%w: another photo", ErrSeal)
	case !o.now().Before(p.Until):
		return nil, fmt.Errorf("%w: expired", ErrSeal)
	case s.scene.Validate() != nil || s.scene.Bounds != s.photo.Bounds() || s.policy.Validate() != nil:
		return nil, fmt.Errorf("%w: of another version", ErrSeal)
	}
	return &Screened{&sealed{s}}, nil
}

func (o *SealOptions) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

func sealer(key []byte) (cipher.AEAD, error) {
	if len(key) < 32 {
		return nil, errors.New("detect: the key of a seal is shorter than 32 bytes")
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "fitveil screened photo", 32)
	if err != nil {
		return nil, fmt.Errorf("detect: seal: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("detect: seal: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
