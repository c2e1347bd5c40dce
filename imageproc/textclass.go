package imageproc

import (
	"bytes"
	"encoding/binary"
)

// What follows says what classes of data a block of XMP, IPTC or Photoshop
// resources holds. It reads names only, in one bounded pass, and what it does
// not know it calls Other: a report may be vague, the strip is not.

const xmpScanLimit = 1 << 20

// xmpNames are property names of the XMP, IPTC and EXIF-for-XMP schemas, in the
// prefixes that writers use.
var xmpNames = []struct {
	name  string
	class classSet
}{
	{"exif:GPS", setOf(Location)},
	{"photoshop:City", setOf(Location)},
	{"photoshop:State", setOf(Location)},
	{"photoshop:Country", setOf(Location)},
	{"Iptc4xmpCore:Location", setOf(Location)},
	{"Iptc4xmpCore:CountryCode", setOf(Location)},
	{"LocationCreated", setOf(Location)},
	{"LocationShown", setOf(Location)},
	{"tiff:Make", setOf(Device)},
	{"tiff:Model", setOf(Device)},
	{"aux:SerialNumber", setOf(Device)},
	{"aux:Lens", setOf(Device)},
	{"exifEX:BodySerialNumber", setOf(Device)},
	{"exifEX:Lens", setOf(Device)},
	{"GCamera:", setOf(Device)},
	{"aux:OwnerName", setOf(Person)},
	{"exifEX:CameraOwnerName", setOf(Person)},
	{"dc:creator", setOf(Person)},
	{"dc:rights", setOf(Person)},
	{"tiff:Artist", setOf(Person)},
	{"tiff:Copyright", setOf(Person)},
	{"xmpRights:", setOf(Person)},
	{"photoshop:Credit", setOf(Person)},
	{"photoshop:AuthorsPosition", setOf(Person)},
	{"photoshop:CaptionWriter", setOf(Person)},
	{"CreatorContactInfo", setOf(Person)},
	{"PersonInImage", setOf(Person)},
	{"mwg-rs:", setOf(Person)},
	{"MPReg:", setOf(Person)},
	{"plus:", setOf(Person)},
	{"xmp:CreateDate", setOf(Time)},
	{"xmp:ModifyDate", setOf(Time)},
	{"xmp:MetadataDate", setOf(Time)},
	{"xap:CreateDate", setOf(Time)},
	{"xap:ModifyDate", setOf(Time)},
	{"exif:DateTime", setOf(Time)},
	{"photoshop:DateCreated", setOf(Time)},
	{"stEvt:when", setOf(Time)},
	{"xmp:Thumbnails", setOf(Thumbnail)},
	{"xap:Thumbnails", setOf(Thumbnail)},
	{"xmpGImg:", setOf(Thumbnail)},
	{"GImage:", setOf(Thumbnail)},
	{"GDepth:", setOf(Thumbnail)},
	{"hdrgm:", setOf(Thumbnail)},
	{"Container:Directory", setOf(Thumbnail)},
	{"dc:description", setOf(Comment)},
	{"dc:title", setOf(Comment)},
	{"dc:subject", setOf(Comment)},
	{"photoshop:Headline", setOf(Comment)},
	{"photoshop:Instructions", setOf(Comment)},
	{"exif:UserComment", setOf(Comment)},
	{"tiff:ImageDescription", setOf(Comment)},
	{"lr:hierarchicalSubject", setOf(Comment)},
	{"digiKam:", setOf(Comment)},
	{"AIPromptInformation", setOf(Comment, Provenance)},
	{"xmp:CreatorTool", setOf(Software)},
	{"xap:CreatorTool", setOf(Software)},
	{"tiff:Software", setOf(Software)},
	{"stEvt:softwareAgent", setOf(Software)},
	{"crs:", setOf(Software)},
	{"DigitalSourceType", setOf(Provenance)},
	{"AISystem", setOf(Provenance)},
	{"xmpMM:", setOf(Provenance)},
	{"xapMM:", setOf(Provenance)},
	{"dcterms:provenance", setOf(Provenance)},
}

func xmpClasses(packet []byte) classSet {
	packet = packet[:min(len(packet), xmpScanLimit)]
	var s classSet
	for _, row := range xmpNames {
		if s&row.class != row.class && bytes.Contains(packet, []byte(row.name)) {
			s |= row.class
		}
	}
	return s
}

// iptcClasses reads IPTC-IIM records: 0x1C, record, dataset, two bytes of
// length. Record 2 is the one about the picture.
func iptcClasses(data []byte) classSet {
	var s classSet
	for len(data) >= 5 && data[0] == 0x1C {
		if data[1] == 2 {
			s |= iptcDataset(data[2])
		}
		n := int(binary.BigEndian.Uint16(data[3:]))
		if n > len(data)-5 { // also extended lengths, whose top bit is set
			break
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
// padded to even length, four bytes of length, data padded to even length.
func irbClasses(data []byte) classSet {
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
			s |= iptcClasses(body)
		case 0x0409, 0x040C:
			s |= setOf(Thumbnail)
		case 0x0422:
			classes, _ := describeExif(readExif(body))
			s |= classes
		case 0x0424:
			s |= xmpClasses(body)
		case 0x040A, 0x040B:
			s |= setOf(Person) // copyright flag, URL
		}
		rest = rest[size:]
		data = rest[min(int(size&1), len(rest)):]
	}
	return s
}
