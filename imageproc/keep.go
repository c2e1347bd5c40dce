package imageproc

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Keep says what goes over although showing the picture does not take it. What is
// kept is read from the input, checked, and written anew into the one XMP packet
// of the output; nothing is copied. The zero value keeps nothing.
type Keep struct {
	// Copyright keeps who made the picture and what may be done with it: the first
	// creator and the first notice of rights in XMP, IPTC, Exif or a PNG's texts,
	// as plain text of at most 256 bytes, in dc:creator and dc:rights.
	Copyright bool
	// SourceType keeps how the picture came to be, as XMP or content credentials
	// say it, if it is a term of the IPTC vocabulary "Digital Source Type". The
	// credentials themselves, whose signature would no longer fit, go; the report
	// names them. The source type of a Mark comes before the input's.
	SourceType bool
	// GainMap keeps the gain map of an HDR picture, stripped like the picture, with
	// what it says of itself written anew from its numbers: in JPEG (Ultra HDR, ISO
	// 21496-1, Apple's) a picture behind the picture, with an index; in HEIC and
	// AVIF the item tmap and what it is derived from. Maps that HEIC files hold in
	// Apple's way alone, without tmap, go. A MaxSide that makes the picture smaller
	// drops it.
	GainMap bool
	// Provenance keeps content credentials (C2PA): the first manifest store, byte
	// for byte, since any change breaks its signatures. It may hold thumbnails,
	// names, places and dates, and is searched for none of them; what the report
	// calls Credentials says of which classes. Its binding to the file breaks in any
	// case. A MaxSide that makes the picture smaller drops it.
	Provenance bool
}

// claim is a piece of the input that may say what Keep asks for.
type claim struct {
	kind claimKind
	data []byte
}

type claimKind uint8

const (
	claimXMP claimKind = iota
	claimCredentials
	claimCreator
	claimRights
)

const (
	maxClaims    = 32
	maxClaimText = 256
)

// claim notes where something is said; it is read only if Keep asks for it.
func (t *texts) claim(kind claimKind, data []byte) {
	if len(t.claims) < maxClaims && len(data) > 0 {
		t.claims = append(t.claims, claim{kind, data})
	}
}

// statement is what goes into a packet.
type statement struct {
	creator, rights string
	source          SourceType
	tool            string
	gain            *gainMap
	gainSize        int64
}

// kept lists what of Keep there was, for the report.
func (s *statement) kept() []string {
	var list []string
	for _, e := range []struct{ name, value string }{{"creator", s.creator}, {"rights", s.rights}, {"source type", string(s.source)}} {
		if e.value != "" {
			list = append(list, e.name)
		}
	}
	if s.gain != nil {
		list = append(list, "gain map")
	}
	return list
}

// read collects what is asked for, the first of each.
func (k Keep) read(claims []claim) *statement {
	s := &statement{}
	for _, c := range claims {
		switch {
		case c.kind == claimXMP:
			k.readXMP(s, c.data)
		case c.kind == claimCredentials && k.SourceType && s.source == "":
			s.source = sourceIn(c.data)
		case c.kind == claimCreator && k.Copyright && s.creator == "":
			s.creator = plainText(c.data)
		case c.kind == claimRights && k.Copyright && s.rights == "":
			s.rights = plainText(c.data)
		}
	}
	return s
}

const (
	dublinCore    = "http://purl.org/dc/elements/1.1/"
	iptcExtension = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
)

// readXMP reads two properties of Dublin Core and one of IPTC, each as an
// attribute, a text or the first entry of a list, as far as the packet is sound.
func (k Keep) readXMP(s *statement, packet []byte) {
	walkXMP(packet, func(name xml.Name, value string) {
		switch {
		case name.Space == dublinCore && name.Local == "creator" && k.Copyright && s.creator == "":
			s.creator = plainText([]byte(value))
		case name.Space == dublinCore && name.Local == "rights" && k.Copyright && s.rights == "":
			s.rights = plainText([]byte(value))
		case name.Space == iptcExtension && name.Local == "DigitalSourceType" && k.SourceType && s.source == "":
			s.source = knownSource(strings.TrimSpace(value))
		}
	})
}

