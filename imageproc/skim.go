package imageproc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"strings"
)

// A JPEG that is going to be made smaller is read twice where that can be: once
// all but the data of its scan, which the parser does not look into, and then
// that data as it is decoded. So a photo of 48 megapixels is never in memory as
// a whole, not even its file. What is written consists of pixels, so nothing
// comes of it if the file changes in between.

// hole is the entropy-coded data of a scan that was not read.
type hole struct {
	in       *io.SectionReader
	at, size int64 // in the input
	restarts int   // markers in it, RST0 and on in their order
	piece    int   // where it belongs in the output: before that slice
}

func (h *hole) reader() io.Reader { return io.NewSectionReader(h.in, h.at, h.size) }

const (
	// skimFrom is the size from which it pays.
	skimFrom = 64 << 10
	// mostKept is how much before and behind the data is held at most.
	mostKept = 2 << 20
)

// skim parses a JPEG whose longest side is above maxSide and whose one large scan
// it leaves unread. nil stands for all others, and for whatever is wrong with a
// file: then nothing has been read from r. Only readers are read twice of which
// it is known that this gives the same.
func skim(r io.Reader, lim Limits, x extras, maxSide, parallel int) (*picture, int64) {
	if maxSide < 1 || parallel > 1 {
		return nil, 0
	}
	in := again(r)
	if in == nil || in.Size() < skimFrom || in.Size() > lim.MaxBytes {
		return nil, 0
	}
	s := skimmer{in: bufio.NewReaderSize(in, 32<<10), hole: hole{in: in}}
	if !s.head(maxSide) || !s.data() || !s.tail() {
		return nil, 0
	}
	p := newJPEGParser(s.kept, lim, x)
	p.hole = &s.hole
	if err := p.walk(); err != nil || p.pic.mended != nil {
		return nil, 0
	}
	p.finish(x)
	p.pic.size = p.pic.out.size() + s.hole.size
	if _, err := r.(io.Seeker).Seek(0, io.SeekEnd); err != nil {
		return nil, 0
	}
	return p.pic, in.Size()
}

// again gives what is left of r to read any number of times; nil where that
// can't be. Types that embed one of these may have a Read of their own.
func again(r io.Reader) *io.SectionReader {
	switch r := r.(type) {
	case *bytes.Reader:
		return io.NewSectionReader(r, r.Size()-int64(r.Len()), int64(r.Len()))
	case *strings.Reader:
		return io.NewSectionReader(r, r.Size()-int64(r.Len()), int64(r.Len()))
	case *io.SectionReader:
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil
		}
		return io.NewSectionReader(r, at, r.Size()-at)
	case *os.File:
		n := sizeHint(r)
		at, err := r.Seek(0, io.SeekCurrent)
		if n == 0 || err != nil {
			return nil
		}
		return io.NewSectionReader(r, at, n)
	}
	return nil
}

// skimmer reads a JPEG in its plain form: segments, one scan, whatever follows.
type skimmer struct {
	in   *bufio.Reader
	kept []byte
	hole hole
}

// keep reads n bytes that are kept.
func (s *skimmer) keep(n int) ([]byte, bool) {
	at := len(s.kept)
	if at+n > mostKept {
		return nil, false
	}
	s.kept = append(s.kept, make([]byte, n)...)
	_, err := io.ReadFull(s.in, s.kept[at:])
	return s.kept[at:], err == nil
}

// head reads up to the first scan's data.
func (s *skimmer) head(maxSide int) bool {
	if soi, ok := s.keep(2); !ok || soi[0] != 0xFF || soi[1] != mSOI {
		return false
	}
	for {
		m, ok := s.keep(4)
		if !ok || m[0] != 0xFF || m[1] < mSOF0 || m[1] >= mRST0 && m[1] <= mEOI {
			return false
		}
		marker, n := m[1], int(binary.BigEndian.Uint16(m[2:]))
		if n < 2 {
			return false
		}
		body, ok := s.keep(n - 2)
		switch {
		case !ok, marker == mSOF2:
			return false
		case (marker == mSOF0 || marker == mSOF1) && n >= 8:
			if max(binary.BigEndian.Uint16(body[1:]), binary.BigEndian.Uint16(body[3:])) <= uint16(min(maxSide, 1<<16-1)) {
				return false // the file is to stay as it is
			}
		case marker == mSOS:
			s.hole.at = int64(len(s.kept))
			return true
		}
	}
}

// data passes over the scan's data up to the marker that ends it.
func (s *skimmer) data() bool {
	for {
		part, err := s.in.ReadSlice(0xFF)
		s.hole.size += int64(len(part))
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return false
		}
		c, err := s.in.ReadByte()
		switch {
		case err != nil || c == 0xFF:
			return false
		case c == 0:
		case c == mRST0+byte(s.hole.restarts&7):
			s.hole.restarts++
		default:
			s.hole.size--
			s.kept = append(s.kept, 0xFF, c)
			return true
		}
		s.hole.size++
	}
}

// tail reads what follows.
func (s *skimmer) tail() bool {
	rest := s.hole.in.Size() - s.hole.size - int64(len(s.kept))
	if rest > mostKept {
		return false
	}
	_, ok := s.keep(int(rest))
	return ok
}

// leaveHole is entropy for data that was not read.
func (p *jpegParser) leaveHole(intervals int) error {
	if p.hole.restarts >= intervals {
		return p.truncated() // there is more than a scan needs: read it as a whole
	}
	p.hole.piece = len(p.body)
	return nil
}
