package detect

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Where somebody stands in a photo is nobody's business in a log. The methods
// below have value receivers, so that they hold for values and pointers alike.

func (s Scene) word() string { return "detect.Scene(" + strconv.Itoa(len(s.People)) + " people)" }

// Format implements fmt.Formatter: the number of people, whatever the verb.
func (s Scene) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.word()) }

// LogValue implements slog.LogValuer.
func (s Scene) LogValue() slog.Value { return slog.StringValue(s.word()) }

const (
	personWord   = "detect.Person{redacted}"
	keypointWord = "detect.Keypoint{redacted}"
)

// Format implements fmt.Formatter: a fixed word, whatever the verb.
func (Person) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, personWord) }

// LogValue implements slog.LogValuer.
func (Person) LogValue() slog.Value { return slog.StringValue(personWord) }

// Format implements fmt.Formatter: a fixed word, whatever the verb.
func (Keypoint) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, keypointWord) }

// LogValue implements slog.LogValuer.
func (Keypoint) LogValue() slog.Value { return slog.StringValue(keypointWord) }
