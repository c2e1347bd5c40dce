package boltstore

import (
	"errors"
	"os"
	"syscall"
)

// FailSync has writes to the file go nowhere and each sync fail, until restore
// is called: the file's number stands for /dev/null, which takes everything and
// cannot be synced.
func (s *Store) FailSync() (restore func() error, err error) {
	fd := int(s.file.Fd())
	kept, err := syscall.Dup(fd)
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Dup3(int(null.Fd()), fd, syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	return func() error {
		return errors.Join(syscall.Dup3(kept, fd, syscall.O_CLOEXEC), syscall.Close(kept), null.Close())
	}, nil
}
