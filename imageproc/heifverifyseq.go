package imageproc

import (
	"slices"
	"strings"
)

// zeros reports whether b is there and nothing but zeros.
func zeros(b []byte, size int) bool {
	return len(b) == size && strings.Trim(string(b), "\x00") == ""
}

// movie reads moov: a header and tracks of which every field is either fixed or
// a number of few bits.
func (v *heifVerifier) movie(b []byte) {
	tracks := 0
	var header []byte
	refs := trackRefs{shown: map[uint32]bool{}}
	v.each(b, func(typ string, body []byte) {
		switch {
		case typ == "mvhd" && header == nil && tracks == 0:
			header = body
		case typ == "trak" && header != nil:
			tracks++
			v.track(body, tracks, &refs)
		default:
			v.insist(false, "box %q is not allowed here", typ)
		}
	})
	for _, n := range refs.auxiliary {
		v.insist(refs.shown[n], "alpha of a track that is not shown")
	}
	for _, n := range refs.others {
		v.insist(n > 0 && int64(n) <= int64(tracks), "a track that is not there")
	}
	h := header
	ok := len(h) == 112 && heifNumber(h[:4]) == 1<<24 && zeros(h[4:20], 16) && ticks(h[20:24]) && span36(h[24:32]) &&
		heifNumber(h[32:36]) == 1<<16 && heifNumber(h[36:40]) == 1<<24 && zeros(h[40:48], 8) && quarterTurn(h[48:84]) && zeros(h[84:108], 24) &&
		int(heifNumber(h[108:])) == tracks+1
	v.insist(ok, "mvhd is not the canonical one")
}

// ticks reports whether a number is below 2^29, so that it does not begin with a
// letter, and span36 the same of eight bytes, or that they are all ones.
func ticks(b []byte) bool { return b[0] < 0x20 }

func span36(b []byte) bool {
	return b[0]|b[1]|b[2]|b[3]>>4 == 0 || string(b) == "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
}

// quarterTurn reports whether a matrix turns by quarters and moves by whole
// pixels: its rows are (a b 0), (c d 0), (x y 1).
func quarterTurn(m []byte) bool {
	unit := func(i int) int {
		return map[string]int{"\x00\x01\x00\x00": 1, "\xFF\xFF\x00\x00": -1, "\x00\x00\x00\x00": 0}[string(m[i:i+4])]
	}
	for _, i := range []int{0, 4, 12, 16} {
		if unit(i) == 0 && !zeros(m[i:i+4], 4) {
			return false
		}
	}
	moved := m[24]|m[26]|m[27]|m[28]|m[30]|m[31] == 0
	return unit(0)*unit(16)-unit(4)*unit(12) != 0 && unit(0)*unit(4) == 0 && unit(12)*unit(16) == 0 &&
		zeros(m[8:12], 4) && zeros(m[20:24], 4) && moved && string(m[32:]) == "\x40\x00\x00\x00"
}

// trackRefs collects what tracks say of each other.
type trackRefs struct {
	shown             map[uint32]bool
	auxiliary, others []uint32
}

