package fitveil_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"slices"
	"strings"
	"testing"

	_ "github.com/disintegration/imaging"
	"github.com/google/go-cmp/cmp"
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
	"internal/origin":      {},
	"internal/problem":     {},
	"imageproc":            {},
	"imageproc/httpupload": {"imageproc", "internal/problem"},
	"sizing":               {},
	"consent":              {"consent/merkle"},
	"consent/merkle":       {},
	"consent/memstore":     {"consent", "consent/merkle"},
	"consent/boltstore":    {"consent", "consent/merkle"},
	"consent/pgstore":      {"consent", "consent/merkle"},
	"consent/resultdir":    {"consent", "consent/merkle"},
	"consent/consenttest":  {"consent", "consent/merkle"},
	"consent/httpconsent":  {"consent", "consent/merkle", "internal/origin", "internal/problem"},
	"detect":               {"imageproc"},
	"detect/infer":         {},
	"detect/httpgate":      {"detect", "imageproc", "imageproc/httpupload", "internal/origin", "internal/problem"},
	"detect/person":        {"detect", "detect/infer", "imageproc"},
	"tryon":                {"tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/identity":       {"imageproc"},
	"tryon/overlay":        {"tryon", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/httpbackend":    {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/boltjobs":       {"tryon", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/tryontest":      {"tryon", "tryon/identity", "consent", "consent/memstore", "consent/merkle", "detect", "imageproc"},
	"tryon/vertex":         {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/replicate":      {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/openai":         {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/kie":            {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/gradio":         {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/gemini":         {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/fashn":          {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/fal":            {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/comfy":          {"tryon", "tryon/wire", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/wire":           {"tryon", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},
	"tryon/room":           {"tryon", "tryon/identity", "consent", "consent/merkle", "detect", "imageproc"},

	"detect/infer/infertest": {"detect/infer"},
}

// What the heavy packages link. Of x/image that is the decoders of WebP and TIFF,
// and that of BMP, which imaging brings along.
var (
	trees    = []string{"golang.org/x/mod"}
	pictures = []string{"github.com/disintegration/imaging", "golang.org/x/image", "golang.org/x/sys"}
	networks = []string{
		"github.com/owulveryck/onnx-go", "gonum.org/v1/gonum", "gorgonia.org/tensor", "golang.org/x/sys",
		// What those bring along.
		"github.com/apache/arrow/go/arrow", "github.com/chewxy/hm", "github.com/chewxy/math32", "github.com/gogo/protobuf",
		"github.com/golang/protobuf", "github.com/google/flatbuffers", "github.com/pkg/errors", "github.com/xtgo/set",
		"go4.org/unsafe/assume-no-moving-gc", "golang.org/x/xerrors", "google.golang.org/protobuf", "gorgonia.org/vecf32",
		"gorgonia.org/vecf64",
	}
)

// thirdParty lists, for each package that can be imported, the modules outside
// the standard library that a program importing only it links on linux/amd64:
// all of them, and no others. A package that is missing here fails the test.
var thirdParty = map[string][]string{
	"":                     {},
	"imageproc":            pictures,
	"imageproc/httpupload": pictures,
	"sizing":               {},
	"consent":              trees,
	"consent/merkle":       trees,
	"consent/memstore":     trees,
	"consent/boltstore":    slices.Concat(trees, []string{"go.etcd.io/bbolt", "golang.org/x/sys"}),
	"consent/pgstore": slices.Concat(trees, []string{
		"github.com/jackc/pgx/v5", "github.com/jackc/pgpassfile", "github.com/jackc/pgservicefile", "github.com/jackc/puddle/v2",
		"golang.org/x/sync", "golang.org/x/text",
	}),
	"consent/resultdir":   trees,
	"consent/consenttest": slices.Concat(trees, []string{"github.com/google/go-cmp"}),
	"consent/httpconsent": trees,
	"detect":              pictures,
	"detect/infer":        networks,
	"detect/person":       slices.Concat(pictures, networks),
	"detect/httpgate":     slices.Concat(pictures, []string{"golang.org/x/time"}),
	"tryon":               slices.Concat(pictures, trees),
	"tryon/identity":      pictures,
	"tryon/overlay":       slices.Concat(pictures, trees),
	"tryon/httpbackend":   slices.Concat(pictures, trees),
	"tryon/boltjobs":      slices.Concat(pictures, trees, []string{"go.etcd.io/bbolt"}),
	"tryon/tryontest":     slices.Concat(pictures, trees, []string{"github.com/google/go-cmp"}),
	"tryon/vertex":        slices.Concat(pictures, trees),
	"tryon/replicate":     slices.Concat(pictures, trees),
	"tryon/openai":        slices.Concat(pictures, trees),
	"tryon/kie":           slices.Concat(pictures, trees),
	"tryon/gradio":        slices.Concat(pictures, trees),
	"tryon/gemini":        slices.Concat(pictures, trees),
	"tryon/fashn":         slices.Concat(pictures, trees),
	"tryon/fal":           slices.Concat(pictures, trees),
	"tryon/comfy":         slices.Concat(pictures, trees),
	"tryon/wire":          slices.Concat(pictures, trees),
	"tryon/room":          slices.Concat(pictures, trees),

	"detect/infer/infertest": networks,
}

// importable reports whether others may import the package of this name, and
// would: examples and measurements are programs.
func importable(name string) bool {
	return !strings.HasPrefix(name, "examples/") && !strings.HasPrefix(name, "bench/") &&
		!strings.HasPrefix(name, "internal/") && !strings.Contains(name, "/internal/") && !strings.HasSuffix(name, "/internal")
}

// goList runs go list for one platform, whichever the test runs on, since some
// packages link less where there is no assembly. It splits the answer's lines.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-tags="}, args...)...)
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
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
	packages := goList(t, "./...")
	for name := range thirdParty {
		if !slices.ContainsFunc(packages, func(pkg string) bool { n, ok := rel(pkg); return ok && n == name }) {
			t.Errorf("the table names a package %q that is not there", name)
		}
	}
	for _, pkg := range packages {
		name, _ := rel(pkg)
		if !importable(name) {
			continue
		}
		want, listed := thirdParty[name]
		if !listed {
			t.Errorf("%s: not in the table of what a package links", name)
			continue
		}
		got := goList(t, "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", pkg)
		slices.Sort(got)
		want = slices.Compact(slices.Sorted(slices.Values(want)))
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" && len(want)+len(got) > 0 {
			t.Errorf("a program that imports only %q links other modules than the table says (-table +linked):\n%s", name, diff)
		}
	}
}

// Decoders that come with a dependency register themselves with package image.
// No program or package here asks that register what an upload is, nor imaging,
// which asks it too.
func TestNobodyAsksTheRegisterOfFormats(t *testing.T) {
	forbidden := map[string][]string{
		"image":                             {"Decode", "DecodeConfig"},
		"github.com/disintegration/imaging": {"Decode", "Open"},
	}
	files := 0
	for _, file := range goList(t, "-f", "{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}\n{{end}}", "./...") {
		src, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files++
		names := map[string][]string{} // what must not be called, by the package's name in this file
		for _, imp := range src.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			name := path[strings.LastIndex(path, "/")+1:]
			if imp.Name != nil {
				name = imp.Name.Name
			}
			if f, ok := forbidden[path]; ok {
				names[name] = f
			}
		}
		ast.Inspect(src, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(names[x.Name], sel.Sel.Name) {
					t.Errorf("%s uses %s.%s", file, x.Name, sel.Sel.Name)
				}
			}
			return true
		})
	}
	if files < 50 {
		t.Errorf("looked at %d files only", files)
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
