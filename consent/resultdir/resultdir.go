// Package resultdir keeps rendered results in a folder, in a declared region:
// the first [consent.Holder].
//
//	results, err := resultdir.Open("/srv/results", &resultdir.Options{Region: "EEA"})
//	if err != nil {
//		return err
//	}
//	ledger, err := consent.New(store, &consent.Options{Keys: keys, Profiles: profiles, Holders: []consent.Holder{results}})
//	...
//	id, err := results.Put(ctx, permit, query, picture) // asks the permit once more
//	...
//	swept, err := ledger.Sweep(ctx, nil) // every hour
//
// Files lie under the tenant's hash and the person's pseudonym, and carry the
// time they were stored in their names; nothing else is written about them.
//
// # Limits
//
// A folder is shared by one process. Erasing removes files; what the medium
// below keeps of them is out of reach. Encrypt the disk.
package resultdir

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// Options configures Open. Region is required.
type Options struct {
	Region   string           // where the folder is, in the words of the profile, like "EEA"
	Name     string           // of the holder; default "results"
	Category consent.Category // of what is kept; default consent.TryOnImage
	MaxBytes int              // of one result; default 32 MiB
	Now      func() time.Time // default time.Now
}

// Dir is a folder of results; Open makes one. It prints and logs as a fixed
// word. Safe for use by many goroutines.
type Dir struct{ *sealed }

type sealed struct{ *state }

type state struct {
	root     *os.Root
	holdings consent.Holdings
	most     int
	now      func() time.Time

	// Storing holds it shared from the permit's last word to the file's name in
	// the folder, erasing alone: what was permitted before a withdrawal is there
	// when its erasure begins.
	mu sync.RWMutex
}

// Open opens a folder, or makes it for its owner alone.
func Open(dir string, o *Options) (*Dir, error) {
	if o == nil || o.Region == "" {
		return nil, errors.New("resultdir: say in which region the folder is")
	}
	d := &Dir{&sealed{&state{
		holdings: consent.Holdings{Name: o.Name, Region: o.Region, Categories: []consent.Category{o.Category}},
		most:     o.MaxBytes, now: o.Now,
	}}}
	if o.Name == "" {
		d.holdings.Name = "results"
	}
	if o.Category == "" {
		d.holdings.Categories[0] = consent.TryOnImage
	}
	if d.most == 0 {
		d.most = 32 << 20
	}
	if d.now == nil {
		d.now = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, wrap(err)
	}
	var err error
	if d.root, err = os.OpenRoot(dir); err != nil {
		return nil, wrap(err)
	}
	return d, nil
}

// Close closes the folder.
func (d *Dir) Close() error { return wrap(d.root.Close()) }

const word = "[resultdir.Dir]"

// Format prints a fixed word for every verb.
func (d Dir) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, word) }

// LogValue logs a fixed word.
func (d Dir) LogValue() slog.Value { return slog.StringValue(word) }

// wrap says who speaks. An error of the file system names the path, and with
// it the person, so only its cause passes.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		err = fmt.Errorf("%s: %w", p.Op, p.Err)
	case errors.As(err, &l):
		err = fmt.Errorf("%s: %w", l.Op, l.Err)
	}
	return fmt.Errorf("resultdir: %w", err)
}

func tenantDir(tenant string) string {
	h := sha256.Sum256([]byte("fitveil resultdir v1\n" + tenant))
	return hex.EncodeToString(h[:16])
}

func subjectDir(who consent.Subject) string {
	id := who.Pseudonym()
	return path.Join(tenantDir(who.Tenant()), hex.EncodeToString(id[:]))
}

// A file is named for when it was stored, in microseconds since 1970, and 16
// random digits; one that is not complete has a dot in front.
func stored(name string) (at time.Time, whole, ok bool) {
	rest, part := strings.CutPrefix(name, ".")
	micro, tail, ok := strings.Cut(rest, "-")
	n, err := strconv.ParseInt(micro, 10, 64)
	if !ok || err != nil || len(tail) != 16 || strings.Trim(tail, "0123456789abcdef") != "" {
		return time.Time{}, false, false
	}
	return time.UnixMicro(n).UTC(), !part, true
}

