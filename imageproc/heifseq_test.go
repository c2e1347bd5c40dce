package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// craftedMovie describes a moov box. Numbers that a reader has no use for can be
// set, so that a secret can hide in them.
type craftedMovie struct {
	times  []byte // 8 bytes for each header
	next   int
	tracks []craftedTrack
	more   []byte // boxes at its end
}

type craftedTrack struct {
	id            int
	handler, name string
	refs          []byte
	layer         []byte // 8 bytes
	language      int
	url           []byte
	entryName     []byte
	entryBoxes    []byte
	coding        string
	tables        []byte // boxes at the end of stbl
	more          []byte // boxes at the end of trak
	edits         bool
	samples       [][]byte
	deltas        []int // one for each sample
	chunk         int   // samples in one
}

func (m *craftedMovie) data() (b []byte) {
	if m == nil {
		return nil
	}
	for _, t := range m.tracks {
		b = append(b, bytes.Join(t.samples, nil)...)
	}
	return b
}

var unityMatrix = be32(1<<16, 0, 0, 0, 1<<16, 0, 0, 0, 1<<30)

func (m *craftedMovie) build(at int) []byte {
	if m == nil {
		return nil
	}
	parts := [][]byte{fullBox("mvhd", 0, 0, m.times, be32(600, 1200, 1<<16), be16(1<<8), make([]byte, 10), unityMatrix, make([]byte, 24), be32(m.next))}
	for _, t := range m.tracks {
		parts = append(parts, t.build(m, at))
		at += len(bytes.Join(t.samples, nil))
	}
	return box("moov", append(parts, m.more)...)
}

func (t craftedTrack) build(m *craftedMovie, at int) []byte {
	header := fullBox("tkhd", 0, 3, m.times, be32(t.id, 0, 1200), make([]byte, 8), t.layer, unityMatrix, be32(64<<16, 32<<16))
	edits := []byte{}
	if t.edits {
		edits = box("edts", fullBox("elst", 0, 1, be32(1, 1200, 0, 1<<16)))
	}
	media := box(
		"mdia", fullBox("mdhd", 0, 0, m.times, be32(25, 50), be16(t.language, 0)),
		fullBox("hdlr", 0, 0, be32(0), []byte(t.handler), be32(0, 0, 0), []byte(t.name), []byte{0}),
		box("minf", fullBox("vmhd", 0, 1, make([]byte, 8)), box("dinf", fullBox("dref", 0, 0, be32(1), fullBox("url ", 0, 1, t.url))), t.table(at)),
	)
	return box("trak", header, edits, t.refs, media, t.more)
}

func (t craftedTrack) table(at int) []byte {
	name := make([]byte, 32)
	copy(name[1:], t.entryName)
	entry := box(
		t.coding, make([]byte, 6), be16(1), make([]byte, 16), be16(64, 32), be32(72<<16, 72<<16, 0), be16(1), name, be16(24, 0xFFFF), t.entryBoxes,
	)
	var sizes, offsets, deltas []byte
	for i, s := range t.samples {
		sizes = append(sizes, be32(len(s))...)
		if i%t.chunk == 0 {
			offsets = append(offsets, be32(at)...)
		}
		at += len(s)
		delta := 1
		if i < len(t.deltas) {
			delta = t.deltas[i]
		}
		deltas = append(deltas, be32(1, delta)...)
	}
	return box(
		"stbl", fullBox("stsd", 0, 0, be32(1), entry), fullBox("stts", 0, 0, be32(len(t.samples)), deltas), fullBox("stss", 0, 0, be32(1, 1)),
		fullBox("stsc", 0, 0, be32(1, 1, t.chunk, 1)), fullBox("stsz", 0, 0, be32(0, len(t.samples)), sizes),
		fullBox("stco", 0, 0, be32(len(offsets)/4), offsets), t.tables,
	)
}

var auxi = fullBox("auxi", 0, 0, []byte("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00"))

