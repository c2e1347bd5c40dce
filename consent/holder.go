package consent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"time"
)

// Holder is anything that keeps personal data under a consent: a folder of
// results, a table of measurements. Hand all of them to [New] in
// Options.Holders; then [Ledger.Erase] and [Ledger.Export] reach them, and
// [Ledger.Sweep] keeps the times that the profile promises. Safe for use by many
// goroutines. Errors and descriptions name nobody. Each gets its share of the time
// that the context leaves; without a deadline one that hangs keeps the others
// waiting.
type Holder interface {
	// Describe says what is kept and where. It does not change.
	Describe() Holdings
	// Export yields what is selected. It stops at the first error.
	Export(ctx context.Context, s Selection) iter.Seq2[Item, error]
	// Erase removes what is selected, durably, and returns how many items there
	// were; none is no error, so that it can be done again.
	Erase(ctx context.Context, s Selection) (int, error)
	// Verify looks again, at the data itself, and returns [ErrNotErased] if
	// anything that is selected is left.
	Verify(ctx context.Context, s Selection) error
}

// Holdings describe a holder.
type Holdings struct {
	Name       string     `json:"name"`       // unique among the holders of a ledger; plain text
	Region     string     `json:"region"`     // where the data is, in the words of the profile
	Categories []Category `json:"categories"` // what is kept
}

// Selection says which data is meant: what fits all fields that are not zero.
type Selection struct {
	Tenant   string    // always given
	Subject  Subject   // zero: everybody of the tenant
	Category Category  // "": every
	Before   time.Time // kept since then or longer; zero: whenever
}

// Item is a piece of data that an export yields. It is the person's own: a photo,
// their measurements, a receipt with their pseudonym. fmt and slog print a fixed
// word; encoding/json gives all of it, because handing it out is what it is for.
type Item struct {
	Holder   string // its name; "ledger" for receipts
	ID       string // the holder's own
	Category Category
	Created  time.Time
	Data     []byte
}

const itemWord = "[consent.Item]"

// Format prints a fixed word for every verb.
func (i Item) Format(f fmt.State, _ rune) { io.WriteString(f, itemWord) }

// LogValue logs a fixed word.
func (i Item) LogValue() slog.Value { return slog.StringValue(itemWord) }

var (
	// ErrNotErased is returned by a holder that still has what should be gone.
	ErrNotErased = errors.New("data is still there")
	// ErrIncomplete is returned when a holder failed: what was asked for is done
	// in part, and has to be asked for again.
	ErrIncomplete = errors.New("incomplete")
	// ErrClock is returned by Sweep when time may have jumped: nothing is erased
	// on the word of one clock.
	ErrClock = errors.New("clock may have jumped ahead")
)

// HolderResult is what became of a request at one holder.
type HolderResult struct {
	Holder string
	Items  int   // that were erased; of the ledger, "ledger", people
	Err    error // nil: done, and verified by [Holder.Verify]; of the ledger, done by its store
}

// ledgerName is what the ledger's own records are called in an export.
const ledgerName = "ledger"

// checkHolders refuses holders that break what the profiles promise.
func (c *core) checkHolders() error {
	var names []string
	for _, h := range c.holders {
		if h == nil {
			return errors.New("consent: a holder is nil")
		}
		d := h.Describe()
		switch {
		case !plainText(d.Name) || !plainText(d.Region) || d.Name == ledgerName || slices.Contains(names, d.Name):
			return fmt.Errorf("consent: holder %q: want a name of its own and a region", d.Name)
		case len(d.Categories) == 0:
			return fmt.Errorf("consent: holder %q: keeps nothing", d.Name)
		}
		names = append(names, d.Name)
		for tenant, r := range c.tenants {
			if !r.profile.Allows(d.Region) {
				return fmt.Errorf("consent: holder %q: %w of tenant %q keeps no data in region %q", d.Name, ErrProfile, tenant, d.Region)
			}
		}
	}
	return nil
}

// Holdings describes the ledger's holders, for reports.
func (l *Ledger) Holdings() []Holdings {
	out := []Holdings{}
	if c, err := l.open(); err == nil {
		for _, h := range c.holders {
			out = append(out, h.Describe())
		}
	}
	return out
}

