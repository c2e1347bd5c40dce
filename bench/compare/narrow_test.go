package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
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
	if copyAsked() {
		t.Error("our own question counts")
	}
}

// TestAsksUs has only CPUIDs change, and not what looks like them inside other instructions.
func TestAsksUs(t *testing.T) {
	library, err := ortLibrary(&setup{ortDir: os.Getenv("FITVEIL_ORT_DIR")})
	if err != nil {
		t.Skip(err)
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
