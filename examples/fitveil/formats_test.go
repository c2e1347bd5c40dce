package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/fitveil/fitveil/imageproc"
)

// owner stands in every file of formatFiles, where only metadata is.
const owner = "Hertha Fischbein, Deichweg 7"

func be16(values ...int) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func be32(values ...int) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// exifBlock is a directory with an artist.
func exifBlock() []byte {
	const end = 8 + 2 + 12 + 4
	block := slices.Concat([]byte("MM\x00*"), be32(8), be16(1, 0x013B, 2), be32(len(owner)+1, end, 0))
	return append(append(block, owner...), 0)
}

func square() *image.Paletted {
	return image.NewPaletted(image.Rect(0, 0, 16, 16), color.Palette{color.Black, color.White})
}

// tiffPages is a file of two pages, big-endian, on the same 2 x 2 grey pixels.
func tiffPages() []byte {
	out := slices.Concat([]byte("MM\x00*"), be32(14), []byte{10, 20, 30, 40, 0, 0})
	for page := range 2 {
		const entries = 8
		at := len(out)
		end := at + 2 + 12*entries + 4
		next := end + len(owner) + 2 + len(exifBlock())%2 + len(exifBlock())
		if page == 1 {
			next = 0
		}
		entry := func(tag, typ, count, value int) {
			out = append(append(out, be16(tag, typ)...), be32(count)...)
			if typ == 3 {
				out = append(out, be16(value, 0)...)
			} else {
				out = append(out, be32(value)...)
			}
		}
		out = append(out, be16(entries)...)
		entry(256, 3, 1, 2)
		entry(257, 3, 1, 2)
		entry(258, 3, 1, 8)
		entry(262, 3, 1, 1)
		entry(270, 2, len(owner)+1, end) // ImageDescription
		entry(273, 4, 1, 8)
		entry(277, 3, 1, 1)
		entry(279, 4, 1, 4)
		out = append(out, be32(next)...)
		out = append(append(out, owner...), 0)
		if next > 0 {
			out = append(out, exifBlock()...) // no directory refers to it
			out = append(out, make([]byte, next-len(out))...)
		}
	}
	return out
}

func box(typ string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return slices.Concat(be32(len(body)+8), []byte(typ), body)
}

func fullBox(typ string, version int, parts ...[]byte) []byte {
	return box(typ, append([][]byte{be32(version << 24)}, parts...)...)
}

// parameterSets are those of HEVC, video, sequence and picture, and sequenceHeader is one of AV1,
// of a picture of 64 by 64 pixels: they are read to their last bit.
var parameterSets = []string{
	"\x0C\x01\xFF\xFF\x03\x70\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x1E\xBA\x02\x40",
	"\x01\x03\x70\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x1E\xA0\x20\x81\x05\x96\xEA\x49\x29\xAE\x6E\x04\x04\x0C\x08\x00\x00" +
		"\x03\x00\x08\x00\x00\x03\x00\x08\x40",
	"\xC1\x72\xB0\x22\x40",
}

const sequenceHeader = "\x00\x00\x00\x02\xAF\xFF\x80\x30\x21"

// still is a picture of 64 x 64 with an item of Exif; nothing here decodes it.
func still(brands, typ string, config, coded []byte) []byte {
	exif := slices.Concat(be32(0), exifBlock())
	meta := func(media int) []byte {
		return fullBox("meta", 0,
			fullBox("hdlr", 0, be32(0), []byte("pict"), be32(0, 0, 0), []byte(owner), []byte{0}),
			fullBox("pitm", 0, be16(1)),
			fullBox("iinf", 0, be16(2), fullBox("infe", 2, be16(1, 0), []byte(typ), []byte{0}), fullBox("infe", 2, be16(2, 0), []byte("Exif"), []byte{0})),
			fullBox("iref", 0, box("cdsc", be16(2, 1, 1))),
			box("iprp", box("ipco", config, fullBox("ispe", 0, be32(64, 64))), fullBox("ipma", 0, be32(1), be16(1), []byte{2, 0x81, 2})),
			fullBox("iloc", 0, []byte{0x44, 0}, be16(2), be16(1, 0, 1), be32(media, len(coded)), be16(2, 0, 1), be32(media+len(coded), len(exif))))
	}
	head := box("ftyp", []byte(brands[:4]), be32(0), []byte(brands))
	media := len(head) + len(meta(0)) + 8
	return slices.Concat(head, meta(media), box("mdat", coded, exif), box("free", []byte(owner)))
}

