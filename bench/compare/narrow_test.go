package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"
)

func TestCPUIDs(t *testing.T) {
	const listing = `
lib.so:     file format elf64-x86-64

0000000000001000 <cpuid>:
    1000:	mov    $0x7,%eax
    1005:	cpuid
 237d160:	cpuid  
    1007:	mov    $0xa20f,%eax
    100c:	call   1000 <cpuid>
`
	if got := cpuids(listing); !slices.Equal(got, []uint64{0x1005, 0x237d160}) {
		t.Errorf("got %#x", got)
	}
}

func TestRivalOf(t *testing.T) {
	for said, want := range map[string]string{
		"":                              wideRival,
		"compare: no copy\n":            wideRival,
		narrowWord + "\n":               narrowRival,
		"something\n" + copyWord + "\n": copyRival,
	} {
		if got := rivalOf(said); got != want {
			t.Errorf("%q: got %q", said, got)
		}
	}
}

func TestAnswerCopies(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("Linux on amd64 alone")
	}
	if !answerCopies() {
		t.Error("no answers, or not of AVX2 alone")
	}
	if n := copyTold(); n != 0 {
		t.Errorf("our own question counts %d", n)
	}
}

// TestAsksUs has only CPUIDs change, and not what looks like them inside other instructions.
func TestAsksUs(t *testing.T) {
	library, err := ortLibrary(&setup{ortDir: os.Getenv("FITVEIL_ORT_DIR")})
	if err != nil {
		t.Skip(err)
	}
	if _, err := exec.LookPath("objdump"); err != nil {
		t.Skip("objdump is missing: apt-get install binutils")
	}
	was, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	is, err := asksUs(library)
	if err != nil {
		t.Fatal(err)
	}
	if len(is) != len(was) {
		t.Fatalf("%d bytes became %d", len(was), len(is))
	}
	changed := 0
	for i := range is {
		if is[i] == was[i] {
			continue
		}
		changed++
		if !slices.Equal(was[i:i+2], cpuid) || !slices.Equal(is[i:i+2], unreal) {
			t.Fatalf("at %#x", i)
		}
	}
	if changed != 44 {
		t.Errorf("%d instructions changed, not the 44 of version 1.30", changed)
	}
	other := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(other, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := asksUs(other); err == nil {
		t.Error("what is no library has a copy")
	}
}

// TestStartCopy has no file left, whether the copy can be loaded or not, and the
// library itself in place of a copy that cannot.
func TestStartCopy(t *testing.T) {
	const library = "/lib64/ld-linux-x86-64.so.2" // small, and asks the CPU
	if _, err := os.Stat(library); err != nil {
		t.Skip(err)
	}
	if _, err := exec.LookPath("objdump"); err != nil {
		t.Skip("objdump is missing: apt-get install binutils")
	}
	defer func() { copyForORT = false }()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, fail := range []error{nil, errors.New("not loaded")} {
		copyForORT = true
		var tried []string
		err := startORTAs(library, func(name string) error {
			tried = append(tried, name)
			if name == library {
				return nil
			}
			if _, err := os.Stat(name); err != nil {
				t.Error(err)
			}
			return fail
		})
		if err != nil {
			t.Error(err)
		}
		if copied := copyForORT; copied != (fail == nil) || (len(tried) == 1) != copied || !strings.HasPrefix(tried[0], temp) {
			t.Errorf("%v: tried %q, a copy is used: %v", fail, tried, copied)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%v: left %v, %v", fail, left, err)
		}
	}
}

// TestNoAVX512 has ONNX Runtime leave the registers alone that only AVX-512 has. The
// other half of the test is a process like runNarrow's; glibc is told as well, whose
// memmove would use them.
func TestNoAVX512(t *testing.T) {
	if os.Getenv("FITVEIL_COMPARE_PROBE") != "" {
		probe(t)
		return
	}
	if !cpu.X86.HasAVX512F {
		return // nothing to hide
	}
	if _, err := ortLibrary(&setup{ortDir: os.Getenv("FITVEIL_ORT_DIR")}); err != nil {
		t.Skip(err)
	}
	said := func(more ...string) string {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestNoAVX512$", "-test.v")
		cmd.Env = append(os.Environ(), "FITVEIL_COMPARE_PROBE=1", "GODEBUG=cpu.avx512f=off",
			"GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ")
		cmd.Env = append(cmd.Env, more...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if !strings.Contains(said(), "AVX-512 is used") {
		t.Skip("the CPU does not tell which registers are in use")
	}
	out := said(narrowEnv + "=1")
	if rivalOf(out) == wideRival {
		t.Errorf("not restricted: %s", out)
	}
	if strings.Contains(out, "AVX-512 is used") {
		t.Error("restricted ONNX Runtime uses AVX-512")
	}
}

func probe(t *testing.T) {
	runtime.LockOSThread()
	hideIfTold()
	before := wide()
	c, err := ortContest(&setup{ortDir: os.Getenv("FITVEIL_ORT_DIR")}, small, 1, thread)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if _, err := c.theirs(); err != nil {
		t.Fatal(err)
	}
	if wide() && !before {
		t.Log("AVX-512 is used")
	}
}
