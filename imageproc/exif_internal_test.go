package imageproc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// entry is one directory entry, little-endian.
func entry(tag, typ uint16, count, value uint32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(le.AppendUint16(nil, tag), typ)
	return le.AppendUint32(le.AppendUint32(b, count), value)
}

// block is a TIFF header and one directory at 8, with the next one at next.
func block(next uint32, entries ...[]byte) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(len(entries)))
	b = append(b, bytes.Join(entries, nil)...)
	return binary.LittleEndian.AppendUint32(b, next)
}

// TestReadExifGoesOn reads what there is beside directories that are not.
func TestReadExifGoesOn(t *testing.T) {
	data := block(1<<20, entry(tagGPSIFD, typeLong, 1, 1<<20), entry(tagExifIFD, typeLong, 1, 38))
	data = append(data, block(0, entry(0x9003, typeASCII, 1, 0), entry(tagMakerNote, typeUndefined, 60, 68))[8:]...)
	data = append(data, block(0, entry(tagCanonOwner, typeASCII, 32, 86))[8:]...)
	data = append(data, "Ottokar, 32 bytes with the zeros"...)
	var values texts
	facts := readExif(nil, nil, data, &values)
	if !errors.Is(facts.err, errIFDRange) || !slices.Contains(facts.tags, ifdTag{exifIFD, 0x9003}) || !slices.Contains(facts.tags, ifdTag{makerIFD, tagCanonOwner}) {
		t.Errorf("%v, %v", facts.err, facts.tags)
	}
}

// TestOrientationTypes has an orientation in each type of whole numbers, in both orders.
func TestOrientationTypes(t *testing.T) {
	for typ, size := range map[uint16]int{typeByte: 1, typeSByte: 1, typeShort: 2, typeSShort: 2, typeLong: 4, typeSLong: 4} {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			b := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
			b = order.AppendUint16(order.AppendUint16(order.AppendUint16(b, 1), tagOrientation), typ)
			b = order.AppendUint32(b, 1)
			switch size {
			case 1:
				b = append(b, 8, 0, 0, 0)
			case 2:
				b = append(order.AppendUint16(b, 8), 0, 0)
			case 4:
				b = order.AppendUint32(b, 8)
			}
			if facts := readExif(nil, nil, append(b, 0, 0, 0, 0), &texts{}); facts.orientation != 8 {
				t.Errorf("type %d, %s: orientation %d", typ, mark, facts.orientation)
			}
		}
	}
}

func TestReadExifHostile(t *testing.T) {
	turned := entry(tagOrientation, typeShort, 1, 6)
	var chain []byte // 100 directories, each pointing to the next
	chain = append(chain, "II*\x00\x08\x00\x00\x00"...)
	for i := range 100 {
		chain = binary.LittleEndian.AppendUint16(chain, 0)
		chain = binary.LittleEndian.AppendUint32(chain, uint32(8+6*(i+1)))
	}
	crowded := append(block(0)[:8], 0xFF, 0xFF)
	crowded = append(crowded, bytes.Repeat(turned, 0xFFFF)...)
	pointers := slices.Concat(block(0, turned, entry(tagSubIFDs, typeLong, 32, 38)), bytes.Repeat([]byte{8, 0, 0, 0}, 32))
	for _, row := range []struct {
		name        string
		data        []byte
		orientation int
		err         error
	}{
		{"sound", block(0, turned), 6, nil},
		{"nothing", nil, 0, errNoTIFF},
		{"no header", []byte("hello, world, hello"), 0, errNoTIFF},
		{"BigTIFF", []byte("II+\x00\x08\x00\x00\x00\x00\x00"), 0, errNoTIFF},
		{"directory inside the header", []byte("II*\x00\x02\x00\x00\x00\x00\x00\x00\x00"), 0, errIFDRange},
		{"directory outside", []byte("II*\x00\xFF\xFF\xFF\xFF\x00\x00"), 0, errIFDRange},
		{"directory cut short", block(0, turned, turned)[:24], 6, errIFDRange},
		{"no next directory", block(0, turned)[:22], 6, nil},
		{"chain that loops at once", block(8, turned), 6, errIFDLoop},
		{"pointer to itself", block(0, turned, entry(tagExifIFD, typeLong, 1, 8)), 6, errIFDLoop},
		{"GPS pointer outside", block(0, turned, entry(tagGPSIFD, typeLong, 1, 1<<31)), 6, errIFDRange},
		{"pointer of no pointer type", block(0, turned, entry(tagGPSIFD, 2, 1, 8)), 6, nil},
		{"many pointers", pointers, 6, errIFDLoop},
		{"pointers outside", block(0, turned, entry(tagSubIFDs, typeLong, 32, 1<<31)), 6, nil},
		{"endless chain", chain, 0, errIFDCount},
		{"crowded directory", crowded, 0, errIFDCount},
		{"count that overflows", block(0, turned, entry(0x9000, 5, 0x20000001, 8)), 6, nil},
		{"orientation twice", block(0, turned, entry(tagOrientation, typeShort, 1, 3)), 6, nil},
		{"orientation of two values", block(0, entry(tagOrientation, typeShort, 2, 6)), 6, nil},
		{"orientation of many values", append(block(0, entry(tagOrientation, typeSLong, 3, 26)), 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0), 6, nil},
		{"orientation outside", append(block(0, entry(tagOrientation, typeSLong, 3, 26)), 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0), 0, nil},
		{"orientation far outside", block(0, entry(tagOrientation, typeLong, 1<<31, 1<<31+1)), 0, nil},
		{"orientation of no value", block(0, entry(tagOrientation, typeShort, 0, 6)), 0, nil},
		{"orientation as a text", block(0, entry(tagOrientation, typeASCII, 1, 6)), 0, nil},
		{"orientation as anything", block(0, entry(tagOrientation, typeUndefined, 1, 6)), 0, nil},
		{"orientation as a fraction", append(block(0, entry(tagOrientation, typeRational, 1, 26)), 6, 0, 0, 0, 1, 0, 0, 0), 0, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			start := time.Now()
			facts := readExif(nil, nil, row.data, &texts{})
			if facts.orientation != row.orientation || !errors.Is(facts.err, row.err) {
				t.Errorf("orientation %d, %v; want %d, %v", facts.orientation, facts.err, row.orientation, row.err)
			}
			describeExif(nil, facts)
			if took := time.Since(start); took > 5*time.Second { // a hang, not a measurement
				t.Errorf("took %v", took)
			}
		})
	}
}

