package imageproc

import "encoding/binary"

// tiffChunk is a strip or tile: where its bytes lie in the input, cut to what
// decoding needs, and where in the data of the output. A missing one has no
// bytes.
type tiffChunk struct {
	from, n   uint64
	out, size uint64
}

// maxShared is how many times its size the data of a file may become; that of one
// page stays below it.
const maxShared = 2

// tiffChunks is the data of the output. Strips and tiles that share their bytes
// in the input share them here, as where a page is listed twice. Where one has a
// part of another's, as where two pages cut the same pixels into strips of
// different sizes, both go over, unless a small file became a large one.
type tiffChunks struct {
	rope
	size       uint64
	taken      uint64 // bytes of the input that went over
	count      uint64
	high       uint64 // end of the last bytes taken in rising order
	start, end uint64 // of the input's bytes in the last slice, if they are that
	same       map[tiffRange]tiffChunk
	past       []tiffChunk // taken so far, while there is no map
}

// copied takes bytes of the input as they stand.
func (c *tiffChunks) copied(data []byte, from, n uint64) tiffChunk {
	if from < c.high {
		if c.same == nil {
			c.same = make(map[tiffRange]tiffChunk, len(c.past))
			for _, k := range c.past {
				c.same[tiffRange{k.from, k.n}] = k
			}
			c.past = nil
		}
		if k, there := c.same[tiffRange{from, n}]; there {
			return k
		}
	}
	k := tiffChunk{from: from, n: n, out: c.size, size: n}
	if c.end == from && c.end != 0 {
		c.end += n
		c.rope[len(c.rope)-1] = data[c.start:c.end:c.end]
	} else {
		c.start, c.end = from, from+n
		c.rope = append(c.rope, data[from:from+n:from+n])
	}
	c.size, c.taken, c.high = c.size+n, c.taken+n, max(c.high, from+n)
	if c.same != nil {
		c.same[tiffRange{from, n}] = k
	} else {
		c.past = append(c.past, k)
	}
	return k
}

// made takes bytes that were written anew from n bytes of the input.
func (c *tiffChunks) made(r rope, from, n uint64) tiffChunk {
	k := tiffChunk{from: from, n: n, out: c.size, size: uint64(r.size())}
	c.rope = append(c.rope, r...)
	c.size, c.taken = c.size+k.size, c.taken+n
	c.start, c.end = 0, 0
	return k
}

// readChunks takes the strips or tiles of a page.
func (p *tiffParser) readChunks(g *tiffPage) error {
	n := g.count()
	if p.chunks.count += n; n > 1<<32 || p.chunks.count > maxChunksPerSegment*uint64(p.lim.MaxSegments) {
		return p.fail("IFD", g.dir.at, ErrTooLarge, "more than %d strips or tiles", maxChunksPerSegment*p.lim.MaxSegments)
	}
	offsets, counts := p.places(g)
	if offsets == nil || !offsets.ints() || offsets.count < n {
		return p.fail("IFD", g.dir.at, ErrCorrupt, "fewer strips or tiles than the picture needs")
	}
	if counts != nil && (!counts.ints() || counts.count < n) || counts == nil && g.compression != tiffPlain && n > 1 {
		return p.fail("IFD", g.dir.at, ErrCorrupt, "strips or tiles without a length")
	}
	take, err := p.taker(g)
	if err != nil {
		return err
	}
	g.chunks = make([]tiffChunk, n)
	before := p.chunks.taken
	for i := range n {
		from, size := p.uint(offsets, i), uint64(0)
		if counts != nil {
			size = p.uint(counts, i)
		}
		if size = p.extent(g, i, from, size, counts == nil); size == 0 {
			continue
		}
		if p.slice(from, size) == nil {
			return p.fail("strip or tile", from, ErrCorrupt, "%d bytes exceed input", size)
		}
		if from < 8 {
			return p.fail("strip or tile", from, ErrCorrupt, "begins in the header")
		}
		p.used.add(from, size)
		k, err := take(i, from, size)
		if err != nil {
			return err
		}
		if all := uint64(len(p.data)); p.chunks.taken > maxShared*all || p.chunks.taken-before > all {
			return p.fail("strip or tile", from, ErrCorrupt, "overlaps others")
		}
		if k.n < size {
			p.pic.texts.blob(p.data[from+k.n : from+size])
			p.pic.found.add("bytes after the pixels", int(size-k.n), 0)
		}
		g.chunks[i] = k
	}
	if g.jpeg != nil {
		g.jpeg.finish()
	}
	if p.unfollowed && p.x.thorough {
		return p.fail("IFD", g.dir.at, ErrCorrupt, "a strip or tile can't be followed to its end")
	}
	return nil
}

