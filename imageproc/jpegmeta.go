package imageproc

import (
	"bytes"
	"encoding/binary"
)

const (
	exifSignature    = "Exif\x00" // a sixth byte follows, zero by the standard
	xmpSignature     = "http://ns.adobe.com/xap/1.0/\x00"
	xmpLongSignature = "http://ns.adobe.com/xmp/extension/\x00"
	iccSignature     = "ICC_PROFILE\x00"
	irbSignature     = "Photoshop 3.0\x00"
	duckySignature   = "Ducky"
	iccChunk         = 0xFFFF - 2 - len(iccSignature) - 2 // profile bytes in one full segment
)

// jpegMeta reads APPn and COM segments: what they held goes into the report, and
// from a few of them, those before the first scan, the facts that a display
// needs are kept.
type jpegMeta struct {
	found *findings
	scan  *scanBudget

	jfif             bool
	aspectX, aspectY int
	adobe            int // the transform byte; -1 without the segment
	orientation      int // 0 if no Exif block gave one
	exifSeen         bool
	iccTotal         int
	icc              [][]byte // chunk i in place i-1
	iccRoom          [4][]byte
	iccBad           bool
	iccBytes         int
	jumbf            rope   // bodies of APP11
	iso              []byte // ISO 21496-1: the metadata of a gain map
}

func newJPEGMeta(pic *picture, scan *scanBudget, x extras) jpegMeta {
	m := jpegMeta{found: &pic.found, scan: scan, adobe: -1}
	if x.silent {
		m.scan.tags = -1
	}
	return m
}

// segment reads the body of one APPn or COM segment. early says that no scan
// came before it: later ones show nothing.
func (m *jpegMeta) segment(marker byte, body []byte, early bool) {
	is := func(want byte, signature string) bool {
		return marker == want && bytes.HasPrefix(body, []byte(signature))
	}
	size := len(body) + 4
	switch {
	case is(mAPP0, "JFIF\x00") && len(body) >= 14:
		m.readJFIF(body, early)
	case is(mAPP0, "JFXX\x00"):
		m.scan.texts.blob(body)
		m.found.add("APP0 JFXX", size, setOf(Thumbnail))
	case is(mAPP1, exifSignature) && len(body) >= 6:
		m.readExif(body, size, early)
	case is(mAPP1, xmpSignature):
		m.found.add("APP1 XMP", size, m.scan.xmp(body[len(xmpSignature):]))
	case is(mAPP1, xmpLongSignature):
		m.found.add("APP1 extended XMP", size, m.scan.xmp(body[len(xmpLongSignature):]))
	case is(mAPP2, iccSignature) && len(body) >= len(iccSignature)+2 && early:
		m.readICC(body)
	case is(mAPP2, isoGainSignature):
		if early {
			m.iso = body[len(isoGainSignature):]
		}
		m.found.add("APP2 gain map", size, 0)
	case is(mAPP2, "MPF\x00"):
		m.scan.texts.blob(body)
		m.found.add("APP2 MPF", size, setOf(Thumbnail))
	case is(mAPP2, "FPXR\x00"):
		m.scan.texts.blob(body)
		m.found.add("APP2 FlashPix", size, 0)
	case is(mAPP11, "JP"):
		m.scan.texts.claim(claimCredentials, body)
		if early && len(body) >= jumbfHead && len(m.jumbf) < maxJUMBF {
			m.jumbf = append(m.jumbf, body)
		} else {
			m.scan.texts.blob(body)
		}
		m.found.add("APP11 JUMBF", size, credentialClasses(body))
	case is(mAPP13, irbSignature):
		m.found.add("APP13 Photoshop", size, m.scan.irb(body[len(irbSignature):]))
	case is(mAPP14, "Adobe") && len(body) >= 12:
		m.readAdobe(body, early)
	case is(mAPP12, duckySignature):
		m.scan.texts.blob(body)
		m.found.add("APP12", size, vendorClasses[12]|duckyClasses(body[len(duckySignature):]))
	case marker == mCOM:
		m.scan.texts.add(body)
		m.found.add("COM", size, setOf(Comment))
	default:
		m.scan.texts.blob(body)
		m.found.add(markerName(marker), size, vendorClasses[marker-mAPP0])
	}
}

// vendorClasses guesses at what cameras put into a segment of their own.
var vendorClasses = [16]classSet{
	3: setOf(Device), 4: setOf(Device), 5: setOf(Device), 6: setOf(Device), 7: setOf(Device),
	8: setOf(Device), 9: setOf(Device), 10: setOf(Comment), 12: setOf(Device, Software),
}

// duckyClasses reads what Photoshop puts there for the web: entries of a tag, a length
// and a value, of which 2 is a comment and 3 a copyright.
func duckyClasses(b []byte) (s classSet) {
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint16(b[2:]))
		switch binary.BigEndian.Uint16(b) {
		case 2:
			s |= setOf(Comment)
		case 3:
			s |= setOf(Person)
		}
		b = b[min(4+n, len(b)):]
	}
	return s
}

