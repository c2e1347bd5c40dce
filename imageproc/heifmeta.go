package imageproc

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// What follows names what stays behind, for the report.

// heifBoxClasses says what boxes hold that cameras and editors put beside the
// ones of the standard.
var heifBoxClasses = map[string]classSet{
	"mpvd": setOf(Thumbnail), // the film of a motion photo
	"sefd": setOf(Device),    // Samsung's trailer
	"udta": setOf(Comment),
	"jumb": setOf(Provenance),
	"Exif": setOf(Other),
}

// heifUUIDs names the boxes of other people's types that are known.
var heifUUIDs = map[string]string{
	"\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81": "uuid C2PA",
	"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC": "uuid XMP",
}

// dropBox reports a box that is not on the list.
func (p *heifParser) dropBox(b bmff.Box) {
	carrier, classes := heifPart(b.Type), heifBoxClasses[b.Type]
	if b.Type == "uuid" && len(b.Body) >= 16 {
		if name, known := heifUUIDs[string(b.Body[:16])]; known {
			carrier = name
		}
		switch carrier {
		case "uuid C2PA":
			classes = credentialClasses(b.Body)
			p.scan.texts.claim(claimCredentials, b.Body)
			p.pic.found.add(carrier, len(b.Whole), classes)
			if !p.pic.credentials(p.scan.texts, carrier, len(b.Whole), heifManifests(b.Body)) {
				p.scan.texts.trailer(b.Body)
			}
			return
		case "uuid XMP":
			classes = p.scan.xmp(b.Body[16:])
		}
	}
	if carrier != "uuid XMP" {
		p.scan.texts.trailer(b.Body)
	}
	p.pic.found.add(carrier, len(b.Whole), classes)
}

// heifManifests is the manifest store in a uuid box, C2PA 2.2 §A.5: type, version and
// flags, a purpose, an offset that is of no use here; nil if it serves another.
func heifManifests(body []byte) []byte {
	const purpose = "\x00\x00\x00\x00manifest\x00"
	if body = body[16:]; len(body) < len(purpose)+8 || string(body[:len(purpose)]) != purpose {
		return nil
	}
	return body[len(purpose)+8:]
}

// describe reports the items, properties and bytes that stay behind.
func (p *heifParser) describe() error {
	names := 0
	for _, it := range p.order {
		if it.state == heifKept {
			names += it.name
			continue
		}
		p.describeItem(it)
	}
	if names > 0 {
		p.pic.found.add("item names", names, setOf(Comment))
	}
	for i := range p.props {
		p.describeProperty(&p.props[i])
	}
	used, usedIdat := p.dropped, []heifSpan(nil)
	for _, t := range p.movie.tracks {
		for _, s := range t.samples {
			used = append(used, s.place)
		}
	}
	for _, it := range p.order {
		if it.inIdat {
			usedIdat = append(usedIdat, it.places...)
		} else {
			used = append(used, it.places...)
		}
	}
	if n := heifUncovered(p.media, used); n > 0 {
		p.pic.found.add("unused bytes in mdat", n, 0)
	}
	if n := heifUncovered([]heifSpan{{p.idat.BodyAt(), p.idat.BodyAt() + len(p.idat.Body)}}, usedIdat); n > 0 {
		p.pic.found.add("unused bytes in idat", n, 0)
	}
	return nil
}

// heifUncovered counts the bytes of whole, which are in order and apart, that no part
// covers.
func heifUncovered(whole, parts []heifSpan) int {
	slices.SortFunc(parts, func(a, b heifSpan) int { return cmp.Compare(a.start, b.start) })
	n, i, reached := 0, 0, 0
	for _, w := range whole {
		at := max(w.start, min(reached, w.end))
		for ; i < len(parts) && parts[i].start < w.end; i++ {
			n += max(0, min(parts[i].start, w.end)-at)
			reached = max(reached, parts[i].end)
			at = max(at, min(reached, w.end))
		}
		n += w.end - at
	}
	return n
}

