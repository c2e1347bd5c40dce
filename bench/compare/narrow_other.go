//go:build !linux || !amd64 || !cgo

package main

func hideAVX512() bool { return false }
