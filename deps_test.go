package fitveil_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	_ "github.com/disintegration/imaging"
	_ "github.com/owulveryck/onnx-go"
	_ "github.com/rwcarlsen/goexif/exif"
	_ "golang.org/x/image/draw"
	_ "gorgonia.org/tensor"
)

// Importing the five given modules above is itself a test: an old
// assume-no-moving-gc, which tensor pulls in, panics when the program starts.

const module = "github.com/fitveil/fitveil"

// arrows lists, for each package, the packages of this module it may reach,
// itself left out. A package of the module that is missing here fails the test.
var arrows = map[string][]string{
	"":                     {},
	"imageproc":            {},
	"imageproc/httpupload": {"imageproc"},
	"sizing":               {},
	"consent":              {},
	"consent/memstore":     {"consent"},
	"consent/boltstore":    {"consent"},
	"consent/consenttest":  {"consent"},
	"detect":               {"imageproc"},
	"detect/infer":         {},
	"detect/httpgate":      {"detect", "imageproc", "imageproc/httpupload"},
	"detect/person":        {"detect", "detect/infer", "imageproc"},
	"tryon":                {"consent", "detect", "imageproc"},
	"tryon/overlay":        {"tryon", "consent", "detect", "imageproc"},
}

// thirdParty lists, for each package, the modules outside the standard library
// that a program importing only it links. internal and vendored helpers of
// those modules are named by their root.
var thirdParty = map[string][]string{
	"imageproc":         {"github.com/disintegration/imaging", "github.com/rwcarlsen/goexif", "golang.org/x/image"},
	"sizing":            {},
	"consent":           {},
	"consent/memstore":  {},
	"consent/boltstore": {"go.etcd.io/bbolt", "golang.org/x/sys"},
	"detect":            {"github.com/disintegration/imaging", "github.com/rwcarlsen/goexif", "golang.org/x/image"},
	"tryon":             {"github.com/disintegration/imaging", "github.com/rwcarlsen/goexif", "golang.org/x/image"},
	"tryon/overlay":     {"github.com/disintegration/imaging", "github.com/rwcarlsen/goexif", "golang.org/x/image"},
}

// goList runs go list and splits its lines.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.Fields(string(out))
}

// deps lists what pkg links, without the standard library and without pkg.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	return goList(t, "-deps", "-f", "{{if and (not .Standard) (ne .ImportPath \""+pkg+"\")}}{{.ImportPath}}{{end}}", pkg)
}

func rel(importPath string) (string, bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func TestArrows(t *testing.T) {
	for _, pkg := range goList(t, "./...") {
		name, ok := rel(pkg)
		if !ok || strings.HasPrefix(name, "examples/") || strings.HasPrefix(name, "bench/") {
			continue
		}
		owner, _, internal := strings.Cut(name, "/internal/")
		allowed, listed := arrows[owner]
		if !listed {
			t.Errorf("%s: not in the table of arrows", name)
			continue
		}
		for _, dep := range deps(t, pkg) {
			target, ours := rel(dep)
			if !ours || (internal && target == owner) {
				continue
			}
			root, _, _ := strings.Cut(target, "/internal/")
			if root != owner && !slices.Contains(allowed, root) {
				t.Errorf("%s must not reach %s", name, target)
			}
		}
	}
}

func TestThirdParty(t *testing.T) {
	for name, allowed := range thirdParty {
		for _, dep := range deps(t, module+"/"+name) {
			if _, ours := rel(dep); ours {
				continue
			}
			if !slices.ContainsFunc(allowed, func(m string) bool { return dep == m || strings.HasPrefix(dep, m+"/") }) {
				t.Errorf("a program that imports only %s links %s", name, dep)
			}
		}
	}
}

func TestNothingImportsExamples(t *testing.T) {
	for _, pkg := range goList(t, "./...") {
		if name, _ := rel(pkg); strings.HasPrefix(name, "examples/") || strings.HasPrefix(name, "bench/") {
			continue
		}
		for _, dep := range deps(t, pkg) {
			if target, ours := rel(dep); ours && (strings.HasPrefix(target, "examples/") || strings.HasPrefix(target, "bench/")) {
				t.Errorf("%s imports %s", pkg, target)
			}
		}
	}
}
