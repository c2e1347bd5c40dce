package tryon

import (
	"fmt"
	"io"
	"log/slog"
)

// Key is a shop's secret at a provider. However it is printed, logged or
// encoded, it shows a fixed word; string(k) gives it away.
type Key string

const keyWord = "[tryon.Key]"

// Format prints a fixed word for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, keyWord) }

// LogValue logs a fixed word.
func (Key) LogValue() slog.Value { return slog.StringValue(keyWord) }

// MarshalText encodes a fixed word.
func (Key) MarshalText() ([]byte, error) { return []byte(keyWord), nil }

// Contract is what a shop's own contract with a sub-processor says, where that
// is other than what the driver knows from public documents. A zero field
// leaves the driver's.
type Contract struct {
	SubProcessor string // legal name
	Region       string
	Uploads      *Retention
	Outputs      *Retention
	AbuseLog     *Retention
}

// Apply puts what the contract says into p. Whether something can be erased is
// not a matter of contracts, and stays.
func (c *Contract) Apply(p *Profile) {
	if c == nil {
		return
	}
	if c.SubProcessor != "" {
		p.SubProcessor = c.SubProcessor
	}
	if c.Region != "" {
		p.Region = c.Region
	}
	for _, r := range []struct{ said, field *Retention }{
		{c.Uploads, &p.Uploads},
		{c.Outputs, &p.Outputs},
		{c.AbuseLog, &p.AbuseLog},
	} {
		if r.said != nil {
			erasable := r.field.Erasable
			*r.field = *r.said
			r.field.Erasable = r.field.Erasable || erasable
		}
	}
}