// places are the entries that say where strips or tiles lie. Some writers use the
// tags of strips for tiles.
func (p *tiffParser) places(g *tiffPage) (offsets, counts *tiffEntry) {
	offsets, counts = g.dir.entry(tagStripOffsets), g.dir.entry(tagStripCounts)
	if t := g.dir.entry(tagTileOffsets); t != nil && (g.tiled || offsets == nil) {
		offsets = t
	}
	if t := g.dir.entry(tagTileCounts); t != nil && (g.tiled || counts == nil) {
		counts = t
	}
	return offsets, counts
}

// extent is the length of strip or tile i. A length that is not given is that of
// the pixels, or all that is left; so is one that is too short, if it is the
// only one of a picture that is not compressed: decoders go by the pixels then.
func (p *tiffParser) extent(g *tiffPage, i, from, size uint64, unknown bool) uint64 {
	plain := g.plain(i)
	single := g.compression == tiffPlain && plain > 0 && g.count() == 1
	switch {
	case size == 0 && !unknown && (from == 0 || !single):
		return 0
	case from >= uint64(len(p.data)):
		return max(size, 1) // refused
	}
	switch {
	case unknown && g.compression != tiffPlain:
		return uint64(len(p.data)) - from
	case unknown || single:
		return plain
	}
	return size
}

// taker is what brings a strip or tile over: the one for the page's coding.
func (p *tiffParser) taker(g *tiffPage) (func(i, from, size uint64) (tiffChunk, error), error) {
	cut := func(find func(b []byte, need uint64) (int, []byte)) func(i, from, size uint64) (tiffChunk, error) {
		return g.once(func(need, from, size uint64) (tiffChunk, error) {
			n, last := size, []byte(nil)
			if need > 0 {
				var end int
				end, last = find(p.data[from:from+size], need)
				n = uint64(end)
			}
			if p.walked += n; p.walked > 4*uint64(len(p.data)) {
				return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "overlaps others")
			}
			k := tiffChunk{}
			if last == nil {
				k = p.chunks.copied(p.data, from, n)
			} else {
				k = p.chunks.made(rope{p.data[from : from+n-1 : from+n-1], last}, from, n)
			}
			return k, nil
		})
	}
	// The bits of each byte, which libtiff turns before it decodes. Other values count for
	// nothing.
	turned := p.first(g.dir, tagFillOrder, 1) == 2
	switch g.compression {
	case tiffPlain:
		return p.plainTaker(g), nil
	case tiffPackBits:
		if turned {
			return p.turnedRunsTaker(g), nil
		}
		return cut(func(b []byte, need uint64) (int, []byte) {
			n, _ := packBitsEnd(b, need)
			return n, nil
		}), nil
	case tiffDeflate, tiffOldDeflate:
		return p.deflateTaker(g, turned), nil
	case tiffLZW:
		if turned {
			return cut(func(b []byte, need uint64) (int, []byte) {
				n, last := tiffLZWEnd(turnedBits(b), need)
				if last != nil {
					last = turnedBits(last)
				}
				return n, last
			}), nil
		}
		return cut(tiffLZWEnd), nil
	case tiffJPEG:
		t, err := p.newJPEGTaker(g)
		if err != nil {
			return nil, err
		}
		g.jpeg = t
		return t.take, nil
	case tiffWebP:
		return p.takeWebP, nil
	case tiffLZMA, tiffZstd:
		return p.streamTaker(g, turned), nil
	case tiffRLE, tiffRLEW, tiffG3, tiffG4:
		return p.faxTaker(g, turned), nil
	}
	return func(_, from, size uint64) (tiffChunk, error) { return p.chunks.copied(p.data, from, size), nil }, nil
}

