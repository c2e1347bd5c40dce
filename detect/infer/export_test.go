package infer

import "github.com/fitveil/fitveil/detect/infer/internal/kernel"

// WithReference returns options for the reference operators alone.
func WithReference(o Options) *Options {
	o.reference = true
	return &o
}

// WithKernels returns options for a given set of kernels.
func WithKernels(o Options, s *kernel.Set) *Options {
	o.kernels = s
	return &o
}
