package consent

// hidden keeps a value where fmt cannot see it.
//
// Methods such as Format do not do that alone: fmt cannot call them on a value
// in an unexported field of somebody's struct. A plain pointer does not either:
// %s and other verbs that do not fit a pointer make fmt report a bad verb, and
// in that report it follows one pointer. It never follows two.
type hidden[T any] struct{ p **T }

func hide[T any](v *T) hidden[T] { return hidden[T]{&v} }

// get returns the value, nil for a zero hidden.
func (h hidden[T]) get() *T {
	if h.p == nil {
		return nil
	}
	return *h.p
}
