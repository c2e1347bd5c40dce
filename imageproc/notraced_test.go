//go:build !race

package imageproc_test

const raced = false
