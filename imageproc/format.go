package imageproc

// Format names a container format. The zero value is Unknown.
type Format uint8

// The formats Sniff tells apart. Only JPEG and PNG are processed; the others
// are named so that a refusal can say what was refused.
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
