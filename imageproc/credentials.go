package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// Credentials names the content credentials (C2PA) that a picture had. It holds
// the standard's words for what is in them, and never a value.
type Credentials struct {
	Carrier    string   `json:"carrier"`    // as in Finding
	Bytes      int      `json:"bytes"`      // of the manifest store, without the carrier's framing
	Manifests  int      `json:"manifests"`  // how many there are; more than one where others' pictures went in
	Assertions []string `json:"assertions"` // sorted labels, such as "c2pa.actions"; "other" for those that no standard names
	Classes    []Class  `json:"classes"`    // what such assertions may hold; sorted, with Provenance
	// Kept says that Keep.Provenance took the store over, byte for byte, with all
	// personal data in it.
	Kept bool `json:"kept"`
	// Binding is "broken" where the store is kept: its hashes are those of the file
	// that came in, so a validator finds it well signed and not about this file.
	Binding string `json:"binding,omitempty"`
}

func (c *Credentials) clone() *Credentials {
	if c == nil {
		return nil
	}
	d := *c
	d.Assertions, d.Classes = slices.Clone(c.Assertions), slices.Clone(c.Classes)
	return &d
}

// credentialLabels are assertions that C2PA 2.2 §18 and CAWG name, and what they
// may hold. A label goes by its longest beginning here.
var credentialLabels = map[string]classSet{
	"c2pa.actions": setOf(Software, Time), "c2pa.hash.data": 0, "c2pa.hash.bmff": 0, "c2pa.hash.boxes": 0, "c2pa.hash.collection": 0,
	"c2pa.hash.multi-asset": 0, "c2pa.thumbnail.claim": setOf(Thumbnail), "c2pa.thumbnail.ingredient": setOf(Thumbnail),
	"c2pa.ingredient": setOf(Comment, Thumbnail), "c2pa.metadata": setOf(Device, Location, Person, Time), "c2pa.depthmap": setOf(Other),
	"c2pa.soft-binding": 0, "c2pa.cloud-data": 0, "c2pa.external-reference": 0, "c2pa.time-stamp": setOf(Time),
	"c2pa.certificate-status": 0, "c2pa.embedded-data": setOf(Other), "c2pa.font.info": setOf(Other), "c2pa.training-mining": 0,
	"c2pa.data-mining": 0, "c2pa.ai-disclosure": setOf(Software), "cawg.training-mining": 0, "cawg.identity": setOf(Person), "cawg.metadata": setOf(Device, Location, Person, Time),
	"stds.schema-org.CreativeWork": setOf(Comment, Person, Time), "stds.schema-org.ClaimReview": setOf(Comment, Person),
	"stds.exif": setOf(Device, Location, Time), "stds.iptc": setOf(Comment, Location, Person), "stds.xmp": setOf(Comment, Device, Person),
	"stds.metadata": setOf(Comment, Device, Person), "c2pa.credential": setOf(Person), "c2pa.asset-ref": setOf(Other), "c2pa.asset-type": 0,
}

const (
	c2paStore = "c2pa" + c2paTail // types of superboxes, C2PA 2.2 §11.1
	c2paTail  = "\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71"
)

// credentialClasses says what a block of content credentials holds. A claim names
// the program that made it, and mostly has a title, C2PA 2.2 §10.
func credentialClasses(data []byte) classSet {
	classes := setOf(Provenance)
	if bytes.Contains(data, []byte("claim_generator")) {
		classes |= setOf(Software)
	}
	if bytes.Contains(data, []byte("dc:title")) {
		classes |= setOf(Comment)
	}
	return classes
}

