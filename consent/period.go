package consent

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is a length of time on the calendar, in UTC: "P4Y", "P12M", "P90D",
// "PT24H" and their combinations, as ISO 8601 has them. What it promises it
// never exceeds: 29 February plus a year is 28 February.
type Period struct {
	Years, Months, Days int
	Time                time.Duration // whole seconds
}

// IsZero reports whether p is no time at all.
func (p Period) IsZero() bool { return p == Period{} }

const maxPeriod = 10_000 // of any unit but hours, minutes and seconds

// ParsePeriod reads a period.
func ParsePeriod(s string) (Period, error) {
	var p Period
	rest, ok := s, len(s) > 2 && s[0] == 'P'
	units, at := "YMWD", 0
	if ok {
		rest = s[1:]
	}
	for ok && rest != "" {
		if rest[0] == 'T' {
			if units, at, rest = "HMS", 0, rest[1:]; rest == "" {
				ok = false
			}
			continue
		}
		n := 0
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		v, err := strconv.Atoi(rest[:n])
		if err != nil || n == len(rest) || v > maxPeriod*100 {
			ok = false
			break
		}
		for at < len(units) && units[at] != rest[n] {
			at++
		}
		if at == len(units) {
			ok = false
			break
		}
		switch unit := units[at]; {
		case units == "HMS":
			p.Time += time.Duration(v) * map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}[unit]
		case unit == 'Y':
			p.Years = v
		case unit == 'M':
			p.Months = v
		case unit == 'W':
			p.Days = 7 * v
		default:
			p.Days += v
		}
		at++
		rest = rest[n+1:]
	}
	if !ok || p.Years > maxPeriod || p.Months > maxPeriod || p.Days > maxPeriod*100 {
		return Period{}, fmt.Errorf("consent: %q is no period like P90D, P12M or PT24H", s)
	}
	return p, nil
}

// String writes p as it is read, "P0D" for none.
func (p Period) String() string {
	var out strings.Builder
	out.WriteString("P")
	for _, f := range []struct {
		n    int
		unit string
	}{{p.Years, "Y"}, {p.Months, "M"}, {p.Days, "D"}} {
		if f.n != 0 {
			out.WriteString(strconv.Itoa(f.n) + f.unit)
		}
	}
	if p.Time != 0 {
		out.WriteString("T")
		if h := p.Time / time.Hour; h != 0 {
			out.WriteString(strconv.FormatInt(int64(h), 10) + "H")
		}
		if m := p.Time % time.Hour / time.Minute; m != 0 {
			out.WriteString(strconv.FormatInt(int64(m), 10) + "M")
		}
		if s := p.Time % time.Minute / time.Second; s != 0 {
			out.WriteString(strconv.FormatInt(int64(s), 10) + "S")
		}
	}
	if out.String() == "P" {
		return "P0D"
	}
	return out.String()
}

// MarshalText writes p as [Period.String] does.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads p as [ParsePeriod] does.
func (p *Period) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePeriod(string(b))
	return err
}

// From returns when a period that begins at t ends.
func (p Period) From(t time.Time) time.Time {
	t = t.UTC()
	y, m, d := t.Date()
	if months := 12*p.Years + p.Months; months != 0 {
		first := time.Date(y, m+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
		last := first.AddDate(0, 1, -1).Day()
		d = min(d, last) // AddDate would roll over into the next month, later than promised
		y, m = first.Year(), first.Month()
	}
	h, mi, s := t.Clock()
	return time.Date(y, m, d+p.Days, h, mi, s, t.Nanosecond(), time.UTC).Add(p.Time)
}

// Before returns the latest time, to the microsecond, from which the period has
// ended by t: whatever began then or earlier is due.
func (p Period) Before(t time.Time) time.Time {
	low, high := p.negative().From(t).AddDate(0, 0, -4).UnixMicro(), t.UnixMicro()
	for low < high { // From never goes back when its argument goes on
		mid := low + (high-low+1)/2
		if p.From(time.UnixMicro(mid)).After(t) {
			high = mid - 1
		} else {
			low = mid
		}
	}
	return time.UnixMicro(low).UTC()
}

func (p Period) negative() Period { return Period{-p.Years, -p.Months, -p.Days, -p.Time} }

// Longer reports whether p may end after q: compared from a day on which months
// are short, and one on which they are long.
func (p Period) Longer(q Period) bool {
	for _, from := range []time.Time{
		time.Date(2023, 2, 1, 0, 0, 0, 0, time.UTC), time.Date(2023, 7, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
	} {
		if p.From(from).After(q.From(from)) {
			return true
		}
	}
	return false
}
