package tryon

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

// Backend draws. Implementations are safe for use by many goroutines, return
// soon after their context ends, and do all their traffic through Input.HTTP.
type Backend interface {
	// Describe says what the backend is. It is static and does no I/O; New
	// calls it once.
	Describe() Profile
	// Submit hands the work over. A synchronous backend returns Handle.Done;
	// the others return Handle.ID as soon as the work is accepted.
	Submit(ctx context.Context, in *Input) (*Handle, error)
	// Poll asks for the result of accepted work. While there is none it
	// returns Pending, and errors.Is(err, ErrPending) holds.
	Poll(ctx context.Context, h *Handle) (*Output, error)
	// Classify says what an error of Submit or Poll means.
	Classify(err error) Fault
}

// Profile is what a backend says of itself.
type Profile struct {
	Name     string    // lower-case letters, digits, '.', '_', '-'; at most 64 bytes; unique in a client
	Tasks    []Task    // what it can draw; never empty
	Garments []Garment // what it can draw on a person; empty: any
	MaxItems int       // items in one picture; default 1

	// The three of a remote backend: all of them, or none when the photo does
	// not leave the process.
	SubProcessor string   // legal name of who receives the photo; the recipient consent must name
	Region       string   // where it is processed, such as "EU"
	Hosts        []string // host or host:port that the gated client may reach over https

	MaxSide int // longest side it wants, in pixels; 0: any

	// ResultHosts are where pictures may be fetched from besides Hosts: a host,
	// or ".example.com" for all hosts below a domain. They get GET requests
	// without body and credentials, and only at public addresses.
	ResultHosts []string
	// Private says that Hosts are the shop's own and may resolve to addresses
	// that are not public. A host given as an address is taken as it is.
	Private bool

	Model  string  // the configured model; "" where there is no choice
	Models []Model // what is known of the models' lives

	// What stays with the sub-processor, and how long: what was uploaded, what
	// was drawn, and its log for finding abuse. The zero Retention is unknown,
	// and counts as for ever.
	Uploads, Outputs, AbuseLog Retention
	// Trains says that what is sent may be used to train models.
	Trains bool
	// NonCommercial says that the model's licence forbids a shop to use it.
	NonCommercial bool

	// Source is what its pictures are, written into each of them. The default,
	// imageproc.CompositeWithTrainedAlgorithmicMedia, says that AI edited a photo.
	Source imageproc.SourceType
}

// Remote reports whether the photo leaves the process.
func (p *Profile) Remote() bool {
	return p.SubProcessor != "" || p.Region != "" || len(p.Hosts) > 0
}

// Task is what is to be drawn.
type Task uint8

// The tasks. OnPerson needs one person in the photo, InRoom needs nobody.
const (
	OnPerson Task = iota
	InRoom
)

// String is the task's name.
func (t Task) String() string {
	switch t {
	case OnPerson:
		return "on-person"
	case InRoom:
		return "in-room"
	}
	return fmt.Sprintf("task(%d)", uint8(t))
}

// Garment says what an item is worn as.
type Garment uint8

// The garments.
const (
	Top Garment = iota
	Bottom
	Dress
)

// String is the garment's name.
func (g Garment) String() string {
	switch g {
	case Top:
		return "top"
	case Bottom:
		return "bottom"
	case Dress:
		return "dress"
	}
	return fmt.Sprintf("garment(%d)", uint8(g))
}

// Item is a product to draw.
type Item struct {
	ID      string           // the shop's own name for it; never sent
	Image   *imageproc.Clean // product picture
	Garment Garment          // OnPerson only
	// Worn declares that a model wears it in the picture: skin in the picture is
	// the model's then, and never the colour of the product. A catalogue that
	// knows declares it, too.
	Worn bool
}

// Input is what a backend gets to work on, and all it gets. It is the
// backend's own copy.
type Input struct {
	Photo *detect.Screened
	Items []Item
	Task  Task
	N     int // pictures wanted, at least 1
	Seed  *int64
	// Region is where the picture may change, in pixels of Photo; the zero
	// Region leaves it to the backend.
	Region EditRegion
	// Job is a random name for this work, 32 hexadecimal digits that say
	// nothing. Drivers use it where a name is asked for; "" for local backends.
	Job string
	// Callback is an address to be called when the work is done; "" for none.
	Callback string
	// Leave records that something will be left behind at the sub-processor.
	// Drivers call it before they make it, so that it is erased even if the
	// process dies in between. It is nil for local backends.
	Leave func(ctx context.Context, l Leftover) error
	// HTTP reaches Profile.Hosts over https and nothing else, asks for consent
	// again before each request, and stops when the call it was made for ends.
	// A local backend's client reaches nothing.
	HTTP *http.Client
}

// Handle names work in progress. ID, State and Left are stored; they hold no
// keys.
type Handle struct {
	ID    string     // the backend's name for accepted work, at most 512 bytes
	State string     // what else Poll needs to know, at most 4 KiB
	Left  []Leftover // what is left behind there once the work is accepted
	Done  *Output    // set by a synchronous backend

	// HTTP is set by the client before it polls; it does what Input.HTTP does.
	HTTP *http.Client
}

// Output is what a backend drew. It is not trusted: the client sanitises and
// marks it, and keeps of Warnings and Marks what is well-formed.
type Output struct {
	Images   []Encoded
	Marks    []Mark // marks the backend says it put into the pixels or the file
	Warnings []Warning
}

// Encoded is a picture as a file: JPEG, PNG or WebP.
type Encoded struct{ Data []byte }

// Warning is a code and its English text.
type Warning struct {
	Code string `json:"code"` // lower-case words joined by '-'
	Text string `json:"text,omitempty"`
}

// Mark is a sign in a picture that says how it was made.
type Mark struct {
	Kind  string `json:"kind"`  // MarkSourceType, or a kind the backend declares, such as "synthid"
	Value string `json:"value"` // for MarkSourceType the term's address
	By    string `json:"by"`    // "fitveil" for marks the client wrote, else the backend that declares it
}

// The kinds of marks that the client writes or records itself.
const (
	MarkSourceType = "iptc-digital-source-type" // IPTC's DigitalSourceType in XMP
	MarkLabel      = "visible-label"            // letters in a corner
	// MarkRemoved records a mark that the backend's file carried, by the name of
	// its carrier. It went with the other metadata: it no longer held for the
	// file, and the client's own mark says the same.
	MarkRemoved = "provenance-removed"
)

// Fault is a backend's error, classified.
type Fault struct {
	Code   Code
	Reason Reason        // bounded word, such as "turned-away"; "" for none
	Retry  bool          // the same call may succeed later
	After  time.Duration // how long to wait before that; 0: unknown
	Scope  Scope
}

// Scope says how far a fault reaches.
type Scope uint8

const (
	// ScopeDefault leaves it to the code.
	ScopeDefault Scope = iota
	// ScopeRoute: another route may do what this one could not.
	ScopeRoute
	// ScopeRequest: the request itself is at fault; no other route is asked.
	ScopeRequest
)
