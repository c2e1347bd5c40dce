package imageproc

import (
	"fmt"
	"io"
	"os"
)

// Limits bounds what an input may cost. A zero field means its default.
type Limits struct {
	MaxBytes    int64 // size of the input; default 20 MiB
	MaxPixels   int64 // width times height; default 64,000,000
	MaxSegments int   // segments or chunks; default 65,536
	MaxMemory   int64 // bytes that decoding the pixels may take; default 512 MiB
}

func (l Limits) orDefault() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = 20 << 20
	}
	if l.MaxPixels <= 0 {
		l.MaxPixels = 64_000_000
	}
	if l.MaxSegments <= 0 {
		l.MaxSegments = 65_536
	}
	if l.MaxMemory <= 0 {
		l.MaxMemory = 512 << 20
	}
	return l
}

// readInput reads r to its end. A reader that knows its size gets one
// allocation of that size, so that the input is held once; from any other it is
// collected in pieces and joined, so that it is held twice at most.
func readInput(r io.Reader, lim Limits) ([]byte, error) {
	size := sizeHint(r)
	if size > lim.MaxBytes {
		return nil, tooManyBytes(r, lim)
	}
	if m, ok := r.(inMemory); ok {
		return readMemory(m, lim)
	}
	limited := &io.LimitedReader{R: r, N: lim.MaxBytes + 1}
	var pieces rope
	for next := int(size) + 1; ; next = 1 << 20 {
		if size == 0 && len(pieces) == 0 {
			next = 64 << 10
		}
		piece := make([]byte, next)
		n, err := io.ReadFull(limited, piece)
		pieces.add(piece[:n])
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("imageproc: read: %w", err)
		}
	}
	if pieces.size() > lim.MaxBytes {
		return nil, tooManyBytes(pieces.reader(), lim)
	}
	if len(pieces) == 1 {
		return pieces[0], nil
	}
	return pieces.bytes(), nil
}

// inMemory is a bytes.Reader, a bytes.Buffer, a strings.Reader and their like.
type inMemory interface {
	io.Reader
	io.WriterTo
	Len() int
}

// readMemory has m write itself: one copy, into memory that need not be cleared
// first, which for large pictures is a tenth of the whole work.
func readMemory(m inMemory, lim Limits) ([]byte, error) {
	held := holder{max: lim.MaxBytes}
	switch _, err := m.WriteTo(&held); {
	case held.full:
		return nil, tooManyBytes(rope{held.data}.reader(), lim)
	case err != nil:
		return nil, fmt.Errorf("imageproc: read: %w", err)
	}
	return held.data, nil
}

type holder struct {
	data []byte
	max  int64
	full bool
}

func (h *holder) Write(p []byte) (int, error) {
	if int64(len(h.data))+int64(len(p)) > h.max {
		h.full = true
		h.data = append(h.data, p[:min(len(p), 32)]...) // enough to name the format
		return 0, ErrTooLarge
	}
	h.data = append(h.data, p...)
	return len(p), nil
}

func tooManyBytes(r io.Reader, lim Limits) error {
	var prefix [32]byte
	n, _ := io.ReadFull(r, prefix[:]) // only to name the format; short or failing reads name none
	return &FormatError{
		Format: Sniff(prefix[:n]), Reason: fmt.Sprintf("input exceeds %d bytes", lim.MaxBytes), Err: ErrTooLarge,
	}
}

// sizeHint is the number of bytes left in r, or 0 if r does not tell. It is
// not trusted: reading goes on to the end of r whatever it says.
func sizeHint(r io.Reader) int64 {
	switch r := r.(type) {
	case interface{ Len() int }:
		return max(int64(r.Len()), 0)
	case *os.File:
		st, err := r.Stat()
		if err != nil || !st.Mode().IsRegular() {
			return 0
		}
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0
		}
		return max(st.Size()-at, 0)
	}
	return 0
}
