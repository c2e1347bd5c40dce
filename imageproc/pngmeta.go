package imageproc

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// pngMeta reads the ancillary chunks that never go over, for the report, and the
// orientation out of the first eXIf.
type pngMeta struct {
	pic         *picture
	found       *findings
	scan        *scanBudget
	orientation int // 0 if no eXIf gave one
	exifSeen    bool
}

func (m *pngMeta) chunk(c *pngChunk) {
	size := len(c.whole)
	switch c.typ {
	case "eXIf":
		m.readExif(c)
		return
	case "tEXt", "zTXt", "iTXt":
		m.readText(c)
		return
	}
	if c.typ == "caBX" {
		m.scan.texts.claim(claimCredentials, c.body)
		m.pic.credentials(m.scan.texts, "caBX", size, c.body)
	} else {
		m.scan.texts.blob(c.body)
	}
	switch c.typ {
	case "tIME":
		m.found.add("tIME", size, setOf(Time))
	case "caBX":
		m.found.add("caBX", size, credentialClasses(c.body))
	case "zxIf":
		m.found.add("zxIf", size, 0)
	case "iDOT", "vpAg", "hIST", "sPLT", "oFFs", "sCAL", "pCAL", "gIFg", "gIFx", "gIFt", "dSIG":
		m.found.add(c.typ, size, 0)
	default:
		m.found.add(c.part(), size, 0)
	}
}

// readExif reads eXIf, §11.3.5.4: a TIFF block. Some writers put the signature
// of the JPEG segment before it.
func (m *pngMeta) readExif(c *pngChunk) {
	tiff := c.body
	if bytes.HasPrefix(tiff, []byte(exifSignature)) && len(tiff) >= 6 {
		tiff = tiff[6:]
	}
	turns := c.sound && !m.exifSeen
	classes, fields, orientation := m.scan.exif(tiff, turns)
	if turns {
		m.exifSeen, m.orientation = true, orientation
		if orientation > 1 && bytes.Equal(c.body, orientationTIFF(orientation)) {
			return // what this package itself writes
		}
	}
	m.found.add("eXIf", len(c.whole), classes, fields...)
}

// textClasses goes by the keywords of §11.3.3.2 and of common writers, in lower
// case.
var textClasses = map[string]classSet{
	"title": setOf(Comment), "author": setOf(Person), "description": setOf(Comment), "copyright": setOf(Person),
	"creation time": setOf(Time), "software": setOf(Software), "disclaimer": setOf(Comment), "warning": setOf(Comment),
	"source": setOf(Device), "comment": setOf(Comment), "artist": setOf(Person), "make": setOf(Device), "model": setOf(Device),
	"thumb::uri": setOf(Thumbnail, Person), "thumb::mtime": setOf(Time, Thumbnail), "date:create": setOf(Time),
	"date:modify": setOf(Time), "date:timestamp": setOf(Time), "create-date": setOf(Time), "modify-date": setOf(Time),
	"parameters": setOf(Comment, Provenance, Software), "prompt": setOf(Comment, Provenance, Software),
	"workflow": setOf(Comment, Provenance, Software), "dream": setOf(Comment, Provenance, Software),
}

func (m *pngMeta) readText(c *pngChunk) {
	end := bytes.IndexByte(c.body, 0)
	if end < 0 || end > 79 {
		m.scan.texts.blob(c.body)
		m.found.add(c.typ, len(c.whole), setOf(Comment))
		return
	}
	keyword, text := string(c.body[:end]), m.text(c.typ, c.body[end+1:])
	classes, known := textClasses[strings.ToLower(keyword)]
	switch {
	case known:
	case keyword == "XML:com.adobe.xmp":
		classes = m.scan.xmp(text)
	case bytes.HasPrefix(c.body, []byte("Raw profile type ")):
		classes = m.rawProfile(keyword[len("Raw profile type "):], text)
	default:
		classes = setOf(Comment)
	}
	m.scan.texts.add(text)
	if strings.EqualFold(keyword, "Author") || strings.EqualFold(keyword, "Artist") {
		m.scan.texts.claim(claimCreator, text)
	} else if strings.EqualFold(keyword, "Copyright") {
		m.scan.texts.claim(claimRights, text)
	}
	m.found.add(c.typ, len(c.whole), classes)
}

// rawProfile reads ImageMagick's way of putting profiles into text: a name, a
// length, hexadecimal digits.
func (m *pngMeta) rawProfile(name string, text []byte) classSet {
	lines := bytes.SplitN(text, []byte("\n"), 4)
	if len(lines) < 4 {
		return 0
	}
	digits := bytes.Join(bytes.Fields(m.scan.take(lines[3])), nil)
	raw := make([]byte, len(digits)/2)
	n, _ := hex.Decode(raw, digits[:len(digits)&^1]) // what precedes a wrong digit can still be named
	raw = raw[:n]
	switch name {
	case "exif", "APP1":
		if xmp, ok := bytes.CutPrefix(raw, []byte(xmpSignature)); ok {
			return m.scan.xmp(xmp)
		}
		raw = bytes.TrimPrefix(raw, []byte("Exif\x00\x00"))
		classes, _, _ := m.scan.exif(raw, false)
		return classes
	case "xmp":
		return m.scan.xmp(raw)
	case "iptc", "8bim":
		return m.scan.irb(raw) | m.scan.iptc(raw)
	}
	return 0
}

// text is the text of a chunk behind its keyword, inflated within the budget
// where it is compressed; nil if it can't be read.
func (m *pngMeta) text(typ string, b []byte) []byte {
	packed := typ == "zTXt"
	switch {
	case packed && len(b) >= 1:
		b = b[1:]
	case typ == "iTXt" && len(b) >= 2:
		packed = b[0] == 1
		b = b[2:]
		for range 2 { // language, translated keyword
			i := bytes.IndexByte(b, 0)
			if i < 0 {
				return nil
			}
			b = b[i+1:]
		}
	}
	if packed {
		return m.scan.inflate(b)
	}
	return b
}
