package jpeg

import "fmt"

// Kind says what is wrong with a file.
type Kind uint8

// The kinds of errors.
const (
	Corrupt     Kind = iota + 1 // not what the standard allows
	Truncated                   // the data ends before the picture does
	Unsupported                 // a coding process that is not read
)

// Error says what is wrong, in which segment, and at which byte of the input.
type Error struct {
	Kind   Kind
	Part   string
	Offset int64
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("jpeg: %s at %d: %s", e.Part, e.Offset, e.Reason)
}
