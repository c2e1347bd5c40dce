// Command golden writes what ONNX Runtime answers on a few pictures, for the
// tests of packages detect/infer and detect/person:
//
//	npm install --prefix DIR --ignore-scripts onnxruntime-node@1.30.0
//	go run -C _gen ./golden -modules DIR              write ../testdata/golden
//	go run -C _gen ./golden -modules DIR -check       compare it with a live run
//	go run -C _gen ./golden -modules DIR -out D -dense    every value, not a sample
//
// The files are described in ../testdata/golden/README.md.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
)

// A run is what one call of the program does.
type run struct {
	models  string // folder of the ONNX files
	script  string // golden.mjs
	modules string // folder in which npm installed onnxruntime-node
	golden  string // folder of the pictures and of the committed answers
	out     string // folder to write to
	dense   bool   // keep every value
}

func main() {
	r := run{models: filepath.Join("..", "models"), script: filepath.Join("golden", "golden.mjs"), golden: filepath.Join("..", "testdata", "golden")}
	flag.StringVar(&r.modules, "modules", "", "`folder` in which npm installed onnxruntime-node")
	flag.StringVar(&r.out, "out", r.golden, "`folder` to write to")
	flag.BoolVar(&r.dense, "dense", false, "write every value instead of a sample")
	check := flag.Bool("check", false, "compare the committed answers with a live run instead of writing")
	pictures := flag.String("pictures", "", "make the input pictures from the originals in this `folder`, and stop")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *pictures != "":
		err = drawInputs(*pictures, r.golden)
	case r.modules == "":
		err = errors.New("-modules is missing; see the package comment")
	case *check:
		err = r.check(ctx, os.Stdout)
	default:
		err = r.write(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "golden:", err)
		os.Exit(1)
	}
}

// write runs both models on every input and writes answers and index to r.out.
func (r run) write(ctx context.Context) error {
	ix, values, err := r.live(ctx)
	if err != nil {
		return err
	}
	for i, c := range ix.Cases {
		if err := os.WriteFile(filepath.Join(r.out, c.File), encode(values[i]), 0o644); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(ix, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, "index.json"), append(b, '\n'), 0o644)
}

// check runs both models and compares with the answers in r.golden. Another
// processor sums in another order, so it allows what the Go engine is allowed.
func (r run) check(ctx context.Context, w io.Writer) error {
	ix, values, err := r.live(ctx)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(r.golden, "index.json"))
	if err != nil {
		return err
	}
	var was index
	if err := json.Unmarshal(b, &was); err != nil {
		return err
	}
	if len(was.Cases) != len(ix.Cases) {
		return fmt.Errorf("the index has %d cases, want %d", len(was.Cases), len(ix.Cases))
	}
	var bad []error
	for i, c := range ix.Cases {
		old := was.Cases[i]
		if old.Model != c.Model || old.Input != c.Input || old.ModelSHA256 != c.ModelSHA256 || old.InputSHA256 != c.InputSHA256 {
			bad = append(bad, fmt.Errorf("%s: the index names %s on %s or other hashes: write the folder anew", c.File, old.Model, old.Input))
			continue
		}
		b, err := os.ReadFile(filepath.Join(r.golden, c.File))
		if err != nil {
			return err
		}
		diff, err := furthest(decode(b), values[i])
		if err == nil && diff > c.Tolerance {
			err = fmt.Errorf("largest difference %g, allowed %g", diff, c.Tolerance)
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", c.File, err))
		}
		fmt.Fprintf(w, "%-40s largest difference %.3g\n", c.File, diff)
	}
	return errors.Join(bad...)
}

// live asks ONNX Runtime and returns the index and each case's sampled values.
func (r run) live(ctx context.Context) (*index, [][]float32, error) {
	ix := &index{}
	var all [][]float32
	for _, m := range networks {
		file := filepath.Join(r.models, m.name+".onnx")
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		answers, runtime, err := r.answers(ctx, m, file)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", m.name, err)
		}
		ix.Runtime = runtime
		for _, a := range answers {
			c, values := a.sample(r.dense)
			c.Model, c.ModelSHA256, c.Tolerance = m.name, fmt.Sprintf("%x", sha256.Sum256(data)), m.tolerance
			c.File = c.Input[:len(c.Input)-len(".png")] + "." + m.name + ".f32"
			ix.Cases, all = append(ix.Cases, c), append(all, values)
		}
	}
	return ix, all, nil
}

// answers runs one model on every input picture.
func (r run) answers(ctx context.Context, m network, file string) ([]answer, string, error) {
	dir, err := os.MkdirTemp("", "fitveil-golden-")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(dir)
	args := []string{r.script, r.modules, file, dir}
	var out []answer
	for _, name := range inputs {
		img, err := readPicture(filepath.Join(r.golden, name))
		if err != nil {
			return nil, "", err
		}
		in := encode(m.tensor(img))
		path := filepath.Join(dir, name+".f32")
		if err := os.WriteFile(path, in, 0o600); err != nil {
			return nil, "", err
		}
		args = append(args, path)
		out = append(out, answer{input: name, sum: sha256.Sum256(in)})
	}
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return nil, "", fmt.Errorf("node: %w", err)
	}
	var said struct {
		Runtime string
		Outputs []shaped
	}
	if err := json.Unmarshal(b, &said); err != nil {
		return nil, "", err
	}
	for i := range out {
		for _, o := range said.Outputs {
			b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i)+"."+o.Name+".f32"))
			if err != nil {
				return nil, "", err
			}
			out[i].maps = append(out[i].maps, headMap{o, decode(b)})
		}
	}
	return out, said.Runtime, nil
}