func (v *heifVerifier) track(b []byte, n int, refs *trackRefs) {
	found := v.ordered(b, "tkhd", "edts", "tref", "mdia")
	h := found["tkhd"]
	ok := len(h) == 104-8 && h[0] == 1 && h[1]|h[2] == 0 && h[3] < 8 && zeros(h[4:20], 16) && int(heifNumber(h[20:24])) == n &&
		zeros(h[24:28], 4) && span36(h[28:36]) && zeros(h[36:52], 16) && quarterTurn(h[52:88])
	v.insist(ok, "tkhd is not the canonical one")
	if e, there := found["edts"]; there {
		v.edits(v.ordered(e, "elst")["elst"])
	}
	aux := false
	v.each(found["tref"], func(typ string, to []byte) {
		v.insist((typ == "auxl" || typ == "prem") && len(to) > 0 && len(to)%4 == 0, "a relation %q of tracks", typ)
		aux = aux || typ == "auxl"
		for ; len(to) >= 4; to = to[4:] {
			if typ == "auxl" {
				refs.auxiliary = append(refs.auxiliary, heifNumber(to[:4]))
			} else {
				refs.others = append(refs.others, heifNumber(to[:4]))
			}
		}
	})
	refs.shown[uint32(n)] = !aux
	media := v.ordered(found["mdia"], "mdhd", "hdlr", "minf")
	m := media["mdhd"]
	v.insist(len(m) == 36 && heifNumber(m[:4]) == 1<<24 && zeros(m[4:20], 16) && ticks(m[20:24]) && span36(m[24:32]) &&
		string(m[32:]) == "\x55\xC4\x00\x00", "mdhd is not the canonical one")
	handler := string(media["hdlr"])
	v.insist(len(handler) == 25 && (handler[8:12] == "pict" || aux && handler[8:12] == "auxv") && zeros([]byte(handler[:8]+handler[12:]), 21), "hdlr of a track")
	info := v.ordered(media["minf"], "vmhd", "dinf", "stbl")
	v.insist(string(info["vmhd"]) == "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", "vmhd is not the canonical one")
	v.insist(string(info["dinf"]) == "\x00\x00\x00\x1Cdref\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0Curl \x00\x00\x00\x01", "dinf is not the canonical one")
	v.tables(v.ordered(info["stbl"], "stsd", "stts", "ctts", "stss", "stsc", "stsz", "stco"), aux)
}

func (v *heifVerifier) edits(b []byte) {
	ok := len(b) >= 28 && heifNumber(b[:4])|1 == 1<<24|1 && int64(heifNumber(b[4:8]))*20 == int64(len(b)-8)
	for i := 8; ok && i < len(b); i += 20 {
		ok = span36(b[i:i+8]) && span36(b[i+8:i+16]) && heifNumber(b[i+16:i+20]) == 1<<16
	}
	v.insist(ok, "elst is not the canonical one")
}

// tables reads stbl and notes where each sample lies.
func (v *heifVerifier) tables(t map[string][]byte, alpha bool) {
	var entries []*heifSeen
	if d := t["stsd"]; len(d) < 8 || heifNumber(d[:4]) != 0 {
		v.insist(false, "stsd is cut short")
	} else {
		v.each(d[8:], func(typ string, e []byte) { entries = append(entries, v.entry(typ, e, alpha)) })
		v.insist(len(entries) == int(heifNumber(d[4:8])), "number of sample entries")
	}
	count := int64(0)
	if s := t["stsz"]; len(s) > 12 && zeros(s[:8], 8) && int64(heifNumber(s[8:12]))*4 == int64(len(s)-12) {
		count = int64(heifNumber(s[8:12]))
	}
	v.insist(count > 0, "stsz is not the canonical one")
	v.runs(t["stts"], 0, count)
	if c, there := t["ctts"]; there {
		v.runs(c, 1<<24, count)
	}
	if k, there := t["stss"]; there {
		v.keys(k, count)
	}
	if v.err == nil {
		v.chunks(t["stsc"], t["stco"], t["stsz"][12:], entries)
	}
}

// entry reads a sample entry: 78 bytes of which eight say the size, then boxes.
func (v *heifVerifier) entry(typ string, e []byte, alpha bool) *heifSeen {
	it := &heifSeen{typ: typ}
	if len(e) < 78 {
		v.insist(false, "a sample entry is cut short")
		return it
	}
	fixed := slices.Concat(e[:24], e[28:78])
	want := "\x00\x00\x00\x00\x00\x00\x00\x01" + strings.Repeat("\x00", 16) + "\x00\x48\x00\x00\x00\x48\x00\x00\x00\x00\x00\x00\x00\x01" +
		strings.Repeat("\x00", 32) + "\x00\x18\xFF\xFF"
	v.insist(string(fixed) == want, "a sample entry is not the canonical one")
	named := false
	v.each(e[78:], func(box string, body []byte) {
		switch box {
		case "ccst":
			v.insist(len(body) == 8 && zeros(body[:4], 4) && body[4]&3 == 0 && zeros(body[5:], 3), "ccst is not the canonical one")
		case "auxi":
			v.property("auxC", body)
			named = true
		case "hvcC", "av1C", "colr", "pasp", "clap", "clli", "mdcv", "amve":
			v.property(box, body)
			v.apply(it, heifSeenProp{typ: box, body: body})
		default:
			v.insist(false, "box %q in a sample entry", box)
		}
	})
	v.insist(typ == "hvc1" && strings.HasPrefix(it.coding, "hevc") || typ == "av01" && it.coding == "av1", "coding of a sample entry")
	v.insist(named || !alpha, "an auxiliary track that is not alpha")
	return it
}

