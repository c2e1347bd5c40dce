package tryon

import (
	"errors"
	"fmt"
)

// Code classifies a failure. The numbers are stable: they may be stored.
type Code uint8

// The codes.
const (
	Unknown          Code = 0  // not classified
	BadRequest       Code = 1  // the request is incomplete or out of range
	NoConsent        Code = 2  // no permit, or the person does not agree (any more)
	NotScreened      Code = 3  // the photo carries no proof of screening
	PolicyRefused    Code = 4  // the photo's scene does not suit the task
	BadPhoto         Code = 5  // the backend can't do this photo well
	BadProduct       Code = 6  // the backend can't use this product picture
	BlockedInput     Code = 7  // moderation refused what was sent
	BlockedOutput    Code = 8  // moderation withheld what was drawn
	BlockedPrompt    Code = 9  // moderation refused the instructions
	BlockedCopyright Code = 10 // refused as too close to a protected work
	NoImage          Code = 11 // the backend answered without a picture
	BadOutput        Code = 12 // the backend's picture is not one, or too large
	Unsupported      Code = 13 // the backend does not do this task, garment or option
	Unauthenticated  Code = 14 // the backend does not know the shop's key
	Forbidden        Code = 15 // the key is known and may not do this
	RateLimited      Code = 16 // too many requests in a short time
	QuotaExhausted   Code = 17 // credits or budget are used up
	ModelRetired     Code = 18 // the configured model exists no more
	Unavailable      Code = 19 // the backend is down or unreachable
	Timeout          Code = 20 // no result in time
	Canceled         Code = 21 // the caller gave up
	AcceptedUnknown  Code = 22 // accepted, and what became of it is not known
	HostRefused      Code = 23 // the backend wanted to reach a host it did not declare
	Internal         Code = 24 // the backend failed in a way of its own
	AgreementRefused Code = 25 // an agreement does not allow this route
	OverQuota        Code = 26 // the tenant's or the route's own quota is used up
	Undressed        Code = 27 // more bare skin came back than was sent
	Drifted          Code = 28 // the picture that came back is not of this person or pose
	StoreFailed      Code = 29 // the record could not be written, so nothing was sent
	NoJob            Code = 30 // no such job, or no longer
)

var codeNames = [...]string{
	Unknown: "unknown", BadRequest: "bad-request", NoConsent: "no-consent", NotScreened: "not-screened",
	PolicyRefused: "policy-refused", BadPhoto: "bad-photo", BadProduct: "bad-product",
	BlockedInput: "blocked-input", BlockedOutput: "blocked-output", BlockedPrompt: "blocked-prompt",
	BlockedCopyright: "blocked-copyright", NoImage: "no-image", BadOutput: "bad-output",
	Unsupported: "unsupported", Unauthenticated: "unauthenticated", Forbidden: "forbidden",
	RateLimited: "rate-limited", QuotaExhausted: "quota-exhausted", ModelRetired: "model-retired",
	Unavailable: "unavailable", Timeout: "timeout", Canceled: "canceled",
	AcceptedUnknown: "accepted-unknown", HostRefused: "host-refused", Internal: "internal",
	AgreementRefused: "agreement-refused", OverQuota: "over-quota", Undressed: "undressed", Drifted: "drifted",
	StoreFailed: "store-failed", NoJob: "no-job",
}

var codeTexts = [...]string{
	Unknown: "failed", BadRequest: "bad request", NoConsent: "no consent", NotScreened: "photo was not screened",
	PolicyRefused: "photo does not suit the task", BadPhoto: "photo refused", BadProduct: "product picture refused",
	BlockedInput: "blocked by moderation (input)", BlockedOutput: "blocked by moderation (output)",
	BlockedPrompt: "blocked by moderation (prompt)", BlockedCopyright: "blocked by moderation (copyright)",
	NoImage: "answered without a picture", BadOutput: "picture not usable", Unsupported: "not supported",
	Unauthenticated: "not authenticated", Forbidden: "forbidden", RateLimited: "rate limited",
	QuotaExhausted: "quota exhausted", ModelRetired: "model retired", Unavailable: "unavailable",
	Timeout: "no result in time", Canceled: "canceled", AcceptedUnknown: "accepted, outcome unknown",
	HostRefused: "undeclared host refused", Internal: "internal error",
	AgreementRefused: "not allowed by agreement", OverQuota: "over the shop's own quota",
	Undressed: "more bare skin came back than was sent", Drifted: "the person changed outside of what was to be edited",
	StoreFailed: "could not be recorded", NoJob: "no such job",
}

// String is the code's stable name.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return fmt.Sprintf("code(%d)", uint8(c))
}

// Text is the code in English.
func (c Code) Text() string {
	if int(c) < len(codeTexts) {
		return codeTexts[c]
	}
	return c.String()
}

// The sentinels a caller branches on. An *Error matches the one of its code.
var (
	// ErrNoConsent: no permit, a permit of someone else, or consent is gone.
	ErrNoConsent = errors.New("tryon: no consent")
	// ErrNotScreened: the photo is not a proof of screening.
	ErrNotScreened = errors.New("tryon: photo was not screened")
	// ErrPolicy: the photo's scene does not suit the task. The error also
	// matches detect's sentinel, such as detect.ErrCrowd.
	ErrPolicy = errors.New("tryon: photo does not suit the task")
	// ErrRefused: a backend can't do this photo or product well; Error.Reason says why.
	ErrRefused = errors.New("tryon: refused by the backend")
	// ErrBlocked: a backend's moderation said no. No other route was asked.
	ErrBlocked = errors.New("tryon: blocked by moderation")
	// ErrOutput: what came back is no usable picture.
	ErrOutput = errors.New("tryon: no usable picture came back")
	// ErrHost: a backend tried to reach what it did not declare.
	ErrHost = errors.New("tryon: host not declared by the backend")
	// ErrAgreement: an agreement does not allow it; the error holds an *AgreementError.
	ErrAgreement = errors.New("tryon: not allowed by agreement")
	// ErrQuota: the shop's own quota or concurrency for a tenant or route is used up.
	ErrQuota = errors.New("tryon: over quota")
	// ErrJob: no such job, or its result has been handed out.
	ErrJob = errors.New("tryon: no such job")
	// ErrPending is what Poll returns while the work goes on.
	ErrPending = errors.New("tryon: pending")
)

// sentinel is the error that errors.Is matches for a code; nil for codes that
// have none of their own.
func (c Code) sentinel() error {
	switch c {
	case NoConsent:
		return ErrNoConsent
	case NotScreened:
		return ErrNotScreened
	case PolicyRefused:
		return ErrPolicy
	case BadPhoto, BadProduct:
		return ErrRefused
	case BlockedInput, BlockedOutput, BlockedPrompt, BlockedCopyright:
		return ErrBlocked
	case NoImage, BadOutput, Undressed, Drifted:
		return ErrOutput
	case HostRefused:
		return ErrHost
	case AgreementRefused:
		return ErrAgreement
	case OverQuota:
		return ErrQuota
	case NoJob:
		return ErrJob
	}
	return nil
}

// blocked reports whether moderation said no. Such a request is not taken to
// the next provider: that would be shopping for a laxer one.
func (c Code) blocked() bool { return c.sentinel() == ErrBlocked }

// fallsBack reports whether the next route is asked after a fault of this code
// when the backend leaves the scope to the code.
func (c Code) fallsBack() bool {
	switch c {
	case BadRequest, NoConsent, NotScreened, PolicyRefused, BadPhoto, BadProduct, Canceled, AcceptedUnknown, StoreFailed, NoJob:
		return false
	}
	return !c.blocked()
}
