package tryon

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// Transfer is a request body that left the process, or may have: it is on
// record before its first byte is sent.
type Transfer struct {
	ID           string    `json:"id"`
	Job          string    `json:"job"`
	Tenant       string    `json:"tenant"`
	Purpose      string    `json:"purpose"` // "render" or "erase"
	Backend      string    `json:"backend"`
	SubProcessor string    `json:"sub_processor"`
	Region       string    `json:"region"`
	Host         string    `json:"host"`
	At           time.Time `json:"at"`
	Bytes        int64     `json:"bytes"`           // of the body
	SHA256       string    `json:"sha256"`          // of the body
	Photo        string    `json:"photo,omitempty"` // SHA-256 of the photo that the render is about
	Outcome      string    `json:"outcome"`
	Status       int       `json:"status,omitempty"`     // of the answer
	Generation   int64     `json:"generation,omitempty"` // of the person's records; each Erase begins another
}

// The outcomes of a Transfer.
const (
	TransferSending    = "sending"    // on its way; what came of it is not on record
	TransferAnswered   = "answered"   // the status says how
	TransferUnanswered = "unanswered" // it may have arrived
	TransferNotSent    = "not-sent"   // no connection: nothing left
)

// Job is work that a backend was given.
type Job struct {
	ID       string    `json:"id"`
	Tenant   string    `json:"tenant"`
	Order    string    `json:"order,omitempty"` // Request.Order
	Backend  string    `json:"backend"`
	Model    string    `json:"model,omitempty"`
	Task     string    `json:"task"`
	N        int       `json:"n"`
	Photo    string    `json:"photo"` // SHA-256 of the screened photo
	Created  time.Time `json:"created"`
	Deadline time.Time `json:"deadline"` // after it nobody waits any more
	State    JobState  `json:"state"`
	Outcome  string    `json:"outcome,omitempty"` // name of a Code once it is over
	Remote   string    `json:"remote,omitempty"`  // the backend's name for it
	Memo     string    `json:"memo,omitempty"`    // Handle.State

	Generation int64 `json:"generation,omitempty"` // of the person's records; each Erase begins another
}

// JobState says how far a job is.
type JobState string

// The states of a job.
const (
	JobSending  JobState = "sending"  // handed over, or about to be
	JobAccepted JobState = "accepted" // the backend has it, and Remote names it
	JobDone     JobState = "done"     // the picture came back
	JobFailed   JobState = "failed"   // it is known to have failed
	JobUnknown  JobState = "unknown"  // it may run there, and we have no name for it
)

// Deletion is something that is to be deleted at a sub-processor, and the
// receipt once it was.
type Deletion struct {
	ID           string        `json:"id"`
	Job          string        `json:"job"`
	Tenant       string        `json:"tenant"`
	Backend      string        `json:"backend"`
	SubProcessor string        `json:"sub_processor"`
	Kind         string        `json:"kind"`   // Leftover.Kind
	Remote       string        `json:"remote"` // Leftover.ID
	Made         time.Time     `json:"made"`
	Expires      time.Time     `json:"expires,omitzero"` // when it is gone by what the sub-processor declares
	State        DeletionState `json:"state"`
	Attempts     int           `json:"attempts,omitempty"`
	Last         string        `json:"last,omitempty"` // outcome of the last attempt
	Done         time.Time     `json:"done,omitzero"`
	Generation   int64         `json:"generation,omitempty"` // of the person's records; each Erase begins another
}

// DeletionState says how far a deletion is.
type DeletionState string

// The states of a deletion.
const (
	DeletionQueued      DeletionState = "queued"       // will be tried, or tried again
	DeletionErased      DeletionState = "erased"       // the sub-processor said that it is gone
	DeletionNotPossible DeletionState = "not-possible" // it has no call for it; Expires says what it declares
	DeletionExpired     DeletionState = "expired"      // the declared time is over
)

// newID is 32 random hexadecimal digits.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func record(kind Kind, id string, subject [32]byte, due time.Time, v any) Record {
	data, err := json.Marshal(v)
	if err != nil {
		panic("tryon: records are plain structs: " + err.Error())
	}
	return Record{Kind: kind, ID: id, Subject: subject, Due: due, Data: data}
}

func (r *Record) decode(v any) error {
	if err := json.Unmarshal(r.Data, v); err != nil {
		return fmt.Errorf("tryon: %s record: %w", r.Kind, err)
	}
	return nil
}

func storeError(err error) *Error {
	return &Error{Code: StoreFailed, Retry: true, Err: err}
}

// Holdings is what a client's store holds about one person.
type Holdings struct {
	Jobs      []Job      `json:"jobs"`
	Transfers []Transfer `json:"transfers"`
	Deletions []Deletion `json:"deletions"`
}

// Holdings lists what is on record about s: for the answer to a request for
// access. It holds hashes, times and names of sub-processors, no picture.
func (c *Client) Holdings(ctx context.Context, s consent.Subject) (*Holdings, error) {
	if s.IsZero() {
		return nil, badRequest("no-subject", "no subject")
	}
	h := &Holdings{Jobs: []Job{}, Transfers: []Transfer{}, Deletions: []Deletion{}}
	for _, name := range s.All() {
		if err := c.holdings(ctx, name.Pseudonym(), h); err != nil {
			return nil, storeError(err)
		}
	}
	return h, nil
}

// holdings appends what is filed under a pseudonym.
func (c *Client) holdings(ctx context.Context, subject [32]byte, h *Holdings) error {
	return errors.Join(
		find(ctx, c.store, Filter{Kind: KindJob, Subject: subject}, &h.Jobs),
		find(ctx, c.store, Filter{Kind: KindTransfer, Subject: subject}, &h.Transfers),
		find(ctx, c.store, Filter{Kind: KindErasure, Subject: subject}, &h.Deletions),
	)
}

// find appends the records that f selects to list.
func find[T any](ctx context.Context, s Store, f Filter, list *[]T) error {
	records, err := s.Find(ctx, f)
	if err != nil {
		return err
	}
	for i := range records {
		var v T
		if err := records[i].decode(&v); err != nil {
			return err
		}
		*list = append(*list, v)
	}
	return nil
}
