// Package peak tells how much memory a process has had at most.
package peak

import (
	"fmt"
	"log"
	"os"
	"strings"
)

// Print prints the largest resident set in kilobytes, as proc(5) has it.
func Print() {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Println(strings.Fields(rest)[0])
			return
		}
	}
	log.Fatal("no VmHWM")
}