// A file may hold thousands of blocks: they share one budget, wherever they sit,
// and beyond it only the one that turns the picture is read.
func TestExifBudget(t *testing.T) {
	crowded := block(0, entry(tagOrientation, typeShort, 1, 6), bytes.Repeat(entry(0x010F, typeASCII, 4, 0), 1500))
	binary.LittleEndian.PutUint16(crowded[8:], 1501)
	resource := slices.Concat([]byte("8BIM\x04\x22\x00\x00"), binary.BigEndian.AppendUint32(nil, uint32(len(crowded))), crowded)
	note := append(block(0, entry(tagExifIFD, typeLong, 1, 26)), block(0, entry(tagMakerNote, 7, 12*400, 44))[8:]...)
	note = append(note, block(0, bytes.Repeat(entry(0x0001, 7, 4, 0), 400))[8:]...)
	binary.LittleEndian.PutUint16(note[44:], 400)
	for name, spend := range map[string]func(b *scanBudget){
		"Exif":        func(b *scanBudget) { b.exif(crowded, false) },
		"Photoshop":   func(b *scanBudget) { b.irb(resource) },
		"maker notes": func(b *scanBudget) { b.exif(note, false) },
		"directories": func(b *scanBudget) { b.exif(block(0), false) },
	} {
		b := newScanBudget(&texts{})
		left := b.tags
		if spend(b); b.tags >= left {
			t.Errorf("%s costs nothing", name)
		}
		for range left {
			spend(b)
		}
		if classes, names, orientation := b.exif(crowded, false); classes != 0 || len(names) > 0 || orientation != 0 {
			t.Errorf("%s: beyond the budget %v is read", name, names)
		}
		if _, names, orientation := b.exif(crowded, true); len(names) > 0 || orientation != 6 {
			t.Errorf("%s: beyond the budget orientation %d, fields %v", name, orientation, names)
		}
	}
	if classes, _, orientation := newScanBudget(&texts{}).exif(crowded, false); classes != setOf(Device, Other) || orientation != 6 {
		t.Errorf("within the budget %v, orientation %d", classes.list(), orientation)
	}
	if facts := readExif(nil, nil, note, &texts{}); facts.read < 400 {
		t.Errorf("a maker note of 400 entries counts %d", facts.read)
	}
}

// Every directory has names of its own.
func TestFieldNames(t *testing.T) {
	tags := []ifdTag{
		{primaryIFD, 0x010F},
		{primaryIFD, 0x010F},
		{primaryIFD, tagExifIFD},
		{exifIFD, 0x9003},
		{exifIFD, tagInteropIFD},
		{gpsIFD, 0x0002},
		{interopIFD, 0x0001},
		{thumbIFD, 0x0201},
		{subIFD, 0x0110},
		{exifIFD, 0xA431},
	}
	classes, names := describeExif(nil, exifFacts{tags: tags})
	want := "BodySerialNumber DateTimeOriginal GPSLatitude InteroperabilityIndex Make ThumbJPEGInterchangeFormat"
	if strings.Join(names, " ") != want {
		t.Errorf("names %v", names)
	}
	if classes != setOf(Device, Time, Location, Other, Thumbnail) {
		t.Errorf("classes %v", classes.list())
	}
}

func FuzzEXIF(f *testing.F) {
	turned := entry(tagOrientation, typeShort, 1, 6)
	for _, seed := range [][]byte{
		orientationTIFF(1), orientationTIFF(8), block(0, turned), block(8, turned), block(26, turned),
		block(0, turned, entry(tagExifIFD, typeLong, 1, 8)), block(0, entry(tagSubIFDs, typeLong, 3, 26)),
		slices.Concat(block(0, entry(tagExifIFD, typeLong, 1, 26)), block(0, entry(0x9003, 2, 20, 8))[8:]),
		slices.Concat(block(0, entry(tagGPSIFD, typeLong, 1, 26)), block(0, entry(2, 5, 3, 8))[8:]),
		block(0, entry(0x9000, 5, 0x20000001, 8)), []byte("MM\x00*\x00\x00\x00\x08\xFF\xFF"), nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		facts := readExif(nil, nil, data, &texts{})
		if facts.orientation < 0 || facts.orientation > 8 || len(facts.tags) > maxIFDEntries {
			t.Fatalf("orientation %d, %d tags", facts.orientation, len(facts.tags))
		}
		classes, names := describeExif(nil, facts)
		if len(facts.tags) == 0 && (classes != 0 || len(names) > 0) {
			t.Fatalf("no tags, but %v and %v", classes.list(), names)
		}
		for _, name := range names {
			if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
				t.Fatalf("name %q", name)
			}
		}
		// What is read again from our own block is what was meant.
		if o := facts.orientation; o > 0 && readExif(nil, nil, orientationTIFF(o), &texts{}).orientation != o {
			t.Fatalf("orientation %d does not survive", o)
		}
	})
}
