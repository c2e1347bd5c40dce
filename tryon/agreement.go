package tryon

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Agreement is what a data-protection agreement allows, in fields that a
// program can check. The zero value allows nothing to leave the process. New
// holds each route against each agreement that it serves, and each send is
// held against it again.
type Agreement struct {
	Name string // as the shop files it, such as "dpa-2026-03"; lower-case letters, digits, '.', '_', '-'
	// Tenants are those it is with; nil: all.
	Tenants []string
	// Until is when it ends; zero: no end.
	Until time.Time

	// SubProcessors are those who may receive photos, by legal name, each with
	// the id of the notice that names it to the shopper.
	SubProcessors map[string]string
	Regions       []string // where they may be processed

	// How long what was uploaded, what was drawn and the log for finding abuse
	// may stay. 0: not at all.
	Uploads, Outputs, AbuseLog time.Duration
	// Declared accepts a retention without a delete call. False wants each of
	// Uploads and Outputs not kept at all, or erasable.
	Declared bool
	Training bool // what is sent may train models

	// Clauses names the agreement's own clauses, for error messages.
	Clauses map[Clause]string
}

// Clause is a kind of promise in an agreement.
type Clause string

// The clauses that are checked.
const (
	ClauseSubProcessor Clause = "sub-processor"
	ClauseNotice       Clause = "notice"
	ClauseRegion       Clause = "region"
	ClauseUploads      Clause = "uploads"
	ClauseOutputs      Clause = "outputs"
	ClauseAbuseLog     Clause = "abuse-log"
	ClauseDeletion     Clause = "deletion"
	ClauseTraining     Clause = "training"
	ClauseTerm         Clause = "term"
	ClauseLicence      Clause = "licence"
)

// AgreementError says which clause of which agreement a route would break. It
// is ErrAgreement.
type AgreementError struct {
	Agreement, Backend string
	Clause             Clause
	Reference          string // the agreement's own name for the clause; may be empty
	Want, Have         string // in English
}

// Error names agreement, backend and clause.
func (e *AgreementError) Error() string {
	ref := ""
	if e.Reference != "" {
		ref = " (" + e.Reference + ")"
	}
	return fmt.Sprintf("tryon: backend %s breaks clause %q%s of agreement %s: want %s, have %s",
		e.Backend, e.Clause, ref, e.Agreement, e.Want, e.Have)
}

// Is matches ErrAgreement.
func (e *AgreementError) Is(target error) bool { return target == ErrAgreement }

// covers reports whether the agreement is with tenant.
func (a *Agreement) covers(tenant string) bool {
	return a.Tenants == nil || slices.Contains(a.Tenants, tenant)
}

// check holds a remote profile against the agreement. eraser says whether the
// backend has a delete call.
func (a *Agreement) check(p *Profile, eraser bool, now time.Time) *AgreementError {
	breaks := func(c Clause, want, have string) *AgreementError {
		return &AgreementError{Agreement: a.Name, Backend: p.Name, Clause: c, Reference: a.Clauses[c], Want: want, Have: have}
	}
	if !a.Until.IsZero() && !now.Before(a.Until) {
		return breaks(ClauseTerm, "until "+a.Until.Format(time.DateOnly), now.Format(time.DateOnly))
	}
	notice, named := a.SubProcessors[p.SubProcessor]
	switch {
	case !named:
		return breaks(ClauseSubProcessor, "one of those the agreement names", p.SubProcessor)
	case notice == "":
		return breaks(ClauseNotice, "a notice that names "+p.SubProcessor, "none")
	case !slices.Contains(a.Regions, p.Region):
		return breaks(ClauseRegion, "one of "+strings.Join(a.Regions, ", "), p.Region)
	case p.Trains && !a.Training:
		return breaks(ClauseTraining, "no training on what is sent", "training")
	}
	clocks := []struct {
		clause Clause
		limit  time.Duration
		have   Retention
	}{
		{ClauseUploads, a.Uploads, p.Uploads},
		{ClauseOutputs, a.Outputs, p.Outputs},
		{ClauseAbuseLog, a.AbuseLog, p.AbuseLog},
	}
	for _, c := range clocks {
		if !c.have.within(c.limit) {
			return breaks(c.clause, "at most "+span(c.limit), c.have.String())
		}
	}
	for _, r := range []Retention{p.Uploads, p.Outputs} {
		if !a.Declared && r.Max > 0 && (!r.Erasable || !eraser) {
			return breaks(ClauseDeletion, "a delete call", "none")
		}
	}
	return nil
}

// String is the retention in English.
func (r Retention) String() string {
	switch {
	case !r.Known:
		return "unknown"
	case r.Max == 0:
		return "not kept"
	}
	return span(r.Max)
}

// span is a time in English: in days where it is whole days, and else in whole
// hours where it is that.
func span(d time.Duration) string {
	unit, name := 24*time.Hour, "day"
	switch {
	case d > 0 && d%unit == 0:
	case d > 0 && d%time.Hour == 0:
		unit, name = time.Hour, "hour"
	default:
		return d.String()
	}
	if d == unit {
		return "1 " + name
	}
	return fmt.Sprintf("%d %ss", d/unit, name)
}

// checkAgreements refuses names that are missing or twofold.
func checkAgreements(list []Agreement) error {
	for i := range list {
		a := &list[i]
		if !word(a.Name, 64) {
			return fmt.Errorf("tryon: agreement %d: name %q is not 1 to 64 lower-case letters, digits, '.', '_' or '-'", i, a.Name)
		}
		for j := range i {
			if list[j].Name == a.Name {
				return fmt.Errorf("tryon: a second agreement named %q", a.Name)
			}
		}
		if min(a.Uploads, a.Outputs, a.AbuseLog) < 0 {
			return fmt.Errorf("tryon: agreement %s: negative retention", a.Name)
		}
	}
	return nil
}

// matrix holds a route against every agreement it serves, at New.
func (c *Client) matrix(r *route) error {
	for _, name := range r.agreements {
		if !slices.ContainsFunc(c.agreements, func(a Agreement) bool { return a.Name == name }) {
			return fmt.Errorf("no agreement named %q", name)
		}
	}
	if !r.profile.Remote() {
		return nil
	}
	for i := range c.agreements {
		a := &c.agreements[i]
		if r.serves(a) {
			if err := a.check(&r.profile, r.eraser != nil, c.now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// serves reports whether the route is meant for the agreement's tenants.
func (r *route) serves(a *Agreement) bool {
	return r.agreements == nil || slices.Contains(r.agreements, a.Name)
}

// allowed asks the agreements, right before something is sent, whether tenant's
// photo may take this route. Without agreements there is nothing to ask.
func (c *Client) allowed(r *route, tenant string) *Error {
	if !r.profile.Remote() {
		return nil
	}
	if m := r.model(); m != nil && !m.Shutdown.IsZero() && !c.now().Before(m.Shutdown) {
		return &Error{Code: ModelRetired, Reason: "shut-down"}
	}
	if len(c.agreements) == 0 {
		return nil
	}
	covered := false
	for i := range c.agreements {
		a := &c.agreements[i]
		if !a.covers(tenant) {
			continue
		}
		if !r.serves(a) {
			return &Error{Code: AgreementRefused, Reason: "route-of-others"}
		}
		covered = true
		if err := a.check(&r.profile, r.eraser != nil, c.now()); err != nil {
			return &Error{Code: AgreementRefused, Reason: Reason(err.Clause), Err: err}
		}
	}
	if !covered {
		return &Error{Code: AgreementRefused, Reason: "no-agreement"}
	}
	return nil
}
