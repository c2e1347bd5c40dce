package imageproc

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fitveil/fitveil/imageproc/internal/seek"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestMatcherAgreesWithContains cuts a text into slices at random and holds the
// matcher against bytes.Contains. Few letters make near misses frequent.
func TestMatcherAgreesWithContains(t *testing.T) {
	letters := rapid.ByteRange('a', 'c')
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(letters, 0, 300).Draw(t, "text")
		patterns := rapid.SliceOfN(rapid.SliceOfN(letters, 8, 20), 1, 12).Draw(t, "patterns")
		if len(text) > 40 && rapid.Bool().Draw(t, "from the text") {
			at := rapid.IntRange(0, len(text)-8).Draw(t, "at")
			n := rapid.IntRange(8, min(len(text)-at, 40)).Draw(t, "n")
			patterns = append(patterns, text[at:at+n])
		}
		want := slices.ContainsFunc(patterns, func(p []byte) bool { return bytes.Contains(text, p) })
		var r rope
		for rest := text; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			r.add(rest[:n])
			rest = rest[n:]
		}
		m := matchers.Get().(*matcher)
		m.sorted = append(m.sorted, patterns...)
		m.ready()
		at := m.find(r)
		m.close()
		if m.filter != [1 << 10]uint64{} || m.offset != [1 << 16]uint8{} || m.letters != (seek.Set{}) || len(m.sorted)+len(m.heads)+len(m.seam)+m.longest+m.made.used != 0 || m.made != (arena{}) || len(m.said.texts) != len(spelledOut) {
			t.Fatal("something is left in the tables")
		}
		if (at >= 0) != want {
			t.Fatalf("found at %d, want %v", at, want)
		}
		if at >= 0 && !slices.ContainsFunc(patterns, func(p []byte) bool { return bytes.HasPrefix(text[at:], p) }) {
			t.Fatalf("nothing is at %d", at)
		}
	})
}