// once has strips and tiles that share their bytes, and need as many of pixels, brought
// over once.
func (g *tiffPage) once(take func(need, from, size uint64) (tiffChunk, error)) func(i, from, size uint64) (tiffChunk, error) {
	taken := make(map[[3]uint64]tiffChunk)
	return func(i, from, size uint64) (tiffChunk, error) {
		key := [3]uint64{from, size, g.plain(i)}
		if k, known := taken[key]; known {
			return k, nil
		}
		k, err := take(key[2], from, size)
		if err == nil {
			taken[key] = k
		}
		return k, err
	}
}

// takeWebP writes a WebP file in a strip or tile anew.
func (p *tiffParser) takeWebP(_, from, size uint64) (tiffChunk, error) {
	stream := p.data[from : from+size]
	if Sniff(stream) != WebP {
		return tiffChunk{}, p.fail("strip or tile", from, ErrCorrupt, "no WebP")
	}
	pic, err := parseWebP(stream, p.lim, extras{thorough: p.x.thorough, work: &p.webp})
	if err != nil {
		return tiffChunk{}, p.inStream(from, err)
	}
	p.pic.found.merge("WebP in TIFF: ", &pic.found)
	p.pic.texts.join(&pic.texts)
	return p.chunks.made(pic.out, from, size), nil
}

// packBitsEnd is where the codes end that give as many bytes as needed, TIFF 6.0
// §9, and whether there are as many.
func packBitsEnd(b []byte, need uint64) (end int, enough bool) {
	at, have := 0, uint64(0)
	for have < need && at < len(b) {
		switch c := int8(b[at]); {
		case c == 0: // as often as not, where there are many codes: what is next need not wait for c
			at += 2
			have++
		case c > 0:
			at += 2 + int(c)
			have += 1 + uint64(c)
		case c != -128:
			at += 2
			have += 1 - uint64(int64(c))
		default:
			at++
		}
	}
	return min(at, len(b)), have >= need && at <= len(b)
}

const (
	lzwClear, lzwEnd = 256, 257
	lzwFirst         = 258
	lzwMost          = 12 // bits of a code
)

// tiffLZWEnd is where the codes end that give as many bytes as needed, TIFF 6.0
// §13, or where the code stands that says so. Where that code does not follow, last
// is what has to stand in the place of the last byte: there are decoders that ask
// for it. It keeps of each code how long its string is. What old writers wrote with
// codes the other way round goes over whole.
func tiffLZWEnd(b []byte, need uint64) (n int, last []byte) {
	if len(b) >= 2 && b[0] == 0 && b[1]&1 == 1 {
		return len(b), nil
	}
	w := tiffLZWWalk{need: need, free: lzwFirst, wide: 9}
	for i := range lzwClear {
		w.length[i] = 1
	}
	w.forget(lzwClear, 1<<lzwMost)
	from := uint64(0)
	end, over := w.follow(b, 8*max(0, len(b)-7))
	if !over {
		// The last codes are read from a copy with zeros behind it.
		from = w.at &^ 7
		tail := make([]byte, 0, 64)
		tail = append(append(tail, b[from>>3:]...), make([]byte, 8)...)
		w.at &= 7
		end, over = w.follow(tail, 8*len(b)-int(from))
		if !over && w.have >= need {
			end, over, w.open = w.at, true, true
		}
	}
	end += from
	switch n = int(end+7) >> 3; {
	case !over || n > len(b):
		return len(b), nil
	case w.open && n > 0:
		return n, w.closed(b[n-1], end)
	}
	return n, nil
}

