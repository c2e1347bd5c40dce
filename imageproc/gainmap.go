package imageproc

import (
	"encoding/binary"
	"encoding/xml"
	"math"
	"slices"
	"strconv"
	"strings"
)

// gainMap is what a gain map says of itself, as numbers: in Adobe's and Google's
// terms (Ultra HDR), in ISO 21496-1's, in Apple's, or in several.
type gainMap struct {
	adobe *adobeGain
	iso   *isoGain
	apple *appleGain
}

const (
	adobeGainSpace     = "http://ns.adobe.com/hdr-gain-map/1.0/"
	appleGainSpace     = "http://ns.apple.com/HDRGainMap/1.0/"
	applePixelSpace    = "http://ns.apple.com/pixeldatainfo/1.0/"
	appleGainType      = "urn:com:apple:photo:2020:aux:hdrgainmap"
	containerSpace     = "http://ns.google.com/photos/1.0/container/"
	containerItemSpace = "http://ns.google.com/photos/1.0/container/item/"
	isoGainSignature   = "urn:iso:std:iso:ts:21496:-1\x00"
)

// adobeGain is hdrgm of "Gain Map Specification" 1.0, each property with one value
// or three.
type adobeGain struct {
	baseIsHDR  bool
	properties [len(adobeGainNames)][]float64
}

// adobeGainNames are the properties, and what they are where they aren't given;
// the two without a default have to be.
var adobeGainNames = [...]struct {
	name    string
	value   float64
	several bool
}{
	{"GainMapMin", 0, true},
	{"GainMapMax", math.NaN(), true},
	{"Gamma", 1, true},
	{"OffsetSDR", 1.0 / 64, true},
	{"OffsetHDR", 1.0 / 64, true},
	{"HDRCapacityMin", 0, false},
	{"HDRCapacityMax", math.NaN(), false},
}

// appleGain is Apple's; a headroom of 0 is none.
type appleGain struct {
	version, stored, native uint32
	headroom                float64
}

// readGainXMP reads the packet of a gain map; nil if it is none.
func readGainXMP(packet []byte) *gainMap {
	said := xmpValues(packet, adobeGainSpace, appleGainSpace, applePixelSpace)
	g := &gainMap{adobe: readAdobeGain(said), apple: readAppleGain(said)}
	if g.adobe == nil && g.apple == nil {
		return nil
	}
	return g
}

func readAdobeGain(said map[xml.Name][]string) *adobeGain {
	name := func(local string) xml.Name { return xml.Name{Space: adobeGainSpace, Local: local} }
	if said[name("Version")] == nil {
		return nil
	}
	a := &adobeGain{baseIsHDR: slices.Equal(said[name("BaseRenditionIsHDR")], []string{"True"})}
	for i, p := range adobeGainNames {
		given := said[name(p.name)]
		if len(given) == 0 {
			if math.IsNaN(p.value) {
				return nil
			}
			given = []string{formatNumber(p.value)}
		}
		if len(given) != 1 && (len(given) != 3 || !p.several) {
			return nil
		}
		for _, s := range given {
			v, ok := parseNumber(s)
			if !ok {
				return nil
			}
			a.properties[i] = append(a.properties[i], v)
		}
	}
	return a
}

func readAppleGain(said map[xml.Name][]string) *appleGain {
	if !slices.Equal(said[xml.Name{Space: applePixelSpace, Local: "AuxiliaryImageType"}], []string{appleGainType}) {
		return nil
	}
	number := func(space, local string) uint32 {
		v, _ := strconv.ParseUint(strings.Join(said[xml.Name{Space: space, Local: local}], ""), 10, 32) // 0 where there is none
		return uint32(v)
	}
	a := &appleGain{
		version: number(appleGainSpace, "HDRGainMapVersion"),
		stored:  number(applePixelSpace, "StoredFormat"), native: number(applePixelSpace, "NativeFormat"),
	}
	if given := said[xml.Name{Space: appleGainSpace, Local: "HDRGainMapHeadroom"}]; len(given) == 1 {
		a.headroom, _ = parseNumber(given[0]) // 0 where it is none
	}
	if a.version == 0 {
		return nil
	}
	return a
}

func parseNumber(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return v, err == nil && math.Abs(v) < 1e6
}

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 32) }

// xmpValues lists the properties of some namespaces.
func xmpValues(packet []byte, spaces ...string) map[xml.Name][]string {
	said := make(map[xml.Name][]string)
	const most = 8 // values of one property
	walkXMP(packet, func(name xml.Name, value string) {
		if value = strings.TrimSpace(value); value != "" && slices.Contains(spaces, name.Space) && len(said[name]) < most {
			said[name] = append(said[name], value)
		}
	})
	return said
}

