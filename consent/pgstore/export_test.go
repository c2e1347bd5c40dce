package pgstore

// Mute has the store send no more notifications, as if all were lost.
func (s *Store) Mute() { s.muted.Store(true) }
