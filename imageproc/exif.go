package imageproc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// Exif holds its fields in the directories (IFDs) of TIFF 6.0. Only what a
// report needs is read here: which tags there are, and the orientation. Values
// are never kept. Every offset is checked, no directory is read twice, and the
// totals are bounded, so a hostile block costs what its bytes cost.

const (
	maxIFDs       = 32
	maxIFDEntries = 2048 // over all directories of one block; real ones have some hundred
	maxMakerNote  = 512  // entries; a maker note that seems to have more is no directory
)

const (
	tagOrientation = 0x0112
	tagSubIFDs     = 0x014A
	tagExifIFD     = 0x8769
	tagGPSIFD      = 0x8825
	tagInteropIFD  = 0xA005
	tagCanonOwner  = 0x0009 // in Canon's maker note: 32 characters
	tagMakerNote   = 0x927C
	tagArtist      = 0x013B
	tagCopyright   = 0x8298
	tagXPTitle     = 0x9C9B // Windows: title, comment, author, keywords, subject
	tagXPSubject   = 0x9C9F
	typeByte       = 1
	typeASCII      = 2
	typeShort      = 3
	typeLong       = 4
	typeUndefined  = 7
	typeSLong      = 9
	typeIFD        = 13
)

// ifdKind says what the tags of a directory mean.
type ifdKind uint8

const (
	primaryIFD ifdKind = iota
	thumbIFD           // the directories chained behind the primary one
	subIFD
	exifIFD
	gpsIFD
	interopIFD
	makerIFD // a maker note that is a plain directory, such as Canon's
)

// An ifdTag is one entry of a directory without its value.
type ifdTag struct {
	kind ifdKind
	tag  uint16
}

// exifFacts is what a report and a display need to know of an Exif block.
type exifFacts struct {
	orientation int // 1 to 8; 0 if none is given
	tags        []ifdTag
	read        int   // directories and entries looked at, those without a meaning too
	err         error // why something could not be read; the facts hold all else
}

var (
	errNoTIFF   = errors.New("no TIFF header")
	errIFDRange = errors.New("directory outside the block")
	errIFDLoop  = errors.New("directory reached twice")
	errIFDCount = errors.New("too many directories or entries")
)

type ifdReader struct {
	data  []byte
	texts *texts
	order binary.ByteOrder
	seen  [maxIFDs]uint32 // offsets of directories
	dirs  int             // how many
	queue []ifdRef
	facts exifFacts
}

type ifdRef struct {
	offset uint32
	kind   ifdKind
}

// readExif reads a TIFF block as it stands in an Exif segment or chunk, header
// first. Its string values go into values; tags and queue are memory for its tags and
// directories.
func readExif(tags []ifdTag, queue []ifdRef, data []byte, values *texts) exifFacts {
	r := ifdReader{data: data, texts: values, facts: exifFacts{tags: tags}}
	if r.order = tiffOrder(data); r.order == nil {
		return exifFacts{err: errNoTIFF}
	}
	r.queue = append(queue, ifdRef{r.order.Uint32(data[4:]), primaryIFD})
	for i := 0; i < len(r.queue) && !errors.Is(r.facts.err, errIFDCount); i++ {
		next := r.queue[i]
		if err := r.directory(next); err != nil && next.kind != makerIFD && (r.facts.err == nil || errors.Is(err, errIFDCount)) {
			r.facts.err = err // most maker notes are no directories
		}
	}
	return r.facts
}

func tiffOrder(data []byte) binary.ByteOrder {
	switch {
	case len(data) < 8:
	case string(data[:4]) == "II*\x00":
		return binary.LittleEndian
	case string(data[:4]) == "MM\x00*":
		return binary.BigEndian
	}
	return nil
}

func (r *ifdReader) directory(ref ifdRef) error {
	if slices.Contains(r.seen[:r.dirs], ref.offset) {
		return errIFDLoop
	}
	r.facts.read++
	if r.dirs == maxIFDs {
		return errIFDCount
	}
	r.seen[r.dirs] = ref.offset
	r.dirs++
	at := uint64(ref.offset)
	if at < 8 || at+2 > uint64(len(r.data)) {
		return errIFDRange
	}
	n := int(r.order.Uint16(r.data[at:]))
	entries := r.data[at+2:]
	// A directory cut short still tells what its whole entries say.
	whole := min(n, len(entries)/12)
	if len(r.facts.tags)+whole > maxIFDEntries || ref.kind == makerIFD && n > maxMakerNote {
		return errIFDCount
	}
	r.facts.read += whole
	for i := range whole {
		r.entry(ref.kind, entries[12*i:12*i+12])
	}
	if whole < n {
		return errIFDRange
	}
	if rest := entries[12*n:]; len(rest) >= 4 && (ref.kind == primaryIFD || ref.kind == thumbIFD) {
		if next := r.order.Uint32(rest); next != 0 {
			r.queue = append(r.queue, ifdRef{next, thumbIFD})
		}
	}
	return nil
}