// craftAVIS is a still picture and a sequence with alpha.
func craftAVIS() *craftedHEIF {
	c := craftAVIF()
	c.brands = "avisavifmif1msf1"
	header := obu(1, plainHeader...)
	config := slices.Concat(av1C(header), nclx, fullBox("ccst", 0, 0, be32(0x7C<<24)))
	c.movie = &craftedMovie{
		times: make([]byte, 8), next: 3,
		tracks: []craftedTrack{
			{
				id: 1, handler: "pict", layer: make([]byte, 8), language: 0x55C4, entryBoxes: config, coding: "av01", edits: true, chunk: 2,
				samples: [][]byte{slices.Concat(header, obu(6, 1, 1)), obu(6, 2), obu(6, 3)},
			},
			{
				id: 2, handler: "auxv", layer: make([]byte, 8), language: 0x55C4, entryBoxes: slices.Concat(config, auxi), coding: "av01", chunk: 3,
				refs: box("tref", box("auxl", be32(1))), samples: [][]byte{slices.Concat(header, obu(6, 4, 4)), obu(6, 5), obu(6, 6)},
			},
		},
	}
	return c
}

// addTrack puts one more track behind the others; its samples hold the secret.
func addTrack(handler, refs string, boxes []byte) func(*craftedHEIF, []byte) {
	return func(c *craftedHEIF, s []byte) {
		t := c.movie.tracks[0]
		t.id, t.handler, t.name, t.entryBoxes, t.edits, t.chunk = 9, handler, "", slices.Concat(t.entryBoxes, boxes), false, 1
		if refs != "" {
			t.refs = box("tref", box(refs, be32(1)))
		}
		t.samples = [][]byte{obu(6, s...), obu(6, s...)}
		c.movie.tracks = append(c.movie.tracks, t)
	}
}

// bytesOf is s as numbers of n bytes.
func bytesOf(s []byte, n int) []byte { return append(bytes.Clone(s), make([]byte, n)...)[:n] }

