//go:build unix

package riverjobs_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/riverjobs"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

func TestStore(t *testing.T) {
	tryontest.RunStore(t, func(t *testing.T) tryon.Store { return riverjobs.NewStore(connect(t, database(t))) })
}

func TestOrder(t *testing.T) {
	renders := newService(t)
	renders.set(true, 0)
	s := open(t, database(t), renders.URL, renders.cert(), consent.GenerateKeys())
	s.agree(t)
	id := s.order(t, 201)
	waiting := s.everything(t)
	if p, err := s.queue.Collect(t.Context(), s.subject, id); err != nil || p.State != riverjobs.Waiting {
		t.Errorf("before anybody works: %+v, %v", p, err)
	}
	s.work(t)
	// Somebody else gets nothing, and does not disturb.
	if _, err := s.queue.Collect(t.Context(), s.ledger.Subject("shop", "else"), id); !errors.Is(err, riverjobs.ErrOrder) {
		t.Errorf("somebody else: %v", err)
	}
	var drawn string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && !strings.Contains(drawn, string(riverjobs.Drawn)); {
		time.Sleep(20 * time.Millisecond)
		drawn = s.everything(t)
	}
	p := s.over(t, id)
	if p.State != riverjobs.Drawn || len(p.Pictures) != 1 || p.Backend != "posting" || len(p.Marks) == 0 {
		t.Fatalf("got %s %s, %d pictures by %q", p.State, p.Code, len(p.Pictures), p.Backend)
	}
	if !bytes.Contains(p.Pictures[0], []byte("compositeWithTrainedAlgorithmicMedia")) {
		t.Error("the picture is not marked")
	}
	if _, err := s.queue.Collect(t.Context(), s.subject, id); !errors.Is(err, riverjobs.ErrOrder) {
		t.Errorf("collected twice: %v", err)
	}
	photo := clean(t, picture(201)).Bytes()
	said := s.log.String()
	for name, text := range map[string]string{"while it waits": waiting, "when it is drawn": drawn, "in the end": s.everything(t), "in the log": said} {
		for what, secret := range map[string]string{
			"the customer": rawID, "the customer's name": "jane.doe", "the photo": hex.EncodeToString(photo[len(photo)/2 : len(photo)/2+12]),
			"the picture": hex.EncodeToString(p.Pictures[0][len(p.Pictures[0])/2:][:12]), "the key": hex.EncodeToString(key), "the key itself": string(key),
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%s, %s is there in clear", name, what)
			}
		}
	}
	if strings.Contains(said, "\"level\":\"ERROR\"") {
		t.Errorf("the log says %s", said)
	}
}

// TestDenied takes consent back before a worker comes.
func TestDenied(t *testing.T) {
	renders := newService(t)
	s := open(t, database(t), renders.URL, renders.cert(), consent.GenerateKeys())
	s.agree(t)
	id := s.order(t, 202)
	if _, err := s.ledger.Withdraw(t.Context(), s.subject, consent.TryOnRender); err != nil {
		t.Fatal(err)
	}
	s.work(t)
	var kept bool
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var state, job string
		err := s.pool.QueryRow(t.Context(), `select o.state, o.photo is not null, j.state::text from tryon_orders o join river_job j on j.id = o.job
			where o.id = $1`, id).Scan(&state, &kept, &job)
		if err != nil {
			t.Fatal(err)
		}
		if state != string(riverjobs.Waiting) && job == "cancelled" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("order %s, job %s", state, job)
		}
	}
	if kept {
		t.Error("the photo is still there")
	}
	if p := s.over(t, id); p.State != riverjobs.Denied || p.Code != string(consent.Withdrawn) || len(p.Pictures) > 0 {
		t.Errorf("got %+v", p)
	}
	if n, _ := renders.posted(); n != 0 {
		t.Error("it was sent")
	}
}

// TestFailures has the renderer refuse, and be out of order for a while.
func TestFailures(t *testing.T) {
	renders := newService(t)
	s := open(t, database(t), renders.URL, renders.cert(), consent.GenerateKeys())
	s.agree(t)
	s.work(t)
	renders.set(true, 451)
	if p := s.over(t, s.order(t, 203)); p.State != riverjobs.Failed || p.Code != tryon.BlockedInput.String() {
		t.Errorf("blocked: %+v", p)
	}
	renders.set(true, 503)
	if p := s.over(t, s.order(t, 204)); p.State != riverjobs.Failed || p.Code != tryon.Unavailable.String() {
		t.Errorf("out of order: %+v", p)
	}
	if n, _ := renders.posted(); n != 0 {
		t.Errorf("%d were accepted", n)
	}
}

// TestFailedLate has another worker draw an order while this one, thought dead,
// finds that it failed: it stays drawn.
func TestFailedLate(t *testing.T) {
	renders := newService(t)
	renders.set(true, 451)
	s := open(t, database(t), renders.URL, renders.cert(), consent.GenerateKeys())
	s.agree(t)
	renders.meanwhile = func() {
		if _, err := s.pool.Exec(context.WithoutCancel(t.Context()), "update tryon_orders set state = $1, photo = null", string(riverjobs.Drawn)); err != nil {
			t.Error(err)
		}
	}
	id := s.order(t, 212)
	s.work(t)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var job, order string
		err := s.pool.QueryRow(t.Context(), "select j.state::text, o.state from river_job j, tryon_orders o where j.args->>'order' = $1 and o.id = $1", id).Scan(&job, &order)
		if err != nil {
			t.Fatal(err)
		}
		if job == "cancelled" {
			if order != string(riverjobs.Drawn) {
				t.Errorf("the order is %s", order)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("job %s, order %s", job, order)
		}
	}
}

