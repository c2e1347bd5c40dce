package tryontest

import (
	"strings"
	"testing"
)

// Whichever case fails, the driver's author reads what to do, and no word of it
// is for a case that is not there.
func TestAdvice(t *testing.T) {
	used := map[string]bool{}
	for _, c := range cases() {
		found := false
		for _, a := range advice {
			if strings.HasPrefix(c.name, a.name) {
				found, used[a.name] = true, true
				break
			}
		}
		if !found {
			t.Errorf("no advice for %q", c.name)
		}
	}
	for _, a := range advice {
		if !used[a.name] {
			t.Errorf("advice for %q, which is no case or hidden behind another", a.name)
		}
	}
}