var seqPlants = []heifPlant{
	{"times", func(c *craftedHEIF, s []byte) { c.movie.times = bytesOf(s, 8) }, "times in mvhd", C{when}},
	{"number of the next track", func(c *craftedHEIF, s []byte) { c.movie.next = int(binary.BigEndian.Uint32(s)) }, "", nil},
	{"numbers of tracks", func(c *craftedHEIF, s []byte) {
		c.movie.tracks[0].id = int(binary.BigEndian.Uint32(s))
		c.movie.tracks[1].id = int(binary.BigEndian.Uint32(s[4:]))
		c.movie.tracks[1].refs = box("tref", box("auxl", be32(c.movie.tracks[0].id)), box("cdsc", s))
	}, "", nil},
	{"layer, group and volume", func(c *craftedHEIF, s []byte) { c.movie.tracks[0].layer = bytesOf(s, 8) }, "", nil},
	{"handler of a track", func(c *craftedHEIF, s []byte) { c.movie.tracks[0].name = string(s) }, "hdlr name", C{soft}},
	{"compressor", func(c *craftedHEIF, s []byte) { c.movie.tracks[1].entryName = bytesOf(s, 31) }, "compressor name", C{soft}},
	{"language", func(c *craftedHEIF, _ []byte) { c.movie.tracks[1].language = 0x1234 }, "language in mdhd", C{other}},
	{"user data of the movie", func(c *craftedHEIF, s []byte) { c.movie.more = box("udta", box("\xA9nam", s)) }, `box "udta"`, C{text}},
	{"user data of a track", func(c *craftedHEIF, s []byte) { c.movie.tracks[0].more = box("udta", s) }, `box "udta"`, C{text}},
	{"Exif of a track", func(c *craftedHEIF, s []byte) {
		data := slices.Concat(be32(0), gpsBlock(s))
		c.movie.tracks[0].more = fullBox(
			"meta", 0, 0, fullBox("hdlr", 0, 0, be32(0), []byte("pict"), be32(0, 0, 0), []byte{0}), fullBox("iloc", 1, 0, []byte{0x44, 0}, be16(1, 7, 1, 0, 1), be32(0, len(data))),
			fullBox("iinf", 0, 0, be16(1), fullBox("infe", 2, 0, be16(7, 0), []byte("Exif\x00"))), box("idat", data),
		)
	}, "item Exif", C{loc}},
	{"strange meta of a track", func(c *craftedHEIF, s []byte) { c.movie.tracks[0].more = box("meta", s) }, `box "meta"`, C{other}},
	{"free box in tables", func(c *craftedHEIF, s []byte) { c.movie.tracks[0].tables = box("free", s) }, `box "free"`, C{other}},
	{"sample groups", func(c *craftedHEIF, s []byte) { c.movie.tracks[0].tables = fullBox("sgpd", 0, 0, s) }, `box "sgpd"`, C{other}},
	{"box in a sample entry", func(c *craftedHEIF, s []byte) {
		c.movie.tracks[0].entryBoxes = slices.Concat(c.movie.tracks[0].entryBoxes, box("btrt", s))
	}, `box "btrt"`, C{other}},
	{"place of data", func(c *craftedHEIF, s []byte) { c.movie.tracks[0].url = s }, `box "dinf"`, C{other}},
	{"sound", addTrack("soun", "", nil), "track soun", C{other}},
	{"film", addTrack("vide", "", nil), "track vide", C{thumb}},
	{"track of thumbnails", addTrack("pict", "thmb", nil), "track pict", C{thumb}},
	{"depth track", addTrack("auxv", "auxl", fullBox("auxi", 0, 0, []byte("urn:mpeg:mpegB:cicp:systems:auxiliary:depth\x00"))), "track auxv", C{thumb}},
	{"metadata in a sample", func(c *craftedHEIF, s []byte) {
		c.movie.tracks[0].samples[1] = slices.Concat(obu(5, append([]byte{4}, s...)...), c.movie.tracks[0].samples[1])
	}, "metadata OBU", C{other}},
	{"coded data in another order", func(c *craftedHEIF, _ []byte) { c.movie.tracks[0].chunk, c.movie.tracks[1].chunk = 1, 1 }, "", nil},
}

func TestHEIFSequences(t *testing.T) {
	want, report := strip(t, craftAVIS().build())
	if len(report.Removed) > 0 {
		t.Errorf("a file without anything: %+v", report.Removed)
	}
	checkSettled(t, want)
	for _, p := range slices.Concat(seqPlants, heifPlants) {
		if p.name == "second mdat" { // the data of the sequence comes to lie elsewhere
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			for encoding, secret := range secrets() {
				c := craftAVIS()
				p.apply(c, secret)
				planted := c.build()
				out, report := strip(t, planted)
				if !bytes.Equal(out, want) {
					t.Errorf("%s: the output is not that of the file without it", encoding)
				}
				checkFinding(t, report, plant{carrier: p.carrier, classes: p.classes})
			}
		})
	}
}

// The tables of the output lead to the samples in their order.
func TestHEIFSamplesSurvive(t *testing.T) {
	c := craftAVIS()
	out, _ := strip(t, c.build())
	for _, track := range c.movie.tracks {
		joined := bytes.Join(track.samples, nil)
		at := bytes.Index(out, joined)
		sizes := []byte{}
		for _, s := range track.samples {
			sizes = append(sizes, be32(len(s))...)
		}
		for name, part := range map[string][]byte{
			"sizes": fullBox("stsz", 0, 0, be32(0, 3), sizes), "places": fullBox("stco", 0, 0, be32(1, at)), "chunks": fullBox("stsc", 0, 0, be32(1, 1, 3, 1)),
			"durations": fullBox("stts", 0, 0, be32(1, 3, 1)), "keys": fullBox("stss", 0, 0, be32(1, 1)),
		} {
			if at < 0 || !bytes.Contains(out, part) {
				t.Errorf("%s of track %d are not there", name, track.id)
			}
		}
	}
	for name, part := range map[string][]byte{
		"repetition": fullBox("elst", 1, 1, be32(1, 0, 1200, 0, 0, 1<<16)), "alpha": box("tref", box("auxl", be32(1))), "kind of alpha": auxi, "colour": nclx,
	} {
		if !bytes.Contains(out, part) {
			t.Errorf("%s: not there", name)
		}
	}
}

