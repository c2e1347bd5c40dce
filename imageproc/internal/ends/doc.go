// Package ends finds where the coded data of a picture ends, without making
// pixels of it: it follows the codes of deflate (RFC 1950 and 1951), of the scans
// of JPEG (ITU-T T.81), of VP8 (RFC 6386), of WebP's lossless format (RFC 9649),
// of facsimile (ITU-T T.4 and T.6) and of Zstandard's sequences (RFC 8878), and counts what they stand for; of xz, whose
// chunks say how long they are, it reads the headers. Bytes behind that end are shown by nobody,
// and could hold anything.
//
//	n, size, state := ends.Zlib(pieces, most, new(64))
//	if state == ends.Whole && n < total {
//		// The last total-n bytes are no part of the stream.
//	}
//
// Nothing is allocated by the size of what data claims to be. Broken data is no
// error: a function says how far it went, and what a decoder that goes on does
// not need either.
//
// Limits: the checksums of zlib and Zstandard are passed over and not compared, for
// that would take the bytes they are of. Literals of Zstandard are counted, but their
// codes are not looked at.
package ends
