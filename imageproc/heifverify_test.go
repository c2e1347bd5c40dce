package imageproc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// The second walker has to refuse what the parser should have taken out, so it
// gets outputs with one thing too much, too little or elsewhere.
func TestHEIFVerifierRefuses(t *testing.T) {
	turned := craftAVIF()
	turned.props[1] = ispe(128, 64)
	turned.prop(1, irot(3), true)
	for name, c := range map[string]*craftedHEIF{"heic": craftHEIC(), "avif": turned, "avis": turnedSequence()} {
		in := c.build()
		good, _ := strip(t, in)
		if err := imageproc.VerifyAgainst(in, good); err != nil {
			t.Fatalf("%s: a sound output is refused: %v", name, err)
		}
		for what, bad := range map[string][]byte{
			"the input":                  in,
			"empty":                      nil,
			"cut short":                  good[:len(good)-1],
			"one byte more":              append(bytes.Clone(good), 0),
			"free box":                   append(bytes.Clone(good), box("free", []byte("secret"))...),
			"free box in meta":           growBox(t, good, "meta", box("free", []byte("secret"))),
			"free box among properties":  growBox(t, growBox(t, growBox(t, good, "ipco", box("free")), "iprp", nil, 8), "meta", nil, 8),
			"name of the handler":        mended(t, good, "pict\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "pict\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00A"),
			"brand":                      mended(t, good, "mif1", "Ab12"),
			"minor version":              mended(t, good, "\x00\x00\x00\x00"+c.brands[:4], "\x00\x00\x00\x01"+c.brands[:4]),
			"another primary item":       mended(t, good, "pitm\x00\x00\x00\x00\x00", "pitm\x00\x00\x00\x00\x01"),
			"no such property":           mended(t, good, "ispe", "free"),
			"Exif item":                  mended(t, good, string(good[bytes.Index(good, []byte("infe"))+12:][:4]), "Exif"),
			"message of an encoder":      swapUnit(t, good, name),
			"byte that belongs to none":  growBox(t, good, "mdat", []byte{0}),
			"place elsewhere":            shiftPlace(good),
			"relation of one's own":      mended(t, good, string(good[bytes.Index(good, []byte("iref"))+12:][:4]), "cdsc"),
			"picture of another size":    mended(t, good, string(ispe(128, 64)), string(ispe(128, 65))),
			"turned otherwise":           mended(t, good, "irot\x03", "irot\x01"),
			"bits that are a letter":     mended(t, good, "nclx\x00\x01\x00\x0D\x00\x06\x80", "nclx\x00\x01\x00\x0D\x00\x06\x8A"),
			"property that is essential": bytes.Replace(good, []byte("ipma\x00\x00\x00\x00"), []byte("ipma\x00\x00\x00\x02"), 1),
		} {
			if err := imageproc.VerifyAgainst(in, bad); !errors.Is(err, imageproc.ErrVerify) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

func turnedSequence() *craftedHEIF {
	c := craftAVIS()
	c.props[1] = ispe(128, 64)
	c.prop(1, irot(3), true)
	return c
}

// mended swaps the first occurrence of old for as many bytes.
func mended(t *testing.T, b []byte, old, repl string) []byte {
	t.Helper()
	if len(old) != len(repl) {
		t.Fatalf("%q is not as long as %q", repl, old)
	}
	return replace(t, b, old, repl)
}

// growBox puts bytes at the end of a box, or only makes it claim more.
func growBox(t *testing.T, b []byte, typ string, more []byte, claim ...int) []byte {
	t.Helper()
	at := bytes.Index(b, []byte(typ)) - 4
	size := int(binary.BigEndian.Uint32(b[at:]))
	grown := size + len(more)
	for _, n := range claim {
		grown += n
	}
	return slices.Concat(b[:at], be32(grown), b[at+4:at+size], more, b[at+size:])
}

// swapUnit makes a message of the first unit of the first picture.
func swapUnit(t *testing.T, b []byte, name string) []byte {
	t.Helper()
	b = bytes.Clone(b)
	first := bytes.Index(b, []byte("mdat")) + 4
	if name == "heic" {
		b[first+4] = 39 << 1
	} else {
		b[first] = 5<<3 | 2
	}
	return b
}

// shiftPlace moves the place of the last item by one byte.
func shiftPlace(b []byte) []byte {
	b = bytes.Clone(b)
	end := bytes.Index(b, []byte("iinf")) - 4
	b[end-5]++
	return b
}

// Whatever single byte of an output is changed: the second walker refuses it, or
// the parser finds nothing in it either. So neither knows something that the
// other lets pass.
func TestHEIFWalkersAgree(t *testing.T) {
	long := craftAVIF()
	long.prop(1, irot(1), true)
	long.prop(1, box("clli", be16(100, 200)), false)
	long.prop(1, box("pasp", be32(4, 3)), false)
	long.prop(2, box("colr", []byte("prof"), testICC("RGB ", []byte("abc"))), false)
	delayed := craftAVIS()
	delayed.movie.tracks[0].tables = fullBox("ctts", 1, 0, be32(2, 1, -5, 2, 7))
	for name, c := range map[string]*craftedHEIF{"heic": craftHEIC(), "avif": craftAVIF(), "more": long, "sequence": delayed} {
		in := c.build()
		good, _ := strip(t, in)
		passed := 0
		for i := range good {
			for _, value := range []byte{0, 1, 2, 0x20, 0x41, 0x80, 0xFF, good[i] + 1, good[i] ^ 0x10} {
				bad := bytes.Clone(good)
				bad[i] = value
				if value == good[i] || imageproc.VerifyAgainst(in, bad) != nil {
					continue
				}
				passed++
				var out bytes.Buffer
				report, err := imageproc.Strip(&out, bytes.NewReader(bad), nil)
				if err == nil && (len(report.Removed) > 0 || !bytes.Equal(out.Bytes(), bad)) {
					t.Errorf("%s: byte %d set to %d passes the second walker, and the first finds %+v", name, i, value, report.Removed)
				}
			}
		}
		if passed == 0 {
			t.Error("no change passes: pictures are made of bytes that may be any")
		}
	}
}
