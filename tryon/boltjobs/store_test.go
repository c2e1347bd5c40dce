//go:build !js && !wasip1

package boltjobs_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/boltjobs"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

func open(t *testing.T, path string) *boltjobs.Store {
	t.Helper()
	s, err := boltjobs.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	tryontest.RunStore(t, func(t *testing.T) tryon.Store { return open(t, filepath.Join(t.TempDir(), "jobs.db")) })
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s := open(t, path)
	r := tryon.Record{Kind: tryon.KindJob, ID: "a", Subject: [32]byte{7}, Data: []byte(`{}`)}
	if err := s.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := boltjobs.Open(path, &boltjobs.Options{Wait: 10 * time.Millisecond}); err == nil {
		t.Error("opened twice")
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), r); err == nil {
		t.Error("wrote to a closed store")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if got, err := open(t, path).Get(t.Context(), r.Kind, r.ID); err != nil || got.Subject != r.Subject {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s := open(t, path)
	if err := s.Put(t.Context(), tryon.Record{Kind: tryon.KindJob, ID: "a", Data: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("records")).Put([]byte("job\x00a"), []byte(`{"s":"AA=="`))
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if _, err := s.Get(t.Context(), tryon.KindJob, "a"); !errors.Is(err, boltjobs.ErrCorrupt) {
		t.Errorf("Get: %v", err)
	}
	if _, err := s.Find(t.Context(), tryon.Filter{Kind: tryon.KindJob}); !errors.Is(err, boltjobs.ErrCorrupt) {
		t.Errorf("Find: %v", err)
	}
}

// anybody finds one person, everywhere.
type anybody struct{}

func (anybody) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	return &detect.Scene{Presence: .9, Bounds: b, People: []detect.Person{{Box: b, Score: .9}}}, nil
}

// posting is a backend that posts the photo and gets a job's name for it.
type posting struct{ base *url.URL }

func (p posting) Describe() tryon.Profile {
	return tryon.Profile{
		Name: "posting", Tasks: []tryon.Task{tryon.OnPerson}, SubProcessor: "Renderer Ltd", Region: "EU", Hosts: []string{p.base.Host},
	}
}

func (p posting) Submit(ctx context.Context, in *tryon.Input) (*tryon.Handle, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base.String()+"/jobs", bytes.NewReader(in.Photo.Photo().Bytes()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Callback", in.Callback)
	resp, err := in.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	id, err := io.ReadAll(resp.Body)
	return &tryon.Handle{ID: string(id)}, err
}

func (p posting) Poll(context.Context, *tryon.Handle) (*tryon.Output, error) {
	return nil, tryon.ErrPending
}
func (p posting) Classify(err error) tryon.Fault { return tryon.DefaultFault(err) }

// child starts jobs until it is killed, and prints the names it was given.
func child(t *testing.T) {
	base, err := url.Parse(os.Getenv("FITVEIL_TEST_SERVER"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(os.Getenv("FITVEIL_TEST_CERT")))
	store, err := boltjobs.Open(os.Getenv("FITVEIL_TEST_STORE"), nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := tryon.New(&tryon.Options{
		Routes: []tryon.Route{{Backend: posting{base}}}, Store: store, TLS: &tls.Config{RootCAs: pool}, Callback: "https://shop.example/cb",
	})
	if err != nil {
		t.Fatal(err)
	}
	subject := consent.NewSubject(make([]byte, 32), "shop", "somebody")
	for n := 0; ; n++ {
		img := image.NewNRGBA(image.Rect(0, 0, 32, 32))
		binary.BigEndian.PutUint32(img.Pix, uint32(n)<<8|255)
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		photo, err := imageproc.Sanitize(t.Context(), &b, nil)
		if err != nil {
			t.Fatal(err)
		}
		screened, err := detect.Screen(t.Context(), anybody{}, photo, detect.OnePerson(), nil)
		if err != nil {
			t.Fatal(err)
		}
		id, err := client.Start(t.Context(), consent.Unmanaged("test").For(subject), &tryon.Request{
			Subject: subject, Photo: screened, Items: []tryon.Item{{Image: photo}},
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("started", id)
	}
}

// TestKill kills a process that starts jobs, again and again, and looks that
// every body that arrived is on record, and every job whose name Start gave out
// with its provider's name.
func TestKill(t *testing.T) {
	if os.Getenv("FITVEIL_TEST_SERVER") != "" {
		child(t)
		return
	}
	var mu sync.Mutex
	arrived, accepted := map[string]bool{}, map[string]string{} // hashes; our job → its name
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		job := r.Header.Get("X-Callback")
		job = job[strings.LastIndex(job, "/")+1:]
		if accepted[job] != "" {
			t.Errorf("job %s came twice", job)
		}
		accepted[job] = fmt.Sprintf("remote-%d", len(accepted))
		arrived[fmt.Sprintf("%x", sha256.Sum256(body))] = true
		fmt.Fprint(w, accepted[job])
	}))
	defer server.Close()
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	path := filepath.Join(t.TempDir(), "jobs.db")
	var started []string
	for round := range 6 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "FITVEIL_TEST_SERVER="+server.URL, "FITVEIL_TEST_CERT="+string(cert), "FITVEIL_TEST_STORE="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		// Killed in the middle of a job: after some names, and then a little.
		for n := 0; n < 5+round && lines.Scan(); n++ {
			if id, ok := strings.CutPrefix(lines.Text(), "started "); ok {
				started = append(started, id)
			}
		}
		time.Sleep(time.Duration(round) * 3 * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "started "); ok && len(id) == 32 {
				started = append(started, id)
			}
		}
		_ = cmd.Wait() // "signal: killed"
	}
	if len(started) < 20 {
		t.Fatalf("only %d jobs started", len(started))
	}
	s := open(t, path)
	for _, id := range started {
		r, err := s.Get(t.Context(), tryon.KindJob, id)
		var j tryon.Job
		if err != nil || json.Unmarshal(r.Data, &j) != nil || j.State != tryon.JobAccepted || j.Remote != accepted[id] {
			t.Errorf("job %s is on record as %+v, %v; the server calls it %q", id, j, err, accepted[id])
		}
	}
	onRecord := map[string]bool{}
	records, err := s.Find(t.Context(), tryon.Filter{Kind: tryon.KindTransfer})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		var x tryon.Transfer
		if err := json.Unmarshal(r.Data, &x); err != nil {
			t.Fatal(err)
		}
		onRecord[x.SHA256] = true
	}
	mu.Lock()
	defer mu.Unlock()
	for sum := range arrived {
		if !onRecord[sum] {
			t.Errorf("a body arrived that is not on record: %s", sum)
		}
	}
	t.Logf("%d jobs started, %d accepted, %d transfers on record", len(started), len(accepted), len(records))
}
