package imageproc

import (
	"strings"
)

// SourceType is a term of the IPTC vocabulary "Digital Source Type", as its full
// address. It says how a picture came to be.
type SourceType string

// The terms a Mark can carry,
// see http://cv.iptc.org/newscodes/digitalsourcetype/.
const (
	// CompositeSynthetic: a composite with at least one synthetic element.
	CompositeSynthetic SourceType = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
	// AlgorithmicallyEnhanced: a photograph changed by plain algorithms, such as
	// a try-on drawn by geometry.
	AlgorithmicallyEnhanced SourceType = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
	// CompositeWithTrainedAlgorithmicMedia: a photograph edited by generative AI.
	CompositeWithTrainedAlgorithmicMedia SourceType = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
	// TrainedAlgorithmicMedia: made by generative AI as a whole.
	TrainedAlgorithmicMedia SourceType = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
)

// Mark says that a picture is not a plain photograph. It is written as one fresh
// XMP packet and nothing of it comes from the input. The zero value is no mark.
type Mark struct {
	DigitalSourceType SourceType // Iptc4xmpExt:DigitalSourceType
	Tool              string     // xmp:CreatorTool, at most 128 printable ASCII characters; may be empty
}

const maxTool = 128

// packet is the XMP packet, or nil for the zero Mark. The error is ErrOption.
func (m Mark) packet() ([]byte, error) {
	switch m.DigitalSourceType {
	case "":
		if m.Tool != "" {
			return nil, optionError("a mark with a tool needs a source type")
		}
		return nil, nil
	case CompositeSynthetic, AlgorithmicallyEnhanced, CompositeWithTrainedAlgorithmicMedia, TrainedAlgorithmicMedia:
	default:
		return nil, optionError("the source type of a mark is none of the constants")
	}
	if len(m.Tool) > maxTool {
		return nil, optionError("the tool of a mark has more than %d characters", maxTool)
	}
	for _, r := range m.Tool {
		if r < ' ' || r > '~' {
			return nil, optionError("the tool of a mark is not printable ASCII")
		}
	}
	return (&statement{source: m.DigitalSourceType, tool: m.Tool}).packet(), nil
}

// packet writes the one XMP packet of an output; nil if there is nothing to say.
func (s *statement) packet() []byte {
	attributes, element := s.gain.announce(s.gainSize)
	if s.creator+s.rights+string(s.source)+s.tool+attributes == "" {
		return nil
	}
	var b strings.Builder
	b.WriteString(xmpHead)
	if s.source != "" {
		b.WriteString(` xmlns:Iptc4xmpExt="` + iptcExtension + `" xmlns:xmp="http://ns.adobe.com/xap/1.0/"` +
			` Iptc4xmpExt:DigitalSourceType="` + string(s.source) + `"`)
	}
	if s.tool != "" {
		b.WriteString(` xmp:CreatorTool="` + xmlEscaper.Replace(s.tool) + `"`)
	}
	b.WriteString(attributes)
	if s.creator+s.rights != "" {
		b.WriteString(` xmlns:dc="` + dublinCore + `"`)
	}
	if s.creator+s.rights+element == "" {
		b.WriteString("/>")
	} else {
		b.WriteString(">" + element)
		if s.creator != "" {
			b.WriteString("<dc:creator><rdf:Seq><rdf:li>" + xmlEscaper.Replace(s.creator) + "</rdf:li></rdf:Seq></dc:creator>")
		}
		if s.rights != "" {
			b.WriteString(`<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">` + xmlEscaper.Replace(s.rights) + "</rdf:li></rdf:Alt></dc:rights>")
		}
		b.WriteString("</rdf:Description>")
	}
	b.WriteString(xmpTail)
	return []byte(b.String())
}

const (
	xmpHead = "<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/">` +
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about=""`
	xmpTail = "</rdf:RDF></x:xmpmeta>\n" + `<?xpacket end="r"?>`
)

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")