// eraseAt has every holder erase and verify what it has of a person.
func (c *core) eraseAt(ctx context.Context, who Subject) []HolderResult {
	out := make([]HolderResult, 0, len(c.holders))
	for i, h := range c.holders {
		ctx, done := share(ctx, len(c.holders)-i+1) // and the ledger's own
		all := HolderResult{Holder: h.Describe().Name}
		for _, s := range who.All() {
			r := eraseOne(ctx, h, Selection{Tenant: s.Tenant(), Subject: s})
			all.Items, all.Err = all.Items+r.Items, errors.Join(all.Err, r.Err)
		}
		done()
		out = append(out, all)
	}
	return out
}

// share gives the next of several steps its part of the time that is left, so
// that one that hangs does not keep the others from theirs.
func share(ctx context.Context, steps int) (context.Context, context.CancelFunc) {
	end, limited := ctx.Deadline()
	if !limited {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(max(1, steps)))
}

func eraseOne(ctx context.Context, h Holder, s Selection) (r HolderResult) {
	r.Holder = h.Describe().Name
	if r.Items, r.Err = h.Erase(ctx, s); r.Err == nil {
		r.Err = h.Verify(ctx, s)
	}
	return r
}

// incomplete makes an error of those that failed, nil if none did.
func incomplete(results []HolderResult) error {
	var failed []error
	for _, r := range results {
		if r.Err != nil {
			failed = append(failed, fmt.Errorf("holder %q: %w", r.Holder, r.Err))
		}
	}
	if failed == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrIncomplete, errors.Join(failed...))
}

// Export yields everything that is kept about s: the receipts of the ledger,
// then what the holders have. A holder that fails does not stop the others; in
// that case the last thing yielded is [ErrIncomplete].
func (l *Ledger) Export(ctx context.Context, s Subject) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for e, err := range l.History(ctx, s) {
			if err != nil {
				yield(Item{}, fmt.Errorf("consent: export: %w", err))
				return
			}
			it := Item{Holder: ledgerName, ID: fmt.Sprint(e.Seq), Category: ConsentRecord, Created: e.At, Data: e.Receipt().Bytes()}
			if !yield(it, nil) {
				return
			}
		}
		var results []HolderResult
		for _, h := range l.c.holders {
			r := HolderResult{Holder: h.Describe().Name}
			for _, s := range s.All() {
				for it, err := range h.Export(ctx, Selection{Tenant: s.Tenant(), Subject: s}) {
					if err != nil {
						r.Err = errors.Join(r.Err, err)
						break
					}
					it.Holder = r.Holder
					if !yield(it, nil) {
						return
					}
				}
			}
			results = append(results, r)
		}
		if err := incomplete(results); err != nil {
			yield(Item{}, fmt.Errorf("consent: export: %w", err))
		}
	}
}

// SweepOptions configures [Ledger.Sweep]; nil means defaults.
type SweepOptions struct {
	// Every is how often Sweep is called; default an hour. What becomes due before
	// the next time is erased now, so that a promise is never overrun.
	Every time.Duration
	// Tenants adds tenants that are under the profile of those not named.
	Tenants []string
	// Confirm asks another clock than the machine's own: a database, an operator.
	// It is asked when the clock may have jumped, and the earlier of the two counts.
	Confirm func(ctx context.Context) (time.Time, error)
}

// Swept is what [Ledger.Sweep] did.
type Swept struct {
	At      time.Time
	Items   int            // erased
	Results []HolderResult // of each tenant, holder and category where something was erased or failed
}

const (
	// maxJump is how much further the clock may have come than the process has
	// lived, and maxSilence how far it may be ahead of the last record.
	maxJump    = 2 * time.Hour
	maxSilence = 24 * time.Hour
)

