package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Format names a container format. The zero value is Unknown.
type Format uint8

// The formats Sniff tells apart. Only those that the package's documentation
// lists are processed; the others are named so that a refusal can say what was
// refused.
const (
	Unknown Format = iota
	JPEG
	PNG
	WebP
	GIF
	TIFF
	HEIC
	AVIF
	BMP
	ICO
	JPEGXL
	JPEG2000
	SVG
	PSD
)

var formatNames = [...]string{
	"unknown", "jpeg", "png", "webp", "gif", "tiff", "heic", "avif", "bmp", "ico", "jpegxl", "jpeg2000", "svg", "psd",
}

// String is the lower-case name, such as "jpeg"; "unknown" for the zero value.
func (f Format) String() string {
	if int(f) >= len(formatNames) {
		return "unknown"
	}
	return formatNames[f]
}

// MarshalText writes the lower-case name, which is what JSON shows.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Sniff names the format that prefix begins with, or Unknown. 32 bytes suffice.
// A file that begins as XML is called SVG: it is refused either way.
func Sniff(prefix []byte) Format {
	for _, m := range magics {
		if matches(prefix, m.pattern) {
			return m.format
		}
	}
	switch {
	case matches(prefix, "????ftyp"):
		return sniffBrands(prefix)
	case matches(prefix, "BM") && isBMP(prefix):
		return BMP
	case isXML(prefix):
		return SVG
	}
	return Unknown
}

// magics holds the fixed signatures; '?' stands for any byte, which no
// signature needs literally.
var magics = []struct {
	pattern string
	format  Format
}{
	{"\xFF\xD8", JPEG}, // decoders skip what stands before the next marker
	{"\x89PNG\r\n\x1A\n", PNG},
	{"RIFF????WEBP", WebP},
	{"GIF87a", GIF},
	{"GIF89a", GIF},
	{"II*\x00", TIFF},
	{"MM\x00*", TIFF},
	{"II+\x00", TIFF}, // BigTIFF
	{"MM\x00+", TIFF},
	{"IIU\x00", TIFF}, // raw formats of cameras that are TIFF but for these bytes
	{"IIRO", TIFF},
	{"IIRS", TIFF},
	{"MMOR", TIFF},
	{"\xFF\x0A", JPEGXL},
	{"\x00\x00\x00\x0CJXL \r\n\x87\n", JPEGXL},
	{"\x00\x00\x00\x0CjP  \r\n\x87\n", JPEG2000},
	{"\xFF\x4F\xFF\x51", JPEG2000},
	{"8BPS\x00", PSD},
	{"\x00\x00\x01\x00", ICO},
}

func matches(prefix []byte, pattern string) bool {
	if len(prefix) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if pattern[i] != '?' && prefix[i] != pattern[i] {
			return false
		}
	}
	return true
}

// sniffBrands reads the ftyp box of ISO/IEC 14496-12 §4.3: the major brand,
// then, since "mif1" and "msf1" only say "an image file", the compatible ones.
func sniffBrands(prefix []byte) Format {
	size := binary.BigEndian.Uint32(prefix)
	brands := prefix[8:]
	if size >= 8 && uint64(size) < uint64(len(prefix)) {
		brands = prefix[8:size]
	}
	generic := false
	for i := 0; i+4 <= len(brands); i += 4 {
		if i == 4 {
			continue // the minor version
		}
		switch b := string(brands[i : i+4]); {
		case b == "avif" || b == "avis":
			return AVIF
		case slices.Contains([]string{"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"}, b):
			return HEIC
		case b == "mif1" || b == "msf1" || b == "mif2":
			generic = true
		}
	}
	if generic {
		return HEIC
	}
	return Unknown
}

// isBMP checks the size of the header that follows, for "BM" alone begins many
// a text.
func isBMP(prefix []byte) bool {
	if len(prefix) < 18 || prefix[15]|prefix[16]|prefix[17] != 0 {
		return false
	}
	return slices.Contains([]byte{12, 16, 40, 52, 56, 64, 108, 124}, prefix[14])
}

func isXML(prefix []byte) bool {
	s := bytes.TrimLeft(bytes.TrimPrefix(prefix, []byte("\xEF\xBB\xBF")), " \t\r\n")
	for _, start := range []string{"<svg", "<?xml", "<!DOCTYPE svg", "<!--"} {
		if bytes.HasPrefix(s, []byte(start)) {
			return true
		}
	}
	return false
}
