// Package bmff takes apart and puts together the boxes of the ISO base media
// file format, ISO/IEC 14496-12 §4.2.
//
//	r := bmff.NewReader(data, 0)
//	for r.More() {
//		box, err := r.Next()
//		if err != nil {
//			return err // names the place, says why
//		}
//		fields := bmff.NewFields(box.Body)
//		version := fields.U8()
//		if fields.Bad() {
//			return errShort
//		}
//	}
//
// It never recurses and never allocates by a number read from the data; what
// the boxes mean is the caller's business.
package bmff

import (
	"encoding/binary"
	"fmt"
)

// Box is one box. Its slices are parts of what the Reader was given.
type Box struct {
	Type  string // four bytes, not always letters
	At    int    // offset of the header, as NewReader was told to count
	Whole []byte // header and body
	Body  []byte
}

// BodyAt is the offset of the body.
func (b Box) BodyAt() int { return b.At + len(b.Whole) - len(b.Body) }

// Error says which box can't be read and why.
type Error struct {
	Type   string // empty if there is no room for a header
	At     int
	Reason string
}

// Error reads `box "iloc" at 24: length 99 exceeds what is left`.
func (e *Error) Error() string { return fmt.Sprintf("box %q at %d: %s", e.Type, e.At, e.Reason) }

// Reader goes through the boxes that stand one after the other in a slice.
type Reader struct {
	data []byte
	at   int
	open bool
}

// NewReader reads the boxes inside another one; at is the offset of data in the
// file.
func NewReader(data []byte, at int) *Reader { return &Reader{data: data, at: at} }

// NewFileReader reads the boxes of a file, where the last one may leave its
// length open: it then goes to the end.
func NewFileReader(data []byte) *Reader { return &Reader{data: data, open: true} }

// More reports whether bytes are left.
func (r *Reader) More() bool { return len(r.data) > 0 }

// Rest is what Next has not read, and At where it begins.
func (r *Reader) Rest() []byte { return r.data }

// At is the offset of the next box.
func (r *Reader) At() int { return r.at }

// Next reads one box. After an error the Reader stands where it stood.
func (r *Reader) Next() (Box, error) {
	if len(r.data) < 8 {
		return Box{}, &Error{At: r.at, Reason: fmt.Sprintf("%d bytes, too few for a header", len(r.data))}
	}
	typ, head := string(r.data[4:8]), 8
	size := uint64(binary.BigEndian.Uint32(r.data))
	switch {
	case size == 1 && len(r.data) >= 16:
		size, head = binary.BigEndian.Uint64(r.data[8:]), 16
	case size == 0 && r.open:
		size = uint64(len(r.data))
	}
	if size < uint64(head) {
		return Box{}, &Error{Type: typ, At: r.at, Reason: fmt.Sprintf("length %d is none", size)}
	}
	if size > uint64(len(r.data)) {
		return Box{}, &Error{Type: typ, At: r.at, Reason: fmt.Sprintf("length %d exceeds what is left", size)}
	}
	b := Box{Type: typ, At: r.at, Whole: r.data[:size:size], Body: r.data[head:size:size]}
	r.data = r.data[size:]
	r.at += len(b.Whole)
	return b, nil
}

// Fields reads big-endian numbers one after the other. What lies beyond the end
// reads as zero and makes Bad true, so that one check at the end suffices.
type Fields struct {
	rest []byte
	bad  bool
}

// NewFields reads b.
func NewFields(b []byte) *Fields { return &Fields{rest: b} }

// Bad reports whether more was asked for than there was.
func (f *Fields) Bad() bool { return f.bad }

// Rest is what has not been read.
func (f *Fields) Rest() []byte { return f.rest }

// Bytes reads n bytes, or nil if there are fewer.
func (f *Fields) Bytes(n int) []byte {
	if n < 0 || n > len(f.rest) {
		f.bad, f.rest = true, nil
		return nil
	}
	b := f.rest[:n:n]
	f.rest = f.rest[n:]
	return b
}

// Uint reads a number of 0, 1, 2, 4 or 8 bytes; of 0 bytes it is 0.
func (f *Fields) Uint(size int) uint64 {
	var v uint64
	for _, c := range f.Bytes(size) {
		v = v<<8 | uint64(c)
	}
	return v
}

// U8 reads one byte.
func (f *Fields) U8() byte { return byte(f.Uint(1)) }

// U16 reads two bytes.
func (f *Fields) U16() uint16 { return uint16(f.Uint(2)) }

// U32 reads four bytes.
func (f *Fields) U32() uint32 { return uint32(f.Uint(4)) }

// Version reads the version and the flags of a full box.
func (f *Fields) Version() (version byte, flags uint32) {
	v := f.U32()
	return byte(v >> 24), v & 0xFFFFFF
}

// Text reads up to a zero byte, which is left out, or up to the end.
func (f *Fields) Text() []byte {
	for i, c := range f.rest {
		if c == 0 {
			b := f.rest[:i:i]
			f.rest = f.rest[i+1:]
			return b
		}
	}
	b := f.rest
	f.rest = nil
	return b
}