// closed is the last byte of codes that end at a bit in it or behind it, with the
// code of the end.
func (w *tiffLZWWalk) closed(b byte, end uint64) []byte {
	kept := (end + 7) & 7 // bits of it, less one
	room := 31 - kept - w.wide
	codes := binary.BigEndian.AppendUint32(nil, uint32(b)>>(7-kept)<<(31-kept)|lzwEnd<<room)
	return codes[:4-room>>3]
}

// tiffLZWWalk is where a walk along codes has come to.
type tiffLZWWalk struct {
	length lzwLengths
	at     uint64 // in bits
	have   uint64 // bytes given
	need   uint64
	free   uint32 // the next code to be given a meaning
	wide   uint64
	last   uint32 // length of the string before; 0 behind a clear
	open   bool   // behind the last one there is no code of the end
}

// lzwBatch is how many codes are taken at a time: those of any width begin and end
// at the same bit of a byte. lzwNone is more than so many strings have together.
const (
	lzwBatch = 8
	lzwNone  = 1 << 15
)

// forget takes the meaning from codes.
func (w *tiffLZWWalk) forget(from, to uint32) {
	list := w.length[from:to]
	for n := copy(list, []uint16{lzwNone}); n < len(list); n *= 2 {
		copy(list[n:], list[:n])
	}
}

// batches is follow for what most codes are: none of them changes the width, is a
// clear or the end, makes no sense, or gives the last pixel. It stops before the
// first eight of which that is not so. Some pixels have to be missing.
func (w *tiffLZWWalk) batches(b []byte, at, have uint64, free, last, until uint32, limit uint64) (uint64, uint64, uint32, uint32) {
	length, left, odd := &w.length, w.need-have, at&7
	fresh, from := length[min(free, until):until], at>>3
	b = b[min(from, limit>>3) : limit>>3]
	bytes, means, before := len(b), len(fresh), uint16(last)
	// One loop for each width: shifts that do not vary take less.
	switch w.wide {
	case 9:
		for len(fresh) > lzwBatch && len(b) >= 16 {
			next, then := binary.BigEndian.Uint64(b)<<odd, binary.BigEndian.Uint64(b[4:])<<(odd+4)
			n, sum := length.two(fresh[:2], before, next>>55, next<<9>>55)
			n, s := length.two(fresh[2:4], n, next<<18>>55, next<<27>>55)
			sum += s
			n, s = length.two(fresh[4:6], n, then>>55, then<<9>>55)
			sum += s
			n, s = length.two(fresh[6:8], n, then<<18>>55, then<<27>>55)
			if sum += s; sum >= lzwNone || sum >= left {
				break
			}
			before, left, fresh, b = n, left-sum, fresh[8:], b[9:]
		}
	case 10:
		for len(fresh) > lzwBatch && len(b) >= 16 {
			next, then := binary.BigEndian.Uint64(b)<<odd, binary.BigEndian.Uint64(b[5:])<<odd
			n, sum := length.two(fresh[:2], before, next>>54, next<<10>>54)
			n, s := length.two(fresh[2:4], n, next<<20>>54, next<<30>>54)
			sum += s
			n, s = length.two(fresh[4:6], n, then>>54, then<<10>>54)
			sum += s
			n, s = length.two(fresh[6:8], n, then<<20>>54, then<<30>>54)
			if sum += s; sum >= lzwNone || sum >= left {
				break
			}
			before, left, fresh, b = n, left-sum, fresh[8:], b[10:]
		}
	case 11:
		for len(fresh) > lzwBatch && len(b) >= 16 {
			next, then := binary.BigEndian.Uint64(b)<<odd, binary.BigEndian.Uint64(b[5:])<<(odd+4)
			n, sum := length.two(fresh[:2], before, next>>53, next<<11>>53)
			n, s := length.two(fresh[2:4], n, next<<22>>53, next<<33>>53)
			sum += s
			n, s = length.two(fresh[4:6], n, then>>53, then<<11>>53)
			sum += s
			n, s = length.two(fresh[6:8], n, then<<22>>53, then<<33>>53)
			if sum += s; sum >= lzwNone || sum >= left {
				break
			}
			before, left, fresh, b = n, left-sum, fresh[8:], b[11:]
		}
	case 12:
		for len(fresh) > lzwBatch && len(b) >= 16 {
			next, then := binary.BigEndian.Uint64(b)<<odd, binary.BigEndian.Uint64(b[6:])<<odd
			n, sum := length.two(fresh[:2], before, next>>52, next<<12>>52)
			n, s := length.two(fresh[2:4], n, next<<24>>52, next<<36>>52)
			sum += s
			n, s = length.two(fresh[4:6], n, then>>52, then<<12>>52)
			sum += s
			n, s = length.two(fresh[6:8], n, then<<24>>52, then<<36>>52)
			if sum += s; sum >= lzwNone || sum >= left {
				break
			}
			before, left, fresh, b = n, left-sum, fresh[8:], b[12:]
		}
	}
	for i := range min(len(fresh), lzwBatch) { // what eight of which it was not so have left
		fresh[i] = lzwNone
	}
	return at + 8*uint64(bytes-len(b)), w.need - left, free + uint32(means-len(fresh)), uint32(before)
}

