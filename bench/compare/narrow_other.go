//go:build !linux || !amd64 || !cgo

package main

func hideAVX512() bool { return false }

func answerCopies() bool { return false }

func copyAsked() bool { return false }
