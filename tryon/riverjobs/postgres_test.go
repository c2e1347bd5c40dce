//go:build unix

package riverjobs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fitveil/fitveil/consent/pgstore"
	"github.com/fitveil/fitveil/tryon/riverjobs"
)

// cluster is a PostgreSQL server in a temporary folder, reached over a socket in
// it, started by the first test that wants it.
type cluster struct {
	dir string
	as  *syscall.SysProcAttr // somebody else, when we are root: the server refuses to run as root
	err error
}

var (
	server  cluster
	once    sync.Once
	started bool
	number  atomic.Int64
)

var errNoServer = errors.New("install PostgreSQL's server (Debian: apt-get install postgresql)")

func TestMain(m *testing.M) {
	code := m.Run()
	if started {
		err := errors.Join(server.run("pg_ctl", "-D", filepath.Join(server.dir, "data"), "-m", "immediate", "stop"), os.RemoveAll(server.dir))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func (c *cluster) run(name string, args ...string) error {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if path, err := exec.LookPath(name); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return fmt.Errorf("no %s: %w", name, errNoServer)
	}
	cmd := exec.Command(found[0], args...)
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
	var err error
	if c.dir, err = os.MkdirTemp("", "fitveil-river"); err != nil {
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
	options := "-c listen_addresses='' -c unix_socket_directories='" + c.dir + "' -c fsync=off -c max_connections=100 -c jit=off"
	if err := c.run("pg_ctl", "-D", data, "-w", "-o", options, "-l", filepath.Join(c.dir, "log"), "start"); err != nil {
		return err
	}
	return exec1("postgres", "create database template_tryon", func(ctx context.Context) error {
		pool, err := pgxpool.New(ctx, c.dsn("template_tryon"))
		if err != nil {
			return err
		}
		defer pool.Close()
		// Twice: the second time there is nothing to do.
		return errors.Join(pgstore.Migrate(ctx, pool), riverjobs.Migrate(ctx, pool), riverjobs.Migrate(ctx, pool))
	})
}

// exec1 runs a statement in a database, and then what follows from it.
func exec1(database, statement string, then func(context.Context) error) error {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, server.dsn(database))
	if err != nil {
		return err
	}
	_, err = pool.Exec(ctx, statement)
	pool.Close()
	if err != nil {
		return err
	}
	return then(ctx)
}

func (c *cluster) dsn(database string) string {
	return fmt.Sprintf("host=%s user=owner dbname=%s", c.dir, database)
}

// database makes an empty database with the schema in it.
func database(t *testing.T) (dsn string) {
	t.Helper()
	once.Do(func() {
		started = true
		server.err = server.start()
	})
	if server.err != nil {
		if !errors.Is(server.err, errNoServer) || os.Getenv("CI") == "true" {
			t.Fatal(server.err)
		}
		t.Skip("needs a PostgreSQL server to start: ", server.err)
	}
	name := fmt.Sprint("d", number.Add(1))
	err := exec1("postgres", "create database "+name+" template template_tryon", func(context.Context) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return server.dsn(name)
}

func connect(t *testing.T, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
