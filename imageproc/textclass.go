package imageproc

import (
	"bytes"
	"encoding/binary"
)

// What follows says what classes of data a block of XMP, IPTC or Photoshop
// resources holds. It reads names only, in one bounded pass, and what it does
// not know it calls Other: a report may be vague, the strip is not.

// xmpSchemas maps the usual prefix of an XMP schema to the beginnings of the
// property names in it, "" for all of them.
var xmpSchemas = map[string][]struct {
	local string
	class classSet
}{
	"exif": {{"GPS", setOf(Location)}, {"DateTime", setOf(Time)}, {"UserComment", setOf(Comment)}},
	"photoshop": {
		{"City", setOf(Location)},
		{"State", setOf(Location)},
		{"Country", setOf(Location)},
		{"Credit", setOf(Person)},
		{"AuthorsPosition", setOf(Person)},
		{"CaptionWriter", setOf(Person)},
		{"DateCreated", setOf(Time)},
		{"Headline", setOf(Comment)},
		{"Instructions", setOf(Comment)},
	},
	"Iptc4xmpCore": {{"Location", setOf(Location)}, {"CountryCode", setOf(Location)}, {"CreatorContactInfo", setOf(Person)}},
	"Iptc4xmpExt": {
		{"Location", setOf(Location)},
		{"PersonInImage", setOf(Person)},
		{"DigitalSourceType", setOf(Provenance)},
		{"AISystem", setOf(Provenance)},
		{"AIPrompt", setOf(Comment, Provenance)},
	},
	"tiff": {
		{"Make", setOf(Device)},
		{"Model", setOf(Device)},
		{"Artist", setOf(Person)},
		{"Copyright", setOf(Person)},
		{"Software", setOf(Software)},
		{"ImageDescription", setOf(Comment)},
		{"DateTime", setOf(Time)},
	},
	"aux":       {{"SerialNumber", setOf(Device)}, {"Lens", setOf(Device)}, {"OwnerName", setOf(Person)}},
	"exifEX":    {{"BodySerialNumber", setOf(Device)}, {"Lens", setOf(Device)}, {"CameraOwnerName", setOf(Person)}},
	"dc":        {{"creator", setOf(Person)}, {"rights", setOf(Person)}, {"description", setOf(Comment)}, {"title", setOf(Comment)}, {"subject", setOf(Comment)}},
	"xmp":       xmpBasic,
	"xap":       xmpBasic,
	"stEvt":     {{"when", setOf(Time)}, {"softwareAgent", setOf(Software)}},
	"pdf":       {{"Author", setOf(Person)}, {"Creator", setOf(Person)}, {"Title", setOf(Comment)}, {"Subject", setOf(Comment)}, {"Keywords", setOf(Comment)}, {"Producer", setOf(Software)}},
	"lr":        {{"hierarchicalSubject", setOf(Comment)}},
	"dcterms":   {{"provenance", setOf(Provenance)}},
	"Container": {{"Directory", setOf(Thumbnail)}},
	"xmpRights": {{"", setOf(Person)}},
	"mwg-rs":    {{"", setOf(Person)}},
	"MPReg":     {{"", setOf(Person)}},
	"plus":      {{"", setOf(Person)}},
	"xmpGImg":   {{"", setOf(Thumbnail)}},
	"GImage":    {{"", setOf(Thumbnail)}},
	"GDepth":    {{"", setOf(Thumbnail)}},
	"hdrgm":     {{"", setOf(Thumbnail)}},
	"GCamera":   {{"", setOf(Device)}},
	"digiKam":   {{"", setOf(Comment)}},
	"crs":       {{"", setOf(Software)}},
	"x":         {{"xmptk", setOf(Software)}},
	"xmpMM":     {{"", setOf(Provenance)}},
	"xapMM":     {{"", setOf(Provenance)}},
}

