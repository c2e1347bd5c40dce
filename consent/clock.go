package consent

import "time"

// wall reads the clock and remembers the greatest time it has shown.
func (c *core) wall() time.Time {
	return time.UnixMicro(c.micros()).UTC()
}

// micros is wall in microseconds since 1970.
func (c *core) micros() int64 {
	t := c.now().UnixMicro()
	raise(&c.seen, t)
	return t
}

// behind reports whether the clock is further behind the greatest time seen than
// a session may be silent. That time then stands still, so how long nobody has
// been heard cannot be told by it.
func (c *core) behind(heartbeat time.Duration) bool {
	now := c.micros()
	return time.Duration(c.seen.Load()-now) > heartbeat/time.Microsecond
}

// latest is the greatest time this ledger or its store has seen.
func (c *core) latest(store time.Time) time.Time {
	if !store.IsZero() {
		raise(&c.seen, store.UnixMicro())
	}
	return time.UnixMicro(c.seen.Load()).UTC()
}
