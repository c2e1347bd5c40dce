package imageproc

import (
	"bytes"
	"compress/zlib"
	"io"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// pngFrame is the coded picture that IDAT chunks hold, or the fdAT chunks behind
// one fcTL.
type pngFrame struct {
	width, height int
	chunks        []*pngChunk
}

// pngCodes is how many times the streams of a file may change their codes for a
// start, besides once each. Writers that look for the smallest file do so up to
// fifteen times.
const pngCodes = 64

// coded is the zlib stream: of fdAT, what stands behind the sequence number.
func (f *pngFrame) coded() rope {
	var r rope
	for _, c := range f.chunks {
		r.add(c.body[f.head():])
	}
	return r
}

func (f *pngFrame) head() int {
	if f.chunks[0].typ == "fdAT" {
		return 4
	}
	return 0
}

// cutTails takes out of IDAT and fdAT what stands behind the end of their streams,
// and what a stream holds behind the last row. What that may take is for all frames
// together.
func (p *pngParser) cutTails(x extras) error {
	made := make(map[*pngChunk][]byte)
	codes, left := pngCodes, int64(maxMended)
	for i, f := range append([]pngFrame{p.picture}, p.anim.pictures...) {
		if i > 0 && !p.anim.sound() || len(f.chunks) == 0 {
			break
		}
		coded := f.coded()
		if len(coded) == 0 || !x.follows(deflated, coded...) {
			continue
		}
		h := p.header
		h.width, h.height = f.width, f.height
		free := codes + 1
		taken, _, state := ends.Zlib(coded, h.coded(), &free)
		codes = min(codes, free)
		if state != ends.Whole && (state == ends.Costly || h.coded() > left) {
			if x.thorough {
				return &FormatError{Format: PNG, Part: "IDAT", Offset: int64(p.firstData), Reason: "takes too long to be coded anew", Err: ErrTooLarge}
			}
			continue
		}
		if state == ends.Whole {
			if over := coded.size() - taken; over > 0 {
				p.pic.found.add("bytes after the pixels", int(over), 0)
				f.replace(coded.first(taken), made)
			}
			continue
		}
		left -= h.coded()
		again := recode(coded, h.coded())
		switch {
		case again != nil:
			if over := int(coded.size()) - len(again); over > 0 {
				p.pic.found.add("bytes after the pixels", over, 0)
			}
			p.pic.mend(brokenPixels)
			f.replace(rope{again}, made)
		case i > 0:
			p.anim.broken = true
		default:
			if err := p.wholePixels(); err != nil && x.thorough {
				return err
			}
			return nil
		}
	}
	if len(made) > 0 {
		p.still.rope = p.rebuild(p.picture.chunks, made)
		p.moving.rope = p.rebuild(p.anim.order, made)
	}
	return nil
}

// recode makes a stream of the first size bytes that one inflates to; nil if there
// are fewer.
func recode(coded rope, size int64) []byte {
	r, err := zlib.NewReader(&pieceReader{ropeReader: ropeReader{rest: coded}})
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	w, _ := zlib.NewWriterLevel(&out, zlib.BestSpeed) // the level is a valid one
	if _, err := io.CopyN(w, r, size); err != nil {
		return nil
	}
	_ = w.Close() // a buffer takes all
	return out.Bytes()
}

// replace has the chunks of a frame hold a stream that is not longer than theirs,
// or another: the first ones keep what they have as long as it is the same. Where
// nothing is left, IDAT goes; fdAT stays, for its sequence number.
func (f *pngFrame) replace(data rope, made map[*pngChunk][]byte) {
	head := f.head()
	if kept := data.size(); len(data) > 0 && &data[0][0] == &f.coded()[0][0] {
		for _, c := range f.chunks {
			n := min(kept, int64(len(c.body)-head))
			if kept -= n; n == int64(len(c.body)-head) && n > 0 {
				continue
			}
			made[c] = newChunk(c.typ, c.body[:head], c.body[head:head+int(n)])
			if n == 0 && head == 0 {
				made[c] = nil
			}
		}
		return
	}
	for i, c := range f.chunks {
		switch {
		case i == 0:
			made[c] = newChunk(c.typ, append(rope{c.body[:head]}, data...)...)
		case head > 0:
			made[c] = newChunk(c.typ, c.body[:head])
		default:
			made[c] = nil
		}
	}
}

// rebuild lists chunks, some of them made anew.
func (p *pngParser) rebuild(chunks []*pngChunk, made map[*pngChunk][]byte) rope {
	var run chunkRun
	for _, c := range chunks {
		again, there := made[c]
		if !there {
			run.add(p.data, c)
			continue
		}
		run.rope.add(again)
		run.end = -1
	}
	return run.rope
}
