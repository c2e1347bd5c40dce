package overlay

import (
	"sync"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// productSide is the longest side at which a product is cut out, in pixels.
const productSide = 1024

// product is a product picture, cut out and read. It is not changed after it is
// made.
type product struct {
	cut   *cutout
	marks *landmarks
}

// newProduct cuts a product picture out and reads its outline.
func newProduct(picture *imageproc.Clean) (*product, error) {
	img, err := picture.Thumb(productSide)
	if err != nil {
		return nil, &tryon.Error{Code: tryon.BadProduct, Backend: Name, Reason: noPicture, Err: err}
	}
	c, refused := cut(nrgba(img))
	if refused != nil {
		return nil, refused
	}
	m, refused := read(c)
	if refused != nil {
		return nil, refused
	}
	c.clearOpening(m)
	return &product{c, m}, nil
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

// get is the product of a picture, cut out anew or from the shelf.
func (s *shelf) get(picture *imageproc.Clean) (*product, error) {
	key := picture.SHA256()
	if p := s.find(key); p != nil {
		return p, nil
	}
	// Two that come at once both do the work; that is rare and harms nobody.
	p, err := newProduct(picture)
	if err == nil {
		s.put(key, p)
	}
	return p, err
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
