package imageproc_test

import (
	"encoding/json"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

func TestSniff(t *testing.T) {
	pad := "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	for _, row := range []struct {
		prefix string
		want   imageproc.Format
		name   string
	}{
		{"\xFF\xD8\xFF\xE0", imageproc.JPEG, "jpeg"},
		{"\x89PNG\r\n\x1A\n", imageproc.PNG, "png"},
		{"RIFF\x10\x00\x00\x00WEBPVP8 ", imageproc.WebP, "webp"},
		{"RIFF\x10\x00\x00\x00WAVEfmt ", imageproc.Unknown, "unknown"},
		{"GIF87a", imageproc.GIF, "gif"},
		{"GIF89a", imageproc.GIF, "gif"},
		{"II*\x00\x08\x00\x00\x00", imageproc.TIFF, "tiff"},
		{"MM\x00*\x00\x00\x00\x08", imageproc.TIFF, "tiff"},
		{"II+\x00\x08\x00\x00\x00", imageproc.TIFF, "tiff"},
		{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", imageproc.HEIC, "heic"},
		{"\x00\x00\x00\x1Cftypmif1\x00\x00\x00\x00mif1avif", imageproc.AVIF, "avif"},
		{"\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00miafavif", imageproc.HEIC, "heic"}, // avif lies behind the box
		{"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1miafMA1B", imageproc.AVIF, "avif"},
		{"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mp41", imageproc.Unknown, "unknown"},
		{"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00", imageproc.BMP, "bmp"},
		{"BMW drivers' club newsletter", imageproc.Unknown, "unknown"},
		{"\x00\x00\x01\x00\x01\x00", imageproc.ICO, "ico"},
		{"\xFF\x0A", imageproc.JPEGXL, "jpegxl"},
		{"\x00\x00\x00\x0CJXL \r\n\x87\n", imageproc.JPEGXL, "jpegxl"},
		{"\x00\x00\x00\x0CjP  \r\n\x87\n", imageproc.JPEG2000, "jpeg2000"},
		{"\xFF\x4F\xFF\x51\x00", imageproc.JPEG2000, "jpeg2000"},
		{" \n<svg xmlns=", imageproc.SVG, "svg"},
		{"\xEF\xBB\xBF<?xml version=\"1.0\"?>", imageproc.SVG, "svg"},
		{"8BPS\x00\x01", imageproc.PSD, "psd"},
		{"hello, world", imageproc.Unknown, "unknown"},
		{"\xFF\xD8", imageproc.JPEG, "jpeg"},
		{"\xFF\xD8junk\xFF\xE0", imageproc.JPEG, "jpeg"},
		{"\xFF\xFF\xD8\xFF\xE0", imageproc.Unknown, "unknown"},
		{"\xFF", imageproc.Unknown, "unknown"},
		{"", imageproc.Unknown, "unknown"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, prefix := range []string{row.prefix, row.prefix + pad} {
				if got := imageproc.Sniff([]byte(prefix)); got != row.want {
					t.Errorf("Sniff(%q) = %v, want %v", prefix, got, row.want)
				}
			}
			if got, err := json.Marshal(row.want); err != nil || string(got) != `"`+row.name+`"` {
				t.Errorf("JSON: %s, %v", got, err)
			}
		})
	}
	if got := imageproc.Format(200).String(); got != "unknown" {
		t.Errorf("a format of no name is called %q", got)
	}
}
