//go:build amd64 && !noasm

package seek

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../seek_amd64.s -stubs ../seek_amd64.go -pkg seek

// Best is the fastest implementation that this processor can run; false says that
// its Run is not fast.
func Best() (Kernel, bool) {
	if !cpu.X86.HasAVX2 {
		return Generic(), false
	}
	return Kernel{Name: "avx2", Run: runFast, Marker: markerFast}, true
}

func runFast(b []byte, s *Set) int {
	if len(b) < 64 {
		return 0
	}
	return runAVX2(&b[0], len(b), &s.rows)
}

func markerFast(b []byte) int {
	at := 0
	if len(b) > 64 {
		if at = markerAVX2(&b[0], len(b)); at+1 < len(b) && b[at] == 0xFF && b[at+1] != 0 {
			return at
		}
	}
	if k := marker(b[at:]); k >= 0 {
		return at + k
	}
	return -1
}