// lzwLengths are how long the strings of codes are; lzwNone where a code means nothing.
type lzwLengths [1 << lzwMost]uint16

// two gives meaning to two codes, and sums up the lengths of the two that were read.
func (l *lzwLengths) two(fresh []uint16, last uint16, c0, c1 uint64) (uint16, uint64) {
	f := (*[2]uint16)(fresh)
	f[0] = last + 1
	n0 := l[c0]
	f[1] = n0 + 1
	n1 := l[c1]
	return n1, uint64(n0) + uint64(n1)
}

// follow reads the codes up to a bit and returns where they end, if that is there,
// or the last bit of all, if they make no sense. It reads eight bytes from where a
// code begins, whatever its width.
func (w *tiffLZWWalk) follow(b []byte, to int) (end uint64, over bool) {
	length, at, have, free, last := &w.length, w.at, w.have, w.free, w.last
	limit := uint64(to)
	for at+w.wide <= limit {
		// As many codes as have this width, for which it need not be looked at.
		wide := w.wide
		shift := 64 - wide
		until := uint32(1)<<wide - 1 // one code early, as the standard has it
		if wide == lzwMost {
			until = 1 << lzwMost
		}
		for at+wide <= limit {
			if last != 0 && free+lzwBatch < until && have < w.need {
				at, have, free, last = w.batches(b, at, have, free, last, until, limit)
			}
			code := uint32(binary.BigEndian.Uint64(b[at>>3:]) << (at & 7) >> shift)
			if code-lzwClear < 2 || have >= w.need {
				switch {
				case code == lzwEnd:
					return at + wide, true
				case have >= w.need:
					w.open = true
					return at, true // what follows the last pixel, other than the end, does not count
				}
				at += wide
				w.forget(lzwFirst, free)
				free, last, w.wide = lzwFirst, 0, 9
				break
			}
			if last != 0 && free < until {
				length[free&(1<<lzwMost-1)] = uint16(last + 1)
				free++
			}
			if code >= free {
				return 8 * uint64(len(b)), true // means nothing: decoders give up here
			}
			last = uint32(length[code&(1<<lzwMost-1)])
			have += uint64(last)
			at += wide
			if free == until && wide < lzwMost {
				w.wide++
				break
			}
		}
	}
	w.at, w.have, w.free, w.last = at, have, free, last
	return 0, false
}
