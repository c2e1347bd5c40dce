package sizing

import (
	"errors"
	"fmt"
	"log/slog"
)

// Body, Estimates and the parts of a Recommendation hold what a shopper would
// not want in a log. A LogValue method alone does not keep it out: inside a
// struct, slice or error the value is printed by fmt or encoding/json, which do
// not ask for it. So each type answers every way of printing itself.

// ErrPersonal is what encoding/gob gets instead of a Body, Estimates or Recommendation.
var ErrPersonal = errors.New("sizing: body data is not encoded; read its fields on purpose")

func redact(f fmt.State, name string) { fmt.Fprint(f, "sizing.", name, "{redacted}") }

func redacted(name string) []byte { return []byte("sizing." + name + "{redacted}") }

// Format implements fmt.Formatter for every verb.
func (Body) Format(f fmt.State, _ rune) { redact(f, "Body") }

// LogValue implements slog.LogValuer.
func (Body) LogValue() slog.Value { return slog.StringValue("sizing.Body{redacted}") }

// MarshalJSON implements json.Marshaler. Decoding JSON into a Body works.
func (Body) MarshalJSON() ([]byte, error) { return []byte(`"sizing.Body{redacted}"`), nil }

// MarshalText implements encoding.TextMarshaler, which encoding/xml asks for.
func (Body) MarshalText() ([]byte, error) { return redacted("Body"), nil }

// GobEncode implements gob.GobEncoder; it returns ErrPersonal.
func (Body) GobEncode() ([]byte, error) { return nil, ErrPersonal }

// Format implements fmt.Formatter for every verb.
func (Estimates) Format(f fmt.State, _ rune) { redact(f, "Estimates") }

// LogValue implements slog.LogValuer.
func (Estimates) LogValue() slog.Value { return slog.StringValue("sizing.Estimates{redacted}") }

// MarshalJSON implements json.Marshaler. AppendJSON writes the estimates.
func (Estimates) MarshalJSON() ([]byte, error) { return []byte(`"sizing.Estimates{redacted}"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (Estimates) MarshalText() ([]byte, error) { return redacted("Estimates"), nil }

// GobEncode implements gob.GobEncoder; it returns ErrPersonal.
func (Estimates) GobEncode() ([]byte, error) { return nil, ErrPersonal }

// Format implements fmt.Formatter for every verb.
func (Measurement) Format(f fmt.State, _ rune) { redact(f, "Measurement") }

// LogValue implements slog.LogValuer.
func (Measurement) LogValue() slog.Value { return slog.StringValue("sizing.Measurement{redacted}") }

// MarshalJSON implements json.Marshaler.
func (Measurement) MarshalJSON() ([]byte, error) {
	return []byte(`"sizing.Measurement{redacted}"`), nil
}

// MarshalText implements encoding.TextMarshaler.
func (Measurement) MarshalText() ([]byte, error) { return redacted("Measurement"), nil }

// GobEncode implements gob.GobEncoder; it returns ErrPersonal.
func (Measurement) GobEncode() ([]byte, error) { return nil, ErrPersonal }

// Format implements fmt.Formatter for every verb.
func (Recommendation) Format(f fmt.State, _ rune) { redact(f, "Recommendation") }

// LogValue implements slog.LogValuer.
func (Recommendation) LogValue() slog.Value {
	return slog.StringValue("sizing.Recommendation{redacted}")
}

// MarshalJSON implements json.Marshaler. AppendJSON writes the recommendation.
func (Recommendation) MarshalJSON() ([]byte, error) {
	return []byte(`"sizing.Recommendation{redacted}"`), nil
}

// MarshalText implements encoding.TextMarshaler.
func (Recommendation) MarshalText() ([]byte, error) { return redacted("Recommendation"), nil }

// GobEncode implements gob.GobEncoder; it returns ErrPersonal.
func (Recommendation) GobEncode() ([]byte, error) { return nil, ErrPersonal }

// Format implements fmt.Formatter for every verb.
func (SizeFit) Format(f fmt.State, _ rune) { redact(f, "SizeFit") }

// LogValue implements slog.LogValuer.
func (SizeFit) LogValue() slog.Value { return slog.StringValue("sizing.SizeFit{redacted}") }

// MarshalJSON implements json.Marshaler.
func (SizeFit) MarshalJSON() ([]byte, error) { return []byte(`"sizing.SizeFit{redacted}"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (SizeFit) MarshalText() ([]byte, error) { return redacted("SizeFit"), nil }

// GobEncode implements gob.GobEncoder; it returns ErrPersonal.
func (SizeFit) GobEncode() ([]byte, error) { return nil, ErrPersonal }

// Format implements fmt.Formatter for every verb.
func (Area) Format(f fmt.State, _ rune) { redact(f, "Area") }

// LogValue implements slog.LogValuer.
func (Area) LogValue() slog.Value { return slog.StringValue("sizing.Area{redacted}") }

// MarshalJSON implements json.Marshaler.
func (Area) MarshalJSON() ([]byte, error) { return []byte(`"sizing.Area{redacted}"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (Area) MarshalText() ([]byte, error) { return redacted("Area"), nil }

// GobEncode implements gob.GobEncoder; it returns ErrPersonal.
func (Area) GobEncode() ([]byte, error) { return nil, ErrPersonal }