// credentials takes a manifest store as its carrier holds it, once for a file.
// framed is how much of the file that takes. Its texts are not searched for if it
// is kept. The result says whether it is one.
func (p *picture) credentials(t *texts, carrier string, framed int, data []byte) bool {
	store := jumbfBox(data)
	if p.named != nil || store == nil || jumbfType(store) != c2paStore {
		t.blob(data)
		return false
	}
	if p.keeps {
		t.blob(data[len(store):])
	} else {
		t.blob(data)
	}
	d := jumbfReader{budget: 1 << 12, labels: make(map[string]bool), classes: setOf(Provenance)}
	d.children(store, 0)
	p.c2pa, p.c2paFramed = store, framed
	p.named = &Credentials{
		Carrier: carrier, Bytes: len(store), Manifests: d.manifests, Assertions: []string{}, Classes: d.classes.list(),
	}
	for label := range d.labels {
		p.named.Assertions = append(p.named.Assertions, label)
	}
	slices.Sort(p.named.Assertions)
	return true
}

// keepCredentials decides on the store, once the input is read.
func (p *picture) keepCredentials(keep bool) {
	if !keep || p.named == nil {
		p.c2pa = nil
		return
	}
	p.named.Kept, p.named.Binding = true, "broken"
	p.kept = append(p.kept, "provenance")
	p.found.reduce(p.named.Carrier, p.c2paFramed)
}

// jumbfBox is the one box at the start of b, ISO 19566-5 §A.2; nil if it is none
// of JUMBF or not whole.
func jumbfBox(b []byte) []byte {
	if len(b) < 8 || string(b[4:8]) != "jumb" {
		return nil
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if n == 1 && len(b) >= 16 {
		n = binary.BigEndian.Uint64(b[8:])
	}
	if n < 8 || n > uint64(len(b)) {
		return nil
	}
	return b[:n]
}

// jumbfContent is what follows the header of a box.
func jumbfContent(box []byte) []byte {
	if binary.BigEndian.Uint32(box) == 1 && len(box) >= 16 {
		return box[16:]
	}
	return box[8:]
}

// jumbfDescription is the body of the description box that begins a superbox; nil
// without one.
func jumbfDescription(box []byte) (body, rest []byte) {
	b := jumbfContent(box)
	if len(b) < 8+17 || string(b[4:8]) != "jumd" {
		return nil, nil
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if n < 8+17 || n > uint64(len(b)) {
		return nil, nil
	}
	return b[8:n], b[n:]
}

func jumbfType(box []byte) string {
	body, _ := jumbfDescription(box)
	return string(body[:min(len(body), 16)])
}

type jumbfReader struct {
	budget    int // of boxes
	manifests int
	labels    map[string]bool
	classes   classSet
}

// children goes through the superboxes inside one: a store holds manifests, these
// a store of assertions.
func (d *jumbfReader) children(box []byte, depth int) {
	const deepest = 4
	_, rest := jumbfDescription(box)
	for len(rest) >= 8 && depth < deepest {
		if d.budget--; d.budget < 0 {
			return
		}
		child := jumbfBox(rest)
		if child == nil {
			n := uint64(binary.BigEndian.Uint32(rest)) // a box of content
			if n < 8 || n > uint64(len(rest)) {
				return
			}
			rest = rest[n:]
			continue
		}
		rest = rest[len(child):]
		body, _ := jumbfDescription(child)
		if body == nil {
			continue
		}
		switch kind, tail := string(body[:4]), string(body[4:16]); {
		case tail == c2paTail && (kind == "c2ma" || kind == "c2um" || kind == "c2cm"):
			d.manifests++
		case depth == 2:
			d.label(body[16:])
		}
		d.children(child, depth+1)
	}
}

// label notes an assertion: b is a byte of flags and a name that ends with zero.
func (d *jumbfReader) label(b []byte) {
	name, _, _ := bytes.Cut(b[1:], []byte{0})
	best := ""
	for known := range credentialLabels {
		if len(known) > len(best) && strings.HasPrefix(string(name), known) {
			best = known
		}
	}
	if best == "" {
		d.labels["other"] = true
		d.classes |= setOf(Other)
		return
	}
	d.labels[best] = true
	d.classes |= credentialLabels[best]
}