func TestTexts(t *testing.T) {
	wide := func(s string, order int) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u>>(8*order)), byte(u>>(8-8*order)))
		}
		return b
	}
	for name, row := range map[string]struct {
		collect func(*texts)
		want    []string
	}{
		"value":         {func(x *texts) { x.add([]byte("  Ottokar's camera\x00")) }, []string{"Ottokar's camera"}},
		"two values":    {func(x *texts) { x.add([]byte("Ottokar F\x00Editor: Hertha\x00")) }, []string{"Ottokar F", "Editor: Hertha"}},
		"too short":     {func(x *texts) { x.add([]byte("Ottokar")) }, nil},
		"too plain":     {func(x *texts) { x.add([]byte("0000:00:00 00:00:00")) }, nil},
		"no text":       {func(x *texts) { x.add([]byte("abc\x01\x02\x03defgh")) }, nil},
		"little endian": {func(x *texts) { x.add(wide("Ottokar Fä", 0)) }, []string{"Ottokar Fä"}},
		"big endian":    {func(x *texts) { x.add(wide("Ottokar Fä", 1)) }, []string{"Ottokar Fä"}},
		"maker note":    {func(x *texts) { x.blob([]byte("\x01\x02serial 0123456789\x00!#%&/(()=?`*\x00")) }, []string{"serial 0123456789"}},
		"picture in it": {func(x *texts) { x.blob([]byte("lens 35 mm f/2\x00\xFF\xD8\xFFabcdefghijkl")) }, []string{"lens 35 mm f/2"}},
		"long":          {func(x *texts) { x.add([]byte(strings.Repeat("Äffchen ", 100))) }, []string{strings.Repeat("Äffchen ", 28) + "Äff"}},
		"picture behind": {func(x *texts) {
			x.trailer([]byte("\x00maker's note\x00\xFF\xD8\xFFabcdefghijkl" + strings.Repeat("mnopqrst\x00", 5000) + "uvwxyz0123\xFF\xD9 serial 4711 of us"))
		}, []string{"maker's note", "serial 4711 of us"}},
		"XMP attributes": {func(x *texts) { x.xmp([]byte(`<a xmlns:b="http://ns.example/b" b:c='Haus am See' d="7">`)) }, []string{"Haus am See"}},
		"XMP contents":   {func(x *texts) { x.xmp([]byte(`<?xpacket id="W5M0MpCehiHzreSz"?><a><b>Haus am See</b> </a>`)) }, []string{"Haus am See"}},
		"XMP cut short":  {func(x *texts) { x.xmp([]byte(`<a b="Haus am See" c="Garten am`)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var x texts
			row.collect(&x)
			var got []string
			for _, v := range x.values {
				got = append(got, string(v))
			}
			if name == "long" {
				got[0] = strings.TrimSpace(got[0])
				if len(got[0]) > maxTextBytes || !strings.HasPrefix(strings.Repeat("Äffchen ", 100), got[0]) || len(got[0]) < maxTextBytes-2 {
					t.Fatalf("%d bytes", len(got[0]))
				}
				return
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	var full texts
	for i := range 2 * maxTexts {
		full.add([]byte("value number " + strings.Repeat("x", i)))
	}
	if len(full.values) != maxTexts {
		t.Errorf("%d values", len(full.values))
	}
}

// TestRunsAgree holds the search for texts in a block against a plain one.
func TestRunsAgree(t *testing.T) {
	letters := rapid.SampledFrom([]byte("abcd e!#%\x00\x01\xff"))
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(letters, 0, 120).Draw(t, "data")
		least := rapid.SampledFrom([]int{minTextBytes, longTextBytes}).Draw(t, "least")
		var want, got texts
		for rest := data; len(rest) > 0; {
			n := 0
			for n < len(rest) && printable[rest[n]] != 0 {
				n++
			}
			words := 0
			for _, c := range rest[:n] {
				words += int(printable[c] & 1)
			}
			if n >= least && 4*words >= 3*n {
				want.take(rest[:n])
			}
			rest = rest[min(n+1, len(rest)):]
		}
		got.runs(data, least)
		if diff := cmp.Diff(want.values, got.values); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestEncodings holds the encodings of any value, and the reading of UTF-16 of any
// units, against those of the standard library.
func TestEncodings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := []byte(rapid.String().Draw(t, "value"))
		if rapid.Bool().Draw(t, "no UTF-8") {
			value = rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		}
		want := [][]byte{value}
		runes := []rune(string(value))
		latin := slices.Collect(func(yield func(byte) bool) {
			for _, r := range runes {
				if r < 0x100 && !yield(byte(r)) {
					return
				}
			}
		})
		if !utf8.Valid(value) {
			runes = runes[:0]
			for _, c := range value {
				runes = append(runes, rune(c))
			}
			want = append(want, []byte(string(runes)))
		} else if len(latin) == len(runes) && len(runes) < len(value) {
			want = append(want, latin)
		}
		units := utf16.Encode(runes)
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			wide := []byte{}
			for _, u := range units {
				wide = order.AppendUint16(wide, u)
			}
			want = append(want, wide)
		}
		var made arena
		for _, a := range []*arena{nil, &made} {
			if diff := cmp.Diff(want, encodings(nil, value, a)); diff != "" {
				t.Fatal(diff)
			}
		}
		units = rapid.SliceOfN(rapid.SampledFrom([]uint16{'a', 'b', 'c', 'd', 'e', ' ', 0xE9, 0x20AC, 0xD83D, 0xDE00, 0xDBFF}), 0, 30).Draw(t, "units")
		var wide []byte
		for _, u := range units {
			wide = binary.LittleEndian.AppendUint16(wide, u)
		}
		got, plain := texts{made: &made}, texts{}
		got.addUTF16(wide, binary.LittleEndian)
		plain.take([]byte(string(utf16.Decode(units))))
		if diff := cmp.Diff(plain.values, got.values); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestSearchRefuses plants a value of the metadata in an output, in each encoding.
func TestSearchRefuses(t *testing.T) {
	const value = "Fährmann Ottokar"
	rnd := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 10_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	for i, code := range encodings(nil, []byte(value), nil) {
		for _, at := range []int{0, 1, 4_999, 9_990} {
			p := &picture{format: JPEG, out: rope{noise[:at], code[:3], code[3:], noise[at:]}}
			p.texts.add([]byte(value))
			if err := p.search(nil); err == nil {
				t.Errorf("encoding %d at %d passes", i, at)
			}
			p.out = rope{noise[:at], code[:3], code[4:], noise[at:]}
			if err := p.search(nil); err != nil {
				t.Errorf("encoding %d at %d, a byte short: %v", i, at, err)
			}
		}
	}
	p := &picture{format: JPEG, out: rope{noise, []byte("<a>Ottokar's tool</a>")}}
	p.texts.add([]byte("Ottokar's tool"))
	if err := p.search([]byte("<a>Ottokar's tool</a>")); err != nil {
		t.Errorf("what the packet says: %v", err)
	}
}

// BenchmarkSearch looks for 20 values of a camera in 4 MB of noise.
func BenchmarkSearch(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, 4<<20)
	for i := range out {
		out[i] = byte(rnd.Uint32())
	}
	p := &picture{format: JPEG, out: rope{out}}
	for v := range strings.SplitSeq("SONY DSC,ILCE-7RM4 v1.2,2021:07:14 09:12:33,Adobe Lightroom 10.3,Ottokar Faehrmann,Haus am See 7,"+
		"51.4826 N,0.0077 E,serial 123456789,FE 24-70mm F2.8 GM,lens 987654321,(c) Ottokar F.,http://photo.example,"+
		"uuid:faf5bdd5-ba3d,xmp.did:1234abcd,ISO 100 f/8.0,keyword: garden,keyword: people,Hertha Faehrmann,Greenwich", ",") {
		p.texts.add([]byte(v))
	}
	b.SetBytes(int64(len(out)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.search(nil); err != nil {
			b.Fatal(err)
		}
	}
}
