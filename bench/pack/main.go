// Command pack builds the module zip that go get would bring, checks its size,
// and builds and runs a small consumer of each package from it, in a module of
// its own outside this tree.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const path = "github.com/fitveil/fitveil"

var version = module.Version{Path: path, Version: "v0.0.0"}

func main() {
	root := flag.String("root", "../..", "root of the module")
	maxMB := flag.Float64("max-mb", 25, "largest allowed size of the zip in megabytes")
	flag.Parse()
	if err := run(*root, *maxMB); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(root string, maxMB float64) error {
	tmp, err := os.MkdirTemp("", "fitveil-pack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)

	size, err := pack(root, filepath.Join(tmp, "module.zip"))
	if err != nil {
		return err
	}
	mb := float64(size) / 1e6
	fmt.Printf("module zip: %.1f MB\n", mb)
	if mb > maxMB {
		return fmt.Errorf("the module zip is larger than %.0f MB", maxMB)
	}
	unpacked := filepath.Join(tmp, "module")
	if err := zip.Unzip(unpacked, version, filepath.Join(tmp, "module.zip")); err != nil {
		return err
	}
	packages, err := importable(unpacked)
	if err != nil {
		return err
	}
	for i, pkg := range packages {
		if err := consume(filepath.Join(tmp, fmt.Sprintf("consumer%d", i)), unpacked, pkg); err != nil {
			return fmt.Errorf("%s: %w", pkg, err)
		}
		fmt.Println("consumed", pkg)
	}
	return nil
}

// pack zips the committed tree: CreateFromVCS leaves out nested modules and
// what git does not track.
func pack(root, file string) (int64, error) {
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := zip.CreateFromVCS(f, version, root, "HEAD", ""); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), f.Close()
}

// importable lists the packages a user can import.
func importable(dir string) ([]string, error) {
	out, err := goCmd(dir, "list", "-f", `{{if ne .Name "main"}}{{.ImportPath}}{{end}}`, "./...")
	if err != nil {
		return nil, err
	}
	var packages []string
	for pkg := range strings.FieldsSeq(out) {
		if !strings.Contains(pkg, "/internal/") && pkg != path {
			packages = append(packages, pkg)
		}
	}
	return packages, nil
}

// consume builds and runs a program that imports pkg alone.
func consume(dir, modDir, pkg string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	program := fmt.Sprintf("package main\n\nimport _ %q\n\nfunc main() {}\n", pkg)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o644); err != nil {
		return err
	}
	steps := [][]string{
		{"mod", "init", "consumer.test/c"},
		{"mod", "edit", "-require=" + version.String(), "-replace=" + path + "=" + modDir},
		{"mod", "tidy"},
		{"run", "."},
	}
	for _, args := range steps {
		if _, err := goCmd(dir, args...); err != nil {
			return err
		}
	}
	return nil
}

func goCmd(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		var stderr []byte
		if ee, ok := err.(*exec.ExitError); ok {
			stderr = ee.Stderr
		}
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr)
	}
	return string(out), nil
}
