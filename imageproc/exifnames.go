package imageproc

import (
	"slices"
	"strings"
)

// describeExif names the fields that facts lists, in names, and says what classes of
// data they are. Names are those of goexif, which the tests hold them against, to the
// letter; unknown tags have none.
func describeExif(names []string, facts exifFacts) (classSet, []string) {
	var classes classSet
	names = slices.Grow(names[:0], len(facts.tags))
	for _, t := range facts.tags {
		if t.kind == thumbIFD {
			classes |= setOf(Thumbnail)
		}
		for _, name := range [2]string{fieldName(t), laterTags[t]} {
			if name != "" {
				names = append(names, name)
				classes |= exifClass(name)
			}
		}
	}
	slices.Sort(names)
	return classes, slices.Compact(names)
}

// fieldName is the name of a tag in the directory it stands in, or "".
func fieldName(t ifdTag) string {
	switch {
	case t.kind == primaryIFD || t.kind == exifIFD:
		return exifNames[t.tag]
	case t.kind == gpsIFD && int(t.tag) < len(gpsNames):
		return gpsNames[t.tag]
	case t.kind == interopIFD && t.tag == 1:
		return "InteroperabilityIndex"
	case t.kind == thumbIFD && t.tag == 0x0201:
		return "ThumbJPEGInterchangeFormat"
	case t.kind == thumbIFD && t.tag == 0x0202:
		return "ThumbJPEGInterchangeFormatLength"
	}
	return ""
}

// exifClasses is read top down; the first prefix that fits decides.
var exifClasses = []struct {
	prefix string
	class  classSet
}{
	{"GPSTime", setOf(Location, Time)},
	{"GPSDateStamp", setOf(Location, Time)},
	{"GPSVersionID", 0}, // names a place only together with others
	{"GPS", setOf(Location)},
	{"DateTime", setOf(Time)},
	{"SubSecTime", setOf(Time)},
	{"OffsetTime", setOf(Time)},
	{"MakerNote", setOf(Device)},
	{"Make", setOf(Device)},
	{"Model", setOf(Device)},
	{"Lens", setOf(Device)},
	{"BodySerialNumber", setOf(Device)},
	{"CameraSerialNumber", setOf(Device)},
	{"SerialNumber", setOf(Device)},
	{"UniqueCameraModel", setOf(Device)},
	{"CameraFirmware", setOf(Device, Software)},
	{"HostComputer", setOf(Device, Software)},
	{"DeviceSettingDescription", setOf(Device)},
	{"PrintIM", setOf(Device)},
	{"Artist", setOf(Person)},
	{"Copyright", setOf(Person)},
	{"CameraOwnerName", setOf(Person)},
	{"OwnerName", setOf(Person)},
	{"Photographer", setOf(Person)},
	{"ImageEditor", setOf(Person)},
	{"XPAuthor", setOf(Person)},
	{"XP", setOf(Person, Comment)},
	{"Thumb", setOf(Thumbnail)},
	{"UserComment", setOf(Comment)},
	{"ImageDescription", setOf(Comment)},
	{"ImageTitle", setOf(Comment)},
	{"DocumentName", setOf(Comment)},
	{"PageName", setOf(Comment)},
	{"OriginalRawFileName", setOf(Comment)},
	{"RelatedSoundFile", setOf(Comment)},
	{"IPTC", setOf(Person, Comment)},
	{"ApplicationNotes", setOf(Software, Comment)},
	{"Software", setOf(Software)},
	{"ProcessingSoftware", setOf(Software)},
	{"RAWDevelopingSoftware", setOf(Software)},
	{"ImageEditingSoftware", setOf(Software)},
	{"MetadataEditingSoftware", setOf(Software)},
	{"PhotoshopSettings", setOf(Software)},
	{"ImageUniqueID", setOf(Provenance)},
}

// exifClass is the class of a field, or Other for the picture-taking
// conditions, which name nobody but do help to match a picture to a camera.
func exifClass(name string) classSet {
	for _, row := range exifClasses {
		if strings.HasPrefix(name, row.prefix) {
			return row.class
		}
	}
	return setOf(Other)
}
