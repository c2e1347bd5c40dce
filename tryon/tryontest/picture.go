package tryontest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"sync"
)

// drawn is the picture that fakes answer with: 96 × 128, of a few colours.
var drawn = sync.OnceValue(func() []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 96, 128))
	for y := range 128 {
		for x := range 96 {
			img.SetNRGBA(x, y, color.NRGBA{40, uint8(90 + x/8*4), uint8(120 + y/8*3), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
})

// Hidden is what Trailing puts behind a picture; it must not come out.
const Hidden = "HIDDEN-BEHIND-THE-PICTURE"

// Picture is the file of a picture, spoilt as a fault says.
func (x *Exchange) Picture() []byte {
	switch x.Fault.Kind {
	case NotPicture:
		return []byte("I am sorry, I can't help with that.")
	case Bomb:
		b := bytes.Clone(drawn())
		binary.BigEndian.PutUint32(b[16:], 60_000)
		binary.BigEndian.PutUint32(b[20:], 60_000)
		binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
		return b
	case Trailing:
		return append(bytes.Clone(drawn()), Hidden...)
	}
	return drawn()
}

// Base64 is Picture in base64.
func (x *Exchange) Base64() string { return base64.StdEncoding.EncodeToString(x.Picture()) }

// Pictures is how many pictures an answer to n has.
func (x *Exchange) Pictures(n int) int {
	if x.Fault.Kind == Fewer {
		return 1
	}
	return max(n, 1)
}

// Addresses are n addresses of pictures below base.
func (x *Exchange) Addresses(base string, n int) []string {
	if x.Fault.Kind == EvilAddress {
		return []string{x.Fault.To}
	}
	var list []string
	for i := range x.Pictures(n) {
		list = append(list, base+string(rune('a'+i))+spoilt(x.Fault.Kind)+".png")
	}
	return list
}

// spoilt passes a fault of the picture on in its name.
func spoilt(k Kind) string {
	switch k {
	case NotPicture, Bomb, Trailing:
		return "-" + string(k)
	}
	return ""
}

// ServePicture answers a request for a picture by its address.
func (x *Exchange) ServePicture(w http.ResponseWriter, r *http.Request) {
	for _, k := range []Kind{NotPicture, Bomb, Trailing} {
		if strings.Contains(r.URL.RequestURI(), "-"+string(k)) {
			x.Fault.Kind = k
		}
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(x.Picture())
}
