package main

import "testing"

// TestOrder has both sides take twice as long where the other one ran before:
// neither is faster.
func TestOrder(t *testing.T) {
	last := ""
	side := func(name string) func() (float64, error) {
		return func() (float64, error) {
			took := 2.0
			if last == name {
				took = 1
			}
			last = name
			return took, nil
		}
	}
	for _, rounds := range []int{2, 3, 4, 7, 20} {
		l, err := measure(job{}, &contest{ours: side("ours"), theirs: side("theirs")}, rounds)
		if err != nil {
			t.Fatal(err)
		}
		if l.Ratio != 1 || l.Lo != 1 || l.Hi != 1 || l.Rounds != rounds {
			t.Errorf("%d rounds: got %v in %d", rounds, l.Ratio, l.Rounds)
		}
	}
}
