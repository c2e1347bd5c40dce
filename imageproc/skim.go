package imageproc

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/fitveil/fitveil/imageproc/internal/seek"
)

// A JPEG that is going to be made smaller is read twice where that can be: once
// all but the data of its scan, which the parser does not look into, and then
// that data as it is decoded. So a photo of 48 megapixels is never in memory as
// a whole, not even its file. What is written consists of pixels, so nothing
// comes of it if the file changes in between.

// hole is the entropy-coded data of a scan that was not read.
type hole struct {
	in       *io.SectionReader
	part     io.SectionReader
	at, size int64 // in the input
	restarts int   // markers in it, RST0 and on in their order
	piece    int   // where it belongs in the output: before that slice
}

func (h *hole) reader() io.Reader {
	h.part = *io.NewSectionReader(h.in, h.at, h.size)
	return &h.part
}

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
	in, ok := again(r)
	size := in.Size()
	if !ok || size < skimFrom || size > lim.MaxBytes {
		return nil, 0
	}
	w := workspaces.Get().(*workspace)
	if !w.skim.whole(in, maxSide) || !w.skimmed(r, lim, x) {
		w.close()
		return nil, 0
	}
	return &w.pic, size
}

// skimmed parses what was read of r.
func (w *workspace) skimmed(r io.Reader, lim Limits, x extras) bool {
	p := w.newJPEGParser(w.skim.kept, lim, x)
	p.hole = &w.skim.hole
	if err := p.walk(); err != nil || p.pic.mended != nil {
		return false
	}
	p.finish(x)
	p.pic.size = p.pic.out.size() + p.hole.size
	_, err := r.(io.Seeker).Seek(0, io.SeekEnd)
	return err == nil
}

// again gives what is left of r to read any number of times, where that can be.
// Types that embed one of these may have a Read of their own.
func again(r io.Reader) (in io.SectionReader, ok bool) {
	switch r := r.(type) {
	case *bytes.Reader:
		return *io.NewSectionReader(r, r.Size()-int64(r.Len()), int64(r.Len())), true
	case *strings.Reader:
		return *io.NewSectionReader(r, r.Size()-int64(r.Len()), int64(r.Len())), true
	case *io.SectionReader:
		at, err := r.Seek(0, io.SeekCurrent)
		return *io.NewSectionReader(r, at, r.Size()-at), err == nil
	case *os.File:
		n := sizeHint(r)
		at, err := r.Seek(0, io.SeekCurrent)
		return *io.NewSectionReader(r, at, n), n > 0 && err == nil
	}
	return in, false
}

// skimmer reads a JPEG in its plain form: segments, one scan, whatever follows.
type skimmer struct {
	in     io.SectionReader
	window []byte // of the input, of which what is not taken yet is between from and to
	from   int
	to     int
	kept   []byte
	hole   hole
}

// windowBytes is how much is read at a time.
const windowBytes = 32 << 10

func (s *skimmer) whole(in io.SectionReader, maxSide int) bool {
	if s.window == nil {
		s.window = make([]byte, windowBytes)
	}
	s.in = in
	s.hole = hole{in: &s.in}
	return s.head(maxSide) && s.data() && s.tail()
}

// reset forgets the file, and clears the memory that stays.
func (s *skimmer) reset() {
	window, kept := s.window, s.kept
	clear(window)
	clear(kept)
	if *s = (skimmer{window: window}); cap(kept) <= mostPooled {
		s.kept = kept[:0]
	}
}

// mostPooled is more than photos have beside their scan; what is larger does not stay.
const mostPooled = 512 << 10

// fill reads on, behind the last n bytes.
func (s *skimmer) fill(n int) bool {
	copy(s.window, s.window[s.to-n:s.to])
	k, _ := s.in.Read(s.window[n:]) // an error with nothing read is the end
	s.from, s.to = 0, n+k
	return k > 0
}

// keep reads n bytes that are kept.
func (s *skimmer) keep(n int) ([]byte, bool) {
	at := len(s.kept)
	if at+n > mostKept {
		return nil, false
	}
	s.kept = slices.Grow(s.kept, n)[:at+n]
	part := s.kept[at:]
	done := copy(part, s.window[s.from:s.to])
	s.from += done
	if n-done < windowBytes {
		for done < n && s.fill(0) {
			s.from = copy(part[done:], s.window[:s.to])
			done += s.from
		}
		return part, done == n
	}
	_, err := io.ReadFull(&s.in, part[done:])
	return part, err == nil
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
	kernel, _ := seek.Best()
	for {
		b := s.window[s.from:s.to]
		k := kernel.Marker(b)
		if k < 0 {
			half := 0 // of a marker
			if len(b) > 0 && b[len(b)-1] == 0xFF {
				half = 1
			}
			s.hole.size += int64(len(b) - half)
			if !s.fill(half) {
				return false
			}
			continue
		}
		s.hole.size += int64(k)
		s.from += k + 2
		switch c := b[k+1]; c {
		case 0xFF:
			return false
		case mRST0 + byte(s.hole.restarts&7):
			s.hole.restarts++
			s.hole.size += 2
		default:
			s.kept = append(s.kept, 0xFF, c)
			return true
		}
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