func (p *heifParser) describeItem(it *heifItem) {
	size := it.entry
	for _, s := range it.places {
		size += s.size()
	}
	switch {
	case it.typ == "Exif":
		classes, fields := p.exifItem(p.sample(it))
		p.pic.found.add("item Exif", size, classes, fields...)
	case it.typ == "mime" && it.content == "application/rdf+xml":
		data := p.sample(it)
		if it.packed {
			data = p.scan.inflate(data)
		}
		p.pic.found.add("item XMP", size, p.scan.xmp(data))
	case it.typ == "mime" && strings.HasPrefix(it.content, "image/"), it.thumbOf != nil:
		p.pic.found.add("thumbnail item", size, setOf(Thumbnail))
	case it.gain:
		p.pic.found.add("gain map", size, setOf(Thumbnail))
	case it.auxOf != nil || p.auxName(it) != "":
		p.pic.found.add(heifAuxCarrier(p.auxName(it)), size, setOf(Thumbnail))
	case it.typ == "tmap":
		p.pic.found.add("tone map", size, 0)
	case heifPictures[it.typ] || heifOtherPictures[it.typ]:
		p.pic.found.add("picture that is not shown", size, setOf(Thumbnail))
	default:
		if len(it.places) == 1 {
			data := p.sample(it)
			p.scan.texts.trailer(data)
			if it.typ == "jumb" {
				p.scan.texts.claim(claimCredentials, data)
			}
		}
		p.pic.found.add("item "+strings.TrimSpace(heifType(it.typ)), size, heifBoxClasses[it.typ])
	}
}

// heifOtherPictures are types of pictures that can't be kept.
var heifOtherPictures = map[string]bool{
	"jpeg": true, "avc1": true, "hev1": true, "lhv1": true, "vvc1": true, "evc1": true, "j2k1": true, "unci": true, "sato": true,
}

func heifAuxCarrier(name string) string {
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "depth"), strings.HasSuffix(name, "auxid:2"):
		return "auxiliary depth map"
	case strings.Contains(name, "gainmap"):
		return "auxiliary gain map"
	case strings.Contains(name, "matte"):
		return "auxiliary matte"
	}
	return "auxiliary picture"
}

// heifType is a type as it is, or quoted if it could be anything.
func heifType(typ string) string {
	if heifPrintable(typ) {
		return typ
	}
	return strconv.Quote(typ)
}

// sample is the data of an item for the report: as a slice of the input, or
// joined as far as the bound goes.
func (p *heifParser) sample(it *heifItem) []byte {
	size := 0
	for _, s := range it.places {
		size += s.size()
	}
	if len(it.places) != 1 {
		if p.joined -= size; size == 0 || p.joined < 0 {
			return nil
		}
	}
	return p.join(it.places, size)
}

// exifItem reads the data of an Exif item, ISO/IEC 23008-12 §A.2.1: the offset
// of the TIFF header from behind itself, and what that leads to. The orientation
// in it is not used: irot and imir say how the picture is shown.
func (p *heifParser) exifItem(data []byte) (classSet, []string) {
	if len(data) < 4 {
		return 0, nil
	}
	tiff := data // some writers leave the offset out
	if skip := uint64(binary.BigEndian.Uint32(data)); tiffOrder(data) == nil && skip < uint64(len(data)-4) {
		tiff = data[4+skip:]
	}
	classes, fields, _ := p.scan.exif(tiff, false)
	return classes, fields
}

// heifPropClasses says what properties hold that describe a picture rather than
// show it, ISO/IEC 23008-12 §6.5.
var heifPropClasses = map[string]classSet{
	"udes": setOf(Comment), "altt": setOf(Comment), "crtt": setOf(Time), "mdft": setOf(Time),
	"cmin": setOf(Device), "cmex": setOf(Device), "rloc": setOf(Other),
}

// heifPropLists are the properties that are kept where a picture needs them and
// their content is sound, beside heifFixed.
var heifPropLists = map[string]bool{"hvcC": true, "av1C": true, "colr": true, "pixi": true, "a1lx": true, "auxC": true}

func (p *heifParser) describeProperty(prop *heifProp) {
	typ := prop.box.Type
	_, fixed := heifFixed[typ]
	listed := fixed || heifPropLists[typ]
	switch {
	case prop.state == propKept:
	case !prop.used:
		p.scan.texts.blob(prop.box.Body)
		p.pic.found.add("unused property", len(prop.box.Whole), heifPropClasses[typ])
	case !listed || prop.state == propDropped && typ != "auxC":
		p.scan.texts.blob(prop.box.Body)
		p.pic.found.add("property "+heifType(typ), len(prop.box.Whole), heifPropClasses[typ])
	}
}