// TestTampering changes what waits in the database.
func TestTampering(t *testing.T) {
	renders := newService(t)
	renders.set(true, 0)
	s := open(t, database(t), renders.URL, renders.cert(), consent.GenerateKeys())
	s.agree(t)
	a, b := s.order(t, 205), s.order(t, 206)
	if _, err := s.pool.Exec(t.Context(), "update tryon_orders o set photo = p.photo from tryon_orders p where o.id = $1 and p.id = $2", a, b); err != nil {
		t.Fatal(err)
	}
	s.work(t)
	if p := s.over(t, a); p.State != riverjobs.Failed || p.Code != tryon.NotScreened.String() {
		t.Errorf("with another's photo: %+v", p)
	}
	if p := s.over(t, b); p.State != riverjobs.Drawn {
		t.Errorf("the other: %+v", p)
	}
}

func TestErase(t *testing.T) {
	renders := newService(t)
	s := open(t, database(t), renders.URL, renders.cert(), consent.GenerateKeys())
	s.agree(t)
	for i := range 3 {
		s.order(t, uint8(207+i))
	}
	if n, err := s.queue.Erase(t.Context(), s.subject); n != 3 || err != nil {
		t.Errorf("erased %d, %v", n, err)
	}
	if all := s.everything(t); all != "" {
		t.Errorf("left: %s", all)
	}
	if n, err := s.queue.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
}

// TestEraseWhileHandingOver erases somebody when a worker has read the photo and
// not handed it over yet: it never is, though consent holds.
func TestEraseWhileHandingOver(t *testing.T) {
	renders := newService(t)
	renders.set(true, 0)
	s := open(t, database(t), renders.URL, renders.cert(), consent.GenerateKeys())
	s.agree(t)
	for _, whole := range []bool{true, false} {
		erased := make(chan struct{})
		s.before = func(ctx context.Context) {
			defer close(erased)
			ctx = context.WithoutCancel(ctx)
			// Without River's word to the worker, which may come late.
			if _, err := s.pool.Exec(ctx, "update tryon_orders set job = 0"); err != nil {
				t.Error(err)
			}
			if n, err := s.queue.Erase(ctx, s.subject); n != 1 || err != nil {
				t.Errorf("erased %d, %v", n, err)
			}
			if !whole {
				return
			}
			if _, err := s.client.Erase(ctx, s.subject); err != nil {
				t.Error(err)
			}
		}
		id := s.order(t, 211)
		if whole {
			s.work(t)
		}
		<-erased
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			var state string
			err := s.pool.QueryRow(t.Context(), "select state::text from river_job where args->>'order' = $1", id).Scan(&state)
			if err != nil {
				t.Fatal(err)
			}
			if state == "cancelled" {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("job %s", state)
			}
		}
		if n, _ := renders.posted(); n != 0 {
			t.Error("it was sent")
		}
		h, err := s.client.Holdings(t.Context(), s.subject)
		if err != nil || len(h.Jobs)+len(h.Transfers)+len(h.Deletions) > 0 {
			t.Errorf("on record: %+v, %v", h, err)
		}
	}
}

// child works until it is killed.
func child(t *testing.T) {
	keys, err := consent.LoadKeys(os.Getenv("FITVEIL_TEST_KEYS"))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, os.Getenv("FITVEIL_TEST_DSN"), os.Getenv("FITVEIL_TEST_SERVER"), os.Getenv("FITVEIL_TEST_CERT"), keys)
	s.work(t)
	fmt.Println("working")
	select {}
}

// TestKill kills workers after they handed orders over, and before: the next one
// waits for what was accepted, and nothing arrives twice.
func TestKill(t *testing.T) {
	if os.Getenv("FITVEIL_TEST_SERVER") != "" {
		child(t)
		return
	}
	renders := newService(t)
	keys, dsn := consent.GenerateKeys(), database(t)
	path := filepath.Join(t.TempDir(), "keys")
	if err := keys.Save(path); err != nil {
		t.Fatal(err)
	}
	s := open(t, dsn, renders.URL, renders.cert(), keys)
	s.agree(t)
	var ids []string
	for round := range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "FITVEIL_TEST_SERVER="+renders.URL, "FITVEIL_TEST_CERT="+renders.cert(), "FITVEIL_TEST_DSN="+dsn, "FITVEIL_TEST_KEYS="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() && lines.Text() != "working" {
		}
		before, _ := renders.posted()
		for i := range 4 {
			ids = append(ids, s.order(t, uint8(10+round*4+i)))
		}
		// Killed when one was accepted, or in the middle of handing over.
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			if n, _ := renders.posted(); n > before {
				break
			}
		}
		time.Sleep(time.Duration(round) * 10 * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // "signal: killed"
		// What River's rescuer does after RescueStuckJobsAfter.
		if _, err := s.pool.Exec(t.Context(), "update river_job set state = 'available', finalized_at = null where state = 'running'"); err != nil {
			t.Fatal(err)
		}
	}
	renders.set(true, 0)
	s.work(t)
	states := map[string]int{}
	for _, id := range ids {
		p := s.over(t, id)
		states[string(p.State)+" "+p.Code]++
	}
	photos, most := renders.posted()
	t.Logf("%v; %d photos arrived, at most %d times", states, photos, most)
	if most != 1 {
		t.Errorf("a photo arrived %d times", most)
	}
	// An order fails only where the answer died with the worker.
	if states["drawn "]+states["failed accepted-unknown"] != len(ids) || states["drawn "] < len(ids)/2 {
		t.Errorf("got %v", states)
	}
	var left int
	if err := s.pool.QueryRow(t.Context(), "select count(*) from tryon_orders where photo is not null").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d photos are left, %v", left, err)
	}
}
