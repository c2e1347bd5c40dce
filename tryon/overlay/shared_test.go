package overlay_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/detect/person"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/overlay"
)

// photos is the folder of labelled photographs, which are not ours to commit.
func photos(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FITVEIL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "photos")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the labelled photographs are not here; set FITVEIL_SHARED to the folder that holds photos/")
	}
	return dir
}

// TestPhotographs draws on real photographs, with the people that the embedded
// detector finds. The two lists were made by looking at the results: the first
// come out well, of the second none would.
func TestPhotographs(t *testing.T) {
	dir := photos(t)
	well := []string{
		"1123_ootd", "1127_ootd", "1128_ootd", "1129_ootd", "1132_ootd", "1135_ootd", "1136_ootd",
		"1138_ootd", "1139_ootd", "1141_ootd", "1168_idm", "1169_idm", "1171_idm",
		"0487_in", "0771_in", "0902_in", "1260_vh", "1263_vh", "1287_vh", "1592_u2",
	}
	badly := []string{
		"1206_vh", "1256_vh", "1258_vh", "1269_vh", "1291_vh", "1293_vh", "1296_vh", "1300_vh", "1304_vh", "1308_vh", // turned, lying, arms before the body
		"0389_in", "0447_in", "0883_in", "2085_cn", "1642_rembg", "1643_rembg", // arms before the body, raised, from behind
		"1615_u2", "1616_u2", "1618_u2", "1619_u2", "1621_u2", // nothing but a face
		"1253_vh", "1254_vh", "1255_vh", "1580_u2", "1595_u2", // more than one person
	}
	people, err := person.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(t *testing.T, name string) (*tryon.Result, *imageproc.Clean, error) {
		photo := product(t, filepath.Join(dir, name+".jpg"))
		screened, err := detect.Screen(t.Context(), people, photo, detect.OnePerson(), nil)
		if err != nil {
			return nil, photo, err
		}
		result, err := render(t, &tryon.Input{
			Photo: screened, Items: []tryon.Item{{ID: "tee", Image: product(t, "testdata/tee.png"), Garment: tryon.Top}},
		})
		return result, photo, err
	}
	for _, name := range well {
		t.Run(name, func(t *testing.T) {
			result, photo, err := draw(t, name)
			if err != nil {
				t.Fatal(err)
			}
			if result.Images[0].Bounds() != photo.Bounds() {
				t.Errorf("got %v of %v", result.Images[0], photo)
			}
		})
	}
	for _, name := range badly {
		t.Run(name, func(t *testing.T) {
			if result, _, err := draw(t, name); err == nil {
				t.Errorf("drawn, with %v", codes(result))
			} else {
				t.Log(err)
			}
		})
	}
}

// TestPortrait draws on the portrait that the quickstart shows: head and
// shoulders, in uniform.
func TestPortrait(t *testing.T) {
	people, err := person.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	photo := product(t, "../../examples/quickstart/assets/portrait.jpg")
	screened, err := detect.Screen(t.Context(), people, photo, detect.Selfie(), nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := render(t, &tryon.Input{
		Photo: screened,
		Items: []tryon.Item{{ID: "tee", Image: product(t, "../../examples/quickstart/assets/tee.png"), Garment: tryon.Top}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{overlay.WarnArms, overlay.WarnHips} {
		found := false
		for _, w := range result.Warnings {
			found = found || w.Code == code
		}
		if !found {
			t.Errorf("no warning %q in %v", code, result.Warnings)
		}
	}
	// The result is a JPEG: the face is the photo's own up to its compression.
	got, before := pixelsOf(t, result.Images[0]), pixelsOf(t, photo)
	scene := screened.Scene()
	sum, n := 0, 0
	for y := range before.Rect.Dy() {
		for x := range before.Rect.Dx() {
			if overlay.InFace(scene, x, y) {
				a, b := got.NRGBAAt(x, y), before.NRGBAAt(x, y)
				d := int(a.G) - int(b.G)
				sum, n = sum+d*d, n+1
			}
		}
	}
	if n < 10_000 || float64(sum)/float64(n) > 9 {
		t.Errorf("the face's %d pixels differ by %.1f on average, squared", n, float64(sum)/float64(n))
	}
	// The cloth is where the uniform was.
	if c := mean(got, 265, 470); c[1] < c[0]+40 {
		t.Errorf("the chest is %v, not teal", c)
	}
}
