package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/boltstore"
)

// The page cache may drop what it could not write and report the failure once.
// After one failed sync nothing is acknowledged any more, not even when syncing
// works again.
func TestFailingSyncIsSticky(t *testing.T) {
	path := filepath.Join(t.TempDir(), "consent.db")
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), someone("ann"), firstRecord()); err != nil {
		t.Fatal(err)
	}
	// Some room inside the file first, so that the write does not have to grow it.
	for seq := range uint64(20) {
		r := consent.Record{Seq: seq + 1, Time: firstRecord().Time, Event: make([]byte, 20_000)}
		if err := s.Append(t.Context(), someone("dot"), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Erase(t.Context(), someone("dot")); err != nil {
		t.Fatal(err)
	}
	restore, err := s.FailSync()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), someone("bob"), firstRecord()); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("append while syncing fails: %v", err)
	}
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Append(t.Context(), someone("cem"), firstRecord()); err == nil || !strings.Contains(err.Error(), "no more writes after a failed commit") {
			t.Errorf("append afterwards: %v", err)
		}
	}
	if _, err := s.Erase(t.Context(), someone("ann")); err == nil {
		t.Error("erased afterwards")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = boltstore.Open(path, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, want := range map[string]uint64{"ann": 1, "bob": 0, "cem": 0} {
		if head, err := s.Head(t.Context(), someone(name)); err != nil || head.Seq != want {
			t.Errorf("%s is at %d, %v; want %d", name, head.Seq, err, want)
		}
	}
	if err := s.Append(t.Context(), someone("bob"), firstRecord()); err != nil {
		t.Errorf("opened again: %v", err)
	}
}

// fullDisk tells the test, started again, that it is the process with little room.
const fullDisk = "BOLTSTORE_FULL_DISK"

// A disk that is full costs the writes that find it so, and nothing else.
func TestFullDisk(t *testing.T) {
	if path := os.Getenv(fullDisk); path != "" {
		fillDisk(path)
		return
	}
	path := filepath.Join(t.TempDir(), "consent.db")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(exe, "-test.run=^TestFullDisk$")
	child.Env = append(os.Environ(), fullDisk+"="+path)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var acked uint64
	_, after, ok := strings.Cut(string(out), "acknowledged ")
	if _, err := fmt.Sscanf(after, "%d", &acked); err != nil || !ok || acked == 0 {
		t.Fatalf("the child said %s", out)
	}
	s, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if head, err := s.Head(t.Context(), someone("ann")); err != nil || head.Seq != acked {
		t.Errorf("acknowledged %d, found %d, %v", acked, head.Seq, err)
	}
	r := firstRecord()
	r.Seq = acked + 1
	if err := s.Append(t.Context(), someone("ann"), r); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// fillDisk writes until the file may not grow any more, and a little on.
func fillDisk(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	s, err := boltstore.Open(path, nil)
	fail(err)
	const room = 1 << 20
	fail(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: room, Max: room}))
	acked, failures := uint64(0), 0
	for failures < 3 {
		r := consent.Record{Seq: acked + 1, Time: firstRecord().Time, Event: make([]byte, 20_000), State: []byte("state")}
		if err := s.Append(context.Background(), someone("ann"), r); err != nil {
			if !strings.Contains(err.Error(), "file too large") { // bbolt does not wrap
				fail(fmt.Errorf("another error: %w", err))
			}
			failures++
			continue
		}
		if failures > 0 {
			fail(errors.New("acknowledged after a failed write"))
		}
		acked++
	}
	fmt.Println("acknowledged", acked)
}
