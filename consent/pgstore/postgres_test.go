//go:build unix

package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fitveil/fitveil/consent/pgstore"
)

// cluster is a PostgreSQL server in a temporary folder, reached over a socket
// in it. It is started by the first test that wants it.
type cluster struct {
	dir string
	as  *syscall.SysProcAttr // nobody in particular: the server refuses to run as root
	err error
}

var (
	server  cluster
	start   sync.Once
	started bool
	number  atomic.Int64
)

func TestMain(m *testing.M) {
	code := m.Run()
	if started {
		if err := server.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// tool finds a program of the server.
func tool(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real, nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", fmt.Errorf("no %s: install PostgreSQL's server (Debian: apt-get install postgresql)", name)
	}
	return found[len(found)-1], nil
}

func (c *cluster) run(name string, args ...string) error {
	path, err := tool(name)
	if err != nil {
		return err
	}
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr, cmd.Dir = c.as, c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	out, err := os.CreateTemp(c.dir, "out") // not a pipe: the server would keep it open
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", name, err, text)
	}
	return nil
}

func (c *cluster) start() error {
	if _, err := tool("initdb"); err != nil {
		return err
	}
	var err error
	if c.dir, err = os.MkdirTemp("", "fitveil-pg"); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		who, err := user.Lookup("postgres")
		if err != nil {
			if who, err = user.Lookup("nobody"); err != nil {
				return err
			}
		}
		uid, err1 := strconv.Atoi(who.Uid)
		gid, err2 := strconv.Atoi(who.Gid)
		if err := errors.Join(err1, err2, os.Chown(c.dir, uid, gid)); err != nil {
			return err
		}
		c.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	data := filepath.Join(c.dir, "data")
	if err := c.run("initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync"); err != nil {
		return err
	}
	// No fsync: what is tested here is what the store asks for, not the disk.
	options := "-c listen_addresses='' -c unix_socket_directories='" + c.dir + "' -c fsync=off -c max_connections=200 -c jit=off"
	return c.run("pg_ctl", "-D", data, "-w", "-o", options, "-l", filepath.Join(c.dir, "log"), "start")
}

func (c *cluster) stop() error {
	return errors.Join(c.run("pg_ctl", "-D", filepath.Join(c.dir, "data"), "-m", "immediate", "stop"), os.RemoveAll(c.dir))
}

func (c *cluster) dsn(user, database string) string {
	return fmt.Sprintf("host=%s user=%s dbname=%s", c.dir, user, database)
}

// database makes an empty database with the schema in it, and a role that is
// nobody special.
func database(t testing.TB) (name string) {
	t.Helper()
	start.Do(func() {
		started = true
		if server.err = server.start(); server.err != nil {
			return
		}
		server.err = admin("postgres", "create role shop login", "create database template_consent")
		if server.err == nil {
			server.err = migrateTemplate()
		}
	})
	if server.err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(server.err)
		}
		t.Skip("needs a PostgreSQL server to start: ", server.err)
	}
	name = fmt.Sprint("d", number.Add(1))
	if err := admin("postgres", "create database "+name+" template template_consent"); err != nil {
		t.Fatal(err)
	}
	return name
}

func migrateTemplate() error {
	pool, err := pgxpool.New(context.Background(), server.dsn("owner", "template_consent"))
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pgstore.Migrate(context.Background(), pool); err != nil {
		return err
	}
	if err := pgstore.Migrate(context.Background(), pool); err != nil { // again: nothing to do
		return err
	}
	_, err = pool.Exec(context.Background(), "grant select, insert, update, delete on all tables in schema public to shop")
	return err
}

// admin runs statements as the owner of everything.
func admin(database string, statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pool, err := pgxpool.New(ctx, server.dsn("owner", database))
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, s := range statements {
		if _, err := pool.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", strings.Fields(s)[0], err)
		}
	}
	return nil
}

// connect opens a pool as a role.
func connect(t testing.TB, role, database string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(server.dsn(role, database))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// instance opens a store on a database, as one of several programs would.
func instance(t testing.TB, database string, o *pgstore.Options) *pgstore.Store {
	t.Helper()
	s, err := pgstore.New(t.Context(), connect(t, "shop", database), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
