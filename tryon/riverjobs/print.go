package riverjobs

import (
	"fmt"
	"io"
)

// Format prints a fixed word for every verb: options hold a key.
func (Options) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[riverjobs.Options]") }

// Format prints a fixed word for every verb.
func (Queue) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[riverjobs.Queue]") }