// Put stores a result for the subject of q, after asking the permit once more,
// and returns its id. It is durable when Put returns. A no of the permit is
// [consent.ErrNoConsent], and nothing was stored.
func (d *Dir) Put(ctx context.Context, p consent.Permit, q consent.Query, data []byte) (id string, err error) {
	if len(data) > d.most {
		return "", fmt.Errorf("resultdir: %d bytes, limit %d", len(data), d.most)
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if err := p.Use(ctx, q); err != nil {
		return "", err
	}
	var tail [8]byte
	rand.Read(tail[:]) // never fails, see crypto/rand
	id = fmt.Sprintf("%d-%x", d.now().UnixMicro(), tail)
	dir := subjectDir(q.Subject)
	if err := d.root.MkdirAll(dir, 0o700); err != nil {
		return "", wrap(err)
	}
	part := path.Join(dir, "."+id)
	err = d.write(part, data)
	if err == nil {
		err = d.root.Rename(part, path.Join(dir, id))
	}
	if err == nil {
		err = d.sync(dir, path.Dir(dir), ".")
	}
	if err != nil {
		return "", wrap(errors.Join(err, d.discard(part)))
	}
	return id, nil
}

func (d *Dir) write(name string, data []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// discard removes what a failed Put may have left.
func (d *Dir) discard(part string) error {
	if err := d.root.Remove(part); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sync makes names in folders durable. Windows has no such call.
func (d *Dir) sync(dirs ...string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	for _, name := range dirs {
		f, err := d.root.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Get reads a result back. An id that the subject does not have is [fs.ErrNotExist].
func (d *Dir) Get(ctx context.Context, who consent.Subject, id string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, wrap(err)
	}
	if _, whole, ok := stored(id); !ok || !whole {
		return nil, wrap(fs.ErrNotExist)
	}
	for _, s := range who.All() {
		data, err := d.root.ReadFile(path.Join(subjectDir(s), id))
		if !errors.Is(err, fs.ErrNotExist) {
			return data, wrap(err)
		}
	}
	return nil, wrap(fs.ErrNotExist)
}

// Describe implements [consent.Holder].
func (d *Dir) Describe() consent.Holdings {
	h := d.holdings
	h.Categories = slices.Clone(h.Categories)
	return h
}

// found is a file that a selection means.
type found struct {
	dir, name string
	at        time.Time
	whole     bool
}

// selected lists the files that s means. A name that is not ours is an error:
// nobody can say whose it is.
func (d *Dir) selected(ctx context.Context, s consent.Selection) (out []found, err error) {
	if s.Tenant == "" || !s.Subject.IsZero() && s.Subject.Tenant() != s.Tenant {
		return nil, errors.New("selection without its tenant")
	}
	if s.Category != "" && s.Category != d.holdings.Categories[0] {
		return nil, nil
	}
	dirs := []string{subjectDir(s.Subject)}
	if s.Subject.IsZero() {
		dirs = nil
		people, err := d.list(tenantDir(s.Tenant))
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			dirs = append(dirs, path.Join(tenantDir(s.Tenant), p.Name()))
		}
	}
	for _, dir := range dirs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		files, err := d.list(dir)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			at, whole, ok := stored(f.Name())
			if !ok || !f.Type().IsRegular() {
				return nil, errors.New("a file that is not a result")
			}
			if s.Before.IsZero() || !at.After(s.Before) {
				out = append(out, found{dir, f.Name(), at, whole})
			}
		}
	}
	return out, nil
}

// list reads a folder that may not be there.
func (d *Dir) list(dir string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(d.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// Export implements [consent.Holder].
func (d *Dir) Export(ctx context.Context, s consent.Selection) iter.Seq2[consent.Item, error] {
	return func(yield func(consent.Item, error) bool) {
		files, err := d.selected(ctx, s)
		if err != nil {
			yield(consent.Item{}, wrap(err))
			return
		}
		for _, f := range files {
			if !f.whole {
				continue
			}
			data, err := d.root.ReadFile(path.Join(f.dir, f.name))
			if err != nil {
				yield(consent.Item{}, wrap(err))
				return
			}
			if !yield(consent.Item{ID: f.name, Category: d.holdings.Categories[0], Created: f.at, Data: data}, nil) {
				return
			}
		}
	}
}

// Erase implements [consent.Holder]. What was not finished when the process
// died goes, too.
func (d *Dir) Erase(ctx context.Context, s consent.Selection) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	files, err := d.selected(ctx, s)
	if err != nil {
		return 0, wrap(err)
	}
	n := 0
	var dirs []string
	for _, f := range files {
		if err := d.root.Remove(path.Join(f.dir, f.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return n, wrap(err)
		}
		n++
		if !slices.Contains(dirs[max(0, len(dirs)-1):], f.dir) {
			dirs = append(dirs, f.dir)
		}
	}
	if err := d.sync(dirs...); err != nil {
		return n, wrap(err)
	}
	for _, dir := range dirs {
		// The pseudonym goes with the last file. A folder that is not empty stays.
		_ = d.root.Remove(dir)
	}
	if len(dirs) > 0 {
		err = d.sync(tenantDir(s.Tenant))
	}
	return n, wrap(err)
}

// Verify implements [consent.Holder].
func (d *Dir) Verify(ctx context.Context, s consent.Selection) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	files, err := d.selected(ctx, s)
	if err != nil {
		return wrap(err)
	}
	if len(files) > 0 {
		return fmt.Errorf("resultdir: %w: %d files", consent.ErrNotErased, len(files))
	}
	return nil
}
