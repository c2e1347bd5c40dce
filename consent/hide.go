package consent

// hidden keeps a value where nothing that prints can see it.
//
// Methods such as Format do not do that alone: fmt cannot call them on a value
// in an unexported field of somebody's struct. A plain pointer does not either:
// %s and other verbs that do not fit a pointer make fmt report a bad verb, and
// in that report it follows one pointer. Dumpers that walk by reflection follow
// them all, into unexported fields, too; where they end is a function, which
// shows nothing of what it has captured.
type hidden[T any] struct{ p *func() *T }

func hide[T any](v *T) hidden[T] {
	get := func() *T { return v }
	return hidden[T]{&get}
}

// get returns the value, nil for a zero hidden.
func (h hidden[T]) get() *T {
	if h.p == nil {
		return nil
	}
	return (*h.p)()
}
