// Package imageproc takes an untrusted upload and gives back the same picture
// without the data that nobody meant to send: EXIF, GPS, maker notes, XMP,
// IPTC, comments, thumbnails, content credentials, and bytes that hide between
// and behind the segments.
//
// The container is taken apart and written anew from an allow-list, so the
// compressed pixels stay bit for bit what they were, and the picture keeps its
// orientation and its colours. A second walker, which shares no code with the
// first, reads the output before any of it is released, and the output is
// searched for the texts that the metadata held, in UTF-8, UTF-16 and Latin-1:
//
//	f, _ := os.Open("upload.jpg")
//	photo, err := imageproc.Sanitize(ctx, f, nil)
//	if errors.Is(err, imageproc.ErrUnsupported) {
//		// not a format of ours: tell the shopper, nothing was kept
//	}
//	for _, found := range photo.Report().Removed {
//		fmt.Println(found.Carrier, found.Classes, found.Bytes)
//	}
//	thumb, err := photo.Thumb(416) // upright, ready for a detector
//
// A [Clean] is the proof that this happened. Only [Sanitize] makes one, and the
// packages behind it accept nothing else.
//
// # What stays
//
// JPEG: the frame, the tables and scans it uses, the entropy-coded data; one
// JFIF segment with the shape of a pixel; one Exif segment of 36 bytes if the
// picture has to be turned; the ICC profile; the twelve bytes of Adobe's segment
// that tell RGB, YCbCr, CMYK and YCCK apart. PNG: IHDR, PLTE, tRNS, IDAT, the
// animation (acTL, fcTL, fdAT) if it is sound, the colour chunks cICP, mDCV,
// cLLI, iCCP (renamed), sRGB, gAMA, cHRM, sBIT, and bKGD, pHYs if pixels are not
// square, eXIf of 38 bytes if the picture has to be turned. A [Mark] is written
// only where the options ask for it, and so is what [Keep] names: creator, rights
// and the IPTC source type, read from the input and written anew as XMP, and the
// gain map of an HDR picture, a JPEG behind the JPEG, or the item tmap, stripped like it. Only
// content credentials, on request, go over as they are; they may hold what Strip
// removes elsewhere.
//
// BakeOrientation of [StripOptions] turns a JPEG upright without loss where its
// blocks allow; other formats keep their orientation: irot and imir in HEIC and
// AVIF, one fresh tag in PNG, WebP and TIFF.
//
// WebP: VP8, VP8L and ALPH, the animation (ANIM, ANMF), the ICC profile, an EXIF
// chunk of 26 bytes if the picture has to be turned, and VP8X with flags counted
// anew, where any of these needs it. GIF: the screen, colour tables, pictures with
// their timing, how often they play, the ICC profile; bytes behind the last LZW
// code go, and of the screen's colours, where each picture has its own, all but the
// background.
//
// TIFF and BigTIFF, which comes out as classic TIFF in the byte order it had: every
// page of the chain with its strips or tiles, how its numbers are stored and become
// colours, its ICC profile, its turning, the shape of its pixels. Smaller copies
// (SubIFDs, pages marked as reduced) go, and so do bytes no directory refers to.
// Of strips and tiles, what follows the last pixel goes where they are not
// compressed or coded as PackBits, LZW, JPEG or WebP, and what stands around streams
// of LZMA and Zstandard; of JPEG and WebP, all that goes from files of these formats;
// and of tiles that are not compressed, what lies beyond the picture. JPEG of TIFF
// 6.0's old kind becomes JPEG of the new kind where it is a whole stream.
//
// BMP: the pixels, decoded and written anew from the bottom up as 1, 4 or 8 bits
// with a whole palette, as 24 bits, or as 32 where a mask says that there is alpha;
// an embedded ICC profile. Runs and masks of 16 or 32 bits become plain pixels. It
// has no place for a Mark: ask for a smaller copy, which is a PNG, or encode.
//
// HEIC and AVIF: the primary picture and every other one that is shown by
// itself, with the tiles, overlays and crops it is derived from and its alpha;
// of each the size, the codec's configuration, turning, mirroring, cropping,
// colour (nclx or ICC), bit depths, light levels and layers; of image sequences
// the tracks of pictures and their alpha, with timing, edits and key frames. Items
// and tracks are numbered anew and have no names, data lies where one of them says
// and nowhere else. Messages inside the coded data (SEI, metadata OBUs) and units of
// other layers, which decoding does not need, go.
// No codec is linked: Thumb, Image, Decode and MaxSide need a [Decoder] in the
// options, or answer with [ErrNeedsDecoder].
//
// # Pixels
//
// A JPEG is decoded by a decoder of our own, whose samples are libjpeg-turbo's: for
// a thumbnail or a smaller copy at as many eighths of its size as that needs, row
// by row, through a filter in fixed point that turns it upright on the way. What
// this takes beside the input is a few rows and the result, for a baseline file of
// any size, less than 6 MB at 1024 pixels; and a file on disk, or what else can be
// read twice, is not held itself. Progressive ones need more, charged to
// Limits.MaxMemory. Filters work
// on numbers with their gamma, as browsers do. Other formats go through the
// standard library and x/image.
//
// # What is refused
//
// All formats but these, with [ErrUnsupported], never passed through. Of
// JPEG: arithmetic, lossless and hierarchical coding, 12 bits, two components,
// as ErrUnsupported; as [ErrCorrupt] a file
// that is cut short before its first scan, and
// whatever breaks the rules of segments, tables and scans. Of PNG: a wrong
// CRC in IHDR or PLTE, missing pixels of an interlaced picture. Of WebP: a file shorter than RIFF says,
// a picture of another size than announced, frames off the canvas. Of GIF: no
// picture, or none with a size. Of BMP: JPEG or PNG for printers, the compressions
// of OS/2, a file without a whole row. Of TIFF: raw
// formats of cameras (DNG, NEF, CR2, ARW, ...), strips outside the file, fewer than
// the picture needs, or over one another (two pages may share theirs), or of LZMA and Zstandard with more than their pixels, compressions that are not of the list
// above or Deflate, CCITT, LZMA, Zstandard, ThunderScan or LogLuv. Of HEIC and AVIF: sequences in
// fragments or without a still picture, codecs other than HEVC and AV1, protected items, data outside the file or
// inside other items, properties that are essential and unknown, parameter sets and sequence headers that are not valid or
// have bytes behind their end, and coded data that goes on with another picture or has a
// text in it. Errors are a [*FormatError] that names
// format and offset and never a value found in the file. Defaults for [Limits]:
// 20 MiB of input, 64 megapixels, 65,536 segments or chunks, 512 MiB to decode
// in, of which 256 MiB have to be matched by compressed data.
// A TIFF file may have four strips or tiles for each of the segments.
//
// What every decoder shows of a file that is cut short goes over as a sound file,
// and the report says so under Mended: a JPEG whose data breaks off; a PNG that breaks
// off, whose checksums are wrong or whose chunks behind the picture make no sense, and
// one whose rows can't be read: those that libpng reads go over, and black for the
// others; a JPEG of one scan with nonsense behind it; of a GIF, the pixels of each
// frame up to where its codes break off or break the rules.
//
// # Limits
//
// Stripping does not decode. Bytes that follow the last block inside the
// entropy-coded data of a JPEG scan, or the end of the deflate stream inside a
// PNG's IDAT or a strip of TIFF, or the last row of CCITT's codings there, are found in files of at most 64 KiB, and in
// larger ones where the data ends in what reads as text, in any of the usual encodings,
// or is filled up, or has a text of 24 characters (64 in deflate), ASCII or UTF-16, anywhere; those
// behind a partition of VP8 or the codes of VP8L in WebP in files of any size of which
// that is true; [StripOptions].Thorough finds them in all, at some 100 MB/s, in WebP at
// 10. Behind the coded data of HEIC and AVIF they look like pixels: files with a text of
// 32 characters in it, or of 24 in its last 256 bytes, are refused, and other bytes stay,
// as do pixels of compressed tiles that lie beyond the picture, and whatever is hidden in
// the pixels themselves; MaxSide of [SanitizeOptions], which decodes and encodes again,
// removes the former. Of an animation, decoding shows the first frame, and of TIFF the first page, in the layouts that golang.org/x/image knows: grey, palette
// and RGB of 1, 8 or 16 bits. Entries of a palette that no pixel uses stay, too.
// Quantisation tables and sensor noise can identify a model of camera or a
// camera; they are part of the picture. An ICC profile is written anew from its
// numbers, without names, texts, dates and ids; the numbers of a screen that was
// measured can still tell it from others. Texts of fewer than 8 bytes or 5
// different ones (behind pictures, where most is no text, 16) are not searched for, nor is what comes after the first 512 of a
// file or the first 256 bytes of one. Clean.Thumb and
// smaller copies of JPEG have the colours of sRGB where the profile is one of a
// matrix and curves, within a CIEDE2000 of 1 of LittleCMS; decoding otherwise gives
// the numbers of the file unless DecodeOptions.SRGB is set. Profiles that are tables
// are not applied, and CMYK is turned to RGB by plain subtraction.
package imageproc
