package consent

import (
	"crypto/ed25519"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/fitveil/fitveil/consent/merkle"
)

// For the fuzz targets, which need the parsers behind files and stores.

// ParseKeys parses a key file.
var ParseKeys = parseKeys

// OpenState reports whether row opens as a state of who.
func OpenState(k Keys, who Subject, seq uint64, row []byte) error {
	_, err := decodeState(k.k.get(), who, seq, row)
	return err
}

// ReadFields runs the reader of a state row behind the seal.
func ReadFields(k Keys, who Subject, fields []byte) error {
	row := append(fields, sealState(k.k.get(), who, fields)...)
	_, err := decodeState(k.k.get(), who, 1, row)
	return err
}

// ReadTwice reads a receipt in the fast way and in the other, and reports
// whether the fast one took it, and if so whether the other one says the same.
func ReadTwice(data []byte) (fast, same bool) {
	d, ok := scanReceipt(string(data))
	if !ok {
		return false, true
	}
	want, err := decodeReceipt(data)
	return true, err == nil && reflect.DeepEqual(d, want)
}

// ProofBody is the inside of a proof.
type ProofBody = proofBody

// Forge changes a proof and signs it again, as somebody with the keys could.
func Forge(k Keys, proof []byte, bend func(b *ProofBody)) []byte {
	var d proofDoc
	if err := json.Unmarshal(proof, &d); err != nil {
		panic(err)
	}
	bend(&d.Body)
	msg, err := canonical(d.Body)
	if err != nil {
		panic(err)
	}
	d.Sig = ed25519.Sign(k.k.get().sign, slices.Concat([]byte(proofContext), msg))
	out, err := canonical(d)
	if err != nil {
		panic(err)
	}
	return out
}

// ForgeCheckpoint signs whatever it is told.
func ForgeCheckpoint(k Keys, tenant string, h merkle.Head, at time.Time) []byte {
	cp, err := signCheckpoint(k.k.get(), tenant, h, at)
	if err != nil {
		panic(err)
	}
	return cp.text
}

// OneLine reports how many bytes a check looks at of a person and of what is
// remembered of them.
func OneLine() (person, remembered uintptr) {
	return reflect.TypeFor[subject]().Size(), reflect.TypeFor[cached]().Size()
}