// walkXMP calls take with each property of a packet, written as an attribute, as a
// text or as a list, and every value it has, as far as the packet is sound.
func walkXMP(packet []byte, take func(name xml.Name, value string)) {
	d := xml.NewDecoder(bytes.NewReader(packet[max(0, bytes.IndexByte(packet, '<')):]))
	d.Strict = false
	var open []xml.Name
	for {
		token, err := d.Token()
		if err != nil {
			return
		}
		switch e := token.(type) {
		case xml.StartElement:
			open = append(open, e.Name)
			for _, a := range e.Attr {
				take(a.Name, a.Value)
			}
		case xml.EndElement:
			open = open[:max(0, len(open)-1)]
		case xml.CharData:
			for _, name := range open[max(0, len(open)-3):] { // the property, a list, its entry
				take(name, string(e))
			}
		}
	}
}

// plainText is a value as one line of UTF-8 without control characters; "" for
// one that is too long or no text.
func plainText(value []byte) string {
	value, _, _ = bytes.Cut(value, []byte{0})
	if !utf8.Valid(value) {
		latin := make([]rune, len(value))
		for i, c := range value {
			latin[i] = rune(c)
		}
		value = []byte(string(latin))
	}
	text := strings.Join(strings.Fields(string(value)), " ")
	if len(text) > maxClaimText || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return text
}

const sourceTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/"

// sourceTerms is the vocabulary, with the terms it has retired.
var sourceTerms = []string{
	"algorithmicMedia", "algorithmicallyEnhanced", "compositeCapture", "compositeSynthetic", "compositeWithTrainedAlgorithmicMedia",
	"computationalCapture", "dataDrivenMedia", "digitalArt", "digitalCapture", "digitalCreation", "humanEdits", "minorHumanEdits",
	"negativeFilm", "positiveFilm", "print", "screenCapture", "softwareImage", "trainedAlgorithmicMedia", "virtualRecording",
}

func knownSource(address string) SourceType {
	term, ok := strings.CutPrefix(strings.Replace(address, "https:", "http:", 1), sourceTypes)
	if !ok || !slices.Contains(sourceTerms, term) {
		return ""
	}
	return SourceType(sourceTypes + term)
}

// sourceIn finds the first term in content credentials, whose CBOR holds it as
// plain text, without an end that could be told from it: of two terms that fit it
// is the longer.
func sourceIn(data []byte) SourceType {
	const vocabulary = "//cv.iptc.org/newscodes/digitalsourcetype/"
	for i := bytes.Index(data, []byte(vocabulary)); i >= 0; i = bytes.Index(data, []byte(vocabulary)) {
		data = data[i+len(vocabulary):]
		longest := ""
		for _, term := range sourceTerms {
			if len(term) > len(longest) && bytes.HasPrefix(data, []byte(term)) {
				longest = term
			}
		}
		if longest != "" {
			return SourceType(sourceTypes + longest)
		}
	}
	return ""
}

// settle decides on the packet of the output, once the input is read.
func (x *extras) settle(pic *picture) {
	pic.keepCredentials(x.keep.Provenance)
	if x.keep != (Keep{}) {
		s := x.keep.read(pic.texts.claims)
		if s.gain = pic.gain; pic.second != nil {
			s.gainSize = pic.second.size
		}
		pic.kept = append(s.kept(), pic.kept...)
		if x.mark.DigitalSourceType != "" {
			s.source, s.tool = x.mark.DigitalSourceType, x.mark.Tool
		}
		x.packet = s.packet()
	}
	pic.packet, pic.texts.claims = x.packet, nil
}
