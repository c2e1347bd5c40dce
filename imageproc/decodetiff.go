package imageproc

import (
	"bytes"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/tiff"
)

// decodeTIFF decodes the first page. The whole output is handed over as one
// slice, for a decoder that reads a stream works on it in place.
func decodeTIFF(r io.Reader) (image.Image, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return tiff.Decode(bytes.NewReader(data))
}

// decoding is what the decoder takes for a page, and why it can't decode it. It
// does not look at the layout of samples itself: what it does not know would
// come out as noise.
func (g *tiffPage) decoding() (memory int64, why string) {
	pixels, block := int64(g.width)*int64(g.height), int64(g.chunkWidth)*int64(g.chunkHeight)
	var extra, formats, options uint16
	for _, f := range g.fields {
		switch f.tag {
		case tagExtraSamples:
			extra++
		case tagSampleFormat:
			formats++
		case tagFillOrder, tagT4Options:
			options++
		}
	}
	perPixel := int64(1)
	switch {
	case g.photometric <= 1 && g.samples == 1 && (g.bits == 1 || g.bits == 8 || g.bits == 16):
		perPixel = 1 + int64(g.bits)/16
	case g.photometric == photometricPalette && g.samples == 1 && (g.bits == 1 || g.bits == 8):
	case g.photometric == photometricRGB && (g.bits == 8 || g.bits == 16) && (g.samples == 3 || g.samples == 4 && extra == 1):
		perPixel = 4 * int64(g.bits) / 8
	default:
		return 0, fmt.Sprintf("decoding photometric interpretation %d with %d samples of %d bits is not supported", g.photometric, g.samples, g.bits)
	}
	switch {
	case g.separate && g.samples > 1:
		return 0, "decoding separate planes is not supported"
	case formats > 0:
		return 0, "decoding samples that are no unsigned numbers is not supported"
	case g.predictor == 3 || g.predictor == 2 && g.bits < 8:
		return 0, fmt.Sprintf("decoding predictor %d is not supported", g.predictor)
	}
	switch g.compression {
	case tiffPlain:
		return perPixel*pixels + g.most(), g.order(options)
	case tiffG3, tiffG4:
		return perPixel*pixels + block/2, ""
	case tiffLZW, tiffDeflate, tiffOldDeflate, tiffPackBits:
		// It reads as far as 8 bytes for a pixel before it looks how many it needs.
		return perPixel*pixels + 16*block, g.order(options)
	}
	return 0, fmt.Sprintf("decoding compression %d is not supported", g.compression)
}

// most is the size of the largest strip or tile.
func (g *tiffPage) most() int64 {
	n := uint64(0)
	for _, k := range g.chunks {
		n = max(n, k.size)
	}
	return int64(n)
}

func (g *tiffPage) order(options uint16) string {
	if options > 0 {
		return "decoding bits the other way round is not supported"
	}
	return ""
}