// formatFiles are files of every format but JPEG, with an owner named in each.
func formatFiles(tb testing.TB) map[string][]byte {
	tb.Helper()
	encoded := func(encode func(b *bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			tb.Fatal(err)
		}
		return b.Bytes()
	}
	p := encoded(func(b *bytes.Buffer) error { return png.Encode(b, square()) })
	chunk := append([]byte("tEXtAuthor\x00"), owner...)
	chunk = slices.Concat(be32(len(chunk)-4), chunk, be32(int(crc32.ChecksumIEEE(chunk))))
	g := encoded(func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{square(), square()}, Delay: []int{5, 5}})
	})
	comment := append(append([]byte{0x21, 0xFE, byte(len(owner))}, owner...), 0)
	le32 := func(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
	lossless := append([]byte("VP8L\x0D\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xFE\x07"), 0) // 1 x 1
	exif := slices.Concat([]byte("EXIF"), le32(len(exifBlock())), exifBlock(), make([]byte, len(exifBlock())%2))
	w := slices.Concat([]byte("WEBPVP8X"), le32(10), []byte{8, 0, 0, 0, 0, 0, 0, 0, 0, 0}, lossless, exif)
	hevc := append([]byte{1, 1, 0x60}, make([]byte, 18)...)
	hevc = append(hevc, 0x0F, 3)
	for i, set := range parameterSets {
		typ := byte(32 + i)
		hevc = slices.Concat(hevc, []byte{0x80 | typ}, be16(1, 2+len(set)), []byte{typ << 1, 1}, []byte(set))
	}
	header := append([]byte{0x0A, byte(len(sequenceHeader))}, sequenceHeader...)
	coded := bytes.Repeat([]byte{7}, 30)
	return map[string][]byte{
		"photo.png":  slices.Concat(p[:33], chunk, p[33:]),
		"photo.gif":  slices.Concat(g[:len(g)-1], comment, g[len(g)-1:]),
		"photo.webp": slices.Concat([]byte("RIFF"), le32(len(w)), w),
		"photo.bmp":  append(encoded(func(b *bytes.Buffer) error { return bmp.Encode(b, square()) }), owner...),
		"pages.tif":  tiffPages(),
		"plain.tif":  append(encoded(func(b *bytes.Buffer) error { return tiff.Encode(b, square(), nil) }), owner...),
		"photo.heic": still("heicmif1", "hvc1", box("hvcC", hevc), slices.Concat(be32(32), []byte{19 << 1, 1}, coded)),
		"photo.avif": still("avifmif1miaf", "av01", box("av1C", []byte{0x81, 0, 0, 0}, header), slices.Concat(header, []byte{0x32, 30}, coded)),
		"cut.tif":    tiffPages()[:40],
		"photo.psd":  append([]byte("8BPS\x00\x01"), owner...),
	}
}

// TestFormatFiles holds the pictures of the scripts against decoders of others.
func TestFormatFiles(t *testing.T) {
	files := formatFiles(t)
	for name, in := range files {
		if !bytes.Contains(in, []byte(owner)) && name != "cut.tif" {
			t.Errorf("%s: nobody is named", name)
		}
		if slices.Contains([]string{".heic", ".avif", ".psd"}, filepath.Ext(name)) || name == "cut.tif" {
			continue // there is no decoder here
		}
		var out bytes.Buffer
		if _, err := imageproc.Strip(&out, bytes.NewReader(in), nil); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, err := imageproc.Decode(bytes.NewReader(in), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := imageproc.Decode(bytes.NewReader(out.Bytes()), nil)
		if err != nil || got.Bounds() != want.Bounds() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// writeFormats puts the files into a folder.
func writeFormats(tb testing.TB, folder string) error {
	for name, data := range formatFiles(tb) {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