// readJFIF keeps that there is a JFIF segment, which decides how three
// components are read, and the shape of a pixel if it is not square.
func (m *jpegMeta) readJFIF(body []byte, early bool) {
	if len(body) > 14 {
		m.scan.texts.blob(body[14:])
		m.found.add("APP0 JFIF thumbnail", len(body)-14, setOf(Thumbnail))
	}
	if !early || m.jfif {
		return
	}
	m.jfif, m.aspectX, m.aspectY = true, 1, 1
	x, y := int(binary.BigEndian.Uint16(body[8:])), int(binary.BigEndian.Uint16(body[10:]))
	if x != 0 && y != 0 {
		d := gcd(x, y)
		m.aspectX, m.aspectY = x/d, y/d
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// jfifBody is that of the one APP0 this package writes: version 1.01, no unit, the
// aspect ratio, no thumbnail.
func jfifBody(x, y int) []byte {
	return []byte{'J', 'F', 'I', 'F', 0, 1, 1, 0, byte(x >> 8), byte(x), byte(y >> 8), byte(y), 0, 0}
}

// readExif takes the orientation from the first Exif block, as browsers do.
func (m *jpegMeta) readExif(body []byte, size int, early bool) {
	tiff := body[6:]
	turns := early && !m.exifSeen
	classes, fields, orientation := m.scan.exif(tiff, turns)
	if turns {
		m.exifSeen, m.orientation = true, orientation
		if orientation > 1 && body[5] == 0 && bytes.Equal(tiff, orientationTIFF(orientation)) {
			return // what this package itself writes
		}
	}
	m.found.add("APP1 Exif", size, classes, fields...)
}

// readAdobe keeps the transform byte, Adobe technical note 5116: without it a
// decoder takes CMYK for YCCK or the other way round.
func (m *jpegMeta) readAdobe(body []byte, early bool) {
	if len(body) > 12 {
		m.scan.texts.blob(body[12:])
		m.found.add("APP14 after Adobe", len(body)-12, 0)
	}
	if early {
		m.adobe = int(body[11])
	}
}

// adobeTransform is 0 for RGB and CMYK, else what decoders take every other
// value for: YCbCr with three components, YCCK with four.
func adobeTransform(value, comps int) byte {
	switch {
	case value == 0:
		return 0
	case comps == 4:
		return 2
	}
	return 1
}

func adobeBody(transform byte) []byte {
	return []byte{'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform}
}

// readICC collects the chunks of a profile, ICC.1 §B.4: number and total of each
// count from 1.
func (m *jpegMeta) readICC(body []byte) {
	seq, total := int(body[len(iccSignature)]), int(body[len(iccSignature)+1])
	m.iccBytes += len(body) + 4
	if m.icc == nil {
		m.iccTotal, m.icc = total, m.iccRoom[:min(total, len(m.iccRoom))]
		if total > len(m.icc) {
			m.icc = make([][]byte, total)
		}
	}
	if total != m.iccTotal || seq < 1 || seq > total || m.icc[seq-1] != nil {
		m.iccBad = true
		return
	}
	m.icc[seq-1] = body[len(iccSignature)+2:]
}

// profile joins the chunks. A profile that is not whole or not one is dropped,
// and reported: decoders ignore such ones too.
func (m *jpegMeta) profile(pic *picture) []byte {
	if m.iccBytes == 0 {
		return nil
	}
	for _, chunk := range m.icc {
		m.iccBad = m.iccBad || chunk == nil
	}
	joined := pic.made.join(m.icc...)
	var profile []byte
	if !m.iccBad {
		profile = cleanICC(joined, pic)
	}
	if profile == nil {
		m.found.add("APP2 ICC_PROFILE", m.iccBytes, 0)
		return nil
	}
	if extra := len(joined) - len(checkICC(joined)); extra > 0 {
		m.found.add("bytes after ICC profile", extra, 0)
	}
	return profile
}

// addProfile writes a profile in chunks as large as they may be.
func (p *jpegParser) addProfile(profile []byte) {
	total := ceilDiv(len(profile), iccChunk)
	for i := range total {
		chunk := profile[i*iccChunk : min((i+1)*iccChunk, len(profile))]
		p.pic.out.add(p.made.segment(mAPP2, []byte(iccSignature), []byte{byte(i + 1), byte(total)}, chunk))
	}
}

// trailerClasses says what lies behind the end of a picture: motion photos,
// further pictures of a multi-picture file or a gain map, makers' trailers.
func trailerClasses(tail []byte) classSet {
	tail = tail[:min(len(tail), 1<<20)]
	s := setOf(Other)
	if bytes.Contains(tail, []byte("\xFF\xD8\xFF")) || bytes.Contains(tail[:min(len(tail), 4096)], []byte("ftyp")) {
		s |= setOf(Thumbnail)
	}
	if bytes.Contains(tail, []byte("SEFH")) || bytes.Contains(tail, []byte("QDIOBS")) {
		s |= setOf(Device)
	}
	return s
}
