package infer_test

import (
	"errors"
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

// TestLoadWork loads small files with many nodes that each ask for much work on
// the same numbers: it is counted, and what a file of such a size does not justify
// is put off to the run, done without the fast engine, or refused.
func TestLoadWork(t *testing.T) {
	repeat := func(m model, count int, add func(i int) part) model {
		for i := range count {
			m.nodes = append(m.nodes, add(i))
		}
		m.outs = []part{value(fmt.Sprint("h", count), 1)}
		return m
	}
	next := func(op string, i int, more ...string) part {
		return node(op, append([]string{fmt.Sprint("h", i)}, more...), []string{fmt.Sprint("h", i+1)})
	}
	expand := func(out string, shape ...int64) model {
		return model{
			tensors: []part{constant("one", []int{1}, f32(0.5)), constant("s", []int{len(shape)}, i64(shape...))},
			nodes:   []part{node("Expand", []string{"one", "s"}, []string{out})},
		}
	}
	shared := expand("w", 64, 64, 3, 3)
	shared.inputs = []part{value("h0", 1, 1, 64, 32, 32)}
	boxes := expand("boxes", 1, 8000, 4)
	boxes.tensors = append(boxes.tensors, constant("s1", []int{3}, i64(1, 1, 8000)), constant("most", nil, i64(8000)), constant("overlap", nil, f32(1)))
	boxes.nodes = append(boxes.nodes, node("Expand", []string{"one", "s1"}, []string{"scores"}), node("Identity", []string{"one"}, []string{"h0"}))
	tests := []struct {
		name string
		m    model
		want error
	}{
		{"a large constant", repeat(expand("h0", 8<<20), 4, func(i int) part { return next("Softplus", i) }), nil},
		{"a large constant, turned", repeat(expand("h0", 1<<20, 4), 4, func(i int) part { return next("Transpose", i) }), nil},
		{"weights of many convolutions", repeat(shared, 400, func(i int) part {
			return node("Conv", []string{fmt.Sprint("h", i), "w"}, []string{fmt.Sprint("h", i+1)}, attr("pads", []int{1, 1, 1, 1}))
		}), nil},
		{"boxes that all stay", repeat(boxes, 10, func(i int) part {
			return node("NonMaxSuppression", []string{"boxes", "scores", "most", "overlap"}, []string{fmt.Sprint("h", i+1)})
		}), infer.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.m.encode()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := infer.Load(b, nil)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			// What is worked on was allocated here.
			if got := after.TotalAlloc - before.TotalAlloc; got > 100<<20 {
				t.Errorf("%d bytes allocated for a file of %d", got, len(b))
			}
		})
	}
}
