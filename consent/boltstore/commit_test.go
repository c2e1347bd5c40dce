package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
)

func someone(name string) consent.Subject {
	return consent.NewSubject([]byte(strings.Repeat("k", 32)), "shop", name)
}

func firstRecord() consent.Record {
	return consent.Record{Seq: 1, Time: time.Unix(1e9, 0), Event: []byte("event"), State: []byte("state")}
}

// After a failed commit nobody knows what is on the disk: no more writes.
func TestFailedCommitIsFinal(t *testing.T) {
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "consent.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), someone("ann"), firstRecord()); err != nil {
		t.Fatal(err)
	}
	if err := s.PullThePlug(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := s.Append(t.Context(), someone("bob"), firstRecord())
		if err == nil || !strings.Contains(err.Error(), "no more writes after a failed commit") {
			t.Errorf("append without a file: %v", err)
		}
	}
	if _, err := s.Erase(t.Context(), someone("ann")); err == nil {
		t.Error("erased without a file")
	}
	if head, err := s.Head(t.Context(), someone("bob")); err == nil && head.Seq != 0 {
		t.Errorf("a write that failed is on record: %d", head.Seq)
	}
	_ = s.Close() // complains about the file, as it may; what counts is that it returns
}

// One bad write does not take those down that share its commit.
func TestBadWriteFailsAlone(t *testing.T) {
	s := open(t)
	who := []consent.Subject{someone("ann"), someone("bob"), someone("cem"), someone("ann")}
	errs := s.CommitTogether(who, firstRecord())
	for i, want := range []error{nil, nil, nil, consent.ErrConflict, boltstore.ErrSpoilt} {
		if !errors.Is(errs[i], want) {
			t.Errorf("write %d: %v, want %v", i, errs[i], want)
		}
	}
	for _, w := range who {
		if head, err := s.Head(t.Context(), w); err != nil || head.Seq != 1 {
			t.Errorf("at %d, %v; want 1", head.Seq, err)
		}
	}
	if left, err := s.Spoilt(); err != nil || left {
		t.Errorf("the bad write left something: %v, %v", left, err)
	}
}

// A writer that gives up while it waits either leaves nothing or learns that it
// was too late to give up.
func TestGivingUpInTheQueue(t *testing.T) {
	s := open(t)
	const writers = 200
	done := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(time.Duration(rand.IntN(4000))*time.Microsecond, cancel)
		wg.Go(func() { done[i] = s.Append(ctx, someone(fmt.Sprint(i)), firstRecord()) })
	}
	wg.Wait()
	kept := 0
	for i, err := range done {
		head, headErr := s.Head(t.Context(), someone(fmt.Sprint(i)))
		if headErr != nil {
			t.Fatal(headErr)
		}
		switch {
		case err == nil && head.Seq == 1:
			kept++
		case errors.Is(err, context.Canceled) && head.Seq == 0:
		default:
			t.Errorf("writer %d was told %v, and %d records are there", i, err, head.Seq)
		}
	}
	t.Logf("%d of %d were written", kept, writers)
	// The queue goes on afterwards.
	if err := s.Append(t.Context(), someone("last"), firstRecord()); err != nil {
		t.Error(err)
	}
}

// A session has begun before its record can be read: a reader in between would
// find the one before over, and put the end of the new one on record.
func TestSessionBeginsBeforeItsRecord(t *testing.T) {
	ctx := t.Context()
	s, who := open(t), someone("ann")
	r := firstRecord()
	r.Leases = []consent.Lease{{Purpose: consent.Sizing, Ends: r.Time.Add(time.Minute)}}
	release := s.KeepUnread()
	done := make(chan error, 1)
	go func() { done <- s.Append(ctx, who, r) }()
	begun := false
	for deadline := time.Now().Add(10 * time.Second); !begun && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
		_, known, err := s.Alive(ctx, who, consent.Sizing, r.Time)
		if err != nil {
			t.Error(err)
		}
		begun = known
	}
	release()
	if err := <-done; err != nil || !begun {
		t.Errorf("begun before the record can be read: %v, %v", begun, err)
	}
	if _, err := s.Erase(ctx, who); err != nil {
		t.Fatal(err)
	}
	if _, known, err := s.Alive(ctx, who, consent.Sizing, r.Time); known || err != nil {
		t.Errorf("known after the erasure: %v, %v", known, err)
	}
}
