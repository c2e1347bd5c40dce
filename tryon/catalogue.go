package tryon

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
)

// Catalogue remembers which product pictures may be drawn on shoppers. A
// picture is looked at once, when it is imported, and known by its hash from
// then on. It is safe for use by many goroutines.
type Catalogue struct {
	store Store
	o     CatalogueOptions
	now   func() time.Time
}

// CatalogueOptions configures NewCatalogue; nil means defaults.
type CatalogueOptions struct {
	// Detector looks for people in product pictures. Without one every picture
	// that is not declared as worn has to be approved by hand.
	Detector detect.Detector
	// Intimate lets lingerie and swimwear be drawn on shoppers.
	Intimate bool
	Now      func() time.Time // default time.Now
}

// Category is what kind of product an entry is, as far as it matters here.
type Category uint8

// The categories.
const (
	Ordinary Category = iota
	Lingerie
	Swimwear
)

// Entry is a product picture to import.
type Entry struct {
	SKU      string
	Image    *imageproc.Clean
	Category Category
	// Worn declares that a model wears it in the picture.
	Worn bool
}

// Approval is what the catalogue holds about a picture.
type Approval struct {
	SKU    string    `json:"sku"`
	SHA256 string    `json:"sha256"`
	Worn   bool      `json:"worn,omitempty"` // declared when it was imported
	OK     bool      `json:"ok"`
	Reason Reason    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
	By     string    `json:"by,omitempty"`   // who decided by hand; "" for the check
	Note   string    `json:"note,omitempty"` // why
	Before []Verdict `json:"before,omitempty"`
}

// Verdict is an earlier state of an Approval.
type Verdict struct {
	OK     bool      `json:"ok"`
	Reason Reason    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
	By     string    `json:"by,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// NewCatalogue makes a catalogue that keeps its verdicts in s.
func NewCatalogue(s Store, o *CatalogueOptions) *Catalogue {
	c := &Catalogue{store: s, now: time.Now}
	if o != nil {
		c.o = *o
	}
	if c.o.Now != nil {
		c.now = c.o.Now
	}
	return c
}

// Import looks at each picture that it does not know yet and returns the
// verdicts in order. A picture that was decided by hand keeps that verdict.
func (c *Catalogue) Import(ctx context.Context, entries []Entry) ([]Approval, error) {
	list := make([]Approval, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		if e.Image.IsZero() {
			return list, fmt.Errorf("tryon: catalogue: entry %d: the picture was not sanitised", i)
		}
		a, known, err := c.find(ctx, hexOf(e.Image.SHA256()))
		if err != nil {
			return list, err
		}
		if !known {
			a = Approval{SKU: e.SKU, SHA256: hexOf(e.Image.SHA256()), Worn: e.Worn, At: c.now().UTC()}
			if a.Reason, err = c.check(ctx, e); err != nil {
				return list, fmt.Errorf("tryon: catalogue: entry %d: %w", i, err)
			}
			a.OK = a.Reason == ""
			if err := c.put(ctx, &a); err != nil {
				return list, err
			}
		}
		list = append(list, a)
	}
	return list, nil
}

// check says why a picture may not be drawn, "" when it may.
func (c *Catalogue) check(ctx context.Context, e *Entry) (Reason, error) {
	b := e.Image.Bounds()
	img, err := e.Image.Thumb(detect.ThumbSide)
	switch {
	case err != nil:
		return "not-decodable", nil
	case min(b.Dx(), b.Dy()) < 64:
		return "too-small", nil
	case e.Category > Swimwear:
		return "category", nil
	case e.Category != Ordinary && !c.o.Intimate:
		return "intimate", nil
	case blank(nrgba(img)):
		return "blank", nil
	case e.Worn:
		return "", nil
	case c.o.Detector == nil:
		return "not-looked-at", nil
	}
	scene, err := c.o.Detector.Detect(ctx, img)
	if err != nil {
		return "", err
	}
	if err := scene.Validate(); err != nil {
		return "", err
	}
	for i := range scene.People {
		// Detectors take many a hanging shirt for a person, but find no eyes in it.
		k := scene.People[i].Keypoints
		if len(k) != detect.NumKeypoints || min(k[detect.Nose].Score, max(k[detect.LeftEye].Score, k[detect.RightEye].Score)) >= felt {
			return "somebody-in-it", nil
		}
	}
	return "", nil
}

// blank reports whether nothing is in a picture.
func blank(img *image.NRGBA) bool {
	first := img.NRGBAAt(0, 0)
	for y := 0; y < img.Rect.Dy(); y += 2 {
		for x := 0; x < img.Rect.Dx(); x += 2 {
			p := img.NRGBAAt(x, y)
			if d := func(a, b uint8) bool { return max(a, b)-min(a, b) > 12 }; d(p.R, first.R) || d(p.G, first.G) || d(p.B, first.B) || d(p.A, first.A) {
				return false
			}
		}
	}
	return true
}

// Override decides about a picture by hand; by and note say who and why, and
// what was decided before stays on record.
func (c *Catalogue) Override(ctx context.Context, picture *imageproc.Clean, ok bool, by, note string) (Approval, error) {
	if picture.IsZero() || by == "" || note == "" || len(by) > 200 || len(note) > 2000 {
		return Approval{}, errors.New("tryon: catalogue: an override needs a picture, who decided and why")
	}
	a, known, err := c.find(ctx, hexOf(picture.SHA256()))
	if err != nil {
		return Approval{}, err
	}
	if known {
		a.Before = append(a.Before, Verdict{a.OK, a.Reason, a.At, a.By, a.Note})
	}
	a.SHA256, a.OK, a.Reason, a.At, a.By, a.Note = hexOf(picture.SHA256()), ok, "", c.now().UTC(), by, note
	if !ok {
		a.Reason = "by-hand"
	}
	return a, c.put(ctx, &a)
}

// Audit lists all verdicts, by hash.
func (c *Catalogue) Audit(ctx context.Context) ([]Approval, error) {
	list := []Approval{}
	if err := find(ctx, c.store, Filter{Kind: KindApproval}, &list); err != nil {
		return nil, fmt.Errorf("tryon: catalogue: %w", err)
	}
	return list, nil
}

func (c *Catalogue) find(ctx context.Context, sum string) (a Approval, known bool, err error) {
	r, err := c.store.Get(ctx, KindApproval, sum)
	switch {
	case errors.Is(err, ErrNoRecord):
		return a, false, nil
	case err != nil:
		return a, false, fmt.Errorf("tryon: catalogue: %w", err)
	}
	return a, true, r.decode(&a)
}

func (c *Catalogue) put(ctx context.Context, a *Approval) error {
	if err := c.store.Put(ctx, record(KindApproval, a.SHA256, [32]byte{}, time.Time{}, a)); err != nil {
		return fmt.Errorf("tryon: catalogue: %w", err)
	}
	return nil
}

// approved refuses items that the catalogue does not hold as approved, and takes
// over which of them it knows as worn.
func (c *Client) approved(ctx context.Context, items []Item) *Error {
	if c.catalogue == nil {
		return nil
	}
	for i := range items {
		a, known, err := c.catalogue.find(ctx, hexOf(items[i].Image.SHA256()))
		switch {
		case err != nil:
			return storeError(err)
		case !known:
			return &Error{Code: BadProduct, Reason: "not-in-catalogue"}
		case !a.OK:
			return &Error{Code: BadProduct, Reason: "not-approved"}
		}
		items[i].Worn = items[i].Worn || a.Worn
	}
	return nil
}