// Without a track that stays, the file no longer claims to be a sequence.
func TestHEIFSequenceOfNothing(t *testing.T) {
	c := craftAVIS()
	c.movie.tracks = c.movie.tracks[:1]
	c.movie.tracks[0].handler = "vide"
	out, report := strip(t, c.build())
	if bytes.Contains(out, []byte("moov")) || bytes.Contains(out[:32], []byte("avis")) || !bytes.Contains(out[:32], []byte("avif")) {
		t.Errorf("ftyp %q", out[:32])
	}
	if len(report.Removed) != 1 || report.Removed[0].Carrier != "track vide" {
		t.Errorf("removed %+v", report.Removed)
	}
	checkSettled(t, out)
}

func TestHEIFSequenceRefusals(t *testing.T) {
	for name, row := range map[string]struct {
		change func(c *craftedHEIF)
		want   error
	}{
		"other codec":            {func(c *craftedHEIF) { c.movie.tracks[0].coding = "vp09" }, imageproc.ErrUnsupported},
		"encrypted":              {func(c *craftedHEIF) { c.movie.tracks[0].coding = "encv" }, imageproc.ErrUnsupported},
		"no configuration":       {func(c *craftedHEIF) { c.movie.tracks[0].entryBoxes = nclx }, imageproc.ErrCorrupt},
		"fragments":              {func(c *craftedHEIF) { c.movie.more = box("mvex") }, imageproc.ErrUnsupported},
		"track twice":            {func(c *craftedHEIF) { c.movie.tracks[1].id = 1 }, imageproc.ErrCorrupt},
		"no samples":             {func(c *craftedHEIF) { c.movie.tracks[0].samples = nil }, imageproc.ErrUnsupported},
		"empty sample":           {func(c *craftedHEIF) { c.movie.tracks[0].samples[1] = nil }, imageproc.ErrCorrupt},
		"sample without picture": {func(c *craftedHEIF) { c.movie.tracks[0].samples[1] = obu(5, 1) }, imageproc.ErrCorrupt},
		"unit beyond a sample":   {func(c *craftedHEIF) { c.movie.tracks[0].samples[1] = obu(6, 1, 2, 3)[:4] }, imageproc.ErrCorrupt},
		"second mdhd":            {func(c *craftedHEIF) { c.movie.tracks[0].more = box("mdhd") }, imageproc.ErrCorrupt},
		"duration of letters":    {func(c *craftedHEIF) { c.movie.tracks[0].deltas = []int{1, 0x41424344} }, imageproc.ErrCorrupt},
		"edit of letters": {func(c *craftedHEIF) {
			c.movie.tracks[0].edits = false
			c.movie.tracks[0].more = box("edts", fullBox("elst", 1, 0, be32(1, 0x4142, 0x43444546, 0, 0, 1<<16)))
		}, imageproc.ErrCorrupt},
		"row of light levels": {func(c *craftedHEIF) {
			c.movie.tracks[0].entryBoxes = slices.Concat(c.movie.tracks[0].entryBoxes, box("clli", []byte("Fähr")[:4]), box("clli", []byte("mann")))
		}, imageproc.ErrUnsupported},
		"second moov": {func(c *craftedHEIF) { c.between = box("moov") }, imageproc.ErrCorrupt},
	} {
		c := craftAVIS()
		row.change(c)
		if _, err := imageproc.Inspect(bytes.NewReader(c.build()), nil); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
}
