package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// heldAt is what became of a request at one holder.
type heldAt struct {
	Holder string `json:"holder"`
	Items  int    `json:"items"`
	OK     bool   `json:"ok"`
	Error  string `json:"error,omitempty"`
}

func heldAll(results []consent.HolderResult) []heldAt {
	out := make([]heldAt, 0, len(results))
	for _, r := range results {
		h := heldAt{Holder: r.Holder, Items: r.Items, OK: r.Err == nil}
		if r.Err != nil {
			h.Error = r.Err.Error()
		}
		out = append(out, h)
	}
	return out
}

func eraseConsent(sh *shell, c *consentFlags, l *consent.Ledger) error {
	who, err := c.who(l)
	if err != nil {
		return err
	}
	done, err := l.Erase(context.Background(), who)
	if err != nil && !errors.Is(err, consent.ErrIncomplete) {
		return err
	}
	if printed := sh.print(struct {
		Complete bool      `json:"complete"`
		Events   int       `json:"events"`
		At       time.Time `json:"at,omitzero"`
		Holders  []heldAt  `json:"holders"`
	}{err == nil, done.Events, done.At, heldAll(done.Holders)}); printed != nil {
		return printed
	}
	return err
}

// item is one line of an export.
type item struct {
	Holder   string           `json:"holder"`
	ID       string           `json:"id"`
	Category consent.Category `json:"category"`
	Created  time.Time        `json:"created"`
	Receipt  json.RawMessage  `json:"receipt,omitempty"`
	Data     []byte           `json:"data,omitempty"`
}

func exportConsent(sh *shell, c *consentFlags, l *consent.Ledger) error {
	who, err := c.who(l)
	if err != nil {
		return err
	}
	for it, err := range l.Export(context.Background(), who) {
		if err != nil {
			return refusedUnlessIO(err)
		}
		line := item{Holder: it.Holder, ID: it.ID, Category: it.Category, Created: it.Created}
		if it.Category == consent.ConsentRecord {
			line.Receipt = it.Data
		} else {
			line.Data = it.Data
		}
		if err := sh.print(line); err != nil {
			return err
		}
	}
	return nil
}

func sweepHolders(sh *shell, c *consentFlags, l *consent.Ledger) error {
	if c.profile == "" {
		return errors.New("-profile is needed: what is kept, and for how long?")
	}
	o := new(consent.SweepOptions)
	if c.clockOK {
		o.Confirm = func(context.Context) (time.Time, error) { return time.Now(), nil }
	}
	swept, err := l.Sweep(context.Background(), o)
	if err != nil && !errors.Is(err, consent.ErrIncomplete) {
		return refusedUnlessIO(err)
	}
	if printed := sh.print(struct {
		Complete bool      `json:"complete"`
		At       time.Time `json:"at"`
		Items    int       `json:"items"`
		Holders  []heldAt  `json:"holders"`
	}{err == nil, swept.At, swept.Items, heldAll(swept.Results)}); printed != nil {
		return printed
	}
	return err
}

// report says under which agreement a tenant's data is, where it is, and how
// its log stands. It names nobody.
func report(sh *shell, c *consentFlags, l *consent.Ledger) error {
	cp, err := l.Checkpoint(context.Background(), c.tenant)
	if err != nil {
		return refusedUnlessIO(err)
	}
	out := struct {
		Tenant     string             `json:"tenant"`
		At         time.Time          `json:"at"`
		KeyID      string             `json:"kid"`
		Origin     string             `json:"origin"`
		Events     int64              `json:"events_ever"`
		Checkpoint string             `json:"checkpoint"`
		Holders    []consent.Holdings `json:"holders"`
		Profile    *consent.Profile   `json:"profile,omitempty"`
	}{
		Tenant: c.tenant, At: cp.Time, KeyID: consent.KeyID(l.PublicKey()), Origin: cp.Origin,
		Events: cp.Head.Size, Checkpoint: string(cp.Bytes()), Holders: l.Holdings(),
	}
	if c.profile != "" {
		if out.Profile, err = c.loadProfile(); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
	}
	return sh.print(out)
}
