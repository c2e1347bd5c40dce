package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// file is an input, and its place below the directory it was found in. err says
// why it can't be read; it is reported with the others.
type file struct {
	path, rel string
	err       error
}

// errIrregular refuses what is no file to read in a directory. Links are not
// followed: they may lead out of what the user named.
var errIrregular = errors.New("not a regular file")

// expand turns arguments into files. Directories are walked in lexical order,
// and only when dirs is set.
func expand(args []string, dirs bool) ([]file, error) {
	var out []file
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			out = append(out, file{path: arg, rel: filepath.Base(arg)}) // a missing file is reported with the others
			continue
		}
		if !dirs {
			return nil, fmt.Errorf("%s is a directory; -json-lines walks directories", arg)
		}
		out = append(out, walk(os.DirFS(arg), arg)...)
	}
	return out, nil
}

// walk lists what is below root. What can't be read is listed with its error
// and stops nothing.
func walk(fsys fs.FS, root string) []file {
	var out []file
	_ = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		f := file{path: filepath.Join(root, filepath.FromSlash(name)), rel: filepath.FromSlash(name), err: err}
		switch {
		case err != nil:
			out = append(out, f)
		case d.IsDir():
		case d.Type().IsRegular():
			out = append(out, f)
		default:
			f.err = errIrregular
			out = append(out, f)
		}
		return nil
	})
	return out
}

// checkOutput refuses an output that would overwrite the input, or anything but
// a file: a rename would replace a device or a link.
func checkOutput(in, out string) error {
	if sameFile(in, out) {
		return fmt.Errorf("%w: input and output are the same file", errUsage)
	}
	info, err := os.Lstat(out)
	switch {
	case err != nil: // creating it will tell
		return nil
	case info.IsDir():
		return fmt.Errorf("%w: the output is a directory", errUsage)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: the output exists and is not a regular file", errUsage)
	}
	return nil
}

// create writes a file through a temporary neighbour, so that a failure leaves
// neither half a file nor a damaged old one. Errors name path, not the neighbour.
func create(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".fitveil-*")
	if err != nil {
		return naming(path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, naming(path, ignoreClosed(f.Close())), naming(path, os.Remove(f.Name())))
		}
	}()
	if err := write(neighbour{f, path}); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return naming(path, err)
	}
	if err := f.Close(); err != nil {
		return naming(path, err)
	}
	return naming(path, os.Rename(f.Name(), path))
}

// neighbour is a temporary file whose errors name the file it will be.
type neighbour struct {
	f    *os.File
	path string
}

func (n neighbour) Write(p []byte) (int, error) {
	done, err := n.f.Write(p)
	return done, naming(n.path, err)
}

// naming turns an error of the temporary file into one of path.
func naming(path string, err error) error {
	if err == nil {
		return nil
	}
	cause := err
	var perr *fs.PathError
	var lerr *os.LinkError
	switch {
	case errors.As(err, &perr):
		cause = perr.Err
	case errors.As(err, &lerr):
		cause = lerr.Err
	}
	return &fs.PathError{Op: "write", Path: path, Err: cause}
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// leaveNothing removes what an earlier run left at out if err is a refusal: no
// file there may be taken for the result. After a mistake in the arguments or
// an I/O error out stays as it is, and only a regular file is ever removed.
func leaveNothing(out string, err error) error {
	if !errors.Is(classify(err), errRefused) {
		return err
	}
	info, statErr := os.Lstat(out)
	if statErr != nil || !info.Mode().IsRegular() {
		return err
	}
	return errors.Join(err, os.Remove(out))
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}
