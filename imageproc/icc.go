package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Colour profiles after ICC.1 §7: a header of 128 bytes, a table of tags, data.
// A profile is written anew from the numbers that say what its colours are; who
// made it, when, for which device and under what name goes.

const (
	iccHeader = 128
	maxICC    = 8 << 20 // the largest press profiles have some 3 MB
)

// checkICC returns the profile cut to the size its header gives, or nil if it is
// not one that a colour engine would accept.
func checkICC(p []byte) []byte {
	if len(p) < iccHeader+4 || len(p) > maxICC || string(p[36:40]) != "acsp" {
		return nil
	}
	size := uint64(binary.BigEndian.Uint32(p))
	if size < iccHeader+4 || size > uint64(len(p)) {
		return nil
	}
	p = p[:size]
	n := uint64(binary.BigEndian.Uint32(p[iccHeader:]))
	if n > 1000 || iccHeader+4+12*n > size {
		return nil
	}
	for i := range n {
		entry := p[iccHeader+4+12*i:]
		offset, length := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
		if offset+length > size {
			return nil
		}
	}
	return p
}

// iccSpace is the four-letter colour space of a checked profile: "RGB ", "GRAY",
// "CMYK".
func iccSpace(p []byte) string {
	if len(p) < iccHeader {
		return ""
	}
	return string(p[16:20])
}

// iccTags returns the data of each tag of a checked profile; of two with one
// name, engines read the first.
func iccTags(p []byte) map[string][]byte {
	n := binary.BigEndian.Uint32(p[iccHeader:])
	tags := make(map[string][]byte, n)
	for i := range n {
		entry := p[iccHeader+4+12*i:]
		name, offset, length := string(entry[:4]), binary.BigEndian.Uint32(entry[4:]), binary.BigEndian.Uint32(entry[8:])
		if _, twice := tags[name]; !twice {
			tags[name] = p[offset : offset+length]
		}
	}
	return tags
}

// iccColourTags lists the tags that colours are computed from, in the order in
// which they are written, and the types that each can have, ICC.1 §9.2.
var iccColourTags = []struct {
	name  string
	types string
}{
	{"wtpt", "XYZ "},
	{"bkpt", "XYZ "},
	{"chad", "sf32"},
	{"rXYZ", "XYZ "},
	{"gXYZ", "XYZ "},
	{"bXYZ", "XYZ "},
	{"rTRC", "curv para"},
	{"gTRC", "curv para"},
	{"bTRC", "curv para"},
	{"kTRC", "curv para"},
	{"A2B0", "mft1 mft2 mAB "},
	{"A2B1", "mft1 mft2 mAB "},
	{"A2B2", "mft1 mft2 mAB "},
	{"B2A0", "mft1 mft2 mBA "},
	{"B2A1", "mft1 mft2 mBA "},
	{"B2A2", "mft1 mft2 mBA "},
	{"cicp", "cicp"},
}

// cleanICC writes a profile anew, for the same colours: header and tags hold
// numbers that colours are computed from and nothing else. nil stands for what no
// colour engine would use. What stays behind is reported.
func cleanICC(p []byte, pic *picture) []byte {
	if p = checkICC(p); p == nil {
		return nil
	}
	tags := iccTags(p)
	kept := make(map[string][]byte)
	for _, t := range iccColourTags {
		if data := tags[t.name]; len(data) >= 8 && bytes.Contains([]byte(t.types), data[:4]) {
			if clean := iccElement(data); clean != nil {
				kept[t.name] = clean
			}
		}
	}
	if !iccUsable(p, kept) {
		return nil
	}
	out := iccWrite(iccCleanHeader(p), kept)
	if !bytes.Equal(out, p) {
		reportICC(p, tags, kept, pic)
	}
	return out
}

// iccUsable reports whether the tags turn numbers into colours: by a table, or by
// curves and, where there are three, primaries. Tables for the way back alone do
// not. Devices that are no pictures' have no profile here, ICC.1 §8.
func iccUsable(p []byte, kept map[string][]byte) bool {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return kept[n] == nil })
	}
	class, pcs := string(p[12:16]), string(p[20:24])
	if p[8] > 4 || !slices.Contains([]string{"mntr", "scnr", "prtr", "spac"}, class) || pcs != "XYZ " && pcs != "Lab " {
		return false
	}
	table := has("A2B0") || has("A2B1") || has("A2B2")
	switch iccSpace(p) {
	case "RGB ":
		return table || has("rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC")
	case "GRAY":
		return table || has("kTRC")
	case "CMYK":
		return table
	}
	return false
}

