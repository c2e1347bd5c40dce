package imageproc_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"

	"github.com/fitveil/fitveil/imageproc"
)

// Relations that no writer makes, each of which the first walker once let pass
// and the second stopped.
func TestHEIFStrangeRelations(t *testing.T) {
	second := func(c *craftedHEIF, props ...[]byte) {
		c.items = append(c.items, craftedItem{id: 3, typ: "av01", data: append(bytes.Clone(c.items[0].data), obu(6, 9)...), props: []int{-1, 2}})
		for _, p := range props {
			c.prop(3, p, false)
		}
	}
	for name, row := range map[string]struct {
		change func(c *craftedHEIF)
		want   error
	}{
		"a coded picture derived from another": {func(c *craftedHEIF) {
			second(c)
			c.refs = append(c.refs, craftedRef{"dimg", 1, []int{3}})
		}, imageproc.ErrCorrupt},
		"alpha behind an auxiliary type of no name": {func(c *craftedHEIF) {
			second(c, auxC(""), auxC("urn:mpeg:hevc:2015:auxid:1"))
		}, nil},
		"sound with the number of a picture track": {func(c *craftedHEIF) {
			sound := c.movie.tracks[0]
			sound.handler = "soun"
			c.movie.tracks = append([]craftedTrack{sound}, c.movie.tracks...)
		}, imageproc.ErrCorrupt},
	} {
		c := craftAVIS()
		row.change(c)
		_, err := imageproc.Strip(io.Discard, bytes.NewReader(c.build()), nil)
		if !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
}

// Whatever items, properties, relations and tracks a file consists of: what the
// first walker writes the second accepts, and nothing is left to take out.
func TestHEIFWalkersAgreeOnRelations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawHEIF(t).build()
		out := new(bytes.Buffer)
		mark := &imageproc.SanitizeOptions{Mark: testMark}
		_, err := imageproc.Strip(out, bytes.NewReader(in), nil)
		if _, marked := imageproc.Sanitize(t.Context(), bytes.NewReader(in), mark); (err == nil) != (marked == nil) || errors.Is(marked, imageproc.ErrVerify) {
			t.Fatalf("with a mark %v, without %v", marked, err)
		}
		if errors.Is(err, imageproc.ErrVerify) {
			t.Fatalf("the second walker stopped the first: %v", err)
		}
		if err != nil {
			return
		}
		again := new(bytes.Buffer)
		report, err := imageproc.Strip(again, bytes.NewReader(out.Bytes()), nil)
		if err != nil || len(report.Removed) > 0 || !bytes.Equal(again.Bytes(), out.Bytes()) {
			t.Fatalf("a second strip: %v, %+v", err, report)
		}
	})
}

func drawHEIF(t *rapid.T) *craftedHEIF {
	c := craftAVIS()
	c.items, c.refs = nil, nil
	c.props = [][]byte{
		av1C(obu(1, plainHeader...)), hvcC(plainSets, 33), ispe(64, 64), nclx, auxC("urn:mpeg:hevc:2015:auxid:1"), auxC("urn:depth"), auxC(""),
		irot(1), imir(1), clap(10, 9), box("a1lx", []byte{0}, be16(1, 1, 0)), box("pasp", be32(6, 4)), box("zzzz", []byte("a")),
	}
	ids := rapid.IntRange(1, 5)
	coded := [][]byte{obu(6, 1), obu(6, 2, 3), append(obu(5, 1), obu(6, 4)...)}
	for id := 1; id <= 5; id++ {
		it := craftedItem{id: id, typ: rapid.SampledFrom([]string{"av01", "av01", "av01", "hvc1", "grid", "iovl", "iden", "tmap"}).Draw(t, "type")}
		it.hidden = rapid.IntRange(0, 3).Draw(t, "hidden") == 0
		it.props = []int{3}
		switch it.typ {
		case "av01":
			it.data, it.props = rapid.SampledFrom(coded).Draw(t, "data"), []int{-1, 3}
		case "hvc1":
			it.data, it.props = nal(19, 1, 2), []int{-2, 3}
		case "grid":
			it.data = []byte{0, 0, 0, 0, 0, 64, 0, 64}
		case "iovl":
			it.data = append([]byte{0, 0}, be16(0, 0, 0, 9, 64, 64, 1, 2, 3, 4)...)
		}
		it.inIdat = it.data != nil && rapid.Bool().Draw(t, "idat")
		it.props = append(it.props, rapid.SliceOfN(rapid.IntRange(1, len(c.props)), 0, 3).Draw(t, "properties")...)
		c.items = append(c.items, it)
		if it.typ != "av01" && it.typ != "hvc1" || rapid.IntRange(0, 9).Draw(t, "derived") == 0 {
			c.refs = append(c.refs, craftedRef{"dimg", id, rapid.SliceOfN(ids, 1, 2).Draw(t, "inputs")})
		}
		for _, typ := range []string{"auxl", "thmb", "prem", "cdsc"} {
			if rapid.IntRange(0, 5).Draw(t, typ) == 0 {
				c.refs = append(c.refs, craftedRef{typ, id, rapid.SliceOfN(ids, 0, 2).Draw(t, "related")})
			}
		}
	}
	c.primary = ids.Draw(t, "primary")
	for range rapid.IntRange(0, 2).Draw(t, "groups") {
		members := rapid.SliceOfN(ids, 0, 3).Draw(t, "members")
		typ := rapid.SampledFrom([]string{"altr", "ster", "abcd"}).Draw(t, "group")
		c.inMeta = append(c.inMeta, box("grpl", fullBox(typ, 0, 0, be32(9, len(members)), be32(members...)))...)
	}
	drawTracks(t, c)
	return c
}

func drawTracks(t *rapid.T, c *craftedHEIF) {
	if rapid.Bool().Draw(t, "still") {
		c.movie = nil
		return
	}
	model := c.movie.tracks[1]
	boxes := model.entryBoxes[:len(model.entryBoxes)-len(auxi)]
	c.movie.tracks = nil
	for i := range rapid.IntRange(1, 3).Draw(t, "tracks") {
		track := model
		track.id = i + 1
		if rapid.IntRange(0, 7).Draw(t, "number taken") == 0 {
			track.id = 1
		}
		track.handler = rapid.SampledFrom([]string{"pict", "pict", "auxv", "vide", "soun"}).Draw(t, "handler")
		track.entryBoxes = bytes.Join([][]byte{boxes, rapid.SampledFrom([][]byte{nil, auxi, fullBox("auxi", 0, 0, []byte("urn:depth\x00"))}).Draw(t, "kind")}, nil)
		track.refs = nil
		for _, typ := range []string{"auxl", "prem", "thmb"} {
			if rapid.IntRange(0, 2).Draw(t, typ) == 0 {
				track.refs = append(track.refs, box(typ, be32(rapid.SliceOfN(rapid.IntRange(1, 4), 0, 2).Draw(t, "tracks related")...))...)
			}
		}
		if track.refs != nil {
			track.refs = box("tref", track.refs)
		}
		track.chunk = rapid.IntRange(1, 3).Draw(t, "chunk")
		track.deltas = rapid.SliceOfN(rapid.IntRange(1, 2), 0, 3).Draw(t, "durations")
		track.edits = rapid.Bool().Draw(t, "edits")
		if rapid.Bool().Draw(t, "delays") {
			track.tables = fullBox("ctts", 1, 0, be32(2, 1, -5, 2, 7))
		}
		c.movie.tracks = append(c.movie.tracks, track)
	}
}
