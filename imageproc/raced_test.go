//go:build race

package imageproc_test

// raced: the race detector has pools forget things now and then, and counts are high.
const raced = true
