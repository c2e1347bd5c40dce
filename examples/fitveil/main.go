// Command fitveil is the library on the command line: JSON on standard output,
// messages on standard error. Exit status 0 means done, 1 a usage or I/O error,
// 2 that the input was refused; a refused input leaves no output file.
//
// Run fitveil help for the commands and fitveil COMMAND -h for one of them.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// shell is what a command works with.
type shell struct {
	in       io.Reader
	out, err io.Writer
}

// command is one word of the command line.
type command struct {
	name, args, summary string
	run                 func(*shell, []string) error
}

func commands() []command {
	return []command{
		{"strip", "[-o DIR] FILE... | IN OUT", "remove metadata, keep the pixels bit for bit", strip},
		{"inspect", "FILE...", "report the metadata without writing anything", inspect},
		{"sanitize", "[-max-side N] [-quality Q] IN OUT", "strip, and make smaller on request", sanitize},
		{"detect", "[-policy P] FILE...", "find people and judge the picture", detectPeople},
		{"redact", "[-what W] [-mode M] IN OUT", "make people or their faces unrecognisable", redact},
		{"estimate", "", "estimate body measurements (JSON lines on standard input)", estimate},
		{"size", "-chart FILE [-fit F]", "recommend a size (JSON lines on standard input)", size},
		{"convert", "-category C -from S -to S SIZE...", "translate sizes between systems, with the source", convert},
		{"evaluate", "-orders FILE", "replay a shop's orders and returns: accuracy, calibration, fairness", evaluate},
		{"tryon", "-photo P -item G -out OUT", "draw a garment on a person", tryOn},
		{"serve", "[-addr A] [-db F]", "open the web shop of the examples", serve},
		{"consent", "-db F VERB ...", "grant, withdraw, check, prove, verify, export, erase, sweep ...", consents},
	}
}

func run(args []string, in io.Reader, out, errw io.Writer) int {
	sh := &shell{in, out, errw}
	if len(args) == 0 {
		usage(errw)
		return 1
	}
	name := args[0]
	if name == "help" || name == "-h" || name == "-help" || name == "--help" {
		usage(out)
		return 0
	}
	for _, c := range commands() {
		if c.name == name {
			return sh.status(name, c.run(sh, args[1:]))
		}
	}
	fmt.Fprintf(errw, "fitveil: no command %q; fitveil help lists them\n", name)
	return 1
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: fitveil COMMAND [flags] [arguments]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-9s %-34s %s\n", c.name, c.args, c.summary)
	}
	fmt.Fprint(w, "\nfitveil COMMAND -h explains a command. Exit status: 0 done, 1 usage or I/O, 2 refused.\n")
}

// errRefused marks an error that means "this input is not acceptable".
var errRefused = errors.New("refused")

// errReported marks an error whose message already went out with the JSON.
var errReported = errors.New("reported")

func (sh *shell) status(name string, err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errRefused):
		sh.complain(name, err)
		return 2
	default:
		sh.complain(name, err)
		return 1
	}
}

func (sh *shell) complain(name string, err error) {
	if !errors.Is(err, errReported) {
		fmt.Fprintf(sh.err, "fitveil %s: %v\n", name, err)
	}
}

// flags makes the flag set of a command; its usage names the arguments.
func (sh *shell) flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(sh.err)
	fs.Usage = func() {
		for _, c := range commands() {
			if c.name == name {
				fmt.Fprintf(sh.err, "usage: fitveil %s %s\n%s\n", name, c.args, c.summary)
			}
		}
		fs.PrintDefaults()
	}
	return fs
}

// parse parses flags; the flag package has told the user about an error already.
func parse(fs *flag.FlagSet, args []string) error {
	err := fs.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return fmt.Errorf("%w: %w", errReported, err)
	}
	return err
}

// print writes one JSON object on a line of its own.
func (sh *shell) print(v any) error {
	e := json.NewEncoder(sh.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// worst keeps the more serious of two outcomes of a list: I/O before refusal.
func worst(a, b error) error {
	if a == nil || (b != nil && errors.Is(a, errRefused) && !errors.Is(b, errRefused)) {
		return b
	}
	return a
}
