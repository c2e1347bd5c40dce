package icc_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/icc"
)

// profile puts tags together.
func profile(space string, tags map[string][]byte) []byte {
	p := make([]byte, 132+12*len(tags))
	copy(p[16:], space+"XYZ ")
	copy(p[36:], "acsp")
	binary.BigEndian.PutUint32(p[128:], uint32(len(tags)))
	i := 0
	for name, data := range tags {
		e := p[132+12*i:]
		copy(e, name)
		binary.BigEndian.PutUint32(e[4:], uint32(len(p)))
		binary.BigEndian.PutUint32(e[8:], uint32(len(data)))
		p = append(p, data...)
		i++
	}
	return p
}

func fixed(kind string, v ...float64) []byte {
	b := append([]byte(kind), 0, 0, 0, 0)
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(x*65536))))
	}
	return b
}

func para(kind uint16, v ...float64) []byte {
	b := fixed("para", v...)
	return append(append(append([]byte{}, b[:8]...), byte(kind>>8), byte(kind), 0, 0), b[8:]...)
}

func rgb(r, g, b, curve []byte) []byte {
	return profile("RGB ", map[string][]byte{"rXYZ": r, "gXYZ": g, "bXYZ": b, "rTRC": curve, "gTRC": curve, "bTRC": curve})
}

// The primaries of real profiles, and sRGB's curve as they have it.
var (
	curve = para(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	p3    = rgb(fixed("XYZ ", 0.51512, 0.24120, -0.00105), fixed("XYZ ", 0.29198, 0.69225, 0.04189), fixed("XYZ ", 0.15710, 0.06657, 0.78407), curve)
	adobe = rgb(fixed("XYZ ", 0.60974, 0.31111, 0.01947), fixed("XYZ ", 0.20528, 0.62567, 0.06087), fixed("XYZ ", 0.14919, 0.06322, 0.74457),
		append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), 2, 0x33))
	srgb = rgb(fixed("XYZ ", 0.43607, 0.22249, 0.01392), fixed("XYZ ", 0.38515, 0.71687, 0.09708), fixed("XYZ ", 0.14307, 0.06061, 0.71410), curve)
)

func TestColours(t *testing.T) {
	for _, row := range []struct {
		name      string
		profile   []byte
		from, got [3]byte
	}{
		// By the chromaticities of the standards, in floating point: SMPTE EG 432-1
		// and Adobe RGB (1998), which have sRGB's white.
		{"P3", p3, [3]byte{200, 100, 50}, [3]byte{215, 93, 31}},
		{"P3", p3, [3]byte{90, 140, 200}, [3]byte{73, 142, 205}},
		{"P3 skin", p3, [3]byte{224, 172, 140}, [3]byte{234, 169, 135}},
		{"P3 beyond sRGB", p3, [3]byte{255, 0, 0}, [3]byte{255, 0, 0}},
		{"Adobe", adobe, [3]byte{200, 100, 50}, [3]byte{227, 100, 42}},
		{"Adobe", adobe, [3]byte{120, 160, 90}, [3]byte{99, 161, 85}},
		{"grey", p3, [3]byte{77, 77, 77}, [3]byte{77, 77, 77}},
		{"white", adobe, [3]byte{255, 255, 255}, [3]byte{255, 255, 255}},
		{"black", p3, [3]byte{}, [3]byte{}},
	} {
		tr := icc.New(row.profile)
		if tr == nil {
			t.Fatalf("%s is not read", row.name)
		}
		var got [3]byte
		got[0], got[1], got[2] = tr.RGB(row.from[0], row.from[1], row.from[2])
		for i := range got {
			if d := int(got[i]) - int(row.got[i]); d > 1 || d < -1 {
				t.Errorf("%s: %v is %v, want %v", row.name, row.from, got, row.got)
				break
			}
		}
	}
	if !icc.New(srgb).IsSRGB() || icc.New(p3).IsSRGB() {
		t.Error("sRGB is not told from P3")
	}
}

// TestCurves compares spellings of one curve.
func TestCurves(t *testing.T) {
	table := append([]byte("curv\x00\x00\x00\x00"), 0, 0, 4, 0)
	for i := range 1024 {
		table = binary.BigEndian.AppendUint16(table, uint16(math.Round(65535*math.Pow(float64(i)/1023, 2.2))))
	}
	x, y, z := fixed("XYZ ", 0.60974, 0.31111, 0.01947), fixed("XYZ ", 0.20528, 0.62567, 0.06087), fixed("XYZ ", 0.14919, 0.06322, 0.74457)
	var all []*icc.Transform
	for _, c := range [][]byte{
		table, para(0, 2.2), para(1, 2.2, 1, 0), para(2, 2.2, 1, 0, 0), para(3, 2.2, 1, 0, 0, 0), para(4, 2.2, 1, 0, 0, 0, 0, 0),
		append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), 2, 0x33),
	} {
		tr := icc.New(rgb(x, y, z, c))
		if tr == nil {
			t.Fatalf("%q is not read", c[:12])
		}
		all = append(all, tr)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		r, g, b := byte(rnd.IntN(256)), byte(rnd.IntN(256)), byte(rnd.IntN(256))
		r0, g0, b0 := all[0].RGB(r, g, b)
		for i, tr := range all[1:] {
			r1, g1, b1 := tr.RGB(r, g, b)
			for _, d := range []int{int(r0) - int(r1), int(g0) - int(g1), int(b0) - int(b1)} {
				if d > 1 || d < -1 {
					t.Fatalf("curve %d: %d,%d,%d is %d,%d,%d, want %d,%d,%d", i+1, r, g, b, r1, g1, b1, r0, g0, b0)
				}
			}
		}
	}
}

