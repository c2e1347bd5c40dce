package consent

import "time"

// wall reads the clock and remembers the greatest time it has shown.
func (c *core) wall() time.Time {
	t := instant(c.now())
	raise(&c.seen, t.UnixMicro())
	return t
}

// latest is the greatest time this ledger or its store has seen.
func (c *core) latest(store time.Time) time.Time {
	if !store.IsZero() {
		raise(&c.seen, store.UnixMicro())
	}
	return time.UnixMicro(c.seen.Load()).UTC()
}
