package httpbackend

import "github.com/fitveil/fitveil/tryon"

// Codes are the codes of the protocol.
func Codes() map[tryon.Code]int { return codes }
