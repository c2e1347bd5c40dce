package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// forgetStartup gives back the pages of the program itself that are in memory. All
// packages of all commands have been made ready by now, which touches 12 of its 40
// MB; a command needs few of them, and these come back from the file by themselves.
// Where it does not work, nothing is lost.
func forgetStartup() {
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	var from, to uintptr // of the mapping at hand, if it is one of the file's that cannot be written
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		var low, high uintptr
		var mode string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &low, &high, &mode); n == 3 {
			if from, to = 0, 0; strings.HasSuffix(line, exe) && (mode == "r-xp" || mode == "r--p") {
				from, to = low, high
			}
			continue
		}
		// What a loader wrote before it took the right to write is nowhere else.
		if written, is := strings.CutPrefix(line, "Anonymous:"); is && to > 0 && strings.TrimSpace(written) == "0 kB" {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
		}
	}
}