// runs reads a table of counts and values.
func (v *heifVerifier) runs(b []byte, version uint32, count int64) {
	if len(b) < 8 || heifNumber(b[:4]) != version || int64(heifNumber(b[4:8]))*8 != int64(len(b)-8) {
		v.insist(false, "a table of values is not the canonical one")
		return
	}
	for i := 8; i < len(b); i += 8 {
		count -= int64(heifNumber(b[i : i+4]))
		ok := ticks(b[i+4:]) || version > 0 && b[i+4] >= 0xE0
		v.insist(ok && heifNumber(b[i:i+4]) > 0 && (i == 8 || string(b[i+4:i+8]) != string(b[i-4:i])), "a value that is none")
	}
	v.insist(count == 0, "values for other samples")
}

func (v *heifVerifier) keys(b []byte, count int64) {
	if len(b) < 8 || heifNumber(b[:4]) != 0 || int64(heifNumber(b[4:8]))*4 != int64(len(b)-8) {
		v.insist(false, "stss is not the canonical one")
		return
	}
	last := int64(0)
	for i := 8; i < len(b); i += 4 {
		n := int64(heifNumber(b[i : i+4]))
		v.insist(n > last && n <= count, "stss is not in order")
		last = n
	}
}

// chunks goes through the samples in the order of their places.
func (v *heifVerifier) chunks(runs, offsets, sizes []byte, entries []*heifSeen) {
	if len(runs) < 20 || len(offsets) < 12 || heifNumber(runs[:4])|heifNumber(offsets[:4]) != 0 ||
		int64(heifNumber(runs[4:8]))*12 != int64(len(runs)-8) || int64(heifNumber(offsets[4:8]))*4 != int64(len(offsets)-8) {
		v.insist(false, "the tables of chunks are cut short")
		return
	}
	runs, offsets = runs[8:], offsets[8:]
	var per, entry uint32
	end := uint32(0)
	for chunk := uint32(1); len(offsets) > 0 && v.err == nil; chunk++ {
		before := entry
		if len(runs) > 0 && heifNumber(runs[:4]) == chunk {
			v.insist(heifNumber(runs[4:8]) != per || heifNumber(runs[8:12]) != entry, "a run of chunks that is none")
			per, entry = heifNumber(runs[4:8]), heifNumber(runs[8:12])
			runs = runs[12:]
		}
		at := heifNumber(offsets[:4])
		offsets = offsets[4:]
		v.insist(per > 0 && int64(per)*4 <= int64(len(sizes)) && entry > 0 && int64(entry) <= int64(len(entries)), "a chunk is not valid")
		v.insist(chunk == 1 || at != end || entry != before, "two chunks that are one")
		for n := per; n > 0 && v.err == nil; n-- {
			place, it := heifRange{at, heifNumber(sizes[:4])}, entries[entry-1]
			other := v.inMdat[place]
			v.insist(place.size > 0 && (other == nil || other.typ == it.typ && other.coding == it.coding), "a sample is not valid")
			if other == nil {
				v.inMdat[place] = it
			}
			at += place.size
			sizes = sizes[4:]
		}
		end = at
	}
	v.insist(len(sizes) == 0 && len(runs) == 0, "samples without a place")
}
