package consent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrSession is returned for a heartbeat of a session that has ended, or that
// this ledger never knew.
var ErrSession = errors.New("session has ended")

// sessions are the consents that live as long as their heartbeat. They are known
// to the ledger that took them alone, and forgotten with it: a restart ends
// them, as closing the window does.
type sessions struct {
	mu    sync.Mutex
	due   map[session]sessionEnd
	begun int // how many ever
}

type session struct {
	id      [32]byte
	purpose Purpose
}

type sessionEnd struct {
	every time.Duration
	at    int64 // microseconds
}

// begin starts or replaces a session.
func (s *sessions) begin(of session, every time.Duration, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due == nil {
		s.due = make(map[session]sessionEnd)
	}
	if s.begun++; s.begun%1024 == 0 { // those that nobody asks about any more
		for old, end := range s.due {
			if end.at <= now {
				delete(s.due, old)
			}
		}
	}
	s.due[of] = sessionEnd{every, now + every.Microseconds()}
}

// beat extends a session that is alive.
func (s *sessions) beat(of session, now int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, known := s.due[of]
	if !known || end.at <= now {
		return false
	}
	end.at = now + end.every.Microseconds()
	s.due[of] = end
	return true
}

// state says whether a session is alive, and whether it was ever known here.
func (s *sessions) state(of session, now int64) (alive, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, known := s.due[of]
	return known && end.at > now, known
}

// end forgets a session.
func (s *sessions) end(of session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.due, of)
}

// Beat keeps session-bound consents (see [Grant]) alive: the person is still
// there. A session that has ended does not begin anew; ask again. It is known to
// the ledger that took the grant and to no other instance. Errors: [ErrSubject],
// [ErrPurpose], [ErrSession].
func (l *Ledger) Beat(ctx context.Context, s Subject, p ...Purpose) error {
	c, err := l.open()
	if err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("consent: beat: %w", ctx.Err())
	case s.IsZero():
		return fmt.Errorf("consent: beat: %w", ErrSubject)
	case len(p) == 0:
		return fmt.Errorf("consent: beat: %w: none named", ErrPurpose)
	}
	names, err := c.known(ctx, s)
	if err != nil {
		return err
	}
	c.wall()
	for _, p := range p {
		if !c.sessions.beat(session{names[0].Pseudonym(), p}, c.seen.Load()) {
			return fmt.Errorf("consent: beat: %q: %w", p, ErrSession)
		}
	}
	return nil
}
