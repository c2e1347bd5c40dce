package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rwcarlsen/goexif/exif"
	"github.com/rwcarlsen/goexif/tiff"
)

// TestNamesAgainstGoexif holds the names of all tags of each directory against
// goexif's.
func TestNamesAgainstGoexif(t *testing.T) {
	for kind := range makerIFD + 1 {
		for first := 0; first < 1<<16; first += maxIFDEntries {
			var facts exifFacts
			for tag := range maxIFDEntries {
				facts.tags = append(facts.tags, ifdTag{kind, uint16(first + tag)})
			}
			want := goexifNames(t, exifSkeleton(facts.tags))
			for _, tag := range facts.tags {
				if name := laterTags[tag]; name != "" {
					want = append(want, name)
				}
			}
			slices.Sort(want)
			_, got := describeExif(nil, facts)
			if diff := cmp.Diff([]string(slices.Compact(want)), got); diff != "" && len(want)+len(got) > 0 {
				t.Errorf("directory %d, tags from %#x: -goexif +got\n%s", kind, first, diff)
			}
		}
	}
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
func goexifNames(t *testing.T, skeleton []byte) (names fieldNames) {
	t.Helper()
	x, err := exif.Decode(bytes.NewReader(skeleton))
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Walk(&names); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(n string) bool {
		return n == string(exif.ExifIFDPointer) || n == string(exif.GPSInfoIFDPointer) || n == string(exif.InteroperabilityIFDPointer)
	})
}
