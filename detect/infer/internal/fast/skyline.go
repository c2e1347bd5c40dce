package fast

// skyline is how high memory is occupied at every step of a program. It is a
// tree over the steps: what a place costs grows with the logarithm of their
// number, so that a file of many nodes is planned in little time.
type skyline struct {
	steps int
	whole []int // by node: height that all steps below it have at least
	most  []int // by node: height of the highest step below it
	work  int   // nodes and places looked at
}

// grow makes room for so many steps.
func (s *skyline) grow(steps int) {
	s.steps = 1
	for s.steps < steps {
		s.steps *= 2
	}
	s.whole, s.most = make([]int, 2*s.steps), make([]int, 2*s.steps)
}

func (s *skyline) highest() int { return s.most[1] }

// top is the greatest height from begin to end, among the steps lo to hi below
// a node.
func (s *skyline) top(node, lo, hi, begin, end int) int {
	s.work++
	switch mid := (lo + hi) / 2; {
	case end < lo || hi < begin:
		return 0
	case begin <= lo && hi <= end:
		return s.most[node]
	default:
		return max(s.whole[node], s.top(2*node, lo, mid, begin, end), s.top(2*node+1, mid+1, hi, begin, end))
	}
}

// raise makes the steps from begin to end at least so high.
func (s *skyline) raise(node, lo, hi, begin, end, height int) {
	s.work++
	if end < lo || hi < begin {
		return
	}
	s.most[node] = max(s.most[node], height)
	if begin <= lo && hi <= end {
		s.whole[node] = max(s.whole[node], height)
		return
	}
	mid := (lo + hi) / 2
	s.raise(2*node, lo, mid, begin, end, height)
	s.raise(2*node+1, mid+1, hi, begin, end, height)
}
