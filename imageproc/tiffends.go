package imageproc

import (
	"math/bits"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// maxFollowed is how many strips of Deflate are followed, and tiffCodes how many
// times all of them together may change their codes for a start, besides once each:
// that is what takes time.
const (
	maxFollowed = 1 << 15
	tiffCodes   = 64
)

// deflateTaker brings over strips or tiles of Deflate without what stands behind their
// stream, and codes those anew that have more than their pixels. Where one can't be
// followed, it may not end in a text.
func (p *tiffParser) deflateTaker(g *tiffPage, turned bool) func(i, from, size uint64) (tiffChunk, error) {
	return g.once(func(need, from, size uint64) (tiffChunk, error) {
		if p.walked += size; p.walked > 4*uint64(len(p.data)) {
			return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "overlaps others")
		}
		stored := p.data[from : from+size]
		if need == 0 || !p.x.follows(deflated, stored) {
			return p.chunks.copied(p.data, from, size), nil
		}
		if p.followed++; p.followed <= maxFollowed {
			b := stored
			if turned {
				b = turnedBits(b)
			}
			codes := tiffCodes - p.codes + 1
			n, _, state := ends.Zlib([][]byte{b}, int64(need), &codes)
			p.codes = max(p.codes, tiffCodes-codes)
			if state == ends.Whole {
				return p.chunks.copied(p.data, from, uint64(n)), nil
			}
			if p.recoded += need; state == ends.Longer && p.recoded <= maxMended {
				if again := recode(rope{b}, int64(need)); again != nil {
					p.pic.found.add("bytes after the pixels", max(1, len(b)-len(again)), 0)
					if turned {
						again = turnedBits(again)
					}
					return p.chunks.made(rope{again}, from, size), nil
				}
			}
		}
		return p.whole(stored, from)
	})
}

// turnedRunsTaker brings over strips or tiles of PackBits whose bits are in the other
// order. libtiff turns them, other decoders do not: what either makes a picture of
// stays, but not a text behind the end of one.
func (p *tiffParser) turnedRunsTaker(g *tiffPage) func(i, from, size uint64) (tiffChunk, error) {
	return g.once(func(need, from, size uint64) (tiffChunk, error) {
		if p.walked += size; p.walked > 4*uint64(len(p.data)) {
			return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "overlaps others")
		}
		b, end := p.data[from:from+size], int(size)
		one, enough := packBitsEnd(turnedBits(b), need)
		other, enoughToo := packBitsEnd(b, need)
		switch {
		case need == 0:
		case enough && enoughToo:
			if end = max(one, other); evenly.wordy(b[min(one, other):end]) {
				return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "has a text where one decoder ends and another goes on")
			}
		case enough:
			end = one
		case enoughToo:
			end = other
		}
		return p.chunks.copied(p.data, from, uint64(end)), nil
	})
}

// whole brings over a strip or tile that can't be followed.
func (p *tiffParser) whole(stored []byte, from uint64) (tiffChunk, error) {
	if p.unfollowed = true; evenly.wordy(stored[max(0, len(stored)-256):]) {
		return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "has a text where it can't be followed")
	}
	return p.chunks.copied(p.data, from, uint64(len(stored))), nil
}

// streamTaker brings over strips or tiles that are streams of a format that says where
// it ends, LZMA or Zstandard: without what stands before and behind. What is no such
// stream is refused, and so is one of too few pixels if more follows, for decoders
// differ in whether they go on there.
func (p *tiffParser) streamTaker(g *tiffPage, turned bool) func(i, from, size uint64) (tiffChunk, error) {
	return g.once(func(need, from, size uint64) (tiffChunk, error) {
		if p.walked += size; p.walked > 4*uint64(len(p.data)) {
			return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "overlaps others")
		}
		b := p.data[from : from+size]
		if turned {
			b = turnedBits(b)
		}
		start, end, unpacked, state := 0, 0, int64(0), ends.Broken
		if g.compression == tiffZstd {
			start, end, unpacked, state = ends.Zstd(b, &p.zstd)
		} else {
			end, unpacked, state = ends.XZ(b)
		}
		switch {
		case state != ends.Whole:
			return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "can't be followed to its end")
		case need > 0 && uint64(unpacked) < need && uint64(end) < size:
			return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "goes on behind its end")
		case need > 0 && uint64(unpacked) > max(need, g.plain(0)):
			return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "unpacks to more than its pixels")
		case need > 0 && uint64(unpacked) > need:
			p.unfollowed = true // the last strip, with rows that nobody sees, which may be anything
		}
		if start == 0 {
			return p.chunks.copied(p.data, from, uint64(end)), nil
		}
		p.pic.texts.blob(p.data[from : from+uint64(start)])
		p.pic.found.add("bytes before the pixels", start, 0)
		return p.chunks.made(rope{p.data[from+uint64(start) : from+uint64(end)]}, from, uint64(end)), nil
	})
}

// faxTaker brings over strips or tiles of CCITT's codings without what follows the last
// row. A row is read as all decoders do, or it is not followed; where there is a text
// then, the strip is refused.
func (p *tiffParser) faxTaker(g *tiffPage, turned bool) func(i, from, size uint64) (tiffChunk, error) {
	coding := map[uint64]ends.CCITTCoding{tiffRLE: ends.ModifiedHuffman, tiffRLEW: ends.ModifiedWords, tiffG3: ends.Group3, tiffG4: ends.Group4}[g.compression]
	if coding == ends.Group3 && p.first(g.dir, tagT4Options, 0)&1 == 1 {
		coding = ends.Group3TwoD
	}
	line := (g.chunkWidth + 7) / 8
	known := g.bits == 1 && (g.samples == 1 || g.separate)
	return g.once(func(need, from, size uint64) (tiffChunk, error) {
		if p.walked += size; p.walked > 4*uint64(len(p.data)) {
			return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "overlaps others")
		}
		stored := p.data[from : from+size]
		if !p.x.follows(deflated, stored) {
			return p.chunks.copied(p.data, from, size), nil
		}
		b, taken, mask, state := stored, 0, byte(0), ends.Broken
		if turned {
			b = turnedBits(b)
		}
		if known && need > 0 {
			taken, mask, state = ends.CCITT(b, coding, int(g.chunkWidth), int(need/line), &p.fax)
		}
		if state != ends.Whole {
			return p.whole(stored, from)
		}
		last := []byte{b[taken-1] & mask}
		if last[0] == b[taken-1] {
			return p.chunks.copied(p.data, from, uint64(taken)), nil
		}
		if turned {
			last = turnedBits(last)
		}
		end := from + uint64(taken) - 1
		return p.chunks.made(rope{p.data[from:end:end], last}, from, uint64(taken)), nil
	})
}

// zstdWork is how many sequences of Zstandard may be read, and states of its tables, of
// a file of that size. Pictures have about one to the byte, but hostile data has
// thousands, which take 16 ns each.
func zstdWork(size int) int { return 4<<20 + 16*size }

// faxWork is how many codes of CCITT and rows may be read of a file of that size: a code
// has one bit at least.
func faxWork(size int) int { return 4<<20 + 8*size }

// turnedBits is data with the bits of each byte in the other order.
func turnedBits(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = bits.Reverse8(c)
	}
	return out
}
