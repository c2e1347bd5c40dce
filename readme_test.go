package fitveil_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines splits text, without the space around each line and without empty ones.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// fenced is the first block of README.md after its opening fence.
func fenced(t *testing.T, readme, fence string) (block, rest string) {
	t.Helper()
	_, after, ok := strings.Cut(readme, "\n"+fence+"\n")
	if !ok {
		t.Fatalf("README.md has no block that opens with %s", fence)
	}
	block, rest, ok = strings.Cut(after, "\n```\n")
	if !ok {
		t.Fatalf("README.md: the block that opens with %s has no end", fence)
	}
	return block, rest
}

// README.md shows Example without its error checks, and what that prints.
func TestReadmeShowsTheExample(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(data), "\r\n", "\n")
	}
	_, example, ok := strings.Cut(read("example_test.go"), "\nfunc Example() {\n")
	example, _, ended := strings.Cut(example, "\n}\n")
	code, output, printed := strings.Cut(example, "// Output:\n")
	if !ok || !ended || !printed {
		t.Fatal("example_test.go has no Example with its output")
	}
	shown, rest := fenced(t, read("README.md"), "```go")
	result, _ := fenced(t, rest, "```")

	left := lines(code)
	for _, line := range lines(shown) {
		i := 0
		for i < len(left) && left[i] != line {
			i++
		}
		if i == len(left) {
			t.Errorf("README.md shows a line that Example does not have, or not in this order:\n%s", line)
			continue
		}
		left = left[i+1:]
	}
	var want []string
	for _, line := range lines(output) {
		want = append(want, strings.TrimSpace(strings.TrimPrefix(line, "//")))
	}
	if diff := cmp.Diff(want, lines(result)); diff != "" {
		t.Errorf("README.md shows other output than Example has (-example +README):\n%s", diff)
	}
}
