package imageproc

import (
	"bytes"

	"github.com/fitveil/fitveil/imageproc/internal/ends"
)

// followWork is how many codes may be read, and blocks of coefficients, of a file of
// that size to find where its pictures end: a picture of one colour has many to the
// byte, but hostile data has many more.
func followWork(size int) int { return 4<<20 + 512*size }

// follows says whether the codes of that data are to be followed. It takes
// ten times as long as in JPEG, so small files are no exception.
func (p *webpParser) follows(coded []byte) bool { return p.x.thorough || evenly.suspects(coded) }

// webpFlush is how many bytes encoders write at most to be sure that all is there.
const webpFlush = 8

// cutLossless cuts a chunk behind the codes of VP8L that begin at an offset in it.
// Zeros of an encoder stay.
func (p *webpParser) cutLossless(c *riffChunk, at int, width, height int64) ([]byte, error) {
	if !p.follows(c.body) {
		return c.body, nil
	}
	used, mask, state := ends.VP8L(c.body[at:], int(width), int(height), p.x.work)
	if state != ends.Whole {
		return c.body, p.unfollowed(c)
	}
	end, body := at+used, c.body
	if tail := body[end:]; len(tail) > webpFlush || len(bytes.Trim(tail, "\x00")) > 0 {
		p.behind(tail)
		body = body[:end]
	}
	if body[end-1]&^mask != 0 {
		body = bytes.Clone(body)
		body[end-1] &= mask
	}
	return body, nil
}

// cutLossy cuts a frame of VP8 behind what decoding looks at, and makes zero what is
// behind that in partitions before the last.
func (p *webpParser) cutLossy(c *riffChunk) ([]byte, error) {
	first := c.body[:10+uint24(c.body)>>5] // partition, as takeLossy has seen
	if !p.follows(c.body) && !evenly.oddEnd(first) {
		return c.body, nil
	}
	parts, state := ends.VP8(c.body, p.x.work)
	if state != ends.Whole {
		return c.body, p.unfollowed(c)
	}
	body := c.body
	for i, part := range parts {
		from, to := part.At+part.Used, part.At+part.Size
		tail := c.body[from:to]
		last := i == len(parts)-1
		if part.Flushed || len(bytes.Trim(tail, "\x00")) == 0 && !(last && len(tail) > webpFlush) {
			continue
		}
		p.behind(tail)
		if last {
			body = body[:from]
			break
		}
		if &body[0] == &c.body[0] {
			body = bytes.Clone(body)
		}
		clear(body[from:to])
	}
	return body, nil
}

// behind reports bytes that no decoder looks at.
func (p *webpParser) behind(tail []byte) {
	if len(tail) > 0 {
		p.pic.texts.blob(tail)
		p.pic.found.add("bytes after the pixels", len(tail), 0)
	}
}

// unfollowed is for coded data that breaks off or asks for too much work: it passes,
// for decoders make of it what they can, unless all was to be followed.
func (p *webpParser) unfollowed(c *riffChunk) error {
	if p.x.thorough {
		return p.fail(c, ErrCorrupt, "can't be followed to its end")
	}
	return nil
}
