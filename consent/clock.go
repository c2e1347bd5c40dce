package consent

import "time"

// wall reads the clock and remembers the greatest time it has shown.
func (c *core) wall() time.Time {
	t := instant(c.now())
	c.raise(t.UnixMicro())
	return t
}

// latest is the greatest time this ledger or its store has seen.
func (c *core) latest(store time.Time) time.Time {
	if !store.IsZero() {
		c.raise(store.UnixMicro())
	}
	return time.UnixMicro(c.seen.Load()).UTC()
}

func (c *core) raise(t int64) {
	for old := c.seen.Load(); t > old; old = c.seen.Load() {
		if c.seen.CompareAndSwap(old, t) {
			return
		}
	}
}
