package tryon

import (
	"context"
	"net/http"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

// Backend draws. Implementations are safe for use by many goroutines.
type Backend interface {
	Describe() Profile                                      // static, no I/O
	Submit(ctx context.Context, in *Input) (*Handle, error) // a synchronous backend returns Handle.Done
	Poll(ctx context.Context, h *Handle) (*Output, error)   // ErrPending while it is not done
	Classify(err error) Fault
}

// Profile is what a backend says of itself.
type Profile struct {
	Name         string
	Tasks        []Task
	SubProcessor string   // legal name of who receives the photo; "" when it does not leave the process
	Region       string   // where it is processed, such as "EU"; "" when it does not leave
	Hosts        []string // hosts the gated client may reach; empty: none
	MaxSide      int      // longest side it wants, in pixels; 0: any
}

// Task is what is to be drawn.
type Task uint8

// The tasks. OnPerson needs one person in the photo, InRoom needs nobody.
const (
	OnPerson Task = iota
	InRoom
)

// Garment says what an item is worn as.
type Garment uint8

// The garments.
const (
	Top Garment = iota
	Bottom
	Dress
)

// Item is a product to draw.
type Item struct {
	ID      string
	Image   *imageproc.Clean // product picture
	Garment Garment
}

// Input is what a backend gets to work on, and all it gets.
type Input struct {
	Photo *detect.Screened
	Items []Item
	Task  Task
	N     int
	Seed  *int64
	HTTP  *http.Client // reaches Profile.Hosts only, and re-checks the permit for each request
}

// Handle names work in progress.
type Handle struct {
	ID   string
	Done *Output // set by a synchronous backend
}

// Output is what a backend drew. It is not trusted: the client sanitises and marks it.
type Output struct {
	Images   []Encoded
	Warnings []Warning
}

// Encoded is a picture as a file.
type Encoded struct{ Data []byte }

// Warning is a code and its English text.
type Warning struct{ Code, Text string }

// Code classifies a failure; the numbers are stable.
type Code uint8

// Fault is a backend's error, classified.
type Fault struct {
	Code  Code
	Retry bool
	After time.Duration
}

// NewBackend makes a synchronous Backend of a function.
func NewBackend(p Profile, render func(ctx context.Context, in *Input) (*Output, error)) Backend {
	return nil
}
