package imageproc

import "bytes"

// Tiles at the right and at the bottom of a picture are as large as all others. What
// they have beyond the picture is shown by nobody, and in tiles that are not coded
// could be any text: it becomes zero.

// maxMargins is how many times its size a file may get of such tiles: one that several
// places share needs up to three of its kind.
const maxMargins = 3

// tiffMargin is the part of a tile that is shown, in whole bytes of a row.
type tiffMargin struct{ row, shown, rows uint64 }

// margin is that of tile i; there is none where all of it is shown.
func (g *tiffPage) margin(i uint64) (m tiffMargin, there bool) {
	if !g.tiled || g.photometric == photometricYCbCr && g.samples == 3 {
		return m, false
	}
	bits := g.bits
	if !g.separate {
		bits *= g.samples
	}
	width := min(g.chunkWidth, g.width-i%g.across*g.chunkWidth)
	m = tiffMargin{row: (g.chunkWidth*bits + 7) / 8, shown: (width*bits + 7) / 8, rows: min(g.chunkHeight, g.height-i/g.across%g.down*g.chunkHeight)}
	return m, m.shown < m.row || m.rows < g.chunkHeight
}

// hidden calls do for each run of bytes of a tile that is not shown.
func (m tiffMargin) hidden(tile []byte, do func(b []byte)) {
	size := uint64(len(tile))
	for at := uint64(0); m.shown < m.row && at < min(size, m.rows*m.row); at += m.row {
		do(tile[min(at+m.shown, size):min(at+m.row, size)])
	}
	do(tile[min(m.rows*m.row, size):])
}

// plainTaker takes strips and tiles that are not compressed.
func (p *tiffParser) plainTaker(g *tiffPage) func(i, from, size uint64) (tiffChunk, error) {
	type margin struct {
		from, size uint64
		tiffMargin
	}
	made := make(map[margin]tiffChunk) // those of tiles that share their bytes
	return func(i, from, size uint64) (tiffChunk, error) {
		if need := g.plain(i); need > 0 {
			size = min(size, need)
		}
		m, there := g.margin(i)
		if !there {
			return p.chunks.copied(p.data, from, size), nil
		}
		key := margin{from, size, m}
		if k, known := made[key]; known {
			return k, nil
		}
		tile, dropped := p.data[from:from+size], 0
		m.hidden(tile, func(b []byte) {
			if len(bytes.Trim(b, "\x00")) > 0 {
				dropped += len(b)
			}
		})
		if dropped == 0 {
			return p.chunks.copied(p.data, from, size), nil
		}
		if p.margins += size; p.margins > maxMargins*uint64(len(p.data)) {
			return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "overlaps others")
		}
		tile = bytes.Clone(tile)
		m.hidden(tile, func(b []byte) { clear(b) }) // not searched for: what is shown may well be the same
		p.pic.found.add("edges of tiles", dropped, 0)
		k := p.chunks.made(rope{tile}, from, size)
		p.chunks.taken -= size // margins are counted by themselves
		made[key] = k
		return k, nil
	}
}