// packet is the XMP packet of a gain map in a file of its own; nil where all is
// said elsewhere.
func (g *gainMap) packet() []byte {
	if g.adobe == nil && g.apple == nil {
		return nil
	}
	var b, lists strings.Builder
	b.WriteString(xmpHead)
	if a := g.adobe; a != nil {
		b.WriteString(` xmlns:hdrgm="` + adobeGainSpace + `" hdrgm:Version="1.0" hdrgm:BaseRenditionIsHDR="` + map[bool]string{true: "True", false: "False"}[a.baseIsHDR] + `"`)
		for i, p := range adobeGainNames {
			if v := a.properties[i]; len(v) == 1 {
				b.WriteString(` hdrgm:` + p.name + `="` + formatNumber(v[0]) + `"`)
				continue
			}
			lists.WriteString("<hdrgm:" + p.name + "><rdf:Seq>")
			for _, v := range a.properties[i] {
				lists.WriteString("<rdf:li>" + formatNumber(v) + "</rdf:li>")
			}
			lists.WriteString("</rdf:Seq></hdrgm:" + p.name + ">")
		}
	}
	if a := g.apple; a != nil {
		b.WriteString(` xmlns:apdi="` + applePixelSpace + `" xmlns:HDRGainMap="` + appleGainSpace + `"`)
		lists.WriteString("<apdi:AuxiliaryImageType>" + appleGainType + "</apdi:AuxiliaryImageType>")
		for _, e := range []struct {
			name  string
			value uint32
		}{{"apdi:StoredFormat", a.stored}, {"apdi:NativeFormat", a.native}, {"HDRGainMap:HDRGainMapVersion", a.version}} {
			if e.value != 0 {
				lists.WriteString("<" + e.name + ">" + strconv.FormatUint(uint64(e.value), 10) + "</" + e.name + ">")
			}
		}
		if a.headroom != 0 {
			lists.WriteString("<HDRGainMap:HDRGainMapHeadroom>" + formatNumber(a.headroom) + "</HDRGainMap:HDRGainMapHeadroom>")
		}
	}
	b.WriteString(">" + lists.String() + "</rdf:Description>" + xmpTail)
	return []byte(b.String())
}

// announce is what the packet of the picture says of a gain map of that size
// behind it: attributes of its description and an element in it.
func (g *gainMap) announce(size int64) (attributes, element string) {
	if g == nil || g.adobe == nil {
		return "", ""
	}
	return ` xmlns:hdrgm="` + adobeGainSpace + `" xmlns:Container="` + containerSpace + `" xmlns:Item="` + containerItemSpace + `" hdrgm:Version="1.0"`,
		`<Container:Directory><rdf:Seq>` +
			`<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/></rdf:li>` +
			`<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="` +
			strconv.FormatInt(size, 10) + `"/></rdf:li></rdf:Seq></Container:Directory>`
}

// isoGain is the metadata of ISO 21496-1 annex C.2: two headrooms and, for one
// channel or three, minimum, maximum, gamma and two offsets, as fractions.
type isoGain struct {
	flags     byte
	fractions [][2]uint32 // numerators as they stand, signed or not
}

const (
	isoMultichannel = 0x80
	isoBaseSpace    = 0x40
	isoCommon       = 0x08 // one denominator for all
	isoBackward     = 0x04
)

// readISOGain reads what follows the version numbers 0 and any; nil if it is not
// sound. The size of the rest is none of its business.
func readISOGain(b []byte) *isoGain {
	if len(b) < 5 || b[0]|b[1] != 0 {
		return nil
	}
	g := &isoGain{flags: b[4] & (isoMultichannel | isoBaseSpace | isoCommon | isoBackward)}
	b = b[5:]
	n := 2 + 5
	if g.flags&isoMultichannel != 0 {
		n = 2 + 15
	}
	next := func() (v uint32) {
		v = binary.BigEndian.Uint32(b)
		b = b[4:]
		return v
	}
	if g.flags&isoCommon != 0 {
		if len(b) < 4+4*n {
			return nil
		}
		common := next()
		for range n {
			g.fractions = append(g.fractions, [2]uint32{next(), common})
		}
	} else {
		if len(b) < 8*n {
			return nil
		}
		for range n {
			g.fractions = append(g.fractions, [2]uint32{next(), next()})
		}
	}
	if slices.ContainsFunc(g.fractions, func(f [2]uint32) bool { return f[1] == 0 }) {
		return nil
	}
	return g
}

// bytes writes it with versions 0.
func (g *isoGain) bytes() []byte {
	b := []byte{0, 0, 0, 0, g.flags}
	if g.flags&isoCommon != 0 {
		b = binary.BigEndian.AppendUint32(b, g.fractions[0][1])
	}
	for _, f := range g.fractions {
		b = binary.BigEndian.AppendUint32(b, f[0])
		if g.flags&isoCommon == 0 {
			b = binary.BigEndian.AppendUint32(b, f[1])
		}
	}
	return b
}
