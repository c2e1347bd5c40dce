package imageproc

// Class says what kind of personal data a carrier held.
type Class string

// The classes a Finding can have.
const (
	Location   Class = "location"
	Device     Class = "device"
	Person     Class = "person"
	Time       Class = "time"
	Thumbnail  Class = "thumbnail"
	Comment    Class = "comment"
	Software   Class = "software"
	Provenance Class = "provenance"
	Other      Class = "other"
)

// Finding is one carrier of metadata: where it sat and what kind of data it
// held. It never holds a value that was found.
type Finding struct {
	Carrier string  // the format's own name, such as "APP1 Exif", "tEXt", "bytes after EOI"
	Classes []Class // sorted, without repeats, never empty
	Bytes   int     // size in the input, framing included
}

// Report says what an upload carried and what became of it.
type Report struct {
	Format      Format
	Orientation int   // EXIF orientation 1 to 8 as displayed; 1 when the file names none
	BytesIn     int64 // size of the input
	BytesOut    int64 // size of the output; 0 from Inspect
	Removed     []Finding
}
