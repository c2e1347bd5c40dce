//go:build amd64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// assembled lists the sets in assembly that this CPU can run.
func assembled() []*Set {
	var sets []*Set
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasFMA && x.HasAVX2 && x.HasF16C {
		sets = append(sets, &Set{
			Name: "avx512", Lanes: 16, Conv: convAVX512, Stem: stemAVX512,
			Depthwise: depthwiseAVX512, Depthwise3: depthwise3AVX512,
			Maximum: maximumAVX512, Resize: resizeAVX512,
			Winograd4: Winograd{4, 1, winogradIn4AVX512, winogradOut4AVX512, winogradWeights4AVX512},
			Winograd2: Winograd{2, 1, winogradIn2AVX512, winogradOut2AVX512, winogradWeights2AVX512},
			Strided:   Winograd{2, 2, stridedInAVX512, stridedOutAVX512, stridedWeightsAVX512},
			Add:       addAVX512, Multiply: multiplyAVX512, Affine: affineAVX512,
			Sigmoid: sigmoidAVX512, HardSwish: hardSwishAVX512, Transpose: transposeAVX512, TransposeHalves: transposeHalvesAVX512, Widen: widenAVX512,
		})
	}
	if x.HasAVX2 && x.HasFMA && x.HasF16C {
		sets = append(sets, &Set{
			Name: "avx2", Lanes: 8, Conv: convAVX2, Stem: stemAVX2,
			Depthwise: depthwiseAVX2, Depthwise3: depthwise3AVX2,
			Maximum: maximumAVX2, Resize: resizeAVX2,
			Winograd4: Winograd{4, 1, winogradIn4AVX2, winogradOut4AVX2, winogradWeights4AVX2},
			Winograd2: Winograd{2, 1, winogradIn2AVX2, winogradOut2AVX2, winogradWeights2AVX2},
			Strided:   Winograd{2, 2, stridedInAVX2, stridedOutAVX2, stridedWeightsAVX2},
			Add:       addAVX2, Multiply: multiplyAVX2, Affine: affineAVX2,
			Sigmoid: sigmoidAVX2, HardSwish: hardSwishAVX2, Transpose: transposeAVX2, TransposeHalves: transposeHalvesAVX2, Widen: widenAVX2,
		})
	}
	return sets
}
