//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package boltstore

import "os"

// unlock does nothing: here locks end with the handle.
func unlock(*os.File) error { return nil }