var xmpBasic = []struct {
	local string
	class classSet
}{
	{"CreateDate", setOf(Time)},
	{"ModifyDate", setOf(Time)},
	{"MetadataDate", setOf(Time)},
	{"Thumbnails", setOf(Thumbnail)},
	{"CreatorTool", setOf(Software)},
}

// maxXMPNames bounds the names looked at in one packet.
const maxXMPNames = 20_000

// xmpClasses goes from colon to colon: what stands around one is a prefix and a
// name, or the beginning of an address, which names nothing.
func xmpClasses(packet []byte) classSet {
	var s classSet
	var prefix []byte // the last one, which most often is the next one, too
	properties, at := xmpSchemas[""], 0
	for range maxXMPNames {
		k := bytes.IndexByte(packet[at:], ':')
		if k < 0 {
			break
		}
		start := at + k
		for start > at && start > at+k-16 && isNameByte(packet[start-1]) {
			start--
		}
		local := packet[at+k+1:]
		if !bytes.Equal(packet[start:at+k], prefix) {
			prefix = packet[start : at+k]
			properties = xmpSchemas[string(prefix)]
		}
		for _, p := range properties {
			if n := len(p.local); len(local) >= n && string(local[:n]) == p.local {
				s |= p.class
			}
		}
		at += k + 1
	}
	return s
}

func isNameByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-'
}

// iptcClasses reads IPTC-IIM records: 0x1C, record, dataset, two bytes of
// length. Record 2 is the one about the picture.
func iptcClasses(data []byte, values *texts) classSet {
	var s classSet
	for len(data) >= 5 && data[0] == 0x1C {
		if data[1] == 2 {
			s |= iptcDataset(data[2])
		}
		n := int(binary.BigEndian.Uint16(data[3:]))
		if n > len(data)-5 { // also extended lengths, whose top bit is set
			break
		}
		values.add(data[5 : 5+n])
		if data[1] == 2 && data[2] == 80 {
			values.claim(claimCreator, data[5:5+n])
		} else if data[1] == 2 && data[2] == 116 {
			values.claim(claimRights, data[5:5+n])
		}
		data = data[5+n:]
	}
	return s
}

func iptcDataset(id byte) classSet {
	switch id {
	case 80, 85, 110, 115, 116, 118, 122:
		return setOf(Person)
	case 26, 27, 90, 92, 95, 100, 101:
		return setOf(Location)
	case 30, 35, 37, 38, 47, 55, 60, 62, 63:
		return setOf(Time)
	case 5, 7, 15, 20, 25, 40, 105, 120:
		return setOf(Comment)
	case 65, 70:
		return setOf(Software)
	}
	return 0
}

// irbClasses reads Photoshop image resource blocks: "8BIM", id, a Pascal string
// padded to even length, four bytes of length, data padded to even length. What
// Exif in them takes is charged to the budget.
func irbClasses(data []byte, budget *scanBudget) classSet {
	s := setOf(Software)
	for len(data) >= 12 && string(data[:4]) == "8BIM" {
		id := binary.BigEndian.Uint16(data[4:])
		name := (int(data[6]) + 2) &^ 1
		if 6+name+4 > len(data) {
			break
		}
		size := int64(binary.BigEndian.Uint32(data[6+name:]))
		rest := data[10+name:]
		if size > int64(len(rest)) {
			break
		}
		switch body := rest[:size]; id {
		case 0x0404:
			s |= iptcClasses(body, budget.texts)
		case 0x0409, 0x040C:
			s |= setOf(Thumbnail)
		case 0x040F: // a colour profile, which holds what every copy of it does
		case 0x0422:
			classes, _, _ := budget.exif(body, false)
			s |= classes
		case 0x0424:
			budget.texts.xmp(body)
			s |= xmpClasses(body)
		case 0x040A, 0x040B:
			s |= setOf(Person) // copyright flag, URL
			budget.texts.blob(body)
		default:
			budget.texts.blob(body)
		}
		rest = rest[size:]
		data = rest[min(int(size&1), len(rest)):]
	}
	return s
}
