package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fitveil": main})
}

// TestCommands runs the command line as a user types it. The scripts are in
// testdata; the pictures come from the quickstart.
func TestCommands(t *testing.T) {
	assets, err := filepath.Abs("../quickstart/assets")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"portrait.jpg", "tee.png", "chart.json"} {
				data, err := os.ReadFile(filepath.Join(assets, name))
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), data, 0o644); err != nil {
					return err
				}
				if name == "portrait.jpg" {
					junk := slices.Concat(data[:2], []byte(owner), data[2:])
					if err := os.WriteFile(filepath.Join(env.WorkDir, "junk.jpg"), junk, 0o644); err != nil {
						return err
					}
				}
			}
			return writeFormats(t, env.WorkDir)
		},
	})
}
