package imageproc

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// heifParser takes a HEIF file apart, ISO/IEC 23008-12 over ISO/IEC 14496-12,
// which is what HEIC and AVIF are: boxes, one of which, meta, lists items with
// their types, places, properties and relations. The pictures that a viewer
// shows are chosen with all they are made of, and a new file is written that
// holds nothing else. No codec is needed: a coded picture goes over as it is,
// but for messages inside it that decoding does not need.
type heifParser struct {
	data   []byte
	lim    Limits
	pic    *picture
	scan   *scanBudget
	budget int // boxes, items, places, relations and units of coded data still to be read

	major     string    // brand
	toneBrand bool      // the brand tmap is there
	toneMap   *heifItem // the gain map's item, if it is kept
	brands    []string
	meta      bmff.Box
	media     []heifSpan // what the mdat boxes hold
	idat      bmff.Box
	moov      bmff.Box
	nested    bool // meta is the one of a track

	primary  uint32
	items    map[uint32]*heifItem
	order    []*heifItem            // by id
	alphas   map[uint32][]*heifItem // by the picture they belong to
	props    []heifProp             // property i stands at i-1
	groups   []heifGroup
	admitted []*heifItem
	kept     []*heifItem // by id, numbered from 1
	movie    heifMovie
	dropped  []heifSpan // data of tracks that go
	store    heifStore
	joined   int // bytes that may still be joined for a report
}

// heifSpan is a piece of the file.
type heifSpan struct{ start, end int }

func (s heifSpan) size() int { return s.end - s.start }

// heifItem is one item, with what the boxes of meta say about it.
type heifItem struct {
	id      uint32
	typ     string
	hidden  bool
	secured bool // its data is encrypted or otherwise protected
	content string
	packed  bool // mime: the content is compressed
	name    int  // bytes of its name
	entry   int  // bytes of its infe box

	places   []heifSpan // of its data, neighbours joined; in idat or anywhere in the file
	inIdat   bool
	unplaced error // why its data can't be had

	uses    []heifUse
	inputs  []uint32 // what it is derived from, in order
	auxOf   []uint32
	thumbOf []uint32
	premOf  []uint32 // the alpha that its colours are multiplied with
	gain    bool     // is a gain map, as the tone map made of it says
	sized   bool
	state   heifState
	refused error
	coding  heifCoding
	payload *heifPayload // nil without data
	relaid  bool         // its data is not what it was
	number  uint16       // in the output
}

type heifState uint8

const (
	heifLeft heifState = iota
	heifAdmitted
	heifKept
)

// heifUse is an association of a property with an item.
type heifUse struct {
	index     int // from 1
	essential bool
}

func parseHEIF(data []byte, f Format, lim Limits, x extras) (*picture, error) {
	p := &heifParser{
		data: data, lim: lim, budget: lim.MaxSegments,
		items: make(map[uint32]*heifItem), alphas: make(map[uint32][]*heifItem),
		pic: &picture{format: f, orientation: 1, keeps: x.keep.Provenance, keepsGain: x.keep.GainMap, channels: 3}, joined: len(data),
	}
	p.scan = newScanBudget(&p.pic.texts)
	if int64(len(data)) > math.MaxUint32-(1<<20) {
		return nil, p.fail("file", 0, ErrTooLarge, "more than 4 GiB")
	}
	for _, step := range []func() error{p.boxes, p.readMeta, p.choose, p.choosePayloads, p.readMovie, p.describe} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p.pic, p.write(x)
}

func (p *heifParser) fail(part string, at int, sentinel error, format string, args ...any) error {
	return &FormatError{
		Format: p.pic.format, Part: part, Offset: int64(at), Reason: fmt.Sprintf(format, args...), Err: sentinel,
	}
}

func (p *heifParser) failBox(b bmff.Box, sentinel error, format string, args ...any) error {
	return p.fail(heifPart(b.Type), b.At, sentinel, format, args...)
}

func (p *heifParser) failItem(it *heifItem, sentinel error, format string, args ...any) error {
	return p.fail(fmt.Sprintf("item %d", it.id), p.meta.At, sentinel, format, args...)
}

func heifPart(typ string) string { return fmt.Sprintf("box %q", typ) }

// corrupt turns what bmff says into an error of this package.
func (p *heifParser) corrupt(err error) error {
	var be *bmff.Error
	if !errors.As(err, &be) {
		return err
	}
	part := "box"
	if be.Type != "" {
		part = heifPart(be.Type)
	}
	return p.fail(part, be.At, ErrCorrupt, "%s", be.Reason)
}

