//go:build (!amd64 && !arm64) || noasm

package kernel

// assembled lists the sets in assembly that this CPU can run.
func assembled() []*Set { return nil }