// Sweep has every holder erase what has been kept as long as the profile of
// its tenant says, and the ledger the records of people who have agreed to nothing
// for as long as it says of [ConsentRecord]; who has said no stays on record while
// the ledger has several keys (see [Keys.With]). Call it every hour or so. Each step
// can be done again, and what is due is worked out from the data, so a sweep that was killed is made
// good by the next.
//
// A clock that may have jumped ahead erases nothing: that is [ErrClock], unless
// SweepOptions.Confirm vouches for the time. It may have when it has gone two
// hours further than the ledger has lived, or when it is a day ahead of the last
// record and no sweep of this ledger has found it right before. Other errors: [ErrIncomplete] when
// a holder failed, the others done; [ErrProfile] without profiles; [ErrTenant].
func (l *Ledger) Sweep(ctx context.Context, o *SweepOptions) (*Swept, error) {
	c, err := l.open()
	if err != nil {
		return nil, err
	}
	defer c.observed("sweep", c.started(), &err)
	if o == nil {
		o = new(SweepOptions)
	}
	var out *Swept
	if out, err = c.sweep(ctx, o); err != nil {
		err = fmt.Errorf("consent: sweep: %w", err)
	}
	return out, err
}

func (c *core) sweep(ctx context.Context, o *SweepOptions) (*Swept, error) {
	if c.tenants == nil {
		return nil, fmt.Errorf("%w: there is none that says how long to keep anything", ErrProfile)
	}
	now, err := c.trustedTime(ctx, o.Confirm)
	if err != nil {
		return nil, err
	}
	every := o.Every
	if every <= 0 {
		every = time.Hour
	}
	tenants := slices.Clone(o.Tenants)
	for t := range c.tenants {
		if t != "" && !slices.Contains(tenants, t) {
			tenants = append(tenants, t)
		}
	}
	slices.Sort(tenants)
	if c.tenants[""] == nil && slices.ContainsFunc(tenants, func(t string) bool { return c.tenants[t] == nil }) {
		return nil, ErrTenant
	}
	out := &Swept{At: now}
	for i, tenant := range tenants {
		r := c.tenants[tenant]
		if r == nil {
			r = c.tenants[""]
		}
		steps := (len(tenants) - i) * (len(c.holders) + 1) // and the ledger's own
		for j, h := range c.holders {
			ctx, done := share(ctx, steps-j)
			for _, category := range h.Describe().Categories {
				s := Selection{Tenant: tenant, Category: category, Before: r.profile.due(category, now, every)}
				res := eraseOne(ctx, h, s)
				out.Items += res.Items
				if res.Items > 0 || res.Err != nil {
					out.Results = append(out.Results, res)
				}
			}
			done()
		}
		if keep, limited := r.profile.keepRecords(); limited {
			ctx, done := share(ctx, steps-len(c.holders))
			res := c.sweepRecords(ctx, tenant, r, keep.due(now, every))
			done()
			out.Items += res.Items
			if res.Items > 0 || res.Err != nil {
				out.Results = append(out.Results, res)
			}
		}
	}
	return out, incomplete(out.Results)
}

// due returns since when something must have been kept to be erased now, for
// the next time is as far away as every. What the profile has no time for may
// not be kept at all.
func (p *Profile) due(c Category, now time.Time, every time.Duration) time.Time {
	keep, ok := p.Keep(c)
	if !ok {
		return now
	}
	return keep.due(now, every)
}

func (p Period) due(now time.Time, every time.Duration) time.Time {
	// A tenth at most: what is kept for an hour should not be erased at once.
	early := min(every, p.From(now).Sub(now)/10)
	return p.Before(now.Add(early))
}

// trustedTime returns a time on whose word data may be destroyed.
func (c *core) trustedTime(ctx context.Context, confirm func(context.Context) (time.Time, error)) (time.Time, error) {
	now := c.wall()
	head, err := c.store.Head(ctx, NewSubject(c.keys().subject[:], "fitveil", "the time of the store"))
	if err != nil {
		return time.Time{}, err
	}
	jumped := now.Sub(c.born)-time.Since(c.bornMono) > maxJump
	// Once it was right the process counts the time itself, however long nobody comes.
	silent := !head.Time.IsZero() && now.Sub(head.Time) > maxSilence && !c.clockRight.Load()
	if !jumped && !silent {
		if !head.Time.IsZero() {
			c.clockRight.Store(true)
		}
		return now, nil
	}
	if confirm == nil {
		return time.Time{}, ErrClock
	}
	other, err := confirm(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrClock, err)
	}
	if other.Before(now) {
		now = instant(other)
	}
	c.log.LogAttrs(ctx, slog.LevelWarn, "consent: sweeping on the word of a second clock")
	return now, nil
}
