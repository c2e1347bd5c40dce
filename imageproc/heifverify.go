package imageproc

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// heifVerifier is the second walker for HEIC and AVIF. It holds the bytes to be
// released against the one shape that an output can have: three boxes, the
// second of which is spelled out below field by field, and data of which every
// byte belongs to an item. It shares no code with the parser.
type heifVerifier struct {
	r      *ropeReader
	at     int64
	format Format
	err    error

	items   []*heifSeen // number i stands at i-1
	primary int
	props   []heifSeenProp
	idat    []byte
	inIdat  map[heifRange]*heifSeen
	inMdat  map[heifRange]*heifSeen
	toneMap []byte // what the item tmap is to hold, or nil
	marked  bool   // the last item is to be the packet of a mark
}

// heifSeen is an item as the output describes it.
type heifSeen struct {
	typ       string
	hidden    bool
	inputs    []uint32 // numbers of items, as those below
	auxiliary []uint32
	alphas    []uint32 // the pictures whose auxiliary says it is this one's
	named     bool     // as alpha
	placed    bool
	reached   bool
	coding    string // "av1", "hevc" and the size of lengths, or ""
	shape     heifShape
}

type heifSeenProp struct {
	typ  string
	body []byte
	used bool
}

type heifRange struct{ start, size uint32 }

// verifyHEIF returns ErrVerify, as a *FormatError, unless r holds exactly the
// picture of the size and orientation given, and the packet.
func verifyHEIF(r *ropeReader, want *picture, packet []byte) error {
	v := &heifVerifier{
		r: r, format: want.format, marked: packet != nil, toneMap: want.toneMap,
		inIdat: map[heifRange]*heifSeen{}, inMdat: map[heifRange]*heifSeen{},
	}
	typ, body := v.box()
	v.brands(typ, body)
	typ, body = v.box()
	if want.c2pa != nil {
		const head = "\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81\x00\x00\x00\x00manifest\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		v.insist(typ == "uuid" && string(body) == head+string(want.c2pa), "content credentials are not those expected")
		typ, body = v.box()
	}
	v.insist(typ == "meta", "the second box is not meta")
	v.meta(body)
	if v.err == nil {
		v.reach()
		v.picture(want)
		v.stored(packet)
		v.media(packet)
	}
	return v.err
}

func (v *heifVerifier) insist(ok bool, format string, args ...any) {
	if !ok && v.err == nil {
		v.err = &FormatError{Format: v.format, Part: "output", Offset: v.at, Reason: fmt.Sprintf(format, args...), Err: ErrVerify}
	}
}

// head reads a header: a size of 32 bits and a type.
func (v *heifVerifier) head() (typ string, size int64) {
	var b [8]byte
	if _, err := io.ReadFull(v.r, b[:]); err != nil {
		v.insist(false, "cut short")
		return "", 0
	}
	size = int64(heifNumber(b[:4])) - 8
	v.insist(size >= 0, "size of a box is not valid")
	v.at += 8
	return string(b[4:]), max(size, 0)
}

// box reads a box of the top level as a whole.
func (v *heifVerifier) box() (typ string, body []byte) {
	if v.err != nil {
		return "", nil
	}
	typ, size := v.head()
	body, err := io.ReadAll(io.LimitReader(v.r, size))
	v.insist(err == nil && int64(len(body)) == size, "cut short")
	v.at += int64(len(body))
	return typ, body
}

// heifNumber is what up to four bytes stand for.
func heifNumber(b []byte) (n uint32) {
	for _, c := range b {
		n = n<<8 + uint32(c)
	}
	return n
}

func (v *heifVerifier) brands(typ string, b []byte) {
	const allowed = "mif1 mif2 msf1 miaf heic heix heim heis hevc hevx hevm hevs avif avis avio " +
		"MA1A MA1B MiHA MiHB MiHE MiPr MiBr iso4 iso5 iso6 iso7 iso8 iso9 isom"
	v.insist(typ == "ftyp" && len(b) >= 8 && len(b)%4 == 0 && heifNumber(b[4:8]) == 0, "ftyp is not the canonical one")
	for i := 0; v.err == nil && i < len(b); i += 4 {
		brand := string(b[i : i+4])
		if brand == "tmap" && v.toneMap != nil {
			continue
		}
		v.insist(i == 4 || strings.Contains(allowed, brand) && !strings.Contains(brand, " "), "a brand is not allowed")
	}
}

