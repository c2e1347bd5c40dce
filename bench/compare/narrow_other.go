//go:build !linux || !amd64 || !cgo

package main

func hideAVX512() bool { return false }

func answerCopies() bool { return false }

func copyTold() int { return 0 }

func wide() bool { return false }
