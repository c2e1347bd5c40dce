package imageproc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"
)

// The second walker has to refuse whatever the parser should have taken out, so
// these tests hand it outputs with one thing too much, too little or elsewhere.

func verified(t *testing.T, encode func(*bytes.Buffer, image.Image) error, x extras) *picture {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 20, 10))
	for i := range img.Pix {
		img.Pix[i] = byte(255 - i*i/7)
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	var buf bytes.Buffer
	if err := encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	data := buf.Bytes()
	if Sniff(data) == JPEG {
		exif := jpegSegment(mAPP1, []byte("Exif\x00\x00"), orientationTIFF(6))
		data = slices.Concat(data[:2], jpegSegment(mAPP0, jfifBody(1, 1)), exif, data[2:])
	} else {
		data = slices.Concat(data[:33], newChunk("eXIf", orientationTIFF(6)), data[33:])
	}
	pic, err := parse(data, Limits{}.orDefault(), x)
	if err != nil {
		t.Fatal(err)
	}
	if err := pic.verify(x); err != nil {
		t.Fatal(err)
	}
	return pic
}

func mustRefuse(t *testing.T, name string, pic *picture, out []byte, x extras) {
	t.Helper()
	bad := *pic
	bad.out = rope{out}
	var released bytes.Buffer
	err := bad.release(&released, x)
	var fe *FormatError
	if !errors.Is(err, ErrVerify) || !errors.As(err, &fe) || released.Len() > 0 {
		t.Errorf("%s: got %v and %d bytes", name, err, released.Len())
	}
	if c, err := newClean(&bad, &Report{}, x); !errors.Is(err, ErrVerify) || !c.IsZero() {
		t.Errorf("%s: made a Clean, %v", name, err)
	}
}

