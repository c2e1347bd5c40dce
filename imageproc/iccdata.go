package imageproc

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// What follows writes the data of single tags anew, ICC.1 §10: of each type the
// numbers, as many as it says, and zeros where it has reserved bytes. nil stands
// for data that breaks the rules of its type.

// iccElement dispatches by the type, the first four bytes of at least eight.
func iccElement(data []byte, made *arena) []byte {
	switch string(data[:4]) {
	case "XYZ ":
		return iccNumbers(data, 12, made)
	case "sf32":
		return iccNumbers(data, 36, made)
	case "cicp":
		return iccNumbers(data, 4, made)
	case "curv", "para":
		out, _ := iccCurve(data, made)
		return out
	case "mft1", "mft2":
		return iccTable(data)
	}
	return iccPipeline(data)
}

// iccNumbers keeps n bytes of numbers.
func iccNumbers(data []byte, n int, made *arena) []byte {
	if len(data) < 8+n {
		return nil
	}
	return made.join(data[:4], make([]byte, 4), data[8:8+n])
}

// iccCurve reads curv, §10.6, or para, §10.18, and says how many bytes it takes.
func iccCurve(data []byte, made *arena) (out []byte, used int) {
	if len(data) < 12 {
		return nil, 0
	}
	switch string(data[:4]) {
	case "curv":
		n := int64(binary.BigEndian.Uint32(data[8:]))
		if n > 1<<16 || 12+2*n > int64(len(data)) {
			return nil, 0
		}
		used = 12 + 2*int(n)
		return made.join(data[:4], make([]byte, 4), data[8:used]), used
	case "para":
		function := binary.BigEndian.Uint16(data[8:])
		if function > 4 {
			return nil, 0
		}
		if used = 12 + 4*[...]int{1, 3, 4, 5, 7}[function]; used > len(data) {
			return nil, 0
		}
		return made.join(data[:4], make([]byte, 4), data[8:10], make([]byte, 2), data[12:used]), used
	}
	return nil, 0
}

// iccTable reads mft1 and mft2, §10.10 and §10.11: channels in and out, grid
// points, a matrix, then the tables of input, grid and output.
func iccTable(data []byte) []byte {
	wide := data[3] == '2'
	head := 48
	if wide {
		head = 52
	}
	if len(data) < head {
		return nil
	}
	in, out, grid := int(data[8]), int(data[9]), int(data[10])
	entriesIn, entriesOut, width := 256, 256, 1
	if wide {
		entriesIn, entriesOut = int(binary.BigEndian.Uint16(data[48:])), int(binary.BigEndian.Uint16(data[50:]))
		width = 2
	}
	grids := make([]byte, in)
	for i := range grids {
		grids[i] = data[10]
	}
	points := iccGrid(grids)
	if points == 0 || out < 1 || out > 15 || grid < 1 || entriesIn < 2 || entriesOut < 2 || entriesIn > 4096 || entriesOut > 4096 {
		return nil
	}
	size := head + width*(in*entriesIn+points*out+out*entriesOut)
	if size > len(data) {
		return nil
	}
	clean := bytes.Clone(data[:size])
	clear(clean[4:8])
	clean[11] = 0
	return clean
}

// iccGrid is the number of points of a grid, 0 if that is none or too many.
func iccGrid(sides []byte) int {
	if len(sides) < 1 || len(sides) > 15 {
		return 0
	}
	points := 1
	for _, n := range sides {
		if points *= int(n); points > maxICC {
			return 0
		}
	}
	return points
}

// iccPipeline reads mAB and mBA, §10.12 and §10.13: up to five stages at offsets
// of their own, which are laid one behind the other.
func iccPipeline(data []byte) []byte {
	if len(data) < 32 || data[8] < 1 || data[8] > 15 || data[9] < 1 || data[9] > 15 {
		return nil
	}
	in, out := int(data[8]), int(data[9])
	inner, outer := out, in // channels of the B and M curves, and of the A curves
	if string(data[:4]) == "mBA " {
		inner, outer = in, out
	}
	clean := slices.Concat(data[:4], make([]byte, 4), data[8:10], make([]byte, 22))
	for i, read := range []func([]byte) []byte{
		func(b []byte) []byte { return iccCurves(b, inner) },
		func(b []byte) []byte { return iccPrefix(b, 48) },
		func(b []byte) []byte { return iccCurves(b, inner) },
		func(b []byte) []byte { return iccCLUT(b, in, out) },
		func(b []byte) []byte { return iccCurves(b, outer) },
	} {
		at := binary.BigEndian.Uint32(data[12+4*i:])
		if at == 0 {
			continue
		}
		if uint64(at) >= uint64(len(data)) {
			return nil
		}
		stage := read(data[at:])
		if stage == nil || len(clean) > maxICC {
			return nil
		}
		binary.BigEndian.PutUint32(clean[12+4*i:], uint32(len(clean)))
		clean = append(clean, stage...)
		clean = append(clean, make([]byte, -len(clean)&3)...)
	}
	return clean
}

func iccPrefix(b []byte, n int) []byte {
	if len(b) < n {
		return nil
	}
	return b[:n]
}

// iccCurves reads n curves, each of which begins at a multiple of four.
func iccCurves(b []byte, n int) []byte {
	var clean []byte
	for at := 0; n > 0; n-- {
		if at > len(b) {
			return nil
		}
		curve, used := iccCurve(b[at:], nil)
		if curve == nil {
			return nil
		}
		clean = append(clean, curve...)
		clean = append(clean, make([]byte, -len(clean)&3)...)
		at += (used + 3) &^ 3
	}
	return clean
}

// iccCLUT reads the grid of a pipeline: the points along each side, the bytes of
// a number, the numbers.
func iccCLUT(b []byte, in, out int) []byte {
	if len(b) < 20 || b[16] < 1 || b[16] > 2 {
		return nil
	}
	points := iccGrid(b[:in])
	size := 20 + points*out*int(b[16])
	if points == 0 || size > len(b) {
		return nil
	}
	clean := bytes.Clone(b[:size])
	clear(clean[in:16])
	clear(clean[17:20])
	return clean
}
