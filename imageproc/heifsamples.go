package imageproc

import (
	"slices"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// readSamples reads the tables of a kept track and takes the data of each sample.
func (p *heifParser) readSamples(t *heifTrack) error {
	if err := p.readTables(t); err != nil {
		return err
	}
	for i := range t.samples {
		s := &t.samples[i]
		if s.entry > len(t.entries) {
			return p.failBox(t.parts["stsc"], ErrCorrupt, "an entry that is not there")
		}
		var err error
		s.payload, err = p.coded([]heifSpan{s.place}, false, t.entries[s.entry-1].coding, func(sentinel error, reason string) error {
			return p.failBox(t.box, sentinel, "%s", reason)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readTables reads what stbl says of each sample, ISO/IEC 14496-12 §8.6 and §8.7.
func (p *heifParser) readTables(t *heifTrack) error {
	for _, step := range []func(*heifTrack) error{p.readSizes, p.readChunks, p.readDurations, p.readDelays, p.readKeys} {
		if err := step(t); err != nil {
			return err
		}
	}
	return nil
}

// readSizes reads stsz or stz2.
func (p *heifParser) readSizes(t *heifTrack) error {
	b := t.parts["stsz"]
	f := bmff.NewFields(b.Body)
	version, _ := f.Version()
	same, bits := 0, 32
	if b.Type == "stz2" {
		bits = int(f.U32() & 0xFF)
	} else {
		same = int(min(f.U32(), 1<<31-1))
	}
	count := f.U32()
	if f.Bad() || version > 0 || bits != 8 && bits != 16 && bits != 32 || count == 0 {
		return p.failBox(b, ErrUnsupported, "this form of it, or no samples, is not supported")
	}
	if int64(count) > int64(p.lim.MaxSegments) {
		return p.failBox(b, ErrTooLarge, "more than %d samples", p.lim.MaxSegments)
	}
	if err := p.spend(int(count), b.At); err != nil {
		return err
	}
	t.samples = make([]heifSample, count)
	for i := range t.samples {
		size := same
		if size == 0 {
			size = int(min(f.Uint(bits/8), 1<<31-1))
		}
		if f.Bad() || size == 0 {
			return p.failBox(b, ErrCorrupt, "cut short, or a sample without data")
		}
		t.samples[i] = heifSample{place: heifSpan{0, size}, key: true}
	}
	return nil
}

// readChunks reads stsc and stco or co64: where the samples are.
func (p *heifParser) readChunks(t *heifTrack) error {
	b, offsets := t.parts["stsc"], t.parts["stco"]
	f, o := bmff.NewFields(b.Body), bmff.NewFields(offsets.Body)
	f.U32()
	o.U32()
	runs, chunks := f.U32(), o.U32()
	wide := 4
	if offsets.Type == "co64" {
		wide = 8
	}
	next, perChunk, entry := uint32(0), uint32(0), uint32(0)
	advance := func() { // to the next run of chunks that are alike
		if runs == 0 {
			next = 0
			return
		}
		runs--
		next = f.U32()
	}
	advance()
	done := 0
	for chunk := uint32(1); chunk <= chunks && done < len(t.samples); chunk++ {
		if err := p.spend(1, offsets.At); err != nil {
			return err
		}
		if chunk == next {
			perChunk, entry = f.U32(), f.U32()
			advance()
		}
		at := o.Uint(wide)
		if f.Bad() || o.Bad() || perChunk == 0 || entry == 0 || entry > 0xFF {
			return p.failBox(b, ErrCorrupt, "cut short, or a chunk that is not valid")
		}
		for range perChunk {
			if done == len(t.samples) {
				break
			}
			s := &t.samples[done]
			size := s.place.size()
			if at > uint64(len(p.data)) || uint64(size) > uint64(len(p.data))-at {
				return p.failBox(offsets, ErrCorrupt, "a sample lies outside the file")
			}
			s.place, s.entry = heifSpan{int(at), int(at) + size}, int(entry)
			at += uint64(size)
			done++
		}
	}
	if done < len(t.samples) {
		return p.failBox(offsets, ErrCorrupt, "places for %d samples of %d", done, len(t.samples))
	}
	return nil
}

// readDurations reads stts.
func (p *heifParser) readDurations(t *heifTrack) error {
	return p.readRuns(t.parts["stts"], t, func(s *heifSample, v uint32) bool {
		s.delta = v
		return isTime(v)
	})
}

// readDelays reads ctts.
func (p *heifParser) readDelays(t *heifTrack) error {
	b := t.parts["ctts"]
	if b.Whole == nil {
		return nil
	}
	t.delays = true
	signed := len(b.Body) > 0 && b.Body[0] > 0
	return p.readRuns(b, t, func(s *heifSample, v uint32) bool {
		s.delay = int32(v)
		return isTime(v) || signed && isTime(-v)
	})
}

// readRuns reads a table of counts and values, one value for each sample.
func (p *heifParser) readRuns(b bmff.Box, t *heifTrack, set func(*heifSample, uint32) bool) error {
	f := bmff.NewFields(b.Body)
	version, _ := f.Version()
	done := 0
	for range f.U32() {
		if err := p.spend(1, b.At); err != nil {
			return err
		}
		count, value := f.U32(), f.U32()
		if f.Bad() || int64(count) > int64(len(t.samples)-done) {
			return p.failBox(b, ErrCorrupt, "cut short, or values for too many samples")
		}
		for range count {
			if !set(&t.samples[done], value) {
				return p.failBox(b, ErrCorrupt, "a time is not valid")
			}
			done++
		}
	}
	if done != len(t.samples) || version > 1 {
		return p.failBox(b, ErrCorrupt, "values for %d samples of %d, or of a later version", done, len(t.samples))
	}
	return nil
}

// readKeys reads stss: the samples that need no other, all of them without it.
func (p *heifParser) readKeys(t *heifTrack) error {
	b := t.parts["stss"]
	if b.Whole == nil {
		return nil
	}
	t.keyed = true
	for i := range t.samples {
		t.samples[i].key = false
	}
	f := bmff.NewFields(b.Body)
	f.U32()
	for range f.U32() {
		if err := p.spend(1, b.At); err != nil {
			return err
		}
		n := f.U32()
		if f.Bad() || n == 0 || int64(n) > int64(len(t.samples)) {
			return p.failBox(b, ErrCorrupt, "cut short, or a sample that is not there")
		}
		t.samples[n-1].key = true
	}
	return nil
}

// heifRun is a row of samples that have a value in common.
type heifRun struct{ count, value uint32 }

func runsOf(samples []heifSample, value func(heifSample) uint32) (runs []heifRun) {
	for _, s := range samples {
		v := value(s)
		if n := len(runs); n > 0 && runs[n-1].value == v {
			runs[n-1].count++
			continue
		}
		runs = append(runs, heifRun{1, v})
	}
	return runs
}

// heifChunk is a row of samples that follow each other in the file.
type heifChunk struct {
	offset, end uint32
	count       uint32
	entry       uint32
}

func chunksOf(samples []heifSample) (chunks []heifChunk) {
	for _, s := range samples {
		size := uint32(s.payload.bytes)
		n := len(chunks)
		if n == 0 || chunks[n-1].end != s.payload.offset || chunks[n-1].entry != uint32(s.entry) {
			chunks = append(chunks, heifChunk{s.payload.offset, s.payload.offset, 0, uint32(s.entry)})
			n++
		}
		chunks[n-1].count++
		chunks[n-1].end += size
	}
	return chunks
}

// movie writes moov; nil if no track is kept.
func (w *heifWriter) movie() []byte {
	m := &w.p.movie
	if len(m.tracks) == 0 {
		return nil
	}
	parts := [][]byte{bmff.Full(
		"mvhd", 1, 0, make([]byte, 16), bmff.U32(m.timescale), u64(m.duration), bmff.U32(1<<16, 1<<24, 0, 0), m.matrix, make([]byte, 24),
		bmff.U32(uint32(len(m.tracks)+1)),
	)}
	for _, t := range m.tracks {
		parts = append(parts, w.track(t))
	}
	return bmff.New("moov", parts...)
}

func u64(v uint64) []byte { return bmff.U32(uint32(v>>32), uint32(v)) }

func (w *heifWriter) track(t *heifTrack) []byte {
	parts := [][]byte{bmff.Full(
		"tkhd", 1, t.flags, make([]byte, 16), bmff.U32(t.number, 0), u64(t.duration), make([]byte, 16), t.matrix, bmff.U32(t.width, t.height),
	)}
	if len(t.edits) > 0 {
		list := bmff.U32(uint32(len(t.edits)))
		for _, e := range t.edits {
			list = slices.Concat(list, u64(e.duration), u64(uint64(e.start)), bmff.U32(1<<16))
		}
		flags := uint32(0)
		if t.loops {
			flags = 1
		}
		parts = append(parts, bmff.New("edts", bmff.Full("elst", 1, flags, list)))
	}
	if refs := w.trackRefs(t); len(refs) > 0 {
		parts = append(parts, bmff.New("tref", refs))
	}
	header := bmff.Full("mdhd", 1, 0, make([]byte, 16), bmff.U32(t.timescale), u64(t.mediaDuration), []byte{0x55, 0xC4, 0, 0}) // of no language
	handler := bmff.Full("hdlr", 0, 0, make([]byte, 4), []byte(t.handler), make([]byte, 13))
	here := bmff.New("dinf", bmff.Full("dref", 0, 0, bmff.U32(1), bmff.Full("url ", 0, 1)))
	media := bmff.New("minf", bmff.Full("vmhd", 0, 1, make([]byte, 8)), here, w.tables(t))
	parts = append(parts, bmff.New("mdia", header, handler, media))
	return bmff.New("trak", parts...)
}

func (w *heifWriter) trackRefs(t *heifTrack) (out []byte) {
	for _, r := range []struct {
		typ string
		to  []uint32
	}{{"auxl", t.auxOf}, {"prem", t.premOf}} {
		var to []uint32
		for _, o := range w.p.movie.tracks {
			if slices.Contains(r.to, o.id) {
				to = append(to, o.number)
			}
		}
		if len(to) > 0 {
			out = bmff.Append(out, r.typ, bmff.U32(to...))
		}
	}
	return out
}

// tables writes stbl.
func (w *heifWriter) tables(t *heifTrack) []byte {
	var entries, sizes, keys, runs, first, offsets []byte
	for _, e := range t.entries {
		entries = append(entries, e.out...)
	}
	nKeys := uint32(0)
	for i, s := range t.samples {
		sizes = append(sizes, bmff.U32(uint32(s.payload.bytes))...)
		if s.key {
			nKeys++
			keys = append(keys, bmff.U32(uint32(i+1))...)
		}
	}
	chunks := chunksOf(t.samples)
	nRuns := uint32(0)
	for i, c := range chunks {
		offsets = append(offsets, bmff.U32(c.offset)...)
		if i == 0 || c.count != chunks[i-1].count || c.entry != chunks[i-1].entry {
			nRuns++
			first = append(first, bmff.U32(uint32(i+1), c.count, c.entry)...)
		}
	}
	table := func(typ string, version byte, value func(heifSample) uint32) []byte {
		list := runsOf(t.samples, value)
		runs = bmff.U32(uint32(len(list)))
		for _, r := range list {
			runs = append(runs, bmff.U32(r.count, r.value)...)
		}
		return bmff.Full(typ, version, 0, runs)
	}
	parts := [][]byte{
		bmff.Full("stsd", 0, 0, bmff.U32(uint32(len(t.entries))), entries),
		table("stts", 0, func(s heifSample) uint32 { return s.delta }),
	}
	if t.delays {
		parts = append(parts, table("ctts", 1, func(s heifSample) uint32 { return uint32(s.delay) }))
	}
	if t.keyed {
		parts = append(parts, bmff.Full("stss", 0, 0, bmff.U32(nKeys), keys))
	}
	parts = append(
		parts,
		bmff.Full("stsc", 0, 0, bmff.U32(nRuns), first),
		bmff.Full("stsz", 0, 0, bmff.U32(0, uint32(len(t.samples))), sizes),
		bmff.Full("stco", 0, 0, bmff.U32(uint32(len(chunks))), offsets),
	)
	return bmff.New("stbl", parts...)
}
