package jpeg

import (
	"bytes"
	"io"
)

// The markers of T.81 table B.1 that are read here.
const (
	mSOF0, mSOF2  = 0xC0, 0xC2
	mDHT, mDAC    = 0xC4, 0xCC
	mRST0, mRST7  = 0xD0, 0xD7
	mSOI, mEOI    = 0xD8, 0xD9
	mSOS, mDQT    = 0xDA, 0xDB
	mDNL, mDRI    = 0xDC, 0xDD
	mAPP0, mAPP14 = 0xE0, 0xEE
)

// source reads a file that lies in memory in one piece or several, between two of
// which there may be a stretch that does not.
type source struct {
	pieces [][]byte
	stream io.Reader // comes after the pieces, nil if there is none
	tail   [][]byte  // comes after the stream
	window []byte    // what was read of the stream last
	err    error     // of the stream
	cur    []byte    // what is left of the current piece
	done   int64     // bytes of all pieces up to and with the current one
	marker byte      // a marker that was met and not yet handled
	eof    bool      // it stands for the end of the input
}

func (s *source) reset(pieces [][]byte, stream io.Reader, tail [][]byte) {
	*s = source{pieces: pieces, stream: stream, tail: tail, window: s.window}
}

func (s *source) offset() int64 { return s.done - int64(len(s.cur)) }

// left is how many bytes of the pieces have not been read.
func (s *source) left() int {
	n := len(s.cur)
	for _, p := range s.pieces {
		n += len(p)
	}
	return n
}

// advance makes cur hold something, unless the input is at its end.
func (s *source) advance() bool {
	for len(s.cur) == 0 {
		switch {
		case len(s.pieces) > 0:
			s.cur, s.pieces = s.pieces[0], s.pieces[1:]
		case s.stream != nil:
			s.cur = s.readStream()
		default:
			return false
		}
		s.done += int64(len(s.cur))
	}
	return true
}

// readStream returns the next of the stream, and goes on to the tail where it ends.
func (s *source) readStream() []byte {
	if s.window == nil {
		s.window = make([]byte, windowSize/2)
	}
	n, err := io.ReadFull(s.stream, s.window)
	if err != nil {
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			s.err = err
		}
		s.stream, s.pieces, s.tail = nil, s.tail, nil
	}
	return s.window[:n]
}

func (s *source) readByte() (b byte, ok bool) {
	if !s.advance() {
		return 0, false
	}
	b, s.cur = s.cur[0], s.cur[1:]
	return b, true
}

// read returns the next n bytes, copied only where they span pieces. They are valid
// until more is read.
func (s *source) read(n int) ([]byte, bool) {
	if s.advance() && n <= len(s.cur) {
		b := s.cur[:n]
		s.cur = s.cur[n:]
		return b, true
	}
	b := make([]byte, 0, n) // a segment: at most 64 kB
	for len(b) < n {
		if !s.advance() {
			return nil, false
		}
		k := min(n-len(b), len(s.cur))
		b = append(b, s.cur[:k]...)
		s.cur = s.cur[k:]
	}
	return b, true
}

// follower reads the byte after an 0xFF, past fill bytes.
func (s *source) follower() (b byte, ok bool) {
	for {
		if b, ok = s.readByte(); !ok || b != 0xFF {
			return b, ok
		}
	}
}

// nextMarker returns the marker that is due or the next in the input, past
// entropy-coded data and whatever else lies before it.
func (s *source) nextMarker() (marker byte, ok bool) {
	if m := s.marker; m != 0 {
		s.marker = 0
		return m, !s.eof
	}
	for s.advance() {
		i := bytes.IndexByte(s.cur, 0xFF)
		if i < 0 {
			s.cur = nil
			continue
		}
		s.cur = s.cur[i+1:]
		if b, ok := s.follower(); !ok || b != 0 {
			return b, ok
		}
	}
	return 0, false
}

// unstuff copies entropy-coded data without its stuffed zeros, T.81 §B.1.1.5,
// until dst is full or a marker stands in s.marker. At the end of the input
// that is EOI.
func (s *source) unstuff(dst []byte) int {
	n := 0
	for n < len(dst) && s.marker == 0 {
		if !s.advance() {
			s.marker, s.eof = mEOI, true
			break
		}
		part := s.cur[:min(len(s.cur), len(dst)-n)]
		i := bytes.IndexByte(part, 0xFF)
		if i < 0 {
			n += copy(dst[n:], part)
			s.cur = s.cur[len(part):]
			continue
		}
		n += copy(dst[n:], part[:i])
		s.cur = s.cur[i+1:]
		switch b, ok := s.follower(); {
		case !ok:
			s.marker, s.eof = mEOI, true
		case b == 0:
			dst[n] = 0xFF
			n++
		default:
			s.marker = b
		}
	}
	return n
}
