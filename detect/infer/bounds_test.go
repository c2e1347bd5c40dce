package infer_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/fitveil/fitveil/detect/infer"
)

// TestLoadBounded loads small files, each of which has many nodes that the fast
// engine makes tables for: what it may allocate is bounded by Options.MaxBytes,
// and by it what it computes. Every one of them runs.
func TestLoadBounded(t *testing.T) {
	const limit, count = 16 << 20, 100
	each := func(m model, add func(i int) []part) model { // nodes that leave y0, y1, ... of rank 4
		var made []string
		for i := range count {
			m.nodes = append(m.nodes, add(i)...)
			made = append(made, fmt.Sprint("y", i))
		}
		m.nodes = append(m.nodes, node("Concat", made, []string{"y"}, attr("axis", 0)))
		m.outs = []part{value("y", 1)}
		return m
	}
	smallest := func(i int, n part) []part {
		return []part{n, node("ReduceMin", []string{fmt.Sprint("h", i)}, []string{fmt.Sprint("y", i)})}
	}
	chain := func(channels, side int) model { // of 3×3 convolutions with the same weights
		m := model{
			inputs:  []part{value("h0", 1, 1, channels, side, side)},
			tensors: []part{constant("one", []int{1, 1, 1, 1}, f32(0.01)), constant("s", []int{4}, i64(int64(channels), int64(channels), 3, 3))},
			nodes:   []part{node("Expand", []string{"one", "s"}, []string{"w"})},
			outs:    []part{value("last", 1)},
		}
		for i := range count {
			m.nodes = append(m.nodes, node("Conv", []string{fmt.Sprint("h", i), "w"}, []string{fmt.Sprint("h", i+1)}, attr("pads", []int{1, 1, 1, 1})))
		}
		m.nodes = append(m.nodes, node("Identity", []string{fmt.Sprint("h", count)}, []string{"last"}))
		return m
	}
	tests := []struct {
		name string
		m    model
	}{
		{"convolutions by tiles", chain(64, 24)},
		{"products of matrices", each(model{
			inputs:  []part{value("x", 1, 1, 1, 2, 512)},
			tensors: []part{constant("one", []int{1, 1}, f32(1)), constant("s", []int{2}, i64(512, 512))},
			nodes:   []part{node("Expand", []string{"one", "s"}, []string{"w"})},
		}, func(i int) []part {
			return smallest(i, node("MatMul", []string{"x", "w"}, []string{fmt.Sprint("h", i)}))
		})},
		{"pools with wide borders", each(model{inputs: []part{value("x", 1, 1, 1, 64, 64)}}, func(i int) []part {
			return smallest(i, node("MaxPool", []string{"x"}, []string{fmt.Sprint("h", i)}, attr("kernel_shape", []int{64, 64}), attr("pads", []int{63, 63, 63, 63})))
		})},
		{"activations of many channels", each(model{inputs: []part{value("x", 1, 1, 1<<18, 1, 1)}}, func(i int) []part {
			return smallest(i, node("Relu", []string{"x"}, []string{fmt.Sprint("h", i)}))
		})},
		{"products of many channels", each(model{inputs: []part{value("x", 1, 1, 1<<18, 1, 1)}, tensors: []part{constant("k", []int{1}, f32(2))}}, func(i int) []part {
			return smallest(i, node("Mul", []string{"x", "k"}, []string{fmt.Sprint("h", i)}))
		})},
		{"convolutions to many channels", each(model{
			inputs:  []part{value("x", 1, 1, 1, 1, 1)},
			tensors: []part{constant("one", []int{1, 1, 1, 1}, f32(1)), constant("s", []int{4}, i64(1<<18, 1, 1, 1))},
			nodes:   []part{node("Expand", []string{"one", "s"}, []string{"w"})},
		}, func(i int) []part {
			return smallest(i, node("Conv", []string{"x", "w"}, []string{fmt.Sprint("h", i)}))
		})},
		{"convolutions of long rows", each(model{
			inputs:  []part{value("x", 1, 1, 1, 1, 1<<16)},
			tensors: []part{constant("w", []int{1, 1, 1, 1}, f32(1))},
		}, func(i int) []part {
			return smallest(i, node("Conv", []string{"x", "w"}, []string{fmt.Sprint("h", i)}))
		})},
	}
	for _, tt := range tests {
		for _, threads := range []int{1, 64} {
			t.Run(fmt.Sprint(tt.name, " ", threads), func(t *testing.T) {
				b := tt.m.encode()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				p, err := infer.Load(b, &infer.Options{MaxBytes: limit, Threads: threads})
				runtime.ReadMemStats(&after)
				if err != nil {
					t.Fatal(err)
				}
				if got := after.TotalAlloc - before.TotalAlloc; got > 4*limit {
					t.Errorf("%d bytes allocated for a file of %d, with %d allowed", got, len(b), limit)
				}
				runFor(t, p, 50*time.Millisecond)
			})
		}
	}
}
