package main

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ONNX Runtime has no switch for instruction sets: it asks the CPU. Linux lets a
// process answer that question itself, where the CPU can; so the jobs without
// AVX-512 run in a process of their own, in which neither side is told of it.
// Processors of AMD mostly cannot: there ONNX Runtime is a copy in which each CPUID
// is an instruction that does not exist, and the process answers those.
// Where that cannot be, either, ONNX Runtime keeps its AVX-512, and the result says so.

// narrowEnv tells this program to run without AVX-512.
const narrowEnv = "FITVEIL_COMPARE_NARROW"

const (
	narrowRival = "onnxruntime 1.30, 1 thread, AVX2 only"
	copyRival   = "onnxruntime 1.30, 1 thread, AVX2 only (a copy with its CPUID instructions replaced)"
	wideRival   = "onnxruntime 1.30, 1 thread, AVX-512 and all (it could not be restricted)"
)

// narrowed is a job done in another process.
func narrowed(name string) func(*setup) (*contest, error) {
	return func(s *setup) (*contest, error) {
		if _, err := ortLibrary(s); err != nil {
			return nil, err
		}
		return &contest{close: func() {}, whole: func(rounds int) (*line, error) { return runNarrow(s, name, rounds) }}, nil
	}
}

func runNarrow(s *setup, name string, rounds int) (*line, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-only", regexp.QuoteMeta(name)+"$", "-rounds", strconv.Itoa(rounds), "-ort", s.ortDir, "-json")
	cmd.Env = append(os.Environ(), narrowEnv+"=1", "GODEBUG="+strings.TrimPrefix(os.Getenv("GODEBUG")+",cpu.avx512f=off", ","))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	var l line
	if err := json.Unmarshal(out, &l); err != nil {
		return nil, err
	}
	if l.Job != name {
		return nil, errors.New("the other process did another job")
	}
	l.Job += "-avx2"
	l.Rival = rivalOf(said.String())
	if l.Rival == wideRival {
		fmt.Fprintf(os.Stderr, "compare: %s: AVX-512 is not hidden from ONNX Runtime\n%s", l.Job, said.String())
	}
	return &l, nil
}

// What a process says where it could hide AVX-512, and how.
const (
	narrowWord = "compare: AVX-512 is hidden"
	copyWord   = "compare: AVX-512 is hidden from a copy"
	noCopyWord = "compare: no copy of ONNX Runtime:"
)

// rivalOf is what ONNX Runtime was in a process that said this.
func rivalOf(said string) string {
	for l := range strings.Lines(said) {
		switch strings.TrimSpace(l) {
		case narrowWord:
			return narrowRival
		case copyWord:
			return copyRival
		}
	}
	return wideRival
}

// copyForORT has ONNX Runtime be a copy that asks this process what the CPU can.
var copyForORT bool

// hideIfTold hides AVX-512 from this thread and those it starts, or prepares to
// hide it from a copy of ONNX Runtime.
func hideIfTold() {
	if os.Getenv(narrowEnv) == "" {
		return
	}
	if hideAVX512() {
		fmt.Fprintln(os.Stderr, narrowWord)
		return
	}
	copyForORT = answerCopies()
}

// startORTAs starts ONNX Runtime from a copy of the library, if told and possible.
func startORTAs(library string, start func(library string) error) error {
	if !copyForORT {
		return start(library)
	}
	err := startCopy(library, start)
	if err != nil {
		copyForORT = false
		fmt.Fprintln(os.Stderr, noCopyWord, err)
		return start(library)
	}
	return nil
}

// startCopy leaves no copy behind: once it is loaded, its file is not needed.
func startCopy(library string, start func(library string) error) error {
	changed, err := asksUs(library)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, filepath.Base(library))
	if err := os.WriteFile(name, changed, 0o600); err != nil {
		return err
	}
	return start(name)
}

// saidIfCopied says that a copy does without AVX-512, once it has asked, which it
// has when a session is there. No CPUID is left in it that the CPU would answer.
func saidIfCopied() {
	if copyForORT && copyTold() > 0 {
		copyForORT = false
		fmt.Fprintln(os.Stderr, copyWord)
	}
}

var (
	cpuid  = []byte{0x0f, 0xa2}
	unreal = []byte{0x06, 0xa2} // 06 is PUSH ES, which 64 bits do not have; narrow_linux_amd64.go answers it
)

// asksUs is the library with other instructions for its CPUIDs. The bytes of one
// can be a part of another instruction, so objdump tells where they are.
func asksUs(library string) ([]byte, error) {
	data, err := os.ReadFile(library)
	if err != nil {
		return nil, err
	}
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	listing, err := exec.Command("objdump", "--disassemble", "--no-show-raw-insn", library).Output()
	if err != nil {
		return nil, fmt.Errorf("objdump: %w", err)
	}
	at := cpuids(string(listing))
	if len(at) == 0 {
		return nil, errors.New("objdump finds no CPUID")
	}
	for _, a := range at {
		i, ok := offset(file, a)
		if !ok || i+2 > uint64(len(data)) || !bytes.Equal(data[i:i+2], cpuid) {
			return nil, fmt.Errorf("no CPUID at %#x", a)
		}
		copy(data[i:], unreal)
	}
	return data, nil
}

// cpuids are the addresses of that instruction in what objdump prints.
func cpuids(listing string) []uint64 {
	var at []uint64
	for l := range strings.Lines(listing) {
		address, instruction, _ := strings.Cut(l, ":\t")
		if strings.TrimSpace(instruction) != "cpuid" {
			continue
		}
		if a, err := strconv.ParseUint(strings.TrimSpace(address), 16, 64); err == nil {
			at = append(at, a)
		}
	}
	return at
}

// offset is where in the file the code at an address is.
func offset(f *elf.File, address uint64) (uint64, bool) {
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && address >= p.Vaddr && address-p.Vaddr < p.Filesz {
			return address - p.Vaddr + p.Off, true
		}
	}
	return 0, false
}
