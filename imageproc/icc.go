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

// iccTagCount is how many tags a checked profile has, iccTagAt tag i.
func iccTagCount(p []byte) int { return int(binary.BigEndian.Uint32(p[iccHeader:])) }

func iccTagAt(p []byte, i int) (name, data []byte) {
	entry := p[iccHeader+4+12*i:]
	offset, length := binary.BigEndian.Uint32(entry[4:]), binary.BigEndian.Uint32(entry[8:])
	return entry[:4], p[offset : offset+length]
}

// iccTag is the data of a tag; of two with one name, engines read the first.
func iccTag(p []byte, name string) []byte {
	for i := range iccTagCount(p) {
		if n, data := iccTagAt(p, i); string(n) == name {
			return data
		}
	}
	return nil
}

// iccColourTags lists the tags that colours are computed from, in the order in
// which they are written, and the types that each can have, ICC.1 §9.2.
var iccColourTags = [...]struct {
	name, types string
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

// iccKept is the data of those tags, written anew; nil is none.
type iccKept [len(iccColourTags)][]byte

func (k *iccKept) tag(name string) []byte {
	for i := range iccColourTags {
		if iccColourTags[i].name == name {
			return k[i]
		}
	}
	return nil
}

// cleanICC writes a profile anew, for the same colours: header and tags hold
// numbers that colours are computed from and nothing else. nil stands for what no
// colour engine would use. What stays behind is reported.
func cleanICC(p []byte, pic *picture) []byte {
	if p = checkICC(p); p == nil {
		return nil
	}
	var kept iccKept
	for i, t := range iccColourTags {
		if data := iccTag(p, t.name); len(data) >= 8 && bytes.Contains([]byte(t.types), data[:4]) {
			kept[i] = iccElement(data, pic.made)
		}
	}
	if !iccUsable(p, &kept) {
		return nil
	}
	header := iccCleanHeader(p)
	out := iccWrite(&header, &kept, pic.made)
	if !bytes.Equal(out, p) {
		reportICC(p, &kept, pic)
	}
	return out
}

// iccUsable reports whether the tags turn numbers into colours: by a table, or by
// curves and, where there are three, primaries. Tables for the way back alone do
// not. Devices that are no pictures' have no profile here, ICC.1 §8.
func iccUsable(p []byte, kept *iccKept) bool {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return kept.tag(n) == nil })
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
func iccCleanHeader(p []byte) (h [iccHeader]byte) {
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
var iccNames = map[byte][2][]byte{
	2: {
		[]byte("desc\x00\x00\x00\x00\x00\x00\x00\x04icc\x00" + string(make([]byte, 4+4+2+1+67))),
		[]byte("text\x00\x00\x00\x00none\x00"),
	},
	4: {
		[]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0CenUS\x00\x00\x00\x06\x00\x00\x00\x1C\x00i\x00c\x00c"),
		[]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0CenUS\x00\x00\x00\x08\x00\x00\x00\x1C\x00n\x00o\x00n\x00e"),
	},
}

// iccWrite puts header, table and data together. Equal data is written once.
func iccWrite(header *[iccHeader]byte, kept *iccKept, made *arena) []byte {
	type entry struct {
		name string
		data []byte
		at   int
	}
	var room [2 + len(iccColourTags)]entry
	list := append(room[:0], entry{name: "desc", data: iccNames[header[8]][0]}, entry{name: "cprt", data: iccNames[header[8]][1]})
	for i, data := range kept {
		if data != nil {
			list = append(list, entry{name: iccColourTags[i].name, data: data})
		}
	}
	size := iccHeader + 4 + 12*len(list)
	for i := range list {
		e := &list[i]
		if k := slices.IndexFunc(list[:i], func(o entry) bool { return bytes.Equal(o.data, e.data) }); k >= 0 {
			e.at = list[k].at
		} else {
			e.at = size
			size += (len(e.data) + 3) &^ 3
		}
	}
	out := append(made.room(size), header[:]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(list)))
	for _, e := range list {
		out = append(out, e.name...)
		out = binary.BigEndian.AppendUint32(out, uint32(e.at))
		out = binary.BigEndian.AppendUint32(out, uint32(len(e.data)))
	}
	for _, e := range list {
		if e.at == len(out) {
			out = append(out, e.data...)
			out = append(out, "\x00\x00\x00"[:-len(out)&3]...)
		}
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

// iccTagClasses says what the tags hold that name things.
var iccTagClasses = map[string]classSet{
	"desc": setOf(Device), "dmnd": setOf(Device), "dmdd": setOf(Device), "mmod": setOf(Device), "vcgt": setOf(Device),
	"cprt": setOf(Person), "calt": setOf(Time), "targ": setOf(Comment), "scrd": setOf(Comment), "vued": setOf(Comment),
	"meta": setOf(Comment, Software), "pseq": setOf(Device), "psid": setOf(Device),
}

// iccRepeats says whether a tag before tag i has its name.
func iccRepeats(p []byte, i int) bool {
	name, _ := iccTagAt(p, i)
	for k := range i {
		if string(p[iccHeader+4+12*k:][:4]) == string(name) {
			return true
		}
	}
	return false
}

// reportICC lists what a profile loses, and takes its texts.
func reportICC(p []byte, kept *iccKept, pic *picture) {
	classes, size := classSet(0), 0
	for i := range iccTagCount(p) {
		name, data := iccTagAt(p, i)
		if kept.tag(string(name)) != nil || iccRepeats(p, i) {
			continue
		}
		size += len(data)
		classes |= iccTagClasses[string(name)]
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