func (r *ifdReader) entry(kind ifdKind, e []byte) {
	tag, typ, count := r.order.Uint16(e), r.order.Uint16(e[2:]), r.order.Uint32(e[4:])
	r.value(kind, tag, typ, count, e[8:])
	if kind == makerIFD && (tag != tagCanonOwner || typ != typeASCII || count != 32) {
		return // what the numbers mean is each maker's own affair; this one is telling
	}
	r.facts.tags = append(r.facts.tags, ifdTag{kind, tag})
	switch {
	case tag == tagOrientation && kind == primaryIFD && r.facts.orientation == 0:
		if v := r.whole(typ, count, e[8:]); v >= 1 && v <= 8 {
			r.facts.orientation = int(v)
		}
	case tag == tagExifIFD:
		r.follow(typ, count, e[8:], exifIFD)
	case tag == tagGPSIFD:
		r.follow(typ, count, e[8:], gpsIFD)
	case tag == tagInteropIFD:
		r.follow(typ, count, e[8:], interopIFD)
	case tag == tagMakerNote && kind == exifIFD && count > 18:
		r.queue = append(r.queue, ifdRef{r.order.Uint32(e[8:]), makerIFD})
	case tag == tagSubIFDs:
		r.follow(typ, count, e[8:], subIFD)
	}
}

// whole is the first number of an entry of whole ones, 0 if it has none. Orientation
// has to be one SHORT, and browsers want it to be; libvips and others turn by any.
func (r *ifdReader) whole(typ uint16, count uint32, value []byte) uint32 {
	size := map[uint16]uint64{typeByte: 1, typeSByte: 1, typeShort: 2, typeSShort: 2, typeLong: 4, typeSLong: 4}[typ]
	if all := size * uint64(count); all > 4 {
		at := uint64(r.order.Uint32(value))
		if at+4 > uint64(len(r.data)) || at+all > uint64(len(r.data)) {
			return 0
		}
		value = r.data[at:]
	}
	switch {
	case count == 0 || size == 0:
		return 0
	case size == 1:
		return uint32(value[0])
	case size == 2:
		return uint32(r.order.Uint16(value))
	}
	return r.order.Uint32(value)
}

// value takes the text in an entry, if there is one. A maker note is looked
// through as a whole, not by its entries.
func (r *ifdReader) value(kind ifdKind, tag, typ uint16, count uint32, field []byte) {
	isText := typ == typeASCII || typ == typeUndefined || typ == typeByte
	if !isText || kind == makerIFD {
		return
	}
	v := field[:min(count, 4)]
	if count > 4 {
		at := min(uint64(r.order.Uint32(field)), uint64(len(r.data)))
		v = r.data[at:min(at+uint64(count), uint64(len(r.data)))]
	}
	switch {
	case typ == typeASCII:
		r.texts.add(v)
		if tag == tagArtist && kind == primaryIFD {
			r.texts.claim(claimCreator, v)
		} else if tag == tagCopyright && kind == primaryIFD {
			r.texts.claim(claimRights, v)
		}
	case tag >= tagXPTitle && tag <= tagXPSubject:
		r.texts.addUTF16(v, binary.LittleEndian)
	case bytes.HasPrefix(v, []byte("UNICODE\x00")):
		r.texts.addUTF16(v[8:], r.order)
	default:
		r.texts.blob(v[:min(len(v), 64<<10)])
	}
}

// follow queues the directories that a pointer entry names.
func (r *ifdReader) follow(typ uint16, count uint32, value []byte, kind ifdKind) {
	if typ != typeLong && typ != typeSLong && typ != typeIFD || count == 0 || count > maxIFDs {
		return
	}
	if count > 1 {
		at := uint64(r.order.Uint32(value))
		if at+4*uint64(count) > uint64(len(r.data)) {
			return
		}
		value = r.data[at:]
	}
	for i := range count {
		r.queue = append(r.queue, ifdRef{r.order.Uint32(value[4*i:]), kind})
	}
}

// orientationTIFF is the one Exif block this package writes: a TIFF header and
// a single entry, Orientation, CIPA DC-008 §4.6.4.
func orientationTIFF(orientation int) []byte {
	return []byte{
		'M', 'M', 0, 42, 0, 0, 0, 8,
		0, 1,
		0x01, 0x12, 0, typeShort, 0, 0, 0, 1, 0, byte(orientation), 0, 0,
		0, 0, 0, 0,
	}
}