// iccCleanHeader keeps the version, 2 or 4, the class, the two colour spaces and
// the rendering intent, ICC.1 §7.2. No engine computes with the rest.
func iccCleanHeader(p []byte) []byte {
	h := make([]byte, iccHeader)
	h[8], h[9] = 2, 0x10
	if p[8] == 4 {
		h[8], h[9] = 4, 0x20
	}
	copy(h[12:24], p[12:24])
	copy(h[36:], "acsp")
	if intent := binary.BigEndian.Uint32(p[64:]) & 0xFFFF; intent <= 3 {
		h[67] = byte(intent)
	}
	copy(h[68:], "\x00\x00\xF6\xD6\x00\x01\x00\x00\x00\x00\xD3\x2D") // D50
	return h
}

// iccNames are the tags that ICC.1 §8.2 wants in every profile, description and
// copyright, as they are in each of ours, for versions 2 and 4.
var iccNames = map[byte][2]string{
	2: {
		"desc\x00\x00\x00\x00\x00\x00\x00\x04icc\x00" + string(make([]byte, 4+4+2+1+67)),
		"text\x00\x00\x00\x00none\x00",
	},
	4: {
		"mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0CenUS\x00\x00\x00\x06\x00\x00\x00\x1C\x00i\x00c\x00c",
		"mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0CenUS\x00\x00\x00\x08\x00\x00\x00\x1C\x00n\x00o\x00n\x00e",
	},
}

// iccWrite puts header, table and data together. Equal data is written once.
func iccWrite(header []byte, kept map[string][]byte) []byte {
	names := iccNames[header[8]]
	type entry struct {
		name string
		data []byte
	}
	list := []entry{{"desc", []byte(names[0])}, {"cprt", []byte(names[1])}}
	for _, t := range iccColourTags {
		if data := kept[t.name]; data != nil {
			list = append(list, entry{t.name, data})
		}
	}
	table := binary.BigEndian.AppendUint32(nil, uint32(len(list)))
	start := iccHeader + 4 + 12*len(list)
	var body []byte
	for i, e := range list {
		at := start + len(body)
		if k := slices.IndexFunc(list[:i], func(o entry) bool { return bytes.Equal(o.data, e.data) }); k >= 0 {
			at = int(binary.BigEndian.Uint32(table[4+12*k+4:]))
		} else {
			body = append(body, e.data...)
			body = append(body, make([]byte, -len(body)&3)...)
		}
		table = append(table, e.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(at))
		table = binary.BigEndian.AppendUint32(table, uint32(len(e.data)))
	}
	out := slices.Concat(header, table, body)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

// iccTagClasses says what the tags hold that name things.
var iccTagClasses = map[string]classSet{
	"desc": setOf(Device), "dmnd": setOf(Device), "dmdd": setOf(Device), "mmod": setOf(Device), "vcgt": setOf(Device),
	"cprt": setOf(Person), "calt": setOf(Time), "targ": setOf(Comment), "scrd": setOf(Comment), "vued": setOf(Comment),
	"meta": setOf(Comment, Software), "pseq": setOf(Device), "psid": setOf(Device),
}

// reportICC lists what a profile loses, and takes its texts.
func reportICC(p []byte, tags, kept map[string][]byte, pic *picture) {
	classes, size := classSet(0), 0
	for name, data := range tags {
		if kept[name] != nil {
			continue
		}
		size += len(data)
		classes |= iccTagClasses[name]
		if bytes.HasPrefix(data, []byte("mluc")) && len(data) > 16 {
			pic.texts.addUTF16(data[min(len(data), 16+12*int(data[11])):], binary.BigEndian)
		} else {
			pic.texts.blob(data[min(len(data), 8):])
		}
	}
	isZero := func(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
	if !isZero(p[24:36]) {
		classes |= setOf(Time)
	}
	if !isZero(p[48:56]) || !isZero(p[80:84]) {
		classes |= setOf(Device)
	}
	const header = 12 + 4 + 4 + 12 + 4 + 4 + 16 // date, engine, platform, device, creator, flags, id
	pic.found.add("ICC profile", size+header, classes)
}
