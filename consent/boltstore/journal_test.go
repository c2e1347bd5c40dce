package boltstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
)

// TestReadersWhileSettling has people consent and withdraw, others read and
// prove, and one be erased, while the journal is settled all the time.
func TestReadersWhileSettling(t *testing.T) {
	s, err := boltstore.OpenSettling(filepath.Join(t.TempDir(), "consent.db"), 7)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLedger(t, s)
	const people, each = 6, 25
	var writers, readers sync.WaitGroup
	var done atomic.Bool
	var proofs atomic.Int64
	for n := range people {
		name := fmt.Sprint("person ", n)
		who := l.Subject("shop", name)
		writers.Go(func() {
			for i := range each {
				var err error
				if i%3 == 2 {
					_, err = l.Withdraw(t.Context(), who)
				} else {
					_, err = l.Grant(t.Context(), grant(who, fmt.Sprint(name, i)))
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if n == 0 && i%5 == 4 {
					if erased, err := l.Erase(t.Context(), who); err != nil {
						t.Errorf("erased %v, %v", erased, err)
					}
				}
			}
		})
		readers.Go(func() {
			last := uint64(0)
			for !done.Load() {
				seq := uint64(0)
				for e, err := range l.History(t.Context(), who) {
					if err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
					seq = e.Seq
				}
				if n > 0 && seq < last {
					t.Errorf("%s: was at %d, now at %d", name, last, seq)
				}
				last = seq
				proof, err := l.Prove(t.Context(), who, consent.TryOnRender, time.Time{}, nil)
				if errors.Is(err, consent.ErrNoRecord) {
					continue
				}
				if err == nil {
					_, err = consent.VerifyProof(proof, nil, l.PublicKey())
				}
				if err != nil {
					t.Errorf("%s: proof: %v", name, err)
					return
				}
				proofs.Add(1)
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
	if proofs.Load() == 0 {
		t.Error("nothing was proved while others wrote")
	}
	for n := 1; n < people; n++ {
		if head, err := s.Head(t.Context(), l.Subject("shop", fmt.Sprint("person ", n))); err != nil || head.Seq != each {
			t.Errorf("person %d is at %d, %v; want %d", n, head.Seq, err, each)
		}
	}
}

// unsettledFile is a store's file as a crash leaves it, with records in the journal.
func unsettledFile(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "consent.db")
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for seq := range uint64(3) {
		r := consent.Record{
			Seq: seq + 1, Time: time.Unix(1e9, 0), Nonce: bytes.Repeat([]byte{byte(seq)}, 32),
			Event: bytes.Repeat([]byte("<<event>>"), 50), State: bytes.Repeat([]byte("<<state>>"), 50),
		}
		if err := s.Append(t.Context(), someone("ann"), r); err != nil {
			t.Fatal(err)
		}
	}
	if s.Unsettled() != 3 {
		t.Fatalf("%d records in the journal, want 3", s.Unsettled())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A byte of the journal that has changed, and a row that is gone, are noticed
// when the file is opened.
func TestDamagedJournal(t *testing.T) {
	whole := unsettledFile(t)
	path := filepath.Join(t.TempDir(), "consent.db")
	try := func(data []byte) error {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := boltstore.Open(path, nil)
		if err != nil {
			return err
		}
		head, err := s.Head(t.Context(), someone("ann"))
		if err == nil && head.Seq != 3 {
			err = fmt.Errorf("at %d, want 3", head.Seq)
		}
		return errors.Join(err, s.Close())
	}
	if err := try(whole); err != nil {
		t.Fatal(err)
	}
	hits := 0
	for at := 0; ; at++ {
		n := bytes.Index(whole[at:], []byte("<<event>><<event>>"))
		if n < 0 {
			break
		}
		at += n
		bent := bytes.Clone(whole)
		bent[at] ^= 1
		if err := try(bent); err != nil && !errors.Is(err, consent.ErrCorrupt) {
			t.Errorf("byte %d changed: %v", at, err)
		} else if err != nil {
			hits++
		}
	}
	if hits < 3*49 { // pages that bbolt has given up may still hold more of them
		t.Errorf("%d changed bytes were noticed", hits)
	}
	for row := range byte(2) { // nothing tells that the last one was ever there, but a checkpoint
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("journal")).DeleteBucket([]byte{0, 0, 0, 0, 0, 0, 0, row})
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := boltstore.Open(path, nil); !errors.Is(err, consent.ErrCorrupt) {
			t.Errorf("without row %d: %v, want ErrCorrupt", row, err)
		}
	}
}

// What could not be settled is refused at once.
func TestUnfitNonce(t *testing.T) {
	s := open(t)
	for _, n := range []int{0, 1 << 20} {
		r := firstRecord()
		r.Nonce = make([]byte, n)
		if err := s.Append(t.Context(), someone("ann"), r); err == nil {
			t.Errorf("nonce of %d bytes was taken", n)
		}
	}
	if err := errors.Join(s.Append(t.Context(), someone("ann"), firstRecord()), s.Settle()); err != nil {
		t.Error(err)
	}
}

// A file of the form before there was a journal is taken over as it is.
func TestFormatBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "consent.db")
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Append(t.Context(), someone("ann"), firstRecord()), s.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		if tx.Bucket([]byte("journal")) != nil {
			t.Error("a closed file has a journal")
		}
		return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("fitveil-consent/2"))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err = boltstore.Open(path, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	second := firstRecord()
	second.Seq = 2
	if err := s.Append(t.Context(), someone("ann"), second); err != nil {
		t.Fatal(err)
	}
	if head, err := s.Head(t.Context(), someone("ann")); err != nil || head.Seq != 2 {
		t.Errorf("at %d, %v; want 2", head.Seq, err)
	}
}
