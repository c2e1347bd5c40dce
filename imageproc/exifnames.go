package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/rwcarlsen/goexif/exif"
	"github.com/rwcarlsen/goexif/tiff"
)

// describeExif names the fields that facts lists and says what classes of data
// they are.
//
// The names are goexif's. It never sees the file: it gets a skeleton that holds
// the tag numbers our own reader accepted, with empty values. So the loops and
// the counts that hang it or exhaust memory cannot reach it, and no value can
// reach a report.
func describeExif(facts exifFacts) (classSet, []string) {
	names := goexifNames(exifSkeleton(facts.tags))
	var classes classSet
	for _, t := range facts.tags {
		if t.kind == thumbIFD {
			classes |= setOf(Thumbnail)
		}
		if known, ok := laterTags[t]; ok {
			names = append(names, known)
		}
	}
	for _, name := range names {
		classes |= exifClass(name)
	}
	slices.Sort(names)
	return classes, slices.Compact(names)
}

// exifSkeleton writes a TIFF block with the given tags, every value zero but
// for the pointers that hold the directories together.
func exifSkeleton(tags []ifdTag) []byte {
	kinds := [...]ifdKind{primaryIFD, thumbIFD, exifIFD, gpsIFD, interopIFD}
	var dirs [len(kinds)][]uint16
	for _, t := range tags {
		if i := slices.Index(kinds[:], t.kind); i >= 0 && !isPointer(t.tag) && !slices.Contains(dirs[i], t.tag) {
			dirs[i] = append(dirs[i], t.tag)
		}
	}
	dirs[0] = append(dirs[0], tagExifIFD, tagGPSIFD, tagInteropIFD)
	var offsets [len(kinds)]uint32
	at := uint32(8)
	for i, d := range dirs {
		offsets[i] = at
		at += uint32(2 + 12*len(d) + 4)
	}
	b := append(make([]byte, 0, at), "II*\x00\x08\x00\x00\x00"...)
	le := binary.LittleEndian
	for i, d := range dirs {
		b = le.AppendUint16(b, uint16(len(d)))
		for _, tag := range d {
			b = le.AppendUint16(b, tag)
			value := uint32(0)
			switch tag {
			case tagExifIFD:
				value = offsets[2]
			case tagGPSIFD:
				value = offsets[3]
			case tagInteropIFD:
				value = offsets[4]
			}
			b = le.AppendUint16(b, typeLong)
			b = le.AppendUint32(b, 1)
			b = le.AppendUint32(b, value)
		}
		next := uint32(0)
		if kinds[i] == primaryIFD && len(dirs[1]) > 0 {
			next = offsets[1]
		}
		b = le.AppendUint32(b, next)
	}
	return b
}

func isPointer(tag uint16) bool {
	return tag == tagExifIFD || tag == tagGPSIFD || tag == tagInteropIFD
}

type fieldNames []string

// Walk is called by goexif for each field.
func (f *fieldNames) Walk(name exif.FieldName, _ *tiff.Tag) error {
	*f = append(*f, string(name))
	return nil
}

// goexifNames lists the fields goexif finds in a skeleton, without the pointers.
func goexifNames(skeleton []byte) (names fieldNames) {
	// A program may register parsers of its own with goexif, and those may
	// panic on a maker note without content: the report then lacks names.
	defer func() {
		if recover() != nil {
			names = nil
		}
	}()
	x, err := exif.Decode(bytes.NewReader(skeleton))
	if x == nil || (err != nil && exif.IsCriticalError(err)) {
		return nil
	}
	if err := x.Walk(&names); err != nil {
		return nil
	}
	return slices.DeleteFunc(names, func(n string) bool {
		return n == string(exif.ExifIFDPointer) || n == string(exif.GPSInfoIFDPointer) || n == string(exif.InteroperabilityIFDPointer)
	})
}

// laterTags names tags that goexif's table, of Exif 2.2, lacks: Exif 2.3 to 3.0
// and what cameras and editors put beside them.
var laterTags = map[ifdTag]string{
	{primaryIFD, 0x000B}: "ProcessingSoftware",
	{primaryIFD, 0x010D}: "DocumentName",
	{primaryIFD, 0x011D}: "PageName",
	{primaryIFD, 0x013C}: "HostComputer",
	{primaryIFD, 0x02BC}: "ApplicationNotes",
	{primaryIFD, 0x4746}: "Rating",
	{primaryIFD, 0x83BB}: "IPTC",
	{primaryIFD, 0x8649}: "PhotoshopSettings",
	{primaryIFD, 0xC4A5}: "PrintIM",
	{primaryIFD, 0xC614}: "UniqueCameraModel",
	{primaryIFD, 0xC62F}: "CameraSerialNumber",
	{primaryIFD, 0xC68B}: "OriginalRawFileName",
	{primaryIFD, 0xEA1C}: "Padding",
	{exifIFD, 0x8830}:    "SensitivityType",
	{exifIFD, 0x9010}:    "OffsetTime",
	{exifIFD, 0x9011}:    "OffsetTimeOriginal",
	{exifIFD, 0x9012}:    "OffsetTimeDigitized",
	{exifIFD, 0x9400}:    "Temperature",
	{exifIFD, 0x9404}:    "Acceleration",
	{exifIFD, 0xA430}:    "CameraOwnerName",
	{exifIFD, 0xA431}:    "BodySerialNumber",
	{exifIFD, 0xA432}:    "LensSpecification",
	{exifIFD, 0xA435}:    "LensSerialNumber",
	{exifIFD, 0xA436}:    "ImageTitle",
	{exifIFD, 0xA437}:    "Photographer",
	{exifIFD, 0xA438}:    "ImageEditor",
	{exifIFD, 0xA439}:    "CameraFirmware",
	{exifIFD, 0xA43A}:    "RAWDevelopingSoftware",
	{exifIFD, 0xA43B}:    "ImageEditingSoftware",
	{exifIFD, 0xA43C}:    "MetadataEditingSoftware",
	{exifIFD, 0xEA1C}:    "Padding",
	{exifIFD, 0xFDE8}:    "OwnerName",
	{exifIFD, 0xFDE9}:    "SerialNumber",
	{gpsIFD, 0x001F}:     "GPSHPositioningError",
	{makerIFD, 0x0009}:   "OwnerName",
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