// spend charges n things to be read against the limit.
func (p *heifParser) spend(n, at int) error {
	if p.budget -= n; p.budget < 0 {
		return p.fail("file", at, ErrTooLarge, "more than %d boxes, items and parts of them", p.lim.MaxSegments)
	}
	return nil
}

// children calls do for each box inside body, in order.
func (p *heifParser) children(body []byte, at int, do func(bmff.Box) error) error {
	for r := bmff.NewReader(body, at); r.More(); {
		b, err := r.Next()
		if err != nil {
			return p.corrupt(err)
		}
		if err := p.spend(1, b.At); err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
	}
	return nil
}

// boxes reads the top level. Whatever follows the last box that is one, or
// begins a file of its own, as the film of a motion photo does, is a trailer.
func (p *heifParser) boxes() error {
	r := bmff.NewFileReader(p.data)
	for r.More() {
		at, rest := r.At(), r.Rest()
		b, err := r.Next()
		if err != nil && (p.missing() || heifCutShort(err)) {
			return p.corrupt(err)
		}
		if err != nil || !heifPrintable(b.Type) || b.Type == "ftyp" && at > 0 {
			p.pic.texts.trailer(rest)
			p.pic.found.add("bytes after the last box", len(rest), trailerClasses(rest))
			break
		}
		if err := p.spend(1, at); err != nil {
			return err
		}
		if err := p.topBox(b); err != nil {
			return err
		}
	}
	if p.missing() && p.moov.Whole != nil {
		return p.failBox(p.moov, ErrUnsupported, "an image sequence without a still picture is not supported")
	}
	if p.missing() {
		return p.fail("end", len(p.data), ErrCorrupt, "no meta box: the file is truncated, or holds no still picture")
	}
	return nil
}

// heifCutShort tells a file that ends too early from one with something behind it.
func heifCutShort(err error) bool {
	var be *bmff.Error
	if !errors.As(err, &be) {
		return false
	}
	return be.Type == "mdat" || be.Type == "meta" || be.Type == "moov"
}

func heifPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func (p *heifParser) missing() bool { return p.meta.Whole == nil }

func (p *heifParser) topBox(b bmff.Box) error {
	switch b.Type {
	case "ftyp":
		return p.readBrands(b)
	case "meta":
		return p.once(&p.meta, b)
	case "mdat":
		p.media = append(p.media, heifSpan{b.BodyAt(), b.BodyAt() + len(b.Body)})
	case "moov":
		return p.once(&p.moov, b)
	case "moof", "sidx":
		return p.failBox(b, ErrUnsupported, "fragments are not supported")
	default:
		p.dropBox(b)
	}
	return nil
}

// once takes a box that may stand in a file one time only.
func (p *heifParser) once(place *bmff.Box, b bmff.Box) error {
	if place.Whole != nil {
		return p.failBox(b, ErrCorrupt, "second one")
	}
	*place = b
	return nil
}

// heifBrands lists the brands an output may name, ISO/IEC 23008-12 §10,
// 23000-22 §10 and the AVIF specification §8. A brand of its own says nothing
// that a reader needs and could be text.
var heifBrands = map[string]bool{
	"mif1": true, "mif2": true, "msf1": true, "miaf": true, "heic": true, "heix": true, "heim": true, "heis": true,
	"hevc": true, "hevx": true, "hevm": true, "hevs": true, "avif": true, "avis": true, "avio": true,
	"MA1A": true, "MA1B": true, "MiHA": true, "MiHB": true, "MiHE": true, "MiPr": true, "MiBr": true,
	"iso4": true, "iso5": true, "iso6": true, "iso7": true, "iso8": true, "iso9": true, "isom": true,
}

// readBrands reads ftyp, ISO/IEC 14496-12 §4.3: a major brand, a version of it
// and the brands the file is compatible with. The version goes: readers of HEIF
// do not look at it.
func (p *heifParser) readBrands(b bmff.Box) error {
	if len(b.Body) < 8 {
		return p.failBox(b, ErrCorrupt, "length %d", len(b.Whole))
	}
	dropped := len(b.Body) % 4
	for i := 0; i+4 <= len(b.Body); i += 4 {
		brand := string(b.Body[i : i+4])
		p.toneBrand = p.toneBrand || brand == "tmap" && i > 4
		switch {
		case i == 4:
			if brand != "\x00\x00\x00\x00" {
				dropped += 4
			}
		case !heifBrands[brand] || i > 0 && slices.Contains(p.brands, brand):
			dropped += 4
		case i == 0:
			p.major = brand
		default:
			p.brands = append(p.brands, brand)
		}
	}
	if p.major == "" && len(p.brands) > 0 {
		p.major = p.brands[0]
	}
	if dropped > 0 {
		p.pic.found.add("ftyp brands", dropped, 0)
	}
	return nil
}
