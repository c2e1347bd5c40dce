package merkle

// MostPages is how many pages a Prover keeps.
const MostPages = mostPages

// Kept is how many it has.
func (p *Prover) Kept() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.pages)
}
