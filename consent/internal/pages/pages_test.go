package pages_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/consent/internal/pages"
)

func TestAll(t *testing.T) {
	torn := errors.New("torn")
	for _, row := range []struct {
		name  string
		total int // numbers from 1
		fails int // the read that fails; 0: none
		stop  int // the body leaves the loop at that number; 0: it does not
		want  []int
		reads int
		err   error
	}{
		{"nothing", 0, 0, 0, nil, 1, nil},
		{"part of a page", 2, 0, 0, []int{1, 2}, 1, nil},
		{"a page", 3, 0, 0, []int{1, 2, 3}, 2, nil},
		{"pages", 7, 0, 0, []int{1, 2, 3, 4, 5, 6, 7}, 3, nil},
		{"left", 7, 0, 4, []int{1, 2, 3, 4}, 2, nil},
		{"failed", 7, 2, 0, []int{1, 2, 3, 0}, 2, torn},
	} {
		reads := 0
		seq := pages.All(3, func(last *int) (out []int, err error) {
			if reads++; reads == row.fails {
				return nil, torn
			}
			n := 0
			if last != nil {
				n = *last
			}
			for ; n < row.total && len(out) < 3; n++ {
				out = append(out, n+1)
			}
			return out, nil
		})
		for range 2 { // a sequence begins anew each time
			reads = 0
			var got []int
			var failed error
			for n, err := range seq {
				got, failed = append(got, n), err
				if n == row.stop && err == nil {
					break
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" || reads != row.reads || !errors.Is(failed, row.err) {
				t.Errorf("%s: %d reads, want %d; %v; (-want +got):\n%s", row.name, reads, row.reads, failed, diff)
			}
		}
	}
}