func TestVerifyJPEGRefuses(t *testing.T) {
	packet := []byte("<x/>")
	profile := testProfile()
	x := extras{packet: packet, icc: profile}
	pic := verified(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }, x)
	good := pic.out.bytes()
	at := func(marker byte) int { return bytes.Index(good, []byte{0xFF, marker}) }
	put := func(i int, b ...byte) []byte { return slices.Concat(good[:i], b, good[i:]) }
	com := jpegSegment(mCOM, []byte("secret"))
	for name, out := range map[string][]byte{
		"nothing":                   nil,
		"comment first":             put(2, com...),
		"comment before the frame":  put(at(mSOF0), com...),
		"comment before the scan":   put(at(mSOS), com...),
		"comment before EOI":        put(len(good)-2, com...),
		"bytes behind EOI":          append(bytes.Clone(good), 0),
		"no EOI":                    good[:len(good)-2],
		"cut in the data":           good[:len(good)-9],
		"cut in the head":           good[:at(mDQT)+9],
		"fill byte":                 put(at(mDQT), 0xFF),
		"fill byte before EOI":      put(len(good)-2, 0xFF),
		"junk between segments":     put(at(mDQT), 'x'),
		"second Exif":               put(at(mDQT), jpegSegment(mAPP1, []byte("Exif\x00\x00"), orientationTIFF(6))...),
		"other orientation":         bytes.Replace(good, orientationTIFF(6), orientationTIFF(8), 1),
		"longer Exif":               bytes.Replace(good, jpegSegment(mAPP1, []byte("Exif\x00\x00"), orientationTIFF(6)), jpegSegment(mAPP1, []byte("Exif\x00\x00"), orientationTIFF(6), []byte("secret")), 1),
		"other packet":              bytes.Replace(good, packet, []byte("<y/>"), 1),
		"no packet":                 bytes.Replace(good, jpegSegment(mAPP1, []byte(xmpSignature), packet), nil, 1),
		"other profile":             bytes.Replace(good, []byte("acsp"), []byte("xxxx"), 1),
		"no profile":                bytes.Replace(good, jpegSegment(mAPP2, []byte(iccSignature+"\x01\x01"), profile), nil, 1),
		"profile twice":             put(at(mDQT), jpegSegment(mAPP2, []byte(iccSignature+"\x02\x01"), profile)...),
		"JFIF with a density":       bytes.Replace(good, jpegSegment(mAPP0, jfifBody(1, 1)), jpegSegment(mAPP0, []byte("JFIF\x00\x01\x01\x01\x00\x48\x00\x48\x00\x00")), 1),
		"JFIF with a thumbnail":     bytes.Replace(good, jpegSegment(mAPP0, jfifBody(1, 1)), jpegSegment(mAPP0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01abc")), 1),
		"long Adobe":                put(at(mDQT), jpegSegment(mAPP14, []byte("Adobe\x00\x64\x00\x00\x00\x00\x01secret"))...),
		"odd Adobe":                 put(at(mDQT), jpegSegment(mAPP14, []byte("Adobe\x00\x65\x00\x00\x00\x00\x01"))...),
		"table without use":         put(at(mDQT), jpegSegment(mDQT, append([]byte{3}, make([]byte, 64)...))...),
		"Huffman table without use": put(at(mSOS), jpegSegment(mDHT, append([]byte{0x12, 1}, make([]byte, 16)...))...),
		"bytes in DQT":              put(at(mDQT), jpegSegment(mDQT, make([]byte, 70))...),
		"bytes in DHT":              put(at(mSOS), jpegSegment(mDHT, make([]byte, 16))...),
		"long DRI":                  put(at(mSOS), jpegSegment(mDRI, make([]byte, 4))...),
		"restart without DRI":       put(len(good)-2, 0xFF, mRST0),
		"other size":                bytes.Replace(good, []byte{0xFF, mSOF0, 0, 17, 8, 0, 10}, []byte{0xFF, mSOF0, 0, 17, 8, 0, 11}, 1),
		"scan parameters":           bytes.Replace(good, []byte{0x03, 0x11, 0x00, 0x3F, 0x00}, []byte{0x03, 0x11, 's', 'e', 'c'}, 1),
		"DNL":                       put(len(good)-2, jpegSegment(mDNL, []byte{0, 10})...),
		"scan without data tables":  bytes.Replace(good, good[at(mDHT):at(mSOS)], nil, 1),
		"no frame":                  bytes.Replace(good, good[at(mSOF0):at(mDHT)], nil, 1),
		"no scan":                   slices.Concat(good[:at(mDHT)], []byte{0xFF, mEOI}),
	} {
		mustRefuse(t, name, pic, out, x)
	}
	mustRefuse(t, "packet nobody asked for", pic, good, extras{icc: profile})
}

func TestVerifyPNGRefuses(t *testing.T) {
	packet := []byte("<x/>")
	x := extras{packet: packet}
	pic := verified(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) }, x)
	good := pic.out.bytes()
	idat := bytes.Index(good, []byte("IDAT")) - 4
	end := len(good) - 12
	put := func(i int, b ...byte) []byte { return slices.Concat(good[:i], b, good[i:]) }
	badCRC := bytes.Clone(good)
	badCRC[len(badCRC)-1] ^= 1
	data := good[idat:end]
	half := 8 + (len(data)-12)/2
	for name, out := range map[string][]byte{
		"nothing":             nil,
		"text":                put(idat, newChunk("tEXt", []byte("Author\x00secret"))...),
		"private chunk":       put(idat, newChunk("prVt", []byte("secret"))...),
		"tIME":                put(idat, newChunk("tIME", make([]byte, 7))...),
		"text behind":         put(end, newChunk("tEXt", []byte("Author\x00secret"))...),
		"bytes behind IEND":   append(bytes.Clone(good), 0),
		"no IEND":             good[:end],
		"cut in the data":     good[:idat+20],
		"payload in IEND":     slices.Concat(good[:end], newChunk("IEND", []byte("secret"))),
		"bad CRC":             badCRC,
		"second Exif":         put(33, newChunk("eXIf", orientationTIFF(6))...),
		"other orientation":   bytes.Replace(good, newChunk("eXIf", orientationTIFF(6)), newChunk("eXIf", orientationTIFF(8)), 1),
		"no orientation":      bytes.Replace(good, newChunk("eXIf", orientationTIFF(6)), nil, 1),
		"other packet":        bytes.Replace(good, newChunk("iTXt", []byte(pngXMPHead), packet), newChunk("iTXt", []byte(pngXMPHead), []byte("<y/>")), 1),
		"other text":          bytes.Replace(good, newChunk("iTXt", []byte(pngXMPHead), packet), newChunk("iTXt", []byte("Author\x00\x00\x00\x00\x00"), packet), 1),
		"no packet":           bytes.Replace(good, newChunk("iTXt", []byte(pngXMPHead), packet), nil, 1),
		"profile":             put(idat, newChunk("iCCP", []byte("icc\x00\x00garbage garbage"))...),
		"text as gamma":       put(idat, newChunk("gAMA", []byte("text"))...),
		"text as primaries":   put(idat, newChunk("cHRM", []byte("text text text text text text tex"))...),
		"text as mastering":   put(idat, newChunk("mDCV", []byte("text text text t\x00\x00\x00\x01\x00\x00\x00\x01"))...),
		"text as intent":      put(idat, newChunk("sRGB", []byte("t"))...),
		"gamma behind":        put(end, newChunk("gAMA", make([]byte, 4))...),
		"gamma twice":         put(idat, append(newChunk("gAMA", make([]byte, 4)), newChunk("gAMA", make([]byte, 4))...)...),
		"long gamma":          put(idat, newChunk("gAMA", make([]byte, 5))...),
		"square pHYs":         put(idat, newChunk("pHYs", aspectBody(1, 1))...),
		"scale in pHYs":       put(idat, newChunk("pHYs", []byte{0, 0, 0, 1, 0, 0, 0, 2, 1})...),
		"frames":              put(end, newChunk("fdAT", make([]byte, 8))...),
		"frame control":       put(idat, newChunk("fcTL", make([]byte, 26))...),
		"other size":          slices.Concat(good[:8], newChunk("IHDR", slices.Concat(good[16:19], []byte{21}, good[20:29])), good[33:]),
		"second IHDR":         put(33, good[8:33]...),
		"data in two places":  slices.Concat(good[:idat], newChunk("IDAT", data[8:half]), newChunk("fcTL", make([]byte, 26)), newChunk("IDAT", data[half:len(data)-4]), good[end:]),
		"no data":             slices.Concat(good[:idat], good[end:]),
		"chunk before IHDR":   put(8, newChunk("gAMA", make([]byte, 4))...),
		"cut in the head":     good[:40],
		"signature only":      good[:8],
		"signature of others": append([]byte("\x8AMNG\r\n\x1A\n"), good[8:]...),
	} {
		mustRefuse(t, name, pic, out, x)
	}
	mustRefuse(t, "packet nobody asked for", pic, good, extras{})
}

// The canonical Exif block is spelled out twice, in the writer and in the
// walker; this is the third spelling.
func TestCanonicalExif(t *testing.T) {
	const want = "4d4d002a00000008" + "0001" + "0112" + "0003" + "00000001" + "00060000" + "00000000"
	var got strings.Builder
	for _, b := range orientationTIFF(6) {
		got.WriteString(string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15]))
	}
	if got.String() != want {
		t.Errorf("got %s", got.String())
	}
}

func TestNewChunk(t *testing.T) {
	c := newChunk("tEXt", []byte("ab"), []byte("cd"))
	if string(c[:12]) != "\x00\x00\x00\x04tEXtabcd" || binary.BigEndian.Uint32(c[12:]) != crc32.ChecksumIEEE([]byte("tEXtabcd")) {
		t.Errorf("got %q", c)
	}
}
