package imageproc

import (
	"math/bits"
	"slices"
)

// Class says what kind of personal data a carrier held.
type Class string

// The classes a Finding can have.
const (
	Location   Class = "location"   // where: GPS, place names
	Device     Class = "device"     // with what: maker, model, serial number, lens, maker notes
	Person     Class = "person"     // by whom or of whom: artist, owner, copyright, regions with names
	Time       Class = "time"       // when
	Thumbnail  Class = "thumbnail"  // a second picture, often of what was cropped away
	Comment    Class = "comment"    // free text: descriptions, titles, keywords, prompts
	Software   Class = "software"   // what wrote or edited the file
	Provenance Class = "provenance" // content credentials, document ids, AI marks
	Other      Class = "other"      // anything else that is not needed to show the picture
)

// allClasses is the sorted list; a classSet has one bit for each.
var allClasses = [...]Class{Comment, Device, Location, Other, Person, Provenance, Software, Thumbnail, Time}

type classSet uint16

func setOf(classes ...Class) classSet {
	var s classSet
	for _, c := range classes {
		s |= 1 << slices.Index(allClasses[:], c)
	}
	return s
}

// append appends the classes of the set, sorted.
func (s classSet) append(list []Class) []Class {
	for i, c := range allClasses {
		if s&(1<<i) != 0 {
			list = append(list, c)
		}
	}
	return list
}

func (s classSet) list() []Class { return s.append(nil) }

// Finding is one carrier of metadata: where it sat and what kind of data it
// held. It never holds a value that was found.
type Finding struct {
	Carrier string   `json:"carrier"`          // the format's own name, such as "APP1 Exif", "tEXt", "bytes after EOI"
	Bytes   int      `json:"bytes"`            // size in the input, framing included; of all its parts together
	Classes []Class  `json:"classes"`          // sorted, without repeats, never empty
	Fields  []string `json:"fields,omitempty"` // names of the EXIF fields, sorted, such as "GPSLatitude"; never values
}

// Report says what an upload carried and what became of it.
type Report struct {
	Format      Format       `json:"format"`
	Orientation int          `json:"orientation"`           // EXIF orientation 1 to 8 of the input as displayed; 1 when the file names none
	BytesIn     int64        `json:"bytes_in"`              // size of the input
	BytesOut    int64        `json:"bytes_out"`             // size of the output; 0 from Inspect
	Removed     []Finding    `json:"removed"`               // one per carrier, in order of appearance; what Inspect lists, Strip removes
	Mended      []string     `json:"mended,omitempty"`      // what was broken and is not in the output: "cut short", "broken frame"
	Kept        []string     `json:"kept,omitempty"`        // what Keep asked for and was there: "creator", "rights", "source type", "gain map", "provenance"
	Credentials *Credentials `json:"credentials,omitempty"` // the content credentials, if there were any
	Baking      Baking       `json:"baking,omitempty"`      // what became of StripOptions.BakeOrientation
}

func (r *Report) clone() *Report {
	c := *r
	c.Credentials = r.Credentials.clone()
	c.Removed, c.Mended, c.Kept = slices.Clone(r.Removed), slices.Clone(r.Mended), slices.Clone(r.Kept)
	for i, f := range c.Removed {
		c.Removed[i].Classes = slices.Clone(f.Classes)
		c.Removed[i].Fields = slices.Clone(f.Fields)
	}
	return &c
}

// maxCarriers bounds a report: PNG alone allows half a million private chunk
// names.
const maxCarriers = 64

// findings collects what was found, one entry per carrier.
type findings struct {
	carriers []finding
	names    []string // of the fields of all carriers
}

type finding struct {
	carrier string
	bytes   int
	classes classSet
	fields  []string
}

// entry is that of a carrier, or nil.
func (f *findings) entry(carrier string) *finding {
	for i := range f.carriers {
		if f.carriers[i].carrier == carrier {
			return &f.carriers[i]
		}
	}
	return nil
}

// add records size bytes of carrier. No classes means Other.
func (f *findings) add(carrier string, size int, classes classSet, fields ...string) {
	e := f.entry(carrier)
	if e == nil && len(f.carriers) >= maxCarriers {
		carrier = "other carriers"
		e = f.entry(carrier)
	}
	if e == nil {
		f.carriers = append(f.carriers, finding{carrier: carrier})
		e = &f.carriers[len(f.carriers)-1]
	}
	e.bytes += size
	e.classes |= classes
	if len(e.fields) == 0 && slices.IsSorted(fields) { // most are, and come once
		from := len(f.names)
		f.names = append(f.names, fields...)
		e.fields = slices.Compact(f.names[from:len(f.names):len(f.names)])
		return
	}
	for _, name := range fields {
		if i, seen := slices.BinarySearch(e.fields, name); !seen {
			e.fields = slices.Insert(e.fields, i, name)
		}
	}
}

// reduce takes back size bytes of a carrier, because they stay.
func (f *findings) reduce(carrier string, size int) {
	e := f.entry(carrier)
	if e == nil {
		return
	}
	if e.bytes -= size; e.bytes <= 0 {
		f.carriers = slices.DeleteFunc(f.carriers, func(e finding) bool { return e.carrier == carrier })
	}
}

// list is what was found, in memory of its own: one piece for all classes, and one
// for all names.
func (f *findings) list() []Finding {
	classes, fields := 0, 0
	for i := range f.carriers {
		e := &f.carriers[i]
		if e.classes == 0 {
			e.classes = setOf(Other)
		}
		classes += bits.OnesCount16(uint16(e.classes))
		fields += len(e.fields)
	}
	list := make([]Finding, len(f.carriers))
	allClasses, allFields := make([]Class, 0, classes), make([]string, 0, fields)
	for i, e := range f.carriers {
		allClasses = e.classes.append(allClasses)
		list[i] = Finding{Carrier: e.carrier, Bytes: e.bytes, Classes: slices.Clip(allClasses)}
		allClasses = allClasses[len(allClasses):]
		if len(e.fields) > 0 {
			allFields = append(allFields, e.fields...)
			list[i].Fields = slices.Clip(allFields)
			allFields = allFields[len(allFields):]
		}
	}
	return list
}
