package icc_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fitveil/fitveil/imageproc/internal/icc"
)

// whole makes a profile one that other engines read, too: with a header, a white
// and the names that all have.
func whole(p []byte) []byte {
	tags := map[string][]byte{
		"wtpt": fixed("XYZ ", 0.9642, 1, 0.8249),
		"desc": append([]byte("desc\x00\x00\x00\x00\x00\x00\x00\x04icc\x00"), make([]byte, 78)...),
		"cprt": []byte("text\x00\x00\x00\x00none\x00"),
	}
	be := binary.BigEndian
	for i := range int(be.Uint32(p[128:])) {
		e := p[132+12*i:]
		tags[string(e[:4])] = p[be.Uint32(e[4:]) : be.Uint32(e[4:])+be.Uint32(e[8:])]
	}
	for name, data := range tags {
		tags[name] = append(bytes.Clone(data), make([]byte, -len(data)&3)...)
	}
	out := profile("RGB ", tags)
	be.PutUint32(out, uint32(len(out)))
	copy(out[8:], "\x04\x20\x00\x00mntr")
	copy(out[68:], "\x00\x00\xF6\xD6\x00\x01\x00\x00\x00\x00\xD3\x2D")
	return out
}

// TestAgainstLCMS holds colours against what LittleCMS, by way of libvips, makes of
// them, of dark ones most, where a step is widest to the eye.
func TestAgainstLCMS(t *testing.T) {
	vips, err := exec.LookPath("vips")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("vips is required in CI: apt-get install libvips-tools")
		}
		t.Skip("vips is not installed: apt-get install libvips-tools")
	}
	pro := [3][]byte{fixed("XYZ ", 0.79767, 0.28804, 0), fixed("XYZ ", 0.13519, 0.71188, 0), fixed("XYZ ", 0.03134, 0.00009, 0.82491)}
	wide := [3][]byte{fixed("XYZ ", 0.67348, 0.27904, -0.00194), fixed("XYZ ", 0.16566, 0.67536, 0.02998), fixed("XYZ ", 0.12505, 0.04561, 0.79686)} // BT.2020
	table := append([]byte("curv\x00\x00\x00\x00"), 0, 0, 1, 0)
	for i := range 256 {
		table = binary.BigEndian.AppendUint16(table, uint16(math.Round(65535*math.Pow(float64(i)/255, 1.9))))
	}
	profiles := map[string][]byte{
		"P3": p3, "Adobe RGB": adobe, "sRGB": srgb,
		"ProPhoto":         rgb(pro[0], pro[1], pro[2], append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), 1, 0xCD)),
		"ProPhoto, as set": rgb(pro[0], pro[1], pro[2], para(3, 1.8, 1, 0, 1/16.0, 0.03125)),
		"BT.2020":          rgb(wide[0], wide[1], wide[2], para(3, 1/0.45, 1/1.0993, 0.0993/1.0993, 1/4.5, 0.0812)),
		"a table":          rgb(wide[0], wide[1], wide[2], table),
		"gamma":            rgb(pro[0], pro[1], pro[2], para(0, 2.2)),
		"kind 1":           rgb(wide[0], wide[1], wide[2], para(1, 2.2, 0.95, 0.05)),
		"kind 2":           rgb(wide[0], wide[1], wide[2], para(2, 2.2, 0.95, 0.03, 0.02)),
		"kind 4":           rgb(wide[0], wide[1], wide[2], para(4, 2.3, 0.96, 0.04, 0.08, 0.05, 0.001, 0.001)),
		"linear":           rgb(pro[0], pro[1], pro[2], []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00")),
	}
	dir := t.TempDir()
	const side = 128
	pix := make([]byte, 0, 3*side*side)
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				pix = append(pix, byte(r), byte(g), byte(b))
			}
		}
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	for len(pix) < cap(pix) {
		most := []int{20, 40, 256}[len(pix)/3%3]
		for range 3 {
			pix = append(pix, byte(rnd.IntN(most)))
		}
	}
	in, out := filepath.Join(dir, "in.ppm"), filepath.Join(dir, "out.ppm")
	head := fmt.Appendf(nil, "P6\n%d %d\n255\n", side, side)
	if err := os.WriteFile(in, append(bytes.Clone(head), pix...), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, p := range profiles {
		path := filepath.Join(dir, "p.icc")
		if err := os.WriteFile(path, whole(p), 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := exec.Command(vips, "icc_transform", in, out, "srgb", "--input-profile", path, "--intent", "relative").CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, text)
			continue
		}
		file, err := os.ReadFile(out)
		if err != nil || len(file) < len(pix) {
			t.Fatal(len(file), err)
		}
		want := file[len(file)-len(pix):]
		got := make([]byte, 0, 4*side*side)
		for i := 0; i < len(pix); i += 3 {
			got = append(got, pix[i], pix[i+1], pix[i+2], 77)
		}
		icc.New(p).Pixels(got)
		worst, sum, at := 0.0, 0.0, 0
		for i := range side * side {
			d := distance([3]byte(got[4*i:]), [3]byte(want[3*i:]))
			if sum += d; d > worst {
				worst, at = d, i
			}
			if d > 1 {
				t.Fatalf("%s: %v is %v, theirs %v: CIEDE2000 %.2f", name, pix[3*i:3*i+3], got[4*i:4*i+3], want[3*i:3*i+3], d)
			}
			if got[4*i+3] != 77 {
				t.Fatal("the fourth byte changed")
			}
		}
		t.Logf("%-16s mean %.3f, worst %.2f: %v is %v, theirs %v", name, sum/side/side, worst, pix[3*at:3*at+3], got[4*at:4*at+3], want[3*at:3*at+3])
		if sum > 0.001*side*side {
			t.Errorf("%s: colours are CIEDE2000 %.3f off in the mean", name, sum/side/side)
		}
	}
}

