// Package pages reads lists of stores some at a time, so that nothing of the
// store is held while a loop's body runs, which may call it.
package pages

import "iter"

// All yields what read returns, in its order and to its first error. It asks for
// what comes after last, nil at the beginning, until fewer than most come.
func All[T any](most int, read func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last *T
		for {
			some, err := read(last)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, v := range some {
				if !yield(v, nil) {
					return
				}
			}
			if len(some) < most {
				return
			}
			last = &some[len(some)-1]
		}
	}
}