// each goes through the boxes of b.
func (v *heifVerifier) each(b []byte, do func(typ string, body []byte)) {
	for len(b) > 0 && v.err == nil {
		size := uint32(0)
		if len(b) >= 8 {
			size = heifNumber(b[:4])
		}
		if size < 8 || int64(size) > int64(len(b)) {
			v.insist(false, "size of a box is not valid")
			return
		}
		do(string(b[4:8]), b[8:size])
		b = b[size:]
	}
}

// ordered goes through the boxes of b, which have to come in the order listed,
// each at most once.
func (v *heifVerifier) ordered(b []byte, order ...string) map[string][]byte {
	found := map[string][]byte{}
	v.each(b, func(typ string, body []byte) {
		i := slices.Index(order, typ)
		v.insist(i >= 0, "box %q is not allowed here", typ)
		found[typ] = body
		order = order[i+1:]
	})
	return found
}

// version takes the four bytes off a full box, which have to be zero.
func (v *heifVerifier) version(b []byte) []byte {
	if len(b) < 4 || heifNumber(b[:4]) != 0 {
		v.insist(false, "version or flags of a box")
		return nil
	}
	return b[4:]
}

func (v *heifVerifier) meta(b []byte) {
	found := v.ordered(v.version(b), "hdlr", "pitm", "iloc", "iinf", "iref", "iprp", "grpl", "idat")
	v.insist(string(found["hdlr"]) == "\x00\x00\x00\x00\x00\x00\x00\x00pict"+strings.Repeat("\x00", 13), "hdlr is not the canonical one")
	p := v.version(found["pitm"])
	v.insist(len(p) == 2, "pitm is not the canonical one")
	v.primary = int(heifNumber(p))
	v.entries(found["iinf"])
	v.relations(found["iref"])
	v.properties(found["iprp"])
	v.groups(found["grpl"])
	v.idat = found["idat"]
	v.places(found["iloc"])
}

// entries reads iinf: items numbered from 1, of few types, without names.
func (v *heifVerifier) entries(b []byte) {
	b = v.version(b)
	if len(b) < 2 {
		v.insist(false, "iinf is cut short")
		return
	}
	count := int(heifNumber(b[:2]))
	v.each(b[2:], func(typ string, e []byte) {
		n := len(v.items) + 1
		if typ != "infe" || len(e) < 13 || heifNumber(e[:4])|1 != 2<<24|1 || int(heifNumber(e[4:6])) != n || heifNumber(e[6:8]) != 0 {
			v.insist(false, "infe is not the canonical one")
			return
		}
		kind := string(e[8:12])
		if v.marked && n == count {
			v.insist(string(e[8:]) == "mime\x00application/rdf+xml\x00", "an item that is not the mark")
		} else if kind == "tmap" && v.toneMap != nil {
			v.insist(!slices.ContainsFunc(v.items, func(it *heifSeen) bool { return it.typ == kind }) && len(e) == 13 && e[12] == 0, "a second gain map, or one with a name")
		} else {
			v.insist(slices.Contains([]string{"hvc1", "av01", "grid", "iovl", "iden"}, kind) && len(e) == 13 && e[12] == 0, "an item of type %q, or with a name", kind)
		}
		v.items = append(v.items, &heifSeen{typ: kind, hidden: e[3] == 1})
	})
	v.insist(len(v.items) == count && v.primary >= 1 && v.primary <= count, "number of items")
	v.insist(v.err != nil || v.items[v.primary-1].typ != "mime" && v.items[v.primary-1].typ != "tmap", "the primary item is no picture")
	v.insist((v.toneMap != nil) == slices.ContainsFunc(v.items, func(it *heifSeen) bool { return it.typ == "tmap" }), "a gain map is missing")
}