// distance is CIEDE2000 of two colours of sRGB, CIE 142-2001.
func distance(p, q [3]byte) float64 {
	l1, a1, b1 := lab(p)
	l2, a2, b2 := lab(q)
	mean := (math.Hypot(a1, b1) + math.Hypot(a2, b2)) / 2
	g := 0.5 * (1 - math.Sqrt(math.Pow(mean, 7)/(math.Pow(mean, 7)+math.Pow(25, 7))))
	a1, a2 = a1*(1+g), a2*(1+g)
	c1, c2 := math.Hypot(a1, b1), math.Hypot(a2, b2)
	hue := func(a, b float64) float64 {
		return math.Mod(math.Atan2(b, a)*180/math.Pi+360, 360)
	}
	h1, h2 := hue(a1, b1), hue(a2, b2)
	dh, h := h2-h1, (h1+h2)/2
	switch {
	case c1*c2 == 0:
		dh, h = 0, h1+h2
	case dh > 180:
		dh, h = dh-360, h+180
	case dh < -180:
		dh, h = dh+360, h+180
	}
	rad := func(d float64) float64 { return d * math.Pi / 180 }
	l, c := (l1+l2)/2, (c1+c2)/2
	t := 1 - 0.17*math.Cos(rad(h-30)) + 0.24*math.Cos(rad(2*h)) + 0.32*math.Cos(rad(3*h+6)) - 0.2*math.Cos(rad(4*h-63))
	sl := 1 + 0.015*(l-50)*(l-50)/math.Sqrt(20+(l-50)*(l-50))
	sc, sh := 1+0.045*c, 1+0.015*c*t
	turn := 30 * math.Exp(-math.Pow(math.Mod(h, 360)/25-11, 2))
	rt := -2 * math.Sqrt(math.Pow(c, 7)/(math.Pow(c, 7)+math.Pow(25, 7))) * math.Sin(rad(2*turn))
	dl, dc := (l2-l1)/sl, (c2-c1)/sc
	dH := 2 * math.Sqrt(c1*c2) * math.Sin(rad(dh/2)) / sh
	return math.Sqrt(dl*dl + dc*dc + dH*dH + rt*dc*dH)
}

func lab(p [3]byte) (l, a, b float64) {
	var v [3]float64
	for i, n := range p {
		x := float64(n) / 255
		if x <= 0.04045 {
			v[i] = x / 12.92
		} else {
			v[i] = math.Pow((x+0.055)/1.055, 2.4)
		}
	}
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124564*v[0] + 0.3575761*v[1] + 0.1804375*v[2]) / 0.95047)
	y := f(0.2126729*v[0] + 0.7151522*v[1] + 0.0721750*v[2])
	z := f((0.0193339*v[0] + 0.1191920*v[1] + 0.9503041*v[2]) / 1.08883)
	return 116*y - 16, 500 * (x - y), 200 * (y - z)
}

// The distance is that of the data that go with the formula.
func TestDistance(t *testing.T) {
	if d := distance([3]byte{10, 20, 30}, [3]byte{10, 20, 30}); d != 0 {
		t.Errorf("a colour from itself: %f", d)
	}
	if d := distance([3]byte{255, 255, 255}, [3]byte{}); math.Abs(d-100) > 0.01 {
		t.Errorf("white from black: %f", d)
	}
}
