package overlay

import (
	"context"
	"sync"

	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/internal/cutout"
)

// productSide is the longest side at which a product is cut out, in pixels.
const productSide = 1024

// product is a product picture, cut out and read. It is not changed after it is
// made.
type product struct {
	cut   *cutout.Cutout
	marks *landmarks
}

// newProduct cuts a product picture out and reads its outline. people may be nil.
func newProduct(ctx context.Context, picture *imageproc.Clean, people detect.Detector) (*product, error) {
	img, err := picture.Thumb(productSide)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.BadProduct, Backend: Name, Reason: noPicture, Err: err}
	}
	if people != nil {
		scene, err := people.Detect(ctx, img)
		if err != nil {
			return nil, &tryon.Error{Code: tryon.Internal, Backend: Name, Reason: "detector", Err: err}
		}
		if hasFace(scene) {
			return nil, badProduct(ProductPerson)
		}
	}
	c, err := cutout.Cut(cutout.NRGBA(img))
	if err != nil {
		return nil, badProduct(uncut(err))
	}
	m, refused := read(c)
	if refused != nil {
		return nil, refused
	}
	clearOpening(c, m)
	return &product{c, m}, nil
}

// uncut is the reason for which a product could not be cut out.
func uncut(err error) tryon.Reason {
	switch err {
	case cutout.ErrBackground:
		return NoCutOut
	case cutout.ErrParts:
		return ProductParts
	case cutout.ErrEdge:
		return ProductCut
	}
	return ProductSize
}

// hasFace reports whether a scene shows somebody's face. Detectors take many a
// hanging shirt for a person, but find no eyes in it.
func hasFace(s *detect.Scene) bool {
	if s == nil {
		return false
	}
	for i := range s.People {
		k := s.People[i].Keypoints
		if len(k) == detect.NumKeypoints && min(k[detect.Nose].Score, k[detect.LeftEye].Score, k[detect.RightEye].Score) >= .4 {
			return true
		}
	}
	return false
}

// product is the product of a picture, cut out anew or from the shelf.
func (b *Backend) product(ctx context.Context, picture *imageproc.Clean) (*product, error) {
	key := picture.SHA256()
	if p := b.products.find(key); p != nil {
		return p, nil
	}
	// Two that come at once both do the work; that is rare and harms nobody.
	p, err := newProduct(ctx, picture, b.people)
	if err == nil {
		b.products.put(key, p)
	}
	return p, err
}

// shelf keeps the products that were used last, by the hash of their pictures.
type shelf struct {
	mu    sync.Mutex
	limit int
	items map[[32]byte]*product
	order [][32]byte // least recently used first
}

func newShelf(limit int) *shelf {
	if limit == 0 {
		limit = 16
	}
	return &shelf{limit: max(limit, 0), items: map[[32]byte]*product{}}
}

func (s *shelf) find(key [32]byte) *product {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.items[key]
	if p != nil {
		s.touch(key)
	}
	return p
}

func (s *shelf) put(key [32]byte, p *product) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit == 0 {
		return
	}
	s.items[key] = p
	s.touch(key)
	for len(s.order) > s.limit {
		delete(s.items, s.order[0])
		s.order = s.order[1:]
	}
}

// touch moves key to the end of the order.
func (s *shelf) touch(key [32]byte) {
	for i, k := range s.order {
		if k == key {
			s.order = append(s.order[:i], s.order[i+1:]...)
			break
		}
	}
	s.order = append(s.order, key)
}
