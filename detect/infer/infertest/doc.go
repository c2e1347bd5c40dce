// Package infertest tests ONNX backends, as testing/fstest tests file systems.
//
//	func TestBackend(t *testing.T) {
//		infertest.Run(t, func(ctx context.Context, model []byte, in []tensor.Tensor) ([]tensor.Tensor, error) {
//			return mine.Run(ctx, model, in)
//		}, nil)
//	}
//
// It has node tests of every operator of package infer, in each form that the
// versions 7 to 21 of the standard give it, with the answers of ONNX Runtime
// 1.30; random graphs with every kind of convolution, whose answers are those of
// infer's reference interpreter; and samples of the values inside two real
// networks, for which one needs their files: [Network].
//
// # Limits
//
// Answers hold to some 5e-6 of the largest number of an output, as ONNX Runtime
// approximates functions. Of large outputs some elements are recorded. Where
// ONNX Runtime does not follow the standard's text, its answer is not used.
package infertest
