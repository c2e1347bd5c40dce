package overlay

import "testing"

// The product that was not used for longest makes room.
func TestShelf(t *testing.T) {
	key := func(b byte) (k [32]byte) { k[0] = b; return k }
	s := newShelf(2)
	a, b, c := &product{}, &product{}, &product{}
	s.put(key(1), a)
	s.put(key(2), b)
	s.find(key(1))
	s.put(key(3), c)
	if s.find(key(1)) != a || s.find(key(2)) != nil || s.find(key(3)) != c {
		t.Error("the wrong product made room")
	}
	s.put(key(3), c)
	if len(s.order) != 2 || len(s.items) != 2 {
		t.Errorf("%d products in %d places", len(s.items), len(s.order))
	}
	none := newShelf(-1)
	none.put(key(1), a)
	if none.find(key(1)) != nil {
		t.Error("a shelf without places keeps a product")
	}
}
