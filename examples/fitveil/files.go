package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// file is an input, and its place below the directory it was found in.
type file struct{ path, rel string }

// expand turns arguments into files. Directories are walked in lexical order,
// and only when dirs is set.
func expand(args []string, dirs bool) ([]file, error) {
	var out []file
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			out = append(out, file{arg, filepath.Base(arg)}) // a missing file is reported with the others
			continue
		}
		if !dirs {
			return nil, fmt.Errorf("%s is a directory; -json-lines walks directories", arg)
		}
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			rel, err := filepath.Rel(arg, path)
			out = append(out, file{path, rel})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// create writes a file through a temporary neighbour, so that a failure leaves
// neither half a file nor a damaged old one.
func create(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".fitveil-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// discard removes what an earlier run left at path, so that a refusal never
// leaves a file there that could be taken for its result.
func discard(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}