func TestNotConverted(t *testing.T) {
	short := append([]byte{}, p3...)
	binary.BigEndian.PutUint32(short[136:], 1<<31)
	for name, p := range map[string][]byte{
		"nothing": nil, "grey": profile("GRAY", nil), "no tags": profile("RGB ", nil), "outside": short, "cut": p3[:150],
		"a table":              profile("RGB ", map[string][]byte{"A2B0": fixed("mft2", 1, 2, 3)}),
		"a curve cut short":    rgb(fixed("XYZ ", 1, 1, 1), fixed("XYZ ", 1, 1, 1), fixed("XYZ ", 1, 1, 1), []byte("curv\x00\x00\x00\x00\x00\xFF\x00\x00")),
		"parameters cut short": rgb(fixed("XYZ ", 1, 1, 1), fixed("XYZ ", 1, 1, 1), fixed("XYZ ", 1, 1, 1), []byte("para\x00\x00\x00\x00\x00\x04\x00\x00")),
		"huge":                 rgb(fixed("XYZ ", 32000, 1, 1), fixed("XYZ ", 1, -32000, 1), fixed("XYZ ", 1, 1, 1), curve),
	} {
		if icc.New(p) != nil {
			t.Errorf("%s is converted", name)
		}
	}
}

// TestPlanes compares with the conversion of each pixel.
func TestPlanes(t *testing.T) {
	tr := icc.New(p3)
	const w, h = 7, 5
	for _, sub := range []int{1, 2} {
		cw, ch := (w+sub-1)/sub, (h+sub-1)/sub
		y, cb, cr := make([]byte, w*h), make([]byte, cw*ch), make([]byte, cw*ch)
		for i := range y {
			y[i] = 150
		}
		for i := range cb {
			cb[i], cr[i] = 118, 140
		}
		tr.Planes(y, cb, cr, w, h, sub)
		// 150, 118, 140 is RGB 167, 145, 132, and in sRGB 171, 144, 131.
		for i, v := range y {
			if v < 149 || v > 152 {
				t.Errorf("sub %d: luma %d is %d", sub, i, v)
			}
		}
		for i := range cb {
			if cb[i] < 116 || cb[i] > 118 || cr[i] < 141 || cr[i] > 144 {
				t.Errorf("sub %d: chroma %d is %d, %d", sub, i, cb[i], cr[i])
			}
		}
	}
}

// TestPlanesAssembly compares with Go, bit by bit, every colour of luma and chroma among
// them, and sizes with odd ends.
func TestPlanesAssembly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	// As far beyond sRGB as profiles go: ProPhoto.
	wide := rgb(fixed("XYZ ", 0.7977, 0.2880, 0), fixed("XYZ ", 0.1352, 0.7119, 0), fixed("XYZ ", 0.0313, 0.0001, 0.8249),
		append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), 1, 0xCD))
	for name, p := range map[string][]byte{"P3": p3, "Adobe": adobe, "sRGB": srgb, "ProPhoto": wide} {
		tr := icc.New(p)
		for _, size := range [][2]int{{512, 512}, {1, 1}, {2, 1}, {1, 2}, {3, 3}, {65, 7}, {66, 8}} {
			w, h := size[0], size[1]
			n := (w + 1) / 2 * ((h + 1) / 2)
			y, cb, cr := make([]byte, w*h), make([]byte, n), make([]byte, n)
			for i := range y {
				y[i] = byte(rnd.Uint32())
			}
			for i := range cb {
				cb[i], cr[i] = byte(i), byte(i>>8) // all pairs, where there are so many
			}
			wantY, wantCb, wantCr := bytes.Clone(y), bytes.Clone(cb), bytes.Clone(cr)
			tr.PlanesGo(wantY, wantCb, wantCr, w, h, 2)
			tr.Planes(y, cb, cr, w, h, 2)
			if !bytes.Equal(y, wantY) || !bytes.Equal(cb, wantCb) || !bytes.Equal(cr, wantCr) {
				t.Errorf("%s, %d × %d: not the same", name, w, h)
			}
		}
	}
}

func FuzzNew(f *testing.F) {
	for _, p := range [][]byte{p3, adobe, srgb} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if tr := icc.New(p); tr != nil {
			tr.RGB(1, 128, 255)
			tr.IsSRGB()
		}
	})
}

func BenchmarkPlanes(b *testing.B) {
	tr := icc.New(p3)
	rnd := rand.New(rand.NewPCG(1, 1))
	y, cb, cr := make([]byte, 1024*768), make([]byte, 512*384), make([]byte, 512*384)
	for i := range y {
		y[i] = byte(rnd.IntN(256))
	}
	for i := range cb {
		cb[i], cr[i] = byte(110+rnd.IntN(36)), byte(110+rnd.IntN(36))
	}
	b.SetBytes(1024 * 768)
	for b.Loop() {
		tr.Planes(y, cb, cr, 1024, 768, 2)
	}
}
