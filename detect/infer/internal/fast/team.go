package fast

// team are the workers of a session.
type team struct{ session *Session }

func newTeam(s *Session) *team { return &team{s} }

func (t *team) start() {}
func (t *team) stop()  {}

func (t *team) run(i int, o op) {
	t.session.workers[0].do(i, o, 0, o.units())
}
