package imageproc

import (
	"bytes"
	"errors"
	"math"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// An image sequence is a moov box with a track of pictures, and another for
// their alpha, ISO/IEC 23008-12 §7: the same as film, without sound. Each track
// is read into plain numbers and written anew.

// heifMovie is what a moov box says.
type heifMovie struct {
	timescale uint32
	duration  uint64
	matrix    []byte
	tracks    []*heifTrack // those that are kept, numbered from 1
	all       []*heifTrack
}

type heifTrack struct {
	box     bmff.Box
	parts   map[string]bmff.Box
	id      uint32
	number  uint32
	handler string

	flags         uint32
	duration      uint64 // in the movie's time scale
	matrix        []byte
	width, height uint32 // 16.16
	edits         []heifEdit
	loops         bool
	auxOf, premOf []uint32
	thumb         bool

	timescale     uint32
	mediaDuration uint64
	entries       []heifEntry
	samples       []heifSample
	delays        bool // there are composition offsets
	keyed         bool // there is a list of key frames
}

// heifEdit is an entry of an edit list, ISO/IEC 14496-12 §8.6.6.
type heifEdit struct {
	duration uint64
	start    int64
}

// heifEntry is a sample entry: how a codec is set up.
type heifEntry struct {
	typ    string
	out    []byte
	coding heifCoding
	alpha  bool
}

type heifSample struct {
	place   heifSpan
	entry   int // from 1
	delta   uint32
	delay   int32
	key     bool
	payload *heifPayload
}

// unknownDuration is what a writer puts for a sequence without an end.
const unknownDuration = math.MaxUint64

const longestSpan = 1 << 36

// readMovie reads moov and decides which tracks are kept.
func (p *heifParser) readMovie() error {
	if p.moov.Whole == nil {
		return nil
	}
	var header bmff.Box
	err := p.children(p.moov.Body, p.moov.BodyAt(), func(b bmff.Box) error {
		switch b.Type {
		case "mvhd":
			return p.once(&header, b)
		case "trak":
			return p.readTrack(b)
		case "mvex":
			return p.failBox(b, ErrUnsupported, "fragments are not supported")
		case "meta":
			return p.nestedMeta(b)
		}
		p.dropBox(b)
		return nil
	})
	if err != nil {
		return err
	}
	if header.Whole == nil {
		return p.failBox(p.moov, ErrCorrupt, "no mvhd box in it")
	}
	if err := p.readMovieHeader(header); err != nil {
		return err
	}
	return p.chooseTracks()
}

// readTrack reads the boxes of one track as far as to know what it is.
func (p *heifParser) readTrack(b bmff.Box) error {
	t := &heifTrack{box: b, parts: make(map[string]bmff.Box)}
	if err := p.collect(t, b); err != nil {
		return err
	}
	for _, typ := range []string{"tkhd", "mdhd", "hdlr", "stsd", "stts", "stsc", "stsz", "stco"} {
		if t.parts[typ].Whole == nil {
			return p.failBox(b, ErrCorrupt, "no %s box in it", typ)
		}
	}
	f := bmff.NewFields(t.parts["hdlr"].Body)
	f.Bytes(8)
	t.handler = string(f.Bytes(4))
	p.movie.all = append(p.movie.all, t)
	if err := p.readTrackHeader(t); err != nil {
		return err
	}
	return p.readTrackRefs(t)
}

// trackBoxes lists the boxes of a track that are read, and which of them hold
// others.
var trackBoxes = map[string]bool{
	"tkhd": false, "edts": true, "elst": false, "tref": false, "mdia": true, "mdhd": false, "hdlr": false, "minf": true,
	"stbl": true, "stsd": false, "stts": false, "ctts": false, "stss": false, "stsc": false, "stsz": false, "stz2": false,
	"stco": false, "co64": false,
}

// collect goes through a track's boxes, whose types differ on all levels, so that
// depth ends by itself.
func (p *heifParser) collect(t *heifTrack, b bmff.Box) error {
	return p.children(b.Body, b.BodyAt(), func(c bmff.Box) error {
		holds, listed := trackBoxes[c.Type]
		switch {
		case c.Type == "vmhd" || c.Type == "nmhd" || c.Type == "dinf" && len(c.Whole) == emptyDinf:
			return nil
		case c.Type == "meta":
			return p.nestedMeta(c)
		case !listed:
			p.dropBox(c)
			return nil
		}
		typ := c.Type
		switch typ {
		case "stz2":
			typ = "stsz"
		case "co64":
			typ = "stco"
		}
		if t.parts[typ].Whole != nil {
			return p.failBox(c, ErrCorrupt, "second one")
		}
		t.parts[typ] = c
		if holds {
			return p.collect(t, c)
		}
		return nil
	})
}

// readTimes reads when something was made and changed.
func (p *heifParser) readTimes(b bmff.Box, f *bmff.Fields, size int) {
	if created, changed := f.Uint(size), f.Uint(size); created|changed != 0 {
		p.pic.found.add("times in "+b.Type, 2*size, setOf(Time))
	}
}

// readSpan reads a duration of 32 or 64 bits; all ones say that it is unknown.
// Others are bounded, for eight bytes can hold a word: 2³⁶ thousandths are two years.
func (p *heifParser) readSpan(b bmff.Box, f *bmff.Fields, size int) (uint64, error) {
	d := f.Uint(size)
	switch {
	case size == 4 && d == math.MaxUint32, d == unknownDuration:
		return unknownDuration, nil
	case d >= longestSpan:
		return 0, p.failBox(b, ErrCorrupt, "a duration is not valid")
	}
	return d, nil
}

// wideTimes is the size of times in a version of a box.
func wideTimes(version byte) int { return 4 + 4*int(version&1) }

func (p *heifParser) readMovieHeader(b bmff.Box) (err error) {
	f := bmff.NewFields(b.Body)
	version, _ := f.Version()
	size := wideTimes(version)
	p.readTimes(b, f, size)
	p.movie.timescale = f.U32()
	if p.movie.duration, err = p.readSpan(b, f, size); err != nil {
		return err
	}
	f.Bytes(16)
	p.movie.matrix = f.Bytes(36)
	if f.Bad() || version > 1 || !isTime(p.movie.timescale) || p.movie.timescale == 0 {
		return p.failBox(b, ErrCorrupt, "length, version or time scale is not valid")
	}
	return p.checkMatrix(b, p.movie.matrix)
}

// readTrackHeader reads tkhd, §8.3.2, and mdhd, §8.4.2.
func (p *heifParser) readTrackHeader(t *heifTrack) (err error) {
	b := t.parts["tkhd"]
	f := bmff.NewFields(b.Body)
	version, flags := f.Version()
	size := wideTimes(version)
	t.flags = flags & 7
	p.readTimes(b, f, size)
	t.id = f.U32()
	f.U32()
	if t.duration, err = p.readSpan(b, f, size); err != nil {
		return err
	}
	f.Bytes(16)
	t.matrix, t.width, t.height = f.Bytes(36), f.U32(), f.U32()
	if f.Bad() || version > 1 || t.id == 0 {
		return p.failBox(b, ErrCorrupt, "length, version or number is not valid")
	}
	b = t.parts["mdhd"]
	f = bmff.NewFields(b.Body)
	version, _ = f.Version()
	size = wideTimes(version)
	p.readTimes(b, f, size)
	t.timescale = f.U32()
	if t.mediaDuration, err = p.readSpan(b, f, size); err != nil {
		return err
	}
	language := f.U16()
	if f.Bad() || version > 1 || !isTime(t.timescale) || t.timescale == 0 {
		return p.failBox(b, ErrCorrupt, "length, version or time scale is not valid")
	}
	if language != 0 && language != noLanguage {
		p.pic.found.add("language in mdhd", 2, 0)
	}
	return nil
}

// noLanguage is "und", undetermined, in five bits a letter.
const noLanguage = 0x55C4

// isTime bounds a number of ticks so that four letters are none.
func isTime(v uint32) bool { return v < 1<<29 }

// checkMatrix accepts the matrices that turn and mirror by quarters, and move
// by whole pixels.
func (p *heifParser) checkMatrix(b bmff.Box, m []byte) error {
	f := bmff.NewFields(m)
	var v [9]int32
	for i := range v {
		v[i] = int32(f.U32())
	}
	straight := v[1] == 0 && v[3] == 0 && isOne(v[0]) && isOne(v[4])
	across := v[0] == 0 && v[4] == 0 && isOne(v[1]) && isOne(v[3])
	moved := v[6]&0xFFFF == 0 && v[7]&0xFFFF == 0 && v[6]>>24 == 0 && v[7]>>24 == 0
	if !(straight || across) || !moved || v[2] != 0 || v[5] != 0 || v[8] != 1<<30 {
		return p.failBox(b, ErrUnsupported, "this transformation is not supported")
	}
	return nil
}

func isOne(v int32) bool { return v == 1<<16 || v == -1<<16 }

// readTrackRefs reads tref, §8.3.3.
func (p *heifParser) readTrackRefs(t *heifTrack) error {
	b := t.parts["tref"]
	if b.Whole == nil {
		return nil
	}
	return p.children(b.Body, b.BodyAt(), func(r bmff.Box) error {
		if err := p.spend(len(r.Body)/4, r.At); err != nil {
			return err
		}
		var to []uint32
		for f := bmff.NewFields(r.Body); len(f.Rest()) >= 4; {
			to = append(to, f.U32())
		}
		switch r.Type {
		case "auxl":
			t.auxOf = to
		case "prem":
			t.premOf = to
		case "thmb":
			t.thumb = true
		}
		return nil
	})
}

// chooseTracks keeps the tracks of pictures, and of alpha to one of them.
func (p *heifParser) chooseTracks() error {
	pictures := make(map[uint32]bool)
	for _, t := range p.movie.all {
		if _, twice := pictures[t.id]; twice {
			return p.failBox(t.box, ErrCorrupt, "number of a track twice")
		}
		pictures[t.id] = t.handler == "pict" && !t.thumb && t.auxOf == nil
	}
	for _, t := range p.movie.all {
		keep := pictures[t.id]
		if !keep && t.handler != "auxv" && t.handler != "pict" {
			p.describeTrack(t)
			continue
		}
		if err := p.readEntries(t, keep); err != nil {
			return err
		}
		if t.auxOf != nil && !t.thumb && len(t.entries) > 0 {
			keep = true
			for _, e := range t.entries {
				keep = keep && e.alpha
			}
			for _, id := range t.auxOf {
				keep = keep && pictures[id]
			}
		}
		if !keep {
			p.describeTrack(t)
			continue
		}
		if err := p.readMedia(t); err != nil {
			return err
		}
		p.movie.tracks = append(p.movie.tracks, t)
		t.number = uint32(len(p.movie.tracks))
	}
	return nil
}

// readMedia reads all else that a kept track has.
func (p *heifParser) readMedia(t *heifTrack) error {
	if err := p.checkMatrix(t.parts["tkhd"], t.matrix); err != nil {
		return err
	}
	err := checkSize(p.pic.format, heifPart("tkhd"), t.parts["tkhd"].At, int64(t.width>>16), int64(t.height>>16), p.lim)
	if err != nil {
		return err
	}
	if err := p.readEdits(t); err != nil {
		return err
	}
	if name := bytesBeforeZeros(t.parts["hdlr"].Body[min(24, len(t.parts["hdlr"].Body)):]); name > 0 {
		p.pic.found.add("hdlr name", name, setOf(Software))
	}
	return p.readSamples(t)
}

// readEdits reads elst: which part of the media is shown, and whether again.
func (p *heifParser) readEdits(t *heifTrack) error {
	b := t.parts["elst"]
	if b.Whole == nil {
		return nil
	}
	f := bmff.NewFields(b.Body)
	version, flags := f.Version()
	size := wideTimes(version)
	t.loops = flags&1 != 0
	for range f.U32() {
		if err := p.spend(1, b.At); err != nil {
			return err
		}
		d, err := p.readSpan(b, f, size)
		if err != nil {
			return err
		}
		start := int64(f.Uint(size))
		if size == 4 {
			start = int64(int32(start))
		}
		if rate := f.U32(); f.Bad() || version > 1 || start < -1 || start >= longestSpan || rate != 1<<16 {
			return p.failBox(b, ErrUnsupported, "cut short, or an edit that is not supported")
		}
		t.edits = append(t.edits, heifEdit{d, start})
	}
	return nil
}

// describeTrack reports a track that is dropped.
func (p *heifParser) describeTrack(t *heifTrack) {
	size := len(t.box.Whole)
	if err := p.readTables(t); err == nil { // of a broken one the data counts as unused
		for _, s := range t.samples {
			size += s.place.size()
			p.dropped = append(p.dropped, s.place)
		}
	}
	classes := setOf(Other)
	if t.handler == "vide" || t.handler == "pict" || t.handler == "auxv" {
		classes = setOf(Thumbnail)
	}
	p.pic.found.add("track "+heifType(t.handler), size, classes)
}

// nestedMeta reports the items of a meta box in a movie or a track: metadata
// that the one of the file often lists as well.
func (p *heifParser) nestedMeta(b bmff.Box) error {
	n := &heifParser{
		data: p.data, lim: p.lim, scan: p.scan, budget: p.budget, meta: b, nested: true,
		items: make(map[uint32]*heifItem), alphas: make(map[uint32][]*heifItem), pic: p.pic, joined: p.joined,
	}
	err := n.readMeta()
	p.budget = n.budget
	if errors.Is(err, ErrTooLarge) {
		return err
	}
	if err != nil { // it goes, whatever is wrong with it
		p.dropBox(b)
	}
	for _, it := range n.order {
		n.describeItem(it)
		if !it.inIdat {
			p.dropped = append(p.dropped, it.places...)
		}
	}
	p.joined = n.joined
	return nil
}

// readEntries reads stsd, §8.5.2. Of tracks that may go, what is not supported
// is left.
func (p *heifParser) readEntries(t *heifTrack, must bool) error {
	b := t.parts["stsd"]
	f := bmff.NewFields(b.Body)
	f.U32()
	count := int(f.U32())
	err := p.children(f.Rest(), b.BodyAt()+8, func(e bmff.Box) error {
		entry, err := p.readEntry(e)
		t.entries = append(t.entries, entry)
		return err
	})
	if err == nil && (len(t.entries) != count || count == 0 || count > math.MaxUint8) {
		err = p.failBox(b, ErrCorrupt, "%d entries where it says %d", len(t.entries), count)
	}
	if errors.Is(err, ErrUnsupported) && !must {
		t.entries = nil
		return nil
	}
	return err
}

// visualEntry is the size of the fields before the boxes of a sample entry,
// §12.1.3.
const visualEntry = 78

func (p *heifParser) readEntry(b bmff.Box) (e heifEntry, err error) {
	e.typ = b.Type
	want, known := heifCodecs[b.Type]
	if !known {
		return e, p.failBox(b, ErrUnsupported, "this coding is not supported")
	}
	if len(b.Body) < visualEntry {
		return e, p.failBox(b, ErrCorrupt, "length %d", len(b.Whole))
	}
	size := b.Body[24:28]
	if name := bytesBeforeZeros(b.Body[43:74]); name > 0 {
		p.pic.found.add("compressor name", name, setOf(Software))
	}
	var kept []byte
	once := heifOnce{}
	err = p.children(b.Body[visualEntry:], b.BodyAt()+visualEntry, func(c bmff.Box) error {
		out, coding, err := p.keepEntryBox(c)
		switch {
		case err != nil:
			return err
		case out == nil && c.Type == "auxi":
			return nil // the track goes as a whole
		case out == nil:
			p.dropBox(c)
			return nil
		case once.again(c.Type, out):
			return p.failBox(c, ErrUnsupported, "one more for a track is not supported")
		case c.Type == "auxi":
			e.alpha = true
		case coding.codec != noCodec:
			e.coding = coding
		}
		if extra := len(c.Whole) - len(out) - 8; extra > 0 && !coding.trimmed {
			p.pic.found.add("bytes in property "+c.Type, extra, 0)
		}
		kept = bmff.Append(kept, c.Type, out)
		return nil
	})
	if err == nil && e.coding.codec != want {
		err = p.failBox(b, ErrCorrupt, "no configuration of its codec")
	}
	e.out = bmff.New(e.typ, entryFields(size), kept)
	return e, err
}

// entryFields are the 78 bytes before the boxes of a sample entry: nothing but
// the size says anything.
func entryFields(size []byte) []byte {
	b := make([]byte, visualEntry)
	b[7] = 1 // the data is in the file
	copy(b[24:], size)
	b[29], b[33], b[41], b[75] = 72, 72, 1, 24 // per inch, frames, bits
	b[76], b[77] = 0xFF, 0xFF
	return b
}

// keepEntryBox keeps what describes the coding of a track.
func (p *heifParser) keepEntryBox(b bmff.Box) (body []byte, c heifCoding, err error) {
	switch b.Type {
	case "hvcC", "av1C", "colr", "pasp", "clap", "clli", "mdcv", "amve":
		return p.keepProperty(b)
	case "ccst": // constraints on references between pictures, ISO/IEC 23008-12 §7.2.3.2
		if len(b.Body) < 8 {
			return nil, c, p.failBox(b, ErrCorrupt, "length %d", len(b.Whole))
		}
		return []byte{0, 0, 0, 0, b.Body[4] & 0xFC, 0, 0, 0}, c, nil
	case "auxi": // what an auxiliary track is, §7.5.3.1
		if name := heifAuxType(b); heifAlpha[name] {
			return append(bytes.Clone([]byte("\x00\x00\x00\x00"+name)), 0), c, nil
		}
	}
	return nil, c, nil
}