// relations reads iref.
func (v *heifVerifier) relations(b []byte) {
	if b == nil {
		v.insist(!v.marked, "the mark belongs to nothing")
		return
	}
	v.each(v.version(b), func(typ string, r []byte) {
		if len(r) < 6 || len(r)%2 != 0 || int(heifNumber(r[2:4])) != len(r)/2-2 {
			v.insist(false, "%s is cut short", typ)
			return
		}
		for i := 0; i < len(r) && v.err == nil; i += 2 {
			n := int(heifNumber(r[i : i+2]))
			v.insist(i == 2 || n >= 1 && n <= len(v.items), "%s of an item that is not there", typ)
		}
		if v.err != nil {
			return
		}
		from := v.items[heifNumber(r[:2])-1]
		var to []uint32
		for i := 4; i < len(r); i += 2 {
			to = append(to, heifNumber(r[i:i+2]))
		}
		switch typ {
		case "dimg":
			v.insist(from.inputs == nil && to != nil, "inputs in two places, or none")
			from.inputs = to
			v.insist(from.typ != "tmap" || len(to) == 2 && int(to[0]) == v.primary && v.items[to[1]-1].hidden, "a gain map of something else, or one that is shown")
		case "auxl":
			v.insist(from.auxiliary == nil && to != nil, "auxiliary to nothing, or in two places")
			from.auxiliary = to
			for _, n := range to {
				v.items[n-1].alphas = append(v.items[n-1].alphas, heifNumber(r[:2]))
			}
		case "cdsc":
			v.insist(from.typ == "mime" && len(to) == 1 && int(to[0]) == v.primary, "the mark belongs to something else")
		case "thmb":
			v.insist(int(heifNumber(r[:2])) == v.primary, "a thumbnail")
		default:
			v.insist(typ == "prem", "a relation %q", typ)
		}
	})
}

// reach checks that every item is shown, or part of one that is, or its alpha.
func (v *heifVerifier) reach() {
	var queue []*heifSeen
	for i, it := range v.items {
		if i == v.primary-1 || it.typ == "mime" || !it.hidden && it.auxiliary == nil && !it.named {
			queue = append(queue, it)
		}
	}
	for len(queue) > 0 {
		it := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if it.reached {
			continue
		}
		it.reached = true
		for _, n := range it.inputs {
			queue = append(queue, v.items[n-1])
		}
		for _, n := range it.alphas {
			if alpha := v.items[n-1]; alpha.named {
				queue = append(queue, alpha)
			}
		}
	}
	for i, it := range v.items {
		v.insist(it.reached, "item %d is not shown", i+1)
	}
}

// groups reads grpl.
func (v *heifVerifier) groups(b []byte) {
	next := len(v.items) + 1
	if !v.marked {
		next++ // the number of a mark stays free
	}
	v.each(b, func(typ string, g []byte) {
		g = v.version(g)
		ok := (typ == "altr" || typ == "ster") && len(g) >= 16 && int(heifNumber(g[:4])) == next && int(heifNumber(g[4:8])) == len(g)/4-2 && len(g)%4 == 0
		for i := 8; ok && i < len(g); i += 4 {
			n := heifNumber(g[i : i+4])
			ok = n >= 1 && int64(n) <= int64(len(v.items))
		}
		v.insist(ok, "group %q is not a canonical one", typ)
		next++
	})
}

// places reads iloc: an entry for each item, with one extent if it has data.
func (v *heifVerifier) places(b []byte) {
	if len(b) < 8 || heifNumber(b[1:4]) != 0 || b[0] > 1 || heifNumber(b[4:6]) != 0x4400 {
		v.insist(false, "iloc is not the canonical one")
		return
	}
	size, count, last := 14+2*int(b[0]), int(heifNumber(b[6:8])), 0
	methods := b[0] == 1
	b = b[8:]
	v.insist(count == len(v.items), "a place for each item")
	for ; len(b) > 0 && v.err == nil; last++ {
		length := size
		if last < len(v.items) && v.items[last].typ == "iden" {
			length -= 8
		}
		if len(b) < length || last == len(v.items) || int(heifNumber(b[:2])) != last+1 {
			v.insist(false, "iloc is cut short, or not in order")
			return
		}
		it, e, store := v.items[last], b[2:length], v.inMdat
		b = b[length:]
		if it.typ == "iden" {
			v.insist(len(e) > 0 && strings.Trim(string(e), "\x00") == "", "a place of nothing")
			continue
		}
		if methods {
			v.insist(heifNumber(e[:2]) <= 1, "a method of construction")
			if heifNumber(e[:2]) == 1 {
				store = v.inIdat
			}
			e = e[2:]
		}
		place := heifRange{heifNumber(e[4:8]), heifNumber(e[8:12])}
		v.insist(heifNumber(e[:2]) == 0 && heifNumber(e[2:4]) == 1 && place.size > 0, "a place is not valid")
		if v.err != nil {
			return
		}
		it.placed = true
		if other := store[place]; other != nil {
			v.insist(other.coding == it.coding && it.coding != "", "items of two kinds share their data")
		}
		store[place] = it
	}
	for i, it := range v.items {
		v.insist(it.placed != (it.typ == "iden"), "data of item %d", i+1)
	}
}
