package shop

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/imageproc"
)

// keepFor is what the notice promises; hold bounds the memory.
const (
	keepFor = 10 * time.Minute
	hold    = 200 // pictures; the oldest goes first
)

// pictures holds results in memory, each for its shopper alone. Safe for use by
// many goroutines.
type pictures struct {
	mu    sync.Mutex
	held  map[string]held
	order []string // oldest first; names that are gone may still be in it
}

type held struct {
	shopper consent.Subject
	picture *imageproc.Clean
	timer   *time.Timer
}

func newPictures() *pictures { return &pictures{held: map[string]held{}} }

func (p *pictures) put(shopper consent.Subject, c *imageproc.Clean) (name string) {
	name = rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[name] = held{shopper, c, time.AfterFunc(keepFor, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.remove(name)
	})}
	p.order = append(p.order, name)
	for len(p.order) > hold {
		p.remove(p.order[0])
		p.order = p.order[1:]
	}
	return name
}

// get returns nil where there is no such picture of this shopper.
func (p *pictures) get(shopper consent.Subject, name string) *imageproc.Clean {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.held[name]; h.shopper.Equal(shopper) {
		return h.picture
	}
	return nil
}

// drop removes what a shopper has and returns how many pictures that were.
func (p *pictures) drop(shopper consent.Subject) (count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, h := range p.held {
		if h.shopper.Equal(shopper) {
			p.remove(name)
			count++
		}
	}
	return count
}

func (p *pictures) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.held {
		p.remove(name)
	}
	p.order = nil
}

// remove is called with mu held.
func (p *pictures) remove(name string) {
	if h, ok := p.held[name]; ok {
		h.timer.Stop()
		delete(p.held, name)
	}
}
