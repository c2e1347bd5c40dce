package consent

import "unsafe"

// hidden keeps a value where nothing that prints can see it.
//
// Methods such as Format do not do that alone: fmt cannot call them on a value
// in an unexported field of somebody's struct. A plain pointer does not either:
// %s and other verbs that do not fit a pointer make fmt report a bad verb, and
// in that report it follows one pointer. Dumpers that walk by reflection follow
// them all, into unexported fields, too; where they end is a pointer that does
// not say to what. Nothing but get turns it back, to the type it was made from.
type hidden[T any] struct {
	_ [0]*T // keeps those of different types from being converted into each other
	p unsafe.Pointer
}

func hide[T any](v *T) hidden[T] { return hidden[T]{p: unsafe.Pointer(v)} }

// get returns the value, nil for a zero hidden.
func (h hidden[T]) get() *T { return (*T)(h.p) }
