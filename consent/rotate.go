package consent

import (
	"context"
	"fmt"
)

// known returns under which of their pseudonyms a person is on record, the one
// for new records when there is none yet. More than one is what a rotation can
// leave that was not done in two steps; then every no counts.
func (c *core) known(ctx context.Context, who Subject) ([]Subject, error) {
	d := who.s.get()
	if d == nil {
		return nil, fmt.Errorf("consent: %w", ErrSubject)
	}
	if len(d.also()) == 0 {
		return []Subject{who}, nil
	}
	r, err := c.rulesFor(who)
	if err != nil {
		r = new(rules) // whoever wants to take something back can
	}
	var out []Subject
	for _, s := range who.All() {
		e, err := c.stand(ctx, s, r, false)
		if err != nil {
			return nil, err
		}
		if e.st.seq > 0 {
			out = append(out, s)
		}
	}
	if out == nil {
		return []Subject{who}, nil
	}
	return out, nil
}

// check answers q under whichever pseudonym the person is on record.
func (c *core) check(ctx context.Context, q Query) (d Decision, err error) {
	if d, ok := c.recall(ctx, &q); ok {
		return d, nil
	}
	if s := q.Subject.s.get(); s == nil || len(s.also()) == 0 {
		return c.checkOne(ctx, q)
	}
	names, err := c.known(ctx, q.Subject)
	if err != nil {
		return Decision{Reason: StoreDown}, err
	}
	for _, s := range names {
		q.Subject = s
		if d, err = c.checkOne(ctx, q); err != nil || !d.Allowed {
			return d, err
		}
	}
	return d, nil
}

// recordAll records under every pseudonym that the person is on record under,
// and returns the first receipt.
func (c *core) recordAll(ctx context.Context, who Subject, decide func(Subject, *state) (body, error)) (first *Receipt, err error) {
	names, err := c.known(ctx, who)
	if err != nil {
		return nil, err
	}
	for _, s := range names {
		r, err := c.record(ctx, s, func(st *state) (body, error) { return decide(s, st) })
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = r
		}
	}
	return first, nil
}
