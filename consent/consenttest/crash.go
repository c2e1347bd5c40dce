package consenttest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// crashDir tells the program, started again by RunCrash, that it is the one to die.
const crashDir = "CONSENTTEST_CRASH_DIR"

// RunCrash has a second process record consents through a ledger on the store
// and say so, kills it at a random moment, opens the store again and looks:
// everything that was acknowledged must be there, verified, and the state must
// agree with the events. It does so kills times over on the same store.
//
// RunCrash starts the test program again with -test.run for the test it is
// called from, so that test must do nothing before it.
func RunCrash(t *testing.T, kills int, open func(dir string) (Durable, error)) {
	if dir := os.Getenv(crashDir); dir != "" {
		err := crashChild(t.Context(), dir, open)
		fmt.Fprintln(os.Stderr, "crash child:", err) // only death is a success
		os.Exit(3)
	}
	dir := t.TempDir()
	if err := consent.GenerateKeys().Save(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	acks := make(map[string]ack) // what was acknowledged, by nonce
	for kill := range kills {
		now := killOne(t, dir, kill)
		if t.Failed() {
			return
		}
		// What this process wrote, and at the end once more everything: looking at
		// all of it each time would take longer than the killing.
		wantAcknowledged(t, dir, open, now)
		if t.Failed() {
			t.Fatalf("after kill %d, with %d acknowledgements since the one before", kill+1, len(now))
		}
		maps.Copy(acks, now)
	}
	wantAcknowledged(t, dir, open, acks)
	t.Logf("%d kills, %d acknowledged events, none lost", kills, len(acks))
	if len(acks) < kills {
		t.Errorf("only %d acknowledgements: the test killed too early to show anything", len(acks))
	}
}

// ack is an event that a process said was durable before it was killed.
type ack struct {
	person string
	seq    uint64
}

// crashWriters race in the child; each has a person of its own and one in common.
const crashWriters = 4

// crashChild records until it dies. A line on standard output says that an
// event is durable: tenant person, kind, number and nonce.
func crashChild(ctx context.Context, dir string, open func(dir string) (Durable, error)) error {
	keys, err := consent.LoadKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return err
	}
	s, err := open(dir)
	if err != nil {
		return err
	}
	l, err := consent.New(s, &consent.Options{Keys: keys})
	if err != nil {
		return err
	}
	run := os.Getpid()
	failed := make(chan error, crashWriters)
	var out sync.Mutex
	for w := range crashWriters {
		go func() {
			for n := 0; ; n++ {
				person := fmt.Sprintf("%d-writer-%d", run, w)
				if n%4 == 3 {
					person = fmt.Sprintf("%d-common", run)
				}
				if err := crashWrite(ctx, l, person, fmt.Sprintf("%d-%d-%d", run, w, n), &out); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// crashWrite grants, and now and then withdraws.
func crashWrite(ctx context.Context, l *consent.Ledger, person, nonce string, out *sync.Mutex) error {
	who := l.Subject("shop", person)
	r, err := l.Grant(ctx, grant(who, nonce, time.Now()))
	if errors.Is(err, consent.ErrStaleGrant) { // another writer's withdrawal came between
		return nil
	}
	if err != nil {
		return err
	}
	out.Lock()
	fmt.Printf("ack %s %d %s\n", person, r.Seq(), nonce)
	out.Unlock()
	if r.Seq()%5 == 0 {
		_, err = l.Withdraw(ctx, who)
	}
	return err
}

// killOne runs the child for a moment and collects what it acknowledged.
func killOne(t *testing.T, dir string, kill int) map[string]ack {
	t.Helper()
	acks := make(map[string]ack)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(exe, "-test.run=^"+strings.Join(strings.Split(t.Name(), "/"), "$/^")+"$", "-test.v=false")
	child.Env = append(os.Environ(), crashDir+"="+dir)
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	// The moment counts from the first acknowledgement, so that a slow start on
	// a busy machine does not turn this into a test of starting.
	dice := rand.New(rand.NewPCG(1, uint64(kill)))
	moment := time.Duration(dice.IntN(30_000)) * time.Microsecond
	giveUp := time.AfterFunc(30*time.Second, func() { _ = child.Process.Kill() })
	defer giveUp.Stop()
	n := 0
	for lines := bufio.NewReader(out); ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // also a line that was cut off: not acknowledged
		}
		var person, nonce string
		var seq uint64
		if _, err := fmt.Sscanf(line, "ack %s %d %s\n", &person, &seq, &nonce); err != nil {
			t.Errorf("child said %q", line)
			break
		}
		acks[nonce] = ack{person, seq}
		if n == 0 {
			time.AfterFunc(moment, func() { _ = child.Process.Kill() })
		}
	}
	_, _ = io.Copy(io.Discard, out)
	_ = child.Wait() // killed, as it should be; what it said tells the rest
	if complaint.Len() > 0 || n == 0 {
		t.Errorf("the child acknowledged %d events and said: %s", n, complaint.String())
	}
	return acks
}

// wantAcknowledged opens the store and looks for every acknowledged event.
func wantAcknowledged(t *testing.T, dir string, open func(dir string) (Durable, error), acks map[string]ack) {
	t.Helper()
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, s)
	keys, err := consent.LoadKeys(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	l := ledger(t, s, keys)
	people := make(map[string]bool)
	for _, a := range acks {
		people[a.person] = true
	}
	found := make(map[string]ack)
	for person := range people {
		who := l.Subject("shop", person)
		var last consent.Event
		for e, err := range l.History(t.Context(), who) {
			if err != nil {
				t.Fatalf("%s: %v", person, err)
			}
			if e.Evidence != nil {
				found[string(e.Evidence.Nonce)] = ack{person, e.Seq}
			}
			last = e
		}
		// No half event: the state stands at the last one, and says what it says.
		d, err := l.Check(t.Context(), consent.Query{Subject: who, Purpose: consent.TryOnRender})
		if err != nil || d.Seq != last.Seq || d.Seq > 0 && d.Reason != last.Kind {
			t.Errorf("%s: state is %d %s, last event %d %s, %v", person, d.Seq, d.Reason, last.Seq, last.Kind, err)
		}
	}
	wantTrees(t, s, l, "shop", slices.Collect(maps.Keys(people)))
	for nonce, want := range acks {
		if found[nonce] != want {
			t.Errorf("acknowledged %v, found %v", want, found[nonce])
		}
	}
}
