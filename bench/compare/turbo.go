package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

// The calls of TurboJPEG that are used, as its manual gives them: the library is
// opened when it is there, so that this program builds without its headers.
typedef void *tjhandle;
static tjhandle (*initDecompress)(void), (*initCompress)(void);
static int (*decompressToPlanes)(tjhandle, const unsigned char *, unsigned long, unsigned char **, int, int *, int, int);
static int (*compressFromPlanes)(tjhandle, const unsigned char **, int, const int *, int, int, unsigned char **, unsigned long *, int, int);

static int openTurbo(void) {
	void *lib = dlopen("libturbojpeg.so.0", RTLD_NOW);
	if (!lib) return 0;
	initDecompress = (tjhandle (*)(void))dlsym(lib, "tjInitDecompress");
	initCompress = (tjhandle (*)(void))dlsym(lib, "tjInitCompress");
	*(void **)&decompressToPlanes = dlsym(lib, "tjDecompressToYUVPlanes");
	*(void **)&compressFromPlanes = dlsym(lib, "tjCompressFromYUVPlanes");
	return initDecompress && initCompress && decompressToPlanes && compressFromPlanes;
}

static tjhandle newDecompress(void) { return initDecompress(); }
static tjhandle newCompress(void) { return initCompress(); }

// decode decodes to planes of width × height: the scale follows from these.
static int decode(tjhandle h, const unsigned char *file, unsigned long size, unsigned char *y, unsigned char *cb, unsigned char *cr, int width, int height) {
	unsigned char *planes[3] = {y, cb, cr};
	return decompressToPlanes(h, file, size, planes, width, NULL, height, 4096); // TJFLAG_ACCURATEDCT
}

static int encode(tjhandle h, const unsigned char *y, const unsigned char *cb, const unsigned char *cr, int width, int height, int quality, unsigned char **out, unsigned long *size) {
	const unsigned char *planes[3] = {y, cb, cr};
	return compressFromPlanes(h, planes, width, NULL, height, 2, out, size, quality, 4096); // TJSAMP_420
}
*/
import "C"

import (
	"errors"
	"image"
	"unsafe"
)

// openTurbo finds libjpeg-turbo.
func openTurbo() error {
	if C.openTurbo() == 0 {
		return errMissing("libjpeg-turbo is missing: apt-get install libturbojpeg0")
	}
	return nil
}

// turboDecoder decodes file to planes at n/8 of the size in the header.
func turboDecoder(file []byte, width, height, n int) func() error {
	h := C.newDecompress()
	w, ht := (width*n+7)/8, (height*n+7)/8
	size := C.size_t((w + 64) * (ht + 64)) // planes are rounded up to whole blocks
	var planes [3]*C.uchar
	for i := range planes {
		planes[i] = (*C.uchar)(C.malloc(size))
	}
	src := (*C.uchar)(C.CBytes(file))
	return func() error {
		if C.decode(h, src, C.ulong(len(file)), planes[0], planes[1], planes[2], C.int(w), C.int(ht)) != 0 {
			return errors.New("libjpeg-turbo does not decode the photo")
		}
		return nil
	}
}

// turboEncoder encodes a 4:2:0 picture whose sides are whole blocks.
func turboEncoder(m *image.YCbCr, quality int) func() error {
	h := C.newCompress()
	var planes [3]*C.uchar
	for i, p := range [3][]byte{m.Y, m.Cb, m.Cr} {
		planes[i] = (*C.uchar)(C.CBytes(p))
	}
	out := (**C.uchar)(C.calloc(1, C.size_t(unsafe.Sizeof(uintptr(0)))))
	size := (*C.ulong)(C.calloc(1, 8))
	return func() error {
		if C.encode(h, planes[0], planes[1], planes[2], C.int(m.Rect.Dx()), C.int(m.Rect.Dy()), C.int(quality), out, size) != 0 {
			return errors.New("libjpeg-turbo does not encode the picture")
		}
		return nil
	}
}
